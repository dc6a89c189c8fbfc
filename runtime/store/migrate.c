/* Makes the tables fit a schema. What only adds is done at once; what would lose something is refused, all of it in one answer,
 * with the `migration` block that would allow it. One transaction: after a refusal or a failure nothing has changed. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

struct migrating {
	struct store *store;
	const struct program *program;
	struct arena *arena;
	struct layout old, now;
	struct text_builder changes; /* a line each */
	struct text_builder refused; /* sentences */
	struct text_builder block;   /* items of the migration to write */
	struct error *error;
};

static enum status layout_read(struct migrating *migrating, struct text *json_out) MUST_CHECK;
static enum status migrate(struct migrating *migrating, struct text json) MUST_CHECK;
static enum status steps_run(struct migrating *migrating) MUST_CHECK;
static enum status fit_check(struct migrating *migrating) MUST_CHECK;
static enum status refuse(struct migrating *migrating);
static enum status tables_fit(struct migrating *migrating) MUST_CHECK;
static enum status references_check(struct migrating *migrating) MUST_CHECK;
static enum status references_add(struct migrating *migrating) MUST_CHECK;
static void access_build(struct store *store, const struct program *program);

enum status store_migrate(struct store *store, const struct program *program, struct arena *arena, struct text *changes_out,
			  struct error *error)
{
	struct migrating migrating = {.store = store, .program = program, .arena = arena, .error = error};
	struct text json = {0};

	CHECK(store->depth == 0);
	store_forget(store);
	migrating.changes.arena = migrating.refused.arena = migrating.block.arena = arena;
	enum status status = store_create_own_tables(store, error);
	if (status == OK)
		status = layout_read(&migrating, &json);
	if (status != OK)
		return status;
	layout_from_schema(arena, &program->schema, store->dialect, &migrating.now);
	struct text wanted = layout_to_json(arena, &migrating.now);
	bool fits = text_equal(json, wanted);
	if (!fits)
		status = migrate(&migrating, wanted);
	/* what is due is looked for in all tenants at once, so this one index does not begin with the tenant */
	if (status == OK)
		status = database_execute(store->database, "CREATE INDEX IF NOT EXISTS _timer_due ON timer(due_at)", error);
	if (status == OK && !fits)
		status = database_execute(store->database, store->dialect->statistics, error);
	if (status != OK)
		return status;
	access_build(store, program);
	if (changes_out)
		*changes_out = builder_text(&migrating.changes);
	return OK;
}

static void access_build(struct store *store, const struct program *program)
{
	store_forget(store);
	store->program = program;
	store->access_count = program->schema.entity_count;
	store->access = arena_array(&store->schema, struct entity_access, program->schema.entity_count);
	for (uint32_t i = 0; i < program->schema.entity_count; i++)
		store->access[i].updates = map_in(&store->schema);
}

static enum status migrate(struct migrating *migrating, struct text json)
{
	struct store *store = migrating->store;
	struct statement *statement;
	/* tables are made anew and renamed: references are checked once, at the end */
	enum status status = database_check_references(store->database, false, migrating->error);

	if (status == OK)
		status = store_begin(store, migrating->error);
	if (status != OK)
		return status;
	status = database_execute(store->database, store->dialect->references_drop, migrating->error);
	if (status == OK)
		status = steps_run(migrating);
	if (status == OK)
		status = fit_check(migrating);
	if (status == OK)
		status = tables_fit(migrating);
	if (status == OK)
		status = *store->dialect->references_inline ? references_check(migrating) : references_add(migrating);
	if (status == OK)
		status = store_statement(store,
					 "INSERT INTO _meta(name,value) VALUES('layout',?1) "
					 "ON CONFLICT(name) DO UPDATE SET value=excluded.value",
					 &statement, migrating->error);
	if (status == OK) {
		statement_bind(statement, 1, sql_text(json));
		status = statement_run(statement, migrating->error);
	}
	if (status == OK)
		status = store_commit(store, migrating->error);
	else
		store_rollback(store);
	struct error ignored;
	enum status again = database_check_references(store->database, true, status == OK ? migrating->error : &ignored);
	return status == OK ? again : status;
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

static enum status run(struct migrating *migrating, struct text_builder *sql)
{
	return database_execute(migrating->store->database, builder_text(sql).bytes, migrating->error);
}

/* `count_out`: the first column of the first row, or 0. */
static enum status count(struct migrating *migrating, struct text_builder *sql, int64_t *count_out)
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

/* Rows of the old table for which the condition holds; an empty one: all. */
static enum status count_where(struct migrating *migrating, struct text table, struct text condition, int64_t *count_out)
{
	struct text_builder sql = {.arena = migrating->arena};

	builder_add_string(&sql, "SELECT count(*) FROM ");
	sql_name(&sql, table);
	if (condition.length)
		builder_format(&sql, " WHERE %.*s", TEXT_ARGS(condition));
	return count(migrating, &sql, count_out);
}

static struct text is_set(struct migrating *migrating, struct text column, bool set)
{
	struct text_builder sql = {.arena = migrating->arena};

	sql_name(&sql, column);
	builder_add_string(&sql, set ? " IS NOT NULL" : " IS NULL");
	return builder_text(&sql);
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
			status = run(migrating, &sql);
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
static enum status indexes_drop(struct migrating *migrating, struct layout_entity *entity)
{
	struct text_builder sql = {.arena = migrating->arena};

	for (uint32_t i = 0; i < entity->indexes.count; i++) {
		builder_add_string(&sql, "DROP INDEX ");
		sql_name(&sql, entity->indexes.items[i].name);
		builder_add_char(&sql, ';');
	}
	for (int i = 0; i < 2 && entity->seal.length; i++) {
		builder_add_string(&sql, "DROP TRIGGER ");
		sql_name(&sql, text_format(migrating->arena, "seal %.*s %s", TEXT_ARGS(entity->name), i ? "DELETE" : "UPDATE"));
		if (*migrating->store->dialect->trigger_on) {
			builder_add_string(&sql, migrating->store->dialect->trigger_on);
			sql_name(&sql, entity->name);
		}
		builder_add_char(&sql, ';');
	}
	entity->indexes.count = 0;
	entity->seal = TEXT("");
	return run(migrating, &sql);
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
	return run(migrating, &sql);
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
	return status == OK ? run(migrating, &sql) : status;
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
			if (step->field.length ? !layout_field(entity, step->to) : !layout_entity(&migrating->old, step->to))
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

/* --- what would be lost */
static void complain(struct migrating *migrating, struct text sentence, struct text item)
{
	builder_add_string(&migrating->refused, migrating->refused.length ? "; " : "");
	builder_add(&migrating->refused, sentence);
	if (item.length)
		builder_format(&migrating->block, "%s%.*s", migrating->block.length ? "; " : "", TEXT_ARGS(item));
}

#define SAY(...) text_format(migrating->arena, __VA_ARGS__)

/* The same columns hold both, or the old one's text becomes the new one's without loss. */
static bool type_fits(struct text old, struct text now)
{
	if (text_equal(old, now) || (text_is(old, "int") && text_is(now, "decimal")))
		return true;
	/* a record that got more fields: old rows lack them */
	struct text prefix = text_slice(old, 0, old.length ? old.length - 1 : 0);
	return text_starts(old, TEXT("record(")) && text_starts(now, prefix);
}

static enum status values_check(struct migrating *migrating, struct text entity, const struct layout_field *old,
				const struct layout_field *now)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < old->values.length; i++) {
		if (old->values.bytes[i] != ' ')
			continue;
		struct text value = text_slice(old->values, from, i);
		from = i + 1;
		if (text_find(SAY(" %.*s", TEXT_ARGS(now->values)), SAY(" %.*s ", TEXT_ARGS(value))) >= 0)
			continue;
		struct text_builder where = {.arena = migrating->arena};
		int64_t rows;
		bool plain = text_is(old->type, "enum");
		if (!plain)
			builder_format(&where, "%s(", migrating->store->dialect->position);
		sql_name(&where, old->name);
		builder_add_char(&where, plain ? '=' : ',');
		sql_literal(&where, plain ? value : SAY("\"%.*s\"", TEXT_ARGS(value)));
		builder_add_string(&where, plain ? "" : ")>0");
		enum status status = count_where(migrating, entity, builder_text(&where), &rows);
		if (status != OK)
			return status;
		if (rows)
			complain(migrating,
				 SAY("the value `%.*s` of %.*s.%.*s is gone, but %lld rows hold it", TEXT_ARGS(value),
				     TEXT_ARGS(entity), TEXT_ARGS(now->name), (long long)rows),
				 SAY("update %.*s.%.*s = NEW where %.*s.%.*s == %.*s", TEXT_ARGS(entity), TEXT_ARGS(now->name),
				     TEXT_ARGS(entity), TEXT_ARGS(now->name), TEXT_ARGS(value)));
	}
	return OK;
}

static enum status required_check(struct migrating *migrating, struct text entity, bool is_new, const struct layout_field *now)
{
	int64_t rows;
	struct text empty = is_new ? TEXT("") : is_set(migrating, now->name, false);

	if (!now->required || now->fill.length)
		return OK;
	enum status status = count_where(migrating, entity, empty, &rows);
	if (status == OK && rows)
		complain(migrating,
			 SAY("%.*s.%.*s is %srequired, but %lld rows have no value for it: give it a constant `default`, or "
			     "leave "
			     "`required` away until they have one",
			     TEXT_ARGS(entity), TEXT_ARGS(now->name), is_new ? "new and " : "", (long long)rows),
			 TEXT(""));
	return status;
}

static enum status gone_check(struct migrating *migrating, struct text entity, const struct layout_field *old,
			      const struct layout_field *now)
{
	int64_t rows;
	enum status status = count_where(migrating, entity, is_set(migrating, old->name, true), &rows);

	if (status != OK || !rows || old->dropped)
		return status;
	struct text name = SAY("%.*s.%.*s", TEXT_ARGS(entity), TEXT_ARGS(old->name));
	if (now)
		complain(migrating,
			 SAY("%.*s was %.*s and is now %.*s; %lld rows hold values of the old type: give the new field another "
			     "name, then "
			     "rename or drop the old one",
			     TEXT_ARGS(name), TEXT_ARGS(old->type), TEXT_ARGS(now->type), (long long)rows),
			 SAY("drop %.*s", TEXT_ARGS(name)));
	else
		complain(migrating,
			 SAY("the field %.*s is gone, but %lld rows hold a value in it", TEXT_ARGS(name), (long long)rows),
			 SAY("rename %.*s to NEW   # or: drop %.*s", TEXT_ARGS(name), TEXT_ARGS(name)));
	return OK;
}

/* "unique thing: a b" names a and b. */
static bool index_names(struct text index, struct text field)
{
	uint32_t from = (uint32_t)text_find(index, TEXT(": ")) + 2;

	for (uint32_t i = from; i <= index.length; i++) {
		if (i < index.length && index.bytes[i] != ' ')
			continue;
		if (text_equal(text_slice(index, from, i), field))
			return true;
		from = i + 1;
	}
	return false;
}

static bool columns_exist(const struct layout_entity *old, const struct layout_entity *now, const struct layout_index *index)
{
	for (uint32_t i = 0; i < now->fields.count; i++) {
		struct text name = now->fields.items[i].name;
		if (index_names(index->name, name) && !layout_field(old, name))
			return false;
	}
	return true;
}

static enum status doubles_check(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	for (uint32_t i = 0; i < now->indexes.count; i++) {
		const struct layout_index *index = &now->indexes.items[i];
		struct text_builder sql = {.arena = migrating->arena};
		int64_t doubles;
		/* over a field that is only now added, all rows are without a value */
		if (!index->unique || layout_index(old, index->name) || !columns_exist(old, now, index))
			continue;
		builder_add_string(&sql, "SELECT count(*) FROM ");
		sql_name(&sql, now->name);
		builder_format(&sql, " WHERE %.*s GROUP BY _tenant,%.*s HAVING count(*)>1", TEXT_ARGS(index->filled),
			       TEXT_ARGS(index->columns));
		enum status status = count(migrating, &sql, &doubles);
		if (status != OK)
			return status;
		if (doubles)
			complain(migrating,
				 SAY("`%.*s` can not be made: %lld rows have the same values; make them different first",
				     TEXT_ARGS(index->name), (long long)doubles),
				 TEXT(""));
	}
	return OK;
}

static enum status entity_check(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	enum status status = OK;

	for (uint32_t i = 0; i < old->fields.count && status == OK; i++) {
		const struct layout_field *was = &old->fields.items[i], *is = layout_field(now, was->name);
		if (!is || !type_fits(was->type, is->type))
			status = gone_check(migrating, old->name, was, is);
		else
			status = values_check(migrating, old->name, was, is);
	}
	for (uint32_t i = 0; i < now->fields.count && status == OK; i++) {
		const struct layout_field *is = &now->fields.items[i], *was = layout_field(old, is->name);
		if (!was || !was->required)
			status = required_check(migrating, old->name, !was || !type_fits(was->type, is->type), is);
	}
	return status == OK ? doubles_check(migrating, old, now) : status;
}

static enum status fit_check(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t i = 0; i < migrating->old.entities.count && status == OK; i++) {
		const struct layout_entity *old = &migrating->old.entities.items[i];
		const struct layout_entity *now = layout_entity(&migrating->now, old->name);
		int64_t rows;
		if (now) {
			status = entity_check(migrating, old, now);
			continue;
		}
		status = count_where(migrating, old->name, TEXT(""), &rows);
		if (status == OK && rows && !old->dropped)
			complain(migrating,
				 SAY("the entity %.*s is gone, but has %lld rows", TEXT_ARGS(old->name), (long long)rows),
				 SAY("rename %.*s to NEW   # or: drop %.*s", TEXT_ARGS(old->name), TEXT_ARGS(old->name)));
	}
	return status == OK && migrating->refused.length ? refuse(migrating) : status;
}

static enum status refuse(struct migrating *migrating)
{
	struct text refused = builder_text(&migrating->refused), block = builder_text(&migrating->block);

	if (!block.length)
		return error_set(migrating->error, INVALID, "the stored data does not fit this pack: %.*s", TEXT_ARGS(refused));
	return error_set(
		migrating->error, INVALID,
		"the stored data does not fit this pack: %.*s; say what shall become of it: migration \"%.*s\" { %.*s }",
		TEXT_ARGS(refused), TEXT_ARGS(migrating->program->version), TEXT_ARGS(block));
}

/* --- doing it */
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
	bool kept = was && type_fits(was->type, is->type);

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
	for (uint32_t i = 0; i < now->indexes.count; i++)
		sql_create_index(&sql, now, &now->indexes.items[i]);
	sql_create_seal(&sql, migrating->store->dialect, now);
	return status == OK ? run(migrating, &sql) : status;
}

static bool looks_equal(struct arena *arena, const struct layout_entity *a, const struct layout_entity *b)
{
	struct layout one = {0}, two = {0};

	*list_add(arena, &one.entities) = *a;
	*list_add(arena, &two.entities) = *b;
	return text_equal(layout_to_json(arena, &one), layout_to_json(arena, &two));
}

static enum status tables_fit(struct migrating *migrating)
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
		status = run(migrating, &sql);
	}
	for (uint32_t i = 0; i < migrating->now.entities.count && status == OK; i++) {
		const struct layout_entity *now = &migrating->now.entities.items[i];
		struct layout_entity *old = layout_entity(&migrating->old, now->name);
		if (!old || !looks_equal(migrating->arena, old, now))
			status = table_fit(migrating, old, now);
	}
	return status;
}
