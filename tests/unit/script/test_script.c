/* Values in, a value out: every type both ways, exact arithmetic, an order that is the same on every run, and sentences that
 * name pack file and line. */
#include "engine/base/json.h"
#include "tests/unit/script/script_fixture.h"

#include <string.h>

static const struct enum_value PRIORITIES[] = {{TEXT("low"), TEXT("")}, {TEXT("high"), TEXT("")}};
static const struct enumeration PRIORITY = {.name = TEXT("priority"), .values = PRIORITIES, .count = 2};
static const struct type ENUM_TYPE = {.kind = TYPE_ENUM, .enumeration = &PRIORITY};
static const struct type TEXTS_TYPE = {.kind = TYPE_LIST, .element = &TEXT_TYPE};
static const struct type DATES_TYPE = {.kind = TYPE_RANGE, .element = &DATE_TYPE};
static const struct record_field RECORD_FIELDS[] = {{TEXT("queue"), &TEXT_TYPE, true}, {TEXT("count"), &INT_TYPE, false}};
static const struct record_type RECORD = {RECORD_FIELDS, 2};
static const struct type RECORD_TYPE = {.kind = TYPE_RECORD, .record = &RECORD};

static struct value number(enum value_kind kind, const char *digits)
{
	struct decimal decimal;
	assert_int_equal(decimal_parse(text_from(digits), &decimal), OK);
	return value_number(kind, decimal);
}

static struct value money(const char *digits, const char *currency)
{
	struct value value = number(VALUE_MONEY, digits);
	value.count = currency_pack(currency);
	return value;
}

static struct value of(enum value_kind kind, int64_t integer)
{
	return (struct value){.kind = (uint8_t)kind, .integer = integer};
}

/* Each value goes in and comes out as it was. */
static void every_type_passes(void **state)
{
	struct fixture *fixture = *state;
	struct value texts[] = {value_text(TEXT("a")), value_text(TEXT("ä"))};
	struct value dates[] = {of(VALUE_DATE, 20539), of(VALUE_DATE, 20540)};
	struct value record[] = {value_text(TEXT("noc")), value_int(7)};
	struct value half[] = {value_text(TEXT("noc")), value_missing()};
	const struct {
		const struct type *type;
		struct value value;
	} cases[] = {
		{&BOOL_TYPE, value_bool(true)},
		{&INT_TYPE, value_int(INT64_MIN)},
		{&DECIMAL_TYPE, number(VALUE_DECIMAL, "12345678901234567890.12345678")},
		{&PERCENT_TYPE, number(VALUE_PERCENT, "0.19")},
		{&MONEY_TYPE, money("15.50", "EUR")},
		{&TEXT_TYPE, value_text(TEXT("Störung"))},
		{&TEXT_TYPE, value_text(TEXT(""))},
		{&DATE_TYPE, of(VALUE_DATE, 20539)},
		{&TIME_TYPE, value_time(1774600000)},
		{&TIME_OF_DAY_TYPE, of(VALUE_TIME_OF_DAY, 28800)},
		{&DURATION_TYPE, value_duration(5, UNIT_WORK_DAY)},
		{&ENUM_TYPE, {.kind = VALUE_ENUM, .count = 1, .enumeration = &PRIORITY}},
		{&TEXTS_TYPE, {.kind = VALUE_LIST, .items = texts, .count = 2}},
		{&TEXTS_TYPE, {.kind = VALUE_LIST, .items = texts, .count = 0}},
		{&DATES_TYPE, {.kind = VALUE_RANGE, .items = dates, .count = 2}},
		{&RECORD_TYPE, {.kind = VALUE_RECORD, .items = record, .count = 2}},
	};
	fixture_parameter(fixture, "x", NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct value result;
		fixture->parameters[0].type = cases[i].type;
		enum status status =
			fixture_run(fixture, "return function(x) return x end", cases[i].type, &cases[i].value, &result);
		if (status != OK)
			fail_msg("%s", fixture->error.sentence);
		assert_true(value_equal(result, cases[i].value));
	}
	struct value partly = {.kind = VALUE_RECORD, .items = half, .count = 2}, result, none = value_missing();
	assert_int_equal(fixture_run(fixture, "return function(x) return x end", &RECORD_TYPE, &partly, &result), OK);
	assert_int_equal(result.items[1].kind, VALUE_MISSING);
	assert_int_equal(fixture_run(fixture, "return function(x) return x end", &RECORD_TYPE, &none, &result), OK);
	assert_int_equal(result.kind, VALUE_MISSING);
}

static void documents_come_in(void **state)
{
	struct fixture *fixture = *state;
	const struct json *json;
	struct value result;
	assert_int_equal(json_parse(&fixture->arena, TEXT("{\"a\":[1,2.50,null,\"x\",{\"b\":true}],\"n\":null}"), &json,
				    &fixture->error),
			 OK);
	struct value document = {.kind = VALUE_DATA, .json = json};
	fixture_parameter(fixture, "d", &DATA_TYPE);
	assert_int_equal(fixture_run(fixture,
				     "return function(d) return tostring(d.a[1] + 1) .. tostring(d.a[2]) .. d.a[4] .. "
				     "tostring(d.a[5].b) .. tostring(d.n) end",
				     &TEXT_TYPE, &document, &result),
			 OK);
	assert_true(text_is(value_as_text(result), "22.5xtruenil"));
}

static void arithmetic_is_exact(void **state)
{
	static const char *const cases[][2] = {
		{"decimal('0.1') + decimal('0.2')", "0.3"},
		{"decimal('0.1') + decimal('0.2') == decimal('0.3')", "true"},
		{"decimal('1.10') == decimal('1.1')", "true"},
		{"decimal(3) / 8", "0.375"},
		{"-decimal('1.5') * 2", "-3.0"},
		{"money('12.50', 'EUR') * 3", "37.50 EUR"},
		{"(money('12.50', 'EUR') * 21 / 31 * 3):round(2)", "25.40 EUR"},
		{"money('12.50', 'EUR') / money('5.00', 'EUR')", "2.5"},
		{"money('100', 'EUR') * percent(19)", "19.00 EUR"},
		{"percent(19) + percent('0.5')", "19.5%"},
		{"money('1.00', 'EUR') < money('1.01', 'EUR')", "true"},
		{"decimal('2.5'):round()", "3"},
		{"decimal('2.5'):round(0, 'half_even')", "2"},
		{"decimal('5.00'):to_int() + 1", "6"},
		{"decimal('5.00'):equals(5)", "true"},
		{"money('15.50', 'EUR').currency .. money('15.50', 'EUR').amount", "EUR15.50"},
		{"percent(19).factor", "0.19"},
		{"string.format('%8.2f|%-6.1f|%s', decimal('2.005'), money('3.14159', 'EUR'), decimal('1.50'))",
		 "    2.01|3.1   |1.50"},
		{"time('2026-03-27T16:45:00Z') + duration(90, 'min')", "2026-03-27 18:15"},
		{"(time('2026-03-27T16:45:00Z') - time('2026-03-27T16:00:00Z')).amount", "2700"},
		{"date('2026-01-31') + duration(1, 'month')", "2026-02-28"},
		{"date(2026, 3, 27) - date('2026-03-01') == duration(26, 'days')", "true"},
		{"date('2026-03-27').weekday", "5"},
		{"time('2026-03-29T00:30:00Z'):time_of_day('Europe/Berlin')", "01:30"},
		{"time('2026-03-29T01:30:00Z'):write('yyyy-MM-dd HH:mm', 'Europe/Berlin')", "2026-03-29 03:30"},
		{"time(date('2026-03-30'), 'Europe/Berlin') == time('2026-03-29T22:00:00Z')", "true"},
		{"duration(2, 'h') > duration(90, 'min')", "true"},
		{"type(decimal(1)) .. type(money(1, 'EUR')) .. type({})", "decimalmoneytable"},
		{"({[date('2026-03-27')] = 'x'})[date(2026, 3, 27)]", "x"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_text(*state, cases[i][0], cases[i][1]);
}

static void what_has_no_meaning(void **state)
{
	static const char *const cases[][2] = {
		{"return tostring(money('1', 'EUR') + money('1', 'CHF'))",
		 "1 EUR + 1 CHF has no meaning; currencies cannot be mixed"},
		{"return tostring(money('1', 'EUR') + 1)", "has no meaning"},
		{"return tostring(money('1', 'EUR') < money('1', 'CHF'))", "cannot be compared"},
		{"return tostring(decimal('1') * 1.5)", "1.5 is a binary fraction and not exact; write decimal \"1.5\""},
		{"return tostring(decimal(0.5))", "is a binary fraction"},
		{"return tostring(decimal('1,5'))", "is no decimal number such as \"12.50\""},
		{"return tostring(decimal(1) / 0)", "pick.lua:2: division by zero"},
		{"return tostring(decimal('99999999999999999999999999999999999999') * 10)", "more digits"},
		{"return tostring(decimal(1) + nil)", "nothing (nil) cannot be computed with"},
		{"return tostring(time('2026-03-27T16:45:00Z') + duration(1, 'day'))", "need a calendar"},
		{"return tostring(duration(1, 'day') + duration(1, 'h'))", "has no meaning"},
		{"return tostring(date('9999-12-31') + duration(1, 'day'))", "has no meaning"},
		{"return tostring(date('2026-02-30'))", "`2026-02-30` is no date"},
		{"return tostring(date(2026, 13, 1))", "there is no such date: 2026-13-1"},
		{"return money('1', 'euro')", "`euro` is no currency"},
		{"return duration(1, 'fortnight')", "`fortnight` is no unit"},
		{"return time('2026-03-27T16:45:00Z'):date('Mars/City')", "there is no time zone `Mars/City`"},
		{"return money('1', 'EUR').cents", "1 EUR has no part `cents`"},
		{"return '1' + 1", "`1` is a text and cannot be computed with"},
		{"return ('x').y.z", "is not set"},
		{"local t = {} return t.name .. 'x'", "`name` is not set and cannot be joined to a text"},
		{"return pick_best()", "there is no function `pick_best`"},
		{"return 1 < nil", "something that is not set cannot be compared"},
		{"return string.find('x', '[a')", "the pattern lacks a `]`"},
		{"return string.rep()", "bad argument #1 to 'rep'"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_failure(*state, cases[i][0], INVALID, cases[i][1]);
}

static void texts_and_tables(void **state)
{
	static const char *const cases[][2] = {
		{"('hello'):upper():sub(2, -2)", "ELL"},
		{"('a.b.c'):gsub('%.', '-')", "a-b-c"},
		{"('Key = value'):match('^(%w+)%s*=%s*(%w+)$')", "Key"},
		{"(select(2, ('Key = value'):match('^(%w+)%s*=%s*(%w+)$')))", "value"},
		{"('x'):find('y') == nil", "true"},
		{"(select(2, ('a+b'):find('+', 1, true)))", "2"},
		{"('THE (quick) fox'):find('%((%a+)%)')", "5"},
		{"('hello world'):gsub('o', {o = '0'})", "hell0 w0rld"},
		{"('hello'):gsub('l', function(c) return c:upper() end)", "heLLo"},
		{"('abc'):gsub('', '-')", "-a-b-c-"},
		{"('abc'):gsub('%w', '%0%0', 2)", "aabbc"},
		{"('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
		{"('THE (quick) fox'):gsub('%f[%a]%a+', 'x')", "x (x) x"},
		{"('aa bb'):match('(%a)%1 (%a)%2')", "a"},
		{"('x=1, y=2'):match('()y')", "6"},
		{"('abc123'):match('%a-(%d+)')", "123"},
		{"string.format('%05d|%x|%5s|%-5s|%q|%%', 42, 255, 'a', 'b', 1) == ''", "false"},
		{"(function() local r = '' for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do r = r .. k .. v end return r end)()",
		 "a1b2"},
		{"(function() local r = '' for k in pairs({z = 1, a = 1, [2] = 1, [1] = 1, [true] = 1}) do r = r .. "
		 "tostring(k) end "
		 "return r end)()",
		 "12aztrue"},
		{"(function() local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t) end)()",
		 "nil"},
		{"next({b = 1, a = 2})", "a"},
		{"next({b = 1, a = 2}, 'a')", "b"},
		{"(function() local t = {3, 1, 2} table.sort(t) return table.concat(t, ',') end)()", "1,2,3"},
		{"(function() local t = {'bb', 'a', 'cc', 'd'} table.sort(t, function(a, b) return #a < #b end) return "
		 "table.concat(t, ',') end)()",
		 "a,d,bb,cc"},
		{"#table.pack(table.unpack({1, 2, 3}))", "3"},
		{"tostring({}) .. tostring(print) .. tostring(type)", "tablenilfunction"},
		{"select('#', pcall(error, 'x'))", "2"},
		{"select(2, pcall(function() error('x') end))", "packs/test/tickets/pick.lua:1: x"},
		{"utf8.len('äöü')", "3"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strstr(cases[i][0], "%q"))
			expect_text(*state, cases[i][0], cases[i][1]);
}

static void results_are_strict(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *body;
		const struct type *type;
		const char *part;
	} cases[] = {
		{"return 'x'", &INT_TYPE,
		 "packs/test/tickets/pick.lua: pick: the result must be int and is the text \"x\" (declared in "
		 "packs/test/tickets/rules.flow:7)"},
		{"return 1.5", &INT_TYPE, "must be int and is the number 1.5"},
		{"return 0.1", &DECIMAL_TYPE, "binary fractions are not exact"},
		{"return '1.5'", &DECIMAL_TYPE, "make it one: decimal(x)"},
		{"return 5", &MONEY_TYPE, "must be money and is the number 5"},
		{"return 1", &BOOL_TYPE, "must be bool"},
		{"return 1", &TEXT_TYPE, "must be text"},
		{"return 'normal'", &ENUM_TYPE, "is the text \"normal\""},
		{"return {'a', 1}", &TEXTS_TYPE, "item 2 of the result must be text and is the number 1"},
		{"return {'a', nil, 'b'}", &TEXTS_TYPE, "without a gap"},
		{"return {x = 'a'}", &TEXTS_TYPE, "without a gap"},
		{"return {queue = 'a', cuont = 1}", &RECORD_TYPE, "the result has no field that is called the text \"cuont\""},
		{"return {count = 1}", &RECORD_TYPE, "field `queue` of the result is required and not set"},
		{"return {queue = 'a', count = 'b'}", &RECORD_TYPE,
		 "field `count` of the result must be int and is the text \"b\""},
		{"return '\\xff'", &TEXT_TYPE, "is a text that is not UTF-8"},
		{"return function() end", &TEXT_TYPE, "is a function"},
		{"return 'x'", &DATA_TYPE, "of a type that a script cannot give"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct value result;
		const char *source = arena_format(&fixture->arena, "return function() %s end", cases[i].body);
		assert_int_equal(fixture_run(fixture, source, cases[i].type, NULL, &result), INVALID);
		if (!strstr(fixture->error.sentence, cases[i].part))
			fail_msg("%s: %s", cases[i].body, fixture->error.sentence);
	}
}

static void nothing_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct value result;
	const char *source = "local n = 0\nfunction pick() n = n + 1 return n end";
	assert_int_equal(fixture_load(fixture, source, &INT_TYPE), OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(script_call(fixture->host, 0, NULL, &fixture->arena, &result, &fixture->error), OK);
		assert_int_equal(result.integer, 1);
	}
	assert_int_equal(fixture_run(fixture, "return { pick = function() return 5 end }", &INT_TYPE, NULL, &result), OK);
	assert_int_equal(result.integer, 5);
}

static void records_know_their_fields(void **state)
{
	struct fixture *fixture = *state;
	struct value items[] = {value_text(TEXT("noc")), value_missing()}, result;
	struct value record = {.kind = VALUE_RECORD, .items = items, .count = 2};
	fixture_parameter(fixture, "r", &RECORD_TYPE);
	assert_int_equal(fixture_run(fixture, "return function(r) return tostring(r.count) end", &TEXT_TYPE, &record, &result),
			 OK);
	assert_true(text_is(value_as_text(result), "nil"));
	assert_int_equal(fixture_run(fixture, "return function(r) return r.cuont end", &TEXT_TYPE, &record, &result), INVALID);
	assert_non_null(strstr(fixture->error.sentence, "pick.lua:1: there is no field `cuont` here"));
}

/* --- refs */
struct rows {
	struct fixture *fixture;
	enum status answer;
	int calls;
	bool again, full;
};

static enum status read_field(void *host, struct arena *arena, const struct entity *entity, const struct field *field,
			      struct record_id id, struct value *value_out, struct error *error)
{
	struct rows *rows = host;
	rows->calls++;
	assert_string_equal(entity->name.bytes, "ticket");
	if (rows->full)
		arena->limit = 1;
	*value_out = id.low == 7 ? value_text(text_copy(arena, field->name)) : value_missing();
	if (rows->again) {
		struct value reference = value_ref(0, id);
		rows->again = false;
		return script_call(rows->fixture->host, 0, &reference, arena, value_out, error);
	}
	return rows->answer == OK ? OK : error_set(error, rows->answer, "the database is away");
}

static struct field FIELD = {.name = TEXT("subject"), .type = &TEXT_TYPE};
static struct entity TICKET = {.name = TEXT("ticket"), .fields = &FIELD, .field_count = 1};
static const struct entity *ENTITIES[] = {&TICKET};
static const struct type REF_TYPE = {.kind = TYPE_REF, .entity = &TICKET};

static void refs_open(struct fixture *fixture)
{
	TICKET.field_by_name = map_in(&fixture->arena);
	map_put(&TICKET.field_by_name, FIELD.name, &FIELD);
	fixture->program.schema.entities = ENTITIES;
	fixture->program.schema.entity_count = 1;
	fixture_parameter(fixture, "t", &REF_TYPE);
}

static void refs_are_read(void **state)
{
	struct fixture *fixture = *state;
	struct rows rows = {.fixture = fixture};
	const struct script_reader reader = {.host = &rows, .read = read_field};
	struct value reference = value_ref(0, (struct record_id){1, 7}), result;
	refs_open(fixture);
	script_read_through(fixture->host, &reader);
	assert_int_equal(
		fixture_run(fixture, "return function(t) return t.subject .. #t.id end", &TEXT_TYPE, &reference, &result), OK);
	assert_true(text_is(value_as_text(result), "subject26"));
	assert_int_equal(fixture_run(fixture, "return function(t) return t end", &REF_TYPE, &reference, &result), OK);
	assert_true(value_equal(result, reference));
	assert_int_equal(fixture_run(fixture, "return function(t) return t.subjct end", &TEXT_TYPE, &reference, &result),
			 INVALID);
	assert_non_null(strstr(fixture->error.sentence, "pick.lua:1: ticket has no field `subjct`"));
	assert_int_equal(fixture_run(fixture, "return function(t) t.subject = 'x' end", &TEXT_TYPE, &reference, &result),
			 INVALID);

	rows.again = true;
	assert_int_equal(
		fixture_run(fixture, "return function(t) return t.subject .. '!' end", &TEXT_TYPE, &reference, &result), OK);
	assert_true(text_is(value_as_text(result), "subject!!"));

	rows.answer = RETRY;
	assert_int_equal(fixture_run(fixture,
				     "return function(t) return pcall(function() return t.subject end) and 'caught' end",
				     &TEXT_TYPE, &reference, &result),
			 RETRY);
	assert_string_equal(fixture->error.sentence, "the database is away");
	script_read_through(fixture->host, NULL);
	assert_int_equal(fixture_run(fixture, "return function(t) return t.subject end", &TEXT_TYPE, &reference, &result),
			 INVALID);
}

/* An arena that ends while the engine reads for a script unwinds to its door, and the host is as good as before. */
static void full_arenas_unwind(void **state)
{
	struct fixture *fixture = *state;
	struct rows rows = {.fixture = fixture, .full = true};
	const struct script_reader reader = {.host = &rows, .read = read_field};
	struct value reference = value_ref(0, (struct record_id){1, 7}), result;
	jmp_buf jump;
	refs_open(fixture);
	script_read_through(fixture->host, &reader);
	assert_int_equal(fixture_load(fixture, "return function(t) return pcall(function() return t.subject end) and 'x' end",
				      &TEXT_TYPE),
			 OK);
	if (!arena_guard(&fixture->arena, jump)) {
		enum status status = script_call(fixture->host, 0, &reference, &fixture->arena, &result, &fixture->error);
		fail_msg("it went on with %s", status_name(status));
	}
	assert_int_equal(rows.calls, 1);
	fixture->arena.limit = 0;
	fixture->arena.escape = NULL;
	rows.full = false;
	assert_int_equal(script_call(fixture->host, 0, &reference, &fixture->arena, &result, &fixture->error), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_type_passes, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(documents_come_in, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(arithmetic_is_exact, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(what_has_no_meaning, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(texts_and_tables, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(results_are_strict, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(nothing_is_kept, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(records_know_their_fields, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(refs_are_read, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(full_arenas_unwind, fixture_open, fixture_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
