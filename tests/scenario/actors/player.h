/* player.h: the protocols of those whose crashes are played again, and of the one whom they ask. */
#ifndef TRACTOR_TESTS_SCENARIO_PLAYER_H
#define TRACTOR_TESTS_SCENARIO_PLAYER_H

#include <tractor/protocol.h>

#define ORACLE_NOTHING(FIELD)
#define ORACLE_NOTE(FIELD) FIELD(int64, number)
#define ORACLE_NUMBER(FIELD) FIELD(int64, value)
TRACTOR_RECORD(oracle_answer, ORACLE_NUMBER);
#define ORACLE_SIZE(FIELD) FIELD(uint32, size)
#define ORACLE_BYTES(FIELD) FIELD(bytes, bytes)
TRACTOR_RECORD(oracle_words, ORACLE_BYTES);

#define ORACLE_PROTOCOL(TELL, ASK)                                                            \
	TELL(oracle, note, ORACLE_NOTE)                                                       \
	ASK(oracle, number, ORACLE_NOTHING, oracle_answer)  /* another one each time */       \
	ASK(oracle, scroll, ORACLE_SIZE, oracle_words)	    /* that many bytes */             \
	ASK(oracle, secret, ORACLE_NOTHING, oracle_answer)  /* refused */                     \
	ASK(oracle, silence, ORACLE_NOTHING, oracle_answer) /* not answered while it lives */ \
	TELL(oracle, die, ORACLE_NOTHING)
TRACTOR_PROTOCOL(oracle, ORACLE_PROTOCOL);

#define PLAYER_NOTHING(FIELD)
#define PLAYER_ADD(FIELD) FIELD(int64, by)
#define PLAYER_CHECK(FIELD) FIELD(int64, limit)
#define PLAYER_CONSULT(FIELD) FIELD(oracle_ref, who) FIELD(str, how)
#define PLAYER_HOARD(FIELD) FIELD(oracle_ref, who) FIELD(uint32, count) FIELD(uint32, size)
#define PLAYER_SPAWN(FIELD) FIELD(bool, prints)
#define PLAYER_REST(FIELD) FIELD(uint32, ms)
#define PLAYER_SUM(FIELD) FIELD(int64, value) FIELD(int64, foretold)
TRACTOR_RECORD(player_sum, PLAYER_SUM);

#define PLAYER_PROTOCOL(TELL, ASK)                                                            \
	TELL(player, add, PLAYER_ADD)                                                         \
	TELL(player, check, PLAYER_CHECK)     /* dies if the total is above */                \
	TELL(player, foretell, PLAYER_CHECK)  /* dies if what it was told at its start is */  \
	TELL(player, consult, PLAYER_CONSULT) /* "number", "secret" or "silence": and dies */ \
	TELL(player, hoard, PLAYER_HOARD)     /* so many scrolls, and dies */                 \
	TELL(player, whisper, PLAYER_CONSULT) /* tells a note, and dies */                    \
	TELL(player, watch, PLAYER_CONSULT)   /* and dies of its end */                       \
	TELL(player, spawn, PLAYER_SPAWN)     /* a process that stays, and dies */            \
	TELL(player, rest, PLAYER_REST)                                                       \
	ASK(player, total, PLAYER_NOTHING, player_sum)
TRACTOR_PROTOCOL(player, PLAYER_PROTOCOL);

#endif
