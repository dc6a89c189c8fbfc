/* The static type of a value. Types are interned by the compiler: equal types are equal pointers, except DATA's reach. */
#ifndef MODEL_TYPE_H
#define MODEL_TYPE_H

#include "engine/model/value.h"

struct entity;
struct event_kind;

enum type_kind {
	TYPE_ERROR, /* already reported; fits everything */
	TYPE_BOOL,
	TYPE_INT,
	TYPE_DECIMAL,
	TYPE_PERCENT,
	TYPE_MONEY,
	TYPE_TEXT,
	TYPE_DATE,
	TYPE_TIME,
	TYPE_TIME_OF_DAY,
	TYPE_DURATION,
	TYPE_ENUM,   /* .enumeration */
	TYPE_REF,    /* .entity */
	TYPE_LIST,   /* .element */
	TYPE_RECORD, /* .record */
	TYPE_RANGE,  /* .element */
	TYPE_EVENT,  /* .event: a RECORD value whose fields are the event's */
	TYPE_DATA,   /* untyped document (connector bodies) */
	TYPE_FILE,   /* TEXT value: name of a stored file */
	TYPE_SECRET, /* TEXT value that is never shown */
	TYPE_NOTHING /* the type of a literal `[]`'s elements and of what never has a value */
};

struct type {
	enum type_kind kind;
	const struct enumeration *enumeration;
	const struct entity *entity;
	const struct type *element;
	const struct record_type *record;
	const struct event_kind *event;
};

struct enum_value {
	struct text name, label; /* label may be empty */
};

struct enumeration {
	struct text name; /* "order.status"; may be empty for one written in a signature */
	const struct enum_value *values;
	uint32_t count;
};

struct record_field {
	struct text name;
	const struct type *type;
	bool required;
};

struct record_type {
	const struct record_field *fields;
	uint32_t count;
};

/* "list of ref order": for messages. */
struct text type_show(struct arena *arena, const struct type *type);

#endif
