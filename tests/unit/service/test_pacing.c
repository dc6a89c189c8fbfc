/* When calls may go out: limits, how many at once, and a breaker that opens, tries and closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/service/pacing.h"

static struct pacing pacing;

static int open_pacing(void **state)
{
	(void)state;
	pacing_open(&pacing);
	return 0;
}

static int close_pacing(void **state)
{
	(void)state;
	pacing_close(&pacing);
	return 0;
}

static const struct pace NO_LIMIT = {0};

/* Sends what there is room for, and has all of it answered at once. */
static uint32_t burst(struct place *place, struct pace pace, int64_t now)
{
	int64_t again;
	uint32_t sent = 0, room;

	while ((room = place_room(place, pace, now, &again)) && sent < 1000)
		for (uint32_t i = 0; i < room; i++, sent++) {
			place_sent(&pacing, place, pace, now);
			assert_int_equal(place_answered(place), PLACE_SAME);
		}
	return sent;
}

static void fail_often(struct place *place, uint32_t times, int64_t now)
{
	for (uint32_t i = 0; i < times; i++) {
		place_sent(&pacing, place, NO_LIMIT, now);
		(void)place_failed(place, now);
	}
}

static void a_limit_is_kept_in_any_stretch_of_time(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	struct pace pace = {.count = 10, .seconds = 60};
	int64_t again;

	(void)state;
	assert_int_equal(burst(place, pace, 1000), 10);
	assert_int_equal(place_room(place, pace, 1000, &again), 0);
	assert_int_equal(again, 61000);
	assert_int_equal(burst(place, pace, 60999), 0);
	assert_int_equal(burst(place, pace, 61000), 10);
	assert_int_equal(burst(place, pace, 10000000), 10); /* what was not used does not pile up */
	for (int64_t now = 20000000, sent = 0, second = 0; second < 600; second++, now += 1000) {
		sent += burst(place, pace, now);
		assert_in_range(sent, 0, (second / 60 + 1) * 10);
	}
	pace.count = 12; /* other packs, and the window has just moved on */
	assert_int_equal(burst(place, pace, 20600000), 12);
}

static void few_are_out_at_once(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	int64_t again;

	(void)state;
	for (uint32_t i = 0; i < PACE_AT_ONCE; i++) {
		assert_int_equal(place_room(place, NO_LIMIT, 0, &again), PACE_AT_ONCE - i);
		place_sent(&pacing, place, NO_LIMIT, 0);
	}
	assert_int_equal(place_room(place, NO_LIMIT, 0, &again), 0);
	assert_true(again == INT64_MAX);
	place_answered(place);
	assert_int_equal(place_room(place, NO_LIMIT, 0, &again), 1);
}

static void what_fails_again_and_again_is_left_alone(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	int64_t again, now = 1000;

	(void)state;
	fail_often(place, BREAK_AFTER - 1, now);
	assert_true(place_room(place, NO_LIMIT, now, &again) > 0);
	place_sent(&pacing, place, NO_LIMIT, 0);
	assert_int_equal(place_failed(place, now), PLACE_DOWN);
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), 0);
	assert_int_equal(again, now + BREAK_FIRST * 1000);

	/* one tries; it fails, and it is left alone for twice as long */
	now = again;
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), 1);
	place_sent(&pacing, place, NO_LIMIT, 0);
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), 0);
	assert_int_equal(place_failed(place, now), PLACE_SAME);
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), 0);
	assert_int_equal(again, now + 2 * BREAK_FIRST * 1000);

	/* one tries; it is answered, and all may go */
	now = again;
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), 1);
	place_sent(&pacing, place, NO_LIMIT, 0);
	assert_int_equal(place_answered(place), PLACE_UP);
	assert_int_equal(place_room(place, NO_LIMIT, now, &again), PACE_AT_ONCE);
}

static void the_pause_has_an_end(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	int64_t again, now = 0;

	(void)state;
	fail_often(place, BREAK_AFTER, now);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(place_room(place, NO_LIMIT, now, &again), 0);
		assert_in_range(again - now, 1, BREAK_LAST * 1000);
		now = again;
		fail_often(place, 1, now);
	}
}

static void those_that_were_out_already_do_not_lengthen_it(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	int64_t again;

	(void)state;
	for (uint32_t i = 0; i < PACE_AT_ONCE; i++)
		place_sent(&pacing, place, NO_LIMIT, 0);
	for (uint32_t i = 0; i < PACE_AT_ONCE; i++)
		(void)place_failed(place, 0);
	assert_int_equal(place_room(place, NO_LIMIT, 0, &again), 0);
	assert_int_equal(again, BREAK_FIRST * 1000);
	assert_int_equal(place->out, 0);
}

static void a_wish_to_be_left_alone_is_kept(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	int64_t again;

	(void)state;
	place_wait(place, 5000);
	place_wait(place, 3000);
	assert_int_equal(place_room(place, NO_LIMIT, 4999, &again), 0);
	assert_int_equal(again, 5000);
	assert_true(place_room(place, NO_LIMIT, 5000, &again) > 0);
}

/* Another process, told of what this one knows. */
static struct place *other_process(const struct place *place, int64_t now)
{
	struct place *other = pacing_place(&pacing, 99, TEXT("rmm"));
	struct place_state state;

	place_tell(place, &pacing.arena, &state);
	place_hear(&pacing, other, &state, now);
	return other;
}

static void another_process_goes_on_where_this_one_was(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	struct pace pace = {.count = 10, .seconds = 60};
	int64_t again;

	(void)state;
	assert_int_equal(burst(place, pace, 1000), 10);
	assert_int_equal(burst(other_process(place, 2000), pace, 2000), 0);
	assert_int_equal(burst(other_process(place, 61000), pace, 61000), 10);

	fail_often(place, BREAK_AFTER, 100000);
	struct place *other = other_process(place, 100000);
	assert_int_equal(place_room(other, NO_LIMIT, 100000, &again), 0);
	assert_int_equal(again, 100000 + BREAK_FIRST * 1000);
	place_sent(&pacing, place, NO_LIMIT, again); /* one tries, wherever it is */
	assert_int_equal(place_room(other_process(place, again), NO_LIMIT, again, &again), 0);
	/* and is forgotten with its process */
	assert_int_equal(place_room(other_process(place, 1000000), NO_LIMIT, 1000000, &again), 1);
}

/* An hour ahead, and then set back: nobody waits for that hour. */
static void a_wrong_clock_is_forgotten(void **state)
{
	struct place *place = pacing_place(&pacing, 0, TEXT("rmm"));
	struct pace pace = {.count = 10, .seconds = 60};

	(void)state;
	assert_int_equal(burst(place, pace, 3600000), 10);
	place_wait(place, 3600000 + 5000);
	assert_int_equal(burst(other_process(place, 1000), pace, 1000), 10);
}

static void places_do_not_know_each_other(void **state)
{
	struct place *one = pacing_place(&pacing, 0, TEXT("rmm")), *other = pacing_place(&pacing, 1, TEXT("rmm"));
	int64_t again;

	(void)state;
	fail_often(one, BREAK_AFTER, 0);
	assert_int_equal(place_room(one, NO_LIMIT, 0, &again), 0);
	assert_int_equal(place_room(other, NO_LIMIT, 0, &again), PACE_AT_ONCE);
	assert_ptr_equal(one, pacing_place(&pacing, 0, TEXT("rmm")));
	assert_ptr_not_equal(one, pacing_place(&pacing, 0, TEXT("datev")));
}

int main(void)
{
#define PACING_TEST(name) cmocka_unit_test_setup_teardown(name, open_pacing, close_pacing)
	const struct CMUnitTest tests[] = {
		PACING_TEST(a_limit_is_kept_in_any_stretch_of_time),
		PACING_TEST(few_are_out_at_once),
		PACING_TEST(what_fails_again_and_again_is_left_alone),
		PACING_TEST(the_pause_has_an_end),
		PACING_TEST(those_that_were_out_already_do_not_lengthen_it),
		PACING_TEST(a_wish_to_be_left_alone_is_kept),
		PACING_TEST(another_process_goes_on_where_this_one_was),
		PACING_TEST(a_wrong_clock_is_forgotten),
		PACING_TEST(places_do_not_know_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
