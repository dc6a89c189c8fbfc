/* Something that happened: one turn begins with one of these. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "engine/model/schema.h"

struct event {
	const struct event_kind *kind;
	struct record_id id;        /* as given by the sender's key or derived; the same id twice is one event */
	struct text external_id;    /* CloudEvents source + id; may be empty */
	moment at;                  /* `now` of everything the turn does */
	const struct value *fields; /* kind->field_count values */
	struct value actor;         /* REF to the person behind it, or MISSING */
	/* UPDATED and DELETED: the row as it was; entity->field_count values */
	const struct value *before;
	const struct value *after; /* CREATED and UPDATED: as it is right after the change */
	uint32_t depth;            /* 0 from outside; derived events one more than their cause */
	const struct event *cause; /* NULL from outside */
	uint32_t rule;             /* index of the rule that raised it, or RULE_NONE */
};

enum { RULE_NONE = UINT32_MAX };

/* The id of an event whose kind has key fields: of its name and their values, so that equal keys are one event, whoever raises
 * it. A host gives it to outer events too. */
struct record_id event_key_id(const struct event_kind *kind, const struct value *fields);

struct json;
struct json_writer;

/* Types a JSON object as `kind`: members are the fields by name; unknown or ill-typed members, and missing required ones, are
 * INVALID with a sentence that names them. A field that is left out and has a default stays MISSING here: the engine's turn
 * evaluates it; a key must be given, it decides who the event is. Refs are ids as text. Texts point into the JSON document. */
enum status event_from_json(struct arena *arena, const struct schema *schema, const struct event_kind *kind,
			    const struct json *object, struct value **fields_out, struct error *error) MUST_CHECK;

/* One value by its type. `where` names it in the sentence. */
enum status value_from_json(struct arena *arena, const struct schema *schema, const struct type *type, const struct json *json,
			    struct text where, struct value *value_out, struct error *error) MUST_CHECK;
/* The inverse; enums by name, refs as id text, money as "15.50 EUR", times RFC 3339 in UTC. */
void value_to_json(struct json_writer *writer, struct value value, const struct type *type);

#endif
