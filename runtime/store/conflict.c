/* Why the database refused, as a sentence for the person who must act: which record, which fields, which values. Looks only
 * after the refusal, so that the usual way pays nothing for it. */
#include "engine/base/check.h"
#include "engine/model/refusal.h"
#include "runtime/store/inside.h"

static bool double_found(struct store *store, const struct entity *entity, struct record_id id, const struct value *values,
			 const uint16_t *fields, uint32_t count);

static enum status unique_explain(struct store *store, const struct entity *entity, struct record_id id,
				  const struct value *values, struct error *error)
{
	struct arena *arena = &store->scratch;

	for (uint16_t i = 0; i < entity->field_count; i++)
		if (entity->fields[i].unique && double_found(store, entity, id, values, &i, 1))
			return refuse_double(error, arena, entity, values, &i, 1);
	for (uint32_t i = 0; i < entity->index_count; i++) {
		const struct index *index = &entity->indexes[i];
		if (index->unique && double_found(store, entity, id, values, index->fields, index->count))
			return refuse_double(error, arena, entity, values, index->fields, index->count);
	}
	return error_set(error, CONFLICT, "%.*s exists already; nothing was written twice",
			 TEXT_ARGS(record_show(arena, entity, values)));
}

enum status conflict_explain(struct store *store, const struct entity *entity, struct record_id id, const struct value *after,
			     struct error *error)
{
	struct arena *arena = &store->scratch;
	struct value *values = arena_copy(arena, after, sizeof *after * entity->field_count);
	enum constraint constraint = database_constraint(store->database);

	store_recover(store);
	values[FIELD_ID] = value_ref(entity->index, id);
	switch (constraint) {
	case CONSTRAINT_UNIQUE:
		return unique_explain(store, entity, id, values, error);
	case CONSTRAINT_SEALED:
		return refuse_sealed(error, arena, entity, values);
	case CONSTRAINT_REQUIRED:
		for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
			if (entity->fields[i].required && !entity->fields[i].computed && values[i].kind == VALUE_MISSING)
				return error_set(error, INVALID, "%.*s.%.*s must be set, and nothing set it",
						 TEXT_ARGS(entity->name), TEXT_ARGS(entity->fields[i].name));
		break;
	default:
		break;
	}
	return error_within(error, "%.*s", TEXT_ARGS(record_show(arena, entity, values)));
}

/* --- versions */
enum status conflict_version(struct store *store, const struct entity *entity, struct record_id id, int64_t read_version,
			     struct error *error)
{
	struct value *values = arena_array(&store->scratch, struct value, entity->field_count);
	struct text_builder sql = {.arena = &store->scratch};
	struct statement *statement;
	char id_text[RECORD_ID_TEXT + 1];
	bool row;

	sql_read(&sql, entity);
	enum status status = store_prepare(store, &sql, &statement, error);
	if (status != OK)
		return status;
	store_bind_key(store, statement, id);
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		status = row_from_sql(&store->scratch, entity, statement, values, error);
	statement_close(statement);
	if (status != OK)
		return status;
	record_id_write(id, id_text);
	if (!row)
		return error_set(error, CONFLICT, "the %.*s %s is gone: it was deleted after it was read",
				 TEXT_ARGS(entity->name), id_text);
	return error_set(error, CONFLICT,
			 "%.*s was changed by somebody else meanwhile (version %lld, read was %lld); read it again",
			 TEXT_ARGS(record_show(&store->scratch, entity, values)), (long long)values[FIELD_VERSION].integer,
			 (long long)read_version);
}

/* --- references that lead nowhere */
static bool row_exists(struct store *store, const struct entity *entity, struct record_id id)
{
	struct arena arena;
	struct ports ports;
	struct error error;

	arena_init(&arena, "conflict", 0);
	store_ports(store, &ports);
	struct value *values = arena_array(&arena, struct value, entity->field_count);
	bool found = ports.read(store, &arena, entity, id, values, &error) == OK;
	arena_release(&arena);
	return found;
}

static enum status written_reference(struct store *store, const struct change *change, struct error *error)
{
	for (uint32_t i = FIELD_FIRST_OWN; change->after && i < change->entity->field_count; i++) {
		const struct field *field = &change->entity->fields[i];
		if (!field->computed && field->type->kind == TYPE_REF && change->after[i].kind == VALUE_REF &&
		    !row_exists(store, field->type->entity, change->after[i].id))
			return refuse_reference(error, change->entity, field, change->after[i].id);
	}
	return OK;
}

/* Which row still refers to the one that was deleted. */
static enum status deleted_target(struct store *store, const struct change *change, struct error *error)
{
	const struct schema *schema = &store->program->schema;

	for (uint32_t e = 0; change->kind == CHANGE_DELETE && change->before && e < schema->entity_count; e++) {
		const struct entity *entity = schema->entities[e];
		for (uint32_t f = FIELD_FIRST_OWN; f < entity->field_count; f++) {
			const struct field *field = &entity->fields[f];
			if (field->computed || field->type->kind != TYPE_REF || field->type->entity != change->entity)
				continue;
			struct text_builder sql = {.arena = &store->scratch};
			struct statement *statement;
			bool row = false;
			sql_referring(&sql, entity, field);
			enum status status = store_prepare(store, &sql, &statement, error);
			if (status != OK)
				return status;
			store_bind_key(store, statement, change->id);
			status = statement_step(statement, &row, error);
			statement_close(statement);
			if (status != OK || row)
				return status != OK ? status
						    : refuse_deletion(error, &store->scratch, change->entity, change->before,
								      entity, field);
		}
	}
	return OK;
}

enum status conflict_references(struct store *store, const struct plan *plan, struct error *error)
{
	store_recover(store);
	arena_reset(&store->scratch);
	for (uint32_t i = 0; i < plan->changes.count; i++) {
		enum status status = written_reference(store, plan->changes.items[i], error);
		if (status == OK)
			status = deleted_target(store, plan->changes.items[i], error);
		if (status != OK)
			return status;
	}
	return error_set(error, CONFLICT, "a record refers to another one that is not there");
}

/* --- doubles */
static bool double_found(struct store *store, const struct entity *entity, struct record_id id, const struct value *values,
			 const uint16_t *fields, uint32_t count)
{
	struct text_builder sql = {.arena = &store->scratch};
	struct statement *statement;
	struct error ignored;
	bool row = false;

	sql_double(&sql, store->dialect, entity, fields, count);
	if (store_prepare(store, &sql, &statement, &ignored) != OK)
		return false;
	store_bind_key(store, statement, id);
	for (uint32_t i = 0; i < count; i++)
		statement_bind(statement, 3 + i,
			       sql_comparable_value(&store->scratch, values[fields[i]], entity->fields[fields[i]].type));
	if (statement_step(statement, &row, &ignored) != OK)
		row = false;
	statement_close(statement);
	return row;
}
