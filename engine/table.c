/* Decision tables: inputs are computed once, rows are tried in order, the hit policy says what several hits mean. Tables whose
 * first column is all single values are looked up in it, so that 100,000 rows cost as much as ten. */
#include "engine/operators.h"
#include "engine/parts.h"

enum { ROWS_WORTH_AN_INDEX = 16 };

/* Rows by the value of their first cell; those with any other first cell are tried besides. */
struct table_index {
	uint32_t *first;     /* by hash: the first row of the chain + 1 */
	uint32_t *following; /* by row: the next one of the chain + 1 */
	uint32_t mask;
	uint32_t *others; /* rows whose first cell is no single value, ascending */
	uint32_t other_count;
};

struct table_index *table_index_build(struct arena *arena, const struct table *table)
{
	if (table->row_count < ROWS_WORTH_AN_INDEX || !table->input_count)
		return NULL;
	struct table_index *index = arena_new(arena, struct table_index);
	uint32_t capacity = 16;
	while (capacity < table->row_count * 2)
		capacity *= 2;
	index->mask = capacity - 1;
	index->first = arena_array(arena, uint32_t, capacity);
	index->following = arena_array(arena, uint32_t, table->row_count);
	index->others = arena_array(arena, uint32_t, table->row_count);
	for (uint32_t row = table->row_count; row-- > 0;) { /* backwards, so that chains ascend */
		const struct cell *cell = &table->rows[row].cells[0];
		if (cell->kind != CELL_EQUAL)
			continue;
		uint32_t *head = &index->first[value_hash(cell->values[0]) & index->mask];
		index->following[row] = *head;
		*head = row + 1;
	}
	for (uint32_t row = 0; row < table->row_count; row++)
		if (table->rows[row].cells[0].kind != CELL_EQUAL)
			index->others[index->other_count++] = row;
	return index;
}

/* --- the rows to try, ascending */
struct candidates {
	const struct table_index *index; /* NULL: all */
	uint32_t chained, other, row;
	uint32_t row_count;
};

static struct candidates candidates_of(const struct table *table, const struct table_index *index, struct value first_input)
{
	struct candidates candidates = {.row_count = table->row_count};
	if (index) {
		candidates.index = index;
		candidates.chained =
			first_input.kind == VALUE_MISSING ? 0 : index->first[value_hash(first_input) & index->mask];
	}
	return candidates;
}

static bool candidate_next(struct candidates *candidates, uint32_t *row_out)
{
	const struct table_index *index = candidates->index;
	if (!index) {
		*row_out = candidates->row++;
		return *row_out < candidates->row_count;
	}
	bool has_other = candidates->other < index->other_count;
	if (candidates->chained && (!has_other || candidates->chained - 1 < index->others[candidates->other])) {
		*row_out = candidates->chained - 1;
		candidates->chained = index->following[*row_out];
		return true;
	}
	if (has_other)
		*row_out = index->others[candidates->other++];
	return has_other;
}

/* --- one row */
struct call {
	struct context *context;
	const struct table *table;
	const struct value *arguments, *inputs;
	date today;
};

static enum status cell_code(const struct call *call, const struct cell *cell, struct value input, bool *fits_out)
{
	struct value holds, *frame = frame_new(call->context, cell->code);
	frame[0] = input;
	if (call->table->parameter_count)
		memcpy(frame + 1, call->arguments, sizeof(*frame) * call->table->parameter_count);
	enum status status = eval_run(call->context, cell->code, frame, &holds);
	*fits_out = status == OK && value_is_true(holds);
	return status;
}

static enum status cell_fits(const struct call *call, const struct cell *cell, struct value input, bool *fits_out)
{
	bool at_least = false, at_most = false;
	enum status status;
	*fits_out = false;
	switch (cell->kind) {
	case CELL_ANY:
		*fits_out = true;
		return OK;
	case CELL_MISSING:
		*fits_out = input.kind == VALUE_MISSING;
		return OK;
	case CELL_CODE:
		return cell_code(call, cell, input, fits_out);
	default:
		if (input.kind == VALUE_MISSING)
			return OK;
	}
	if (cell->kind != CELL_RANGE) {
		for (uint32_t i = 0; i < cell->count && !*fits_out; i++)
			*fits_out = value_equal(input, cell->values[i]);
		return OK;
	}
	status = compare(call->context, STEP_GREATER_EQUAL, input, cell->values[0], &at_least);
	if (status == OK)
		status = compare(call->context, STEP_LESS_EQUAL, input, cell->values[1], &at_most);
	*fits_out = at_least && at_most;
	return status;
}

static enum status row_fits(const struct call *call, const struct table_row *row, bool *fits_out)
{
	enum status status = OK;
	*fits_out = (row->valid_from == DATE_OPEN || call->today >= row->valid_from) &&
		    (row->valid_until == DATE_OPEN || call->today < row->valid_until);
	for (uint32_t i = 0; status == OK && *fits_out && i < call->table->input_count; i++)
		status = cell_fits(call, &row->cells[i], call->inputs[i], fits_out);
	return status;
}

static enum status row_outputs(const struct call *call, const struct table_row *row, struct value *outputs)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < call->table->outputs->count; i++) {
		outputs[i] = value_missing();
		if (!row->outputs[i])
			continue;
		struct value *frame = frame_new(call->context, row->outputs[i]);
		if (call->table->parameter_count)
			memcpy(frame, call->arguments, sizeof(*frame) * call->table->parameter_count);
		status = eval_run(call->context, row->outputs[i], frame, &outputs[i]);
	}
	return status;
}

/* --- hits */
struct hits {
	struct value *outputs; /* the row's so far, or the folded ones */
	struct value *next;    /* room for another row's */
	uint32_t count, first_row;
};

static enum status fold_output(const struct call *call, struct value *total, struct value value)
{
	if (value.kind == VALUE_MISSING)
		return OK;
	if (call->table->fold == FOLD_NONE) { /* collect: a list of all */
		struct value *items = arena_array(call->context->arena, struct value, total->count + 1);
		if (total->count)
			memcpy(items, total->items, total->count * sizeof(*items));
		items[total->count] = value;
		*total = (struct value){.kind = VALUE_LIST, .count = total->count + 1, .items = items};
		return OK;
	}
	if (call->table->fold == FOLD_COUNT) {
		*total = value_int(total->integer + 1);
		return OK;
	}
	if (total->kind == VALUE_MISSING) {
		*total = value;
		return OK;
	}
	if (call->table->fold == FOLD_SUM)
		return operate(call->context, STEP_ADD, *total, value, total);
	bool better;
	enum status status =
		compare(call->context, call->table->fold == FOLD_MIN ? STEP_LESS : STEP_GREATER, value, *total, &better);
	if (status == OK && better)
		*total = value;
	return status;
}

static enum status not_unique(const struct call *call, uint32_t first, uint32_t second)
{
	const struct table *table = call->table;
	return error_set(call->context->error, INVALID,
			 "the table %.*s is `hit unique`, but its rows in lines %u and %u both fit", TEXT_ARGS(table->name),
			 table->rows[first].span.line, table->rows[second].span.line);
}

/* Priority: the row with the larger first output, an ordered value. */
static enum status prefer(const struct call *call, struct hits *hits)
{
	bool better = hits->outputs[0].kind == VALUE_MISSING;
	enum status status = OK;
	if (!better && hits->next[0].kind != VALUE_MISSING)
		status = compare(call->context, STEP_GREATER, hits->next[0], hits->outputs[0], &better);
	if (better) {
		struct value *swapped = hits->outputs;
		hits->outputs = hits->next;
		hits->next = swapped;
	}
	return status;
}

static enum status hit_add(const struct call *call, struct hits *hits, uint32_t row)
{
	const struct table *table = call->table;
	struct coverage *coverage = call->context->engine->coverage;
	enum status status = OK;
	if (coverage)
		coverage->row[table - call->context->program->tables][row]++;
	if (table->policy == HIT_UNIQUE && hits->count)
		return not_unique(call, hits->first_row, row);
	bool keeps = table->policy == HIT_COLLECT || hits->count;
	status = row_outputs(call, &table->rows[row], keeps ? hits->next : hits->outputs);
	if (!hits->count++)
		hits->first_row = row;
	if (status == OK && table->policy == HIT_PRIORITY && hits->count > 1)
		return prefer(call, hits);
	for (uint32_t i = 0; status == OK && table->policy == HIT_COLLECT && i < table->outputs->count; i++)
		status = fold_output(call, &hits->outputs[i], hits->next[i]);
	return status;
}

static enum status compute_inputs(struct context *context, const struct table *table, const struct value *arguments,
				  struct value *inputs)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < table->input_count; i++) {
		struct value *frame = frame_new(context, table->inputs[i]);
		if (table->parameter_count)
			memcpy(frame, arguments, sizeof(*frame) * table->parameter_count);
		status = eval_run(context, table->inputs[i], frame, &inputs[i]);
	}
	return status;
}

/* What comes of no row: nothing is set, but a list is empty and a count is 0. */
static struct value *outputs_of_none(struct context *context, const struct table *table)
{
	struct value *outputs = arena_array(context->arena, struct value, table->outputs->count + 1);
	for (uint32_t i = 0; table->policy == HIT_COLLECT && i < table->outputs->count; i++)
		if (table->fold == FOLD_NONE)
			outputs[i] = (struct value){.kind = VALUE_LIST};
		else if (table->fold == FOLD_COUNT)
			outputs[i] = value_int(0);
	return outputs;
}

enum status table_call(struct context *context, const struct table *table, const struct value *arguments,
		       struct value *result_out)
{
	struct value *inputs = arena_array(context->arena, struct value, table->input_count + 1);
	struct hits hits = {.outputs = outputs_of_none(context, table),
			    .next = arena_array(context->arena, struct value, table->outputs->count + 1)};
	struct call call = {.context = context, .table = table, .arguments = arguments, .inputs = inputs};
	clock_time time;
	moment_to_local(context->program->zone, context->now, &call.today, &time);
	enum status status = compute_inputs(context, table, arguments, inputs);
	struct candidates candidates =
		candidates_of(table, context->engine->tables[table - context->program->tables], inputs[0]);
	uint32_t row;
	while (status == OK && candidate_next(&candidates, &row)) {
		bool fits;
		status = row_fits(&call, &table->rows[row], &fits);
		if (status == OK && fits)
			status = hit_add(&call, &hits, row);
		if (hits.count && table->policy == HIT_FIRST)
			break;
	}
	*result_out = (struct value){.kind = VALUE_RECORD, .count = table->outputs->count, .items = hits.outputs};
	return status;
}
