/* What must hold of rows when a piece of a turn ends (docs/decisions/0012): every reference leads somewhere, and what is unique
 * is there once. Looks only at what the piece has changed; must leave rows as they are: whoever asked takes the piece back. The
 * store's own constraints stay the last word, for turns of others at the same time. */
#include "engine/context.h"
#include "engine/model/refusal.h"

struct referring { /* a field that may refer to rows of an entity */
	const struct entity *entity;
	const struct field *field;
	const struct query *query; /* its rows that do, by id */
};

struct unique_key {
	const uint16_t *fields;
	uint32_t count;
	const struct query *query; /* the rows with these values */
};

struct constraints { /* of one entity; without any, nothing is looked at */
	LIST(const struct field *) references;
	LIST(struct referring) referring;
	LIST(struct unique_key) unique_keys;
};

/* --- what a program is prepared with */
/* A clock's row goes when it hears that its record is gone. */
static bool is_clock_state(const struct program *program, const struct entity *entity)
{
	for (uint32_t i = 0; i < program->clock_count; i++)
		if (program->clocks[i].state == entity)
			return true;
	return false;
}

/* Notes go with their record; row_write.c. */
static bool is_owner(const struct entity *owner, const struct entity *note, uint16_t field)
{
	return owner->note_entity == note && owner->note_owner_field == field;
}

static void references_find(struct engine *engine, const struct entity *entity)
{
	struct arena *arena = &engine->pack_arena;
	for (uint16_t i = FIELD_FIRST_OWN; i < entity->field_count; i++) {
		const struct field *field = &entity->fields[i];
		if (field->computed || field->type->kind != TYPE_REF)
			continue;
		*list_add(arena, &engine->constraints[entity->index].references) = field;
		if (is_owner(field->type->entity, entity, i))
			continue;
		*list_add(arena, &engine->constraints[field->type->entity->index].referring) =
			(struct referring){entity, field, query_by_fields(arena, entity, &field->index, 1)};
	}
}

/* Numbers of a sequence that no statement writes can not be there twice. */
static bool comes_from_sequence_only(const struct program *program, const struct entity *entity, uint16_t field)
{
	if (!entity->fields[field].sequence)
		return false;
	for (uint32_t i = 0; i < program->write_count; i++)
		for (uint32_t k = 0; program->writes[i].entity == entity && k < program->writes[i].field_count; k++)
			if (program->writes[i].fields[k] == field)
				return false;
	return true;
}

static void unique_key_add(struct engine *engine, const struct entity *entity, const uint16_t *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (entity->fields[fields[i]].computed || comes_from_sequence_only(engine->program, entity, fields[i]))
			return; /* not stored, or never there twice */
	*list_add(&engine->pack_arena, &engine->constraints[entity->index].unique_keys) =
		(struct unique_key){fields, count, query_by_fields(&engine->pack_arena, entity, fields, count)};
}

static void unique_keys_find(struct engine *engine, const struct entity *entity)
{
	for (uint16_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
		if (entity->fields[i].unique)
			unique_key_add(engine, entity, &entity->fields[i].index, 1);
	for (uint32_t i = 0; i < entity->index_count; i++)
		if (entity->indexes[i].unique)
			unique_key_add(engine, entity, entity->indexes[i].fields, entity->indexes[i].count);
}

void constraints_prepare(struct engine *engine)
{
	const struct schema *schema = &engine->program->schema;
	engine->constraints = arena_array(&engine->pack_arena, struct constraints, schema->entity_count + 1);
	for (uint32_t i = 0; i < schema->entity_count; i++) {
		if (!is_clock_state(engine->program, schema->entities[i]))
			references_find(engine, schema->entities[i]);
		unique_keys_find(engine, schema->entities[i]);
	}
}

/* --- references that a row has now and had not before (NULL: there was no such row) */
static enum status references_check(struct context *context, const struct row *row, const struct value *before)
{
	const struct constraints *constraints = &context->engine->constraints[row->entity->index];
	for (uint32_t i = 0; i < constraints->references.count; i++) {
		const struct field *field = constraints->references.items[i];
		const struct value *target;
		struct value value = row->values[field->index];
		if (value.kind != VALUE_REF || (before && value_same(before[field->index], value)))
			continue;
		enum status status = row_read(context, field->type->entity, value.id, &target);
		if (status == NOT_FOUND)
			return refuse_reference(context->error, row->entity, field, value.id);
		if (status != OK)
			return status;
	}
	return OK;
}

/* --- a row that is gone: who still refers to it? */
/* Rows that the turn has not touched. As many as it has touched may say something else by now; one more can not. */
static enum status host_refers(struct context *context, const struct row *row, const struct value *before,
			       const struct referring *referring)
{
	struct query query = *referring->query;
	struct value parameter = value_ref(row->entity->index, row->id);
	const struct value *const *found = NULL;
	uint32_t count = 0;
	query.most = context->touched.count + 1;
	enum status status =
		context->ports->query(context->ports->host, context->arena, &query, &parameter, &found, &count, context->error);
	context->fatal |= status != OK;
	for (uint32_t i = 0; status == OK && i < count; i++)
		if (!row_keep(context, referring->entity, found[i])->change)
			status = refuse_deletion(context->error, context->arena, row->entity, before, referring->entity,
						 referring->field);
	return status;
}

static enum status deletion_check(struct context *context, const struct row *row, const struct value *before)
{
	const struct constraints *constraints = &context->engine->constraints[row->entity->index];
	enum status status = OK;
	if (!row->change->before)
		return OK; /* made in this turn: the host knows no row of it */
	for (uint32_t i = 0; status == OK && i < constraints->referring.count; i++)
		status = host_refers(context, row, before, &constraints->referring.items[i]);
	return status;
}

static enum status refuse_gone(struct context *context, const struct row *gone, const struct row *row,
			       const struct field *field)
{
	if (!gone->change || !gone->change->before)
		return refuse_reference(context->error, row->entity, field, gone->id);
	return refuse_deletion(context->error, context->arena, gone->entity, gone->change->before, row->entity, field);
}

/* Rows that the turn has touched, in this piece or an earlier one, must not refer to what is gone. */
static enum status touched_refer(struct context *context)
{
	for (uint32_t i = 0; i < context->touched.count; i++) {
		const struct row *row = context->touched.items[i];
		const struct constraints *constraints = &context->engine->constraints[row->entity->index];
		for (uint32_t k = 0; row->values && k < constraints->references.count; k++) {
			const struct field *field = constraints->references.items[k];
			struct value value = row->values[field->index];
			const struct row *target =
				value.kind == VALUE_REF ? row_known(context, field->type->entity, value.id) : NULL;
			if (target && !target->values)
				return refuse_gone(context, target, row, field);
		}
	}
	return OK;
}

/* --- what is unique */
struct taken { /* a row that the turn has given these values; perhaps it has others by now */
	const struct taken *other;
	struct row *row;
};

static bool values_equal(const struct unique_key *key, const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < key->count; i++)
		if (!value_equal(a[key->fields[i]], b[key->fields[i]]))
			return false;
	return true;
}

static bool values_same(const struct unique_key *key, const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < key->count; i++)
		if (!value_same(a[key->fields[i]], b[key->fields[i]]))
			return false;
	return true;
}

static bool is_whole(const struct unique_key *key, const struct value *values)
{
	for (uint32_t i = 0; i < key->count; i++)
		if (values[key->fields[i]].kind == VALUE_MISSING)
			return false;
	return true;
}

static struct text taken_name(struct context *context, const struct unique_key *key, const struct value *values)
{
	struct {
		const struct unique_key *key;
		uint64_t hash;
	} *name = arena_alloc_raw(context->arena, sizeof(*name), 8);
	name->key = key;
	name->hash = 0;
	for (uint32_t i = 0; i < key->count; i++)
		name->hash = name->hash * 31 + value_hash(values[key->fields[i]]);
	return (struct text){(const char *)name, sizeof(*name)};
}

/* Whether another row of the turn has these values; from now on this one has. */
static bool is_taken(struct context *context, const struct unique_key *key, struct row *row)
{
	struct text name = taken_name(context, key, row->values);
	const struct taken *first = map_get(&context->taken, name);
	for (const struct taken *taken = first; taken; taken = taken->other)
		if (taken->row != row && taken->row->values && values_equal(key, taken->row->values, row->values))
			return true;
	struct taken *own = arena_new(context->arena, struct taken);
	*own = (struct taken){first, row};
	map_put(&context->taken, name, own);
	return false;
}

/* The host has them in another row. It had better have given them up in this turn; then this change waits for its. */
static enum status holder_check(struct context *context, const struct unique_key *key, struct row *row, struct row *holder)
{
	if (holder->values && values_equal(key, holder->values, row->values))
		return refuse_double(context->error, context->arena, row->entity, row->values, key->fields, key->count);
	struct row_wait *wait = arena_new(context->arena, struct row_wait);
	*wait = (struct row_wait){row->waits, holder};
	row->waits = wait;
	return OK;
}

static enum status host_holds(struct context *context, const struct unique_key *key, struct row *row)
{
	struct value *parameters = arena_array(context->arena, struct value, key->count);
	const struct value *const *found = NULL;
	uint32_t count = 0;
	for (uint32_t i = 0; i < key->count; i++)
		parameters[i] = row->values[key->fields[i]];
	enum status status = context->ports->query(context->ports->host, context->arena, key->query, parameters, &found, &count,
						   context->error);
	context->fatal |= status != OK;
	for (uint32_t i = 0; status == OK && i < count; i++) {
		struct row *holder = row_keep(context, row->entity, found[i]);
		if (holder != row && values_equal(key, found[i], row->values))
			status = holder_check(context, key, row, holder);
	}
	return status;
}

static enum status unique_check(struct context *context, const struct unique_key *key, struct row *row)
{
	const struct value *at_first = row->change->before; /* NULL: made in this turn */
	if (!is_whole(key, row->values))
		return OK;
	if (is_taken(context, key, row))
		return refuse_double(context->error, context->arena, row->entity, row->values, key->fields, key->count);
	return at_first && values_same(key, at_first, row->values) ? OK : host_holds(context, key, row);
}

static enum status unique_keys_check(struct context *context, struct row *row, const struct value *before)
{
	const struct constraints *constraints = &context->engine->constraints[row->entity->index];
	enum status status = OK;
	bool differs = !before;
	for (uint32_t i = 0; !differs && i < constraints->unique_keys.count; i++)
		differs = !values_same(&constraints->unique_keys.items[i], before, row->values);
	if (!differs)
		return OK;
	row->waits = NULL;
	for (uint32_t i = 0; status == OK && i < constraints->unique_keys.count; i++)
		status = unique_check(context, &constraints->unique_keys.items[i], row);
	return status;
}

/* --- all of it */
static enum status row_check(struct context *context, struct row *row, const struct value *before, bool *gone)
{
	if (!row->values) {
		*gone |= before && context->engine->constraints[row->entity->index].referring.count;
		return before ? deletion_check(context, row, before) : OK;
	}
	enum status status = references_check(context, row, before);
	return status == OK ? unique_keys_check(context, row, before) : status;
}

enum status constraints_check(struct context *context, struct savepoint since)
{
	enum status status = OK;
	bool gone = false;
	if (context->undo.count == since.undo)
		return OK;
	context->piece++;
	for (uint32_t i = since.undo; status == OK && i < context->undo.count; i++) {
		struct row_undo undo = context->undo.items[i]; /* the first of a row says what it was */
		if (undo.row->piece == context->piece)
			continue;
		undo.row->piece = context->piece;
		status = row_check(context, undo.row, undo.values, &gone);
	}
	if (status == OK && gone)
		status = touched_refer(context);
	if (status != OK)
		context->failed_step = SLOT_NONE;
	return status;
}
