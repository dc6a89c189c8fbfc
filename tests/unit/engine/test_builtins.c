/* The standard functions by their rows: what they answer, what they leave not set, what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/model/builtins.h"
#include "engine/parts.h"

static struct arena arena;
static struct error error;
static struct program program;
static struct context context = {.program = &program, .arena = &arena, .error = &error};

static const struct hours OFFICE[] = {{8 * 3600, 17 * 3600}};
static const struct holiday FEASTS[] = {{.rule = HOLIDAY_FIXED, .label = {"Neujahr", 7}, .month = 1, .day = 1}};
static const struct holidays FEAST_SET = {.items = FEASTS, .count = 1};
static const struct holidays *const SETS[] = {&FEAST_SET};
static struct calendar office = {.name = {"office", 6}, .holidays = SETS, .holiday_count = 1};
static const struct calendar *const CALENDARS[] = {&office};
static const struct record_id CALENDAR_ID = {1, 1}, HOLIDAYS_ID = {2, 2};

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	assert_int_equal(zone_find(TEXT("Europe/Berlin"), &program.zone), OK);
	office.zone = program.zone;
	for (enum weekday day = MONDAY; day <= FRIDAY; day++)
		office.week[day].hours = OFFICE, office.week[day].count = 1;
	program.calendars = CALENDARS, program.calendar_ids = &CALENDAR_ID, program.calendar_count = 1;
	program.holidays = SETS, program.holiday_ids = &HOLIDAYS_ID, program.holiday_count = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* The overload whose first parameter's type begins so. */
static uint32_t row_of(const char *name, const char *first)
{
	for (uint32_t i = 0; i < BUILTIN_ROWS; i++)
		if (!strcmp(BUILTINS[i].name, name) && !strncmp(BUILTINS[i].parameters, first, strlen(first)))
			return i;
	fail_msg("no %s(%s…)", name, first);
	return 0;
}

static enum status call(const char *name, const char *first, uint32_t count, const struct value *arguments,
			struct value *result)
{
	error.sentence[0] = 0;
	return builtin_call(&context, row_of(name, first), arguments, count, result);
}

#define GIVES(wanted, name, first, ...)                                                                                        \
	do {                                                                                                                   \
		struct value arguments[] = {__VA_ARGS__}, result;                                                              \
		if (call(name, first, sizeof(arguments) / sizeof(*arguments), arguments, &result) != OK)                       \
			fail_msg("%s: %s", name, error.sentence);                                                              \
		assert_string_equal(value_show(&arena, result, program.zone).bytes, wanted);                                   \
	} while (0)
#define REFUSES(part, name, first, ...)                                                                                        \
	do {                                                                                                                   \
		struct value arguments[] = {__VA_ARGS__}, result;                                                              \
		if (call(name, first, sizeof(arguments) / sizeof(*arguments), arguments, &result) == OK)                       \
			fail_msg("%s gives %s", name, value_show(&arena, result, program.zone).bytes);                         \
		if (!strstr(error.sentence, part) || !strstr(error.sentence, name))                                            \
			fail_msg("\"%s\" does not say %s", error.sentence, part);                                              \
	} while (0)

static struct value text(const char *string)
{
	return value_text(text_from(string));
}

static struct value number(enum value_kind kind, const char *digits)
{
	struct decimal decimal;
	assert_int_equal(decimal_parse(text_from(digits), &decimal), OK);
	return value_number(kind, decimal);
}

static struct value decimal(const char *digits)
{
	return number(VALUE_DECIMAL, digits);
}

static struct value euro(const char *digits)
{
	struct value value = number(VALUE_MONEY, digits);
	value.count = currency_pack("EUR");
	return value;
}

static struct value data(const char *source)
{
	const struct json *json;
	assert_int_equal(json_parse(&arena, text_from(source), &json, &error), OK);
	return (struct value){.kind = VALUE_DATA, .json = json};
}

static struct value at(const char *string)
{
	moment instant;
	assert_int_equal(moment_parse(text_from(string), program.zone, &instant), OK);
	return value_time(instant);
}

static struct value day(const char *string)
{
	date parsed;
	assert_int_equal(date_parse(text_from(string), &parsed), OK);
	return (struct value){.kind = VALUE_DATE, .integer = parsed};
}

static struct value hour(int hours)
{
	return (struct value){.kind = VALUE_TIME_OF_DAY, .integer = hours * 3600};
}

#define ITEMS(...)                                                                                                             \
	((struct value){.kind = VALUE_LIST,                                                                                    \
			.count = sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value),                                 \
			.items = (struct value[]){__VA_ARGS__}})

static void test_texts(void **state)
{
	(void)state;
	GIVES("ÄRGER STRASSE", "upper", "text", text("Ärger Straße"));
	GIVES("ärger", "lower", "text", text("ÄRGER"));
	GIVES("", "lower", "text", text(""));
	GIVES("5", "length", "text", text("größe"));
	GIVES("a-b-c", "replace", "text", text("a.b.c"), text("."), text("-"));
	GIVES("abc", "replace", "text", text("abc"), text(""), text("-"));
	GIVES("disk C", "replace_pattern", "text", text("C: disk"), text("(.): (.*)"), text("$2 $1"));
	GIVES("98", "extract", "text", text("C: 98%"), text("([0-9]+)%"));
	GIVES("not set", "extract", "text", text("C:"), text("([0-9]+)%"));
	REFUSES("(", "extract", "text", text("C:"), text("("));
	GIVES("[a, b]", "split", "text", text(" a ,, b,"), text(","));
	GIVES("a/b", "join", "list", ITEMS(text("a"), text("b")), text("/"));
	GIVES("0042", "pad", "text", text("42"), value_int(4), text("0"));
	GIVES("äöä1", "pad", "text", text("1"), value_int(4), text("äö"));
	GIVES("12345", "pad", "text", text("12345"), value_int(4), text("0"));
	REFUSES("bytes", "pad", "text", text("x"), value_int(INT64_MAX), text("0"));
	GIVES("x", "trim", "text", text("  x\n"));
}

static void test_text_of(void **state)
{
	(void)state;
	GIVES("12345", "text", "any", data("12345"));
	GIVES("plain", "text", "any", data("\"plain\""));
	GIVES("not set", "text", "any", data("null"));
	GIVES("true", "text", "any", data("true"));
	GIVES("1h30min", "text", "any", value_duration(5400, UNIT_SECOND));
}

static void test_hash(void **state)
{
	(void)state;
	struct value a, b, c;
	assert_int_equal(call("hash", "any", 2, (struct value[]){text("a"), value_int(1)}, &a), OK);
	assert_int_equal(call("hash", "any", 2, (struct value[]){text("a"), decimal("1.0")}, &b), OK);
	assert_int_equal(call("hash", "any", 2, (struct value[]){value_int(1), text("a")}, &c), OK);
	assert_int_equal(a.count, 16);
	assert_true(value_equal(a, b));
	assert_false(value_equal(a, c));
}

static void test_times(void **state)
{
	(void)state;
	GIVES("2026-03-27 16:45", "time_of", "data", data("\"2026-03-27T15:45:00Z\""));
	GIVES("2026-03-27 16:45", "time_of", "data", data("1774626300"));
	GIVES("2026-03-27 16:45", "time_of", "data", data("1774626300123"));
	GIVES("2026-03-27 16:45", "time_of", "data", data("1774626300.987"));
	GIVES("2026-03-27 16:45", "time_of", "text", text("1774626300"));
	GIVES("1969-12-31 23:59:59", "at", "date, time_of_day, text", day("1969-12-31"),
	      ((struct value){.kind = VALUE_TIME_OF_DAY, .integer = 86399}), text("Europe/Berlin"));
	GIVES("not set", "time_of", "data", data("\"soon\""));
	GIVES("not set", "time_of", "data", data("[1]"));
	GIVES("not set", "time_of", "data", data("1e30"));
	GIVES("not set", "time_of", "number", value_int(INT64_MAX));
	GIVES("not set", "at", "date, time_of_day, text", day("2026-01-01"), hour(8), text("Mars/Base"));
	GIVES("2026-03-28", "date_of", "time", at("2026-03-28T00:30"));
	GIVES("00:30", "time_of_day_of", "time", at("2026-03-28T00:30"));
	GIVES("6", "weekday", "time", at("2026-03-28T00:30"));
	GIVES("0", "hour", "time", at("2026-03-28T00:30"));
	GIVES("30", "minute", "time", at("2026-03-28T00:30"));
	GIVES("53", "week", "date", day("2027-01-01"));
}

static void test_dates(void **state)
{
	(void)state;
	GIVES("2026-02-28", "end_of_month", "date", day("2026-02-10"));
	GIVES("2026-10-01", "start_of_quarter", "date", day("2026-12-31"));
	GIVES("2026-01-01", "start_of_year", "date", day("2026-12-31"));
	GIVES("2026-02-28", "add_months", "date", day("2026-01-31"), value_int(1));
	GIVES("2025-11-30", "add_months", "date", day("2026-01-31"), value_int(-2));
	REFUSES("9999", "add_months", "date", day("2026-01-31"), value_int(INT64_MAX));
	REFUSES("9999", "add_months", "date", day("2026-01-31"), value_int(INT64_MIN));
	REFUSES("9999", "add_months", "date", day("2026-01-31"), value_int(12 * 8000));
	GIVES("-1", "days_between", "date", day("2026-03-02"), day("2026-03-01"));
	GIVES("2026-04-05", "easter", "int", value_int(2026));
	REFUSES("9999", "easter", "int", value_int(0));
}

static void test_durations(void **state)
{
	(void)state;
	GIVES("86400", "seconds", "duration", value_duration(1, UNIT_DAY));
	GIVES("1.5", "minutes", "duration", value_duration(90, UNIT_SECOND));
	GIVES("0.5", "hours", "duration", value_duration(1800, UNIT_WORK_SECOND));
	REFUSES("fixed length", "hours", "duration", value_duration(1, UNIT_MONTH));
	REFUSES("too long", "seconds", "duration", value_duration(INT64_MAX, UNIT_DAY));
	GIVES("2h", "hours_of", "int", value_int(2));
	GIVES("3 workdays", "workdays_of", "int", value_int(3));
	REFUSES("too long", "hours_of", "int", value_int(INT64_MAX));
}

static void test_business_time(void **state)
{
	(void)state;
	struct value calendar = value_ref(SYSTEM_CALENDAR, CALENDAR_ID), holidays = value_ref(SYSTEM_HOLIDAYS, HOLIDAYS_ID);
	GIVES("75 workmin", "work_between", "calendar", calendar, at("2026-03-27T16:45"), at("2026-03-30T09:00"));
	GIVES("2026-03-30 08:45", "work_add", "calendar", calendar, at("2026-03-27T16:45"),
	      value_duration(3600, UNIT_WORK_SECOND));
	GIVES("2026-03-30 16:45", "work_add", "calendar", calendar, at("2026-03-27T16:45"), value_duration(1, UNIT_WORK_DAY));
	GIVES("not set", "work_add", "calendar", calendar, at("2026-03-27T16:45"), value_duration(INT64_MAX, UNIT_WORK_SECOND));
	REFUSES("forwards", "work_add", "calendar", calendar, at("2026-03-27T16:45"), value_duration(-1, UNIT_WORK_SECOND));
	REFUSES("calendar", "is_working", "calendar", value_ref(SYSTEM_CALENDAR, HOLIDAYS_ID), at("2026-03-27T16:45"));
	GIVES("true", "is_working", "calendar", calendar, at("2026-03-27T16:45"));
	GIVES("false", "is_working", "calendar", calendar, at("2026-03-27T17:00"));
	GIVES("2026-03-30 08:00", "next_working", "calendar", calendar, at("2026-03-27T17:00"));
	GIVES("2026-03-30 17:00", "end_of_working_day", "calendar", calendar, at("2026-03-28T17:00"));
	GIVES("true", "is_holiday", "holidays", holidays, day("2026-01-01"));
	GIVES("true", "is_holiday", "calendar", calendar, day("2026-01-01"));
	GIVES("false", "is_holiday", "calendar", calendar, day("2026-01-02"));
	GIVES("Neujahr", "holiday_name", "holidays", holidays, day("2026-01-01"));
	GIVES("not set", "holiday_name", "holidays", holidays, day("2026-01-02"));
}

static void test_weekly_windows(void **state)
{
	(void)state;
	struct value berlin = text("Europe/Berlin"), saturday = value_int(SATURDAY);
	GIVES("2026-03-22 02:00", "weekly_end", "time", at("2026-03-21T22:00"), saturday, hour(22), hour(2), berlin);
	GIVES("2026-03-22 02:00", "weekly_end", "time", at("2026-03-22T01:59"), saturday, hour(22), hour(2), berlin);
	GIVES("2026-03-29 03:00", "weekly_end", "time", at("2026-03-28T22:00"), saturday, hour(22), hour(2),
	      berlin); /* no 02:00 */
	GIVES("not set", "weekly_end", "time", at("2026-03-21T21:59"), saturday, hour(22), hour(2), berlin);
	GIVES("not set", "weekly_end", "time", at("2026-03-21T01:00"), saturday, hour(22), hour(2), berlin);
	GIVES("not set", "weekly_end", "time", at("2026-03-21T12:00"), saturday, hour(10), hour(12), berlin);
	GIVES("not set", "weekly_end", "time", at("2026-03-21T11:00"), saturday, hour(10), hour(12), text("Nowhere/Land"));
}

static void test_numbers(void **state)
{
	(void)state;
	GIVES("5", "abs", "number", value_int(-5));
	GIVES("1.50 EUR", "abs", "money", euro("-1.50"));
	REFUSES("too large", "abs", "number", value_int(INT64_MIN));
	GIVES("2.68", "round", "number", decimal("2.675"), value_int(2));
	GIVES("-2.68", "round", "number", decimal("-2.675"), value_int(2));
	GIVES("2.68 EUR", "round", "money", euro("2.675"), value_int(2));
	REFUSES("digits", "round", "number", decimal("2.675"), value_int(INT64_MAX));
	GIVES("-3", "floor", "number", decimal("-2.1"));
	GIVES("-2", "ceil", "number", decimal("-2.1"));
	GIVES("1", "min", "ordered", value_int(3), value_int(1), value_int(2));
	GIVES("3", "max", "ordered", value_int(3), value_int(1), value_int(2));
	REFUSES("order", "max", "ordered", value_duration(1, UNIT_MONTH), value_duration(1, UNIT_DAY));
	GIVES("7", "int", "data", data("\" 7 \""));
	GIVES("7", "int", "number", decimal("7.00"));
	GIVES("not set", "int", "number", decimal("7.5"));
	GIVES("not set", "int", "text", text("seven"));
	GIVES("not set", "int", "data", data("{}"));
	GIVES("0.0015", "decimal", "text", text("1.5e-3"));
	GIVES("19%", "percent", "number", decimal("0.19"));
}

static void test_money(void **state)
{
	(void)state;
	GIVES("12.5 EUR", "money", "number", decimal("12.5"), text("EUR"));
	REFUSES("currency", "money", "number", decimal("12.5"), text("euro"));
	GIVES("12.5", "amount", "money", euro("12.5"));
	GIVES("EUR", "currency", "money", euro("12.5"));
	GIVES("[33.34 EUR, 33.33 EUR, 33.33 EUR]", "allocate", "money", euro("100"),
	      ITEMS(decimal("1"), decimal("1"), decimal("1")));
	GIVES("[-33.34 EUR, -33.33 EUR, -33.33 EUR]", "allocate", "money", euro("-100"),
	      ITEMS(decimal("1"), decimal("1"), decimal("1")));
	GIVES("[1.67 EUR, 8.33 EUR, 0.00 EUR]", "allocate", "money", euro("10"),
	      ITEMS(decimal("0.5"), decimal("2.5"), decimal("0")));
	REFUSES("weights", "allocate", "money", euro("10"), ITEMS(decimal("0")));
	REFUSES("weights", "allocate", "money", euro("10"), ITEMS(decimal("-1"), decimal("2")));
}

static void test_lists(void **state)
{
	(void)state;
	struct value list = ITEMS(value_int(3), value_int(1), value_int(2), value_int(1)), empty = {.kind = VALUE_LIST};
	GIVES("4", "count", "list", list);
	GIVES("7", "sum", "list", list);
	GIVES("not set", "sum", "list", empty);
	GIVES("3", "first", "list", list);
	GIVES("1", "last", "list", list);
	GIVES("not set", "first", "list", empty);
	GIVES("[1, 1, 2, 3]", "sorted", "list", list);
	GIVES("[]", "sorted", "list", empty);
	GIVES("[3, 1, 2]", "distinct", "list", list);
	GIVES("[1, 2, 1, 3]", "reversed", "list", list);
	REFUSES("order", "sorted", "list", ITEMS(value_ref(1, CALENDAR_ID), value_ref(1, HOLIDAYS_ID)));
}

static void test_long_lists(void **state)
{
	(void)state;
	enum { MANY = 20000 };
	struct value *items = arena_array(&arena, struct value, MANY), sorted, distinct;
	for (uint32_t i = 0; i < MANY; i++)
		items[i] = value_int((int64_t)i * 7919 % 5000);
	struct value list = {.kind = VALUE_LIST, .count = MANY, .items = items};
	assert_int_equal(call("sorted", "list", 1, &list, &sorted), OK);
	for (uint32_t i = 1; i < MANY; i++)
		assert_true(sorted.items[i - 1].integer <= sorted.items[i].integer);
	assert_int_equal(call("distinct", "list", 1, &list, &distinct), OK);
	assert_int_equal(distinct.count, 5000);
}

static void test_what_may_miss(void **state)
{
	(void)state;
	for (uint32_t row = 0; row < BUILTIN_ROWS; row++)
		for (uint32_t position = 0; position < 6; position++)
			if (builtin_takes_missing(row, position))
				assert_non_null(strchr(BUILTINS[row].parameters, '?'));
	assert_false(builtin_takes_missing(row_of("hash", "any"), 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),         cmocka_unit_test(test_text_of),        cmocka_unit_test(test_hash),
		cmocka_unit_test(test_times),         cmocka_unit_test(test_dates),          cmocka_unit_test(test_durations),
		cmocka_unit_test(test_business_time), cmocka_unit_test(test_weekly_windows), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_money),         cmocka_unit_test(test_lists),          cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_what_may_miss),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
