/* What a batch has read, and what it will: answers from memory, and fetches what is not there for many turns at once. Must
 * answer as the database would after all writes that were kept; batch_write.c writes them. */
#include "runtime/store/batch.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

enum { SPARE_ROWS = 16 };

/* Whether there is a row of that id in a table that remembers. */
struct memory {
	enum knowledge knowledge;
	bool found;
};

struct answer {
	enum knowledge knowledge;
	held_rows rows; /* as the database has them, ordered by id */
};

/* One question to the database, noted until somebody fetches. Exactly one of `row`, `answer` and `memory` is set. */
struct wish {
	struct statement *statement;
	const struct entity *entity;
	int64_t tenant;
	const struct sql_value *values;
	uint32_t parameters;
	bool is_taken;
	struct held_row *row;
	struct answer *answer;
	struct memory *memory;
};

struct row_key {
	int64_t tenant;
	const struct entity *entity;
	struct record_id id;
};

static struct text key_text(const void *key, size_t size)
{
	return (struct text){key, (uint32_t)size};
}

/* --- opening and closing */
void batch_forget(struct store *store)
{
	struct batch *batch = &store->batch;

	*batch = (struct batch){.is_open = batch->is_open, .arena = batch->arena};
	batch->rows = batch->written = batch->answers = map_in(&batch->arena);
	batch->memories = batch->sequences = batch->settings = map_in(&batch->arena);
}

void store_batch_begin(struct store *store)
{
	CHECK(store->depth > 0);
	arena_reset(&store->batch.arena);
	batch_forget(store);
	store->batch.is_open = true;
}

void store_batch_end(struct store *store)
{
	store->batch.is_open = false;
}

void store_batch_scout(struct store *store, bool scouting)
{
	store->batch.is_scouting = scouting;
}

/* --- what a turn did before its plan */
void store_batch_keep(struct store *store)
{
	store->batch.undos.count = 0;
}

void store_batch_undo(struct store *store)
{
	struct batch *batch = &store->batch;

	while (batch->undos.count) {
		const struct undo *undo = &batch->undos.items[--batch->undos.count];
		if (undo->numbering)
			numbering_set(undo->numbering, undo->number);
		if (undo->memory)
			*undo->memory = (struct memory){undo->knowledge, undo->found};
		if (undo->queue)
			undo->queue->values.count -= undo->queue->count-- ? undo->queue->parameters : 0;
	}
}

uint32_t store_batch_missed(const struct store *store)
{
	return store->batch.missed;
}

/* --- rows that are held */
struct held_row *batch_row(struct store *store, const struct entity *entity, struct record_id id)
{
	struct batch *batch = &store->batch;
	struct row_key key = {store->tenant, entity, id};
	struct held_row *row = map_get(&batch->rows, key_text(&key, sizeof key));

	if (row)
		return row;
	row = arena_new(&batch->arena, struct held_row);
	row->entity = entity;
	row->tenant = store->tenant;
	row->id = id;
	map_put(&batch->rows, key_text(arena_copy(&batch->arena, &key, sizeof key), sizeof key), row);
	return row;
}

/* What another process has changed since the row was read does not count: its version will tell. */
static void row_found(struct held_row *row, const struct value *values)
{
	if (row->knowledge == KNOWN)
		return;
	row->knowledge = KNOWN;
	row->base = row->now = values;
}

static struct written *written_of(struct store *store, const struct entity *entity, bool make)
{
	struct batch *batch = &store->batch;
	struct row_key key = {.tenant = store->tenant, .entity = entity};
	struct text name = key_text(&key, offsetof(struct row_key, id));
	struct written *written = map_get(&batch->written, name);

	if (written || !make)
		return written;
	written = arena_new(&batch->arena, struct written);
	map_put(&batch->written, text_copy(&batch->arena, name), written);
	return written;
}

/* --- which of the written rows have some values: without it each query would look at each row of the batch */
enum { INDEX_FIELDS = 8 };

struct index_key {
	uint16_t fields[INDEX_FIELDS];
	uint32_t count;
	uint64_t hash; /* of the values */
};

struct written_index {
	struct index_key key; /* without hash */
	struct map rows;      /* hash -> held_rows */
};

static uint64_t hash_join(uint64_t hash, struct value value)
{
	return (hash ^ value_hash(value)) * 0x9e3779b97f4a7c15u;
}

/* Terms that say which value a field has, where equal values have one form. */
static void index_key_of(const struct query *query, const struct value *parameters, struct index_key *key_out)
{
	*key_out = (struct index_key){0};
	for (uint32_t i = 0; i < query->term_count && key_out->count < INDEX_FIELDS; i++) {
		const struct query_term *term = &query->terms[i];
		enum type_kind kind = query->entity->fields[term->path[0]].type->kind;
		bool plain = kind == TYPE_TEXT || kind == TYPE_REF || kind == TYPE_ENUM;
		if (term->path_length != 1 || term->comparison != COMPARE_EQUAL || !plain)
			continue;
		key_out->fields[key_out->count++] = term->path[0];
		key_out->hash = hash_join(key_out->hash, parameters[term->parameter]);
	}
}

static void index_add(struct arena *arena, struct written_index *index, struct held_row *row)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < index->key.count; i++)
		hash = hash_join(hash, row->now[index->key.fields[i]]);
	held_rows *rows = map_get(&index->rows, key_text(&hash, sizeof hash));
	if (!rows) {
		rows = arena_alloc(arena, sizeof *rows);
		map_put(&index->rows, key_text(arena_copy(arena, &hash, sizeof hash), sizeof hash), rows);
	}
	*list_add(arena, rows) = row;
}

static struct written_index *index_of(struct store *store, struct written *written, const struct index_key *key)
{
	struct arena *arena = &store->batch.arena;

	for (uint32_t i = 0; i < written->indexes.count; i++) {
		struct index_key *known = &written->indexes.items[i]->key;
		if (known->count == key->count && !memcmp(known->fields, key->fields, sizeof key->fields))
			return written->indexes.items[i];
	}
	struct written_index *index = arena_new(arena, struct written_index);
	index->key = *key;
	index->rows = map_in(arena);
	*list_add(arena, &written->indexes) = index;
	for (uint32_t i = 0; i < written->rows.count; i++)
		if (written->rows.items[i]->now)
			index_add(arena, index, written->rows.items[i]);
	return index;
}

void batch_wrote(struct store *store, struct held_row *row)
{
	struct written *written = written_of(store, row->entity, true);

	if (!row->written)
		*list_add(&store->batch.arena, &written->rows) = row;
	row->written = true;
	/* where it stood before it stays: what is found there is looked at again */
	for (uint32_t i = 0; row->now && i < written->indexes.count; i++)
		index_add(&store->batch.arena, written->indexes.items[i], row);
}

/* Those that may belong to an answer, and others. */
static const held_rows *written_candidates(struct store *store, const struct query *query, const struct value *parameters)
{
	struct written *written = written_of(store, query->entity, false);
	struct index_key key;

	if (!written)
		return NULL;
	index_key_of(query, parameters, &key);
	return key.count ? map_get(&index_of(store, written, &key)->rows, key_text(&key.hash, sizeof key.hash))
			 : &written->rows;
}

/* --- fetching */
static enum status wish_answered(struct store *store, struct wish *wish, struct error *error)
{
	struct arena *arena = &store->batch.arena;

	if (wish->memory) {
		wish->memory->found = true;
		return OK;
	}
	struct value *values = arena_array(arena, struct value, wish->entity->field_count);
	enum status status = row_from_sql(arena, wish->entity, wish->statement, values, error);
	if (status != OK)
		return status;
	struct held_row *row = wish->row;
	if (!row) {
		int64_t tenant = store->tenant;
		store->tenant = wish->tenant;
		row = batch_row(store, wish->entity, values[FIELD_ID].id);
		store->tenant = tenant;
		*list_add(arena, &wish->answer->rows) = row;
	}
	row_found(row, values);
	return OK;
}

static int by_id(const void *left, const void *right)
{
	return id_compare((*(struct held_row *const *)left)->id, (*(struct held_row *const *)right)->id);
}

static enum knowledge *knowledge_of(const struct wish *wish)
{
	return wish->memory ? &wish->memory->knowledge : wish->row ? &wish->row->knowledge : &wish->answer->knowledge;
}

static void wish_ended(struct wish *wish)
{
	*knowledge_of(wish) = KNOWN;
	if (wish->answer && wish->answer->rows.count > 1)
		qsort(wish->answer->rows.items, wish->answer->rows.count, sizeof *wish->answer->rows.items, by_id);
}

/* All wishes for one statement. */
static enum status wishes_fetch(struct store *store, struct wish **wishes, uint32_t count, struct error *error)
{
	struct statement *statement = wishes[0]->statement;
	uint32_t parameters = wishes[0]->parameters;
	struct sql_value *values = arena_array(&store->batch.arena, struct sql_value, (size_t)count * parameters);
	enum status status;
	bool row;

	for (uint32_t i = 0; i < count; i++)
		memcpy(values + (size_t)i * parameters, wishes[i]->values, sizeof *values * parameters);
	statement_bind_many(statement, values, parameters, count);
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		status = wish_answered(store, wishes[statement_origin(statement)], error);
		if (status != OK)
			break;
	}
	statement_reset(statement);
	for (uint32_t i = 0; i < count; i++)
		wish_ended(wishes[i]);
	return status;
}

enum status store_batch_fetch(struct store *store, struct error *error)
{
	struct batch *batch = &store->batch;
	struct wish **group = arena_array(&batch->arena, struct wish *, batch->wishes.count);
	enum status status = OK;

	for (uint32_t first = 0; first < batch->wishes.count && status == OK; first++) {
		uint32_t count = 0;
		for (uint32_t i = first; !batch->wishes.items[first].is_taken && i < batch->wishes.count; i++)
			if (batch->wishes.items[i].statement == batch->wishes.items[first].statement)
				group[count++] = &batch->wishes.items[i];
		for (uint32_t i = 0; i < count; i++)
			group[i]->is_taken = true;
		if (count)
			status = wishes_fetch(store, group, count, error);
	}
	batch->wishes.count = 0;
	return status;
}

/* What is asked for is noted; and fetched, unless the turn only scouts. */
static enum status wish(struct store *store, struct wish wish, struct error *error)
{
	enum knowledge *knowledge = knowledge_of(&wish);

	if (*knowledge == UNASKED) {
		struct sql_value *values = arena_copy(&store->batch.arena, wish.values, sizeof *values * wish.parameters);
		for (uint32_t i = 0; i < wish.parameters; i++) /* they may belong to a turn that will be over by then */
			values[i] = value_kept(&store->batch.arena, values[i]);
		wish.values = values;
		wish.tenant = store->tenant;
		*list_add(&store->batch.arena, &store->batch.wishes) = wish;
	}
	*knowledge = ASKED;
	if (!store->batch.is_scouting)
		return store_batch_fetch(store, error);
	store->batch.missed++;
	return OK;
}

static struct sql_value *key_values(struct store *store, struct record_id id)
{
	struct sql_value *values = arena_array(&store->scratch, struct sql_value, 2);

	values[0] = sql_integer(store->tenant);
	values[1] = sql_from_id(&store->scratch, id);
	return values;
}

/* --- one row */
enum status batch_read(struct store *store, struct arena *arena, const struct entity *entity, struct record_id id,
		       struct value *values_out, struct error *error)
{
	struct held_row *row = batch_row(store, entity, id);
	struct statement *statement;
	enum status status = OK;

	(void)arena; /* what is read lives as long as the batch */
	if (row->knowledge != KNOWN) {
		status = store_read_statement(store, entity, &statement, error);
		if (status == OK)
			status = wish(store,
				      (struct wish){.statement = statement,
						    .entity = entity,
						    .values = key_values(store, id),
						    .parameters = 2,
						    .row = row},
				      error);
	}
	if (status != OK)
		return status;
	if (!row->now)
		return NOT_FOUND;
	memcpy(values_out, row->now, sizeof *values_out * entity->field_count);
	return OK;
}

/* --- queries */
/* Whether a row on a term's way was written: the database does not know what it says now. */
static bool passes_written(struct store *store, const struct query *query, const struct query_term *term)
{
	const struct entity *entity = query->entity;

	for (uint32_t hop = 0; hop + 1 < term->path_length; hop++) {
		entity = entity->fields[term->path[hop]].type->entity;
		if (!entity || written_of(store, entity, false))
			return true;
	}
	return false;
}

static const struct query *query_narrowed(struct store *store, const struct query *query)
{
	uint32_t kept = 0;
	struct query_term *terms = NULL;

	if (!store->batch.touched.count)
		return query;
	for (uint32_t i = 0; i < query->term_count; i++)
		kept += !passes_written(store, query, &query->terms[i]);
	if (kept == query->term_count)
		return query;
	struct query *narrowed = arena_copy(&store->batch.arena, query, sizeof *query);
	terms = arena_array(&store->batch.arena, struct query_term, kept + 1);
	narrowed->terms = terms;
	narrowed->term_count = kept;
	for (uint32_t i = 0; i < query->term_count; i++)
		if (!passes_written(store, query, &query->terms[i]))
			*terms++ = query->terms[i];
	return narrowed;
}

static struct answer *answer_held(struct store *store, const struct statement *statement, const struct sql_value *values,
				  uint32_t count)
{
	struct batch *batch = &store->batch;
	struct text_builder key = {.arena = &store->scratch};

	builder_add(&key, key_text(&statement, sizeof statement));
	for (uint32_t i = 0; i < count; i++) {
		builder_add(&key, key_text(&values[i].kind, sizeof values[i].kind));
		if (values[i].kind == SQL_INTEGER)
			builder_add(&key, key_text(&values[i].integer, sizeof values[i].integer));
		else
			builder_add(&key, key_text(&values[i].text.length, sizeof values[i].text.length));
		if (values[i].kind == SQL_TEXT || values[i].kind == SQL_BYTES)
			builder_add(&key, values[i].text);
	}
	struct answer *answer = map_get(&batch->answers, builder_text(&key));
	if (answer)
		return answer;
	answer = arena_new(&batch->arena, struct answer);
	map_put(&batch->answers, text_copy(&batch->arena, builder_text(&key)), answer);
	return answer;
}

static bool order_fits(enum comparison comparison, struct value value, struct value parameter)
{
	int order;

	if (value.kind == VALUE_REF && parameter.kind == VALUE_REF)
		order = id_compare(value.id, parameter.id);
	else if (value_compare(value, parameter, &order) != OK)
		return true;
	switch (comparison) {
	case COMPARE_LESS:
		return order < 0;
	case COMPARE_LESS_EQUAL:
		return order <= 0;
	case COMPARE_GREATER:
		return order > 0;
	case COMPARE_GREATER_EQUAL:
		return order >= 0;
	default:
		return true;
	}
}

static bool item_fits(struct value value, struct value parameter)
{
	if (parameter.kind == VALUE_RANGE)
		return order_fits(COMPARE_GREATER_EQUAL, value, parameter.items[0]) &&
		       order_fits(COMPARE_LESS_EQUAL, value, parameter.items[1]);
	for (uint32_t i = 0; i < parameter.count; i++)
		if (value.kind != parameter.items[i].kind || value_equal(value, parameter.items[i]))
			return true;
	return parameter.kind != VALUE_LIST;
}

static bool term_fits(const struct query_term *term, struct value value, struct value parameter)
{
	switch (term->comparison) {
	case COMPARE_IS_SET:
		return value.kind != VALUE_MISSING;
	case COMPARE_NOT_SET:
		return value.kind == VALUE_MISSING;
	default:
		if (value.kind == VALUE_MISSING)
			return false;
	}
	switch (term->comparison) {
	case COMPARE_EQUAL:
		return value.kind != parameter.kind || value_equal(value, parameter);
	case COMPARE_NOT_EQUAL:
		return value.kind != parameter.kind || !value_equal(value, parameter);
	case COMPARE_IN:
		return item_fits(value, parameter);
	default:
		return order_fits(term->comparison, value, parameter);
	}
}

/* As the database would leave rows out; where it is not plain what it would say, the engine decides. */
static bool may_fit(const struct query *query, const struct value *parameters, const struct value *values)
{
	for (uint32_t i = 0; i < query->term_count; i++) {
		const struct query_term *term = &query->terms[i];
		bool set = term->comparison == COMPARE_IS_SET || term->comparison == COMPARE_NOT_SET;
		if (term->path_length == 1 && !query->entity->fields[term->path[0]].computed &&
		    !term_fits(term, values[term->path[0]], set ? value_missing() : parameters[term->parameter]))
			return false;
	}
	return true;
}

/* The rows of an answer as they are now, and those that were written since and may belong to it. */
static void rows_now(struct store *store, struct arena *arena, const struct query *query, const struct value *parameters,
		     const struct answer *answer, held_rows *rows_out)
{
	uint32_t stamp = ++store->batch.stamp, before;
	const held_rows *written = written_candidates(store, query, parameters);

	for (uint32_t i = 0; i < answer->rows.count; i++) {
		struct held_row *row = answer->rows.items[i];
		row->stamp = stamp;
		if (row->now && (!row->written || may_fit(query, parameters, row->now)))
			*list_add(arena, rows_out) = row;
	}
	before = rows_out->count;
	for (uint32_t i = 0; written && i < written->count; i++) {
		struct held_row *row = written->items[i];
		if (row->now && row->stamp != stamp && may_fit(query, parameters, row->now))
			*list_add(arena, rows_out) = row;
		row->stamp = stamp;
	}
	if (rows_out->count > before)
		qsort(rows_out->items, rows_out->count, sizeof *rows_out->items, by_id);
}

/* Where some rows were enough, those that were written since may not fit any more, and others were not asked for. */
static bool is_short(const struct query *query, const struct bound_query *bound, const struct answer *answer)
{
	uint32_t unwritten = 0;

	if (!bound->most || answer->rows.count < bound->most)
		return false;
	for (uint32_t i = 0; i < answer->rows.count; i++)
		unwritten += !answer->rows.items[i]->written;
	return unwritten < query->most;
}

enum status batch_query(struct store *store, struct arena *arena, const struct query *asked, const struct value *parameters,
			const struct value *const **rows_out, uint32_t *count_out, struct error *error)
{
	const struct query *query = query_narrowed(store, asked);
	struct bound_query bound;
	held_rows rows = {0};

	arena_reset(&store->scratch);
	enum status status = query_bind(store, &store->scratch, query, parameters, SPARE_ROWS, &bound, error);
	if (status != OK || bound.none)
		return status;
	struct answer *answer = answer_held(store, bound.statement, bound.values, bound.count);
	if (answer->knowledge != KNOWN)
		status = wish(store,
			      (struct wish){.statement = bound.statement,
					    .entity = query->entity,
					    .values = bound.values,
					    .parameters = bound.count,
					    .answer = answer},
			      error);
	if (status != OK)
		return status;
	if (is_short(query, &bound, answer))
		return error_set(error, CONFLICT, "a batch has changed more rows than it has read to spare");
	rows_now(store, arena, query, parameters, answer, &rows);
	const struct value **found = arena_array(arena, const struct value *, rows.count + 1);
	for (uint32_t i = 0; i < rows.count; i++)
		found[i] = rows.items[i]->now;
	*rows_out = found;
	*count_out = rows.count;
	return OK;
}

/* --- tables that remember ids */
struct memory_key {
	int64_t tenant;
	const char *sql;
	struct record_id id;
};

static struct memory *memory_held(struct store *store, const char *sql, struct record_id id)
{
	struct batch *batch = &store->batch;
	struct memory_key key = {store->tenant, sql, id};
	struct memory *memory = map_get(&batch->memories, key_text(&key, sizeof key));

	if (memory)
		return memory;
	memory = arena_new(&batch->arena, struct memory);
	map_put(&batch->memories, key_text(arena_copy(&batch->arena, &key, sizeof key), sizeof key), memory);
	return memory;
}

enum status batch_recall(struct store *store, const char *sql, struct record_id id, bool *found_out, struct error *error)
{
	struct memory *memory = memory_held(store, sql, id);
	struct statement *statement;
	enum status status = OK;

	if (memory->knowledge != KNOWN) {
		status = store_statement(store, sql, &statement, error);
		if (status == OK)
			status = wish(store,
				      (struct wish){.statement = statement,
						    .values = key_values(store, id),
						    .parameters = 2,
						    .memory = memory},
				      error);
	}
	*found_out = memory->found;
	return status;
}

bool batch_remember(struct store *store, const char *sql, struct record_id id)
{
	struct memory *memory = memory_held(store, sql, id);
	bool found = memory->found;

	*list_add(&store->batch.arena, &store->batch.undos) =
		(struct undo){.memory = memory, .knowledge = memory->knowledge, .found = found};
	memory->knowledge = KNOWN;
	memory->found = true;
	return found;
}

/* --- settings: all of a tenant, for whoever asks for one asks for others */
static enum status settings_fetch(struct store *store, struct map *settings, struct error *error)
{
	struct arena *arena = &store->batch.arena;
	struct statement *statement;
	bool row;
	enum status status = store_statement(store, "SELECT name,value FROM _setting WHERE _tenant=?1", &statement, error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(store->tenant));
	while ((status = statement_step(statement, &row, error)) == OK && row) {
		struct text *value = arena_new(arena, struct text);
		*value = store_text(arena, statement, 1);
		map_put(settings, store_text(arena, statement, 0), value);
	}
	statement_reset(statement);
	return status;
}

enum status batch_setting(struct store *store, struct text name, struct text *value_out, struct error *error)
{
	struct batch *batch = &store->batch;
	struct text tenant = key_text(&store->tenant, sizeof store->tenant);
	struct map *settings = map_get(&batch->settings, tenant);

	if (!settings) {
		settings = arena_new(&batch->arena, struct map);
		*settings = map_in(&batch->arena);
		enum status status = settings_fetch(store, settings, error);
		if (status != OK)
			return status;
		map_put(&batch->settings, text_copy(&batch->arena, tenant), settings);
	}
	const struct text *value = map_get(settings, name);
	if (!value)
		return NOT_FOUND;
	*value_out = *value;
	return OK;
}
