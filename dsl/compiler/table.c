/* Decision tables: the signature first, then header and rows, with those that later layers add before the others. What stands
 * in a cell is table_cells.c's business. */
#include "dsl/compiler/table.h"

#include <stdio.h>

/* --- signatures */
static struct text table_name(const struct compiler *compiler, const struct declaration *declaration)
{
	const struct syntax *name = syntax_with_role(declaration->syntax, ROLE_name);
	if (declaration->name.length || !name)
		return declaration->name;
	return syntax_text(compiler, declaration->file, name);
}

static void table_declare(struct compiler *compiler, struct declaration *declaration)
{
	struct function_note *note = arena_new(compiler->arena, struct function_note);
	uint32_t count = 0;
	note->kind = FUNCTION_TABLE;
	note->parameters = parameters_read(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_parameters),
					   TEXT(""), &note->parameter_count);
	struct record_field *outputs = parameters_read(compiler, declaration->file, declaration->syntax, TEXT(""), &count);
	for (uint32_t i = 0; i < count; i++)
		outputs[i].required = false;
	note->result = type_record(compiler, outputs, count);
	declaration->object = note;
	declaration->index = compiler->tables.count;
	*list_add(compiler->arena, &compiler->tables) =
		(struct table){.name = table_name(compiler, declaration),
			       .label = label_read(compiler, declaration->file, declaration->syntax),
			       .span = span_in(declaration->file, declaration->syntax),
			       .parameters = note->parameters,
			       .parameter_count = note->parameter_count,
			       .outputs = note->result->record};
}

static void extension_declare(struct compiler *compiler, struct declaration *extension)
{
	const struct syntax *target = syntax_with_role(extension->syntax, ROLE_target);
	struct declaration *table = target ? target_find(compiler, SPACE_FUNCTION, extension->file, target) : NULL;
	struct function_note *note = table ? table->object : NULL;
	if (note && note->kind == FUNCTION_TABLE)
		*list_add(compiler->arena, &note->extensions) = extension;
	else if (table)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_TARGET, span_in(extension->file, target),
			       "`%.*s` is no table", TEXT_ARGS(table->name));
}

void tables_declare(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_table].count; i++)
		table_declare(compiler, compiler->by_kind[SYNTAX_table].items[i]);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_extend_table].count; i++)
		extension_declare(compiler, compiler->by_kind[SYNTAX_extend_table].items[i]);
}

/* --- a row and its cells */
static void shape_error(struct table_builder *builder, const struct syntax *at, const char *format, uint32_t has,
			uint32_t needs)
{
	char sentence[200];
	snprintf(sentence, sizeof(sentence), format, has, needs);
	diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TABLE_SHAPE, span_in(builder->file, at), "row %u %s",
		       builder->row_number, sentence);
	builder->failed = true;
}

static void item_add(struct table_builder *builder, struct cell_source *cell, const struct syntax *item, struct text token)
{
	if (!cell->count && !cell->any && !cell->none)
		cell->place = item;
	if (item->kind != SYNTAX_token) {
		*list_add(builder->compiler->arena, &builder->items) = item;
		cell->count++;
	} else if (text_is(token, "*")) {
		cell->any = true;
	} else if (text_is(token, "-")) {
		cell->none = true;
	}
}

/* Splits the row at its bars. Answers the `valid` node, if there is one. */
static const struct syntax *row_split(struct table_builder *builder, const struct syntax *row)
{
	const struct syntax *valid = NULL;
	bool output = false;
	builder->items.count = builder->cell_sources.count = 0;
	for (each_child (child, row)) {
		struct text token =
			child->kind == SYNTAX_token ? syntax_text(builder->compiler, builder->file, child) : TEXT("");
		if (child->kind == SYNTAX_comment)
			continue;
		if (child->kind == SYNTAX_valid) {
			valid = child;
		} else if (text_is(token, "|") || text_is(token, "||")) {
			output = output || token.length == 2;
			*list_add(builder->compiler->arena, &builder->cell_sources) =
				(struct cell_source){.first = builder->items.count, .output = output, .place = child};
		} else if (builder->cell_sources.count) {
			item_add(builder, list_last(&builder->cell_sources), child, token);
		}
	}
	if (builder->cell_sources.count) {
		const struct cell_source *last = list_last(&builder->cell_sources);
		if (!last->count && !last->any && !last->none)
			builder->cell_sources.count--;
	}
	return valid;
}

static uint32_t input_cells(const struct table_builder *builder)
{
	uint32_t count = 0;
	while (count < builder->cell_sources.count && !builder->cell_sources.items[count].output)
		count++;
	return count;
}

/* --- the header */
static void input_header(struct table_builder *builder, const struct cell_source *source)
{
	struct table_input *input = list_add(builder->compiler->arena, &builder->inputs);
	*input = (struct table_input){.syntax = source->place, .codes = map_in(builder->compiler->arena)};
	if (source->count != 1) {
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TABLE_SHAPE, span_in(builder->file, source->place),
			       "a column of the header is one expression");
		builder->failed = true;
		return;
	}
	struct coder coder = table_coder(builder, NULL);
	struct operand result;
	input->code = code_for_expression(&coder, builder->items.items[source->first], NULL, &result);
	if (input->code)
		input->type = result.type;
	else
		builder->failed = true;
}

static int64_t declared_output(const struct table_builder *builder, struct text name)
{
	for (uint32_t i = 0; i < builder->declared->count; i++)
		if (text_equal(builder->declared->fields[i].name, name))
			return i;
	return -1;
}

static void output_header(struct table_builder *builder, const struct cell_source *source)
{
	struct compiler *compiler = builder->compiler;
	const struct syntax *item = source->count ? builder->items.items[source->first] : NULL;
	const struct syntax *name = item && item->kind == SYNTAX_output_name ? syntax_child(item, SYNTAX_identifier) : NULL;
	struct text text = name ? syntax_text(compiler, builder->file, name) : TEXT("");
	int64_t index = name ? declared_output(builder, text) : -1;
	bool twice = false;
	for (uint32_t i = 0; i < builder->output_index.count; i++)
		twice = twice || builder->output_index.items[i] == index;
	if (index < 0 || twice) {
		struct diagnostic *diagnostic =
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TABLE_SHAPE, span_in(builder->file, source->place),
				       !name   ? "an output column is named with a colon: `queue:`%.*s"
				       : twice ? "the output `%.*s` has two columns"
					       : "the table gives no `%.*s`",
				       TEXT_ARGS(text));
		struct text *names = arena_array(compiler->arena, struct text, builder->declared->count + 1);
		for (uint32_t i = 0; i < builder->declared->count; i++)
			names[i] = builder->declared->fields[i].name;
		suggest(compiler, diagnostic, text, names, builder->declared->count);
		builder->failed = true;
		return;
	}
	*list_add(compiler->arena, &builder->output_index) = (uint32_t)index;
	*list_add(compiler->arena, &builder->outputs) =
		(struct table_output){.field = &builder->declared->fields[index], .codes = map_in(compiler->arena)};
}

static bool is_header(const struct table_builder *builder)
{
	for (uint32_t i = 0; i < builder->cell_sources.count; i++) {
		const struct cell_source *source = &builder->cell_sources.items[i];
		if (source->count && builder->items.items[source->first]->kind == SYNTAX_output_name)
			return true;
	}
	return false;
}

static void header_build(struct table_builder *builder, const struct syntax *row)
{
	uint32_t inputs = input_cells(builder);
	for (uint32_t i = 0; i < builder->cell_sources.count; i++) {
		if (i < inputs)
			input_header(builder, &builder->cell_sources.items[i]);
		else
			output_header(builder, &builder->cell_sources.items[i]);
	}
	for (uint32_t i = 0; i < builder->declared->count && !builder->failed; i++) {
		bool found = false;
		for (uint32_t k = 0; k < builder->output_index.count; k++)
			found = found || builder->output_index.items[k] == i;
		if (!found) {
			diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TABLE_SHAPE, span_in(builder->file, row),
				       "no column gives `%.*s`", TEXT_ARGS(builder->declared->fields[i].name));
			builder->failed = true;
		}
	}
}

/* --- rows */
static void row_build(struct table_builder *builder, const struct syntax *row, const struct syntax *valid)
{
	struct arena *arena = builder->compiler->arena;
	uint32_t inputs = input_cells(builder), outputs = builder->cell_sources.count - inputs;
	if (inputs != builder->inputs.count || outputs != builder->outputs.count) {
		if (inputs != builder->inputs.count)
			shape_error(builder, row, "has %u cells before `||`, the header %u", inputs, builder->inputs.count);
		else
			shape_error(builder, row, "has %u cells behind `||`, the header %u", outputs, builder->outputs.count);
		return;
	}
	struct cell *cells = arena_array(arena, struct cell, inputs);
	const struct code **codes = arena_array(arena, const struct code *, builder->declared->count);
	struct table_row built = {.cells = cells, .outputs = codes, .span = span_in(builder->file, row)};
	bool always = true;
	for (uint32_t i = 0; i < builder->cell_sources.count; i++) {
		const struct cell_source *source = &builder->cell_sources.items[i];
		if (!source->count && !source->any && !source->none) {
			shape_error(builder, source->place, "has an empty cell in column %u; `*` is any value, `-` none", i + 1,
				    0);
		} else if (i < inputs) {
			cell_build(builder, &builder->inputs.items[i], source, &cells[i]);
			always = always && source->any;
		} else {
			codes[builder->output_index.items[i - inputs]] =
				output_build(builder, &builder->outputs.items[i - inputs], source);
		}
	}
	valid_read(builder->compiler, builder->file, valid, &built.valid_from, &built.valid_until);
	builder->complete = builder->complete || (always && !valid);
	*list_add(arena, &builder->rows) = built;
}

static void rows_build(struct table_builder *builder, uint32_t file, const struct syntax *body, bool needs_header)
{
	builder->file = file;
	builder->cells.file = builder->values.file = file;
	builder->row_number = 0;
	for (each_child (row, body)) {
		if (row->kind != SYNTAX_row)
			continue;
		const struct syntax *valid = row_split(builder, row);
		if (needs_header)
			header_build(builder, row);
		else if (builder->row_number++, !is_header(builder))
			row_build(builder, row, valid);
		if (needs_header && builder->failed)
			return;
		needs_header = false;
	}
	if (needs_header) {
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_TABLE_SHAPE,
			       span_in(builder->declaration->file, builder->declaration->syntax),
			       "the table has no rows; the first one names inputs and outputs");
		builder->failed = true;
	}
}

/* --- hit policies */
static const struct {
	const char *word;
	enum hit_policy policy;
} POLICIES[] = {{"first", HIT_FIRST}, {"unique", HIT_UNIQUE}, {"priority", HIT_PRIORITY}, {"collect", HIT_COLLECT}};
static const struct {
	const char *word;
	enum hit_fold fold;
} FOLDS[] = {{"sum", FOLD_SUM}, {"min", FOLD_MIN}, {"max", FOLD_MAX}, {"count", FOLD_COUNT}};

static void hit_read(struct table_builder *builder, const struct syntax *hit)
{
	struct compiler *compiler = builder->compiler;
	const struct syntax *policy = syntax_with_role(hit, ROLE_policy), *fold = syntax_with_role(hit, ROLE_fold);
	struct text word = policy ? syntax_text(compiler, builder->file, policy) : TEXT("");
	struct text folds = fold ? syntax_text(compiler, builder->file, fold) : TEXT("");
	bool known = false, known_fold = !fold;
	for (size_t i = 0; i < sizeof(POLICIES) / sizeof(*POLICIES); i++)
		if (text_is(word, POLICIES[i].word))
			known = true, builder->policy = POLICIES[i].policy;
	for (size_t i = 0; i < sizeof(FOLDS) / sizeof(*FOLDS); i++)
		if (text_is(folds, FOLDS[i].word))
			known_fold = true, builder->fold = FOLDS[i].fold;
	if (!known)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(builder->file, hit),
			       "there is no hit policy `%.*s`; there are first, unique, priority and collect", TEXT_ARGS(word));
	else if (!known_fold || (fold && builder->policy != HIT_COLLECT))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(builder->file, hit),
			       "`hit collect` may be followed by sum, min, max or count, the others by nothing");
}

/* What a call gives: a table that always hits gives what all its rows give. */
static const struct type *result_type(struct table_builder *builder)
{
	struct compiler *compiler = builder->compiler;
	uint32_t count = builder->declared->count;
	bool collects = builder->policy == HIT_COLLECT;
	bool always = collects && (builder->fold == FOLD_NONE || builder->fold == FOLD_COUNT); /* of nothing: empty, or 0 */
	struct record_field *fields = arena_array(compiler->arena, struct record_field, count);
	for (uint32_t i = 0; i < count; i++) {
		fields[i] = builder->declared->fields[i];
		fields[i].required = builder->complete || always;
		if (collects && builder->fold == FOLD_NONE)
			fields[i].type = type_list(compiler, fields[i].type);
		else if (builder->fold == FOLD_COUNT)
			fields[i].type = type_simple(compiler, TYPE_INT);
	}
	for (uint32_t i = 0; i < builder->outputs.count; i++)
		if (builder->outputs.items[i].may_miss && !always)
			fields[builder->output_index.items[i]].required = false;
	return type_record(compiler, fields, count);
}

/* --- building */
static void table_finish(struct table_builder *builder)
{
	struct arena *arena = builder->compiler->arena;
	const struct code **inputs = arena_array(arena, const struct code *, builder->inputs.count);
	for (uint32_t i = 0; i < builder->inputs.count; i++)
		inputs[i] = builder->inputs.items[i].code;
	reads_settle(&builder->note->footprint);
	if (!builder->failed)
		builder->note->result = result_type(builder);
	struct table *table = &builder->compiler->tables.items[builder->declaration->index];
	table->inputs = inputs;
	table->input_count = builder->inputs.count;
	table->policy = builder->policy;
	table->fold = builder->fold;
	table->rows = builder->rows.items;
	table->row_count = builder->rows.count;
}

static void table_compile(struct compiler *compiler, struct declaration *declaration)
{
	struct function_note *note = declaration->object;
	struct table_builder builder = {.compiler = compiler,
					.declaration = declaration,
					.note = note,
					.declared = note->result->record,
					.file = declaration->file};
	const struct syntax *body = syntax_with_role(declaration->syntax, ROLE_body);
	if (!body)
		return;
	builder.cells = table_coder(&builder, type_simple(compiler, TYPE_ERROR));
	builder.values = table_coder(&builder, NULL);
	const struct syntax *hit = syntax_child(body, SYNTAX_hit);
	if (hit)
		hit_read(&builder, hit);
	rows_build(&builder, declaration->file, body, true);
	uint32_t own = builder.rows.count;
	for (uint32_t i = note->extensions.count; i-- && builder.inputs.count && !builder.failed;) {
		const struct declaration *extension = note->extensions.items[i];
		const struct syntax *rows = syntax_with_role(extension->syntax, ROLE_body);
		if (rows)
			rows_build(&builder, extension->file, rows, false);
	}
	/* what later layers add stands first */
	uint32_t added = builder.rows.count - own;
	if (added) {
		struct table_row *rows = arena_array(compiler->arena, struct table_row, builder.rows.count);
		memcpy(rows, builder.rows.items + own, added * sizeof(*rows));
		memcpy(rows + added, builder.rows.items, own * sizeof(*rows));
		builder.rows.items = rows;
	}
	table_finish(&builder);
}

bool table_need(struct compiler *compiler, struct declaration *declaration)
{
	if (declaration->built)
		return true;
	if (declaration->building)
		return false;
	if (!function_enter(compiler, declaration))
		return true;
	table_compile(compiler, declaration);
	function_leave(compiler, declaration);
	return true;
}

void tables_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_table].count; i++)
		table_need(compiler, compiler->by_kind[SYNTAX_table].items[i]);
}
