/* The library `table` of scripts, and the order in which pairs walks: numbers, texts, false and true, then dates and the like.
 * Must never let a length that is only claimed (`__len`) drive a loop, nor an order depend on addresses. */
#include "engine/script/lua_room.h"

#include <lualib.h>
#include <stdlib.h>

/* --- keys in order */
enum key_rank { KEY_NUMBER, KEY_TEXT, KEY_TRUTH, KEY_BOX };

struct key {
	uint8_t rank; /* enum key_rank */
	bool is_integer;
	uint32_t place; /* in the list of keys */
	union {
		lua_Integer integer; /* also the truth */
		lua_Number number;
		struct text text;
		struct value box;
	};
};

static struct key key_read(lua_State *lua, int index)
{
	struct key key = {.rank = KEY_NUMBER};
	size_t length;
	switch (lua_type(lua, index)) {
	case LUA_TNUMBER:
		key.is_integer = lua_isinteger(lua, index);
		if (key.is_integer)
			key.integer = lua_tointeger(lua, index);
		else
			key.number = lua_tonumber(lua, index);
		return key;
	case LUA_TSTRING:
		key.rank = KEY_TEXT;
		key.text.bytes = lua_tolstring(lua, index, &length);
		key.text.length = (uint32_t)length;
		return key;
	case LUA_TBOOLEAN:
		key.rank = KEY_TRUTH;
		key.integer = lua_toboolean(lua, index);
		return key;
	}
	const struct value *box = exact_at(lua, index);
	if (!box)
		luaL_error(lua, "a %s as a key has no place in an order; use a text or a number", luaL_typename(lua, index));
	key.rank = KEY_BOX;
	key.box = *box;
	return key;
}

static int boxes_compare(struct value a, struct value b)
{
	int order;
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if (a.kind == VALUE_REF)
		return a.id.high != b.id.high ? (a.id.high < b.id.high ? -1 : 1)
					      : (a.id.low > b.id.low) - (a.id.low < b.id.low);
	if (a.kind == VALUE_DURATION && a.unit != b.unit)
		return a.unit < b.unit ? -1 : 1;
	if (a.kind == VALUE_MONEY && a.count != b.count)
		return a.count < b.count ? -1 : 1;
	return value_compare(a, b, &order) == OK ? order : 0;
}

static int numbers_compare(const struct key *a, const struct key *b)
{
	if (a->is_integer && b->is_integer)
		return (a->integer > b->integer) - (a->integer < b->integer);
	lua_Number left = a->is_integer ? (lua_Number)a->integer : a->number;
	lua_Number right = b->is_integer ? (lua_Number)b->integer : b->number;
	return (left > right) - (left < right);
}

static int keys_compare(const struct key *a, const struct key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	switch (a->rank) {
	case KEY_NUMBER:
		return numbers_compare(a, b);
	case KEY_TEXT:
		return text_compare(a->text, b->text);
	case KEY_TRUTH:
		return (a->integer > b->integer) - (a->integer < b->integer);
	default:
		return boxes_compare(a->box, b->box);
	}
}

static int keys_sort(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order = keys_compare(a, b);
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Walking a table that was large once takes as long as when it was. */
static void spend_walk(lua_State *lua)
{
	host_spend(lua, 1 + host_of(lua)->used / 1024);
}

static uint32_t logarithm(uint64_t count)
{
	return count > 1 ? (uint32_t)(64 - __builtin_clzll(count - 1)) : 1;
}

/* Upvalues: the keys in order, or the length of a plain list; how many were visited. */
static int pairs_step(lua_State *lua)
{
	lua_Integer place = lua_tointeger(lua, lua_upvalueindex(2));
	bool list = lua_isinteger(lua, lua_upvalueindex(1));
	for (;;) {
		place++;
		if (list && place > lua_tointeger(lua, lua_upvalueindex(1)))
			lua_pushnil(lua);
		else if (list)
			lua_pushinteger(lua, place);
		else
			lua_rawgeti(lua, lua_upvalueindex(1), place);
		if (lua_isnil(lua, -1))
			return 1;
		lua_pushvalue(lua, -1);
		if (lua_rawget(lua, 1) != LUA_TNIL)
			break;
		lua_pop(lua, 2); /* taken out meanwhile */
		host_spend(lua, 1);
	}
	lua_pushinteger(lua, place);
	lua_replace(lua, lua_upvalueindex(2));
	return 2;
}

/* Whether the keys of the table at 1 are 1, 2, … up to its length; *count_out is how many there are. */
static bool is_list(lua_State *lua, lua_Integer *count_out)
{
	lua_Integer length = (lua_Integer)lua_rawlen(lua, 1), inside = 0;
	*count_out = 0;
	for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
		++*count_out;
		inside += lua_isinteger(lua, -2) && lua_tointeger(lua, -2) >= 1 && lua_tointeger(lua, -2) <= length;
	}
	return inside == length && *count_out == length;
}

/* Puts a list of the keys of the table at 1 on the stack, in order. */
static void keys_push(lua_State *lua, lua_Integer count)
{
	host_spend(lua, (uint64_t)count * logarithm((uint64_t)count));
	struct key *keys = lua_newuserdatauv(lua, (size_t)(count ? count : 1) * sizeof(*keys), 0); /* 2 */
	lua_createtable(lua, (int)count, 0);                                                       /* 3: as they come */
	lua_Integer found = 0;
	for (lua_pushnil(lua); lua_next(lua, 1); found++) {
		lua_pop(lua, 1);
		keys[found] = key_read(lua, -1);
		keys[found].place = (uint32_t)found + 1;
		lua_pushvalue(lua, -1);
		lua_rawseti(lua, 3, found + 1);
	}
	qsort(keys, (size_t)count, sizeof(*keys), keys_sort);
	lua_createtable(lua, (int)count, 0);
	for (lua_Integer i = 0; i < count; i++) {
		lua_rawgeti(lua, 3, keys[i].place);
		lua_rawseti(lua, -2, i + 1);
	}
}

int table_pairs(lua_State *lua)
{
	lua_Integer count;
	luaL_checktype(lua, 1, LUA_TTABLE);
	lua_settop(lua, 1);
	spend_walk(lua);
	if (is_list(lua, &count))
		lua_pushinteger(lua, count);
	else
		keys_push(lua, count);
	host_spend(lua, (uint64_t)count);
	lua_pushinteger(lua, 0);
	lua_pushcclosure(lua, pairs_step, 2);
	lua_pushvalue(lua, 1);
	lua_pushnil(lua);
	return 3;
}

/* The least key behind the given one; nil asks for the first. */
int table_next(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	lua_settop(lua, 2);
	spend_walk(lua);
	bool from_start = lua_isnil(lua, 2), found = false;
	struct key after = {0}, best = {0};
	if (!from_start)
		after = key_read(lua, 2);
	lua_pushnil(lua); /* 3: the best so far */
	for (lua_pushnil(lua); lua_next(lua, 1);) {
		lua_pop(lua, 1);
		host_spend(lua, 1);
		struct key key = key_read(lua, -1);
		if ((!from_start && keys_compare(&key, &after) <= 0) || (found && keys_compare(&key, &best) >= 0))
			continue;
		best = key;
		found = true;
		lua_copy(lua, -1, 3);
	}
	lua_settop(lua, 3);
	if (!found)
		return 1;
	lua_pushvalue(lua, 3);
	lua_rawget(lua, 1);
	return 2;
}

/* --- lists */
static lua_Integer list_length(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	if (luaL_getmetafield(lua, 1, "__len") != LUA_TNIL)
		luaL_error(lua, "a table with `__len` is no list");
	return (lua_Integer)lua_rawlen(lua, 1);
}

static void spend_range(lua_State *lua, lua_Integer from, lua_Integer until)
{
	if (until >= from)
		host_spend(lua, (uint64_t)until - (uint64_t)from + 1);
}

static int list_insert(lua_State *lua)
{
	lua_Integer length = list_length(lua);
	if (lua_gettop(lua) == 3)
		spend_range(lua, luaL_checkinteger(lua, 2), length);
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int list_remove(lua_State *lua)
{
	lua_Integer length = list_length(lua);
	spend_range(lua, luaL_optinteger(lua, 2, length), length);
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int list_concat(lua_State *lua)
{
	lua_Integer length = list_length(lua);
	spend_range(lua, luaL_optinteger(lua, 3, 1), luaL_optinteger(lua, 4, length));
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int list_unpack(lua_State *lua)
{
	lua_Integer length = list_length(lua);
	spend_range(lua, luaL_optinteger(lua, 2, 1), luaL_optinteger(lua, 3, length));
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static int list_move(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	spend_range(lua, luaL_checkinteger(lua, 2), luaL_checkinteger(lua, 3));
	return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* --- sort: a merge sort, so that equal items keep their order and a comparison that contradicts itself does no harm */
static bool comes_before(lua_State *lua, int left, int right)
{
	host_spend(lua, 1);
	if (lua_isnil(lua, 2))
		return lua_compare(lua, left, right, LUA_OPLT);
	lua_pushvalue(lua, 2);
	lua_pushvalue(lua, left - 1);
	lua_pushvalue(lua, right - 2);
	lua_call(lua, 2, 1);
	bool before = lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return before;
}

/* Merges [low, middle) and [middle, high) of the table at `from` into the one at `to`. */
static void merge(lua_State *lua, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high)
{
	lua_Integer left = low, right = middle;
	for (lua_Integer at = low; at < high; at++) {
		bool take_right = left == middle;
		if (!take_right && right < high) {
			lua_rawgeti(lua, from, left);
			lua_rawgeti(lua, from, right);
			take_right = comes_before(lua, -1, -2);
			lua_pop(lua, 2);
		}
		lua_rawgeti(lua, from, take_right ? right++ : left++);
		lua_rawseti(lua, to, at);
	}
}

static int list_sort(lua_State *lua)
{
	lua_Integer length = list_length(lua);
	if (!lua_isnoneornil(lua, 2))
		luaL_checktype(lua, 2, LUA_TFUNCTION);
	lua_settop(lua, 2);
	host_spend(lua, (uint64_t)length);
	lua_createtable(lua, (int)length, 0); /* 3 and 4 take turns */
	lua_createtable(lua, (int)length, 0);
	for (lua_Integer i = 1; i <= length; i++) {
		lua_rawgeti(lua, 1, i);
		lua_rawseti(lua, 3, i);
	}
	int from = 3, to = 4;
	for (lua_Integer width = 1; width < length; width *= 2) {
		for (lua_Integer low = 1; low <= length; low += 2 * width) {
			lua_Integer middle = low + width <= length ? low + width : length + 1;
			lua_Integer high = low + 2 * width <= length ? low + 2 * width : length + 1;
			merge(lua, from, to, low, middle, high);
		}
		int swap = from;
		from = to;
		to = swap;
	}
	for (lua_Integer i = 1; i <= length; i++) {
		lua_rawgeti(lua, from, i);
		lua_seti(lua, 1, i);
	}
	return 0;
}

void table_open(lua_State *lua)
{
	static const struct {
		const char *name;
		lua_CFunction function; /* NULL: Lua's own */
	} functions[] = {
		{"insert", list_insert}, {"remove", list_remove}, {"concat", list_concat}, {"unpack", list_unpack},
		{"move", list_move},     {"sort", list_sort},     {"pack", NULL},
	};
	lua_newtable(lua);
	lua_pushcfunction(lua, luaopen_table);
	lua_call(lua, 0, 1);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		lua_getfield(lua, -1, functions[i].name);
		if (functions[i].function)
			lua_pushcclosure(lua, functions[i].function, 1);
		lua_setfield(lua, -3, functions[i].name);
	}
	lua_pop(lua, 1);
}
