/* JSON by cJSON, and the only file that sees it. While a document is read, cJSON takes its memory from the document's arena, so
 * no node is ever freed by itself and a turn's documents go with the turn. Must never be entered twice at once: hooks are
 * global. */
#include "engine/base/json.h"
#include "engine/base/check.h"
#include "engine/base/json_scan.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FEW_MEMBERS = 24, /* past it names are sorted to find one twice */
	LONGEST_SHOWN = 100,
};

static const int64_t EXACT = (int64_t)1 << 53; /* whole numbers up to here are exact as doubles */

static const cJSON *node_of(const struct json *json)
{
	return (const cJSON *)(const void *)json;
}

static const struct json *json_of(const cJSON *node)
{
	return (const struct json *)(const void *)node;
}

/* --- memory: while a document is read, cJSON's hooks lead to its arena */
static struct arena *reading;

static void *hook_alloc(size_t size)
{
	return arena_alloc_raw(reading, size, 16);
}

static void hook_free(void *memory)
{
	(void)memory;
}

static void reading_begin(struct arena *arena)
{
	static cJSON_Hooks hooks = {.malloc_fn = hook_alloc, .free_fn = hook_free};
	CHECK(!reading);
	reading = arena;
	cJSON_InitHooks(&hooks);
}

static void reading_end(void)
{
	cJSON_InitHooks(NULL);
	reading = NULL;
}

/* The arena may leave cJSON by its guard, which is safe since cJSON owns nothing; only the hooks must be taken back on the way
 * out, because they are the whole process's. */
static cJSON *tree_of(struct arena *arena, struct text source, const char **end_out)
{
	jmp_buf *outer = arena->escape, here;
	if (outer && arena_guard(arena, here)) {
		reading_end();
		arena->escape = outer;
		longjmp(*outer, 1);
	}
	reading_begin(arena);
	cJSON *root = cJSON_ParseWithLengthOpts(source.bytes, source.length, end_out, false);
	reading_end();
	arena->escape = outer;
	return root;
}

/* --- one name twice, which cJSON does not mind */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, not hashed: whoever sends the names must not be able to choose how long this takes. */
static const char *twice_among_many(struct arena *arena, const cJSON *object, uint32_t count)
{
	const char **names = arena_array(arena, const char *, count);
	uint32_t filled = 0;
	for (const cJSON *member = object->child; member; member = member->next)
		names[filled++] = member->string;
	qsort(names, count, sizeof(*names), compare_names);
	for (uint32_t i = 1; i < count; i++)
		if (!strcmp(names[i - 1], names[i]))
			return names[i];
	return NULL;
}

static const char *twice_before(const cJSON *object, const cJSON *end)
{
	for (const cJSON *member = object->child; member != end; member = member->next)
		if (!strcmp(member->string, end->string))
			return member->string;
	return NULL;
}

/* A name is compared with those before it only when one of them began as it does. */
static const char *twice_among_few(const cJSON *object)
{
	uint64_t begun = 0;
	const char *twice = NULL;
	for (const cJSON *member = object->child; member && !twice; member = member->next) {
		unsigned char first = (unsigned char)member->string[0], second = first ? (unsigned char)member->string[1] : 0;
		uint64_t bit = (uint64_t)1 << ((first * 7u + second) & 63);
		if (begun & bit)
			twice = twice_before(object, member);
		begun |= bit;
	}
	return twice;
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
	if (twice || !cJSON_IsObject(node))
		return twice;
	return count <= FEW_MEMBERS ? twice_among_few(node) : twice_among_many(arena, node, count);
}

/* --- parsing */
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

static enum status twice_error(struct text name, struct error *error)
{
	uint32_t shown = name.length < LONGEST_SHOWN ? name.length : LONGEST_SHOWN;
	while (shown < name.length && ((unsigned char)name.bytes[shown] & 0xc0) == 0x80) /* whole characters */
		shown--;
	return error_set(error, INVALID, "not usable JSON: an object has the name \"%.*s\" twice", (int)shown, name.bytes);
}

enum status json_parse(struct arena *arena, struct text source, const struct json **json_out, struct error *error)
{
	if (!text_trim(source).length)
		return error_set(error, INVALID, "not JSON: there is nothing in it");
	struct json_scan scan = json_scan(source);
	if (scan.fault)
		return place_error(source, scan.at, scan.fault, error);
	const char *end = source.bytes, *stop = source.bytes + source.length;
	const cJSON *root = tree_of(arena, source, &end);
	if (!root && scan.open && end + 1 >= stop) /* cJSON points at the last byte it has, not behind it */
		return place_error(source, source.length, "the document ends here, unfinished", error);
	if (!root)
		return place_error(source, (size_t)(end - source.bytes), "this cannot stand here", error);
	struct text rest = text_trim((struct text){end, (uint32_t)(stop - end)});
	if (rest.length)
		return place_error(source, (size_t)(rest.bytes - source.bytes), "something follows the document", error);
	const char *twice = name_twice(arena, root);
	if (twice)
		return twice_error(text_from(twice), error);
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

/* Nearly every number that is not whole has few digits: where n / 10^k is the double itself, and both are exact, that is its
 * shortest form. */
static bool has_few_digits(double number, struct decimal *decimal_out)
{
	static const double POWERS[] = {1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
	for (unsigned k = 0; k < sizeof(POWERS) / sizeof(*POWERS); k++) {
		double scaled = nearbyint(number * POWERS[k]);
		if (fabs(scaled) < 1e15 && scaled / POWERS[k] == number) {
			*decimal_out = (struct decimal){.mantissa = (int64_t)scaled, .scale = (uint8_t)(k + 1)};
			return true;
		}
	}
	return false;
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
	if (has_few_digits(number, decimal_out))
		return OK;
	char digits[40];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	return decimal_parse_json(text_from(digits), decimal_out);
}

uint32_t json_number_write(const struct json *json, char *buffer)
{
	double number = node_of(json)->valuedouble;
	int length = isfinite(number) ? snprintf(buffer, JSON_NUMBER_TEXT, "%.17g", number)
				      : snprintf(buffer, JSON_NUMBER_TEXT, number < 0 ? "-1e999" : "1e999");
	return (uint32_t)length;
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

struct text json_member_text(const struct json *json, const char *name)
{
	const struct json *member = json ? json_member(json, text_from(name)) : NULL;

	return member && json_kind(member) == JSON_TEXT ? json_text(member) : TEXT("");
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
