/* Draws why: conditions as trees with the actual values and a mark on each node (✓ true, ✗ false, ? unknown, · not reached),
 * records by their names, what a turn wrote. For people on a stream, for tools as JSON. */
#ifndef RUNTIME_EXPLAIN_H
#define RUNTIME_EXPLAIN_H

#include "engine/base/json.h"
#include "engine/engine.h"
#include "runtime/terminal.h"

struct drawing {
	FILE *stream;
	struct arena *arena;
	const struct program *program;
	const struct ports *ports; /* to call records by their names */
};

/* A value for people: records by number or name, times in the pack's zone. */
struct text value_describe(const struct drawing *drawing, struct value value);
struct text record_describe(const struct drawing *drawing, const struct entity *entity, const struct value *values);

/* The same for a line of its own: longer texts, an enum with its label. */
struct text value_describe_whole(const struct drawing *drawing, struct value value);

/* The nodes' values out of the frame that engine_evaluate left. Slots that hold not_reached() were not written. */
struct value not_reached(void);
const struct observed *observed_from_frame(const struct drawing *drawing, const struct code *code, const struct value *frame);

void condition_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t indent);
/* Of a false condition only what decided it, without the end of the line, which stands at `column`. */
void condition_reason_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes,
			   uint32_t column);
void condition_write(const struct drawing *drawing, struct json_writer *writer, const struct code *code,
		     const struct observed *nodes);

/* Made and deleted in one turn. */
static inline bool change_is_nothing(const struct change *change)
{
	return !change->before && !change->after;
}

/* "path:line" of a place in the pack. */
struct text place_describe(const struct drawing *drawing, struct span span);

/* A turn: its headline, its events, each asked rule with its outcome and condition, what was written by whom. `only`: rules
 * whose name contains it; empty: all. `everything`: also rules that are about something else, and every condition as a tree;
 * else a false one is one line when there is something better to read. `record`: whose fate is the headline; all zero: none's.
 */
struct turn_view {
	struct text only;
	bool everything;
	struct record_id record;
};
void turn_draw(const struct drawing *drawing, const struct turn *turn, const struct turn_view *view);
void turn_write(const struct drawing *drawing, struct json_writer *writer, const struct turn *turn,
		const struct turn_view *view);

#endif
