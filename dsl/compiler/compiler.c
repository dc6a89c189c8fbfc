/* The door of the compiler: from sources to a program, family by family in the order in which they need each other. Reads no
 * file and runs nothing. */
#include "dsl/compiler/internal.h"

static void report_mistake(struct compiler *compiler, uint32_t file, const struct parse_error *error)
{
	struct span span = {file, error->start, error->end, error->line, error->column};
	enum diagnostic_code code = error->problem == PROBLEM_DEPTH ? DIAGNOSTIC_DEPTH : DIAGNOSTIC_SYNTAX;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, code, span, "%.*s", TEXT_ARGS(error->sentence));
	diagnostic->hint = error->hint;
	diagnostic->other = (struct span){file, error->other_start, error->other_end, error->other_line, error->other_column};
}

static void parse_all(struct compiler *compiler)
{
	struct source_file *files = arena_array(compiler->arena, struct source_file, compiler->input_count);
	compiler->trees = arena_array(compiler->arena, struct parse_tree, compiler->input_count);
	for (uint32_t file = 0; file < compiler->input_count; file++) {
		const struct source_input *input = &compiler->inputs[file];
		files[file] = (struct source_file){.path = input->path, .module = input->module, .text = input->text};
		if (input->is_script)
			continue;
		parse_source(compiler->arena, input->text, &compiler->trees[file]);
		for (uint32_t i = 0; i < compiler->trees[file].errors.count; i++)
			report_mistake(compiler, file, &compiler->trees[file].errors.items[i]);
	}
	compiler->program->files = files;
	compiler->program->file_count = compiler->input_count;
}

static void declare_all(struct compiler *compiler)
{
	names_collect(compiler);
	packs_declare(compiler);
	schema_build(compiler);
	functions_declare(compiler);
	tables_declare(compiler);
	time_declare(compiler);
	settings_declare(compiler);
	seeds_declare(compiler);
	clocks_declare(compiler);
	connectors_declare(compiler);
	workflows_declare(compiler);
	formats_declare(compiler);
}

static void build_all(struct compiler *compiler)
{
	settings_build(compiler);
	schema_bodies(compiler);
	functions_build(compiler);
	tables_build(compiler);
	seeds_build(compiler);
	clocks_build(compiler);
	rules_build(compiler);
	workflows_build(compiler);
	schedules_build(compiler);
	connectors_build(compiler);
	formats_build(compiler);
	tests_build(compiler);
	packs_build(compiler);
	others_check(compiler);
	rule_order(compiler);
	index_build(compiler);
	analyse(compiler);
}

/* The lists stop moving: the program points to them from here on. */
void program_arrays(struct compiler *compiler)
{
	struct program *program = compiler->program;
	program->functions = compiler->functions.items, program->function_count = compiler->functions.count;
	program->tables = compiler->tables.items, program->table_count = compiler->tables.count;
	program->scripts = compiler->scripts.items, program->script_count = compiler->scripts.count;
	program->queries = compiler->queries.items, program->query_count = compiler->queries.count;
	program->writes = compiler->writes.items, program->write_count = compiler->writes.count;
	program->settings = compiler->settings.items, program->setting_count = compiler->settings.count;
	program->seeds = compiler->seeds.items, program->seed_count = compiler->seeds.count;
	program->rules = compiler->rules.items, program->rule_count = compiler->rules.count;
	program->clocks = compiler->clocks.items, program->clock_count = compiler->clocks.count;
	program->calendars = compiler->calendars.items, program->calendar_count = compiler->calendars.count;
	program->calendar_ids = compiler->calendar_ids.items;
	program->holidays = compiler->holidays.items, program->holiday_count = compiler->holidays.count;
	program->holiday_ids = compiler->holiday_ids.items;
	program->actions = compiler->actions.items, program->action_count = compiler->actions.count;
	program->receives = compiler->receives.items, program->receive_count = compiler->receives.count;
	program->notices = compiler->notices.items, program->notice_count = compiler->notices.count;
	program->workflows = compiler->workflows.items, program->workflow_count = compiler->workflows.count;
	program->waits = compiler->waits.items;
	program->approvals = compiler->approvals.items;
	program->work_options = compiler->work_options.items;
	program->schedules = compiler->schedules.items, program->schedule_count = compiler->schedules.count;
	program->formats = compiler->formats.items, program->format_count = compiler->formats.count;
	program->tests = compiler->tests.items, program->test_count = compiler->tests.count;
	program->migrations = compiler->migrations.items, program->migration_count = compiler->migrations.count;
	program->branches = compiler->branches.items, program->branch_count = compiler->branches.count;
	program->types = compiler->types.items, program->type_count = compiler->types.count;
}

static uint64_t hash_with(uint64_t hash, uint64_t more)
{
	return (hash ^ more) * 0x100000001b3u;
}

static struct text file_name(struct text path)
{
	const char *slash = path.length ? memrchr(path.bytes, '/', path.length) : NULL;
	return text_slice(path, slash ? (uint32_t)(slash + 1 - path.bytes) : 0, path.length);
}

/* Of what was read, and not of where: the same pack in another folder, or from an archive, is the same program. */
static uint64_t hash_of_sources(const struct compiler *compiler)
{
	uint64_t hash = 0x9e3779b97f4a7c15u;
	for (uint32_t i = 0; i < compiler->input_count; i++) {
		const struct source_input *input = &compiler->inputs[i];
		hash = hash_with(hash, input->layer);
		hash = hash_with(hash, text_hash(input->module));
		hash = hash_with(hash, text_hash(file_name(input->path)));
		hash = hash_with(hash, text_hash(input->text));
	}
	return hash;
}

struct program *compile(struct arena *arena, const struct source_input *inputs, uint32_t input_count,
			struct diagnostics *diagnostics)
{
	struct program *program = arena_new(arena, struct program);
	struct compiler *compiler = arena_new(arena, struct compiler);
	*compiler = (struct compiler){
		.arena = arena, .diagnostics = diagnostics, .program = program, .inputs = inputs, .input_count = input_count};
	if (!diagnostics->arena)
		diagnostics->arena = arena;
	program->zone = zone_utc();
	parse_all(compiler);
	declare_all(compiler);
	build_all(compiler);
	program_arrays(compiler);
	program->hash = hash_of_sources(compiler);
	diagnostics_sort(diagnostics);
	return program;
}

/* --- places and their text */
struct span span_in(uint32_t file, const struct syntax *syntax)
{
	return (struct span){
		.file = file, .start = syntax->start, .end = syntax->end, .line = syntax->line, .column = syntax->column};
}

struct span span_of(const struct coder *coder, const struct syntax *syntax)
{
	return span_in(coder->file, syntax);
}

struct text syntax_text(const struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct text text = text_slice(compiler->inputs[file].text, syntax->start, syntax->end);
	/* `and`, `or` and `else` that continue a line hold its end */
	return syntax->kind == SYNTAX_token || syntax->kind == SYNTAX_missing ? text_trim(text) : text;
}

static bool needs_folding(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		if (text.bytes[i] == '\n' || text.bytes[i] == '\r' || text.bytes[i] == '\t' || text.bytes[i] == '#' ||
		    (text.bytes[i] == ' ' && i + 1 < text.length && text.bytes[i + 1] == ' '))
			return true;
	return false;
}

/* Blanks, line ends and comments become one blank; what stands in "…" stays. */
static struct text fold(struct arena *arena, struct text text)
{
	struct text_builder builder = {.arena = arena};
	bool quoted = false;
	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		if (byte == '"' && (!i || text.bytes[i - 1] != '\\'))
			quoted = !quoted;
		if (!quoted && byte == '#') {
			while (i + 1 < text.length && text.bytes[i + 1] != '\n')
				i++;
			continue;
		}
		bool blank = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
		if (quoted ? byte != '\n' : !blank)
			builder_add_char(&builder, byte);
		else if (builder.length && builder.bytes[builder.length - 1] != ' ')
			builder_add_char(&builder, ' ');
	}
	return text_trim(builder_text(&builder));
}

struct text syntax_source(const struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	struct text text = text_trim(syntax_text(compiler, file, syntax));
	return needs_folding(text) ? fold(compiler->arena, text) : text;
}

/* --- nearest names */
void suggest(struct compiler *compiler, struct diagnostic *diagnostic, struct text wanted, const struct text *names,
	     uint32_t count)
{
	if (compiler->diagnostics->errors > DIAGNOSTIC_LIMIT)
		return;
	int64_t nearest = nearest_name(wanted, names, count);
	if (nearest >= 0 && !text_equal(names[nearest], wanted))
		diagnostic->hint = text_format(compiler->arena, "did you mean `%.*s`?", TEXT_ARGS(names[nearest]));
}

void suggest_from_map(struct compiler *compiler, struct diagnostic *diagnostic, struct text wanted, const struct map *map)
{
	if (compiler->diagnostics->errors > DIAGNOSTIC_LIMIT)
		return;
	struct text *names = arena_array(compiler->arena, struct text, map->count + 1);
	uint32_t count = 0;
	for (uint32_t i = 0; i < map->capacity && count < map->count; i++)
		if (map->entries[i].value)
			names[count++] = map->entries[i].key;
	suggest(compiler, diagnostic, wanted, names, count);
}
