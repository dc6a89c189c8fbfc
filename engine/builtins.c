/* The standard functions: which one a row of builtins.def is, and those over numbers, money and lists. Pure: they know their
 * arguments, the program's zone and its calendars, and nothing else. */
#include "engine/builtins.h"
#include "engine/base/json.h"
#include "engine/model/builtins.h"
#include "engine/operators.h"
#include "engine/parts.h"

static enum status (*const FUNCTIONS[])(const struct call *) = {
#define BUILTIN(name, NAME, parameters, result, doc) builtin_##NAME,
#include "engine/model/builtins.def"
#undef BUILTIN
};

bool builtin_takes_missing(uint32_t row, uint32_t position)
{
	const char *at = BUILTINS[row].parameters, *comma;
	for (; position && (comma = strchr(at, ',')); position--)
		at = comma + 1;
	comma = strchr(at, ',');
	const char *mark = strchr(at, '?');
	return mark && (!comma || mark < comma);
}

enum status builtin_call(struct context *context, uint32_t row, const struct value *arguments, uint32_t count,
			 struct value *result_out)
{
	struct call call = {.context = context, .arguments = arguments, .count = count, .result = result_out};
	*result_out = value_missing();
	enum status status = FUNCTIONS[row](&call);
	return status == OK || context->fatal ? status : error_within(context->error, "%s()", BUILTINS[row].name);
}

static enum status too_large(const struct call *call)
{
	return error_set(call->context->error, LIMIT, "the result is too large");
}

/* --- numbers */
enum status builtin_ABS(const struct call *call)
{
	struct value value = call->arguments[0];
	if (value.kind == VALUE_INT || value.kind == VALUE_DURATION) {
		if (value.integer == INT64_MIN)
			return too_large(call);
		value.integer = value.integer < 0 ? -value.integer : value.integer;
	} else if (value.mantissa < 0) {
		value.mantissa = -value.mantissa;
	}
	return call_answer(call, value);
}

enum status builtin_ROUND(const struct call *call)
{
	struct value value = call->arguments[0];
	int64_t digits = call->arguments[1].integer;
	struct decimal rounded;
	if (digits < -DECIMAL_DIGITS || digits > DECIMAL_MAX_SCALE)
		return error_set(call->context->error, INVALID, "it rounds to %d digits at most", DECIMAL_MAX_SCALE);
	if (decimal_round(value_decimal(value), (int)digits, ROUND_HALF_AWAY, &rounded) != OK)
		return too_large(call);
	struct value result = value_number(value.kind == VALUE_MONEY ? VALUE_MONEY : VALUE_DECIMAL, rounded);
	result.count = value.kind == VALUE_MONEY ? value.count : 0;
	return call_answer(call, result);
}

static enum status whole(const struct call *call, enum rounding mode)
{
	struct decimal rounded;
	int64_t integer;
	if (decimal_round(value_decimal(call->arguments[0]), 0, mode, &rounded) != OK ||
	    decimal_to_int(rounded, &integer) != OK)
		return too_large(call);
	return call_answer(call, value_int(integer));
}

enum status builtin_FLOOR(const struct call *call)
{
	return whole(call, ROUND_FLOOR);
}

enum status builtin_CEIL(const struct call *call)
{
	return whole(call, ROUND_CEILING);
}

static enum status no_order(const struct call *call)
{
	return error_set(call->context->error, INVALID,
			 "these values have no order among each other (two currencies, or durations of different units)");
}

static enum status extreme(const struct call *call, int wanted)
{
	struct value best = call->arguments[0];
	for (uint32_t i = 1; i < call->count; i++) {
		int order;
		if (value_compare(call->arguments[i], best, &order) != OK)
			return no_order(call);
		if (order == wanted)
			best = call->arguments[i];
	}
	return call_answer(call, best);
}

enum status builtin_MIN(const struct call *call)
{
	return extreme(call, -1);
}

enum status builtin_MAX(const struct call *call)
{
	return extreme(call, 1);
}

/* A number however it came: typed, as digits, or in a document. NOT_FOUND: none. */
static enum status number_of(struct value value, struct decimal *decimal_out)
{
	enum status status = NOT_FOUND;
	if (value.kind == VALUE_TEXT)
		status = decimal_parse_json(text_trim(value_as_text(value)), decimal_out);
	else if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_NUMBER)
		status = json_decimal(value.json, decimal_out);
	else if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_TEXT)
		status = decimal_parse_json(text_trim(json_text(value.json)), decimal_out);
	else if (value.kind == VALUE_INT || value.kind == VALUE_DECIMAL || value.kind == VALUE_PERCENT) {
		*decimal_out = value_decimal(value);
		status = OK;
	}
	return status == OK ? OK : NOT_FOUND;
}

enum status builtin_INT_OF(const struct call *call)
{
	struct decimal decimal;
	int64_t integer;
	if (number_of(call->arguments[0], &decimal) != OK || decimal_to_int(decimal, &integer) != OK)
		return OK;
	return call_answer(call, value_int(integer));
}

enum status builtin_DECIMAL_OF(const struct call *call)
{
	struct decimal decimal;
	return number_of(call->arguments[0], &decimal) == OK ? call_answer(call, value_number(VALUE_DECIMAL, decimal)) : OK;
}

enum status builtin_PERCENT_OF(const struct call *call)
{
	return call_answer(call, value_number(VALUE_PERCENT, value_decimal(call->arguments[0])));
}

/* --- money */
enum status builtin_MONEY_OF(const struct call *call)
{
	struct text code = call_text(call, 1);
	struct value money = value_number(VALUE_MONEY, value_decimal(call->arguments[0]));
	bool good = code.length == 3;
	for (uint32_t i = 0; good && i < 3; i++)
		good = code.bytes[i] >= 'A' && code.bytes[i] <= 'Z';
	if (!good)
		return error_set(call->context->error, INVALID, "\"%.*s\" is no currency; they are written as \"EUR\"",
				 TEXT_ARGS(code));
	money.count = currency_pack(code.bytes);
	return call_answer(call, money);
}

enum status builtin_AMOUNT(const struct call *call)
{
	return call_answer(call, value_number(VALUE_DECIMAL, value_decimal(call->arguments[0])));
}

enum status builtin_CURRENCY(const struct call *call)
{
	char code[4];
	currency_unpack(call->arguments[0].count, code);
	return call_answer(call, value_text((struct text){arena_string(call->context->arena, code, 3), 3}));
}

/* Whole numbers of 10^-scale. */
static bool units_of(struct decimal decimal, uint8_t scale, __int128 *units_out)
{
	*units_out = decimal.mantissa;
	for (uint8_t i = decimal.scale; i < scale; i++)
		if (__builtin_mul_overflow(*units_out, (__int128)10, units_out))
			return false;
	return true;
}

struct share {
	__int128 weight, units, rest;
};

/* Each its whole part; what is left goes, one unit each, to the largest remainders, the first of equal ones. */
static bool shares_fill(struct share *shares, uint32_t count, __int128 total, __int128 weights)
{
	__int128 left = total;
	for (uint32_t i = 0; i < count; i++) {
		__int128 product;
		if (__builtin_mul_overflow(total, shares[i].weight, &product))
			return false;
		shares[i].units = product / weights;
		shares[i].rest = product % weights;
		left -= shares[i].units;
	}
	for (; left > 0; left--) {
		uint32_t largest = 0;
		for (uint32_t i = 1; i < count; i++)
			if (shares[i].rest > shares[largest].rest)
				largest = i;
		shares[largest].units++;
		shares[largest].rest = -1;
	}
	return true;
}

static bool weights_read(struct value list, struct share *shares, __int128 *sum_out)
{
	uint8_t scale = 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (list.items[i].kind != VALUE_INT && list.items[i].scale > scale)
			scale = list.items[i].scale;
	*sum_out = 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (!units_of(value_decimal(list.items[i]), scale, &shares[i].weight) || shares[i].weight < 0 ||
		    __builtin_add_overflow(*sum_out, shares[i].weight, sum_out))
			return false;
	return true;
}

enum status builtin_ALLOCATE(const struct call *call)
{
	struct value money = call->arguments[0], list = call->arguments[1];
	struct share *shares = arena_array(call->context->arena, struct share, list.count + 1);
	struct value *parts = arena_array(call->context->arena, struct value, list.count + 1);
	uint8_t scale = money.scale < 2 ? 2 : money.scale;
	__int128 total, weights;
	bool negative = money.mantissa < 0;
	if (!weights_read(list, shares, &weights) || weights <= 0)
		return error_set(call->context->error, INVALID, "the weights must be numbers from 0 on, not all of them 0");
	if (!units_of(value_decimal(money), scale, &total) ||
	    !shares_fill(shares, list.count, negative ? -total : total, weights))
		return too_large(call);
	for (uint32_t i = 0; i < list.count; i++) {
		parts[i] = money;
		parts[i].scale = scale;
		parts[i].mantissa = negative ? -shares[i].units : shares[i].units;
	}
	return call_answer(call, (struct value){.kind = VALUE_LIST, .count = list.count, .items = parts});
}

/* --- lists and enums */
enum status builtin_COUNT(const struct call *call)
{
	return call_answer(call, value_int(call->arguments[0].count));
}

enum status builtin_SUM(const struct call *call)
{
	struct value list = call->arguments[0], sum = value_missing();
	for (uint32_t i = 0; i < list.count; i++) {
		if (list.items[i].kind == VALUE_MISSING)
			continue;
		if (sum.kind == VALUE_MISSING) {
			sum = list.items[i];
			continue;
		}
		enum status status = operate(call->context, STEP_ADD, sum, list.items[i], &sum);
		if (status != OK)
			return status;
	}
	return call_answer(call, sum);
}

enum status builtin_FIRST(const struct call *call)
{
	struct value list = call->arguments[0];
	return list.count ? call_answer(call, list.items[0]) : OK;
}

enum status builtin_LAST(const struct call *call)
{
	struct value list = call->arguments[0];
	return list.count ? call_answer(call, list.items[list.count - 1]) : OK;
}

static struct value *list_room(const struct call *call)
{
	return arena_alloc_raw(call->context->arena, sizeof(struct value) * (call->arguments[0].count + 1), 16);
}

/* A merge sort: stable, so that equal values keep their places. False: two have no order. */
static bool merge_sort(struct value *items, struct value *room, uint32_t count)
{
	uint32_t half = count / 2, left = 0, right = half;
	if (count < 2)
		return true;
	if (!merge_sort(items, room, half) || !merge_sort(items + half, room, count - half))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		int order = left == half ? 1 : -1;
		if (left < half && right < count && value_compare(items[left], items[right], &order) != OK)
			return false;
		room[i] = order <= 0 ? items[left++] : items[right++];
	}
	memcpy(items, room, sizeof(*items) * count);
	return true;
}

enum status builtin_SORTED(const struct call *call)
{
	struct value list = call->arguments[0], *items = list_room(call), *room = list_room(call);
	if (list.count)
		memcpy(items, list.items, sizeof(*items) * list.count);
	if (!merge_sort(items, room, list.count))
		return no_order(call);
	list.items = items;
	return call_answer(call, list);
}

enum status builtin_DISTINCT(const struct call *call)
{
	struct value list = call->arguments[0], *items = list_room(call);
	uint32_t capacity = 8, count = 0;
	while (capacity < list.count * 2u)
		capacity *= 2;
	uint32_t *places = arena_array(call->context->arena, uint32_t, capacity); /* index in items + 1 */
	for (uint32_t i = 0; i < list.count; i++) {
		uint32_t at = (uint32_t)value_hash(list.items[i]) & (capacity - 1);
		while (places[at] && !value_equal(items[places[at] - 1], list.items[i]))
			at = (at + 1) & (capacity - 1);
		if (places[at])
			continue;
		items[count++] = list.items[i];
		places[at] = count;
	}
	return call_answer(call, (struct value){.kind = VALUE_LIST, .count = count, .items = items});
}

enum status builtin_REVERSED(const struct call *call)
{
	struct value list = call->arguments[0], *items = list_room(call);
	for (uint32_t i = 0; i < list.count; i++)
		items[i] = list.items[list.count - 1 - i];
	list.items = items;
	return call_answer(call, list);
}

enum status builtin_ORDINAL(const struct call *call)
{
	return call_answer(call, value_int(call->arguments[0].count));
}

/* --- what only the service knows */
static enum status only_received(const struct call *call)
{
	return error_set(call->context->error, INVALID, "it is about a request that arrives, and only works in `verify`");
}

enum status builtin_HEADER(const struct call *call)
{
	return only_received(call);
}

enum status builtin_HMAC_SHA256(const struct call *call)
{
	return only_received(call);
}

enum status builtin_BASIC(const struct call *call)
{
	return only_received(call);
}
