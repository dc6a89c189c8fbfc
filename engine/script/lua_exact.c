/* Boxes: the values of Flow that Lua lacks (decimal, percent, money, date, time, time_of_day, duration, ref) as immutable
 * userdata. Must never round behind the author's back nor mix with binary fractions. */
#include "engine/script/lua_room.h"

#include <stdio.h>

static const char BOX[] = "stellwerk.box", BOXES[] = "stellwerk.boxes";

enum { BOX_STEPS = 8 }; /* what a new one costs, in instructions */
enum exact_operation { ADD, SUBTRACT, MULTIPLY, DIVIDE };
static const char SIGNS[] = "+-*/";

const struct value *exact_at(lua_State *lua, int index)
{
	return luaL_testudata(lua, index, BOX);
}

static void box_new(lua_State *lua, struct value value)
{
	host_spend(lua, BOX_STEPS);
	struct value *box = lua_newuserdatauv(lua, sizeof(value), 0);
	*box = value;
	luaL_setmetatable(lua, BOX);
}

/* The same ref, date or time is the same key of a table. Numbers are not: 1.0 and 1.00 are equal and read differently. */
void exact_push(lua_State *lua, struct value value)
{
	if (value.kind == VALUE_DECIMAL || value.kind == VALUE_PERCENT || value.kind == VALUE_MONEY) {
		box_new(lua, value);
		return;
	}
	uint64_t seed[4] = {value.kind, value.kind == VALUE_REF ? value.entity : value.unit, 0, 0};
	if (value.kind == VALUE_REF)
		memcpy(&seed[2], &value.id, sizeof(value.id));
	else
		seed[2] = (uint64_t)value.integer;
	lua_getfield(lua, LUA_REGISTRYINDEX, BOXES);
	lua_pushlstring(lua, (const char *)seed, sizeof(seed));
	lua_pushvalue(lua, -1);
	if (lua_rawget(lua, -3) == LUA_TNIL) {
		lua_pop(lua, 1);
		box_new(lua, value);
		lua_pushvalue(lua, -2);
		lua_pushvalue(lua, -2);
		lua_rawset(lua, -5);
	}
	lua_replace(lua, -3);
	lua_pop(lua, 1);
}

size_t exact_show(lua_State *lua, struct value value, char *buffer, size_t size)
{
	(void)lua;
	struct arena arena;
	jmp_buf jump;
	arena_init(&arena, "text of a value", 0);
	buffer[0] = 0;
	if (!arena_guard(&arena, jump)) {
		struct text shown = value_show(&arena, value, NULL);
		snprintf(buffer, size, "%.*s", TEXT_ARGS(shown));
	}
	arena_release(&arena);
	return strlen(buffer);
}

/* --- arithmetic */
static bool is_number(struct value value)
{
	return value.kind == VALUE_INT || value.kind == VALUE_DECIMAL;
}

static bool is_share(struct value value)
{
	return is_number(value) || value.kind == VALUE_PERCENT;
}

/* The kind of the result of an operation on numbers, percent and money; VALUE_MISSING: it has no meaning. */
static enum value_kind number_kind(enum exact_operation operation, struct value a, struct value b)
{
	bool same_money = a.kind == VALUE_MONEY && b.kind == VALUE_MONEY && a.count == b.count;
	switch (operation) {
	case ADD:
	case SUBTRACT:
		if (is_number(a) && is_number(b))
			return VALUE_DECIMAL;
		if (same_money)
			return VALUE_MONEY;
		return a.kind == VALUE_PERCENT && b.kind == VALUE_PERCENT ? VALUE_PERCENT : VALUE_MISSING;
	case MULTIPLY:
		if (a.kind == VALUE_PERCENT && b.kind == VALUE_PERCENT)
			return VALUE_PERCENT;
		if (is_share(a) && is_share(b))
			return VALUE_DECIMAL;
		return (a.kind == VALUE_MONEY && is_share(b)) || (b.kind == VALUE_MONEY && is_share(a)) ? VALUE_MONEY
													: VALUE_MISSING;
	case DIVIDE:
		if (same_money || (is_share(a) && b.kind == VALUE_PERCENT) || (is_number(a) && is_number(b)))
			return VALUE_DECIMAL;
		if (a.kind == VALUE_PERCENT && is_number(b))
			return VALUE_PERCENT;
		return a.kind == VALUE_MONEY && is_share(b) ? VALUE_MONEY : VALUE_MISSING;
	}
	return VALUE_MISSING;
}

static enum status numbers(enum exact_operation operation, struct decimal a, struct decimal b, struct decimal *result_out)
{
	switch (operation) {
	case ADD:
		return decimal_add(a, b, result_out);
	case SUBTRACT:
		return decimal_subtract(a, b, result_out);
	case MULTIPLY:
		return decimal_multiply(a, b, result_out);
	default:
		return decimal_divide(a, b, result_out);
	}
}

static bool integers(enum exact_operation operation, int64_t a, int64_t b, int64_t *result_out)
{
	return operation == ADD ? !__builtin_add_overflow(a, b, result_out) : !__builtin_sub_overflow(a, b, result_out);
}

/* Dates and times end with the years 1 and 9999. */
static bool in_calendar(struct value value)
{
	int64_t day = value.kind == VALUE_TIME ? value.integer / 86400 : value.integer;
	return (value.kind != VALUE_TIME && value.kind != VALUE_DATE) ||
	       (day >= date_from_civil(1, 1, 1) && day <= date_from_civil(9999, 12, 31));
}

/* Date and time with durations, durations with durations and whole numbers. Returns whether it has a meaning. */
static bool times(enum exact_operation operation, struct value a, struct value b, struct value *result_out, const char **why)
{
	bool sum = operation == ADD || operation == SUBTRACT;
	if (operation == ADD && a.kind == VALUE_DURATION && b.kind != VALUE_DURATION)
		return times(operation, b, a, result_out, why);
	*result_out = a;
	if (sum && a.kind == VALUE_DURATION && b.kind == VALUE_DURATION && a.unit == b.unit)
		return integers(operation, a.integer, b.integer, &result_out->integer);
	if (operation == SUBTRACT && a.kind == b.kind && (a.kind == VALUE_TIME || a.kind == VALUE_DATE)) {
		*result_out = value_duration(0, a.kind == VALUE_TIME ? UNIT_SECOND : UNIT_DAY);
		return integers(operation, a.integer, b.integer, &result_out->integer);
	}
	if (sum && a.kind == VALUE_TIME && b.kind == VALUE_DURATION) {
		*why = "; only an exact duration can be added to a time here, days and working time need a calendar: do it in "
		       "Flow";
		return b.unit == UNIT_SECOND && integers(operation, a.integer, b.integer, &result_out->integer);
	}
	if (sum && a.kind == VALUE_DATE && b.kind == VALUE_DURATION && b.unit == UNIT_DAY)
		return integers(operation, a.integer, b.integer, &result_out->integer);
	if (sum && a.kind == VALUE_DATE && b.kind == VALUE_DURATION && b.unit == UNIT_MONTH && b.integer < 120000 &&
	    b.integer > -120000) {
		result_out->integer = date_add_months((date)a.integer, (int)(operation == ADD ? b.integer : -b.integer));
		return true;
	}
	if (operation == MULTIPLY && a.kind == VALUE_INT && b.kind == VALUE_DURATION)
		return times(operation, b, a, result_out, why);
	if (operation == MULTIPLY && a.kind == VALUE_DURATION && b.kind == VALUE_INT)
		return !__builtin_mul_overflow(a.integer, b.integer, &result_out->integer);
	if (operation == DIVIDE && a.kind == VALUE_DURATION && b.kind == VALUE_DURATION && a.unit == b.unit && b.integer) {
		struct decimal quotient;
		if (decimal_divide(decimal_from_int(a.integer), decimal_from_int(b.integer), &quotient) != OK)
			return false;
		*result_out = value_number(VALUE_DECIMAL, quotient);
		return true;
	}
	return false;
}

static struct value operand_at(lua_State *lua, int index)
{
	const struct value *box = exact_at(lua, index);
	if (box)
		return *box;
	if (lua_isinteger(lua, index))
		return value_int(lua_tointeger(lua, index));
	if (lua_type(lua, index) == LUA_TNUMBER)
		luaL_error(lua, "%f is a binary fraction and not exact; write decimal \"%f\"", lua_tonumber(lua, index),
			   lua_tonumber(lua, index));
	char what[160];
	lua_describe(lua, index, what, sizeof(what));
	luaL_error(lua, "%s cannot be computed with", what);
	return value_missing();
}

static int exact_arithmetic(lua_State *lua)
{
	enum exact_operation operation = (enum exact_operation)lua_tointeger(lua, lua_upvalueindex(1));
	struct value a = operand_at(lua, 1), b = operand_at(lua, 2), result;
	enum value_kind kind = number_kind(operation, a, b);
	const char *why = "";
	if (kind != VALUE_MISSING) {
		struct decimal number;
		enum status status = numbers(operation, value_decimal(a), value_decimal(b), &number);
		if (status == INVALID)
			return luaL_error(lua, "division by zero");
		if (status != OK)
			return luaL_error(lua, "the result has more digits than an exact number can hold");
		result = value_number(kind, number);
		if (kind == VALUE_MONEY)
			result.count = a.kind == VALUE_MONEY ? a.count : b.count;
	} else if (!times(operation, a, b, &result, &why) || !in_calendar(result)) {
		char left[160], right[160];
		exact_show(lua, a, left, sizeof(left));
		exact_show(lua, b, right, sizeof(right));
		if (a.kind == VALUE_MONEY && b.kind == VALUE_MONEY)
			why = "; currencies cannot be mixed";
		return luaL_error(lua, "%s %c %s has no meaning%s", left, SIGNS[operation], right, why);
	}
	exact_push(lua, result);
	return 1;
}

static int exact_negate(lua_State *lua)
{
	struct value value = operand_at(lua, 1);
	if (value.kind == VALUE_DURATION) {
		value.integer = (int64_t)(0 - (uint64_t)value.integer);
	} else if (is_share(value) || value.kind == VALUE_MONEY) {
		struct decimal negated = decimal_negate(value_decimal(value));
		value.mantissa = negated.mantissa;
		value.scale = negated.scale;
	} else {
		return luaL_error(lua, "only numbers, money and durations can be negative");
	}
	exact_push(lua, value);
	return 1;
}

static int exact_compare(lua_State *lua)
{
	struct value a = operand_at(lua, 1), b = operand_at(lua, 2);
	int order;
	if (value_compare(a, b, &order) != OK) {
		char left[160], right[160];
		exact_show(lua, a, left, sizeof(left));
		exact_show(lua, b, right, sizeof(right));
		return luaL_error(lua, "%s and %s cannot be compared", left, right);
	}
	lua_pushboolean(lua, lua_toboolean(lua, lua_upvalueindex(1)) ? order <= 0 : order < 0);
	return 1;
}

static int exact_equal(lua_State *lua)
{
	const struct value *a = exact_at(lua, 1), *b = exact_at(lua, 2);
	int order;
	bool equal = a && b &&
		     (value_equal(*a, *b) || (is_share(*a) && is_share(*b) && value_compare(*a, *b, &order) == OK && !order));
	lua_pushboolean(lua, equal);
	return 1;
}

static int exact_concat(lua_State *lua)
{
	sandbox_text(lua, 1);
	sandbox_text(lua, 2);
	lua_concat(lua, 2);
	return 1;
}

static int exact_tostring(lua_State *lua)
{
	sandbox_text(lua, 1);
	return 1;
}

static int exact_index(lua_State *lua)
{
	const struct value *box = exact_at(lua, 1);
	if (!box || lua_type(lua, 2) != LUA_TSTRING)
		return luaL_error(lua, "a value is asked for a field whose name is no text");
	const char *key = lua_tostring(lua, 2);
	if (box->kind == VALUE_REF)
		return reference_index(lua, *box, key);
	return part_index(lua, *box, key);
}

void exact_open(lua_State *lua)
{
	static const struct {
		const char *event;
		int argument;
		lua_CFunction function;
	} events[] = {
		{"__add", ADD, exact_arithmetic},
		{"__sub", SUBTRACT, exact_arithmetic},
		{"__mul", MULTIPLY, exact_arithmetic},
		{"__div", DIVIDE, exact_arithmetic},
		{"__unm", 0, exact_negate},
		{"__lt", 0, exact_compare},
		{"__le", 1, exact_compare},
		{"__eq", 0, exact_equal},
		{"__concat", 0, exact_concat},
		{"__tostring", 0, exact_tostring},
		{"__index", 0, exact_index},
	};
	luaL_newmetatable(lua, BOX);
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		if (events[i].function == exact_compare)
			lua_pushboolean(lua, events[i].argument);
		else
			lua_pushinteger(lua, events[i].argument);
		lua_pushcclosure(lua, events[i].function, 1);
		lua_setfield(lua, -2, events[i].event);
	}
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_pop(lua, 1);
	lua_newtable(lua);
	lua_createtable(lua, 0, 1);
	lua_pushliteral(lua, "v");
	lua_setfield(lua, -2, "__mode");
	lua_setmetatable(lua, -2);
	lua_setfield(lua, LUA_REGISTRYINDEX, BOXES);
	parts_open(lua);
}
