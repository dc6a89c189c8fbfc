/* `stellwerk test`: every `test` of a pack, each in a life of its own that is taken back afterwards. Prints what failed and
 * why, then what no test has reached. */
#include <stdlib.h>

#include "runtime/command.h"
#include "runtime/coverage.h"
#include "runtime/pack.h"
#include "runtime/trial.h"

struct session {
	const struct command_line *line;
	struct pack pack;
	struct world *world;
	struct coverage coverage;
	struct json_writer *writer; /* with --json */
	uint32_t run, failed;
	bool named; /* the running test's name stands already */
};

static int session_run(struct session *session);
static void failure_print(void *context, const struct drawing *drawing, const struct trial_failure *failure);
static void failure_write(void *context, const struct drawing *drawing, const struct trial_failure *failure);

int cmd_test(const struct command_line *line)
{
	struct session session = {.line = line};
	struct world_options options = {.path = option_value(line, "store"), .remember = true};
	struct error error;

	if (!line->word_count)
		return usage_error(line, "which pack?");
	int code = pack_open(&session.pack, line->words, line->word_count, PACK_TEST);
	if (code == EXIT_FINE && world_open(session.pack.program, &options, &session.world, &error) != OK)
		code = world_error(&error);
	if (code == EXIT_FINE) {
		coverage_init(&session.coverage, line->arena, session.pack.program);
		engine_cover(world_engine(session.world), &session.coverage);
		/* Else a guard that the index answers would never count as one that said no. */
		engine_observe(world_engine(session.world), true);
		code = session_run(&session);
	}
	world_close(session.world);
	pack_close(&session.pack);
	return code;
}

/* --- one test after the other */
static bool is_wanted(const struct session *session, const struct test *test)
{
	const char *only = option_value(session->line, "only");

	return !only || text_find(test->name, text_from(only)) >= 0;
}

static enum status test_run(struct session *session, const struct test *test, struct error *error)
{
	uint32_t failures;

	session->named = false;
	session->run++;
	if (!session->writer) {
		enum status status = trial_run(session->world, test, failure_print, session, &failures, error);
		session->failed += failures > 0;
		return status;
	}
	struct json_writer *writer = session->writer;
	json_open_object(writer);
	json_write_name(writer, TEXT("name"));
	json_write_text(writer, test->name);
	json_write_name(writer, TEXT("file"));
	json_write_text(writer, session->pack.program->files[test->span.file].path);
	json_write_name(writer, TEXT("line"));
	json_write_int(writer, test->span.line);
	json_write_name(writer, TEXT("failures"));
	json_open_list(writer);
	enum status status = trial_run(session->world, test, failure_write, session, &failures, error);
	json_close_list(writer);
	json_write_name(writer, TEXT("passed"));
	json_write_bool(writer, status == OK && !failures);
	json_close_object(writer);
	session->failed += failures > 0;
	return status;
}

static void summary_print(const struct session *session)
{
	uint32_t passed = session->run - session->failed;

	printf("%u %s: ", session->run, session->run == 1 ? "test" : "tests");
	styled(stdout, passed ? STYLE_GREEN : STYLE_PLAIN, "%u passed", passed);
	if (session->failed) {
		fputs(", ", stdout);
		styled(stdout, STYLE_RED, "%u failed", session->failed);
	}
	fputs("\n", stdout);
	if (option_value(session->line, "only"))
		return; /* some tests say nothing about what all of them reach */
	fputc('\n', stdout);
	coverage_print(&session->coverage, session->line->arena, session->pack.program, option_given(session->line, "coverage"),
		       stdout);
}

static enum status tests_run(struct session *session, struct error *error)
{
	const struct program *program = session->pack.program;
	enum status status = OK;

	for (uint32_t i = 0; i < program->test_count && status == OK; i++) {
		progress("tests", i, program->test_count);
		if (is_wanted(session, &program->tests[i]))
			status = test_run(session, &program->tests[i], error);
	}
	progress_end();
	return status;
}

static int session_run(struct session *session)
{
	struct text_builder text = {.arena = session->line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	struct error error;

	if (session->line->json) {
		session->writer = &writer;
		json_open_object(&writer);
		json_write_name(&writer, TEXT("tests"));
		json_open_list(&writer);
	}
	enum status status = tests_run(session, &error);
	if (session->writer) {
		json_close_list(&writer);
		json_write_name(&writer, TEXT("passed"));
		json_write_int(&writer, session->run - session->failed);
		json_write_name(&writer, TEXT("failed"));
		json_write_int(&writer, session->failed);
		json_write_name(&writer, TEXT("coverage"));
		coverage_write(&session->coverage, session->pack.program, &writer);
		json_close_object(&writer);
		puts(builder_text(&text).bytes);
	}
	if (status != OK)
		return world_error(&error);
	if (!session->writer)
		summary_print(session);
	if (!session->run && option_value(session->line, "only"))
		return usage_error(session->line, "no test has a name with \"%s\" in it", option_value(session->line, "only"));
	return session->failed ? EXIT_FINDINGS : EXIT_FINE;
}

/* --- what failed */
static struct text item_source(const struct drawing *drawing, const struct test_item *item)
{
	const struct source_file *file = &drawing->program->files[item->span.file];
	struct text_builder folded = {.arena = drawing->arena};
	bool blank = false;

	for (uint32_t i = item->span.start; i < item->span.end && i < file->text.length; i++) {
		char byte = file->text.bytes[i];
		blank = blank || byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
		if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')
			continue;
		builder_add_string(&folded, blank && folded.length ? " " : "");
		builder_add_char(&folded, byte);
		blank = false;
	}
	return builder_text(&folded);
}

static void failure_print(void *context, const struct drawing *drawing, const struct trial_failure *failure)
{
	struct session *session = context;

	progress_end();
	if (!session->named) {
		styled(stdout, STYLE_RED, "✗ ");
		styled(stdout, STYLE_BOLD, "%.*s\n", TEXT_ARGS(failure->test->name));
		session->named = true;
	}
	printf("  %.*s  ", TEXT_ARGS(place_describe(drawing, failure->item->span)));
	print_safe(stdout, item_source(drawing, failure->item));
	printf("\n    ");
	styled(stdout, STYLE_RED, "%.*s\n", TEXT_ARGS(failure->sentence));
	if (failure->nodes)
		condition_draw(drawing, failure->code, failure->nodes, 4);
	for (uint32_t i = 0; i < failure->candidate_count; i++) {
		fputs("    ", stdout);
		print_safe(stdout, failure->candidates[i]);
		fputc('\n', stdout);
		condition_draw(drawing, failure->code, failure->trees[i], 6);
	}
	fputc('\n', stdout);
}

static void failure_write(void *context, const struct drawing *drawing, const struct trial_failure *failure)
{
	struct session *session = context;
	struct json_writer *writer = session->writer;

	json_open_object(writer);
	json_write_name(writer, TEXT("line"));
	json_write_int(writer, failure->item->span.line);
	json_write_name(writer, TEXT("source"));
	json_write_text(writer, item_source(drawing, failure->item));
	json_write_name(writer, TEXT("sentence"));
	json_write_text(writer, failure->sentence);
	if (failure->nodes) {
		json_write_name(writer, TEXT("condition"));
		condition_write(drawing, writer, failure->code, failure->nodes);
	}
	json_write_name(writer, TEXT("candidates"));
	json_open_list(writer);
	for (uint32_t i = 0; i < failure->candidate_count; i++) {
		json_open_object(writer);
		json_write_name(writer, TEXT("candidate"));
		json_write_text(writer, failure->candidates[i]);
		json_write_name(writer, TEXT("condition"));
		condition_write(drawing, writer, failure->code, failure->trees[i]);
		json_close_object(writer);
	}
	json_close_list(writer);
	json_close_object(writer);
}
