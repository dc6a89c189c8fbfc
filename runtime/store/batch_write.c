/* What the turns of a batch have written, kept until its end and then written at once: rows that are gone, rows that changed,
 * new rows, their history in its order, numbers, and what the journal and the outbox queued. */
#include "engine/base/check.h"
#include "engine/model/system.h"
#include "runtime/store/inside.h"

struct numbering {
	int64_t tenant;
	struct text name;
	int64_t base, now; /* the number taken last, before the batch and by now */
};

/* --- keeping changes */
/* Whether the row's own clocks and notes go with it, or two rows change places: the database sorts that out. */
bool batch_takes(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->changes.count; i++) {
		const struct change *change = plan->changes.items[i];
		if (change->steps_aside || (change->kind == CHANGE_DELETE && change->before &&
					    (change->entity->clock_count || change->entity->note_entity)))
			return false;
	}
	return true;
}

/* A document belongs to the turn that made it; a copy of its own is what the database would give back. */
static enum status value_keep(struct arena *arena, const struct type *type, struct value value, struct value *kept_out,
			      struct error *error)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
	case VALUE_DATA:
		return value_from_sql(arena, type, sql_from_value(arena, value, type), kept_out, error);
	default:
		*kept_out = value_copy(arena, value);
		return OK;
	}
}

static enum status row_keep(struct store *store, const struct change *change, const struct value **values_out,
			    struct error *error)
{
	const struct entity *entity = change->entity;
	struct value *values = arena_array(&store->batch.arena, struct value, entity->field_count);
	enum status status = OK;

	for (uint32_t i = 0; i < entity->field_count && status == OK; i++)
		if (column_kind(&entity->fields[i]) != COLUMN_NONE)
			status = value_keep(&store->batch.arena, entity->fields[i].type, row_value(store, change, i),
					    &values[i], error);
	*values_out = values;
	return status;
}

static void fields_note(struct store *store, struct held_row *row, const struct change *change)
{
	uint32_t words;
	const uint64_t *fields = fields_written(&store->scratch, change, &words);

	if (!row->fields)
		row->fields = arena_array(&store->batch.arena, uint64_t, words);
	for (uint32_t i = 0; i < words; i++)
		row->fields[i] |= fields[i];
}

static int64_t version_of(const struct value *values)
{
	return values && values[FIELD_VERSION].kind == VALUE_INT ? values[FIELD_VERSION].integer : 0;
}

enum status batch_change(struct store *store, const struct change *change, struct error *error)
{
	struct batch *batch = &store->batch;
	struct held_row *row = batch_row(store, change->entity, change->id);
	const struct value *values = NULL;
	enum status status = OK;

	bool is_there = change->kind != CHANGE_CREATE;
	if (row->knowledge != KNOWN && is_there)
		return error_set(error, CONFLICT, "a row is to be changed that was not read in this batch");
	if (!row->now == is_there || (version_of(change->before) && version_of(row->now) != version_of(change->before)))
		return error_set(error, CONFLICT, "a row is not as the turn has read it");
	if (change->after)
		status = row_keep(store, change, &values, error);
	if (status != OK)
		return status;
	if (change->after)
		fields_note(store, row, change);
	row->knowledge = KNOWN;
	row->now = values;
	if (!row->written)
		*list_add(&batch->arena, &batch->touched) = row;
	batch_wrote(store, row);
	return OK;
}

/* --- keeping other writes */
struct sql_value value_kept(struct arena *arena, struct sql_value value)
{
	if (value.kind == SQL_TEXT || value.kind == SQL_BYTES)
		value.text = text_copy(arena, value.text);
	return value;
}

void batch_history(struct store *store, const struct sql_value columns[HISTORY_COLUMN_COUNT])
{
	struct batch *batch = &store->batch;

	for (uint32_t i = 0; i < HISTORY_COLUMN_COUNT; i++)
		*list_add(&batch->arena, &batch->history) = value_kept(&batch->arena, columns[i]);
}

static struct queue *queue_of(struct arena *arena, queue_list *queues, struct statement *statement, uint32_t parameters)
{
	for (uint32_t i = 0; i < queues->count; i++)
		if (queues->items[i]->statement == statement)
			return queues->items[i];
	struct queue *queue = arena_new(arena, struct queue);
	queue->statement = statement;
	queue->parameters = parameters;
	*list_add(arena, queues) = queue;
	return queue;
}

void batch_queue(struct store *store, struct statement *statement, const struct sql_value *values, uint32_t parameters)
{
	struct batch *batch = &store->batch;
	struct queue *queue = queue_of(&batch->arena, &batch->queues, statement, parameters);

	queue->count++;
	for (uint32_t i = 0; i < parameters; i++)
		*list_add(&batch->arena, &queue->values) = value_kept(&batch->arena, values[i]);
	*list_add(&batch->arena, &batch->undos) = (struct undo){.queue = queue};
}

/* --- numbers: the sequence is locked when the first is taken, and written with the rest */
static enum status numbering_take(struct store *store, struct numbering *numbering, struct error *error)
{
	struct statement *statement;
	bool row = false;
	enum status status = store_statement(store,
					     "INSERT INTO _sequence(_tenant,name,number) VALUES(?1,?2,0) "
					     "ON CONFLICT(_tenant,name) DO UPDATE SET number=_sequence.number RETURNING number",
					     &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(numbering->tenant));
	statement_bind(statement, 2, sql_text(numbering->name));
	status = statement_step(statement, &row, error);
	if (status == OK && row)
		numbering->base = numbering->now = statement_column(statement, 0).integer;
	statement_reset(statement);
	return status;
}

static struct numbering *numbering_held(struct store *store, struct text key)
{
	struct text_builder name = {.arena = &store->scratch};

	builder_add(&name, (struct text){(const char *)&store->tenant, sizeof store->tenant});
	builder_add(&name, key);
	return map_get(&store->batch.sequences, builder_text(&name));
}

static enum status numbering_hold(struct store *store, struct text key, struct numbering **numbering_out, struct error *error)
{
	struct batch *batch = &store->batch;
	struct text_builder name = {.arena = &batch->arena};
	struct numbering *numbering = arena_new(&batch->arena, struct numbering);

	*numbering = (struct numbering){.tenant = store->tenant, .name = text_copy(&batch->arena, key)};
	*numbering_out = numbering;
	enum status status = numbering_take(store, numbering, error);
	if (status != OK)
		return status;
	builder_add(&name, (struct text){(const char *)&store->tenant, sizeof store->tenant});
	builder_add(&name, key);
	map_put(&batch->sequences, builder_text(&name), numbering);
	*list_add(&batch->arena, &batch->counted) = numbering;
	return OK;
}

static void numbering_note(struct store *store, struct numbering *numbering)
{
	*list_add(&store->batch.arena, &store->batch.undos) = (struct undo){.numbering = numbering, .number = numbering->now};
}

void numbering_set(struct numbering *numbering, int64_t number)
{
	numbering->now = number;
}

enum status batch_next_number(struct store *store, struct text key, int64_t *number_out, struct error *error)
{
	struct numbering *numbering = numbering_held(store, key);
	enum status status = numbering ? OK : numbering_hold(store, key, &numbering, error);

	if (status != OK)
		return status;
	numbering_note(store, numbering);
	*number_out = ++numbering->now;
	return OK;
}

void batch_return_numbers(struct store *store, struct text key, int64_t first)
{
	struct numbering *numbering = numbering_held(store, key);

	if (!numbering)
		return;
	numbering_note(store, numbering);
	numbering->now = first - 1;
}

static void numberings_queue(struct store *store, struct statement *statement)
{
	for (uint32_t i = 0; i < store->batch.counted.count; i++) {
		const struct numbering *numbering = store->batch.counted.items[i];
		if (numbering->now != numbering->base)
			batch_queue(store, statement,
				    (struct sql_value[]){sql_integer(numbering->tenant), sql_text(numbering->name),
							 sql_integer(numbering->now)},
				    3);
	}
}

/* --- writing */
static enum status queue_write(struct queue *queue, struct error *error)
{
	if (!queue->count)
		return OK;
	statement_bind_many(queue->statement, queue->values.items, queue->parameters, queue->count);
	enum status status = statement_send(queue->statement, queue->count, error);
	queue->count = queue->values.count = 0;
	return status;
}

static enum status queues_write(queue_list *queues, struct error *error)
{
	enum status status = OK;

	for (uint32_t i = 0; i < queues->count && status == OK; i++)
		status = queue_write(queues->items[i], error);
	return status;
}

static enum change_kind change_of(const struct held_row *row)
{
	return !row->base ? CHANGE_CREATE : row->now ? CHANGE_UPDATE : CHANGE_DELETE;
}

static void row_queue(struct store *store, const struct held_row *row, enum change_kind kind, struct queue *queue)
{
	struct arena *arena = &store->batch.arena;
	const struct entity *entity = row->entity;

	queue->count++;
	*list_add(arena, &queue->values) = sql_integer(row->tenant);
	if (kind != CHANGE_CREATE) {
		*list_add(arena, &queue->values) = sql_from_id(arena, row->id);
		*list_add(arena, &queue->values) = version_of(row->base) ? sql_integer(version_of(row->base)) : sql_null();
	}
	for (uint32_t i = 0; kind != CHANGE_DELETE && i < entity->field_count; i++)
		if (column_kind(&entity->fields[i]) != COLUMN_NONE &&
		    (kind == CHANGE_CREATE || row->fields[i / 64] >> i % 64 & 1))
			*list_add(arena, &queue->values) = sql_from_value(arena, row->now[i], entity->fields[i].type);
	queue->parameters = queue->values.count / queue->count;
}

static enum status rows_write(struct store *store, enum change_kind kind, struct error *error)
{
	struct batch *batch = &store->batch;
	queue_list queues = {0};
	enum status status = OK;

	for (uint32_t i = 0; i < batch->touched.count && status == OK; i++) {
		const struct held_row *row = batch->touched.items[i];
		struct statement *statement;
		if (change_of(row) != kind || (!row->base && !row->now))
			continue;
		status = store_change_statement(store, row->entity, kind, row->fields, &statement, error);
		if (status == OK)
			row_queue(store, row, kind, queue_of(&batch->arena, &queues, statement, 0));
	}
	return status == OK ? queues_write(&queues, error) : status;
}

/* Numbered by the database in this order. */
static enum status history_write(struct store *store, struct error *error)
{
	struct batch *batch = &store->batch;
	uint32_t count = batch->history.count / HISTORY_COLUMN_COUNT, parameters = HISTORY_COLUMN_COUNT - 1;
	struct statement *statement;
	bool row;
	enum status status = count ? store_history_statement(store, &statement, error) : OK;

	if (status != OK || !count)
		return status;
	struct sql_value *values = arena_array(&batch->arena, struct sql_value, (size_t)count * parameters);
	for (uint32_t i = 0; i < count; i++)
		memcpy(values + (size_t)i * parameters,
		       batch->history.items + (size_t)i * HISTORY_COLUMN_COUNT + HISTORY_TENANT, sizeof *values * parameters);
	statement_bind_many(statement, values, parameters, count);
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct sql_value *columns = batch->history.items + (size_t)statement_origin(statement) * HISTORY_COLUMN_COUNT;
		columns[HISTORY_NUMBER] = statement_column(statement, 0);
	}
	statement_reset(statement);
	return status;
}

/* Linked with their numbers; the database writes all else meanwhile. */
static void history_link(struct store *store)
{
	struct batch *batch = &store->batch;

	for (uint32_t i = 0; i < batch->history.count; i += HISTORY_COLUMN_COUNT)
		chain_add(store, batch->history.items + i);
	batch->history.count = 0;
}

enum status batch_write(struct store *store, struct error *error)
{
	static const enum change_kind ORDER[] = {CHANGE_DELETE, CHANGE_UPDATE,
						 CHANGE_CREATE}; /* unique values: freed, then taken */
	struct statement *statement;
	enum status status = history_write(store, error); /* first: its answer is needed */

	for (int i = 0; i < 3 && status == OK; i++)
		status = rows_write(store, ORDER[i], error);
	if (status == OK)
		status = store_statement(store, "UPDATE _sequence SET number=?3 WHERE _tenant=?1 AND name=?2", &statement,
					 error);
	if (status != OK)
		return status;
	numberings_queue(store, statement);
	status = queues_write(&store->batch.queues, error);
	if (status == OK)
		history_link(store);
	batch_forget(store);
	return status;
}

enum status store_batch_write(struct store *store, struct error *error)
{
	enum status status = batch_write(store, error);

	store_batch_end(store);
	return status;
}
