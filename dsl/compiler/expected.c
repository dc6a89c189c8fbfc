/* Words the message for a mistake in the surface. Holds no grammar: it asks the machine what could have followed, and knows
 * only how people call that (expected.def). */
#include "dsl/compiler/expected.h"
#include "dsl/compiler/nearest.h"

#include <stdlib.h>

enum { NAMES_LIMIT = 512, SHOWN_LIMIT = 8, FOUND_LIMIT = 40 };

enum group {
	GROUP_WORD, /* no row: shown as it is */
	GROUP_ALONE,
	GROUP_NEVER,
#define GROUP(name, leader, title) GROUP_##name,
#define EXPECTED(token, group, title)
#define UNIT(word)
#include "dsl/compiler/expected.def"
	GROUP_COUNT
};

static const struct {
	const char *leader, *title;
} GROUPS[GROUP_COUNT] = {
#undef GROUP
#define GROUP(name, leader_token, title_text) [GROUP_##name] = {leader_token, title_text},
#include "dsl/compiler/expected.def"
#undef GROUP
#undef EXPECTED
};

static const struct row {
	const char *token;
	enum group group;
	const char *title;
} ROWS[] = {
#define GROUP(name, leader, title)
#define EXPECTED(token, group, title) {token, GROUP_##group, title},
#include "dsl/compiler/expected.def"
#undef EXPECTED
#undef UNIT
};

static const struct text UNITS[] = {
#define EXPECTED(token, group, title)
#define UNIT(word) {word, sizeof(word) - 1},
#include "dsl/compiler/expected.def"
};

struct expected {
	const char *names[NAMES_LIMIT];
	uint32_t count;
	bool groups[GROUP_COUNT]; /* named by their title */
};

static bool expects(const struct expected *expected, const char *name)
{
	for (uint32_t i = 0; i < expected->count; i++)
		if (!strcmp(expected->names[i], name))
			return true;
	return false;
}

static void groups_find(struct expected *expected)
{
	for (uint32_t i = 0; i < GROUP_COUNT; i++)
		expected->groups[i] = GROUPS[i].leader && expects(expected, GROUPS[i].leader);
}

/* Whether a group's title already says it; else how to call it, or NULL when it is not worth saying. */
static const char *title_of(struct arena *arena, const struct expected *expected, const char *name)
{
	const char *title = NULL;
	bool has_row = false;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		if (strcmp(ROWS[i].token, name))
			continue;
		has_row = true;
		if (expected->groups[ROWS[i].group] || ROWS[i].group == GROUP_NEVER)
			return NULL;
		title = title ? title : ROWS[i].title;
	}
	return has_row ? title : arena_format(arena, "`%s`", name);
}

static uint32_t titles_collect(struct arena *arena, const struct expected *expected, const char **titles_out)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < GROUP_COUNT; i++)
		if (expected->groups[i])
			titles_out[count++] = GROUPS[i].title;
	for (uint32_t i = 0; i < expected->count; i++) {
		const char *title = title_of(arena, expected, expected->names[i]);
		if (title)
			titles_out[count++] = title;
	}
	return count;
}

static const char *found_text(struct arena *arena, const struct machine *machine)
{
	struct text found = text_slice(machine->tree->source, machine->token_start, machine->token_end);
	if (!found.length)
		return "the end";
	if (*found.bytes == '\n')
		return "the end of the line";
	uint32_t length = found.length < FOUND_LIMIT ? found.length : FOUND_LIMIT;
	for (uint32_t i = 0; i < length; i++)
		if (found.bytes[i] == '\n')
			length = i;
	while (length && length < found.length && ((unsigned char)found.bytes[length] & 0xc0) == 0x80)
		length--;
	return arena_format(arena, "`%.*s%s`", (int)length, found.bytes, length < found.length ? "…" : "");
}

/* "expected a value, `in` or the end of the line, found `)`" */
static struct text expected_sentence(struct arena *arena, const struct machine *machine, const struct expected *expected)
{
	const char *titles[NAMES_LIMIT + GROUP_COUNT];
	uint32_t count = titles_collect(arena, expected, titles);
	uint32_t shown = count > SHOWN_LIMIT ? SHOWN_LIMIT : count;
	struct text_builder builder = {.arena = arena};
	builder_add_string(&builder, "expected ");
	for (uint32_t i = 0; i < shown; i++)
		builder_format(&builder, "%s%s", !i ? "" : i + 1 == count ? " or " : ", ", titles[i]);
	if (shown < count)
		builder_add_string(&builder, ", …");
	builder_format(&builder, ", found %s", found_text(arena, machine));
	return builder_text(&builder);
}

static struct text hint_of(struct arena *arena, const char *name, uint32_t length)
{
	return text_format(arena, "did you mean `%.*s`?", (int)length, name);
}

/* A word that is written as it is, not the name of a kind of token. */
static bool is_keyword(const char *name)
{
	if (*name < 'a' || *name > 'z')
		return false;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (!strcmp(ROWS[i].token, name))
			return *ROWS[i].title == '`';
	return true;
}

/* The nearest of the words that could stand here. */
static struct text word_hint(struct arena *arena, const struct expected *expected, struct text word)
{
	struct text words[NAMES_LIMIT];
	uint32_t count = 0;
	for (uint32_t i = 0; i < expected->count; i++)
		if (is_keyword(expected->names[i]))
			words[count++] = text_from(expected->names[i]);
	int64_t nearest = nearest_name(word, words, count);
	return nearest < 0 ? (struct text){0} : hint_of(arena, words[nearest].bytes, words[nearest].length);
}

static void say_word(struct arena *arena, const struct machine *machine, const struct expected *expected,
		     struct parse_error *error)
{
	struct text word = text_slice(machine->tree->source, machine->token_start, machine->token_end);
	error->hint = word_hint(arena, expected, word);
	if (error->hint.length) {
		error->sentence = text_format(arena, "%s is not known here", found_text(arena, machine));
	} else if (machine->after_number) {
		int64_t unit = nearest_name(word, UNITS, sizeof(UNITS) / sizeof(*UNITS));
		error->sentence = text_format(arena, "%s is no unit", found_text(arena, machine));
		if (unit >= 0)
			error->hint = hint_of(arena, UNITS[unit].bytes, UNITS[unit].length);
	} else {
		error->sentence = expected_sentence(arena, machine, expected);
	}
}

static void place_error(struct parse_error *error, struct machine_place place, uint32_t end)
{
	error->start = place.offset;
	error->end = end > place.offset ? end : place.offset;
	error->line = place.line;
	error->column = place.column;
}

static void say_open(struct arena *arena, struct parse_error *error, const char *sentence, struct machine_place open,
		     uint32_t length)
{
	error->sentence = text_format(arena, sentence, open.line);
	error->other_start = open.offset;
	error->other_end = open.offset + length;
	error->other_line = open.line;
	error->other_column = open.column;
}

/* At the end with something open: what was opened is the mistake, not the end. */
static bool say_unclosed(struct arena *arena, const struct machine *machine, struct parse_error *error)
{
	if (machine->token_end > machine->token_start)
		return false;
	if (machine->text_block.line) {
		say_open(arena, error, "the text that begins in line %u has no closing `\"\"\"`", machine->text_block, 3);
		return true;
	}
	if (machine->unclosed.place.line) {
		say_open(arena, error, "the `{` in line %u is not closed before this `}`", machine->unclosed.place, 1);
		place_error(error, machine->unclosed_seen, machine->unclosed_seen.offset + 1);
		return true;
	}
	if (!machine->braces.count)
		return false;
	say_open(arena, error, "the `{` in line %u is not closed", list_last(&machine->braces)->place, 1);
	return true;
}

static void say(struct arena *arena, struct machine *machine, struct machine_place place, struct parse_error *error)
{
	struct expected expected = {0};
	uint32_t end = machine->token_end;
	struct machine stopped = machine_new(arena, machine->tree);
	stopped.watch = true;
	machine_run(&stopped, place, end, machine->tokens);
	expected.count = machine_expected(&stopped, expected.names, NAMES_LIMIT);
	groups_find(&expected);
	struct text found = text_slice(machine->tree->source, machine->token_start, end);
	if (machine->is_word)
		say_word(arena, machine, &expected, error);
	else if (text_is(found, "}") && !machine->braces.count)
		error->sentence = TEXT("this `}` closes nothing");
	else
		error->sentence = expected_sentence(arena, machine, &expected);
	if (machine_is_between(&stopped) && found.length && !text_is(found, "}"))
		error->sentence = text_format(arena, "%s begins no declaration", found_text(arena, machine));
}

struct parse_error expected_error(struct arena *arena, struct text source, struct machine_place place, uint32_t end)
{
	struct parse_tree scratch = {.source = source};
	struct parse_error error = {.problem = PROBLEM_SYNTAX};
	struct machine machine = machine_new(arena, &scratch);
	machine.watch = true;
	enum machine_result result = machine_run(&machine, place, end, UINT32_MAX);
	struct machine_place at = machine.place;
	if (machine.token_end == machine.token_start)
		at = place_advance(source, place, machine.end_of_last);
	place_error(&error, at, machine.token_end);
	if (result == MACHINE_DEEP) {
		error.problem = PROBLEM_DEPTH;
		error.sentence = text_format(arena, "this is nested more than %d deep", PARSE_MAX_DEPTH);
		error.hint = TEXT("give a part of it a name with `define`");
	} else if (!say_unclosed(arena, &machine, &error)) {
		say(arena, &machine, place, &error);
	}
	return error;
}
