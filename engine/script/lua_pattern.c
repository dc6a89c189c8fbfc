/* Lua's patterns, matched with a budget: every comparison counts, so that no pattern can run away. Must know nothing of Lua's
 * state: lua_text.c turns captures into values. */
#include "engine/script/lua_room.h"

#include <ctype.h>

static const char *match_here(struct pattern_match *match, const char *at, const char *pattern);

static const char *fail(struct pattern_match *match, const char *problem)
{
	if (!match->problem)
		match->problem = problem;
	return NULL;
}

static bool step(struct pattern_match *match)
{
	if (match->problem)
		return false;
	if (match->budget--)
		return true;
	match->budget = 0;
	match->problem = "";
	return false;
}

/* Behind the single character class that begins at `pattern`; NULL after a problem. */
static const char *class_end(struct pattern_match *match, const char *pattern)
{
	char first = *pattern++;
	if (first == '%') {
		if (pattern == match->pattern_end)
			return fail(match, "the pattern ends with `%`");
		return pattern + 1;
	}
	if (first != '[')
		return pattern;
	if (pattern < match->pattern_end && *pattern == '^')
		pattern++;
	do {
		if (pattern >= match->pattern_end)
			return fail(match, "the pattern lacks a `]`");
		if (*pattern++ == '%')
			pattern++;
	} while (pattern >= match->pattern_end || *pattern != ']');
	return pattern + 1;
}

static bool class_has(int letter, int class)
{
	bool has;
	switch (tolower(class)) {
	case 'a':
		has = isalpha(letter);
		break;
	case 'c':
		has = iscntrl(letter);
		break;
	case 'd':
		has = isdigit(letter);
		break;
	case 'g':
		has = isgraph(letter);
		break;
	case 'l':
		has = islower(letter);
		break;
	case 'p':
		has = ispunct(letter);
		break;
	case 's':
		has = isspace(letter);
		break;
	case 'u':
		has = isupper(letter);
		break;
	case 'w':
		has = isalnum(letter);
		break;
	case 'x':
		has = isxdigit(letter);
		break;
	default:
		return class == letter;
	}
	return isupper(class) ? !has : has;
}

/* `set` is at `[`, `end` at its `]`. */
static bool set_has(struct pattern_match *match, int letter, const char *set, const char *end)
{
	bool found = true;
	if (set[1] == '^') {
		found = false;
		set++;
	}
	while (++set < end && step(match)) {
		if (*set == '%') {
			set++;
			if (class_has(letter, (unsigned char)*set))
				return found;
		} else if (set[1] == '-' && set + 2 < end) {
			set += 2;
			if ((unsigned char)set[-2] <= letter && letter <= (unsigned char)*set)
				return found;
		} else if ((unsigned char)*set == letter) {
			return found;
		}
	}
	return !found;
}

static bool single_matches(struct pattern_match *match, const char *at, const char *pattern, const char *end)
{
	if (at >= match->source_end || !step(match))
		return false;
	int letter = (unsigned char)*at;
	switch (*pattern) {
	case '.':
		return true;
	case '%':
		return class_has(letter, (unsigned char)pattern[1]);
	case '[':
		return set_has(match, letter, pattern, end - 1);
	default:
		return (unsigned char)*pattern == letter;
	}
}

static const char *match_balance(struct pattern_match *match, const char *at, const char *pattern)
{
	if (pattern + 1 >= match->pattern_end)
		return fail(match, "`%b` needs two characters behind it");
	if (at >= match->source_end || *at != *pattern)
		return NULL;
	int nested = 1;
	while (++at < match->source_end && step(match)) {
		if (*at == pattern[1]) {
			if (!--nested)
				return at + 1;
		} else if (*at == *pattern) {
			nested++;
		}
	}
	return NULL;
}

static const char *match_most(struct pattern_match *match, const char *at, const char *pattern, const char *end)
{
	ptrdiff_t count = 0;
	while (single_matches(match, at + count, pattern, end))
		count++;
	for (; count >= 0 && step(match); count--) {
		const char *rest = match_here(match, at + count, end + 1);
		if (rest)
			return rest;
	}
	return NULL;
}

static const char *match_least(struct pattern_match *match, const char *at, const char *pattern, const char *end)
{
	while (step(match)) {
		const char *rest = match_here(match, at, end + 1);
		if (rest)
			return rest;
		if (!single_matches(match, at, pattern, end))
			return NULL;
		at++;
	}
	return NULL;
}

static const char *capture_begin(struct pattern_match *match, const char *at, const char *pattern, ptrdiff_t what)
{
	if (match->level >= PATTERN_CAPTURES)
		return fail(match, "the pattern has too many captures");
	match->capture[match->level].start = at;
	match->capture[match->level].length = what;
	match->level++;
	const char *rest = match_here(match, at, pattern);
	if (!rest)
		match->level--;
	return rest;
}

static const char *capture_end(struct pattern_match *match, const char *at, const char *pattern)
{
	int level = match->level - 1;
	while (level >= 0 && match->capture[level].length != PATTERN_OPEN)
		level--;
	if (level < 0)
		return fail(match, "the pattern has a `)` without its `(`");
	match->capture[level].length = at - match->capture[level].start;
	const char *rest = match_here(match, at, pattern);
	if (!rest)
		match->capture[level].length = PATTERN_OPEN;
	return rest;
}

static const char *match_again(struct pattern_match *match, const char *at, int digit)
{
	int level = digit - '1';
	if (level < 0 || level >= match->level || match->capture[level].length == PATTERN_OPEN)
		return fail(match, "the pattern names a capture that is not there");
	ptrdiff_t length = match->capture[level].length;
	if (length < 0)
		return NULL; /* a position has no text */
	match->budget -= (uint64_t)length < match->budget ? (uint64_t)length / 8 : match->budget;
	if (match->source_end - at < length || memcmp(match->capture[level].start, at, (size_t)length))
		return NULL;
	return at + length;
}

static bool at_frontier(struct pattern_match *match, const char *at, const char *set, const char *end)
{
	int before = at == match->source ? 0 : (unsigned char)at[-1];
	int here = at == match->source_end ? 0 : (unsigned char)*at;
	return !set_has(match, before, set, end - 1) && set_has(match, here, set, end - 1);
}

/* A single class with what stands behind it. Sets *pattern_out when the match simply goes on behind it. */
static const char *match_single(struct pattern_match *match, const char *at, const char *pattern, const char **pattern_out)
{
	const char *end = class_end(match, pattern);
	if (!end)
		return NULL;
	char repeat = end < match->pattern_end ? *end : 0;
	switch (repeat) {
	case '*':
		return match_most(match, at, pattern, end);
	case '-':
		return match_least(match, at, pattern, end);
	case '+':
		return single_matches(match, at, pattern, end) ? match_most(match, at + 1, pattern, end) : NULL;
	case '?':
		if (single_matches(match, at, pattern, end)) {
			const char *rest = match_here(match, at + 1, end + 1);
			if (rest)
				return rest;
		}
		*pattern_out = end + 1;
		return at;
	default:
		if (!single_matches(match, at, pattern, end))
			return NULL;
		*pattern_out = end;
		return at + 1;
	}
}

/* `%b`, `%f`, `%1`: true when `pattern` was one, with the place behind it in *at (NULL: no match). */
static bool match_special(struct pattern_match *match, const char **at, const char **pattern)
{
	const char *p = *pattern;
	if (*p != '%' || p + 1 >= match->pattern_end)
		return false;
	if (p[1] == 'b') {
		*at = match_balance(match, *at, p + 2);
		*pattern = p + 4;
	} else if (p[1] == 'f') {
		const char *set = p + 2, *end = NULL;
		if (set >= match->pattern_end || *set != '[')
			*at = fail(match, "`%f` needs a `[` behind it");
		else if (!(end = class_end(match, set)) || !at_frontier(match, *at, set, end))
			*at = NULL;
		*pattern = end;
	} else if (isdigit((unsigned char)p[1])) {
		*at = match_again(match, *at, p[1]);
		*pattern = p + 2;
	} else {
		return false;
	}
	return true;
}

static const char *match_here(struct pattern_match *match, const char *at, const char *pattern)
{
	if (++match->depth > PATTERN_DEPTH)
		return fail(match, "the pattern is too complex");
	const char *next;
	while (at && pattern != match->pattern_end && step(match)) {
		if (*pattern == '(') {
			bool position = pattern + 1 < match->pattern_end && pattern[1] == ')';
			at = position ? capture_begin(match, at, pattern + 2, PATTERN_POSITION)
				      : capture_begin(match, at, pattern + 1, PATTERN_OPEN);
			break;
		}
		if (*pattern == ')') {
			at = capture_end(match, at, pattern + 1);
			break;
		}
		if (*pattern == '$' && pattern + 1 == match->pattern_end) {
			at = at == match->source_end ? at : NULL;
			break;
		}
		if (match_special(match, &at, &pattern))
			continue;
		next = NULL;
		at = match_single(match, at, pattern, &next);
		if (!next)
			break;
		pattern = next;
	}
	match->depth--;
	return match->problem ? NULL : at;
}

const char *pattern_try(struct pattern_match *match, const char *at, const char *pattern)
{
	match->level = 0;
	match->depth = 0;
	return match_here(match, at, pattern);
}
