/* Ids: written and read back, sorted by time, the same for the same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/model/value.h"

static void test_write_and_parse(void **state)
{
	(void)state;
	struct record_id id = {0x0123456789abcdefu, 0xfedcba9876543210u}, back;
	char buffer[RECORD_ID_TEXT + 1];
	record_id_write(id, buffer);
	assert_int_equal(strlen(buffer), RECORD_ID_TEXT);
	assert_int_equal(record_id_parse(text_from(buffer), &back), OK);
	assert_true(id_equal(id, back));
	for (char *letter = buffer; *letter; letter++)
		if (*letter >= 'A' && *letter <= 'Z')
			*letter = (char)(*letter - 'A' + 'a');
	assert_int_equal(record_id_parse(text_from(buffer), &back), OK);
	assert_true(id_equal(id, back));
}

static void test_what_is_no_id(void **state)
{
	(void)state;
	struct record_id id;
	assert_int_equal(record_id_parse(TEXT(""), &id), INVALID);
	assert_int_equal(record_id_parse(TEXT("0123456789ABCDEFGHJKMNPQR"), &id), INVALID);   /* too short */
	assert_int_equal(record_id_parse(TEXT("0123456789ABCDEFGHJKMNPQRST"), &id), INVALID); /* too long */
	assert_int_equal(record_id_parse(TEXT("0123456789ABCDEFGHIKMNPQRS"), &id), INVALID);  /* I */
	assert_int_equal(record_id_parse(TEXT("8123456789ABCDEFGHJKMNPQRS"), &id), INVALID);  /* 129 bits */
}

static void test_derived(void **state)
{
	(void)state;
	struct record_id a = record_id_derive(1000, "seed", 4), b = record_id_derive(1000, "seed", 4);
	struct record_id later = record_id_derive(1001, "seed", 4), other = record_id_derive(1000, "seeds", 5);
	assert_true(id_equal(a, b));
	assert_false(id_equal(a, other));
	assert_int_equal(a.high >> 16, 1000 * 1000);
	assert_true(a.high < later.high);
	char early[RECORD_ID_TEXT + 1], late[RECORD_ID_TEXT + 1];
	record_id_write(a, early);
	record_id_write(later, late);
	assert_true(strcmp(early, late) < 0);
}

/* 80 bits of hash: 200,000 seeds that differ in little never meet, and every bit is used. */
static void test_spread(void **state)
{
	(void)state;
	uint64_t all = 0, every = ~(uint64_t)0;
	struct record_id last = {0};
	for (uint64_t i = 0; i < 200000; i++) {
		struct record_id id = record_id_derive(0, &i, sizeof(i));
		assert_false(id_equal(id, last));
		all |= id.low;
		every &= id.low;
		last = id;
	}
	assert_true(all == ~(uint64_t)0);
	assert_true(every == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_parse),
		cmocka_unit_test(test_what_is_no_id),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
