/* An instance of a workflow as data: what survives a killed process, a restarted database and a week's sleep. Everything that a
 * turn needs to go on is in here; a turn reads it, advances it and writes it back. */
#ifndef ENGINE_WORKFLOW_DATA_H
#define ENGINE_WORKFLOW_DATA_H

#include "engine/base/json.h"
#include "engine/base/list.h"
#include "engine/model/program.h"

/* Where a line of control stands. Each of them but READY and ENDED is a rest: its strand waits for something from outside. */
enum strand_state {
#define STRAND(NAME, name, next) STRAND_##NAME,
#include "engine/strands.def"
#undef STRAND
	STRAND_STATE_COUNT
};

enum { STRAND_NONE = UINT32_MAX };

struct strand {
	uint32_t parent; /* who goes on when this and its siblings have ended; STRAND_NONE: the workflow itself */
	enum strand_state state;
	uint32_t step;  /* READY: where to go on; else the step at which it rests */
	uint32_t tries; /* CALL, RETRY: calls made so far */
	uint32_t rest;  /* numbers the rests of an instance: ids of calls, waits and approvals are derived from it */
};

/* What undoes a step that succeeded. Its arguments are computed behind the step, so they are taken when its strand rests next.
 */
struct undo {
	uint32_t options; /* index in program.work_options */
	uint32_t strand;
	bool taken;
	const struct value *arguments; /* work_options.undo_count, once taken */
};

/* An event that came before its wait: by the number of the wait, whether it fits. */
struct kept_signal {
	struct record_id event;
	const struct event_kind *kind;
	struct value value;     /* what its alias would be */
	uint32_t fits, perhaps; /* perhaps: asked again when the wait begins */
};

struct early_wait { /* a row in `workflow_wait` for a wait that is still ahead */
	uint32_t number;
	struct text key;
};

enum instance_state {
#define INSTANCE_STATE(NAME, name, doc) INSTANCE_##NAME##_STATE,
#include "engine/strands.def"
#undef INSTANCE_STATE
	INSTANCE_STATE_COUNT
};

struct instance {
	struct record_id id;
	const struct workflow *workflow;
	enum instance_state state;
	struct value *frame; /* workflow->code->slot_count */
	LIST(struct strand) strands;
	LIST(struct undo) undos;
	struct record_id cause; /* the event whose rule started it; all zero: none */
	LIST(struct early_wait) early;
	LIST(struct kept_signal) signals; /* the oldest first */
	uint32_t rests;                   /* given out so far */
	struct text sentence;             /* why it undoes or holds */
	bool cancelled;                   /* UNDOING: because somebody wanted it, not because a step failed */
	uint32_t undo_rest;               /* UNDOING: the rest of the call that is out; 0: none */
};

struct text strand_state_name(enum strand_state state);
struct text instance_state_name(enum instance_state state);
/* Nothing of it goes on any more. */
bool instance_state_is_over(enum instance_state state);
/* False for a word that is none. */
bool instance_state_find(struct text name, enum instance_state *state_out);

struct text instance_write(struct arena *arena, const struct program *program, const struct instance *instance);
/* `instance` has its id, workflow and state already. INVALID: these are not the data of an instance of this program. */
enum status instance_read(struct arena *arena, const struct program *program, struct text data, struct instance *instance,
			  struct error *error) MUST_CHECK;

/* One value, saying its own kind. */
void workflow_value_write(struct json_writer *writer, const struct program *program, struct value value);
enum status workflow_value_read(struct arena *arena, const struct program *program, const struct json *json,
				struct value *value_out) MUST_CHECK;

#endif
