/*
 * requests.h: private to the files that answer the command's requests (request*.c). Every request that is taken is answered exactly once, with control_end(); one
 * that is answered later has `gone` set meanwhile, for a client that doesn't wait.
 */
#ifndef TRACTOR_SUPERVISOR_SHELL_REQUESTS_H
#define TRACTOR_SUPERVISOR_SHELL_REQUESTS_H

#include "runtime.h"

/* Answers one request; `body` is valid during the call. */
typedef void on_request(struct tractor_runtime *runtime, struct control_request *request, const json_t *body);

/* --- requestfind.c: what a request is about --- */

/* The text at `key`; "": there is none. */
const char *requestfind_text(const json_t *body, const char *key);
/* An error of ours as the command's exit code. */
enum control_code requestfind_code(tractor_err err);
/* The node at the request's "path"; NULL: there is none, and the request has been answered with that. */
struct node *requestfind_node(
	struct tractor_runtime *runtime, struct control_request *request, const json_t *body);
/* The same for an actor. */
struct slot *requestfind_actor(
	struct tractor_runtime *runtime, struct control_request *request, const json_t *body);
/* The message of that name; NULL: the actor doesn't serve it, and the request has been answered with that. */
const struct payload_schema *requestfind_message(
	struct slot *slot, struct control_request *request, const char *name);

/* --- requestshow.c: questions --- */

on_request requestshow_status, requestshow_messages, requestshow_events, requestshow_logs,
	requestshow_version;

/* --- requesttalk.c: tells and asks --- */

on_request requesttalk_tell, requesttalk_ask;

/* Sends a message from quarantine once more, as the command's own; it leaves quarantine if it is taken over, or an ask answered. */
void requesttalk_again(struct tractor_runtime *runtime, struct control_request *request, struct slot *slot,
	const struct lost_letter *letter);

/* --- requestlost.c: messages that no handler will see --- */

on_request requestlost_dead_letters, requestlost_poison, requestlost_show, requestlost_requeue,
	requestlost_drop;

/* --- requeststeer.c: what is to be done to the tree --- */

on_request requeststeer_start, requeststeer_stop, requeststeer_restart, requeststeer_down,
	requeststeer_inject;

/* The request is answered when the node has come up or down; not before its state changes. */
void requeststeer_wait(struct tractor_runtime *runtime, struct control_request *request, struct node *node,
	enum waiter_for what);

/* --- requestadmin.c: administration of children --- */

on_request requestadmin_children, requestadmin_spec, requestadmin_add, requestadmin_delete;

/* --- requestreload.c: the tree's file, read again --- */

on_request requestreload;

/* --- requestscale.c: a pool's number of members --- */

on_request requestscale_scale;

#endif
