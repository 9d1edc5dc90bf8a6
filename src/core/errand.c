/*
 * errand.c - when to try again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/errand.h"

apr_interval_time_t sso_errand_pause(int tries)
{
    return apr_time_from_sec(tries < 2 ? 10 : 60);
}
