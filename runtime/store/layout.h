/* How the tables look: made from a schema, kept as JSON in the database, so that the next start can see what has changed. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include "runtime/store/sql.h"

struct layout_field {
	struct text name;
	struct text type;   /* "ref owner", "list of enum"; two types of equal text hold the same values */
	struct text values; /* names of all enum values in it, each followed by one blank */
	bool required;
	struct text fill;      /* SQL of its constant default, or empty; not kept */
	bool computed_default; /* has a default that is no constant; not kept */
	bool dropped;          /* a migration gave it up */
	bool moved;            /* a migration has put its values elsewhere */
};

struct layout_index {
	struct text name;
	struct text columns; /* SQL, without the tenant */
	struct text filled;  /* SQL: all of them are set */
	bool unique;
};

struct layout_entity {
	struct text name;
	LIST(struct layout_field) fields;
	LIST(struct layout_index) indexes;
	struct text seal; /* SQL condition over OLD, or empty */
	bool dropped;
};

struct layout {
	LIST(struct layout_entity) entities;
};

void layout_from_schema(struct arena *arena, const struct schema *schema, const struct dialect *dialect,
			struct layout *layout_out);
enum status layout_from_json(struct arena *arena, struct text json, struct layout *layout_out, struct error *error) MUST_CHECK;
struct text layout_to_json(struct arena *arena, const struct layout *layout);

struct layout_entity *layout_entity(const struct layout *layout, struct text name);
struct layout_field *layout_field(const struct layout_entity *entity, struct text name);
struct layout_index *layout_index(const struct layout_entity *entity, struct text name);

/* The statements. */
void sql_create_table(struct text_builder *sql, const struct dialect *dialect, const struct layout_entity *entity,
		      struct text name);
void sql_create_index(struct text_builder *sql, const struct layout_entity *entity, const struct layout_index *index);
/* What a sealed row refuses, each by a trigger `seal ENTITY ACTION`; NULL behind the last. */
const char *sql_seal_action(const struct dialect *dialect, uint32_t number);
void sql_create_seal(struct text_builder *sql, const struct dialect *dialect, const struct layout_entity *entity);
/* A foreign key, where it does not stand in the table's CREATE. */
void sql_add_reference(struct text_builder *sql, const struct layout_entity *entity, const struct layout_field *field);

#endif
