/* Who is called what: one pass over all declarations of all files, before anything is looked inside. */
#include "dsl/compiler/internal.h"

/* One row a declaration: where its name goes, and whether the module stands before it. */
struct naming {
	enum syntax_kind kind;
	enum name_space space;
	bool in_module;
	const char *word;
};

static const struct naming NAMINGS[] = {
	{SYNTAX_entity, SPACE_ENTITY, false, "entity"},
	{SYNTAX_event, SPACE_EVENT, false, "event"},
	{SYNTAX_define, SPACE_FUNCTION, true, "definition"},
	{SYNTAX_table, SPACE_FUNCTION, true, "table"},
	{SYNTAX_script, SPACE_FUNCTION, true, "script"},
	{SYNTAX_setting, SPACE_SETTING, false, "setting"},
	{SYNTAX_rule, SPACE_RULE, true, "rule"},
	{SYNTAX_holidays, SPACE_HOLIDAYS, false, "holidays"},
	{SYNTAX_calendar, SPACE_CALENDAR, false, "calendar"},
	{SYNTAX_clock, SPACE_CLOCK, false, "clock"},
	{SYNTAX_workflow, SPACE_WORKFLOW, true, "workflow"},
	{SYNTAX_connector, SPACE_CONNECTOR, false, "connector"},
	{SYNTAX_role, SPACE_ROLE, false, "role"},
	{SYNTAX_schedule, SPACE_OTHER, true, "schedule"},
	{SYNTAX_metric, SPACE_OTHER, true, "metric"},
	{SYNTAX_report, SPACE_OTHER, true, "report"},
	{SYNTAX_view, SPACE_OTHER, true, "view"},
	{SYNTAX_format, SPACE_OTHER, true, "format"},
};

static const struct naming *naming_of(uint16_t kind)
{
	for (size_t i = 0; i < sizeof(NAMINGS) / sizeof(*NAMINGS); i++)
		if (NAMINGS[i].kind == kind)
			return &NAMINGS[i];
	return NULL;
}

static struct text full_name(struct compiler *compiler, struct text module, struct text name)
{
	if (!module.length)
		return name;
	return text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(module), TEXT_ARGS(name));
}

static void report_twice(struct compiler *compiler, const struct declaration *declaration, const struct declaration *before,
			 const char *word)
{
	struct diagnostic *diagnostic = diagnostic_add(
		compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(declaration->file, declaration->syntax),
		"the %s `%.*s` is already declared in line %u of %.*s", word, TEXT_ARGS(declaration->name),
		before->syntax->line, TEXT_ARGS(compiler->inputs[before->file].path));
	diagnostic->other = span_in(before->file, before->syntax);
}

/* Under its full name, and under the bare one for those who write it from another module; the first one keeps the bare name. */
static void enter(struct compiler *compiler, struct declaration *declaration, const struct naming *naming, struct text bare)
{
	struct map *map = &compiler->spaces[naming->space];
	declaration->name = naming->in_module ? full_name(compiler, declaration->module, bare) : bare;
	struct declaration *before = map_get(map, declaration->name);
	if (before && (before->module.length == declaration->module.length || !naming->in_module) &&
	    text_equal(before->name, declaration->name)) {
		report_twice(compiler, declaration, before, naming->word);
		return;
	}
	map_put(map, declaration->name, declaration);
	if (declaration->name.length != bare.length && !map_get(map, bare))
		map_put(map, bare, declaration);
}

static void enter_seed(struct compiler *compiler, struct declaration *declaration)
{
	const struct syntax *entity = syntax_child(declaration->syntax, SYNTAX_dotted_name);
	const struct syntax *name = syntax_with_role(declaration->syntax, ROLE_name);
	if (!entity || !name)
		return;
	struct text entity_name = syntax_text(compiler, declaration->file, entity);
	declaration->name = full_name(compiler, entity_name, syntax_text(compiler, declaration->file, name));
	struct declaration *before = map_put(&compiler->spaces[SPACE_SEED], declaration->name, declaration);
	if (before)
		report_twice(compiler, declaration, before, "record");
}

static void collect_one(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct declaration *declaration = arena_new(compiler->arena, struct declaration);
	*declaration = (struct declaration){
		.syntax = syntax, .file = file, .module = compiler->inputs[file].module, .layer = compiler->inputs[file].layer};
	*list_add(compiler->arena, &compiler->by_kind[syntax->kind]) = declaration;
	if (syntax->kind == SYNTAX_seed)
		enter_seed(compiler, declaration);
	const struct naming *naming = naming_of(syntax->kind);
	const struct syntax *name = syntax_with_role(syntax, ROLE_name);
	if (naming && name)
		enter(compiler, declaration, naming, syntax_text(compiler, file, name));
}

void names_collect(struct compiler *compiler)
{
	for (uint32_t i = 0; i < SPACE_COUNT; i++)
		compiler->spaces[i] = map_in(compiler->arena);
	for (uint32_t file = 0; file < compiler->input_count; file++)
		for (uint32_t i = 0; i < compiler->trees[file].declarations.count; i++)
			collect_one(compiler, file, compiler->trees[file].declarations.items[i]);
}

struct declaration *name_find(const struct compiler *compiler, enum name_space space, struct text module, struct text name)
{
	const struct map *map = &compiler->spaces[space];
	char full[256];
	if (module.length && module.length + name.length + 1 < sizeof(full)) {
		memcpy(full, module.bytes, module.length);
		full[module.length] = '.';
		memcpy(full + module.length + 1, name.bytes, name.length);
		struct declaration *own = map_get(map, (struct text){full, module.length + 1 + name.length});
		if (own)
			return own;
	}
	return map_get(map, name);
}
