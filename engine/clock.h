/* Clocks towards a target: inside the engine. Their promises are those of the language; see docs/language.md, "Business time".
 */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include "engine/clock_reckon.h"
#include "engine/context.h"

/* What is not stored but follows: one clock of one record, in this turn. */
struct running {
	struct context *context;
	const struct clock *clock;
	struct record_id record, row;
	const struct value *stored; /* NULL: there is no row yet */
	bool start_hit, stop_hit;   /* the event that starts or stops it has come */
	/* the state, as it becomes */
	bool has_started, has_stopped;
	moment started_at, stopped_at;
	LIST(struct pause) pauses;
	int64_t fired;
	enum clock_state state;
	bool has_state; /* not: there is no target, so no clock runs; start and pauses are remembered */
	/* what holds now */
	bool stops, pauses_now, stopped_now;
	struct value target;
	struct reckoning reckoning;
	bool has_due;
	moment due;
};

/* --- clock_settle.c */
/* What is, from what was and what holds; fires and keeps what follows. */
enum status clock_settle(struct running *running) MUST_CHECK;
/* Its calendar, holidays and target, as they hold now. */
enum status clock_policy(struct running *running) MUST_CHECK;
/* Its due, from start, pauses and target. */
void clock_reckon(struct running *running);

/* --- clock_fire.c: raises what is reached; next_out: when the next threshold is, if has_next_out. */
enum status clock_fire(struct running *running, moment *next_out, bool *has_next_out) MUST_CHECK;

/* --- clock.c */
/* Writes the row when something of it has changed, and sets or clears its timer. */
enum status clock_keep(struct running *running, bool has_next, moment next) MUST_CHECK;
/* A field of the row that `clock` keeps for the record; MISSING without one. Elapsed and remaining of a clock that runs are
 * those of now, the rest is as stored. */
enum status clock_field(struct context *context, const struct clock *clock, struct record_id record, enum clock_field field,
			struct value *value_out) MUST_CHECK;
/* One anew, after something that it goes by has changed. */
enum status clock_again(struct context *context, const struct clock *clock, struct record_id record) MUST_CHECK;

/* --- clock_slice.c */
/* Reckons every open clock of that kind anew: what a turn can, and the rest in turns to come. */
enum status clock_reckon_open(struct context *context, const struct clock *clock) MUST_CHECK;
/* Whether the event changed a row of another entity that what the clock goes by (calendar, target, conditions) may read. */
bool clock_reads(const struct engine *engine, const struct clock *clock, const struct event *event);

#endif
