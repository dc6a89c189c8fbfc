/* Durations as text: what is written is read back as the same; what cannot be added is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/model/duration.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void reads(const char *text, int64_t amount, enum duration_unit unit)
{
	struct value value;
	assert_int_equal(duration_parse(text_from(text), &value, NULL), OK);
	assert_int_equal(value.kind, VALUE_DURATION);
	assert_int_equal(value.unit, unit);
	assert_int_equal(value.integer, amount);
}

static void test_parse(void **state)
{
	(void)state;
	reads("30min", 1800, UNIT_SECOND);
	reads("1h30min", 5400, UNIT_SECOND);
	reads("90 min", 5400, UNIT_SECOND);
	reads("-2 days", -2, UNIT_DAY);
	reads("5 workdays", 5, UNIT_WORK_DAY);
	reads("2workhours30workmin", 9000, UNIT_WORK_SECOND);
	reads("1 year", 12, UNIT_MONTH);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const WRONG[] = {
		"", "-", "min", "5", "5 fortnights", "1h 2 workdays", "1 month 2 days", "9999999999999s"};
	struct value value;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(*WRONG); i++)
		assert_int_equal(duration_parse(text_from(WRONG[i]), &value, NULL), INVALID);
	struct text unknown = {0};
	assert_int_equal(duration_parse(TEXT("5 fortnights"), &value, &unknown), INVALID);
	assert_true(text_is(unknown, "fortnights"));
}

/* A stranger's text may hold any number of parts. */
static void test_sum_that_overflows(void **state)
{
	(void)state;
	struct text_builder builder = {.arena = &arena};
	struct value value;
	for (int i = 0; i < 5000; i++)
		builder_add_string(&builder, "999999999999h");
	assert_int_equal(duration_parse(builder_text(&builder), &value, NULL), INVALID);
}

static void test_round_trip(void **state)
{
	(void)state;
	static const struct {
		int64_t amount;
		enum duration_unit unit;
	} ROWS[] = {{0, UNIT_SECOND},       {1, UNIT_SECOND},          {5400, UNIT_SECOND},
		    {86399, UNIT_SECOND},   {-61, UNIT_SECOND},        {3, UNIT_DAY},
		    {1, UNIT_MONTH},        {60, UNIT_WORK_SECOND},    {7200, UNIT_WORK_SECOND},
		    {90, UNIT_WORK_SECOND}, {3601, UNIT_WORK_SECOND},  {4, UNIT_WORK_DAY},
		    {0, UNIT_WORK_SECOND},  {-5430, UNIT_WORK_SECOND}, {0, UNIT_END_OF_WORK_DAY}};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct text_builder builder = {.arena = &arena};
		duration_write(&builder, ROWS[i].amount, ROWS[i].unit);
		struct text shown = builder_text(&builder);
		struct value value;
		if (duration_parse(shown, &value, NULL) != OK || value.integer != ROWS[i].amount || value.unit != ROWS[i].unit)
			fail_msg("%lld of unit %d is written as \"%.*s\" and not read back", (long long)ROWS[i].amount,
				 ROWS[i].unit, TEXT_ARGS(shown));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sum_that_overflows),
		cmocka_unit_test(test_round_trip),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
