/* Deadlines: the first is the first, and who is served, gone or late is not there any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/http/guests.h"

static void test_deadlines(void **state)
{
	struct guests guests = {.patience = 100};
	struct guest a = {0}, b = {0}, c = {0};

	(void)state;
	assert_int_equal(guests_next(&guests), INT64_MAX);
	assert_null(guests_late(&guests, INT64_MAX));
	guest_await(&guests, &a, 0);
	guest_await(&guests, &b, 10);
	guest_await(&guests, &c, 20);
	guest_await(&guests, &a, 30); /* keeps his deadline */
	assert_int_equal(guests_next(&guests), 100);
	assert_null(guests_late(&guests, 99));
	guest_forget(&guests, &b);
	guest_forget(&guests, &b);
	assert_ptr_equal(guests_late(&guests, 500), &a);
	assert_int_equal(guests_next(&guests), 120);
	guest_await(&guests, &a, 60);
	guest_await(&guests, &b, 70);
	guest_forget(&guests, &b); /* the last */
	guest_await(&guests, &b, 80);
	assert_ptr_equal(guests_late(&guests, 500), &c);
	assert_ptr_equal(guests_late(&guests, 500), &a);
	assert_ptr_equal(guests_late(&guests, 500), &b);
	assert_null(guests_late(&guests, 500));
	assert_int_equal(guests_next(&guests), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_deadlines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
