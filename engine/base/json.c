/* JSON by cJSON, and the only file that sees it. While a document is read, cJSON takes its memory from the document's arena, so
 * no node is ever freed by itself and a turn's documents go with the turn. Must never be entered twice at once: hooks are
 * global. */
#include "engine/base/json.h"
#include "engine/base/check.h"
#include "engine/base/map.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FEW_MEMBERS = 24 }; /* up to here comparing all with all beats a hash */

static const int64_t EXACT = (int64_t)1 << 53; /* whole numbers up to here are exact as doubles */

static const cJSON *node_of(const struct json *json)
{
	return (const cJSON *)(const void *)json;
}

static const struct json *json_of(const cJSON *node)
{
	return (const struct json *)(const void *)node;
}

/* --- memory: cJSON's hooks lead to the arena of the document that is being read */
static struct arena *reading;

static void *hook_alloc(size_t size)
{
	return arena_alloc_raw(reading, size, 16);
}

static void hook_free(void *memory)
{
	(void)memory;
}

static void hooks_install(void)
{
	static bool installed;
	if (installed)
		return;
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = hook_alloc, .free_fn = hook_free});
	installed = true;
}

/* --- what cJSON does not mind */
static enum status place_error(struct text source, size_t at, const char *what, struct error *error)
{
	uint32_t line = 1, column = 1;
	for (size_t i = 0; i < at && i < source.length; i++) {
		if (source.bytes[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)source.bytes[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return error_set(error, INVALID, "not JSON: line %u, column %u: %s", line, column, what);
}

/* The place of the first bracket that is nested too deeply, or -1. Only asked when there are many brackets at all. */
static int64_t too_deep_at(struct text source)
{
	uint32_t depth = 0;
	bool inside = false;
	for (uint32_t i = 0; i < source.length; i++) {
		char byte = source.bytes[i];
		if (inside) {
			if (byte == '\\')
				i++;
			else if (byte == '"')
				inside = false;
		} else if (byte == '"') {
			inside = true;
		} else if (byte == '[' || byte == '{') {
			if (++depth > JSON_MAX_DEPTH)
				return i;
		} else if ((byte == ']' || byte == '}') && depth) {
			depth--;
		}
	}
	return -1;
}

static enum status check_bytes(struct text source, struct error *error)
{
	uint32_t brackets = 0;
	for (uint32_t i = 0; i < source.length; i++) {
		unsigned char byte = (unsigned char)source.bytes[i];
		brackets += byte == '[' || byte == '{';
		if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t')
			return place_error(source, i, "a control character, which must be written as an escape", error);
	}
	if (brackets > JSON_MAX_DEPTH) {
		int64_t at = too_deep_at(source);
		if (at >= 0)
			return place_error(source, (size_t)at, "nested more than 200 deep", error);
	}
	if (!text_is_utf8(source))
		return error_set(error, INVALID, "not JSON: the bytes are not UTF-8");
	int64_t nul = text_find(source, TEXT("\\u0000"));
	if (nul >= 0)
		return place_error(source, (size_t)nul, "a text with a NUL character, which nothing here can keep", error);
	return OK;
}

static const char *twice_among_few(const cJSON *object)
{
	for (const cJSON *a = object->child; a; a = a->next)
		for (const cJSON *b = a->next; b; b = b->next)
			if (a->string[0] == b->string[0] && !strcmp(a->string, b->string))
				return b->string;
	return NULL;
}

static const char *twice_among_many(struct arena *arena, const cJSON *object)
{
	struct map seen = map_in(arena);
	for (const cJSON *member = object->child; member; member = member->next)
		if (map_put(&seen, text_from(member->string), member->string))
			return member->string;
	return NULL;
}

static const char *name_twice(struct arena *arena, const cJSON *node)
{
	const char *twice = NULL;
	uint32_t count = 0;
	for (const cJSON *child = node->child; child && !twice; child = child->next) {
		count++;
		if (child->child)
			twice = name_twice(arena, child); /* no deeper than JSON_MAX_DEPTH */
	}
	if (twice || !cJSON_IsObject(node) || count < 2)
		return twice;
	return count <= FEW_MEMBERS ? twice_among_few(node) : twice_among_many(arena, node);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

enum status json_parse(struct arena *arena, struct text source, const struct json **json_out, struct error *error)
{
	if (check_bytes(source, error) != OK)
		return INVALID;
	hooks_install();
	const char *end = source.bytes;
	reading = arena;
	const cJSON *root = cJSON_ParseWithLengthOpts(source.bytes, source.length, &end, false);
	reading = NULL;
	const char *stop = source.bytes + source.length;
	if (!root)
		return place_error(source, (size_t)(end - source.bytes),
				   end >= stop ? "the document ends here, unfinished" : "this cannot stand here", error);
	while (end < stop && is_blank(*end))
		end++;
	if (end < stop)
		return place_error(source, (size_t)(end - source.bytes), "something follows the document", error);
	const char *twice = name_twice(arena, root);
	if (twice)
		return error_set(error, INVALID, "not usable JSON: an object has the name \"%.100s\" twice", twice);
	*json_out = json_of(root);
	return OK;
}

/* --- reading */
enum json_kind json_kind(const struct json *json)
{
	switch (node_of(json)->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_TEXT;
	case cJSON_Array:
		return JSON_LIST;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

bool json_bool(const struct json *json)
{
	return cJSON_IsTrue(node_of(json));
}

struct text json_text(const struct json *json)
{
	CHECK(cJSON_IsString(node_of(json)));
	return text_from(node_of(json)->valuestring);
}

static bool is_whole(double number)
{
	return number >= (double)-EXACT && number <= (double)EXACT && number == (double)(int64_t)number;
}

enum status json_decimal(const struct json *json, struct decimal *decimal_out)
{
	double number = node_of(json)->valuedouble;
	if (is_whole(number)) {
		*decimal_out = decimal_from_int((int64_t)number);
		return OK;
	}
	if (!isfinite(number) || fabs(number) > (double)EXACT)
		return LIMIT;
	char digits[40];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	return decimal_parse_json(text_from(digits), decimal_out);
}

enum status json_int(const struct json *json, int64_t *integer_out)
{
	double number = node_of(json)->valuedouble;
	if (is_whole(number)) {
		*integer_out = (int64_t)number;
		return OK;
	}
	return isfinite(number) && fabs(number) < (double)EXACT ? INVALID : LIMIT;
}

const struct json *json_member(const struct json *json, struct text name)
{
	if (!cJSON_IsObject(node_of(json)))
		return NULL;
	for (const cJSON *member = node_of(json)->child; member; member = member->next)
		if (!strncmp(member->string, name.bytes, name.length) && !member->string[name.length])
			return json_of(member);
	return NULL;
}

uint32_t json_count(const struct json *json)
{
	uint32_t count = 0;
	for (const cJSON *child = node_of(json)->child; child; child = child->next)
		count++;
	return count;
}

const struct json *json_first(const struct json *json)
{
	return json_of(node_of(json)->child);
}

const struct json *json_next(const struct json *item)
{
	return json_of(node_of(item)->next);
}

struct text json_name(const struct json *member)
{
	return text_from(node_of(member)->string);
}
