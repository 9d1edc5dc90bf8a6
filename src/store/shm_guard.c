/*
 * shm_guard.c - robust mutexes between processes. Never with priority inheritance: it makes every
 * contended lock a system call (50 ns become 6 us).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_guard.h"

#include <errno.h>

apr_status_t sso_shm_guard_make(sso_ctx_t *cx, sso_shm_guard_t *guard)
{
    pthread_mutexattr_t how;
    int e;

    if ((e = pthread_mutexattr_init(&how)) == 0) {
        if ((e = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED)) == 0
            && (e = pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST)) == 0) {
            e = pthread_mutex_init(&guard->mutex, &how);
        }
        pthread_mutexattr_destroy(&how);
    }
    if (e) return sso_fail(cx, SSO_F_INTERNAL, "no robust mutex in shared memory: error %d", e);
    return APR_SUCCESS;
}

/* The result of a lock or trylock: do we hold it now? */
static int is_ours(sso_shm_guard_t *guard, int result)
{
    return result == 0 || (result == EOWNERDEAD && pthread_mutex_consistent(&guard->mutex) == 0);
}

apr_status_t sso_shm_guard_lock(sso_ctx_t *cx, sso_shm_guard_t *guard, int *torn)
{
    int e = pthread_mutex_lock(&guard->mutex);

    if (!is_ours(guard, e)) {
        return sso_fail(cx, SSO_F_INTERNAL, "a lock in shared memory is broken: error %d", e);
    }
    *torn = sso_a32_get(&guard->busy) != 0;
    return APR_SUCCESS;
}

int sso_shm_guard_try(sso_shm_guard_t *guard)
{
    if (!is_ours(guard, pthread_mutex_trylock(&guard->mutex))) return 0;
    if (sso_a32_get(&guard->busy) == 0) return 1;
    pthread_mutex_unlock(&guard->mutex); /* left to the next writer: busy stays set */
    return 0;
}

void sso_shm_guard_leave(sso_shm_guard_t *guard)
{
    pthread_mutex_unlock(&guard->mutex);
}

void sso_shm_guard_change(sso_shm_guard_t *guard)
{
    sso_a32_set(&guard->busy, 1);
    atomic_thread_fence(memory_order_seq_cst);
}

void sso_shm_guard_unlock(sso_shm_guard_t *guard)
{
    atomic_thread_fence(memory_order_release);
    sso_a32_set(&guard->busy, 0);
    pthread_mutex_unlock(&guard->mutex);
}
