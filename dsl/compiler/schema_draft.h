/* The schema while it is being built: entities and events that may still change, and where each field was written. Only
 * schema_build.c, schema_fields.c and schema_bodies.c look at it. */
#ifndef COMPILER_SCHEMA_DRAFT_H
#define COMPILER_SCHEMA_DRAFT_H

#include "dsl/compiler/internal.h"

struct field_source {
	uint32_t file;
	const struct syntax *syntax; /* the `field` node; NULL for those nobody wrote */
};

struct field_draft {
	struct field field;
	struct field_source source;
};

typedef LIST(struct field_draft) field_list;

/* One piece of `entity` or `extend entity`. */
struct entity_part {
	uint32_t file;
	const struct syntax *syntax;
};

struct entity_draft {
	struct entity *entity;
	field_list fields;
	LIST(struct entity_part) parts;
	struct field *final; /* entity->fields, once all are known */
};

struct event_draft {
	struct event_kind *event;
	field_list fields;
	uint32_t file;
	const struct syntax *syntax; /* NULL for those nobody wrote */
	struct field *final;
};

struct schema_draft {
	LIST(struct entity_draft) entities; /* by entity.index */
	LIST(struct event_draft) events;    /* by event.index */
};

/* --- schema_fields.c */
/* The fields of an entity's or event's braces; `event` knows fewer attributes. */
void fields_collect(struct compiler *compiler, field_list *fields, uint32_t file, const struct syntax *declaration,
		    bool of_event);
struct field *field_add(struct compiler *compiler, field_list *fields, struct text name, const struct type *type);
/* Settles the arrays, then the types, those that refer to other fields last. */
void fields_settle(struct compiler *compiler);

/* --- schema_parts.c */
void indexes_build(struct compiler *compiler, struct entity_draft *draft);
void transitions_build(struct compiler *compiler, struct entity_draft *draft);
void note_entities_find(struct compiler *compiler);

/* What stands in fallback and computed until their code is there: code compiled before knows that there will be one. */
extern const struct code SCHEMA_PENDING;

#endif
