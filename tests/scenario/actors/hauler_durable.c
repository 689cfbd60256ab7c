/* hauler_durable.c: the same, whose handlers happen whole or not at all. */
#define HAULER_IS_DURABLE true
#include "hauler.c" /* NOLINT(bugprone-suspicious-include) */
