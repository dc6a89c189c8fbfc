/* What a turn intends: nothing of it has happened. The host applies all of it in one transaction, or none. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "engine/model/event.h"
#include "engine/model/program.h"

enum change_kind { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };

/* One row's way through the turn: many statements, one change. */
struct change {
	enum change_kind kind;
	const struct entity *entity;
	struct record_id id;
	struct value *before; /* NULL for CREATE; entity->field_count values */
	struct value *after;  /* NULL for DELETE; computed fields are MISSING */
	uint64_t *changed;    /* bit set of field indexes, (field_count + 63) / 64 words; UPDATE only */
	uint32_t rule;        /* the last rule that wrote it, RULE_NONE for clocks and people */
	bool steps_aside;     /* UPDATE: a change before it takes one of its unique values, and it one of theirs */
};

/* A call to a connector, performed after the commit; its answer comes back as an event. */
struct outgoing {
	enum { OUTGOING_CALL, OUTGOING_NOTIFY } kind;
	struct record_id id; /* the idempotency key */
	const struct action *action;
	const struct notice *notice;
	const struct value *arguments;
	uint32_t argument_count;
	struct text request; /* of a call: JSON, engine/request.c */
	uint32_t rule;
	const struct event *cause;
};

struct plan {
	LIST(struct change *) changes; /* in the order of the first touch */
	LIST(struct outgoing) outgoing;
	LIST(struct event *) events; /* all derived events in the order they were handled, then those of `emit` */
};

#endif
