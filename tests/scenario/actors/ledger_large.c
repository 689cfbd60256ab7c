/* ledger_large.c: the ledger with a state of 2 MiB, which is too much to be copied for a spare. */
#define NOTES_MAX (1 << 18)
#include "ledger.c" /* NOLINT(bugprone-suspicious-include) */
