/* What a run of recorded events came to: what came in, what was made of it, which rules fired, which clocks run. The same run
 * gives the same summary, always. */
#ifndef RUNTIME_SUMMARY_H
#define RUNTIME_SUMMARY_H

#include "runtime/explain.h"
#include "runtime/recorded.h"

struct source_count { /* a connector's receive, or an event's kind from a CloudEvent */
	uint32_t lines, raised, nothing, refused;
};

struct entity_count {
	uint32_t created, updated, deleted;
};

struct period { /* an hour of the pack's zone in which something happened */
	date day;
	int32_t hour;
	uint32_t lines, created, changed; /* lines that came in; records that were made and changed, clocks not among them */
};

enum { OUTCOME_COUNT = OUTCOME_FAILED + 1 };

struct summary {
	struct arena *arena;
	const struct program *program;
	struct source_count *receives, *kinds; /* by program.receives, schema.events */
	uint32_t *events;                      /* by schema.events: handled, whoever raised them */
	struct entity_count *entities;         /* by schema.entities */
	uint32_t (*rules)[OUTCOME_COUNT];      /* by program.rules */
	struct text *reasons;                  /* by program.rules: why it failed, the first time */
	uint32_t *calls;                       /* by program.actions */
	bool **moved;                          /* by schema.entities, field: an enum that changed */
	LIST(struct period) periods;           /* in their order; hours without anything are left out */
	uint32_t notices, turns, timers, refused, duplicates;
	struct text first_refused;
	moment first, last;
	/* the last turn that a line began */
	uint32_t turn_raised;
	bool turn_refused;
};

void summary_init(struct summary *summary, struct arena *arena, const struct program *program);
/* Counts a turn; the listener of a world calls it. */
void summary_turn(struct summary *summary, const struct turn_report *report);
/* After a line was played: its turn counts for its source. */
void summary_line(struct summary *summary, const struct played *played);
/* The lines that could not be read, on the standard error. */
void summary_problems(const struct recording *recording);
uint32_t summary_failed(const struct summary *summary); /* rules */
/* What the pack made: not the engine's own bookkeeping, and not the clocks, which have their own table. */
bool summary_shows(const struct summary *summary, uint32_t entity);
uint32_t outcomes_held_back(const uint32_t *outcomes);
uint32_t outcomes_rejected(const uint32_t *outcomes);

/* What the world holds now. */
struct clock_count {
	uint32_t states[CLOCK_BREACHED + 1];
	const struct value *const *rows;
	uint32_t row_count;
};
static inline struct value clock_value(const struct value *row, enum clock_field field)
{
	return row[FIELD_FIRST_OWN + field];
}
void clock_count(const struct summary *summary, struct world *world, const struct clock *clock, struct clock_count *count);
/* Adds to `counts`, by ordinal, the records whose enum field has that value. */
void field_count(const struct summary *summary, struct world *world, const struct entity *entity, const struct field *field,
		 uint32_t *counts);

void summary_print(const struct summary *summary, struct world *world, const struct recording *recording);
void summary_write(const struct summary *summary, struct world *world, const struct recording *recording,
		   struct json_writer *writer);

#endif
