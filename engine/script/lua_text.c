/* The library `string` of scripts: as Lua's, but every function counts the length of its work, patterns count their steps, and
 * no address can be written. Must offer nothing whose time its arguments do not pay for. */
#include "engine/script/lua_room.h"

#include <ctype.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls Lua's own function after its texts are paid for; without changing the stack, so messages name the right function. */
int string_counted(lua_State *lua)
{
	uint64_t steps = 1;
	for (int i = 1; i <= lua_gettop(lua); i++)
		if (lua_type(lua, i) == LUA_TSTRING)
			steps += lua_rawlen(lua, i) / 16;
	host_spend(lua, steps);
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int string_rep(lua_State *lua)
{
	size_t length;
	luaL_checklstring(lua, 1, &length);
	lua_Integer count = luaL_checkinteger(lua, 2);
	if (length && count > 0 && (size_t)count > host_of(lua)->limits.memory / length)
		return host_end(lua, FATAL_MEMORY);
	if (count > 0)
		host_spend(lua, (uint64_t)count / 8); /* also of nothing: Lua loops */
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* --- patterns */
static void match_open(lua_State *lua, struct pattern_match *match, const char *source, size_t length, const char *pattern_end)
{
	struct script_host *host = host_of(lua);
	uint64_t limit = host->limits.instructions;
	*match = (struct pattern_match){.source = source,
					.source_end = source + length,
					.pattern_end = pattern_end,
					.budget = host->spent < limit ? limit - host->spent : 0};
}

static const char *match_try(lua_State *lua, struct pattern_match *match, const char *at, const char *pattern)
{
	struct script_host *host = host_of(lua);
	uint64_t before = match->budget;
	const char *end = pattern_try(match, at, pattern);
	host->spent += before - match->budget;
	if (!match->problem)
		return end;
	if (!match->problem[0])
		host_end(lua, FATAL_INSTRUCTIONS);
	luaL_error(lua, "%s", match->problem);
	return NULL;
}

static void push_capture(lua_State *lua, const struct pattern_match *match, int index, const char *start, const char *end)
{
	if (index >= match->level) {
		if (index)
			luaL_error(lua, "there is no capture %%%d in the pattern", index + 1);
		lua_pushlstring(lua, start, (size_t)(end - start));
		return;
	}
	ptrdiff_t length = match->capture[index].length;
	if (length == PATTERN_OPEN)
		luaL_error(lua, "the pattern has a `(` without its `)`");
	if (length == PATTERN_POSITION)
		lua_pushinteger(lua, match->capture[index].start - match->source + 1);
	else
		lua_pushlstring(lua, match->capture[index].start, (size_t)length);
}

/* All captures; the whole match when there are none and `start` is given. */
static int push_captures(lua_State *lua, const struct pattern_match *match, const char *start, const char *end)
{
	int count = match->level || !start ? match->level : 1;
	luaL_checkstack(lua, count, "too many captures");
	for (int i = 0; i < count; i++)
		push_capture(lua, match, i, start, end);
	return count;
}

static size_t first_position(lua_Integer wanted, size_t length)
{
	if (wanted > 0)
		return (size_t)wanted - 1;
	if (wanted == 0 || wanted < -(lua_Integer)length)
		return 0;
	return length - (size_t)-wanted;
}

static int find_plain(lua_State *lua, const char *source, size_t length, size_t from, const char *part, size_t part_length)
{
	host_spend(lua, (length - from) / 8);
	const char *found = part_length ? memmem(source + from, length - from, part, part_length) : source + from;
	if (!found)
		return lua_pushnil(lua), 1;
	lua_pushinteger(lua, found - source + 1);
	lua_pushinteger(lua, found - source + (lua_Integer)part_length);
	return 2;
}

static int find_or_match(lua_State *lua, bool find)
{
	size_t length, pattern_length;
	const char *source = luaL_checklstring(lua, 1, &length), *pattern = luaL_checklstring(lua, 2, &pattern_length);
	size_t from = first_position(luaL_optinteger(lua, 3, 1), length);
	if (from > length)
		return lua_pushnil(lua), 1;
	bool plain = lua_toboolean(lua, 4) || (!strpbrk(pattern, "^$*+?.([%-") && strlen(pattern) == pattern_length);
	if (find && plain)
		return find_plain(lua, source, length, from, pattern, pattern_length);
	struct pattern_match match;
	match_open(lua, &match, source, length, pattern + pattern_length);
	bool anchored = *pattern == '^';
	pattern += anchored;
	for (const char *at = source + from; at <= match.source_end; at++) {
		const char *end = match_try(lua, &match, at, pattern);
		if (end) {
			if (!find)
				return push_captures(lua, &match, at, end);
			lua_pushinteger(lua, at - source + 1);
			lua_pushinteger(lua, end - source);
			return push_captures(lua, &match, NULL, NULL) + 2;
		}
		if (anchored)
			break;
	}
	return lua_pushnil(lua), 1;
}

static int string_find(lua_State *lua)
{
	return find_or_match(lua, true);
}

static int string_match(lua_State *lua)
{
	return find_or_match(lua, false);
}

/* Upvalues: text, pattern, where to look next, where the last match ended (-1: none). */
static int match_next(lua_State *lua)
{
	size_t length, pattern_length;
	const char *source = lua_tolstring(lua, lua_upvalueindex(1), &length);
	const char *pattern = lua_tolstring(lua, lua_upvalueindex(2), &pattern_length);
	const char *last = source + lua_tointeger(lua, lua_upvalueindex(4));
	struct pattern_match match;
	match_open(lua, &match, source, length, pattern + pattern_length);
	for (const char *at = source + lua_tointeger(lua, lua_upvalueindex(3)); at <= match.source_end; at++) {
		const char *end = match_try(lua, &match, at, pattern);
		if (!end || end == last)
			continue;
		lua_pushinteger(lua, end - source);
		lua_copy(lua, -1, lua_upvalueindex(3));
		lua_replace(lua, lua_upvalueindex(4));
		return push_captures(lua, &match, at, end);
	}
	return 0;
}

static int string_gmatch(lua_State *lua)
{
	luaL_checkstring(lua, 1);
	luaL_checkstring(lua, 2);
	lua_settop(lua, 2);
	lua_pushinteger(lua, 0);
	lua_pushinteger(lua, -1);
	lua_pushcclosure(lua, match_next, 4);
	return 1;
}

static void add_template(lua_State *lua, luaL_Buffer *buffer, const struct pattern_match *match, const char *start,
			 const char *end)
{
	size_t length;
	const char *template = lua_tolstring(lua, 3, &length);
	host_spend(lua, length / 8);
	for (size_t i = 0; i < length; i++) {
		if (template[i] != '%') {
			luaL_addchar(buffer, template[i]);
		} else if (++i < length && template[i] == '%') {
			luaL_addchar(buffer, '%');
		} else if (i < length && template[i] == '0') {
			luaL_addlstring(buffer, start, (size_t)(end - start));
		} else if (i < length && isdigit((unsigned char)template[i])) {
			push_capture(lua, match, template[i] - '1', start, end);
			luaL_tolstring(lua, -1, NULL);
			lua_remove(lua, -2);
			luaL_addvalue(buffer);
		} else {
			luaL_error(lua, "a `%%` in the replacement must stand before a digit or another `%%`");
		}
	}
}

/* What replaces the match; true when it differs from it. */
static bool add_replacement(lua_State *lua, luaL_Buffer *buffer, const struct pattern_match *match, const char *start,
			    const char *end)
{
	int kind = lua_type(lua, 3);
	if (kind == LUA_TSTRING || kind == LUA_TNUMBER)
		return add_template(lua, buffer, match, start, end), true;
	if (kind == LUA_TFUNCTION) {
		lua_pushvalue(lua, 3);
		lua_call(lua, push_captures(lua, match, start, end), 1);
	} else {
		push_capture(lua, match, 0, start, end);
		lua_gettable(lua, 3);
	}
	if (!lua_toboolean(lua, -1)) {
		lua_pop(lua, 1);
		luaL_addlstring(buffer, start, (size_t)(end - start));
		return false;
	}
	if (!lua_isstring(lua, -1))
		luaL_error(lua, "the replacement is a %s and not a text", luaL_typename(lua, -1));
	luaL_addvalue(buffer);
	return true;
}

static int string_gsub(lua_State *lua)
{
	size_t length, pattern_length;
	const char *source = luaL_checklstring(lua, 1, &length), *pattern = luaL_checklstring(lua, 2, &pattern_length);
	int kind = lua_type(lua, 3);
	if (kind == LUA_TNUMBER)
		lua_tostring(lua, 3);
	luaL_argexpected(lua, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
			 "text, function or table");
	lua_Integer most = luaL_optinteger(lua, 4, (lua_Integer)length + 1), count = 0;
	lua_settop(lua, 3);
	struct pattern_match match;
	match_open(lua, &match, source, length, pattern + pattern_length);
	bool anchored = *pattern == '^';
	pattern += anchored;
	luaL_Buffer buffer;
	luaL_buffinit(lua, &buffer);
	const char *at = source, *last = NULL;
	while (count < most) {
		const char *end = match_try(lua, &match, at, pattern);
		if (end && end != last) {
			count++;
			add_replacement(lua, &buffer, &match, at, end);
			uint64_t limit = host_of(lua)->limits.instructions, spent = host_of(lua)->spent;
			match.budget = spent < limit ? limit - spent : 0; /* a function may have spent as well */
			at = last = end;
		} else if (at < match.source_end) {
			luaL_addchar(&buffer, *at++);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	luaL_addlstring(&buffer, at, (size_t)(match.source_end - at));
	luaL_pushresult(&buffer);
	lua_pushinteger(lua, count);
	return 2;
}

/* --- format: conversions d i u c x X o e E f F g G a A q s and %% */
enum { SPEC_SIZE = 24, FORMATTED_SIZE = 512 };

static const char *spec_read(lua_State *lua, const char *at, const char *end, char *spec)
{
	size_t length = strspn(at, "-+ #0");
	length += strspn(at + length, "0123456789");
	if (at[length] == '.')
		length += 1 + strspn(at + length + 1, "0123456789");
	if (length >= 10 || at + length >= end)
		luaL_error(lua, "the format has a `%%` that means nothing");
	spec[0] = '%';
	memcpy(spec + 1, at, length);
	spec[length + 1] = 0;
	return at + length;
}

/* The digits behind the point that a spec like "%8.2f" asks for. */
static int spec_precision(const char *spec)
{
	const char *point = strchr(spec, '.');
	return point ? atoi(point + 1) : 6;
}

static void add_padded(luaL_Buffer *buffer, const char *spec, const char *text)
{
	bool left = strchr(spec, '-') != NULL;
	int width = atoi(spec + 1 + strspn(spec + 1, "-+ #0"));
	int blanks = width - (int)strlen(text);
	for (int i = 0; !left && i < blanks; i++)
		luaL_addchar(buffer, ' ');
	luaL_addstring(buffer, text);
	for (int i = 0; left && i < blanks; i++)
		luaL_addchar(buffer, ' ');
}

/* An exact number as "%.2f" wants it, without a detour over binary fractions. */
static bool add_exact(lua_State *lua, luaL_Buffer *buffer, int index, const char *spec)
{
	const struct value *value = exact_at(lua, index);
	if (!value || (value->kind != VALUE_DECIMAL && value->kind != VALUE_PERCENT && value->kind != VALUE_MONEY))
		return false;
	struct decimal rounded;
	char digits[DECIMAL_TEXT];
	if (decimal_round(value_decimal(*value), spec_precision(spec), ROUND_HALF_AWAY, &rounded) != OK)
		luaL_error(lua, "the number has too many digits for the format");
	decimal_write(rounded, digits);
	add_padded(buffer, spec, digits);
	return true;
}

static void add_text(lua_State *lua, luaL_Buffer *buffer, int index, const char *spec)
{
	sandbox_text(lua, index);
	size_t length;
	const char *text = lua_tolstring(lua, -1, &length);
	const char *point = strchr(spec, '.');
	if (point && (size_t)atoi(point + 1) < length)
		lua_pushlstring(lua, text, (size_t)atoi(point + 1));
	else
		lua_pushvalue(lua, -1);
	lua_remove(lua, -2);
	int width = atoi(spec + 1 + strspn(spec + 1, "-+ #0"));
	if (width > (int)lua_rawlen(lua, -1)) {
		char padded[128];
		snprintf(padded, sizeof(padded), strchr(spec, '-') ? "%-*s" : "%*s", width, lua_tostring(lua, -1));
		lua_pop(lua, 1);
		lua_pushstring(lua, padded);
	}
	luaL_addvalue(buffer);
}

static void add_conversion(lua_State *lua, luaL_Buffer *buffer, int index, char *spec, char conversion)
{
	char formatted[FORMATTED_SIZE];
	size_t length = strlen(spec);
	switch (conversion) {
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'o':
	case 'c': {
		lua_Integer integer = luaL_checkinteger(lua, index);
		snprintf(spec + length, SPEC_SIZE - length, conversion == 'c' ? "c" : "ll%c", conversion);
		int written = conversion == 'c' ? snprintf(formatted, sizeof(formatted), spec, (int)integer)
						: snprintf(formatted, sizeof(formatted), spec, (long long)integer);
		luaL_addlstring(buffer, formatted, (size_t)written); /* a character may be NUL */
		break;
	}
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		if ((conversion == 'f' || conversion == 'F') && add_exact(lua, buffer, index, spec))
			break;
		spec[length] = conversion;
		spec[length + 1] = 0;
		snprintf(formatted, sizeof(formatted), spec, luaL_checknumber(lua, index));
		luaL_addstring(buffer, formatted);
		break;
	case 's':
		add_text(lua, buffer, index, spec);
		break;
	default:
		luaL_error(lua, "the format has a `%%%c`, which means nothing here", conversion);
	}
}

static int string_format(lua_State *lua)
{
	size_t length;
	const char *at = luaL_checklstring(lua, 1, &length), *end = at + length;
	int index = 1, count = lua_gettop(lua);
	host_spend(lua, length / 4);
	luaL_Buffer buffer;
	luaL_buffinit(lua, &buffer);
	while (at < end) {
		if (*at != '%') {
			luaL_addchar(&buffer, *at++);
		} else if (at + 1 < end && at[1] == '%') {
			luaL_addchar(&buffer, '%');
			at += 2;
		} else {
			char spec[SPEC_SIZE];
			at = spec_read(lua, at + 1, end, spec);
			if (++index > count)
				return luaL_argerror(lua, index, "no value");
			add_conversion(lua, &buffer, index, spec, *at++);
		}
	}
	luaL_pushresult(&buffer);
	return 1;
}

void text_open(lua_State *lua)
{
	static const char *const counted[] = {"len", "sub", "upper", "lower", "reverse", "byte", "char"};
	static const luaL_Reg own[] = {{"find", string_find}, {"match", string_match},   {"gmatch", string_gmatch},
				       {"gsub", string_gsub}, {"format", string_format}, {NULL, NULL}};
	lua_newtable(lua);
	lua_pushcfunction(lua, luaopen_string);
	lua_call(lua, 0, 1);
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++) {
		lua_getfield(lua, -1, counted[i]);
		lua_pushcclosure(lua, string_counted, 1);
		lua_setfield(lua, -3, counted[i]);
	}
	lua_getfield(lua, -1, "rep");
	lua_pushcclosure(lua, string_rep, 1);
	lua_setfield(lua, -3, "rep");
	lua_pop(lua, 1);
	luaL_setfuncs(lua, own, 0);
}
