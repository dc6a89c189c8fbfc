/* Runs queries: the terms that the database decides exactly as the engine would go down, the others stay with the engine,
 * whose `where` decides anyway. Rows come whole and all at once, so that no statement is open while the engine computes. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/store/inside.h"

enum { TERMS_MAX = 32 };

static uint32_t terms_push(struct store *store, const struct query *query, const struct value *parameters,
			   struct pushed_term *pushed, bool *none_out);
static enum status query_statement(struct store *store, const struct query *query, const struct pushed_term *pushed,
				   uint32_t count, uint32_t most, struct statement **statement_out,
				   struct error *error) MUST_CHECK;
static uint32_t parameters_list(struct store *store, struct arena *arena, const struct query *query,
				const struct value *parameters, const struct pushed_term *pushed, uint32_t count,
				struct sql_value **values_out);

static int by_id(const void *left, const void *right)
{
	return id_compare((*(const struct value *const *)left)[FIELD_ID].id,
			  (*(const struct value *const *)right)[FIELD_ID].id);
}

enum status query_bind(struct store *store, struct arena *arena, const struct query *query, const struct value *parameters,
		       uint32_t spare, struct bound_query *bound_out, struct error *error)
{
	struct pushed_term pushed[TERMS_MAX];

	*bound_out = (struct bound_query){0};
	uint32_t count = terms_push(store, query, parameters, pushed, &bound_out->none);
	if (bound_out->none)
		return OK;
	if (query->most && count == query->term_count)
		bound_out->most = query->most + spare;
	enum status status = query_statement(store, query, pushed, count, bound_out->most, &bound_out->statement, error);
	if (status == OK)
		bound_out->count = parameters_list(store, arena, query, parameters, pushed, count, &bound_out->values);
	return status;
}

enum status store_query(void *host, struct arena *arena, const struct query *query, const struct value *parameters,
			const struct value *const **rows_out, uint32_t *count_out, struct error *error)
{
	struct store *store = host;
	struct bound_query bound;
	LIST(const struct value *) rows = {0};
	bool row;

	*rows_out = NULL;
	*count_out = 0;
	if (store->batch.is_open)
		return batch_query(store, arena, query, parameters, rows_out, count_out, error);
	arena_reset(&store->scratch);
	enum status status = query_bind(store, &store->scratch, query, parameters, 0, &bound, error);
	if (status != OK || bound.none)
		return status;
	for (uint32_t i = 0; i < bound.count; i++)
		statement_bind(bound.statement, i + 1, bound.values[i]);
	while ((status = statement_step(bound.statement, &row, error)) == OK && row) {
		struct value *values = arena_array(arena, struct value, query->entity->field_count);
		status = row_from_sql(arena, query->entity, bound.statement, values, error);
		if (status != OK)
			break;
		*list_add(arena, &rows) = values;
	}
	statement_reset(bound.statement);
	if (rows.count > 1)
		qsort(rows.items, rows.count, sizeof *rows.items, by_id);
	*rows_out = rows.items;
	*count_out = rows.count;
	return status;
}

static bool needs_parameter(enum comparison comparison)
{
	return comparison != COMPARE_IS_SET && comparison != COMPARE_NOT_SET;
}

/* `none_out`: a parameter that is not set makes a term hold for no row. */
static uint32_t terms_push(struct store *store, const struct query *query, const struct value *parameters,
			   struct pushed_term *pushed, bool *none_out)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < query->term_count; i++) {
		const struct query_term *term = &query->terms[i];
		bool needs = needs_parameter(term->comparison);
		struct value parameter = needs ? parameters[term->parameter] : value_missing();
		if (needs && parameter.kind == VALUE_MISSING) {
			*none_out = true;
			return 0;
		}
		if (count < TERMS_MAX && term_push(query, &store->program->schema, i, parameter, &pushed[count]))
			count++;
	}
	return count;
}

/* What a statement is made of, so that two queries of one look share it and none is taken for another. */
static struct text query_key(struct arena *arena, const struct query *query, const struct pushed_term *pushed, uint32_t count,
			     uint32_t most)
{
	LIST(uint32_t) key = {0};

	*list_add(arena, &key) = (uint32_t)(uintptr_t)query->entity;
	*list_add(arena, &key) = (uint32_t)((uintptr_t)query->entity >> 32);
	*list_add(arena, &key) = most << 1 | query->in_order;
	*list_add(arena, &key) = query->order;
	for (uint32_t i = 0; i < count; i++) {
		const struct query_term *term = &query->terms[pushed[i].term];
		*list_add(arena, &key) = (uint32_t)pushed[i].shape << 8 | (uint32_t)term->comparison;
		*list_add(arena, &key) = pushed[i].parameter_count;
		*list_add(arena, &key) = term->path_length;
		for (uint32_t hop = 0; hop < term->path_length; hop++)
			*list_add(arena, &key) = term->path[hop];
	}
	return (struct text){(const char *)key.items, key.count * (uint32_t)sizeof *key.items};
}

static enum status query_statement(struct store *store, const struct query *query, const struct pushed_term *pushed,
				   uint32_t count, uint32_t most, struct statement **statement_out, struct error *error)
{
	struct text_builder sql = {.arena = &store->scratch};
	struct text name = query_key(&store->scratch, query, pushed, count, most);

	*statement_out = map_get(&store->queries, name);
	if (*statement_out)
		return OK;
	sql_query(&sql, store->dialect, query, &store->program->schema, pushed, count, most);
	enum status status = store_prepare(store, &sql, statement_out, error);
	if (status == OK)
		map_put(&store->queries, text_copy(&store->schema, name), *statement_out);
	return status;
}

/* The tenant, then what the terms ask for, in their order. */
static uint32_t parameters_list(struct store *store, struct arena *arena, const struct query *query,
				const struct value *parameters, const struct pushed_term *pushed, uint32_t count,
				struct sql_value **values_out)
{
	LIST(struct sql_value) values = {0};

	*list_add(arena, &values) = sql_integer(store->tenant);
	for (uint32_t i = 0; i < count; i++) {
		const struct query_term *term = &query->terms[pushed[i].term];
		const struct type *type = term_field(query, &store->program->schema, term)->type;
		if (!pushed[i].parameter_count)
			continue;
		struct value parameter = parameters[term->parameter];
		if (pushed[i].shape == TERM_PLAIN) {
			*list_add(arena, &values) = sql_comparable_value(arena, parameter, type);
			continue;
		}
		uint32_t items = pushed[i].shape == TERM_RANGE ? 2 : parameter.count;
		for (uint32_t item = 0; item < items; item++)
			if (parameter.items[item].kind != VALUE_MISSING)
				*list_add(arena, &values) = sql_comparable_value(arena, parameter.items[item], type);
	}
	*values_out = values.items;
	return values.count;
}
