/* The cells of a decision table: most are constants that the engine looks up or compares at once; only what is no constant
 * becomes code. Equal texts in one column are compiled once, so a table of 100,000 rows costs no more than its text. */
#include "dsl/compiler/table.h"

/* Afterwards as if nothing had been compiled; names stay. */
static void forget(struct coder *coder, uint32_t slots, uint32_t branches, uint32_t queries)
{
	coder->steps.count = coder->constants.count = coder->operands.count = coder->nodes.count = coder->children.count = 0;
	coder->slot_count = slots;
	coder->compiler->branches.count = branches;
	coder->compiler->queries.count = queries;
}

struct coder table_coder(struct table_builder *builder, const struct type *subject)
{
	struct coder coder = coder_new(builder->compiler, builder->file);
	coder.footprint = &builder->note->footprint;
	coder.allows_missing = true;
	if (subject)
		coder_slot(&coder);
	parameters_enter(&coder, builder->note->parameters, builder->note->parameter_count, builder->declaration->syntax);
	return coder;
}

/* --- constant cells */
struct constant_cell {
	LIST(struct value) values;
	bool range, failed;
};

static void add_ordinals(struct table_builder *builder, struct constant_cell *cell, enum step_operation step, struct value edge)
{
	for (uint32_t i = 0; i < edge.enumeration->count; i++) {
		bool holds = (step == STEP_LESS && i < edge.count) || (step == STEP_LESS_EQUAL && i <= edge.count) ||
			     (step == STEP_GREATER && i > edge.count) || (step == STEP_GREATER_EQUAL && i >= edge.count);
		struct value value = edge;
		value.count = i;
		if (holds)
			*list_add(builder->compiler->arena, &cell->values) = value;
	}
}

static bool add_constant(struct table_builder *builder, struct constant_cell *cell, enum step_operation step,
			 const struct operand *operand)
{
	struct arena *arena = builder->compiler->arena;
	struct value value = operand->value;
	if (value.kind == VALUE_ENUM && step != STEP_EQUAL && step != STEP_IN) {
		if (step != STEP_LESS && step != STEP_LESS_EQUAL && step != STEP_GREATER && step != STEP_GREATER_EQUAL)
			return false;
		add_ordinals(builder, cell, step, value);
		return true;
	}
	if (step != STEP_EQUAL && step != STEP_IN)
		return false;
	if (value.kind == VALUE_RANGE && !cell->values.count) {
		*list_add(arena, &cell->values) = value.items[0];
		*list_add(arena, &cell->values) = value.items[1];
		cell->range = true;
		return true;
	}
	if (value.kind == VALUE_RANGE || cell->range)
		return false;
	uint32_t count = value.kind == VALUE_LIST ? value.count : 1;
	for (uint32_t i = 0; i < count; i++)
		*list_add(arena, &cell->values) = value.kind == VALUE_LIST ? value.items[i] : value;
	return true;
}

/* True when the test is one of constants; what is wrong in it is said here, and only here. */
static bool constant_test(struct table_builder *builder, const struct table_input *input, const struct syntax *test,
			  struct constant_cell *cell)
{
	struct coder *coder = &builder->cells;
	enum step_operation step = STEP_EQUAL;
	const struct syntax *value = test;
	bool negated = false;
	if (test->kind == SYNTAX_partial) {
		const struct operator_word *word = operator_of(coder, test, &negated);
		value = syntax_named(test, 0);
		cell->failed = !word || !value;
		if (cell->failed)
			return false;
		step = word->step;
	}
	if (negated || step == STEP_STARTS || step == STEP_ENDS || step == STEP_CONTAINS || step == STEP_MATCHES ||
	    step == STEP_NOT_EQUAL || input->type->kind == TYPE_DATA || input->type->kind == TYPE_LIST)
		return false;
	bool ranged = value->kind == SYNTAX_binary && syntax_has_word(builder->compiler, builder->file, value, "..");
	bool listed = step == STEP_IN || value->kind == SYNTAX_list || ranged;
	const struct type *wanted = listed ? type_list(builder->compiler, input->type) : input->type;
	struct operand operand = expression(coder, value, wanted);
	cell->failed = is_error(&operand);
	if (cell->failed || !operand.is_constant)
		return false;
	bool many = operand.type->kind == TYPE_LIST || operand.type->kind == TYPE_RANGE;
	if (operand.type->kind == TYPE_RANGE)
		wanted = type_range(builder->compiler, input->type);
	else if (operand.type->kind == TYPE_LIST)
		wanted = type_list(builder->compiler, input->type);
	bool fits = type_fits(wanted, operand.type) || (many && operand.type->element->kind == TYPE_INT);
	if (many && fits && input->type->kind == TYPE_DECIMAL)
		return false; /* comparing numbers of two kinds is the business of steps */
	if (!fit(coder, value, &operand, wanted)) {
		cell->failed = true;
		return false;
	}
	return add_constant(builder, cell, step, &operand);
}

static bool constant_cell(struct table_builder *builder, const struct table_input *input, const struct cell_source *source,
			  struct cell *cell_out)
{
	struct constant_cell found = {0};
	uint32_t slots = builder->cells.slot_count, branches = builder->compiler->branches.count;
	uint32_t queries = builder->compiler->queries.count;
	bool constant = true;
	for (uint32_t i = 0; constant && i < source->count; i++)
		constant = constant_test(builder, input, builder->items.items[source->first + i], &found);
	forget(&builder->cells, slots, branches, queries);
	if (found.failed) {
		builder->failed = true;
		return true;
	}
	if (!constant)
		return false;
	cell_out->kind = found.range ? CELL_RANGE : found.values.count == 1 ? CELL_EQUAL : CELL_ONE_OF;
	cell_out->values = found.values.items;
	cell_out->count = found.values.count;
	return true;
}

/* --- cells that are code */
static struct text text_of_cell(const struct table_builder *builder, const struct cell_source *source)
{
	const struct syntax *first = builder->items.items[source->first];
	const struct syntax *last = builder->items.items[source->first + source->count - 1];
	return text_slice(builder->compiler->inputs[builder->file].text, first->start, last->end);
}

static const struct code *code_cell(struct table_builder *builder, const struct table_input *input,
				    const struct cell_source *source)
{
	struct coder *coder = &builder->cells;
	uint32_t slots = coder->slot_count;
	struct operand subject = {.type = input->type, .slot = 0, .may_miss = true, .stays = true};
	subject.node = coder_node(coder, NODE_PATH, input->syntax, input->type, 0, 0, NULL, 0);
	uint32_t result = SLOT_NONE, node = NODE_NONE;
	for (uint32_t i = 0; i < source->count; i++) {
		struct operand truth = test_of(coder, builder->items.items[source->first + i], subject);
		if (is_error(&truth)) {
			builder->failed = true;
			return NULL;
		}
		uint32_t before = result, slot = operand_slot(coder, &truth);
		node = truth.node;
		if (before == SLOT_NONE)
			result = slot;
		else
			coder_step(coder, STEP_OR, result = coder_slot(coder), before, slot, 0);
	}
	const struct code *code = coder_finish(coder, result, node);
	coder_again(coder, slots);
	return code;
}

void cell_build(struct table_builder *builder, struct table_input *input, const struct cell_source *source,
		struct cell *cell_out)
{
	cell_out->span = span_in(builder->file, source->place);
	if (source->any || source->none) {
		cell_out->kind = source->any ? CELL_ANY : CELL_MISSING;
		return;
	}
	cell_out->span.end = builder->items.items[source->first + source->count - 1]->end;
	if (!input->type || constant_cell(builder, input, source, cell_out))
		return;
	cell_out->kind = CELL_CODE;
	struct text text = text_of_cell(builder, source);
	cell_out->code = map_get(&input->codes, text);
	if (cell_out->code)
		return;
	cell_out->code = code_cell(builder, input, source);
	if (cell_out->code)
		map_put(&input->codes, text, (void *)cell_out->code);
}

/* --- outputs */
const struct code *output_build(struct table_builder *builder, struct table_output *output, const struct cell_source *source)
{
	if (source->none) {
		output->may_miss = true;
		return NULL;
	}
	if (source->any || source->count != 1) {
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TABLE_CELL, span_in(builder->file, source->place),
			       "row %u: `%.*s` is one value, or `-` when it is not set", builder->row_number,
			       TEXT_ARGS(output->field->name));
		builder->failed = true;
		return NULL;
	}
	struct text text = text_of_cell(builder, source);
	const struct code *code = map_get(&output->codes, text);
	if (code)
		return code;
	struct operand result;
	uint32_t slots = builder->values.slot_count;
	code = code_for_expression(&builder->values, builder->items.items[source->first], output->field->type, &result);
	coder_again(&builder->values, slots);
	output->may_miss = output->may_miss || result.may_miss;
	if (code)
		map_put(&output->codes, text, (void *)code);
	else
		builder->failed = true;
	return code;
}
