/* Decimal: the cases a person can check by hand. The random million stands in decimal_check.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/decimal.h"

static struct decimal number(const char *string)
{
	struct decimal decimal;
	assert_int_equal(decimal_parse(text_from(string), &decimal), OK);
	return decimal;
}

static void assert_written(struct decimal decimal, const char *expected)
{
	char buffer[DECIMAL_TEXT];
	uint32_t length = decimal_write(decimal, buffer);
	assert_string_equal(buffer, expected);
	assert_int_equal(length, strlen(expected));
}

static const char LARGEST[] = "99999999999999999999999999999999999999";

static void parse_keeps_scale(void **state)
{
	(void)state;
	const char *const same[] = {"0", "0.00", "12.50", "-12.50", "-0.01", "1", LARGEST, "0.0000000000000000000000000001"};
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_written(number(same[i]), same[i]);
	assert_written(number("-0.00"), "0.00");
	assert_written(number("007"), "7");
}

static void parse_refuses(void **state)
{
	(void)state;
	struct decimal decimal;
	const char *const invalid[] = {"", "-", ".", ".5", "5.", "+1", " 1", "1 ", "1e2", "1,5", "--1", "0x10", "1.2.3", "NaN"};
	for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
		assert_int_equal(decimal_parse(text_from(invalid[i]), &decimal), INVALID);
	assert_int_equal(decimal_parse(TEXT("100000000000000000000000000000000000000"), &decimal), LIMIT);
	assert_int_equal(decimal_parse(TEXT("0.00000000000000000000000000001"), &decimal), LIMIT);
	assert_int_equal(decimal_parse(TEXT("0.10000000000000000000000000000"), &decimal), OK);
	assert_int_equal(decimal_parse_json(TEXT("1e"), &decimal), INVALID);
	assert_int_equal(decimal_parse_json(TEXT("1e+"), &decimal), INVALID);
	assert_int_equal(decimal_parse_json(TEXT("1e38"), &decimal), LIMIT);
	assert_int_equal(decimal_parse_json(TEXT("1e99999999999999999999"), &decimal), LIMIT);
	assert_int_equal(decimal_parse_json(TEXT("1e-99999999999999999999"), &decimal), LIMIT);
	assert_int_equal(decimal_parse_json(TEXT("0e99999999999999999999"), &decimal), OK);
	assert_int_equal(decimal_parse_json(TEXT("1.5E-3"), &decimal), OK);
	assert_written(decimal, "0.0015");
	assert_int_equal(decimal_parse_json(TEXT("12e3"), &decimal), OK);
	assert_written(decimal, "12000");
}

static void sums(void **state)
{
	(void)state;
	struct decimal result;
	assert_int_equal(decimal_add(number("0.1"), number("0.2"), &result), OK);
	assert_written(result, "0.3");
	assert_int_equal(decimal_add(number("1"), number("0.25"), &result), OK);
	assert_written(result, "1.25");
	assert_int_equal(decimal_add(number(LARGEST), number("1"), &result), LIMIT);
	assert_int_equal(decimal_add(number(LARGEST), number("0.0"), &result), OK);
	assert_written(result, LARGEST);
	assert_int_equal(decimal_subtract(number("1.00"), number("1.00"), &result), OK);
	assert_written(result, "0.00");
	assert_int_equal(decimal_subtract(decimal_negate(number(LARGEST)), number("0.1"), &result), LIMIT);
}

static void products(void **state)
{
	(void)state;
	struct decimal result;
	assert_int_equal(decimal_multiply(number("19.99"), number("1.19"), &result), OK);
	assert_written(result, "23.7881");
	assert_int_equal(decimal_multiply(number("-0.5"), number("4.0"), &result), OK);
	assert_written(result, "-2.00");
	assert_int_equal(decimal_multiply(number("10000000000000000000"), number("10000000000000000000"), &result), LIMIT);
	assert_int_equal(decimal_multiply(number("10000000000000000000"), number("9999999999999999999"), &result), OK);
	assert_int_equal(decimal_multiply(number("0.000000000000001"), number("0.000000000000001"), &result), LIMIT);
	assert_int_equal(decimal_multiply(number("0.00000000000000"), number("0.000000000000000"), &result), OK);
}

static void quotients(void **state)
{
	(void)state;
	struct decimal result;
	assert_int_equal(decimal_divide(number("10.00"), number("4"), &result), OK);
	assert_written(result, "2.5");
	assert_int_equal(decimal_divide(number("2"), number("3"), &result), OK);
	assert_written(result, "0.666666666666666667");
	assert_int_equal(decimal_divide(number("-2"), number("3"), &result), OK);
	assert_written(result, "-0.666666666666666667");
	assert_int_equal(decimal_divide(number("0"), number("3.00"), &result), OK);
	assert_written(result, "0");
	assert_int_equal(decimal_divide(number("1"), number("0.00"), &result), INVALID);
	assert_int_equal(decimal_divide(number(LARGEST), number("7"), &result), LIMIT);
	assert_int_equal(decimal_divide(number(LARGEST), number("1"), &result), OK);
	assert_written(result, LARGEST);
}

static void rounds(void **state)
{
	(void)state;
	static const struct {
		const char *number;
		int scale;
		const char *by_mode[ROUND_CEILING + 1]; /* NULL: LIMIT */
	} CASES[] = {
		{"2.5", 0, {"3", "2", "2", "3", "2", "3"}},
		{"-2.5", 0, {"-3", "-2", "-2", "-3", "-3", "-2"}},
		{"0.005", 2, {"0.01", "0.00", "0.00", "0.01", "0.00", "0.01"}},
		{"1234", -2, {"1200", "1200", "1200", "1300", "1200", "1300"}},
		{"7", 2, {"7.00", "7.00", "7.00", "7.00", "7.00", "7.00"}},
		{"1", -40, {"0", "0", "0", NULL, "0", NULL}},
		{"-1", INT32_MIN, {"0", "0", "0", NULL, NULL, "0"}},
		{LARGEST,
		 -1,
		 {NULL, NULL, "99999999999999999999999999999999999990", NULL, "99999999999999999999999999999999999990", NULL}},
		{LARGEST, 1, {NULL}},
		{"0",
		 28,
		 {"0.0000000000000000000000000000", "0.0000000000000000000000000000", "0.0000000000000000000000000000",
		  "0.0000000000000000000000000000", "0.0000000000000000000000000000", "0.0000000000000000000000000000"}},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++)
		for (enum rounding mode = ROUND_HALF_AWAY; mode <= ROUND_CEILING; mode++) {
			struct decimal result;
			enum status status = decimal_round(number(CASES[i].number), CASES[i].scale, mode, &result);
			assert_int_equal(status, CASES[i].by_mode[mode] ? OK : LIMIT);
			if (status == OK)
				assert_written(result, CASES[i].by_mode[mode]);
		}
	struct decimal result;
	assert_int_equal(decimal_round(number("1"), 29, ROUND_DOWN, &result), LIMIT);
}

static void compares(void **state)
{
	(void)state;
	assert_int_equal(decimal_compare(number("1.0"), number("1.00")), 0);
	assert_int_equal(decimal_compare(number("0"), number("-0.01")), 1);
	assert_int_equal(decimal_compare(number(LARGEST), number("0.0000000000000000000000000001")), 1);
	assert_int_equal(decimal_compare(decimal_negate(number(LARGEST)), number("-0.0000000000000000000000000001")), -1);
	assert_true(decimal_hash(number("1.0")) == decimal_hash(number("1.000")));
	assert_true(decimal_hash(number("1.0")) != decimal_hash(number("10")));
	assert_written(decimal_normal(number("12.500")), "12.5");
	assert_written(decimal_normal(number("100")), "100");
}

static void converts(void **state)
{
	(void)state;
	int64_t integer;
	assert_int_equal(decimal_to_int(number("-42.000"), &integer), OK);
	assert_int_equal(integer, -42);
	assert_int_equal(decimal_to_int(number("42.5"), &integer), INVALID);
	assert_int_equal(decimal_to_int(number("-9223372036854775808"), &integer), OK);
	assert_true(integer == INT64_MIN);
	assert_int_equal(decimal_to_int(number("9223372036854775808"), &integer), LIMIT);
	assert_written(decimal_from_int(INT64_MIN), "-9223372036854775808");
	assert_true(decimal_to_double(number("-0.5")) == -0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_keeps_scale), cmocka_unit_test(parse_refuses), cmocka_unit_test(sums),
		cmocka_unit_test(products),          cmocka_unit_test(quotients),     cmocka_unit_test(rounds),
		cmocka_unit_test(compares),          cmocka_unit_test(converts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
