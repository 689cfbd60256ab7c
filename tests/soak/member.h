/* member.h: what the soak's one actor program has in several files. */
#ifndef TRACTOR_TESTS_SOAK_MEMBER_H
#define TRACTOR_TESTS_SOAK_MEMBER_H

#include <tractor/actor.h>

#include "ledger.h"

#define HELD_MAX 8
#define BALLAST_MAX 3000 /* bytes in most messages; one in 16 has 64 times that, which malloc() must fetch */

/* The same for all; durable in some. No pointers: the next process has it too. */
struct member {
	uint64_t count;		     /* messages handled */
	uint32_t last[MEMBER_COUNT]; /* numbers of those, by sender */
	uint32_t held_count;
	uint32_t held_incarnation;
	struct held {
		soak_hold_promise promise;
		uint64_t nonce;
	} held[HELD_MAX];
};

/* This process's own. */
struct process {
	unsigned me;
	struct ledger *ledger;
	struct board *board;
	uint64_t random;
	soak_ref refs[MEMBER_COUNT];
	bool known[MEMBER_COUNT];
};

extern struct process process;

/* --- member.c --- */

/* An error that says nothing against anybody: this process is being stopped, or memory was taken from it. */
bool member_excuses(tractor_err err);
/* The ref of a member, looked up once for each process. False: the tree has none, or this process may not know. */
bool member_ref(tractor_ctx *ctx, unsigned who, soak_ref *ret_ref);

/* --- sender.c: the load --- */

tractor_err sender_step(struct member *self, tractor_ctx *ctx);
/* A numbered ask of this member's to another, and what came of it written down. */
tractor_err sender_ask(tractor_ctx *ctx, unsigned to, uint64_t nonce, uint64_t *ret_nonce);
/* A note that isn't worth waiting for. */
void sender_try_note(tractor_ctx *ctx, unsigned to);
/* Hands the ask in hand on to another. */
tractor_err sender_forward(tractor_ctx *ctx, unsigned to, struct soak_echo *reply, uint64_t nonce);
struct tractor_bytes sender_ballast(tractor_ctx *ctx, uint32_t number, size_t size);
/* The bytes that belong to a number. */
uint8_t sender_ballast_byte(uint32_t number, size_t at);

/* --- faults.c --- */

/* If the board says so, this process dies now, or never comes back. */
void faults_suffer(tractor_ctx *ctx);

#endif
