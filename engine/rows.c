/* Rows as a turn sees them: the host's, read once, with what the turn has made of them on top. Every write can be taken back to
 * a savepoint, because values are never changed in place: a row points to new ones. */
#include "engine/context.h"

static uint32_t slot_of(const struct row_table *table, const struct entity *entity, struct record_id id)
{
	uint32_t mask = table->capacity - 1;
	uint64_t hash = (id.low ^ id.high) * 0x9e3779b97f4a7c15u + entity->index;
	for (uint32_t i = (uint32_t)(hash >> 32) & mask;; i = (i + 1) & mask) {
		const struct row *row = table->rows[i];
		if (!row || (row->entity == entity && id_equal(row->id, id)))
			return i;
	}
}

static void table_grow(struct context *context)
{
	struct row_table old = context->rows;
	context->rows.capacity = old.capacity ? old.capacity * 2 : 64;
	context->rows.rows = arena_array(context->arena, struct row *, context->rows.capacity);
	for (uint32_t i = 0; i < old.capacity; i++)
		if (old.rows[i])
			context->rows.rows[slot_of(&context->rows, old.rows[i]->entity, old.rows[i]->id)] = old.rows[i];
}

struct row *row_known(struct context *context, const struct entity *entity, struct record_id id)
{
	return context->rows.count ? context->rows.rows[slot_of(&context->rows, entity, id)] : NULL;
}

static struct row *entry_add(struct context *context, const struct entity *entity, struct record_id id,
			     const struct value *values)
{
	if (context->rows.count * 4 >= context->rows.capacity * 3)
		table_grow(context);
	struct row *row = arena_new(context->arena, struct row);
	*row = (struct row){.entity = entity, .id = id, .values = values};
	context->rows.rows[slot_of(&context->rows, entity, id)] = row;
	context->rows.count++;
	return row;
}

enum status row_entry(struct context *context, const struct entity *entity, struct record_id id, struct row **row_out)
{
	*row_out = row_known(context, entity, id);
	if (*row_out)
		return OK;
	struct value *values = arena_array(context->arena, struct value, entity->field_count);
	enum status status = context->ports->read(context->ports->host, context->arena, entity, id, values, context->error);
	if (status != OK && status != NOT_FOUND) {
		context->fatal = true;
		return status;
	}
	*row_out = entry_add(context, entity, id, status == OK ? values : NULL);
	return OK;
}

struct row *row_fresh(struct context *context, const struct entity *entity, struct record_id id)
{
	struct row *row = row_known(context, entity, id);
	return row ? row : entry_add(context, entity, id, NULL);
}

struct row *row_keep(struct context *context, const struct entity *entity, const struct value *values)
{
	struct row *row = row_known(context, entity, values[FIELD_ID].id);
	return row ? row : entry_add(context, entity, values[FIELD_ID].id, values);
}

enum status row_read(struct context *context, const struct entity *entity, struct record_id id, const struct value **values_out)
{
	struct row *row;
	enum status status = row_entry(context, entity, id, &row);
	if (status != OK)
		return status;
	*values_out = row->values;
	return row->values ? OK : NOT_FOUND;
}

/* A computed field is computed each time: it may depend on anything that the turn has changed. */
static enum status computed_field(struct context *context, const struct entity *entity, const struct field *field,
				  struct record_id id, struct value *value_out)
{
	if (context->call_depth >= LIMIT_CALL_DEPTH)
		return error_set(context->error, LIMIT, "the computed field %.*s.%.*s needs itself", TEXT_ARGS(entity->name),
				 TEXT_ARGS(field->name));
	context->call_depth++;
	enum status status = eval_record(context, field->computed, entity, id, value_out);
	context->call_depth--;
	return status;
}

enum status row_field(struct context *context, const struct entity *entity, struct record_id id, uint32_t field,
		      struct value *value_out)
{
	const struct value *values;
	*value_out = value_missing();
	enum status status = row_read(context, entity, id, &values);
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	if (entity->fields[field].computed)
		return computed_field(context, entity, &entity->fields[field], id, value_out);
	*value_out = values[field];
	return OK;
}

void row_put(struct context *context, struct row *row, const struct value *values, struct change *change)
{
	*list_add(context->arena, &context->undo) = (struct row_undo){
		.row = row, .values = row->values, .change = row->change, .writes = row->writes, .waits = row->waits};
	if (!row->change)
		*list_add(context->arena, &context->touched) = row;
	row->values = values;
	row->change = change;
}

/* --- savepoints */
struct savepoint savepoint_set(const struct context *context)
{
	return (struct savepoint){.undo = context->undo.count,
				  .touched = context->touched.count,
				  .outgoing = context->plan->outgoing.count,
				  .pending = context->pending.count,
				  .lines = context->trace->lines.count,
				  .numbers = context->numbers.count};
}

void savepoint_restore(struct context *context, struct savepoint savepoint)
{
	while (context->undo.count > savepoint.undo) {
		const struct row_undo *undo = &context->undo.items[--context->undo.count];
		undo->row->values = undo->values;
		undo->row->change = undo->change;
		undo->row->writes = undo->writes;
		undo->row->waits = undo->waits;
	}
	for (uint32_t i = savepoint.numbers; i < context->numbers.count; i++)
		*list_add(context->arena, &context->spare) = context->numbers.items[i];
	context->numbers.count = savepoint.numbers;
	context->touched.count = savepoint.touched;
	context->plan->outgoing.count = savepoint.outgoing;
	context->pending.count = savepoint.pending;
	context->trace->lines.count = savepoint.lines;
}

struct record_id id_next(struct context *context)
{
	struct {
		struct record_id maker;
		uint64_t number;
	} seed = {context->maker, context->made++};
	return record_id_derive(context->now, &seed, sizeof(seed));
}
