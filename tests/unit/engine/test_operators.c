/* What operators compute by kinds, and what they refuse: nothing wraps around, nothing is rounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/operators.h"

static struct arena arena;
static struct error error;
static struct program program;
static struct context context = {.program = &program, .arena = &arena, .error = &error};

static const struct hours OFFICE[] = {{8 * 3600, 17 * 3600}};
static struct calendar office = {.name = {"office", 6}};

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	assert_int_equal(zone_find(TEXT("Europe/Berlin"), &program.zone), OK);
	office.zone = program.zone;
	for (enum weekday day = MONDAY; day <= FRIDAY; day++)
		office.week[day].hours = OFFICE, office.week[day].count = 1;
	program.default_calendar = &office;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

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

static struct value at(const char *text)
{
	moment instant;
	assert_int_equal(moment_parse(text_from(text), program.zone, &instant), OK);
	return value_time(instant);
}

static struct value day(const char *text)
{
	date parsed;
	assert_int_equal(date_parse(text_from(text), &parsed), OK);
	return (struct value){.kind = VALUE_DATE, .integer = parsed};
}

static void gives(struct value a, enum step_operation operation, struct value b, const char *wanted)
{
	struct value result;
	if (operate(&context, operation, a, b, &result) != OK)
		fail_msg("%s wanted: %s", wanted, error.sentence);
	assert_string_equal(value_show(&arena, result, program.zone).bytes, wanted);
}

static void refuses(struct value a, enum step_operation operation, struct value b, const char *part)
{
	struct value result;
	error.sentence[0] = 0;
	if (operate(&context, operation, a, b, &result) == OK)
		fail_msg("gives %s", value_show(&arena, result, program.zone).bytes);
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say %s", error.sentence, part);
}

static void test_numbers(void **state)
{
	(void)state;
	gives(value_int(7), STEP_ADD, value_int(-9), "-2");
	gives(value_int(7), STEP_DIVIDE, value_int(2), "3.5");
	gives(number(VALUE_DECIMAL, "0.1"), STEP_ADD, number(VALUE_DECIMAL, "0.2"), "0.3");
	gives(value_int(200), STEP_MULTIPLY, number(VALUE_PERCENT, "0.19"), "38.00");
	refuses(value_int(INT64_MAX), STEP_ADD, value_int(1), "too large");
	refuses(value_int(INT64_MIN), STEP_MULTIPLY, value_int(-1), "too large");
	refuses(value_int(INT64_MIN), STEP_NEGATE, value_int(0), "too large");
	refuses(value_int(1), STEP_DIVIDE, value_int(0), "zero");
}

static void test_money(void **state)
{
	(void)state;
	gives(money("12.50", "EUR"), STEP_ADD, money("0.05", "EUR"), "12.55 EUR");
	gives(money("12.50", "EUR"), STEP_MULTIPLY, value_int(3), "37.50 EUR");
	gives(money("30", "EUR"), STEP_DIVIDE, money("20", "EUR"), "1.5");
	refuses(money("1", "EUR"), STEP_ADD, money("1", "CHF"), "EUR and CHF");
	refuses(money("1", "EUR"), STEP_ADD, value_int(1), "no sum");
	refuses(money("1", "EUR"), STEP_MULTIPLY, money("1", "EUR"), "no product");
}

static void test_durations(void **state)
{
	(void)state;
	gives(value_duration(1, UNIT_DAY), STEP_ADD, value_duration(60, UNIT_SECOND), "24h1min");
	gives(value_duration(3, UNIT_WORK_DAY), STEP_SUBTRACT, value_duration(1, UNIT_WORK_DAY), "2 workdays");
	gives(value_duration(600, UNIT_SECOND), STEP_MULTIPLY, number(VALUE_DECIMAL, "1.5"), "15min");
	gives(value_duration(600, UNIT_SECOND), STEP_DIVIDE, value_duration(300, UNIT_SECOND), "2");
	refuses(value_duration(1, UNIT_MONTH), STEP_ADD, value_duration(1, UNIT_DAY), "different units");
	refuses(value_duration(INT64_MAX / 2, UNIT_DAY), STEP_ADD, value_duration(1, UNIT_SECOND), "too long");
	refuses(value_duration(INT64_MAX, UNIT_DAY), STEP_ADD, value_duration(1, UNIT_DAY), "too long");
}

static void test_times(void **state)
{
	(void)state;
	gives(at("2026-03-28T12:00"), STEP_ADD, value_duration(1, UNIT_DAY), "2026-03-29 12:00"); /* a day of 23 hours */
	gives(at("2026-03-28T12:00"), STEP_ADD, value_duration(86400, UNIT_SECOND), "2026-03-29 13:00");
	gives(at("2026-01-31T08:00"), STEP_ADD, value_duration(1, UNIT_MONTH), "2026-02-28 08:00");
	gives(at("2026-03-27T16:45"), STEP_ADD, value_duration(1800, UNIT_WORK_SECOND), "2026-03-30 08:15");
	gives(at("2026-03-27T16:45"), STEP_ADD, value_duration(2, UNIT_WORK_DAY), "2026-03-31 16:45");
	gives(at("2026-03-27T16:45"), STEP_ADD, value_duration(0, UNIT_END_OF_WORK_DAY), "2026-03-27 17:00");
	gives(at("2026-03-27T16:45"), STEP_SUBTRACT, value_duration(1, UNIT_DAY), "2026-03-26 16:45");
	gives(at("2026-03-27T16:45"), STEP_SUBTRACT, at("2026-03-27T16:15"), "30min");
	gives(day("2026-03-27"), STEP_SUBTRACT, day("2026-03-20"), "7 days");
	gives(day("2026-03-27"), STEP_ADD, value_duration(1, UNIT_WORK_DAY), "2026-03-30");
	refuses(at("2026-03-27T16:45"), STEP_SUBTRACT, value_duration(1, UNIT_WORK_DAY), "backwards");
	refuses(day("2026-03-27"), STEP_ADD, value_duration(1, UNIT_SECOND), "no hours");
}

static void test_times_that_nobody_means(void **state)
{
	(void)state;
	static const enum duration_unit UNITS[] = {UNIT_SECOND, UNIT_DAY, UNIT_MONTH};
	for (int i = 0; i < 3; i++) {
		refuses(at("2026-03-27T16:45"), STEP_ADD, value_duration(INT64_MAX, UNITS[i]), "years 1 and 9999");
		refuses(at("2026-03-27T16:45"), STEP_ADD, value_duration(INT64_MIN, UNITS[i]), "years 1 and 9999");
		refuses(at("2026-03-27T16:45"), STEP_SUBTRACT, value_duration(INT64_MIN, UNITS[i]), "years 1 and 9999");
	}
	refuses(day("2026-03-27"), STEP_ADD, value_duration(1 << 30, UNIT_DAY), "years 1 and 9999");
	refuses(at("2026-03-27T16:45"), STEP_ADD, value_duration(INT64_MAX, UNIT_WORK_DAY), "too long");
	refuses(at("2026-03-27T16:45"), STEP_ADD, value_duration(INT64_MAX, UNIT_WORK_SECOND), "working time");
}

static void test_without_a_calendar(void **state)
{
	(void)state;
	program.default_calendar = NULL;
	refuses(at("2026-03-27T16:45"), STEP_ADD, value_duration(1, UNIT_WORK_DAY), "needs a calendar");
	program.default_calendar = &office;
}

/* --- comparisons */
static bool holds(struct value a, enum step_operation operation, struct value b)
{
	bool holds = false;
	assert_int_equal(compare(&context, operation, a, b, &holds), OK);
	return holds;
}

static struct value text(const char *string)
{
	return value_text(text_from(string));
}

static void test_comparisons(void **state)
{
	(void)state;
	struct value few[] = {value_int(1), value_int(5)};
	struct value list = {.kind = VALUE_LIST, .count = 2, .items = few},
		     range = {.kind = VALUE_RANGE, .count = 2, .items = few};
	assert_true(holds(value_int(5), STEP_IN, list));
	assert_false(holds(value_int(3), STEP_IN, list));
	assert_true(holds(value_int(3), STEP_IN, range));
	assert_true(holds(value_int(5), STEP_IN, range));
	assert_false(holds(value_int(6), STEP_IN, range));
	assert_true(holds(list, STEP_CONTAINS, value_int(1)));
	assert_true(holds(text("backup failed"), STEP_CONTAINS, text("fail")));
	assert_true(holds(text("backup"), STEP_STARTS, text("back")));
	assert_true(holds(text("backup"), STEP_ENDS, text("up")));
	assert_true(holds(value_int(1), STEP_LESS, number(VALUE_DECIMAL, "1.01")));
	bool ignored;
	assert_int_equal(compare(&context, STEP_LESS, value_duration(1, UNIT_WORK_DAY), value_duration(1, UNIT_DAY), &ignored),
			 INVALID);
	assert_non_null(strstr(error.sentence, "t + x < now"));
	assert_int_equal(compare(&context, STEP_LESS, money("1", "EUR"), money("2", "USD"), &ignored), INVALID);
}

static void test_wildcards(void **state)
{
	(void)state;
	static const struct {
		const char *text, *pattern;
		bool matches;
	} ROWS[] = {{"disk c", "disk*", true}, {"disk c", "disk", false}, {"disk c", "*", true},
		    {"", "*", true},           {"", "?", false},          {"disk c", "d??k ?", true},
		    {"größe", "gr??", false},  {"größe", "gr??e", true},  {"aXbXc", "a*b*c", true},
		    {"aXbXd", "a*b*c", false}, {"aab", "*ab", true},      {"mississippi", "m*iss*pi", true}};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (wildcard_matches(text_from(ROWS[i].text), text_from(ROWS[i].pattern)) != ROWS[i].matches)
			fail_msg("%s %s", ROWS[i].text, ROWS[i].pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_money),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_that_nobody_means),
		cmocka_unit_test(test_without_a_calendar),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_wildcards),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
