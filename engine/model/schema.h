/* What there is: entities with their fields, events with theirs. Built by the compiler, read by engine and store. */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "engine/base/map.h"
#include "engine/model/type.h"

struct code;
struct clock;

/* Every row begins with these. `id` is a REF to the row itself. */
enum { FIELD_ID, FIELD_CREATED_AT, FIELD_UPDATED_AT, FIELD_VERSION, FIELD_FIRST_OWN };

struct sequence {
	struct text picture; /* "T-{year}-{n:6}" */
	bool gapless;
};

struct field {
	struct text name, label;
	const struct type *type;
	uint16_t index;
	bool required, key, unique, searchable;
	uint32_t max_length;             /* characters; 0: none */
	const struct code *fallback;     /* `default …`: set at creation; frame: no parameters */
	const struct code *computed;     /* `= …`: frame slot 0 is the row (REF); never stored */
	const struct sequence *sequence; /* numbered at creation */
};

struct index {
	const uint16_t *fields;
	uint32_t count;
	bool unique;
};

struct transition_set {
	uint16_t field;       /* an enum field */
	const uint64_t *from; /* by ordinal: bit set of the ordinals that may follow */
};

struct entity {
	struct text name, label; /* "order", "Order" */
	struct text module;
	uint16_t index; /* in schema.entities */
	const struct field *fields;
	uint16_t field_count;
	struct map field_by_name; /* text -> struct field */
	const struct index *indexes;
	uint32_t index_count;
	const struct transition_set *transitions;
	uint32_t transition_count;
	const struct code *sealed_when;    /* frame slot 0: the row; true: nothing may change it */
	const struct clock *const *clocks; /* that run on this entity */
	uint32_t clock_count;
	const struct entity *note_entity; /* NAME_note with fields NAME and body, or NULL */
	uint16_t note_owner_field, note_body_field;
	const struct event_kind *created, *updated, *deleted;
};

enum event_origin { EVENT_DECLARED, EVENT_CREATED, EVENT_UPDATED, EVENT_DELETED, EVENT_CLOCK, EVENT_SYSTEM };

/* Fields of an event are the items of its RECORD value. For CREATED, UPDATED, DELETED the one item is the row (REF). */
struct event_kind {
	struct text name, label; /* "door.opened", "order.created" */
	uint32_t index;          /* in schema.events */
	enum event_origin origin;
	const struct entity *entity; /* of CREATED, UPDATED, DELETED */
	const struct field *fields;  /* index from 0: no standard fields */
	uint16_t field_count;
	struct map field_by_name;
	bool has_key;           /* some field is marked key: equal keys are the same event */
	uint32_t budget_count;  /* so many may happen … */
	int64_t budget_seconds; /* … in so many seconds; the turn of one more is refused. 0: any number */
};

struct schema {
	const struct entity **entities;
	uint32_t entity_count;
	struct map entity_by_name;
	const struct event_kind **events;
	uint32_t event_count;
	struct map event_by_name;
};

const struct entity *schema_entity(const struct schema *schema, struct text name);
const struct event_kind *schema_event(const struct schema *schema, struct text name);
const struct field *entity_field(const struct entity *entity, struct text name);
const struct field *event_field(const struct event_kind *event, struct text name);

#endif
