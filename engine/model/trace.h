/* Why: for each event of a turn, each candidate rule and what became of it. Compact; explain runs the conditions again over the
 * recorded event and state to draw the tree, which is exact because a turn has no other input. */
#ifndef MODEL_TRACE_H
#define MODEL_TRACE_H

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/model/event.h"

enum outcome {
	OUTCOME_FIRED,
	OUTCOME_FALSE,     /* the guard said no */
	OUTCOME_UNKNOWN,   /* the guard needs what is not set */
	OUTCOME_NOT_VALID, /* outside `valid from … until` */
	OUTCOME_DUPLICATE, /* dedupe: became a note */
	OUTCOME_DAMPED,    /* damp */
	OUTCOME_ONCE,      /* once per */
	OUTCOME_AT_MOST,   /* at most */
	OUTCOME_WAITING,   /* holds for, unless: the timer runs */
	OUTCOME_CANCELLED, /* … and was overtaken */
	OUTCOME_FAILED,    /* undone; `sentence` says why */
};

/* What a node of the author's expression came to while it ran. */
struct observed {
	struct value value;
	bool evaluated; /* false: never reached, because what stood before it decided */
};

struct trace_rule {
	uint32_t rule;
	enum outcome outcome;
	uint32_t event;       /* index in trace.events */
	uint32_t step;        /* where a guard was decided or a body failed; SLOT_NONE: over what it had come to at its end */
	struct text sentence; /* FAILED: the error. UNKNOWN: the path that is not set */
	const struct observed *nodes; /* of the guard, by node: guard->node_count; NULL unless the engine observes */
};

struct trace_line { /* `log`, and what the engine itself has to say (a workflow's step, a clock's recompute) */
	uint32_t event, rule;
	struct text text;
};

struct trace {
	LIST(struct event *) events;   /* [0]: the turn's; then the derived ones */
	LIST(struct trace_rule) rules; /* only candidates of the index: the others could not match */
	LIST(struct trace_line) lines;
	uint32_t steps; /* executed */
};

const char *outcome_name(enum outcome outcome);

#endif
