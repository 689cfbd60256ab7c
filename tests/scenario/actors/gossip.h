/* gossip.h: actors that talk to each other, much and in all ways, and write down what came and what they know to be sent. */
#ifndef TRACTOR_TESTS_SCENARIO_GOSSIP_H
#define TRACTOR_TESTS_SCENARIO_GOSSIP_H

#include <tractor/protocol.h>

#define GOSSIP_ITEM(FIELD) FIELD(int64, number) FIELD(bytes, padding)
#define GOSSIP_RUN(FIELD) \
	FIELD(gossip_ref, to) FIELD(int64, first) FIELD(int64, count) FIELD(uint32, large_each)
#define GOSSIP_NUMBER(FIELD) FIELD(int64, number)
#define GOSSIP_TO(FIELD) FIELD(gossip_ref, to) FIELD(int64, number)
#define GOSSIP_CRIME(FIELD) FIELD(gossip_ref, to) FIELD(str, what)
#define GOSSIP_NAP(FIELD) FIELD(uint32, ms)
#define GOSSIP_NOTHING(FIELD)
#define GOSSIP_ONE(FIELD) FIELD(gossip_ref, to) FIELD(str, what) FIELD(gossip_ref, other) FIELD(int64, number)
#define GOSSIP_SEEN(FIELD) FIELD(int64, last) FIELD(int64, wrong) FIELD(int64, count)
#define GOSSIP_DID(FIELD) FIELD(int64, number) FIELD(str, error)
#define GOSSIP_BLOB(FIELD) FIELD(bytes, bytes)
TRACTOR_RECORD(gossip_reply, GOSSIP_NUMBER);
TRACTOR_RECORD(gossip_seen_reply, GOSSIP_SEEN);
TRACTOR_RECORD(gossip_did, GOSSIP_DID);
TRACTOR_RECORD(gossip_blob, GOSSIP_BLOB);

#define GOSSIP_PROTOCOL(TELL, ASK)                                                                \
	TELL(gossip, item, GOSSIP_ITEM)                                                           \
	TELL(gossip, nap, GOSSIP_NAP)                                                             \
	TELL(gossip, vandal, GOSSIP_NUMBER) /* writes noise wherever it can in its bypasses */    \
	TELL(gossip, crime, GOSSIP_CRIME)   /* against the other end of a bypass */               \
	TELL(gossip, tells_on, GOSSIP_RUN)  /* tells items without end */                         \
	ASK(gossip, tells, GOSSIP_RUN, gossip_did)                                                \
	ASK(gossip, tries, GOSSIP_RUN, gossip_did)   /* the same, without waiting for room */     \
	ASK(gossip, mixes, GOSSIP_RUN, gossip_did)   /* items, each in one way or another */      \
	ASK(gossip, asks, GOSSIP_RUN, gossip_did)    /* echoes */                                 \
	ASK(gossip, ask_one, GOSSIP_ONE, gossip_did) /* `what` of these: */                       \
	ASK(gossip, echo, GOSSIP_NUMBER, gossip_reply)                                            \
	ASK(gossip, crash, GOSSIP_NUMBER, gossip_reply)                                           \
	ASK(gossip, large, GOSSIP_NUMBER, gossip_blob)	/* an answer of that many bytes */        \
	ASK(gossip, later, GOSSIP_NUMBER, gossip_reply) /* is answered when an item comes */      \
	ASK(gossip, hand_on, GOSSIP_TO, gossip_reply)	/* `to` echoes it */                      \
	ASK(gossip, ask_back, GOSSIP_TO, gossip_reply)	/* asks `to`, who waits perhaps for us */ \
	ASK(gossip, seen, GOSSIP_NOTHING, gossip_seen_reply)
TRACTOR_PROTOCOL(gossip, GOSSIP_PROTOCOL);

#endif
