/* A host for the engine on a virtual clock: an in-memory store, an engine, settings and connectors that only remember what they
 * were asked. test, simulate and explain differ only in who turns the clock. Nothing here leaves the process. */
#ifndef RUNTIME_WORLD_H
#define RUNTIME_WORLD_H

#include "engine/base/json.h"
#include "engine/engine.h"

struct world;

/* What began a turn. */
enum turn_origin {
	TURN_EVENT,
	TURN_RECEIVED,
	TURN_ACT,
	TURN_TIMER,
	TURN_ACTIVATE,
	TURN_ANSWER /* of a connector or a person */
};

struct turn_report {
	enum turn_origin origin;
	moment at;
	const struct turn *turn;   /* applied; good until the next call */
	const char *refused;       /* the store said no: the sentence; nothing of the turn was kept */
	bool duplicate;            /* an outer event that was there before: no turn, `turn` is NULL */
	const struct event *event; /* of TURN_EVENT */
};

/* Called after each turn, while the world stands as the turn left it. */
typedef void (*turn_listener)(void *context, struct world *world, const struct turn_report *report);

/* A call that a turn put into the outbox, kept for expectations. */
struct world_call {
	moment at;
	const struct action *action; /* NULL: a notification */
	const struct notice *notice;
	struct record_id id;
	struct value arguments; /* RECORD in the order of the action's parameters */
};

/* An event that happened, kept when the world remembers. */
struct world_event {
	const struct event_kind *kind;
	struct record_id id;
	moment at;
	struct value value;         /* what its alias would be: RECORD, or REF to the row */
	const struct value *before; /* of DELETED: the row as it was */
};

struct world_options {
	const char *path; /* of the database, as store_open takes it; NULL: in memory */
	bool remember;    /* keeps events and calls for world_events, world_calls */
	turn_listener listener;
	void *context;
};

/* The program must outlive the world. */
enum status world_open(const struct program *program, const struct world_options *options, struct world **world_out,
		       struct error *error) MUST_CHECK;
void world_close(struct world *world);

moment world_now(const struct world *world);
struct engine *world_engine(struct world *world);
const struct ports *world_ports(const struct world *world);
const struct program *world_program(const struct world *world);
/* As long as the current life: reset by world_begin. */
struct arena *world_arena(struct world *world);

/* Sets the clock and activates schedules and master data: the one life of simulate and explain. On a database that knows later
 * moments the clock begins there: time does not go back. Until world_keep nothing of it is kept in the database. */
enum status world_start(struct world *world, moment at, struct error *error) MUST_CHECK;
enum status world_keep(struct world *world, struct error *error) MUST_CHECK;
/* As world_start, and world_end takes everything back: rows, numbers, timers, answers and what is remembered. For tests. */
enum status world_begin(struct world *world, moment at, struct error *error) MUST_CHECK;
void world_end(struct world *world);

/* Turns the clock: what is due until `until`, itself included, happens in order. Never turns it back. */
enum status world_advance(struct world *world, moment until, struct error *error) MUST_CHECK;
/* Turns it to `until`, where what is due at that very instant has not happened yet: an event of an instant comes before the
 * timers of it, so that what stops exactly when it is due has stopped in time. */
enum status world_reach(struct world *world, moment until, struct error *error) MUST_CHECK;

/* Each turn is a transaction of its own. The statuses are not OK only when the host fails; a turn that the store or a limit
 * refused is reported to the listener and counted, and the world goes on. */
enum status world_event(struct world *world, struct event *event, struct error *error) MUST_CHECK;
enum status world_receive(struct world *world, const struct receive *receive, const struct json *body,
			  const struct json *headers, struct error *error) MUST_CHECK;
/* `refused_out`: a sentence when the action did not succeed (a rule of the pack failed it, or the store). */
enum status world_act(struct world *world, const struct code *body, struct value *frame, struct value actor,
		      struct text *refused_out, struct error *error) MUST_CHECK;
/* A row as if it had always been there: defaults and numbers are given, nothing is raised, so no rule and no clock starts.
 * docs/decisions/0009 */
enum status world_given(struct world *world, const struct write *write, struct value values, struct value *ref_out,
			struct error *error) MUST_CHECK;
enum status world_set_setting(struct world *world, const struct setting *setting, struct value value,
			      struct error *error) MUST_CHECK;
/* What a person decides or has resumed, and an answer to one call, whenever it comes: as the doors of the engine. NOT_FOUND:
 * there is no such approval or instance; nothing was kept. */
enum status world_decide(struct world *world, struct record_id approval, bool approved, struct error *error) MUST_CHECK;
enum status world_resume(struct world *world, struct record_id instance, enum resume resume, struct error *error) MUST_CHECK;
enum status world_tell(struct world *world, struct record_id call, const struct call_answer *answer,
		       struct error *error) MUST_CHECK;
/* What the connector will answer to calls of that action from now on. */
void world_answer(struct world *world, const struct action *action, bool fails, struct value answer);

const struct world_call *world_calls(const struct world *world, uint32_t *count_out);
/* What happened outside of turns: kept like an event, and nobody else hears of it. */
void world_note_event(struct world *world, const struct event_kind *kind, const struct value *fields);
const struct world_event *world_events(const struct world *world, uint32_t *count_out);

/* Fails of turns since the begin of this life, for summaries. */
uint32_t world_refused(const struct world *world);

#endif
