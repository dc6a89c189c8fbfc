/* One pass over the bytes of a document before cJSON sees it: what cJSON lets through (bad UTF-8, raw control characters, 01
 * and 1., a thousand levels) stops here. Must never read behind the end: sources are not NUL-terminated. */
#include "engine/base/json_scan.h"
#include "engine/base/json.h"

enum { LONGEST_NUMBER = 63 }; /* cJSON reads no more of it */

struct cursor {
	const char *start, *at, *end;
	const char *fault;
};

static bool fail(struct cursor *cursor, const char *at, const char *fault)
{
	cursor->at = at;
	cursor->fault = fault;
	return false;
}

/* --- strings */
static const uint64_t ONES = 0x0101010101010101u, TOPS = 0x8080808080808080u;

/* Is one of eight bytes a quote, a backslash, a control character or not ASCII? Eight at a time is what makes the pass cheap.
 */
static bool eight_are_plain(const char *at)
{
	uint64_t word;
	memcpy(&word, at, 8);
	uint64_t quote = word ^ ONES * '"', backslash = word ^ ONES * '\\';
	uint64_t special = (quote - ONES) & ~quote;
	special |= (backslash - ONES) & ~backslash;
	special |= (word - ONES * 0x20) & ~word;
	return !((special | word) & TOPS);
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* cJSON takes a bad \u for a NUL, and a NUL for the end. Whether surrogates come in pairs it judges itself. */
static bool scan_escape(struct cursor *cursor)
{
	const char *at = cursor->at;
	if (cursor->end - at >= 2 && at[1] != 'u' && at[1] && strchr("\"\\/bfnrt", at[1])) {
		cursor->at += 2;
		return true;
	}
	bool hex = cursor->end - at >= 6 && at[1] == 'u' && is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4]) && is_hex(at[5]);
	if (!hex)
		return fail(cursor, at, "this is no escape");
	if (!memcmp(at, "\\u0000", 6))
		return fail(cursor, at, "a text with a NUL character, which nothing here can keep");
	cursor->at += 6;
	return true;
}

static bool scan_special(struct cursor *cursor)
{
	unsigned char byte = (unsigned char)*cursor->at;
	if (byte == '\\')
		return scan_escape(cursor);
	if (byte < 0x20)
		return fail(cursor, cursor->at, "a control character, which must be written as an escape");
	struct text rest = {cursor->at, (uint32_t)(cursor->end - cursor->at)};
	uint32_t length = text_character_length(rest, 0);
	if (!length)
		return fail(cursor, cursor->at, "a byte that is not UTF-8");
	cursor->at += length;
	return true;
}

/* From behind the opening quote to behind the closing one. */
static bool scan_string(struct cursor *cursor)
{
	for (;;) {
		while (cursor->end - cursor->at >= 8 && eight_are_plain(cursor->at))
			cursor->at += 8;
		while (cursor->at < cursor->end && is_plain((unsigned char)*cursor->at))
			cursor->at++;
		if (cursor->at == cursor->end)
			return fail(cursor, cursor->at, "the document ends here, within a text");
		if (*cursor->at == '"') {
			cursor->at++;
			return true;
		}
		if (!scan_special(cursor))
			return false;
	}
}

/* --- numbers */
static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static bool scan_number(struct cursor *cursor)
{
	const char *first = cursor->at, *end = cursor->end;
	const char *whole = first + (*first == '-'), *at = skip_digits(whole, end);
	bool sound = at > whole && (*whole != '0' || at == whole + 1);
	if (sound && at < end && *at == '.') {
		const char *fraction = at + 1;
		at = skip_digits(fraction, end);
		sound = at > fraction;
	}
	if (sound && at < end && (*at == 'e' || *at == 'E')) {
		const char *exponent = at + 1 + (at + 1 < end && (at[1] == '+' || at[1] == '-'));
		at = skip_digits(exponent, end);
		sound = at > exponent;
	}
	if (!sound)
		return fail(cursor, first, "this is not how JSON writes a number");
	if (at - first > LONGEST_NUMBER)
		return fail(cursor, first, "a number of more than 63 characters");
	cursor->at = at;
	return true;
}

struct json_scan json_scan(struct text source)
{
	struct cursor cursor = {.start = source.bytes, .at = source.bytes, .end = source.bytes + source.length};
	uint32_t depth = 0;
	bool sound = true;
	while (sound && cursor.at < cursor.end) {
		char byte = *cursor.at;
		if (byte == '"') {
			cursor.at++;
			sound = scan_string(&cursor);
		} else if (byte == '-' || (byte >= '0' && byte <= '9')) {
			sound = scan_number(&cursor);
		} else if ((byte == '[' || byte == '{') && ++depth > JSON_MAX_DEPTH) {
			sound = fail(&cursor, cursor.at, "nested more than 200 deep");
		} else if ((unsigned char)byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') {
			sound = fail(&cursor, cursor.at, "a control character");
		} else {
			depth -= depth && (byte == ']' || byte == '}');
			cursor.at++;
		}
	}
	return (struct json_scan){cursor.fault, (uint32_t)(cursor.at - cursor.start), depth};
}
