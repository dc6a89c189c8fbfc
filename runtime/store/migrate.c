/* Makes the tables fit a schema. What only adds is done at once; what would lose something is refused, all of it in one answer,
 * with the `migration` block that would allow it. One transaction: after a refusal or a failure nothing has changed. */
#include "runtime/store/migrating.h"

#include <stdlib.h>

#include "engine/base/check.h"

static enum status layout_read(struct migrating *migrating, struct text *json_out) MUST_CHECK;
static enum status steps_run(struct migrating *migrating) MUST_CHECK;
static enum status references_check(struct migrating *migrating) MUST_CHECK;
static enum status references_add(struct migrating *migrating) MUST_CHECK;
static enum status layout_note(struct migrating *migrating, struct text json) MUST_CHECK;

void migrating_begin(struct migrating *migrating)
{
	migrating->changes.arena = migrating->refused.arena = migrating->block.arena = migrating->arena;
	layout_from_schema(migrating->arena, &migrating->program->schema, migrating->store->dialect, &migrating->mine);
}

/* A store that fits already is not written to: every process that opens it asks. */
static enum status fits(struct migrating *migrating, bool *fits_out)
{
	struct text json = {0};
	enum status status = layout_read(migrating, &json);

	*fits_out = status == OK && text_equal(json, layout_to_json(migrating->arena, &migrating->mine));
	return status;
}

static enum status migrate_alone(struct migrating *migrating)
{
	struct store *store = migrating->store;
	/* tables are made anew and renamed: references are checked once, at the end */
	enum status status = database_check_references(store->database, false, migrating->error);

	if (status == OK)
		status = store_begin(store, migrating->error);
	if (status != OK)
		return status;
	status = migrating_run(migrating);
	status = store_end(store, status, migrating->error);
	struct error ignored;
	enum status again = database_check_references(store->database, true, status == OK ? migrating->error : &ignored);
	return status == OK ? again : status;
}

enum status store_migrate(struct store *store, const struct program *program, struct arena *arena, struct text *changes_out,
			  struct error *error)
{
	struct migrating migrating = {.store = store, .program = program, .arena = arena, .error = error};
	bool fit = false;

	CHECK(store->depth == 0);
	store_forget(store);
	migrating_begin(&migrating);
	enum status status = store_create_own_tables(store, error);
	if (status == OK)
		status = fits(&migrating, &fit);
	if (status == OK && !fit)
		status = migrate_alone(&migrating);
	if (status != OK)
		return status;
	store_forget(store);
	store_use_program(store, program);
	if (changes_out)
		*changes_out = builder_text(&migrating.changes);
	return OK;
}

enum status migrating_run(struct migrating *migrating)
{
	struct store *store = migrating->store;
	struct text before = {0};
	enum status status = layout_read(migrating, &before);

	if (status == OK)
		status = steps_run(migrating);
	if (status == OK)
		status = layouts_unite(migrating);
	if (status == OK)
		status = fit_check(migrating);
	if (status == OK)
		status = orphans_keep(migrating);
	if (status != OK || !tables_change(migrating))
		return status;
	status = database_execute(store->database, store->dialect->references_drop, migrating->error);
	if (status == OK)
		status = tables_fit(migrating);
	if (status == OK)
		status = *store->dialect->references_inline ? references_check(migrating) : references_add(migrating);
	if (status == OK)
		status = database_execute(store->database, store->dialect->guard, migrating->error);
	struct text after = layout_to_json(migrating->arena, &migrating->now);
	return status == OK ? layout_note(migrating, after) : status;
}

static enum status layout_note(struct migrating *migrating, struct text json)
{
	struct store *store = migrating->store;
	struct statement *statement;
	enum status status = store_statement(store,
					     "INSERT INTO _meta(name,value) VALUES('layout',?1) "
					     "ON CONFLICT(name) DO UPDATE SET value=excluded.value",
					     &statement, migrating->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_text(json));
	status = statement_run(statement, migrating->error);
	/* What is due is looked for in all tenants at once, so this one index does not begin with the tenant. It goes by id as
	 * well, as the question does: of many that are due in one second the first few hundred are then read, and not all of
	 * them. */
	if (status == OK)
		status = database_execute(store->database,
					  "DROP INDEX IF EXISTS _timer_due;"
					  "CREATE INDEX IF NOT EXISTS _timer_order ON timer(due_at,id);",
					  migrating->error);
	return status == OK ? database_execute(store->database, store->dialect->statistics, migrating->error) : status;
}

/* --- asking */
static enum status layout_read(struct migrating *migrating, struct text *json_out)
{
	struct statement *statement;
	bool row;
	enum status status =
		store_statement(migrating->store, "SELECT value FROM _meta WHERE name='layout'", &statement, migrating->error);

	if (status == OK)
		status = statement_step(statement, &row, migrating->error);
	if (status != OK)
		return status;
	if (row)
		*json_out = text_copy(migrating->arena, statement_column(statement, 0).text);
	statement_reset(statement);
	return row ? layout_from_json(migrating->arena, *json_out, &migrating->old, migrating->error) : OK;
}

enum status migrating_execute(struct migrating *migrating, struct text_builder *sql)
{
	return database_execute(migrating->store->database, builder_text(sql).bytes, migrating->error);
}

enum status migrating_count(struct migrating *migrating, struct text_builder *sql, int64_t *count_out)
{
	struct statement *statement;
	bool row;
	enum status status = store_prepare(migrating->store, sql, &statement, migrating->error);

	*count_out = 0;
	if (status != OK)
		return status;
	status = statement_step(statement, &row, migrating->error);
	if (status == OK && row)
		*count_out = statement_column(statement, 0).integer;
	statement_close(statement);
	return status;
}

struct text of_mine(struct migrating *migrating, struct text condition)
{
	const struct sharing *sharing = migrating->sharing;

	if (!sharing || !sharing->tenants.length)
		return condition;
	struct text mine = SAY("_tenant%.*s", TEXT_ARGS(sharing->tenants));
	return condition.length ? SAY("(%.*s) AND %.*s", TEXT_ARGS(condition), TEXT_ARGS(mine)) : mine;
}

static enum status references_broken(struct migrating *migrating, struct text from, struct text to)
{
	return error_set(migrating->error, INVALID,
			 "rows of `%.*s` refer to rows of `%.*s` that would be gone after the migration; nothing was changed",
			 TEXT_ARGS(from), TEXT_ARGS(to));
}

static enum status references_check(struct migrating *migrating)
{
	struct text_builder sql = {.arena = migrating->arena};
	struct statement *statement;
	bool row;

	builder_add_string(&sql, migrating->store->dialect->find_broken_references);
	enum status status = store_prepare(migrating->store, &sql, &statement, migrating->error);
	if (status != OK)
		return status;
	status = statement_step(statement, &row, migrating->error);
	if (status == OK && row) {
		struct sql_value from = statement_column(statement, 0), to = statement_column(statement, 2);
		status = references_broken(migrating, from.text, to.text);
	}
	statement_close(statement);
	return status;
}

/* Where they do not stand in the tables: one at a time, so that the sentence knows which. */
static enum status references_add(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t e = 0; e < migrating->now.entities.count && status == OK; e++) {
		struct layout_entity *entity = &migrating->now.entities.items[e];
		for (uint32_t f = FIELD_FIRST_OWN; f < entity->fields.count && status == OK; f++) {
			const struct layout_field *field = &entity->fields.items[f];
			struct text_builder sql = {.arena = migrating->arena};
			if (!text_starts(field->type, TEXT("ref ")))
				continue;
			sql_add_reference(&sql, entity, field);
			status = migrating_execute(migrating, &sql);
			if (status == CONFLICT)
				status = references_broken(migrating, entity->name,
							   text_slice(field->type, 4, field->type.length));
		}
	}
	return status;
}
/* --- the migration blocks of the pack */
static void rename_in_types(struct migrating *migrating, struct text from, struct text to)
{
	for (uint32_t e = 0; e < migrating->old.entities.count; e++) {
		struct layout_entity *entity = &migrating->old.entities.items[e];
		for (uint32_t f = 0; f < entity->fields.count; f++) {
			struct text type = entity->fields.items[f].type,
				    ref = text_format(migrating->arena, "ref %.*s", TEXT_ARGS(from));
			if (text_ends(type, ref) &&
			    (type.length == ref.length || type.bytes[type.length - ref.length - 1] == ' '))
				entity->fields.items[f].type =
					text_format(migrating->arena, "%.*sref %.*s", (int)(type.length - ref.length),
						    type.bytes, TEXT_ARGS(to));
		}
	}
}

/* Indexes carry the entity's and the field's name in theirs: they are made anew. */
enum status indexes_drop(struct migrating *migrating, struct layout_entity *entity)
{
	struct text_builder sql = {.arena = migrating->arena};
	const struct dialect *dialect = migrating->store->dialect;

	for (uint32_t i = 0; i < entity->indexes.count; i++) {
		builder_add_string(&sql, "DROP INDEX ");
		sql_name(&sql, entity->indexes.items[i].name);
		builder_add_char(&sql, ';');
	}
	const char *action;
	for (uint32_t i = 0; entity->seal.length && (action = sql_seal_action(dialect, i)); i++) {
		builder_add_string(&sql, "DROP TRIGGER IF EXISTS ");
		sql_name(&sql, text_format(migrating->arena, "seal %.*s %s", TEXT_ARGS(entity->name), action));
		if (*dialect->trigger_on) {
			builder_add_string(&sql, dialect->trigger_on);
			sql_name(&sql, entity->name);
		}
		builder_add_char(&sql, ';');
	}
	entity->indexes.count = 0;
	entity->seal = TEXT("");
	return migrating_execute(migrating, &sql);
}

static enum status rename_run(struct migrating *migrating, const struct migration *step, struct layout_entity *entity,
			      struct layout_field *field)
{
	struct text_builder sql = {.arena = migrating->arena};
	enum status status = indexes_drop(migrating, entity);

	if (status != OK)
		return status;
	builder_add_string(&sql, "ALTER TABLE ");
	sql_name(&sql, entity->name);
	builder_add_string(&sql, " RENAME ");
	if (field) {
		builder_add_string(&sql, "COLUMN ");
		sql_name(&sql, field->name);
		builder_add_char(&sql, ' ');
		field->name = step->to;
	} else {
		rename_in_types(migrating, entity->name, step->to);
		entity->name = step->to;
	}
	builder_add_string(&sql, "TO ");
	sql_name(&sql, step->to);
	builder_format(&migrating->changes, "rename %.*s%s%.*s to %.*s\n", TEXT_ARGS(step->entity), field ? "." : "",
		       TEXT_ARGS(step->field), TEXT_ARGS(step->to));
	return migrating_execute(migrating, &sql);
}

static enum status update_run(struct migrating *migrating, const struct migration *step, struct layout_entity *entity)
{
	struct text_builder sql = {.arena = migrating->arena};
	enum status status = indexes_drop(migrating, entity); /* a seal must not stop it, a unique index not half-way */

	builder_add_string(&sql, "UPDATE ");
	sql_name(&sql, entity->name);
	builder_add_string(&sql, " SET ");
	sql_name(&sql, step->field);
	builder_add_char(&sql, '=');
	sql_literal(&sql, step->to);
	builder_add_string(&sql, " WHERE ");
	sql_name(&sql, step->field);
	builder_add_char(&sql, '=');
	sql_literal(&sql, step->from);
	struct text mine = of_mine(migrating, TEXT(""));
	builder_format(&sql, "%s%.*s", mine.length ? " AND " : "", TEXT_ARGS(mine));
	return status == OK ? migrating_execute(migrating, &sql) : status;
}

/* Others have it under its old name, or somebody under its new one already. */
static bool is_beside(const struct migrating *migrating, const struct migration *step, const struct layout_entity *entity,
		      const struct layout_field *field)
{
	return migrating->sharing &&
	       (others_know(migrating, step->entity, step->field) || (field && layout_field(entity, step->to)));
}

static bool did_it_before(const struct migrating *migrating, const struct migration *step)
{
	const struct layout *before = migrating->sharing->before;

	return before && !layout_field(layout_entity(before, step->entity), step->field);
}

/* Others go on calling it by its old name: what the tenants of the new packs have in it is moved to the new one, once that is
 * there.
 */
static enum status renamed_beside(struct migrating *migrating, const struct migration *step, struct layout_entity *entity,
				  struct layout_field *field)
{
	struct text_builder sql = {.arena = migrating->arena}, set = {.arena = migrating->arena};

	if (!field)
		return error_set(
			migrating->error, INVALID,
			"%.*s can not be renamed to %.*s, for packs of other tenants have it under its old name; they have "
			"to be renamed with it",
			TEXT_ARGS(step->entity), TEXT_ARGS(step->to));
	if (did_it_before(migrating, step))
		return OK;
	if (unfinished_know(migrating, step->entity, step->field))
		return error_set(
			migrating->error, INVALID,
			"%.*s.%.*s can not be renamed yet, for workflows still run that began under its old name; let them "
			"end (`stellwerk held list` shows those that wait for a person)",
			TEXT_ARGS(step->entity), TEXT_ARGS(step->field));
	sql_name(&set, step->field);
	builder_add_string(&set, " IS NOT NULL");
	builder_add_string(&sql, "UPDATE ");
	sql_name(&sql, entity->name);
	builder_add_string(&sql, " SET ");
	sql_name(&sql, step->to);
	builder_add_char(&sql, '=');
	sql_name(&sql, step->field);
	builder_add_char(&sql, ',');
	sql_name(&sql, step->field);
	builder_format(&sql, "=NULL WHERE %.*s;", TEXT_ARGS(of_mine(migrating, builder_text(&set))));
	field->moved = true;
	builder_format(&migrating->changes, "rename %.*s.%.*s to %.*s\n", TEXT_ARGS(step->entity), TEXT_ARGS(step->field),
		       TEXT_ARGS(step->to));
	if (!layout_field(entity, step->to)) { /* it has to come first */
		*list_add(migrating->arena, &migrating->row_changes) = (struct row_change){entity->name, builder_text(&sql)};
		return OK;
	}
	enum status status = indexes_drop(migrating, entity);
	return status == OK ? migrating_execute(migrating, &sql) : status;
}

/* Each step does what is left to do: a rename whose old name is still there, a drop of what the new schema lacks. */
static enum status steps_run(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t i = 0; i < migrating->program->migration_count && status == OK; i++) {
		const struct migration *step = &migrating->program->migrations[i];
		struct layout_entity *entity = layout_entity(&migrating->old, step->entity);
		struct layout_field *field = step->field.length ? layout_field(entity, step->field) : NULL;
		if (!entity || (step->field.length && !field))
			continue;
		switch (step->kind) {
		case MIGRATION_RENAME:
			if (is_beside(migrating, step, entity, field))
				status = renamed_beside(migrating, step, entity, field);
			else if (step->field.length ? !layout_field(entity, step->to)
						    : !layout_entity(&migrating->old, step->to))
				status = rename_run(migrating, step, entity, field);
			break;
		case MIGRATION_UPDATE:
			if (field)
				status = update_run(migrating, step, entity);
			break;
		case MIGRATION_DROP:
			*(field ? &field->dropped : &entity->dropped) = true;
			break;
		}
	}
	return status;
}
