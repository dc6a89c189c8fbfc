/* Applies a plan: rows, their history, the keys of events that happened. Runs inside the caller's transaction and leaves it to
 * him to roll back: nothing here tries to repair. History is append only and written with the change it tells of. */
#include "engine/base/check.h"
#include "engine/base/json.h"
#include "engine/model/system.h"
#include "runtime/store/inside.h"

static enum status row_delete(struct store *store, const struct change *change, struct error *error) MUST_CHECK;
static enum status change_apply(struct store *store, const struct change *change, struct error *error) MUST_CHECK;
static enum status owned_delete(struct store *store, const struct change *change, struct error *error) MUST_CHECK;
static enum status events_remember(struct store *store, const struct plan *plan, struct error *error) MUST_CHECK;

static enum status changes_apply(struct store *store, const struct plan *plan, struct error *error)
{
	enum status status = OK;

	/* out of the way of those that take its unique values; its own change puts it back */
	for (uint32_t i = 0; i < plan->changes.count && status == OK; i++)
		if (plan->changes.items[i]->steps_aside)
			status = row_delete(store, plan->changes.items[i], error);
	for (uint32_t i = 0; i < plan->changes.count && status == OK; i++) {
		arena_reset(&store->scratch);
		status = change_apply(store, plan->changes.items[i], error);
	}
	for (uint32_t i = 0; i < plan->changes.count && status == OK; i++)
		if (plan->changes.items[i]->kind == CHANGE_DELETE && plan->changes.items[i]->before)
			status = owned_delete(store, plan->changes.items[i], error);
	return status;
}

/* What a batch can not keep goes past it: all before is written, and what was read is not true any more. */
static enum status changes_apply_now(struct store *store, const struct plan *plan, struct error *error)
{
	enum status status = batch_write(store, error);

	if (status != OK)
		return status;
	store->batch.is_open = false;
	status = changes_apply(store, plan, error);
	store->batch.is_open = true;
	return status;
}

enum status store_apply(struct store *store, const struct plan *plan, struct error *error)
{
	CHECK(store->depth > 0);
	enum status status = !store->batch.is_open || batch_takes(plan) ? changes_apply(store, plan, error)
									: changes_apply_now(store, plan, error);
	if (status == OK)
		status = events_remember(store, plan, error);
	if (status == OK && !store->check_late && database_has_open_references(store->database))
		status = conflict_references(store, plan, error);
	return status;
}

/* --- history */
static bool field_changed(const struct change *change, uint32_t field)
{
	if (change->kind != CHANGE_UPDATE)
		return (change->after ? change->after : change->before)[field].kind != VALUE_MISSING;
	return !change->changed || change->changed[field / 64] >> field % 64 & 1;
}

static struct sql_value side_json(struct arena *arena, const struct change *change, const struct value *values)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	if (!values)
		return sql_null();
	json_open_object(&writer);
	for (uint32_t i = FIELD_FIRST_OWN; i < change->entity->field_count; i++) {
		const struct field *field = &change->entity->fields[i];
		if (field->computed || !field_changed(change, i))
			continue;
		json_write_name(&writer, field->name);
		if (values[i].kind == VALUE_MISSING)
			json_write_null(&writer);
		else if (field->type->kind == TYPE_SECRET)
			json_write_text(&writer, TEXT("•••")); /* that it changed is history, what it is is not */
		else
			value_to_json(&writer, values[i], field->type);
	}
	json_close_object(&writer);
	return sql_text(builder_text(&text));
}

static void history_columns(struct store *store, const struct change *change, struct sql_value columns[HISTORY_COLUMN_COUNT])
{
	static const char *const kinds[] = {"create", "update", "delete"};
	const struct sql_value all[HISTORY_COLUMN_COUNT] = {
		sql_null(), /* its number comes back from the database */
		sql_integer(store->tenant),
		sql_from_id(&store->scratch, change->id),
		sql_integer(store->at),
		sql_text(change->entity->name),
		sql_text(text_from(kinds[change->kind])),
		sql_from_id(&store->scratch, store->event),
		change->rule < store->program->rule_count ? sql_text(store->program->rules[change->rule].name) : sql_null(),
		side_json(&store->scratch, change, change->before),
		side_json(&store->scratch, change, change->after)};

	memcpy(columns, all, sizeof all);
}

enum status store_history_statement(struct store *store, struct statement **statement_out, struct error *error)
{
	return store_statement(store,
			       "INSERT INTO _history(_tenant,record,at,entity,change,event,rule,before,after) "
			       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) RETURNING number",
			       statement_out, error);
}

static enum status history_add(struct store *store, const struct change *change, struct error *error)
{
	struct sql_value columns[HISTORY_COLUMN_COUNT];
	struct statement *statement;
	bool row;

	/* the engine's own bookkeeping (timers, rules' memory) is no history of anything */
	if (change->entity->index < SYSTEM_ENTITY_COUNT)
		return OK;
	history_columns(store, change, columns);
	if (store->batch.is_open) {
		batch_history(store, columns);
		return OK;
	}
	enum status status = store_history_statement(store, &statement, error);
	if (status != OK)
		return status;
	for (uint32_t i = HISTORY_TENANT; i < HISTORY_COLUMN_COUNT; i++)
		statement_bind(statement, i, columns[i]);
	status = statement_step(statement, &row, error);
	if (status == OK) {
		CHECK(row);
		columns[HISTORY_NUMBER] = statement_column(statement, 0);
		chain_add(store, columns);
	}
	statement_reset(statement);
	return status;
}

/* --- statements */
static enum status statement_make(struct store *store, const struct entity *entity, enum change_kind kind,
				  const uint64_t *fields, struct statement **statement_out, struct error *error)
{
	struct text_builder sql = {.arena = &store->scratch};

	if (kind == CHANGE_CREATE)
		sql_insert(&sql, entity);
	else if (kind == CHANGE_UPDATE)
		sql_update(&sql, entity, fields);
	else
		sql_delete(&sql, entity);
	return store_prepare(store, &sql, statement_out, error);
}

enum status store_change_statement(struct store *store, const struct entity *entity, enum change_kind kind,
				   const uint64_t *fields, struct statement **statement_out, struct error *error)
{
	struct entity_access *access = store_access(store, entity);
	struct text key = {(const char *)fields, (uint32_t)((entity->field_count + 63) / 64 * sizeof *fields)};
	struct statement **own = kind == CHANGE_CREATE ? &access->insert : &access->erase;
	enum status status = OK;

	*statement_out = kind == CHANGE_UPDATE ? map_get(&access->updates, key) : *own;
	if (!*statement_out) {
		status = statement_make(store, entity, kind, fields, statement_out, error);
		if (status == OK && kind == CHANGE_UPDATE)
			map_put(&access->updates, text_copy(&store->schema, key), *statement_out);
		else if (status == OK)
			*own = *statement_out;
	}
	return status;
}

/* --- rows */
static int64_t version_of(const struct value *values, int64_t otherwise)
{
	return values && values[FIELD_VERSION].kind == VALUE_INT ? values[FIELD_VERSION].integer : otherwise;
}

struct value row_value(const struct store *store, const struct change *change, uint32_t field)
{
	struct value value = change->after[field];

	switch (field) {
	case FIELD_ID:
		return value_ref(change->entity->index, change->id);
	case FIELD_CREATED_AT:
	case FIELD_UPDATED_AT:
		return value.kind == VALUE_MISSING ? value_time(store->at) : value;
	case FIELD_VERSION: {
		int64_t read = version_of(change->before, 0), wanted = version_of(change->after, 0);
		return value_int(wanted > read ? wanted : read + 1);
	}
	}
	return value;
}

static enum status row_create(struct store *store, const struct change *change, struct error *error)
{
	const struct entity *entity = change->entity;
	struct statement *statement;
	enum status status = store_change_statement(store, entity, CHANGE_CREATE, NULL, &statement, error);
	uint32_t at = 1;

	if (status != OK)
		return status;
	statement_bind(statement, at++, sql_integer(store->tenant));
	for (uint32_t i = 0; i < entity->field_count; i++)
		if (column_kind(&entity->fields[i]) != COLUMN_NONE)
			statement_bind(statement, at++,
				       sql_from_value(&store->scratch, row_value(store, change, i), entity->fields[i].type));
	status = statement_run(statement, error);
	return status == CONFLICT ? conflict_explain(store, entity, change->id, change->after, error) : status;
}

uint64_t *fields_written(struct arena *arena, const struct change *change, uint32_t *words_out)
{
	const struct entity *entity = change->entity;
	uint32_t words = (entity->field_count + 63) / 64;
	uint64_t *fields = arena_array(arena, uint64_t, words);

	for (uint32_t i = FIELD_CREATED_AT; i < entity->field_count; i++)
		if (column_kind(&entity->fields[i]) != COLUMN_NONE &&
		    (change->kind == CHANGE_CREATE || i == FIELD_UPDATED_AT || i == FIELD_VERSION || field_changed(change, i)))
			fields[i / 64] |= 1ull << i % 64;
	*words_out = words;
	return fields;
}

static enum status row_update(struct store *store, const struct change *change, struct error *error)
{
	const struct entity *entity = change->entity;
	struct statement *statement;
	uint32_t words, at = 4;
	const uint64_t *fields = fields_written(&store->scratch, change, &words);
	enum status status = store_change_statement(store, entity, CHANGE_UPDATE, fields, &statement, error);
	int64_t read = version_of(change->before, 0);

	if (status != OK)
		return status;
	store_bind_key(store, statement, change->id);
	statement_bind(statement, 3, read ? sql_integer(read) : sql_null());
	for (uint32_t i = 0; i < entity->field_count; i++)
		if (fields[i / 64] >> i % 64 & 1)
			statement_bind(statement, at++,
				       sql_from_value(&store->scratch, row_value(store, change, i), entity->fields[i].type));
	status = statement_run(statement, error);
	if (status == CONFLICT)
		return conflict_explain(store, entity, change->id, change->after, error);
	if (status == OK && database_changes(store->database) == 0)
		return conflict_version(store, entity, change->id, read, error);
	return status;
}

static enum status row_delete(struct store *store, const struct change *change, struct error *error)
{
	const struct entity *entity = change->entity;
	struct statement *statement;
	int64_t read = version_of(change->before, 0);
	enum status status = store_change_statement(store, entity, CHANGE_DELETE, NULL, &statement, error);

	if (status != OK)
		return status;
	store_bind_key(store, statement, change->id);
	statement_bind(statement, 3, read ? sql_integer(read) : sql_null());
	status = statement_run(statement, error);
	if (status == CONFLICT)
		return conflict_explain(store, entity, change->id, change->before, error);
	if (status == OK && database_changes(store->database) == 0)
		return conflict_version(store, entity, change->id, read, error);
	return status;
}

static enum status change_apply(struct store *store, const struct change *change, struct error *error)
{
	enum status status;

	if (change->kind == CHANGE_DELETE && !change->before)
		return OK; /* made and deleted in one turn */
	if (store->batch.is_open)
		status = batch_change(store, change, error);
	else if (change->kind == CHANGE_CREATE || change->steps_aside)
		status = row_create(store, change, error);
	else if (change->kind == CHANGE_UPDATE)
		status = row_update(store, change, error);
	else
		status = row_delete(store, change, error);
	return status == OK ? history_add(store, change, error) : status;
}

/* --- what belongs to a deleted row goes with it: its clocks and its notes. Their deletion is history too. */
static enum status referring_delete(struct store *store, const struct change *owner, const struct entity *entity,
				    const struct field *field, struct error *error)
{
	struct text_builder sql = {.arena = &store->scratch};
	struct statement *statement;
	LIST(struct change) found = {0};
	bool row;

	sql_referring(&sql, entity, field);
	enum status status = store_prepare(store, &sql, &statement, error);
	if (status != OK)
		return status;
	store_bind_key(store, statement, owner->id);
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct value *values = arena_array(&store->scratch, struct value, entity->field_count);
		status = row_from_sql(&store->scratch, entity, statement, values, error);
		if (status != OK)
			break;
		*list_add(&store->scratch, &found) = (struct change){.kind = CHANGE_DELETE,
								     .entity = entity,
								     .id = values[FIELD_ID].id,
								     .before = values,
								     .rule = owner->rule};
	}
	statement_close(statement);
	for (uint32_t i = 0; i < found.count && status == OK; i++)
		status = change_apply(store, &found.items[i], error);
	return status;
}

static enum status owned_delete(struct store *store, const struct change *change, struct error *error)
{
	const struct entity *entity = change->entity;
	enum status status = OK;

	arena_reset(&store->scratch);
	for (uint32_t i = 0; i < entity->clock_count && status == OK; i++) {
		const struct entity *state = entity->clocks[i]->state;
		status = referring_delete(store, change, state, &state->fields[FIELD_FIRST_OWN + CLOCK_RECORD], error);
	}
	if (entity->note_entity && status == OK)
		status = referring_delete(store, change, entity->note_entity,
					  &entity->note_entity->fields[entity->note_owner_field], error);
	return status;
}

/* Events with a key happen once, whoever raises them; the outer event is remembered by store_event_is_new. */
static enum status events_remember(struct store *store, const struct plan *plan, struct error *error)
{
	moment at = store->at;
	struct record_id outer = store->event;
	enum status status = OK;
	bool is_new;

	for (uint32_t i = 0; i < plan->events.count && status == OK; i++)
		if (plan->events.items[i]->kind && plan->events.items[i]->kind->has_key)
			status = store_event_is_new(store, plan->events.items[i], &is_new, error);
	store_turn(store, at, outer);
	return status;
}
