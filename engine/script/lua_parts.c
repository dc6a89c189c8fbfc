/* What boxes are made of: constructors (`money("15.50", "EUR")`), parts (`m.currency`) and methods (`d:round(2)`). Must know
 * no clock: a zone is always named by the script. */
#include "engine/model/duration.h"
#include "engine/script/lua_room.h"

#include <stdio.h>

static const char METHODS[] = "stellwerk.methods";

static struct text text_at(lua_State *lua, int index)
{
	size_t length;
	const char *bytes = luaL_checklstring(lua, index, &length);
	return (struct text){bytes, (uint32_t)length};
}

static struct decimal number_at(lua_State *lua, int index)
{
	struct decimal number = {0};
	const struct value *box = exact_at(lua, index);
	if (lua_isinteger(lua, index))
		return decimal_from_int(lua_tointeger(lua, index));
	if (box && (box->kind == VALUE_DECIMAL || box->kind == VALUE_PERCENT || box->kind == VALUE_MONEY))
		return value_decimal(*box);
	char what[160];
	lua_describe(lua, index, what, sizeof(what));
	if (lua_type(lua, index) == LUA_TNUMBER)
		luaL_error(lua, "%s is a binary fraction and not exact; write it as a text: decimal \"0.5\"", what);
	if (lua_type(lua, index) != LUA_TSTRING || decimal_parse(text_at(lua, index), &number) != OK)
		luaL_error(lua, "%s is no decimal number such as \"12.50\"", what);
	return number;
}

static const struct zone *zone_at(lua_State *lua, int index)
{
	const struct zone *zone;
	struct text name = text_at(lua, index);
	if (zone_find(name, &zone) != OK)
		luaL_error(lua, "there is no time zone `%s`; zones are named such as \"Europe/Berlin\"", name.bytes);
	return zone;
}

/* --- constructors */
static int make_decimal(lua_State *lua)
{
	exact_push(lua, value_number(VALUE_DECIMAL, number_at(lua, 1)));
	return 1;
}

static int make_percent(lua_State *lua)
{
	static const struct decimal hundredth = {.mantissa = 1, .scale = 2};
	struct decimal factor;
	if (decimal_multiply(number_at(lua, 1), hundredth, &factor) != OK)
		return luaL_error(lua, "the number has too many digits");
	exact_push(lua, value_number(VALUE_PERCENT, factor));
	return 1;
}

static int make_money(lua_State *lua)
{
	struct value money = value_number(VALUE_MONEY, number_at(lua, 1));
	struct text code = text_at(lua, 2);
	if (code.length != 3 || strspn(code.bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return luaL_error(lua, "`%s` is no currency such as \"EUR\"", code.bytes);
	money.count = currency_pack(code.bytes);
	exact_push(lua, money);
	return 1;
}

static int make_date(lua_State *lua)
{
	date day = 0;
	if (lua_gettop(lua) >= 3) {
		lua_Integer year = luaL_checkinteger(lua, 1), month = luaL_checkinteger(lua, 2),
			    monthday = luaL_checkinteger(lua, 3);
		if (year < 1 || year > 9999 || month < 1 || month > 12 || monthday < 1 ||
		    !date_is_valid((int)year, (int)month, (int)(monthday > 31 ? 32 : monthday)))
			return luaL_error(lua, "there is no such date: %I-%I-%I", (LUAI_UACINT)year, (LUAI_UACINT)month,
					  (LUAI_UACINT)monthday);
		day = date_from_civil((int)year, (int)month, (int)monthday);
	} else if (date_parse(text_at(lua, 1), &day) != OK) {
		return luaL_error(lua, "`%s` is no date such as \"2026-03-27\"", lua_tostring(lua, 1));
	}
	exact_push(lua, (struct value){.kind = VALUE_DATE, .integer = day});
	return 1;
}

static int make_time(lua_State *lua)
{
	moment at;
	const struct zone *zone = lua_isnoneornil(lua, 2) ? NULL : zone_at(lua, 2);
	const struct value *box = exact_at(lua, 1);
	if (box && box->kind == VALUE_DATE && zone)
		at = moment_from_local(zone, (date)box->integer,
				       lua_isnoneornil(lua, 3) ? 0 : (clock_time)luaL_checkinteger(lua, 3));
	else if (moment_parse(text_at(lua, 1), zone, &at) != OK)
		return luaL_error(lua, "`%s` is no time such as \"2026-03-27T16:45:00+01:00\"", lua_tostring(lua, 1));
	exact_push(lua, value_time(at));
	return 1;
}

static int make_time_of_day(lua_State *lua)
{
	clock_time time;
	if (clock_time_parse(text_at(lua, 1), &time) != OK)
		return luaL_error(lua, "`%s` is no time of day such as \"08:30\"", lua_tostring(lua, 1));
	exact_push(lua, (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time});
	return 1;
}

static int make_duration(lua_State *lua)
{
	lua_Integer amount = luaL_checkinteger(lua, 1);
	struct text unit = text_at(lua, 2);
	for (uint32_t i = 0; i < DURATION_WORD_COUNT; i++) {
		int64_t total;
		if (!text_is(unit, DURATION_WORDS[i].word))
			continue;
		if (__builtin_mul_overflow((int64_t)amount, DURATION_WORDS[i].factor, &total))
			return luaL_error(lua, "the duration is too long");
		exact_push(lua, value_duration(total, DURATION_WORDS[i].unit));
		return 1;
	}
	return luaL_error(lua, "`%s` is no unit; units are s, min, h, days, weeks, months, years, workmin, workhours, workdays",
			  unit.bytes);
}

/* --- methods */
static struct value number_self(lua_State *lua)
{
	const struct value *box = exact_at(lua, 1);
	if (!box || (box->kind != VALUE_DECIMAL && box->kind != VALUE_PERCENT && box->kind != VALUE_MONEY))
		luaL_error(lua, "only a decimal, percent or money can do that; call it with a colon: d:round(2)");
	return *box;
}

static struct value time_self(lua_State *lua)
{
	const struct value *box = exact_at(lua, 1);
	if (!box || box->kind != VALUE_TIME)
		luaL_error(lua, "only a time can do that; call it with a colon: t:date(\"Europe/Berlin\")");
	return *box;
}

static int method_round(lua_State *lua)
{
	static const char *const modes[] = {"half_away", "half_even", "down", "up", "floor", "ceiling", NULL};
	struct value value = number_self(lua);
	lua_Integer digits = luaL_optinteger(lua, 2, 0);
	enum rounding mode = (enum rounding)luaL_checkoption(lua, 3, "half_away", modes);
	struct decimal rounded;
	if (digits < -DECIMAL_DIGITS || digits > DECIMAL_MAX_SCALE ||
	    decimal_round(value_decimal(value), (int)digits, mode, &rounded) != OK)
		return luaL_error(lua, "it cannot be rounded to %I digits", (LUAI_UACINT)digits);
	value.mantissa = rounded.mantissa;
	value.scale = rounded.scale;
	exact_push(lua, value);
	return 1;
}

static int method_to_int(lua_State *lua)
{
	int64_t integer;
	if (decimal_to_int(value_decimal(number_self(lua)), &integer) != OK)
		return luaL_error(lua, "it is no whole number; round it first");
	lua_pushinteger(lua, integer);
	return 1;
}

/* Lua's == is false between a box and a number, whatever they are worth. */
static int method_equals(lua_State *lua)
{
	lua_pushboolean(lua, !decimal_compare(value_decimal(number_self(lua)), number_at(lua, 2)));
	return 1;
}

static int method_date(lua_State *lua)
{
	date day;
	clock_time time;
	moment_to_local(zone_at(lua, 2), time_self(lua).integer, &day, &time);
	exact_push(lua, (struct value){.kind = VALUE_DATE, .integer = day});
	return 1;
}

static int method_time_of_day(lua_State *lua)
{
	date day;
	clock_time time;
	moment_to_local(zone_at(lua, 2), time_self(lua).integer, &day, &time);
	exact_push(lua, (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time});
	return 1;
}

static int method_write(lua_State *lua)
{
	char buffer[256];
	uint32_t length;
	if (moment_write_picture(time_self(lua).integer, zone_at(lua, 3), text_at(lua, 2), buffer, sizeof(buffer), &length) !=
	    OK)
		return luaL_error(lua, "the picture is too long");
	lua_pushlstring(lua, buffer, length);
	return 1;
}

/* --- parts */
static bool date_part(lua_State *lua, date day, struct text key)
{
	int year, month, monthday;
	date_to_civil(day, &year, &month, &monthday);
	if (text_is(key, "year"))
		lua_pushinteger(lua, year);
	else if (text_is(key, "month"))
		lua_pushinteger(lua, month);
	else if (text_is(key, "day"))
		lua_pushinteger(lua, monthday);
	else if (text_is(key, "weekday"))
		lua_pushinteger(lua, date_weekday(day));
	else
		return false;
	return true;
}

static const char *unit_name(enum duration_unit unit)
{
	static const char *const names[] = {
		[UNIT_SECOND] = "s",           [UNIT_DAY] = "days",          [UNIT_MONTH] = "months",
		[UNIT_WORK_SECOND] = "work_s", [UNIT_WORK_DAY] = "workdays", [UNIT_END_OF_WORK_DAY] = "end_of_workday"};
	return names[unit];
}

static bool own_part(lua_State *lua, struct value value, struct text key)
{
	char code[4];
	switch ((enum value_kind)value.kind) {
	case VALUE_MONEY:
		if (text_is(key, "currency")) {
			currency_unpack(value.count, code);
			return lua_pushstring(lua, code), true;
		}
		if (text_is(key, "amount"))
			return exact_push(lua, value_number(VALUE_DECIMAL, value_decimal(value))), true;
		return false;
	case VALUE_PERCENT:
		if (text_is(key, "factor"))
			return exact_push(lua, value_number(VALUE_DECIMAL, value_decimal(value))), true;
		return false;
	case VALUE_DATE:
		return date_part(lua, (date)value.integer, key);
	case VALUE_TIME:
	case VALUE_TIME_OF_DAY:
		return text_is(key, "seconds") ? lua_pushinteger(lua, value.integer), true : false;
	case VALUE_DURATION:
		if (text_is(key, "unit"))
			return lua_pushstring(lua, unit_name((enum duration_unit)value.unit)), true;
		return text_is(key, "amount") ? lua_pushinteger(lua, value.integer), true : false;
	default:
		return false;
	}
}

int part_index(lua_State *lua, struct value value, const char *key)
{
	if (own_part(lua, value, text_from(key)))
		return 1;
	lua_getfield(lua, LUA_REGISTRYINDEX, METHODS);
	if (lua_getfield(lua, -1, key) != LUA_TNIL)
		return 1;
	char shown[160];
	exact_show(lua, value, shown, sizeof(shown));
	return luaL_error(lua, "%s has no part `%s`", shown, key);
}

void parts_open(lua_State *lua)
{
	static const luaL_Reg makers[] = {
		{"decimal", make_decimal}, {"percent", make_percent},         {"money", make_money},       {"date", make_date},
		{"time", make_time},       {"time_of_day", make_time_of_day}, {"duration", make_duration}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"round", method_round},
					   {"to_int", method_to_int},
					   {"equals", method_equals},
					   {"date", method_date},
					   {"time_of_day", method_time_of_day},
					   {"write", method_write},
					   {NULL, NULL}};
	luaL_setfuncs(lua, makers, 0);
	luaL_newlib(lua, methods);
	lua_setfield(lua, LUA_REGISTRYINDEX, METHODS);
}
