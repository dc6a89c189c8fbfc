/* Rewrites statements for one row into statements for many: `k` is the table of the parameters, its columns are named as they
 * were. Knows the few forms that sql.c and the store's own statements have, and must never guess another. */
#include "runtime/store/many.h"

#include <arpa/inet.h>
#include <endian.h>

#include "engine/base/check.h"

enum { TYPE_MOST = 4 };
static const struct {
	uint32_t id;
	const char *array;
} TYPES[TYPE_MOST] = {{OID_INT8, "bigint[]"}, {OID_TEXT, "text[]"}, {OID_BYTEA, "bytea[]"}, {OID_INT4, "int[]"}};

static const char *array_type(uint32_t id)
{
	for (int i = 0; i < TYPE_MOST; i++)
		if (TYPES[i].id == id)
			return TYPES[i].array;
	CHECK(!"a parameter has a type that arrays are not made of");
	return NULL;
}

/* `?1` becomes `k."1"`, but not within quotes. */
static void part_add(struct text_builder *sql, struct text part)
{
	char quote = 0;

	for (uint32_t i = 0; i < part.length; i++) {
		char byte = part.bytes[i];
		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (byte == '\'' || byte == '"')
			quote = byte;
		if (byte != '?' || quote) {
			builder_add_char(sql, byte);
			continue;
		}
		builder_add_string(sql, "k.\"");
		while (i + 1 < part.length && part.bytes[i + 1] >= '0' && part.bytes[i + 1] <= '9')
			builder_add_char(sql, part.bytes[++i]);
		builder_add_char(sql, '"');
	}
}

/* For reading: a function as a table, all of its rows put down first, and numbered. The planner takes it for ten rows, and
 * looks each up in an index; numbers made beside `unnest` would make it a thousand, and plans that read whole tables. */
static void keys_add(struct text_builder *sql, const uint32_t *types, uint32_t count)
{
	builder_add_string(sql, "unnest(");
	for (uint32_t i = 0; i < count; i++)
		builder_format(sql, "%s$%u::%s", i ? "," : "", i + 1, array_type(types[i]));
	builder_add_string(sql, ") WITH ORDINALITY AS k(");
	for (uint32_t i = 0; i < count; i++)
		builder_format(sql, "\"%u\",", i + 1);
	builder_add_string(sql, "o)");
}

/* For writing: PostgreSQL steps through the arrays side by side, and hands on row by row in their order. */
static void rows_add(struct text_builder *sql, const uint32_t *types, uint32_t count)
{
	builder_add_string(sql, "(SELECT ");
	for (uint32_t i = 0; i < count; i++)
		builder_format(sql, "%sunnest($%u::%s) AS \"%u\"", i ? "," : "", i + 1, array_type(types[i]), i + 1);
	builder_add_string(sql, ") k");
}

/* The first `word` outside quotes and parentheses. */
static uint32_t word_find(struct text sql, struct text word)
{
	int depth = 0;
	char quote = 0;

	for (uint32_t i = 0; i + word.length <= sql.length; i++) {
		char byte = sql.bytes[i];
		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (byte == '\'' || byte == '"')
			quote = byte;
		else if (!depth && text_equal(text_slice(sql, i, i + word.length), word))
			return i;
		else
			depth += (byte == '(') - (byte == ')');
	}
	CHECK(!"a statement that can not be run for many");
	return 0;
}

/* The parenthesis that closes the one at `open`. */
static uint32_t closed_at(struct text sql, uint32_t open)
{
	return open + 1 + word_find(text_slice(sql, open + 1, sql.length), TEXT(")"));
}

void many_sql(struct text_builder *sql, struct text one, const uint32_t *types, uint32_t count)
{
	if (text_starts(one, TEXT("SELECT "))) {
		builder_add_string(sql, "SELECT q.*,k.o FROM ");
		keys_add(sql, types, count);
		builder_add_string(sql, ",LATERAL (");
		part_add(sql, one);
		builder_add_string(sql, ") q");
		return;
	}
	if (text_starts(one, TEXT("INSERT "))) {
		uint32_t values = word_find(one, TEXT(" VALUES(")), open = values + 7, close = closed_at(one, open);
		part_add(sql, text_slice(one, 0, values));
		builder_add_string(sql, " SELECT ");
		part_add(sql, text_slice(one, open + 1, close));
		builder_add_string(sql, " FROM ");
		rows_add(sql, types, count);
		part_add(sql, text_slice(one, close + 1, one.length));
		return;
	}
	uint32_t where = word_find(one, TEXT(" WHERE "));
	part_add(sql, text_slice(one, 0, where));
	builder_add_string(sql, text_starts(one, TEXT("DELETE ")) ? " USING " : " FROM ");
	rows_add(sql, types, count);
	part_add(sql, text_slice(one, where, one.length));
}

/* --- arrays */
static void number_add(struct text_builder *bytes, uint32_t number)
{
	uint32_t wire = htonl(number);

	builder_add(bytes, (struct text){(const char *)&wire, sizeof wire});
}

static void item_add(struct text_builder *bytes, struct sql_value value, uint32_t type)
{
	uint64_t wide = htobe64((uint64_t)value.integer);
	uint32_t narrow = htonl((uint32_t)value.integer);
	struct text item = value.text;

	if (value.kind == SQL_NULL) {
		number_add(bytes, UINT32_MAX);
		return;
	}
	if (value.kind == SQL_INTEGER)
		item = type == OID_INT4 ? (struct text){(const char *)&narrow, sizeof narrow}
					: (struct text){(const char *)&wide, sizeof wide};
	number_add(bytes, item.length);
	builder_add(bytes, item);
}

void many_array(struct text_builder *bytes, const struct sql_value *values, uint32_t stride, uint32_t count, uint32_t type)
{
	bool has_null = false;

	for (uint32_t i = 0; i < count; i++)
		has_null |= values[i * stride].kind == SQL_NULL;
	number_add(bytes, 1); /* dimensions */
	number_add(bytes, has_null);
	number_add(bytes, type);
	number_add(bytes, count);
	number_add(bytes, 1); /* the first index */
	for (uint32_t i = 0; i < count; i++)
		item_add(bytes, values[i * stride], type);
}
