/* compile_expression: one expression against a program that is already there. The compiler's view of the program is built from
 * the program itself, so the sources are not needed again. */
#include "dsl/compiler/expression.h"

#include <stdio.h>

static void name_put(struct compiler *compiler, enum name_space space, struct text name, uint32_t index, void *object)
{
	struct declaration *declaration = arena_new(compiler->arena, struct declaration);
	*declaration = (struct declaration){.name = name, .index = index, .object = object, .built = true};
	map_put(&compiler->spaces[space], name, declaration);
	uint32_t dot = name.length;
	while (dot && name.bytes[dot - 1] != '.')
		dot--;
	struct text bare = text_slice(name, dot, name.length);
	if (space == SPACE_FUNCTION && dot && !map_get(&compiler->spaces[space], bare))
		map_put(&compiler->spaces[space], bare, declaration);
}

static struct function_note *note_of(struct compiler *compiler, const struct record_field *parameters, uint32_t count,
				     const struct type *result)
{
	struct function_note *note = arena_new(compiler->arena, struct function_note);
	*note = (struct function_note){.parameters = parameters, .parameter_count = count, .result = result, .may_miss = true};
	return note;
}

static const struct type *table_result(struct compiler *compiler, const struct table *table)
{
	struct record_field *fields = arena_array(compiler->arena, struct record_field, table->outputs->count);
	for (uint32_t i = 0; i < table->outputs->count; i++) {
		fields[i] = table->outputs->fields[i];
		if (table->policy == HIT_COLLECT && table->fold == FOLD_NONE)
			fields[i].type = type_list(compiler, fields[i].type);
		else if (table->fold == FOLD_COUNT)
			fields[i].type = type_simple(compiler, TYPE_INT);
	}
	return type_record(compiler, fields, table->outputs->count);
}

static void functions_enter(struct compiler *compiler, const struct program *program)
{
	for (uint32_t i = 0; i < program->function_count; i++) {
		const struct function *it = &program->functions[i];
		struct function_note *note = note_of(compiler, it->parameters, it->parameter_count, it->result);
		note->kind = FUNCTION_DEFINE;
		name_put(compiler, SPACE_FUNCTION, it->name, i, note);
	}
	for (uint32_t i = 0; i < program->table_count; i++) {
		const struct table *it = &program->tables[i];
		struct function_note *note = note_of(compiler, it->parameters, it->parameter_count, table_result(compiler, it));
		note->kind = FUNCTION_TABLE;
		name_put(compiler, SPACE_FUNCTION, it->name, i, note);
	}
	for (uint32_t i = 0; i < program->script_count; i++) {
		const struct script *it = &program->scripts[i];
		struct function_note *note = note_of(compiler, it->parameters, it->parameter_count, it->result);
		note->kind = FUNCTION_SCRIPT;
		name_put(compiler, SPACE_FUNCTION, it->name, i, note);
	}
}

static void names_enter(struct compiler *compiler, const struct program *program)
{
	for (uint32_t i = 0; i < SPACE_COUNT; i++)
		compiler->spaces[i] = map_in(compiler->arena);
	functions_enter(compiler, program);
	for (uint32_t i = 0; i < program->setting_count; i++)
		name_put(compiler, SPACE_SETTING, program->settings[i].name, i, NULL);
	for (uint32_t i = 0; i < program->seed_count; i++) {
		const struct seed *seed = &program->seeds[i];
		if (seed->entity)
			name_put(
				compiler, SPACE_SEED,
				text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(seed->entity->name), TEXT_ARGS(seed->name)),
				i, NULL);
	}
	for (uint32_t i = 0; i < program->calendar_count; i++)
		name_put(compiler, SPACE_CALENDAR, program->calendars[i]->name, i, NULL);
	for (uint32_t i = 0; i < program->holiday_count; i++)
		name_put(compiler, SPACE_HOLIDAYS, program->holidays[i]->name, i, NULL);
	for (uint32_t i = 0; i < program->clock_count; i++)
		name_put(compiler, SPACE_CLOCK, program->clocks[i].name, i, NULL);
}

/* The lists begin as the program's arrays; the first add copies them. */
static void lists_enter(struct compiler *compiler, const struct program *program)
{
	compiler->queries.items = (struct query *)program->queries;
	compiler->queries.count = compiler->queries.capacity = program->query_count;
	compiler->branches.items = (struct branch *)program->branches;
	compiler->branches.count = compiler->branches.capacity = program->branch_count;
	compiler->settings.items = (struct setting *)program->settings;
	compiler->settings.count = compiler->settings.capacity = program->setting_count;
	compiler->clocks.items = (struct clock *)program->clocks;
	compiler->clocks.count = compiler->clocks.capacity = program->clock_count;
	types_enter(compiler, program);
}

/* `source` read as the value of a definition, in one line so that no part of it can begin a declaration of its own. */
static const char PREFIX[] = "define it = ";

static struct text sentence_of(struct arena *arena, struct text source)
{
	struct text wrapped = text_format(arena, "%s%.*s", PREFIX, TEXT_ARGS(source));
	char *bytes = (char *)wrapped.bytes;
	for (uint32_t i = 0; i < wrapped.length; i++)
		if (bytes[i] == '\n' || bytes[i] == '\r')
			bytes[i] = ' ';
	return wrapped;
}

static uint32_t back(uint32_t offset)
{
	return offset > sizeof(PREFIX) - 1 ? offset - (uint32_t)(sizeof(PREFIX) - 1) : 0;
}

static void report_parse(struct compiler *compiler, uint32_t file, const struct parse_tree *tree)
{
	for (uint32_t i = 0; i < tree->errors.count; i++) {
		const struct parse_error *error = &tree->errors.items[i];
		struct span span = {.file = file, .start = back(error->start), .end = back(error->end), .line = 1};
		span.column = back(error->column - 1) + 1;
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_SYNTAX, span, "%.*s", TEXT_ARGS(error->sentence));
	}
	if (!tree->errors.count)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_SYNTAX, (struct span){.file = file, .line = 1, .column = 1},
			       "this is no expression");
}

/* The value's nodes, with places in the source as it was given. */
static const struct syntax *value_parse(struct compiler *compiler, uint32_t file, struct text source)
{
	struct parse_tree tree = {0};
	parse_source(compiler->arena, sentence_of(compiler->arena, source), &tree);
	const struct syntax *define = tree.declarations.count == 1 ? tree.declarations.items[0] : NULL;
	const struct syntax *value = define && define->kind == SYNTAX_define ? syntax_value(define) : NULL;
	if (!value || tree.errors.count) {
		report_parse(compiler, file, &tree);
		return NULL;
	}
	struct syntax *nodes = arena_copy(compiler->arena, value, value->size * sizeof(*value));
	for (uint32_t i = 0; i < value->size; i++) {
		nodes[i].start = back(nodes[i].start);
		nodes[i].end = back(nodes[i].end);
		nodes[i].column = back(nodes[i].column - 1) + 1;
	}
	return nodes;
}

const struct code *compile_expression(struct arena *arena, struct program *program, struct text source,
				      const struct type **type_out, struct diagnostics *diagnostics)
{
	struct compiler *compiler = arena_new(arena, struct compiler);
	uint32_t file = program->file_count;
	struct source_input *inputs = arena_array(arena, struct source_input, file + 1);
	inputs[file] = (struct source_input){.text = source};
	*compiler = (struct compiler){
		.arena = arena, .diagnostics = diagnostics, .program = program, .inputs = inputs, .input_count = file + 1};
	if (!diagnostics->arena)
		diagnostics->arena = arena;
	names_enter(compiler, program);
	lists_enter(compiler, program);
	const struct syntax *value = value_parse(compiler, file, source);
	if (!value)
		return NULL;
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	struct operand result;
	const struct code *code = code_for_expression(&coder, value, NULL, &result);
	if (!code)
		return NULL;
	*type_out = result.type;
	program->queries = compiler->queries.items, program->query_count = compiler->queries.count;
	program->branches = compiler->branches.items, program->branch_count = compiler->branches.count;
	program->types = compiler->types.items, program->type_count = compiler->types.count;
	return code;
}
