/* The smallest host an engine can have: rows in a list, a clock that is a number. Tests write their pack in Flow, raise events
 * as JSON and look at what was made of them. */
#ifndef TEST_ENGINE_SMALL_HOST_H
#define TEST_ENGINE_SMALL_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dsl/compiler/compiler.h"
#include "engine/engine.h"
#include "engine/model/system.h"

struct host_row {
	const struct entity *entity;
	struct record_id id;
	const struct value *values;
};

struct host_call { /* what a turn gave the outbox */
	struct record_id id;
	const struct action *action;
	const struct value *arguments;
	struct text request;
};

struct small_host {
	struct arena pack, arena; /* of the program; of rows */
	const struct program *program;
	struct engine *engine;
	struct ports ports;
	struct error error;
	moment now;
	uint32_t events; /* raised from outside */
	LIST(struct host_row) rows;
	LIST(struct record_id) seen;
	LIST(struct host_call) calls;
	int64_t number;
	uint32_t given; /* rows that an engine has read */
	bool is_signal; /* events are raised for workflows alone */
	bool is_killed; /* after each turn the engine is killed before it is applied; another one has to come to the same plan
			 */
	const struct turn *turn; /* the last */
	enum status status;      /* of it */
};

/* Compiles, or fails the test with the first diagnostic. The clock begins on 2026-03-27T08:00Z, a Friday. */
void host_open(struct small_host *host, const char *source);
void host_close(struct small_host *host);

/* Another version of the pack over the same rows: its activation is a turn. */
void host_activate(struct small_host *host, const char *source);

/* A turn; its plan is applied when it is OK. */
void host_raise(struct small_host *host, const char *kind, const char *json);
/* Turns the clock and runs what is due on the way. */
void host_advance(struct small_host *host, int64_t seconds);

/* What is due of the n-th timer, now. */
void host_ring(struct small_host *host, uint32_t nth);

/* The answer to the n-th call that was ever made: JSON of its result, or NULL and a sentence. */
void host_answer(struct small_host *host, uint32_t nth, const char *json, const char *sentence);
/* What the other side sent, of which the action's request says what it means; NULL: nothing. */
void host_reply(struct small_host *host, uint32_t nth, const char *json);
/* The n-th approval that there is; the n-th instance. */
void host_decide(struct small_host *host, uint32_t nth, bool approved);
void host_resume(struct small_host *host, uint32_t nth, enum resume resume);
/* The n-th instance goes on with the program that is active, and no longer with `from`. "OLD -> NEW" is a point that is called
 * otherwise; NULL: none is. */
void host_move(struct small_host *host, uint32_t nth, const struct program *from, const char *point);
/* "shop.pay p1" */
const char *host_call_shows(struct small_host *host, uint32_t nth);

uint32_t host_count(const struct small_host *host, const char *entity);
/* Field of the only (or n-th) row of the entity, as people read it. */
const char *host_shows(struct small_host *host, const char *entity, uint32_t nth, const char *field);
/* Writes into the row behind the engine's back. */
void host_write(struct small_host *host, const char *entity, uint32_t nth, const char *field, struct value value);
/* The outcome of a rule in the last turn, for the n-th event that it was tried on; "untried". */
const char *host_outcome(const struct small_host *host, const char *rule, uint32_t nth);
struct text host_sentence(const struct small_host *host, const char *rule);
/* How many events of the kind the last turn had. */
uint32_t host_events(const struct small_host *host, const char *kind);

#endif
