/* Opens a stack of packs: files, compiler, scripts. The same for every command, so that what `check` accepts also runs. */
#include "runtime/pack.h"
#include "engine/limits.h"
#include "engine/script/script.h"
#include "runtime/files.h"
#include "runtime/report.h"

#include <sys/stat.h>
#include <time.h>

enum { PACK_MEMORY_MOST_MB = 2048 };

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- scripts */
/* The index of the script's own file beside the .flow file that declares it; file_count when the compiler did not keep it. */
static uint32_t script_file(const struct program *program, const struct script *script)
{
	if (script->span.file >= program->file_count)
		return program->file_count;
	struct text flow = program->files[script->span.file].path;
	const char *slash = flow.length ? memrchr(flow.bytes, '/', flow.length) : NULL;
	struct text folder = text_slice(flow, 0, slash ? (uint32_t)(slash + 1 - flow.bytes) : 0);
	for (uint32_t i = 0; i < program->file_count; i++) {
		struct text path = program->files[i].path;
		if (path.length == folder.length + script->file.length && text_starts(path, folder) &&
		    text_ends(path, script->file))
			return i;
	}
	return program->file_count;
}

/* The whole line, without the blanks it begins with. */
static struct span line_span(const struct program *program, uint32_t file, uint32_t line)
{
	struct text text = program->files[file].text;
	uint32_t start = 0, at = 1;
	while (at < line && start < text.length)
		at += text.bytes[start++] == '\n';
	struct span span = {.file = file, .line = line, .column = 1, .start = start};
	while (span.start < text.length && (text.bytes[span.start] == ' ' || text.bytes[span.start] == '\t')) {
		span.start++;
		span.column++;
	}
	span.end = span.start;
	while (span.end < text.length && text.bytes[span.end] != '\n' && text.bytes[span.end] != '\r')
		span.end++;
	return span;
}

static void script_report(struct pack *pack, const struct script *script, uint32_t line, const struct error *error)
{
	uint32_t file = script_file(pack->program, script);
	if (file < pack->program->file_count)
		diagnostic_add(&pack->diagnostics, DIAGNOSTIC_SCRIPT, line_span(pack->program, file, line), "%s",
			       error->sentence);
	else
		diagnostic_add(&pack->diagnostics, DIAGNOSTIC_SCRIPT, script->span, "%.*s:%u: %s", TEXT_ARGS(script->file),
			       line, error->sentence);
}

static enum status scripts_check(struct pack *pack, struct error *error)
{
	struct script_limits limits = {LIMIT_SCRIPT_INSTRUCTIONS, LIMIT_SCRIPT_MEMORY, LIMIT_SCRIPT_DEPTH};
	if (!pack->program->script_count)
		return OK;
	if (script_open(limits, &pack->checker) != OK)
		return error_set(error, LIMIT, "there is no memory for scripts");
	for (uint32_t i = 0; i < pack->program->script_count; i++) {
		uint32_t line;
		struct error problem;
		const struct script *script = &pack->program->scripts[i];
		if (script->source.bytes && script_check(pack->checker, script, &line, &problem) != OK)
			script_report(pack, script, line, &problem);
	}
	return OK;
}

/* --- what leans on tests */
/* What runs has nothing of the folders `tests`. A rule that needs a definition of theirs would be found only when it is to run,
 * so the stack is compiled as it runs, too. */
static void run_check(struct pack *pack)
{
	source_list run = {0};
	struct diagnostics found = {.arena = &pack->arena};
	uint32_t *places = arena_array(&pack->arena, uint32_t, pack->input_count + 1);
	for (uint32_t i = 0; i < pack->input_count; i++) {
		if (pack->inputs[i].is_test)
			continue;
		places[run.count] = i;
		*list_add(&pack->arena, &run) = pack->inputs[i];
	}
	if (run.count == pack->input_count)
		return;
	compile(&pack->arena, run.items, run.count, &found);
	for (uint32_t i = 0; i < found.items.count; i++) {
		const struct diagnostic *one = &found.items.items[i];
		struct span span = one->span;
		if (diagnostic_info(one->code)->severity != SEVERITY_ERROR)
			continue;
		span.file = places[span.file];
		diagnostic_add(&pack->diagnostics, one->code, span, "%.*s", TEXT_ARGS(one->sentence))->hint =
			TEXT("what stands in folders called `tests` is there for `stellwerk test` alone");
	}
}

/* --- the stack */
struct path_list {
	const char *const *paths;
	uint32_t count;
	bool tests;
};

static enum status paths_read(void *context, struct arena *arena, source_list *sources_out, struct error *error)
{
	const struct path_list *list = context;
	enum status status = files_read(arena, list->paths, list->count, list->tests, sources_out, error);
	progress_end();
	return status;
}

static enum status pack_read(struct pack *pack, sources_fn *read, void *context, enum pack_use use, struct error *error)
{
	source_list sources = {0};
	enum status status = read(context, &pack->arena, &sources, error);
	if (status != OK)
		return status;
	pack->inputs = sources.items;
	pack->input_count = sources.count;
	pack->diagnostics.arena = &pack->arena;
	pack->program = compile(&pack->arena, pack->inputs, pack->input_count, &pack->diagnostics);
	if (!pack->program)
		return OK;
	if (use == PACK_CHECK && !pack->diagnostics.errors)
		run_check(pack);
	status = scripts_check(pack, error);
	diagnostics_sort(&pack->diagnostics);
	return status;
}

int pack_open(struct pack *pack, const char *const *paths, uint32_t path_count, enum pack_use use)
{
	struct path_list list = {paths, path_count, use != PACK_RUN};
	return pack_open_from(pack, paths_read, &list, use);
}

int pack_open_from(struct pack *pack, sources_fn *read, void *context, enum pack_use use)
{
	double begin = seconds_now();
	struct error error;
	jmp_buf jump;
	*pack = (struct pack){0};
	arena_init(&pack->arena, "pack", (size_t)PACK_MEMORY_MOST_MB << 20);
	if (arena_guard(&pack->arena, jump)) {
		pack->arena.escape = NULL;
		script_close(pack->checker);
		error_set(&error, LIMIT, "the packs need more than %d MB of memory", PACK_MEMORY_MOST_MB);
		return world_error(&error);
	}
	enum status status = pack_read(pack, read, context, use, &error);
	pack->arena.escape = NULL;
	script_close(pack->checker);
	pack->checker = NULL;
	pack->seconds = seconds_now() - begin;
	if (status != OK)
		return world_error(&error);
	if (!pack->diagnostics.errors)
		return EXIT_FINE;
	if (use != PACK_CHECK) {
		report_diagnostics(&(struct report){.program = pack->program, .errors_only = true}, &pack->diagnostics, stderr);
		report_summary(&pack->diagnostics, stderr);
	}
	return EXIT_FINDINGS;
}

void pack_close(struct pack *pack)
{
	arena_release(&pack->arena);
}

uint32_t pack_paths(const struct command_line *line)
{
	struct stat facts;
	uint32_t count = 0;
	while (count < line->word_count && (!stat(line->words[count], &facts) || !count))
		count++;
	return count;
}
