/* Definitions and scripts: signatures first, then each body when somebody first needs it. A body that needs itself, through
 * whatever other bodies, is found here: decisions always end. */
#include "dsl/compiler/expression.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALL_DEPTH = 64 }; /* as LIMIT_CALL_DEPTH of the engine: a deeper chain could never run */

static struct text name_of(const struct compiler *compiler, const struct declaration *declaration)
{
	if (declaration->name.length)
		return declaration->name;
	const struct syntax *name = syntax_with_role(declaration->syntax, ROLE_name);
	return name ? syntax_text(compiler, declaration->file, name) : TEXT("");
}

static struct function_note *signature_read(struct compiler *compiler, struct declaration *declaration)
{
	struct function_note *note = arena_new(compiler->arena, struct function_note);
	const struct syntax *result = syntax_with_role(declaration->syntax, ROLE_result);
	note->parameters = parameters_read(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_parameters),
					   TEXT(""), &note->parameter_count);
	note->result = result ? type_read(compiler, declaration->file, result, TEXT("")) : NULL;
	declaration->object = note;
	return note;
}

/* --- scripts: the file beside the one that declares it */
static struct map script_files(struct compiler *compiler)
{
	struct map files = map_in(compiler->arena);
	for (uint32_t i = 0; i < compiler->input_count; i++)
		if (compiler->inputs[i].is_script)
			map_put(&files, compiler->inputs[i].path, (void *)&compiler->inputs[i]);
	return files;
}

static struct text beside(struct compiler *compiler, uint32_t file, struct text name)
{
	struct text path = compiler->inputs[file].path;
	uint32_t end = path.length;
	while (end && path.bytes[end - 1] != '/')
		end--;
	return text_format(compiler->arena, "%.*s%.*s", (int)end, path.bytes, TEXT_ARGS(name));
}

static void script_declare(struct compiler *compiler, struct declaration *declaration, const struct map *files)
{
	struct function_note *note = signature_read(compiler, declaration);
	const struct syntax *from = syntax_child(declaration->syntax, SYNTAX_string);
	struct text file = from ? string_content(compiler, declaration->file, from) : TEXT("");
	const struct source_input *input = map_get(files, beside(compiler, declaration->file, file));
	note->kind = FUNCTION_SCRIPT;
	note->may_miss = true;
	if (!note->result)
		note->result = type_simple(compiler, TYPE_ERROR);
	if (!input)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_SCRIPT_FILE,
			       span_in(declaration->file, from ? from : declaration->syntax),
			       "there is no file `%.*s` beside %.*s", TEXT_ARGS(file),
			       TEXT_ARGS(compiler->inputs[declaration->file].path));
	declaration->index = compiler->scripts.count;
	*list_add(compiler->arena, &compiler->scripts) =
		(struct script){.name = name_of(compiler, declaration),
				.span = span_in(declaration->file, declaration->syntax),
				.file = file,
				.source = input ? input->text : TEXT(""),
				.parameters = note->parameters,
				.parameter_count = note->parameter_count,
				.result = note->result,
				.index = declaration->index};
}

static void define_declare(struct compiler *compiler, struct declaration *declaration)
{
	struct function_note *note = signature_read(compiler, declaration);
	note->kind = FUNCTION_DEFINE;
	declaration->index = compiler->functions.count;
	*list_add(compiler->arena, &compiler->functions) =
		(struct function){.name = name_of(compiler, declaration),
				  .span = span_in(declaration->file, declaration->syntax),
				  .parameters = note->parameters,
				  .parameter_count = note->parameter_count,
				  .result = note->result};
}

void functions_declare(struct compiler *compiler)
{
	struct map files = script_files(compiler);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_define].count; i++)
		define_declare(compiler, compiler->by_kind[SYNTAX_define].items[i]);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_script].count; i++)
		script_declare(compiler, compiler->by_kind[SYNTAX_script].items[i], &files);
}

/* --- bodies */
void parameters_enter(struct coder *coder, const struct record_field *parameters, uint32_t count, const struct syntax *at)
{
	for (uint32_t i = 0; i < count; i++)
		coder_variable(coder, parameters[i].name, coder_slot(coder), parameters[i].type, false, at);
	coder->parameter_count = coder->slot_count;
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

void reads_settle(struct footprint *footprint)
{
	uint32_t kept = 0, *reads = footprint->reads.items;
	if (footprint->reads.count)
		qsort(reads, footprint->reads.count, sizeof(*reads), by_number);
	for (uint32_t i = 0; i < footprint->reads.count; i++)
		if (!kept || reads[kept - 1] != reads[i])
			reads[kept++] = reads[i];
	footprint->reads.count = kept;
}

bool function_enter(struct compiler *compiler, struct declaration *declaration)
{
	if (++compiler->function_depth > CALL_DEPTH) {
		compiler->function_depth--;
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DEPTH, span_in(declaration->file, declaration->syntax),
			       "`%.*s` is called through more than %d others", TEXT_ARGS(name_of(compiler, declaration)),
			       CALL_DEPTH);
		declaration->built = true;
		return false;
	}
	declaration->building = true;
	return true;
}

void function_leave(struct compiler *compiler, struct declaration *declaration)
{
	compiler->function_depth--;
	declaration->building = false;
	declaration->built = true;
}

static void define_compile(struct compiler *compiler, struct declaration *declaration)
{
	struct function_note *note = declaration->object;
	const struct syntax *value = syntax_value(declaration->syntax);
	struct coder coder = coder_new(compiler, declaration->file);
	coder.footprint = &note->footprint;
	parameters_enter(&coder, note->parameters, note->parameter_count, declaration->syntax);
	struct operand result = {.type = type_simple(compiler, TYPE_ERROR)};
	if (value)
		result = note->result ? expression_as(&coder, value, note->result) : expression(&coder, value, NULL);
	note->may_miss = result.may_miss;
	note->is_constant = result.is_constant && !is_error(&result) && !note->parameter_count;
	note->constant = result.value;
	if (!note->result)
		note->result = result.type;
	reads_settle(&note->footprint);
	const struct code *code = NULL;
	if (!is_error(&result)) {
		uint32_t slot = operand_slot(&coder, &result);
		code = coder_finish(&coder, slot, result.node);
	}
	struct function *function = &compiler->functions.items[declaration->index];
	function->result = note->result;
	function->code = code;
}

bool function_need(struct compiler *compiler, struct declaration *declaration)
{
	if (declaration->built)
		return true;
	if (declaration->building)
		return false;
	if (!function_enter(compiler, declaration))
		return true;
	define_compile(compiler, declaration);
	function_leave(compiler, declaration);
	return true;
}

void functions_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_define].count; i++)
		function_need(compiler, compiler->by_kind[SYNTAX_define].items[i]);
}
