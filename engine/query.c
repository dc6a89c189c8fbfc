/* Queries over rows: the host narrows them down by terms, what the turn has changed is put on top, and the condition itself
 * decides. Rows come in the order of their ids, so that the same state gives the same answer. */
#include "engine/base/check.h"
#include "engine/operators.h"
#include "engine/parts.h"

#include <stdlib.h>

/* --- candidates */
/* Whether the turn has changed a row that the term may pass on its way: the host does not know what it says now. */
static bool passes_changed(const struct context *context, const struct query *query, const struct query_term *term)
{
	const struct entity *entity = query->entity;
	for (uint32_t step = 0; step + 1 < term->path_length; step++) {
		const struct type *type = entity->fields[term->path[step]].type;
		if (type->kind != TYPE_REF)
			return false;
		entity = type->entity;
		for (uint32_t i = 0; i < context->touched.count; i++)
			if (context->touched.items[i]->entity == entity)
				return true;
	}
	return false;
}

/* The query without the terms that only the engine can decide by now. */
static const struct query *as_host_knows(struct context *context, const struct query *query)
{
	uint32_t kept = 0;
	struct query_term *terms = NULL;
	for (uint32_t i = 0; i < query->term_count; i++) {
		if (!passes_changed(context, query, &query->terms[i])) {
			if (terms)
				terms[kept] = query->terms[i];
			kept++;
			continue;
		}
		if (!terms) {
			terms = arena_array(context->arena, struct query_term, query->term_count);
			memcpy(terms, query->terms, sizeof(*terms) * kept);
		}
	}
	if (!terms)
		return query;
	struct query *narrowed = arena_copy(context->arena, query, sizeof(*query));
	narrowed->terms = terms;
	narrowed->term_count = kept;
	narrowed->terms_are_all = false;
	return narrowed;
}

static enum status host_rows(struct context *context, const struct query *query, const struct value *parameters, row_list *rows)
{
	const struct value *const *found = NULL;
	uint32_t count = 0;
	enum status status = context->ports->query(context->ports->host, context->arena, as_host_knows(context, query),
						   parameters, &found, &count, context->error);
	if (status != OK) {
		context->fatal = true;
		return status;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct row *row = row_keep(context, query->entity, found[i]);
		if (!row->change)
			*list_add(context->arena, rows) = row;
	}
	return OK;
}

static int by_id(const void *left, const void *right)
{
	return id_compare((*(struct row *const *)left)->id, (*(struct row *const *)right)->id);
}

/* Rows that the turn has touched may fit now, or no more: they are all candidates. */
static enum status candidates(struct context *context, const struct query *query, const struct value *parameters,
			      row_list *rows)
{
	enum status status = host_rows(context, query, parameters, rows);
	uint32_t before = rows->count;
	for (uint32_t i = 0; status == OK && i < context->touched.count; i++) {
		struct row *row = context->touched.items[i];
		if (row->entity == query->entity && row->values)
			*list_add(context->arena, rows) = row;
	}
	if (rows->count > before)
		qsort(rows->items, rows->count, sizeof(*rows->items), by_id);
	if (rows->count > LIMIT_LIST_ITEMS)
		return error_set(context->error, LIMIT, "the query over %.*s finds more than %d records",
				 TEXT_ARGS(query->entity->name), LIMIT_LIST_ITEMS);
	return status;
}

/* --- conditions */
static enum status path_value(struct context *context, const struct row *row, const struct query_term *term,
			      struct value *value_out)
{
	*value_out = value_ref(row->entity->index, row->id);
	for (uint32_t i = 0; i < term->path_length && value_out->kind == VALUE_REF; i++) {
		const struct entity *entity = context->program->schema.entities[value_out->entity];
		enum status status = row_field(context, entity, value_out->id, term->path[i], value_out);
		if (status != OK)
			return status;
	}
	return OK;
}

static enum status term_holds(struct context *context, const struct row *row, const struct query_term *term,
			      const struct value *parameters, bool *holds_out)
{
	static const enum step_operation STEPS[] = {STEP_EQUAL,   STEP_NOT_EQUAL,     STEP_LESS, STEP_LESS_EQUAL,
						    STEP_GREATER, STEP_GREATER_EQUAL, STEP_IN};
	struct value value;
	enum status status = path_value(context, row, term, &value);
	*holds_out = false;
	if (status != OK)
		return status;
	if (term->comparison == COMPARE_IS_SET || term->comparison == COMPARE_NOT_SET) {
		*holds_out = (value.kind != VALUE_MISSING) == (term->comparison == COMPARE_IS_SET);
		return OK;
	}
	struct value parameter = parameters[term->parameter];
	if (value.kind == VALUE_MISSING || parameter.kind == VALUE_MISSING)
		return OK;
	return compare(context, STEPS[term->comparison], value, parameter, holds_out);
}

/* A frame for conditions and values: slot 0 the row, then the parameters. */
static void frame_fill(struct value *frame, const struct query *query, const struct value *parameters, const struct row *row,
		       uint32_t slot_count)
{
	memset(frame, 0, sizeof(*frame) * slot_count);
	frame[0] = value_ref(row->entity->index, row->id);
	if (query->parameter_count)
		memcpy(frame + 1, parameters, sizeof(*frame) * query->parameter_count);
}

static enum status row_fits(struct context *context, const struct query *query, const struct value *parameters,
			    struct value *frame, const struct row *row, bool *fits_out)
{
	enum status status = OK;
	*fits_out = true;
	if (query->where) {
		struct value holds;
		frame_fill(frame, query, parameters, row, query->where->slot_count);
		status = eval_run(context, query->where, frame, &holds);
		*fits_out = status == OK && value_is_true(holds);
		return status;
	}
	for (uint32_t i = 0; status == OK && *fits_out && i < query->term_count; i++)
		status = term_holds(context, row, &query->terms[i], parameters, fits_out);
	return status;
}

static enum status select_rows(struct context *context, const struct query *query, const struct value *parameters,
			       uint32_t most, row_list *rows)
{
	row_list all = {0};
	struct value *frame = query->where ? frame_new(context, query->where) : NULL;
	enum status status = candidates(context, query, parameters, &all);
	for (uint32_t i = 0; status == OK && i < all.count && rows->count < most; i++) {
		bool fits;
		status = row_fits(context, query, parameters, frame, all.items[i], &fits);
		if (status == OK && fits)
			*list_add(context->arena, rows) = all.items[i];
	}
	return status;
}

enum status row_query(struct context *context, const struct query *query, const struct value *parameters,
		      struct row ***rows_out, uint32_t *count_out)
{
	row_list rows = {0};
	enum status status = select_rows(context, query, parameters, UINT32_MAX, &rows);
	*rows_out = rows.items;
	*count_out = rows.count;
	return status;
}

/* Behind what the host was asked for there may be others: what the turn has changed there is for the next slice. */
static bool is_in_slice(const struct row_slice *slice, const struct row *row, struct record_id after)
{
	return row->values && id_compare(row->id, after) > 0 && !(slice->more && id_compare(row->id, slice->until) > 0);
}

static enum status slice_touched(struct context *context, const struct query *query, struct value after,
				 struct row_slice *slice)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->touched.count; i++) {
		struct row *row = context->touched.items[i];
		bool fits = row->entity == query->entity && is_in_slice(slice, row, after.id);
		for (uint32_t k = 1; status == OK && fits && k < query->term_count; k++)
			status = term_holds(context, row, &query->terms[k], &after, &fits);
		if (status == OK && fits)
			*list_add(context->arena, &slice->rows) = row;
	}
	return status;
}

enum status row_query_after(struct context *context, const struct query *query, struct record_id after,
			    struct row_slice *slice_out)
{
	struct value parameter = value_ref(query->entity->index, after);
	const struct value *const *found = NULL;
	uint32_t count = 0;
	*slice_out = (struct row_slice){0};
	enum status status =
		context->ports->query(context->ports->host, context->arena, query, &parameter, &found, &count, context->error);
	context->fatal |= status != OK;
	if (status != OK)
		return status;
	slice_out->more = count >= query->most;
	if (slice_out->more)
		slice_out->until = found[query->most - 1][FIELD_ID].id;
	for (uint32_t i = 0; i < count && i < query->most; i++) {
		struct row *row = row_keep(context, query->entity, found[i]);
		if (!row->change)
			*list_add(context->arena, &slice_out->rows) = row;
	}
	status = slice_touched(context, query, parameter, slice_out);
	if (slice_out->rows.count)
		qsort(slice_out->rows.items, slice_out->rows.count, sizeof(*slice_out->rows.items), by_id);
	return status;
}

static int by_text(const void *left, const void *right, void *field)
{
	const struct row *a = *(struct row *const *)left, *b = *(struct row *const *)right;
	uint16_t index = *(const uint16_t *)field;
	return text_compare(value_as_text(a->values[index]), value_as_text(b->values[index]));
}

/* The host gives them by id, whichever it was asked for. */
static void sort_page(row_list *rows, uint16_t order)
{
	if (order != FIELD_ID && rows->count)
		qsort_r(rows->items, rows->count, sizeof(*rows->items), by_text, &order);
}

enum status row_query_page(struct context *context, const struct query *query, const struct query *page,
			   const struct value *parameters, struct row_page *page_out)
{
	row_list all = {0};
	CHECK(!context->touched.count);
	*page_out = (struct row_page){0};
	enum status status = host_rows(context, page, parameters, &all);
	struct value *frame = query->where ? frame_new(context, query->where) : NULL;
	sort_page(&all, page->order);
	for (uint32_t i = 0; status == OK && i < all.count; i++) {
		bool fits;
		status = row_fits(context, query, parameters, frame, all.items[i], &fits);
		if (status == OK && fits)
			*list_add(context->arena, &page_out->rows) = all.items[i];
		page_out->last = all.items[i];
	}
	page_out->more = all.count == page->most;
	return status;
}

const struct query *query_by_fields(struct arena *arena, const struct entity *entity, const uint16_t *fields, uint32_t count)
{
	struct query *query = arena_new(arena, struct query);
	struct query_term *terms = arena_array(arena, struct query_term, count);
	for (uint32_t i = 0; i < count; i++)
		terms[i] =
			(struct query_term){.path = &fields[i], .path_length = 1, .comparison = COMPARE_EQUAL, .parameter = i};
	*query = (struct query){.kind = QUERY_ALL,
				.entity = entity,
				.terms = terms,
				.term_count = count,
				.parameter_count = count,
				.terms_are_all = true};
	return query;
}

enum status row_query_equal(struct context *context, const struct entity *entity, uint16_t field, struct value value,
			    struct row ***rows_out, uint32_t *count_out)
{
	struct value *parameters = arena_copy(context->arena, &value, sizeof(value));
	const struct query *query = query_by_fields(context->arena, entity, &entity->fields[field].index, 1);
	return row_query(context, query, parameters, rows_out, count_out);
}

/* --- folding */
static enum status row_value(struct context *context, const struct query *query, const struct value *parameters,
			     const struct row *row, struct value *value_out)
{
	struct value *frame = frame_new(context, query->value);
	frame_fill(frame, query, parameters, row, query->value->slot_count);
	return eval_run(context, query->value, frame, value_out);
}

/* What the sum of nothing is. Of money nobody knows the currency. */
static struct value zero_of(const struct query *query)
{
	const struct code *code = query->value;
	const struct type *type = code && code->root < code->node_count ? code->nodes[code->root].type : NULL;
	switch (type ? type->kind : TYPE_NOTHING) {
	case TYPE_INT:
		return value_int(0);
	case TYPE_DECIMAL:
		return value_number(VALUE_DECIMAL, decimal_from_int(0));
	case TYPE_PERCENT:
		return value_number(VALUE_PERCENT, decimal_from_int(0));
	case TYPE_DURATION:
		return value_duration(0, UNIT_SECOND);
	default:
		return value_missing();
	}
}

static enum status fold_value(struct context *context, enum query_kind kind, struct value value, struct value *total)
{
	if (value.kind == VALUE_MISSING)
		return OK;
	if (total->kind == VALUE_MISSING) {
		*total = value;
		return OK;
	}
	if (kind == QUERY_SUM || kind == QUERY_AVG)
		return operate(context, STEP_ADD, *total, value, total);
	bool better;
	enum status status = compare(context, kind == QUERY_MIN ? STEP_LESS : STEP_GREATER, value, *total, &better);
	if (status == OK && better)
		*total = value;
	return status;
}

static enum status fold(struct context *context, const struct query *query, const struct value *parameters,
			const row_list *rows, struct value *result_out)
{
	int64_t counted = 0;
	*result_out = value_missing();
	for (uint32_t i = 0; i < rows->count; i++) {
		struct value value;
		enum status status = row_value(context, query, parameters, rows->items[i], &value);
		if (status == OK)
			status = fold_value(context, query->kind, value, result_out);
		if (status != OK)
			return status;
		counted += value.kind != VALUE_MISSING;
	}
	if (!counted)
		*result_out = query->kind == QUERY_SUM ? zero_of(query) : value_missing();
	else if (query->kind == QUERY_AVG)
		return operate(context, STEP_DIVIDE, *result_out, value_int(counted), result_out);
	return OK;
}

/* The share of rows for which the value holds; of none there is no share. */
static enum status share(struct context *context, const struct query *query, const struct value *parameters,
			 const row_list *rows, struct value *result_out)
{
	int64_t holding = 0;
	struct decimal quotient;
	for (uint32_t i = 0; i < rows->count; i++) {
		struct value value;
		enum status status = row_value(context, query, parameters, rows->items[i], &value);
		if (status != OK)
			return status;
		holding += value_is_true(value);
	}
	*result_out = value_missing();
	if (!rows->count)
		return OK;
	enum status status = decimal_divide(decimal_from_int(holding), decimal_from_int(rows->count), &quotient);
	CHECK(status == OK);
	*result_out = value_number(VALUE_PERCENT, quotient);
	return OK;
}

static struct value refs_of(struct context *context, const row_list *rows)
{
	struct value *items = arena_array(context->arena, struct value, rows->count + 1);
	for (uint32_t i = 0; i < rows->count; i++)
		items[i] = value_ref(rows->items[i]->entity->index, rows->items[i]->id);
	return (struct value){.kind = VALUE_LIST, .count = rows->count, .items = items};
}

enum status query_call(struct context *context, const struct query *query, const struct value *parameters,
		       struct value *result_out)
{
	row_list rows = {0};
	bool first_only = query->kind == QUERY_LOOKUP || query->kind == QUERY_EXISTS;
	enum status status = select_rows(context, query, parameters, first_only ? 1 : UINT32_MAX, &rows);
	if (status != OK)
		return status;
	switch (query->kind) {
	case QUERY_ALL:
		*result_out = refs_of(context, &rows);
		return OK;
	case QUERY_LOOKUP:
		*result_out = rows.count ? value_ref(rows.items[0]->entity->index, rows.items[0]->id) : value_missing();
		return OK;
	case QUERY_EXISTS:
		*result_out = value_bool(rows.count);
		return OK;
	case QUERY_COUNT:
		*result_out = value_int(rows.count);
		return OK;
	case QUERY_PERCENT:
		return share(context, query, parameters, &rows, result_out);
	default:
		return fold(context, query, parameters, &rows, result_out);
	}
}
