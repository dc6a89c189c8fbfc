/* Regular expressions by ICU, and the only file that sees its uregex. Bounded: a match that takes too many steps or too much
 * stack is given up and said so. Compiled patterns are kept in a small cache, since packs use few and use them often. */
#include "engine/base/pattern.h"
#include "engine/base/check.h"

#include <stdlib.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>
#include <unicode/utext.h>

enum { CACHE = 64, MOST_BYTES = 1 << 20, STEPS = 200 /* thousands of ICU's match steps */, STACK = 1 << 20 };

struct entry {
	char *pattern;
	uint32_t length;
	URegularExpression *compiled;
	uint64_t used; /* when last */
};

static struct entry cache[CACHE];
static uint64_t uses;

static struct entry *cached(struct text pattern)
{
	for (int i = 0; i < CACHE; i++)
		if (cache[i].compiled && text_equal((struct text){cache[i].pattern, cache[i].length}, pattern))
			return &cache[i];
	return NULL;
}

static struct entry *oldest(void)
{
	struct entry *entry = &cache[0];
	for (int i = 1; i < CACHE; i++)
		if (cache[i].used < entry->used)
			entry = &cache[i];
	return entry;
}

static void forget(struct entry *entry)
{
	if (entry->compiled)
		uregex_close(entry->compiled);
	free(entry->pattern);
	*entry = (struct entry){0};
}

static void *copy_of(const void *bytes, size_t size)
{
	void *copy = malloc(size + 1);
	CHECK(copy);
	return memcpy(copy, bytes, size);
}

static enum status compile(struct text pattern, struct entry **entry_out, struct error *error)
{
	*entry_out = cached(pattern);
	if (*entry_out) {
		(*entry_out)->used = ++uses;
		return OK;
	}
	if (pattern.length > 4096)
		return error_set(error, LIMIT, "the pattern is longer than 4096 bytes");
	UErrorCode code = U_ZERO_ERROR;
	UParseError at = {0};
	UText source = UTEXT_INITIALIZER;
	struct text given = pattern.length ? pattern : TEXT("(?:)"); /* ICU refuses the empty pattern */
	utext_openUTF8(&source, given.bytes, given.length, &code);
	URegularExpression *compiled = uregex_openUText(&source, 0, &at, &code);
	utext_close(&source);
	if (U_FAILURE(code))
		return error_set(error, INVALID, "`%.*s` is no regular expression: %s near character %d", TEXT_ARGS(pattern),
				 u_errorName(code), at.offset);
	uregex_setTimeLimit(compiled, STEPS, &code);
	uregex_setStackLimit(compiled, STACK, &code);
	struct entry *entry = oldest();
	forget(entry);
	*entry = (struct entry){.pattern = copy_of(pattern.bytes, pattern.length),
				.length = pattern.length,
				.compiled = compiled,
				.used = ++uses};
	*entry_out = entry;
	return OK;
}

enum status pattern_check(struct text pattern, struct error *error)
{
	struct entry *entry;
	return compile(pattern, &entry, error);
}

static enum status run_error(UErrorCode code, struct text pattern, struct error *error)
{
	if (code == U_REGEX_TIME_OUT || code == U_REGEX_STACK_OVERFLOW)
		return error_set(error, LIMIT, "the pattern `%.*s` takes too long on this text; make it simpler",
				 TEXT_ARGS(pattern));
	return error_set(error, INVALID, "the pattern `%.*s` failed: %s", TEXT_ARGS(pattern), u_errorName(code));
}

/* The text as UTF-16, which ICU matches; terminated. */
static UChar *to_utf16(struct arena *arena, struct text text, int32_t *length_out)
{
	UErrorCode code = U_ZERO_ERROR;
	UChar *wide = arena_alloc_raw(arena, ((size_t)text.length + 1) * sizeof(UChar), 16);
	u_strFromUTF8WithSub(wide, (int32_t)text.length + 1, length_out, text.bytes, (int32_t)text.length, 0xfffd, NULL, &code);
	CHECK(U_SUCCESS(code));
	return wide;
}

static struct text to_utf8(struct arena *arena, const UChar *wide, int32_t length)
{
	UErrorCode code = U_ZERO_ERROR;
	int32_t bytes = 0;
	char *utf8 = arena_alloc_raw(arena, (size_t)length * 3 + 1, 1);
	u_strToUTF8WithSub(utf8, length * 3 + 1, &bytes, wide, length, 0xfffd, NULL, &code);
	CHECK(U_SUCCESS(code));
	return (struct text){utf8, (uint32_t)bytes};
}

static enum status begin(struct arena *arena, struct text pattern, struct text text, URegularExpression **regex_out,
			 UChar **wide_out, struct error *error)
{
	struct entry *entry;
	enum status status = compile(pattern, &entry, error);
	if (status != OK)
		return status;
	if (text.length > MOST_BYTES)
		return error_set(error, LIMIT, "the text is longer than a pattern may search (1 MiB)");
	int32_t length;
	*wide_out = to_utf16(arena, text, &length);
	UErrorCode code = U_ZERO_ERROR;
	uregex_setText(entry->compiled, *wide_out, length, &code);
	*regex_out = entry->compiled;
	return U_SUCCESS(code) ? OK : run_error(code, pattern, error);
}

enum status pattern_extract(struct arena *arena, struct text pattern, struct text text, struct text *found_out,
			    struct error *error)
{
	URegularExpression *regex;
	UChar *wide;
	enum status status = begin(arena, pattern, text, &regex, &wide, error);
	if (status != OK)
		return status;
	UErrorCode code = U_ZERO_ERROR;
	bool found = uregex_find(regex, 0, &code);
	if (U_FAILURE(code))
		return run_error(code, pattern, error);
	if (!found)
		return NOT_FOUND;
	int32_t group = uregex_groupCount(regex, &code) ? 1 : 0;
	int32_t from = uregex_start(regex, group, &code), until = uregex_end(regex, group, &code);
	if (U_FAILURE(code) || from < 0)
		return NOT_FOUND; /* the group took no part in the match */
	*found_out = to_utf8(arena, wide + from, until - from);
	return OK;
}

enum status pattern_replace(struct arena *arena, struct text pattern, struct text text, struct text with,
			    struct text *replaced_out, struct error *error)
{
	URegularExpression *regex;
	UChar *wide;
	enum status status = begin(arena, pattern, text, &regex, &wide, error);
	if (status != OK)
		return status;
	int32_t with_length;
	UChar *with_wide = to_utf16(arena, with, &with_length);
	UErrorCode code = U_ZERO_ERROR;
	int32_t needed = uregex_replaceAll(regex, with_wide, with_length, NULL, 0, &code);
	if (code != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(code))
		return run_error(code, pattern, error);
	if (needed > MOST_BYTES)
		return error_set(error, LIMIT, "the replaced text would be longer than 1 MiB");
	UChar *made = arena_alloc_raw(arena, ((size_t)needed + 1) * sizeof(UChar), 16);
	code = U_ZERO_ERROR;
	uregex_reset(regex, 0, &code);
	uregex_replaceAll(regex, with_wide, with_length, made, needed + 1, &code);
	if (U_FAILURE(code))
		return run_error(code, pattern, error);
	*replaced_out = to_utf8(arena, made, needed);
	return OK;
}
