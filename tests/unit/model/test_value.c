/* Values: what is equal, what has an order, what hashes alike, and how people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/model/type.h"
#include "engine/model/value.h"

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

static struct value text(const char *string)
{
	return value_text(text_from(string));
}

static struct value list(uint32_t count, const struct value *items)
{
	return (struct value){.kind = VALUE_LIST, .count = count, .items = items};
}

static const struct enum_value LEVELS[] = {{.name = {"low", 3}}, {.name = {"normal", 6}}, {.name = {"high", 4}}};
static const struct enumeration LEVEL = {.name = {"level", 5}, .values = LEVELS, .count = 3};

static struct value level(uint32_t ordinal)
{
	return (struct value){.kind = VALUE_ENUM, .count = ordinal, .enumeration = &LEVEL};
}

/* --- equality */
static void equal_and_hashed_alike(struct value a, struct value b)
{
	assert_true(value_equal(a, b));
	assert_true(value_equal(b, a));
	assert_int_equal(value_hash(a), value_hash(b));
}

static void test_equal(void **state)
{
	(void)state;
	struct value one_two[] = {value_int(1), text("two")}, same[] = {number(VALUE_DECIMAL, "1.0"), text("two")};
	equal_and_hashed_alike(number(VALUE_DECIMAL, "1.0"), number(VALUE_DECIMAL, "1.00"));
	equal_and_hashed_alike(value_int(5), number(VALUE_DECIMAL, "5.0"));
	equal_and_hashed_alike(money("1.50", "EUR"), money("1.5", "EUR"));
	equal_and_hashed_alike(text("abc"), text("abc"));
	equal_and_hashed_alike(value_duration(1, UNIT_DAY), value_duration(86400, UNIT_SECOND));
	equal_and_hashed_alike(level(1), level(1));
	equal_and_hashed_alike(list(2, one_two), list(2, same));
	equal_and_hashed_alike(value_ref(3, (struct record_id){1, 2}), value_ref(3, (struct record_id){1, 2}));
}

static void test_not_equal(void **state)
{
	(void)state;
	assert_false(value_equal(value_missing(), value_missing()));
	assert_false(value_equal(money("1", "EUR"), money("1", "CHF")));
	assert_false(value_equal(value_int(0), value_bool(false)));
	assert_false(value_equal(text("a"), text("ab")));
	assert_false(value_equal(value_duration(1, UNIT_WORK_DAY), value_duration(1, UNIT_DAY)));
	assert_false(value_equal(value_time(5), (struct value){.kind = VALUE_DATE, .integer = 5}));
	assert_false(value_equal(value_ref(3, (struct record_id){1, 2}), value_ref(3, (struct record_id){1, 3})));
	struct value one = value_int(1), two[] = {value_int(1), value_int(2)};
	assert_false(value_equal(list(1, &one), list(2, two)));
}

/* --- order */
static int order(struct value a, struct value b)
{
	int order = 7;
	assert_int_equal(value_compare(a, b, &order), OK);
	return order;
}

static void no_order(struct value a, struct value b)
{
	int order;
	assert_int_equal(value_compare(a, b, &order), INVALID);
}

static void test_order(void **state)
{
	(void)state;
	assert_int_equal(order(value_int(2), value_int(10)), -1);
	assert_int_equal(order(value_int(2), number(VALUE_DECIMAL, "1.99")), 1);
	assert_int_equal(order(number(VALUE_PERCENT, "0.19"), number(VALUE_DECIMAL, "0.190")), 0);
	assert_int_equal(order(text("Z"), text("a")), -1);
	assert_int_equal(order(level(0), level(2)), -1);
	assert_int_equal(order(value_duration(2, UNIT_DAY), value_duration(25 * 3600, UNIT_SECOND)), 1);
	assert_int_equal(order(value_duration(2, UNIT_WORK_DAY), value_duration(3, UNIT_WORK_DAY)), -1);
	assert_int_equal(order(money("2", "EUR"), money("10", "EUR")), -1);
	assert_int_equal(order(value_time(-5), value_time(5)), -1);
}

static void test_no_order(void **state)
{
	(void)state;
	no_order(money("2", "EUR"), money("1", "CHF"));
	no_order(value_duration(2, UNIT_MONTH), value_duration(50, UNIT_DAY));
	no_order(value_duration(2, UNIT_WORK_SECOND), value_duration(2, UNIT_SECOND));
	no_order(value_int(1), text("1"));
	no_order(value_ref(0, (struct record_id){1, 1}), value_ref(0, (struct record_id){1, 2}));
	no_order(value_missing(), value_int(1));
}

/* --- copies */
static void test_copy_owns_its_insides(void **state)
{
	(void)state;
	char word[] = "word";
	struct value inner[] = {text(word), value_int(1)}, original = list(2, inner);
	struct value copy = value_copy(&arena, original);
	word[0] = 'W';
	inner[1] = value_int(2);
	assert_true(text_is(value_as_text(copy.items[0]), "word"));
	assert_int_equal(copy.items[1].integer, 1);
	struct value missing = value_missing();
	missing.text = "alert.device", missing.count = 12;
	assert_true(text_is(value_as_text(value_copy(&arena, missing)), "alert.device"));
}

/* --- for people */
static void shows(struct value value, const char *wanted)
{
	const struct zone *berlin;
	assert_int_equal(zone_find(TEXT("Europe/Berlin"), &berlin), OK);
	assert_string_equal(value_show(&arena, value, berlin).bytes, wanted);
}

static void test_show(void **state)
{
	(void)state;
	struct value pair[] = {text("a"), level(2)}, ends[] = {value_int(1), value_int(9)};
	shows(value_missing(), "not set");
	shows(value_bool(true), "true");
	shows(value_int(-12), "-12");
	shows(number(VALUE_DECIMAL, "12.50"), "12.50");
	shows(number(VALUE_PERCENT, "0.19"), "19%");
	shows(number(VALUE_PERCENT, "0.125"), "12.5%");
	shows(number(VALUE_PERCENT, "1"), "100%");
	shows(money("15.50", "EUR"), "15.50 EUR");
	shows(text("plain"), "plain");
	shows((struct value){.kind = VALUE_DATE, .integer = 20539}, "2026-03-27");
	shows(value_time(1774626300), "2026-03-27 16:45");
	shows((struct value){.kind = VALUE_TIME_OF_DAY, .integer = 8 * 3600}, "08:00");
	shows(value_duration(5400, UNIT_SECOND), "1h30min");
	shows(value_duration(-5400, UNIT_SECOND), "-1h30min");
	shows(value_duration(1, UNIT_DAY), "1 day");
	shows(value_duration(2, UNIT_WORK_DAY), "2 workdays");
	shows(value_duration(31 * 60, UNIT_WORK_SECOND), "31 workmin");
	shows(level(2), "high");
	shows(list(2, pair), "[a, high]");
	shows((struct value){.kind = VALUE_RANGE, .count = 2, .items = ends}, "1..9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_not_equal),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_order),
		cmocka_unit_test(test_copy_owns_its_insides),
		cmocka_unit_test(test_show),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
