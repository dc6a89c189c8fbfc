/* Values compared, hashed and copied. What has no order says so instead of inventing one. */
#include "engine/model/value.h"

enum { SECONDS_A_DAY = 86400 };

uint32_t currency_pack(const char code[3])
{
	return (uint32_t)(unsigned char)code[0] << 16 | (uint32_t)(unsigned char)code[1] << 8 | (unsigned char)code[2];
}

void currency_unpack(uint32_t packed, char code_out[4])
{
	code_out[0] = (char)(packed >> 16);
	code_out[1] = (char)(packed >> 8);
	code_out[2] = (char)packed;
	code_out[3] = 0;
}

static bool is_number(struct value value)
{
	return value.kind == VALUE_INT || value.kind == VALUE_DECIMAL || value.kind == VALUE_PERCENT;
}

/* Seconds and days are lengths of time; months and working time are not, without a calendar. */
static bool is_exact(struct value duration)
{
	return duration.unit == UNIT_SECOND || duration.unit == UNIT_DAY;
}

/* Wide, because nobody has said how many days there may be. */
static __int128 exact_seconds(struct value duration)
{
	return duration.unit == UNIT_DAY ? (__int128)duration.integer * SECONDS_A_DAY : duration.integer;
}

static bool items_equal(struct value a, struct value b)
{
	if (a.count != b.count)
		return false;
	for (uint32_t i = 0; i < a.count; i++) {
		bool both_missing = a.items[i].kind == VALUE_MISSING && b.items[i].kind == VALUE_MISSING;
		if (!both_missing && !value_equal(a.items[i], b.items[i]))
			return false;
	}
	return true;
}

bool value_equal(struct value a, struct value b)
{
	if (is_number(a) && is_number(b)) {
		if (a.kind == VALUE_INT && b.kind == VALUE_INT)
			return a.integer == b.integer;
		return !decimal_compare(value_decimal(a), value_decimal(b));
	}
	if (a.kind != b.kind)
		return false;
	switch (a.kind) {
	case VALUE_MISSING:
		return false;
	case VALUE_MONEY:
		return a.count == b.count && !decimal_compare(value_decimal(a), value_decimal(b));
	case VALUE_TEXT:
		return text_equal(value_as_text(a), value_as_text(b));
	case VALUE_DURATION:
		if (a.unit == b.unit)
			return a.integer == b.integer;
		return is_exact(a) && is_exact(b) && exact_seconds(a) == exact_seconds(b);
	case VALUE_ENUM:
		return a.count == b.count;
	case VALUE_REF:
		return id_equal(a.id, b.id);
	case VALUE_LIST:
	case VALUE_RECORD:
		return items_equal(a, b);
	case VALUE_RANGE:
		return value_equal(a.items[0], b.items[0]) && value_equal(a.items[1], b.items[1]);
	case VALUE_DATA:
		return a.json == b.json;
	default:
		return a.integer == b.integer;
	}
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static enum status compare_durations(struct value a, struct value b, int *order_out)
{
	if (a.unit == b.unit)
		*order_out = order(a.integer, b.integer);
	else if (is_exact(a) && is_exact(b))
		*order_out = (exact_seconds(a) > exact_seconds(b)) - (exact_seconds(a) < exact_seconds(b));
	else
		return INVALID;
	return OK;
}

enum status value_compare(struct value a, struct value b, int *order_out)
{
	if (is_number(a) && is_number(b)) {
		*order_out = a.kind == VALUE_INT && b.kind == VALUE_INT ? order(a.integer, b.integer)
									: decimal_compare(value_decimal(a), value_decimal(b));
		return OK;
	}
	if (a.kind != b.kind)
		return INVALID;
	switch (a.kind) {
	case VALUE_MONEY:
		if (a.count != b.count)
			return INVALID;
		*order_out = decimal_compare(value_decimal(a), value_decimal(b));
		return OK;
	case VALUE_TEXT:
		*order_out = order(text_compare(value_as_text(a), value_as_text(b)), 0);
		return OK;
	case VALUE_DURATION:
		return compare_durations(a, b, order_out);
	case VALUE_ENUM:
		*order_out = order(a.count, b.count);
		return OK;
	case VALUE_BOOL:
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_TIME_OF_DAY:
		*order_out = order(a.integer, b.integer);
		return OK;
	default:
		return INVALID;
	}
}

static uint64_t mix(uint64_t hash, uint64_t more)
{
	hash = (hash ^ more) * 0xff51afd7ed558ccdu;
	return hash ^ (hash >> 32);
}

uint64_t value_hash(struct value value)
{
	uint64_t hash = value.kind * 0x9e3779b97f4a7c15u;
	if (is_number(value))
		return decimal_hash(value_decimal(value));
	switch (value.kind) {
	case VALUE_MISSING:
		return hash;
	case VALUE_MONEY:
		return mix(decimal_hash(value_decimal(value)), value.count);
	case VALUE_TEXT:
		return text_hash(value_as_text(value));
	case VALUE_DURATION:
		return is_exact(value) ? mix(hash, (uint64_t)exact_seconds(value))
				       : mix(mix(hash, value.unit), (uint64_t)value.integer);
	case VALUE_ENUM:
		return mix(hash, value.count);
	case VALUE_REF:
		return mix(mix(hash, value.id.high), value.id.low);
	case VALUE_LIST:
	case VALUE_RECORD:
		for (uint32_t i = 0; i < value.count; i++)
			hash = mix(hash, value_hash(value.items[i]));
		return hash;
	case VALUE_RANGE:
		return mix(value_hash(value.items[0]), value_hash(value.items[1]));
	default:
		return mix(hash, (uint64_t)value.integer);
	}
}

static const struct value *copy_items(struct arena *arena, const struct value *items, uint32_t count)
{
	struct value *copy = arena_alloc_raw(arena, sizeof(*copy) * count, 16);
	for (uint32_t i = 0; i < count; i++)
		copy[i] = value_copy(arena, items[i]);
	return copy;
}

struct value value_copy(struct arena *arena, struct value value)
{
	switch (value.kind) {
	case VALUE_MISSING:
	case VALUE_TEXT:
		if (value.count)
			value.text = arena_string(arena, value.text, value.count);
		return value;
	case VALUE_LIST:
	case VALUE_RECORD:
		value.items = copy_items(arena, value.items, value.count);
		return value;
	case VALUE_RANGE:
		value.items = copy_items(arena, value.items, 2);
		return value;
	default:
		return value;
	}
}
