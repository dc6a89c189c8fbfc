/* Carries out what a migration has come to: new columns, new tables, indexes and seals. Must never decide what may be lost. */
#include "runtime/store/migrating.h"

static bool fields_equal(const struct layout_field *a, const struct layout_field *b)
{
	/* columns know of no enum values and no record fields */
	return a && b && text_equal(a->type, b->type) && a->required == b->required;
}

static bool columns_equal(const struct layout_entity *old, const struct layout_entity *now)
{
	if (old->fields.count != now->fields.count)
		return false;
	for (uint32_t i = 0; i < now->fields.count; i++)
		if (!fields_equal(layout_field(old, now->fields.items[i].name), &now->fields.items[i]))
			return false;
	return true;
}

static void copied_column(struct text_builder *sql, const struct dialect *dialect, const struct layout_field *was,
			  const struct layout_field *is)
{
	bool kept = was && column_fits(was->type, is->type);

	if (!kept) {
		builder_add_string(sql, is->fill.length ? "" : "NULL");
		builder_add(sql, is->fill);
		return;
	}
	bool fill = is->required && !was->required && is->fill.length;
	builder_add_string(sql, fill ? "coalesce(" : "");
	if (text_equal(was->type, is->type)) {
		sql_name(sql, was->name);
	} else {
		builder_add_string(sql, "CAST(");
		sql_name(sql, was->name);
		builder_format(sql, " AS %s)", dialect->text_cast);
	}
	if (fill)
		builder_format(sql, ",%.*s)", TEXT_ARGS(is->fill));
}

/* A new table beside the old one, all rows over, the old one away: the one way that changes everything about a column. */
static void table_rebuild(struct migrating *migrating, struct text_builder *sql, const struct layout_entity *old,
			  const struct layout_entity *now)
{
	struct text beside = SAY("%.*s new", TEXT_ARGS(now->name));

	sql_create_table(sql, migrating->store->dialect, now, beside);
	builder_add_string(sql, "INSERT INTO ");
	sql_name(sql, beside);
	builder_add_string(sql, "(_tenant");
	for (uint32_t i = 0; i < now->fields.count; i++) {
		builder_add_char(sql, ',');
		sql_name(sql, now->fields.items[i].name);
	}
	builder_add_string(sql, ") SELECT _tenant");
	for (uint32_t i = 0; i < now->fields.count; i++) {
		builder_add_char(sql, ',');
		copied_column(sql, migrating->store->dialect, layout_field(old, now->fields.items[i].name),
			      &now->fields.items[i]);
	}
	builder_add_string(sql, " FROM ");
	sql_name(sql, now->name);
	builder_add_string(sql, ";DROP TABLE ");
	sql_name(sql, now->name);
	builder_add_string(sql, ";ALTER TABLE ");
	sql_name(sql, beside);
	builder_add_string(sql, " RENAME TO ");
	sql_name(sql, now->name);
	builder_add_char(sql, ';');
}

static void field_changes_note(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	for (uint32_t i = 0; i < now->fields.count; i++) {
		const struct layout_field *is = &now->fields.items[i], *was = layout_field(old, is->name);
		if (!was)
			builder_format(&migrating->changes, "add %.*s.%.*s %.*s%s\n", TEXT_ARGS(now->name), TEXT_ARGS(is->name),
				       TEXT_ARGS(is->type),
				       is->computed_default ? " (older rows stay without: its default is no constant)" : "");
		else if (!text_equal(was->type, is->type))
			builder_format(&migrating->changes, "change %.*s.%.*s from %.*s to %.*s\n", TEXT_ARGS(now->name),
				       TEXT_ARGS(is->name), TEXT_ARGS(was->type), TEXT_ARGS(is->type));
		else if (!text_equal(was->values, is->values))
			builder_format(&migrating->changes, "change the values of %.*s.%.*s\n", TEXT_ARGS(now->name),
				       TEXT_ARGS(is->name));
		else if (was->required != is->required)
			builder_format(&migrating->changes, "make %.*s.%.*s %s\n", TEXT_ARGS(now->name), TEXT_ARGS(is->name),
				       is->required ? "required" : "optional");
	}
	for (uint32_t i = 0; i < old->fields.count; i++)
		if (!layout_field(now, old->fields.items[i].name))
			builder_format(&migrating->changes, "drop %.*s.%.*s\n", TEXT_ARGS(now->name),
				       TEXT_ARGS(old->fields.items[i].name));
}

/* --- rows of those who get the new packs */
/* A field that their packs did not have, or did not demand, gets its default. */
static bool is_filled(const struct migrating *migrating, const struct layout_field *field, struct text entity)
{
	const struct layout *before = migrating->sharing ? migrating->sharing->before : NULL;
	const struct layout_entity *known = before ? layout_entity(before, entity) : NULL;
	const struct layout_field *was = known ? layout_field(known, field->name) : NULL;

	return field->fill.length && (!was || (field->required && !was->required));
}

static bool rows_change(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	const struct layout_entity *mine = layout_entity(&migrating->mine, now->name);

	for (uint32_t i = 0; i < migrating->row_changes.count; i++)
		if (text_equal(migrating->row_changes.items[i].entity, now->name))
			return true;
	for (uint32_t i = 0; migrating->sharing && mine && i < mine->fields.count; i++)
		if (is_filled(migrating, &mine->fields.items[i], now->name) && old)
			return true;
	return false;
}

static void row_changes_add(struct migrating *migrating, struct text_builder *sql, const struct layout_entity *old,
			    const struct layout_entity *now)
{
	const struct layout_entity *mine = layout_entity(&migrating->mine, now->name);

	for (uint32_t i = 0; i < migrating->row_changes.count; i++)
		if (text_equal(migrating->row_changes.items[i].entity, now->name))
			builder_add(sql, migrating->row_changes.items[i].sql);
	for (uint32_t i = 0; migrating->sharing && old && mine && i < mine->fields.count; i++) {
		const struct layout_field *field = &mine->fields.items[i];
		if (!is_filled(migrating, field, now->name))
			continue;
		builder_add_string(sql, "UPDATE ");
		sql_name(sql, now->name);
		builder_add_string(sql, " SET ");
		sql_name(sql, field->name);
		builder_format(sql, "=%.*s WHERE ", TEXT_ARGS(field->fill));
		struct text_builder empty = {.arena = migrating->arena};
		sql_name(&empty, field->name);
		builder_add_string(&empty, " IS NULL");
		builder_format(sql, "%.*s;", TEXT_ARGS(of_mine(migrating, builder_text(&empty))));
	}
}

static enum status table_fit(struct migrating *migrating, struct layout_entity *old, const struct layout_entity *now)
{
	struct text_builder sql = {.arena = migrating->arena};
	enum status status = OK;

	if (!old) {
		sql_create_table(&sql, migrating->store->dialect, now, now->name);
		builder_format(&migrating->changes, "add %.*s\n", TEXT_ARGS(now->name));
	} else {
		field_changes_note(migrating, old, now);
		status = indexes_drop(migrating, old);
		if (!columns_equal(old, now))
			table_rebuild(migrating, &sql, old, now);
	}
	row_changes_add(migrating, &sql, old, now);
	for (uint32_t i = 0; i < now->indexes.count; i++)
		sql_create_index(&sql, now, &now->indexes.items[i]);
	sql_create_seal(&sql, migrating->store->dialect, now);
	return status == OK ? migrating_execute(migrating, &sql) : status;
}

static bool looks_equal(struct arena *arena, const struct layout_entity *a, const struct layout_entity *b)
{
	struct layout one = {0}, two = {0};

	*list_add(arena, &one.entities) = *a;
	*list_add(arena, &two.entities) = *b;
	return text_equal(layout_to_json(arena, &one), layout_to_json(arena, &two));
}

enum status tables_fit(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t i = 0; i < migrating->old.entities.count && status == OK; i++) {
		struct text_builder sql = {.arena = migrating->arena};
		struct layout_entity *old = &migrating->old.entities.items[i];
		if (layout_entity(&migrating->now, old->name))
			continue;
		builder_add_string(&sql, "DROP TABLE ");
		sql_name(&sql, old->name);
		builder_format(&migrating->changes, "drop %.*s\n", TEXT_ARGS(old->name));
		status = migrating_execute(migrating, &sql);
	}
	for (uint32_t i = 0; i < migrating->now.entities.count && status == OK; i++) {
		const struct layout_entity *now = &migrating->now.entities.items[i];
		struct layout_entity *old = layout_entity(&migrating->old, now->name);
		if (!old || !looks_equal(migrating->arena, old, now) || rows_change(migrating, old, now))
			status = table_fit(migrating, old, now);
	}
	return status;
}

bool tables_change(struct migrating *migrating)
{
	bool change = !text_equal(layout_to_json(migrating->arena, &migrating->old),
				  layout_to_json(migrating->arena, &migrating->now));

	for (uint32_t i = 0; i < migrating->now.entities.count && !change; i++) {
		const struct layout_entity *now = &migrating->now.entities.items[i];
		change = rows_change(migrating, layout_entity(&migrating->old, now->name), now);
	}
	return change;
}
