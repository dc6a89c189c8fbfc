/* A program with one script, made by hand: what the tests of this room share. */
#include "tests/unit/script/script_fixture.h"

#include <stdio.h>
#include <stdlib.h>

const struct type BOOL_TYPE = {.kind = TYPE_BOOL}, INT_TYPE = {.kind = TYPE_INT}, DECIMAL_TYPE = {.kind = TYPE_DECIMAL},
		  PERCENT_TYPE = {.kind = TYPE_PERCENT}, MONEY_TYPE = {.kind = TYPE_MONEY}, TEXT_TYPE = {.kind = TYPE_TEXT},
		  DATE_TYPE = {.kind = TYPE_DATE}, TIME_TYPE = {.kind = TYPE_TIME},
		  TIME_OF_DAY_TYPE = {.kind = TYPE_TIME_OF_DAY}, DURATION_TYPE = {.kind = TYPE_DURATION},
		  DATA_TYPE = {.kind = TYPE_DATA};

int fixture_open(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct script_limits limits = {.instructions = 2000000, .memory = 8 << 20, .depth = 150};
	arena_init(&fixture->arena, "test", 0);
	assert_int_equal(script_open(limits, &fixture->host), OK);
	fixture->file.path = TEXT("packs/test/tickets/rules.flow");
	fixture->script.name = TEXT("pick");
	fixture->script.file = TEXT("pick.lua");
	fixture->script.span.line = 7;
	fixture->script.parameters = fixture->parameters;
	fixture->program.files = &fixture->file;
	fixture->program.file_count = 1;
	fixture->program.scripts = &fixture->script;
	fixture->program.script_count = 1;
	*state = fixture;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *fixture = *state;
	script_close(fixture->host);
	arena_release(&fixture->arena);
	free(fixture);
	return 0;
}

enum status fixture_load(struct fixture *fixture, const char *source, const struct type *result)
{
	fixture->script.source = text_copy(&fixture->arena, text_from(source));
	fixture->script.result = result;
	fixture->error.sentence[0] = 0;
	return script_load(fixture->host, &fixture->program, &fixture->error);
}

void fixture_parameter(struct fixture *fixture, const char *name, const struct type *type)
{
	fixture->parameters[fixture->script.parameter_count++] = (struct record_field){.name = text_from(name), .type = type};
}

enum status fixture_run(struct fixture *fixture, const char *source, const struct type *result, const struct value *arguments,
			struct value *result_out)
{
	enum status status = fixture_load(fixture, source, result);
	if (status != OK)
		return status;
	return script_call(fixture->host, 0, arguments, &fixture->arena, result_out, &fixture->error);
}

void expect_text(struct fixture *fixture, const char *expression, const char *text)
{
	struct value result;
	const char *source = arena_format(&fixture->arena, "return function() return tostring(%s) end", expression);
	enum status status = fixture_run(fixture, source, &TEXT_TYPE, NULL, &result);
	if (status != OK)
		fail_msg("%s: %s", expression, fixture->error.sentence);
	assert_string_equal(arena_string(&fixture->arena, result.text, result.count), text);
}

void expect_failure(struct fixture *fixture, const char *body, enum status status, const char *part)
{
	struct value result;
	const char *source = arena_format(&fixture->arena, "return function()\n%s\nend", body);
	enum status answer = fixture_run(fixture, source, &TEXT_TYPE, NULL, &result);
	if (answer == OK)
		fail_msg("it did not fail: %s", body);
	if (answer != status || !strstr(fixture->error.sentence, part))
		fail_msg("%s\n  failed as %s: %s\n  and not as %s: %s", body, status_name(answer), fixture->error.sentence,
			 status_name(status), part);
}
