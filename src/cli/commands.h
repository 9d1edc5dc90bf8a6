/*
 * commands.h - the commands of ssoctl, each defined in the cmd_ file of its noun.
 *
 * Owns:  their names.
 * Layer: cli.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CLI_COMMANDS_H
#define SSO_CLI_COMMANDS_H

#include "cli/cli.h"

extern const sso_command_t sso_cmd_show;
extern const sso_command_t sso_cmd_check;
extern const sso_command_t sso_cmd_metadata;
extern const sso_command_t sso_cmd_flow_make;
extern const sso_command_t sso_cmd_flow_open;
extern const sso_command_t sso_cmd_secret_new;
extern const sso_command_t sso_cmd_assertion_rotate;
extern const sso_command_t sso_cmd_accounts_list;
extern const sso_command_t sso_cmd_accounts_show;
extern const sso_command_t sso_cmd_accounts_ban;
extern const sso_command_t sso_cmd_accounts_pardon;
extern const sso_command_t sso_cmd_accounts_role;
extern const sso_command_t sso_cmd_accounts_rename;
extern const sso_command_t sso_cmd_accounts_claim;
extern const sso_command_t sso_cmd_accounts_export;
extern const sso_command_t sso_cmd_credential_set;
extern const sso_command_t sso_cmd_credential_remove;
extern const sso_command_t sso_cmd_credential_list;
extern const sso_command_t sso_cmd_sessions_list;
extern const sso_command_t sso_cmd_sessions_end;
extern const sso_command_t sso_cmd_sync;
extern const sso_command_t sso_cmd_token_make;
extern const sso_command_t sso_cmd_token_verify;
extern const sso_command_t sso_cmd_token_explain;
extern const sso_command_t sso_cmd_directives;
extern const sso_command_t sso_cmd_faults;

#endif /* SSO_CLI_COMMANDS_H */
