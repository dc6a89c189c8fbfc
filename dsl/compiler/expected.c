/* Words the message for a mistake in the surface. Holds no grammar: it asks the machine what could have followed, and knows
 * only how people call that (expected.def). */
#include "dsl/compiler/expected.h"
#include "dsl/compiler/nearest.h"
#include "dsl/compiler/trail.h"

#include <stdlib.h>

enum { NAMES_LIMIT = 512, SHOWN_LIMIT = 8, FOUND_LIMIT = 40, SWAP_TOKENS_LIMIT = 100000 };

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

/* A mistake that is being put into words. */
struct mistake {
	struct arena *arena;
	struct text source;
	struct place from; /* the piece */
	uint32_t end;
	struct machine machine;
	struct trail trail;
	struct place at; /* of the token that could not follow */
	struct text found;
	const char *names[NAMES_LIMIT]; /* what could have followed */
	uint32_t count;
	bool between;             /* … and it is a declaration */
	bool groups[GROUP_COUNT]; /* named by their title */
	struct parse_error error;
};

/* --- what could have followed */
static uint32_t expected_before(struct mistake *mistake, uint32_t number, const char **names, bool *between_out)
{
	struct machine machine = machine_new(mistake->arena, mistake->machine.nodes.tree);
	struct trail trail = {.arena = mistake->arena};
	machine.watch = trail_token;
	machine.watcher = &trail;
	machine_run(&machine, mistake->from, mistake->end, number);
	*between_out = machine_is_between(&machine);
	return machine_expected(&machine, names, NAMES_LIMIT);
}

static bool expects(const struct mistake *mistake, const char *name)
{
	for (uint32_t i = 0; i < mistake->count; i++)
		if (!strcmp(mistake->names[i], name))
			return true;
	return false;
}

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (!strcmp(ROWS[i].token, name))
			return &ROWS[i];
	return NULL;
}

/* How to call it; NULL when a group's title already says it, or it is not worth saying. A token may have a row in two groups.
 */
static const char *title_of(const struct mistake *mistake, const char *name)
{
	const struct row *first = row_of(name);
	if (!first)
		return arena_format(mistake->arena, "`%s`", name);
	for (const struct row *row = first; row < ROWS + sizeof(ROWS) / sizeof(*ROWS); row++)
		if (!strcmp(row->token, name) && (mistake->groups[row->group] || row->group == GROUP_NEVER))
			return NULL;
	return first->title;
}

static uint32_t titles_collect(const struct mistake *mistake, const char **titles_out)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < GROUP_COUNT; i++)
		if (mistake->groups[i])
			titles_out[count++] = GROUPS[i].title;
	for (uint32_t i = 0; i < mistake->count; i++) {
		const char *title = title_of(mistake, mistake->names[i]);
		if (title)
			titles_out[count++] = title;
	}
	return count;
}

/* The token as a message shows it: of a long one the beginning. */
static const char *found_text(const struct mistake *mistake)
{
	struct text found = mistake->found;
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
	return arena_format(mistake->arena, "`%.*s%s`", (int)length, found.bytes, length < found.length ? "…" : "");
}

/* "expected a value, `in` or the end of the line, found `)`" */
static struct text expected_sentence(const struct mistake *mistake, const char *found)
{
	const char *titles[NAMES_LIMIT + GROUP_COUNT];
	uint32_t count = titles_collect(mistake, titles);
	uint32_t shown = count > SHOWN_LIMIT ? SHOWN_LIMIT : count;
	struct text_builder builder = {.arena = mistake->arena};
	builder_add_string(&builder, "expected ");
	for (uint32_t i = 0; i < shown; i++)
		builder_format(&builder, "%s%s", !i ? "" : i + 1 == count ? " or " : ", ", titles[i]);
	builder_format(&builder, "%s, found %s", shown < count ? ", …" : "", found);
	return builder_text(&builder);
}

/* --- what was meant */

/* A word that is written as it is, not the name of a kind of token. */
static bool is_keyword(const char *name)
{
	if (*name < 'a' || *name > 'z')
		return false;
	const struct row *row = row_of(name);
	return !row || *row->title == '`';
}

static const char *nearest_keyword(const char *const *names, uint32_t count, struct text word)
{
	struct text words[NAMES_LIMIT];
	uint32_t word_count = 0;
	for (uint32_t i = 0; i < count; i++)
		if (is_keyword(names[i]))
			words[word_count++] = text_from(names[i]);
	int64_t nearest = nearest_name(word, words, word_count);
	return nearest < 0 ? NULL : words[nearest].bytes;
}

static struct text hint_of(const struct mistake *mistake, const char *name)
{
	return text_format(mistake->arena, "did you mean `%s`?", name);
}

static void error_place(struct mistake *mistake, struct place place, uint32_t end)
{
	mistake->error.start = place.offset;
	mistake->error.end = end > place.offset ? end : place.offset;
	mistake->error.line = place.line;
	mistake->error.column = place.column;
}

/* Whether the machine gets past the mistake when that word is read as this one. */
static bool swap_helps(const struct mistake *mistake, uint32_t number, const char *word)
{
	struct machine machine = mistake->machine;
	struct trail trail = {.arena = mistake->arena};
	machine.watcher = &trail;
	machine.swap_number = number;
	machine.swap_word = word;
	return machine_run(&machine, mistake->from, mistake->end, mistake->machine.tokens + 1) == MACHINE_DONE;
}

/* A misspelt word of the language may pass as a name, and only what follows it can not follow. */
static bool say_earlier_word(struct mistake *mistake)
{
	for (uint32_t i = 0; i < TRAIL_WORDS && mistake->machine.tokens < SWAP_TOKENS_LIMIT; i++) {
		const struct machine_token *word = &mistake->trail.words[i];
		if (!word->name || word->start.line != mistake->trail.last.start.line)
			return false;
		const char *names[NAMES_LIMIT];
		bool between = false;
		uint32_t count = expected_before(mistake, word->number, names, &between);
		struct text text = text_slice(mistake->source, word->start.offset, word->end);
		const char *meant = nearest_keyword(names, count, text);
		if (!meant || !swap_helps(mistake, word->number, meant))
			continue;
		error_place(mistake, word->start, word->end);
		mistake->error.sentence = text_format(mistake->arena, "`%.*s` is not known here", TEXT_ARGS(text));
		mistake->error.hint = hint_of(mistake, meant);
		return true;
	}
	return false;
}

static bool say_word(struct mistake *mistake)
{
	if (!mistake->machine.is_word)
		return false;
	const char *meant = nearest_keyword(mistake->names, mistake->count, mistake->found);
	const char *sentence = mistake->between ? "%s begins no declaration" : "%s is not known here";
	if (!meant && !mistake->between && mistake->machine.after_number) {
		int64_t unit = nearest_name(mistake->found, UNITS, sizeof(UNITS) / sizeof(*UNITS));
		meant = unit < 0 ? NULL : UNITS[unit].bytes;
		sentence = "%s is no unit";
	} else if (!meant && !mistake->between) {
		return false;
	}
	mistake->error.sentence = text_format(mistake->arena, sentence, found_text(mistake));
	if (meant)
		mistake->error.hint = hint_of(mistake, meant);
	return true;
}

/* --- what is open */
static void say_open(struct mistake *mistake, const char *sentence, struct place open, uint32_t length)
{
	mistake->error.sentence = text_format(mistake->arena, sentence, open.line);
	mistake->error.other_start = open.offset;
	mistake->error.other_end = open.offset + length;
	mistake->error.other_line = open.line;
	mistake->error.other_column = open.column;
}

/* What was opened is the mistake, not the place where that shows. */
static bool say_unclosed(struct mistake *mistake)
{
	const struct trail *trail = &mistake->trail;
	bool at_end = !mistake->found.length;
	if (at_end && trail->text_block.line) {
		say_open(mistake, "the text that begins in line %u has no closing `\"\"\"`", trail->text_block, 3);
		return true;
	}
	if (trail->unclosed.place.line && (at_end || trail->unclosed_seen.line == mistake->at.line)) {
		say_open(mistake, "the `{` in line %u is not closed before this", trail->unclosed.place, 1);
		error_place(mistake, trail->unclosed_seen, trail->unclosed_seen.offset + 1);
		return true;
	}
	if (!at_end || !trail->braces.count)
		return false;
	say_open(mistake, "the `{` in line %u is not closed", list_last(&trail->braces)->place, 1);
	return true;
}

static bool say_stray(struct mistake *mistake)
{
	if (text_is(mistake->found, "}") && !mistake->trail.braces.count)
		mistake->error.sentence = TEXT("this `}` closes nothing");
	else if (mistake->between && mistake->found.length)
		mistake->error.sentence = text_format(mistake->arena, "%s begins no declaration", found_text(mistake));
	return mistake->error.sentence.length > 0;
}

/* When the line before ended although nothing could end there, the mistake is there. */
static void say_expected(struct mistake *mistake)
{
	const struct trail *trail = &mistake->trail;
	bool moved = trail->last.name && !trail->line_ended && trail->last.start.line < mistake->at.line;
	struct place end = place_advance(mistake->source, trail->last.name ? trail->last.start : mistake->from,
					 trail->last.name ? trail->last.end : mistake->from.offset);
	if (moved && mistake->found.length && end.line < mistake->at.line) {
		error_place(mistake, end, end.offset);
		mistake->error.sentence = expected_sentence(mistake, "the end of the line");
		return;
	}
	mistake->error.sentence = expected_sentence(mistake, found_text(mistake));
}

static void mistake_find(struct mistake *mistake)
{
	mistake->count = expected_before(mistake, mistake->machine.tokens, mistake->names, &mistake->between);
	for (uint32_t i = 0; i < GROUP_COUNT; i++)
		mistake->groups[i] = GROUPS[i].leader && expects(mistake, GROUPS[i].leader);
	if (!say_unclosed(mistake) && !say_word(mistake) && !say_stray(mistake) && !say_earlier_word(mistake))
		say_expected(mistake);
}

static void mistake_place(struct mistake *mistake)
{
	mistake->at = mistake->machine.place;
	mistake->found = text_slice(mistake->source, mistake->machine.token_start, mistake->machine.token_end);
	if (!mistake->found.length && mistake->trail.last.name)
		mistake->at = place_advance(mistake->source, mistake->trail.last.start, mistake->trail.last.end);
	error_place(mistake, mistake->at, mistake->machine.token_end);
}

struct parse_error expected_error(struct arena *arena, struct text source, struct place place, uint32_t end)
{
	struct parse_tree scratch = {.source = source};
	struct mistake mistake = {.arena = arena, .source = source, .from = place, .end = end, .trail = {.arena = arena}};
	mistake.machine = machine_new(arena, &scratch);
	mistake.machine.watch = trail_token;
	mistake.machine.watcher = &mistake.trail;
	enum machine_result result = machine_run(&mistake.machine, place, end, UINT32_MAX);
	mistake_place(&mistake);
	if (mistake.found.length)
		trail_stop(&mistake.trail, mistake.at);
	if (result == MACHINE_DEEP) {
		mistake.error.problem = PROBLEM_DEPTH;
		mistake.error.sentence = text_format(arena, "this is nested more than %d deep", PARSE_MAX_DEPTH);
		mistake.error.hint = TEXT("give a part of it a name with `define`");
	} else {
		mistake_find(&mistake);
	}
	return mistake.error;
}
