/* Scripts that want out, on, or deeper: each ends with a sentence, in bounded time and memory, and the next call is as if
 * nothing had been. */
#include "tests/unit/script/script_fixture.h"

#include <time.h>

#define ENDLESS "does not come to an end"
#define MEMORY "of memory"
#define DEEP "nested more than"

static void limits(void **state)
{
	static const struct {
		const char *body;
		enum status status;
		const char *part;
	} cases[] = {
		{"while true do end", LIMIT, "packs/test/tickets/pick.lua:2: the script does not come to an end"},
		{"while true do pcall(function() while true do end end) end", LIMIT, ENDLESS},
		{"while true do pcall(error, {}) end", LIMIT, ENDLESS},
		{"local function f() pcall(f) end while true do pcall(f) end", LIMIT, DEEP},
		{"local function f() return f() end f()", LIMIT, ENDLESS},
		{"local function f() return 1 + f() end f()", LIMIT, DEEP},
		{"local function f() local ok = pcall(f) return ok end while true do f() end", LIMIT, DEEP},
		{"local t = setmetatable({}, {}) for i = 1, 1e9 do t[i] = i end", LIMIT, MEMORY},
		{"local t = {} for i = 1, 100 do t[i] = ('x'):rep(200000 + i) end", LIMIT, MEMORY},
		{"return string.rep('a', 1000000000)", LIMIT, MEMORY},
		{"return string.rep('', 1000000000000)", LIMIT, ENDLESS},
		{"local s = 'x' while true do s = s .. s end", LIMIT, MEMORY},
		{"while true do pcall(string.rep, 'a', 1000000000) end", LIMIT, MEMORY},
		{"local s = ('a'):rep(100000) .. 'b' while true do local t = s .. 'x' end", LIMIT, ENDLESS},
		{"return string.find(('a'):rep(5000), ('a*'):rep(12) .. 'b')", LIMIT, ENDLESS},
		{"return string.match(('a'):rep(200000), '.-.-.-.-b')", LIMIT, ENDLESS},
		{"return string.gsub(('a'):rep(20000), '(.-)(.-)(.-)b', '')", LIMIT, ENDLESS},
		{"for _ in string.gmatch(('('):rep(200000), '%b()') do end", LIMIT, ENDLESS},
		{"table.concat({}, '', 1, 1 << 60)", LIMIT, ENDLESS},
		{"table.unpack({}, 1, 1 << 60)", LIMIT, ENDLESS},
		{"table.move({}, 1, math.maxinteger - 1, 2)", LIMIT, ENDLESS},
		{"table.remove(setmetatable({}, {__len = function() return 1 << 60 end}))", INVALID, "is no list"},
		{"local t = {} t[1] = 1 while true do table.insert(t, 1, 1) end", LIMIT, ENDLESS},
		{"local t = {} for i = 1, 3000 do t[i] = i % 7 end while true do table.sort(t) end", LIMIT, ENDLESS},
		{"table.sort({3, 1, 2, 5, 4}, function() return true end) table.sort({1, 2, 3}, function() while true do end "
		 "end)",
		 LIMIT, ENDLESS},
		{"while true do for _ in pairs({}) do end end", LIMIT, ENDLESS},
		{"local t = {} for i = 1, 50000 do t[i] = i end while true do next(t) end", LIMIT, ENDLESS},
		{"local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]", LIMIT, DEEP},
		{"local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) return tostring(t)", LIMIT,
		 DEEP},
		{"local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x", INVALID,
		 "loop"},
		{"local function f(...) return select('#', ...) end local t = {} for i = 1, 5000 do t[i] = i end return "
		 "f(table.unpack(t))",
		 INVALID, "more than 1000 arguments"},
		{"local function g(n, ...) if n == 0 then return 0 end return g(n - 1, n, ...) end return g(5000)", INVALID,
		 "more than 1000 arguments"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		clock_t begin = clock();
		expect_failure(*state, cases[i].body, cases[i].status, cases[i].part);
		if ((double)(clock() - begin) / CLOCKS_PER_SEC > 5)
			fail_msg("it took too long: %s", cases[i].body);
		expect_text(*state, "1 + 1", "2");
	}
}

static void nothing_reaches_out(void **state)
{
	static const char *const absent[] = {
		"io",       "os",          "debug",       "load",        "loadstring",      "loadfile",       "dofile",
		"require",  "package",     "print",       "xpcall",      "coroutine",       "collectgarbage", "_G",
		"warn",     "string.dump", "string.pack", "math.random", "math.randomseed", "math.sin",       "setfenv",
		"newproxy",
	};
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		expect_text(*state, absent[i], "nil");
}

static void nothing_is_changed(void **state)
{
	static const struct {
		const char *body, *part;
	} cases[] = {
		{"string = nil", "`string` is no local variable"},
		{"x = 1", "`x` is no local variable; write `local x = …`"},
		{"_ENV.pcall = 1", "is no local variable"},
		{"rawset(_ENV, 'pcall', 1)", "built in and cannot be changed"},
		{"string.rep = nil", "built in and cannot be changed"},
		{"rawset(string, 'rep', 1)", "built in and cannot be changed"},
		{"table.insert(math, 1)", "built in and cannot be changed"},
		{"setmetatable(string, {})", "built in and cannot be changed"},
		{"setmetatable(_ENV, nil)", "built in and cannot be changed"},
		{"getmetatable('').__index = {}", "boolean"},
		{"setmetatable({}, {__gc = function() end})", "cannot have `__gc`"},
		{"setmetatable({}, {__close = function() end})", "cannot have `__close`"},
		{"setmetatable({}, {__mode = 'k'})", "cannot have `__mode`"},
		{"setmetatable('', {})", "table expected"},
		{"getmetatable(decimal(1)).__add = 1", "boolean"},
		{"decimal(1).x = 1", "index"},
		{"error()", "error(nil)"},
		{"error({})", "error(table)"},
		{"error(decimal '1.50')", "1.50"},
		{"error('ganz falsch')", "packs/test/tickets/pick.lua:2: ganz falsch"},
		{"error('ohne Ort', 0)", "packs/test/tickets/pick.lua: ohne Ort"},
		{"return string.format('%p', {})", "means nothing here"},
		{"local t = {} t[{}] = 1 for k in pairs(t) do end", "has no place in an order"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		expect_failure(*state, cases[i].body, INVALID, cases[i].part);
		expect_text(*state, "string.rep('ab', 2) .. #'x'", "abab1");
	}
}

/* What is added to a metatable later has no effect: a finalizer would run without limits. */
static void metatables_are_copies(void **state)
{
	expect_text(*state,
		    "(function() local m = {} local t = setmetatable({}, m) m.__len = function() return 9 end m.__gc = m "
		    "return #t == 0 and getmetatable(t) == m end)()",
		    "true");
}

static void bad_files(void **state)
{
	struct fixture *fixture = *state;
	struct value result;
	uint32_t line;
	static const struct {
		const char *source, *part;
	} cases[] = {
		{"\x1bLua binary", "binary"},
		{"return function( end", "pick.lua:1: "},
		{"x ==", "pick.lua:1: "},
		{"local a = {}\nlocal b = a.x.y", "pick.lua:2: `x` is not set, so it has no fields"},
		{"return 5", "neither returns a function nor defines one called `pick`"},
		{"pcall = nil", "`pcall` is built in and cannot be replaced"},
		{"while true do end", "does not come to an end"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum status status = fixture_run(fixture, cases[i].source, &TEXT_TYPE, NULL, &result);
		assert_int_not_equal(status, OK);
		if (!strstr(fixture->error.sentence, cases[i].part))
			fail_msg("%s: %s", cases[i].source, fixture->error.sentence);
		assert_int_equal(script_check(fixture->host, &fixture->script, &line, &fixture->error), status);
		assert_null(strstr(fixture->error.sentence, "pick.lua:"));
	}
	assert_int_equal(fixture_load(fixture, "local a = 1\nlocal b = = 2", &TEXT_TYPE), INVALID);
	assert_int_equal(script_check(fixture->host, &fixture->script, &line, &fixture->error), INVALID);
	assert_int_equal(line, 2);
}

static void nested_source(void **state)
{
	struct fixture *fixture = *state;
	struct text_builder source = {.arena = &fixture->arena};
	struct value result;
	for (int i = 0; i < 100000; i++)
		builder_add_char(&source, '(');
	assert_int_not_equal(fixture_run(fixture, builder_text(&source).bytes, &TEXT_TYPE, NULL, &result), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(nothing_reaches_out, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(nothing_is_changed, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(metatables_are_copies, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(bad_files, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(nested_source, fixture_open, fixture_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
