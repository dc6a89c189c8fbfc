/* Clocks towards a target: inside the engine. Their promises are those of the language; see docs/language.md, "Business time".
 */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include "engine/clock_reckon.h"
#include "engine/context.h"

/* A field of the row that `clock` keeps for the record; MISSING without one. Elapsed and remaining of a clock that runs are
 * those of now, the rest is as stored. */
enum status clock_field(struct context *context, const struct clock *clock, struct record_id record, enum clock_field field,
			struct value *value_out) MUST_CHECK;
/* Reckons every open clock of that kind anew. */
enum status clock_reckon_open(struct context *context, const struct clock *clock) MUST_CHECK;
/* Whether the event changed a row of another entity that what the clock goes by (calendar, target, conditions) may read. */
bool clock_reads(const struct engine *engine, const struct clock *clock, const struct event *event);

#endif
