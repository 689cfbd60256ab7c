/*
 * schematext.h: the grammar of a message's canonical schema text. For payload.c only, which has the types and the public door.
 *
 *   message := ("tell" | "ask") SP protocol "." name SP record [SP "->" SP name SP record]      the reply: asks, and only they
 *   record  := "{" [field {", " field}] "}"
 *   field   := type SP name
 *   type    := builtin | "list_" type-that-is-no-list | name "_ref" | name SP record
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_SCHEMATEXT_H
#define TRACTOR_SUPERVISOR_SHELL_SCHEMATEXT_H

#include "payload.h"

/*
 * Fills everything of `schema` but its text and fingerprint. `schema` must be zeroed before, and be given to payload_schema_free()
 * whatever comes back. TRACTOR_EBADMSG with the reason in tractor_why(), TRACTOR_ENOMEM.
 */
tractor_err schematext_parse(const char *text, struct payload_schema *schema);

#endif
