/* `stellwerk check`: everything that is wrong in a pack, before it runs. */
#include "engine/model/system.h"
#include "runtime/report.h"

static void print_json(const struct report *report, const struct pack *pack)
{
	struct text_builder builder = {.arena = (struct arena *)&pack->arena};
	struct json_writer writer = {.text = &builder};
	json_open_object(&writer);
	json_write_name(&writer, TEXT("files"));
	json_write_int(&writer, pack->input_count);
	json_write_name(&writer, TEXT("errors"));
	json_write_int(&writer, pack->diagnostics.errors);
	json_write_name(&writer, TEXT("warnings"));
	json_write_int(&writer, pack->diagnostics.warnings);
	json_write_name(&writer, TEXT("notes"));
	json_write_int(&writer, pack->diagnostics.notes);
	json_write_name(&writer, TEXT("diagnostics"));
	report_json(report, &pack->diagnostics, &writer);
	json_close_object(&writer);
	struct text text = builder_text(&builder);
	printf("%.*s\n", TEXT_ARGS(text));
}

/* What was read, so that a wrong folder is noticed when nothing is wrong in it. */
static void print_contents(const struct pack *pack)
{
	const struct program *program = pack->program;
	uint32_t own = 0;
	for (uint32_t i = 0; i < program->schema.entity_count; i++)
		own += program->schema.entities[i]->module.length > 0 || i >= SYSTEM_ENTITY_COUNT;
	printf("%.*s %.*s: %u entities, %u rules, %u tables, %u scripts, %u tests in %u files; checked in %.0f ms\n",
	       TEXT_ARGS(program->name), TEXT_ARGS(program->version), own, program->rule_count, program->table_count,
	       program->script_count, program->test_count, pack->input_count, pack->seconds * 1000);
}

static void print_text(const struct report *report, const struct pack *pack, bool quiet)
{
	const struct diagnostics *diagnostics = &pack->diagnostics;
	report_diagnostics(report, diagnostics, stdout);
	if (quiet)
		return;
	if (diagnostics->errors + diagnostics->warnings)
		report_summary(diagnostics, stdout);
	if (diagnostics->errors || !pack->program)
		return;
	styled(stdout, STYLE_GREEN, "ok  ");
	print_contents(pack);
}

int cmd_check(const struct command_line *line)
{
	struct pack pack;
	if (!line->word_count)
		return usage_error(line, "name the pack to check, such as rules/default");
	int code = pack_open(&pack, line->words, line->word_count, PACK_CHECK);
	if (code == EXIT_FINE || code == EXIT_FINDINGS) {
		bool quiet = option_given(line, "quiet");
		struct report report = {.program = pack.program, .errors_only = quiet};
		if (line->json)
			print_json(&report, &pack);
		else
			print_text(&report, &pack, quiet);
	}
	pack_close(&pack);
	return code;
}
