/* Clocks reckoned anew: what the history will say of it, and what a calendar that a new version of the pack declares otherwise
 * does to those that run. How time is counted: test_reckon.c and flow/clocks. */
#include "tests/unit/engine/small_host.h"

#include "engine/model/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct small_host host; /* begins on 2026-03-27T08:00Z, a Friday: 09:00 in Berlin */

#define PACK(hours)                                                                                                            \
	"pack test \"1.0.0\" { title \"Test\"; zone Europe/Berlin }\n"                                                         \
	"calendar office { zone Europe/Berlin; " hours " }\n"                                                                  \
	"entity job { name text required; rank enum(low, high) default low; done bool default false }\n"                       \
	"event go { name text required }\n"                                                                                    \
	"event hurry { name text required }\n"                                                                                 \
	"event finish { name text required }\n"                                                                                \
	"clock solve on job { starts on job.created; stops when job.done; calendar office\n"                                   \
	"  target if job.rank == high then 1h else 4h; reopened pause; warn at 50% }\n"                                        \
	"rule begin { on go as g; then create job { name = g.name } }\n"                                                       \
	"rule hurries { on hurry as h; then { for each j in all(job where job.name == h.name) { set j { rank = high } } } }\n" \
	"rule ends { on finish as f; then { for each j in all(job where job.name == f.name) { set j { done = true } } } }\n"

#define LONG_DAY PACK("mon..fri 08:00..17:00")

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	return 0;
}

static const struct change *change_of(const char *entity)
{
	for (uint32_t i = 0; i < host.turn->plan.changes.count; i++)
		if (text_is(host.turn->plan.changes.items[i]->entity->name, entity))
			return host.turn->plan.changes.items[i];
	return NULL;
}

static const char *shown(const struct change *change, const struct value *values, const char *field)
{
	return value_show(&host.arena, values[entity_field(change->entity, text_from(field))->index], host.program->zone).bytes;
}

static bool is_marked(const struct change *change, const char *field)
{
	uint32_t index = entity_field(change->entity, text_from(field))->index;
	return change->changed[index / 64] >> index % 64 & 1;
}

static void test_the_history_has_what_was_due_and_what_is(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	host_raise(&host, "go", "{\"name\": \"A\"}");
	host.now += 600;
	host_raise(&host, "hurry", "{\"name\": \"A\"}");
	const struct change *change = change_of("solve");
	assert_non_null(change);
	assert_int_equal(change->kind, CHANGE_UPDATE);
	assert_string_equal(shown(change, change->before, "due_at"), "2026-03-27 13:00");
	assert_string_equal(shown(change, change->after, "due_at"), "2026-03-27 10:00");
	assert_string_equal(shown(change, change->before, "target"), "4h");
	assert_string_equal(shown(change, change->after, "target"), "1h");
	assert_true(is_marked(change, "due_at") && is_marked(change, "target"));
	assert_string_equal(shown(change, change->after, "started_at"), shown(change, change->before, "started_at"));
}

static void test_what_changes_nothing_is_no_change(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	host_activate(&host, LONG_DAY); /* master data are there */
	host_raise(&host, "go", "{\"name\": \"A\"}");
	host_raise(&host, "hurry", "{\"name\": \"A\"}");
	host.now += 60;
	host_activate(&host, LONG_DAY);
	assert_int_equal(host.turn->plan.changes.count, 0);
}

static void test_a_calendar_declared_otherwise_reckons_what_runs(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	host_raise(&host, "go", "{\"name\": \"done\"}");
	host_raise(&host, "finish", "{\"name\": \"done\"}");
	host_raise(&host, "go", "{\"name\": \"runs\"}");
	host.now += 1800;
	host_activate(&host, PACK("mon..fri 08:00..12:00")); /* three hours on Friday, one on Monday */
	assert_int_equal(host.status, OK);
	const struct change *change = change_of("solve");
	assert_non_null(change);
	assert_string_equal(shown(change, change->before, "due_at"), "2026-03-27 13:00");
	assert_string_equal(shown(change, change->after, "due_at"), "2026-03-30 09:00");
	uint32_t reckoned = 0;
	for (uint32_t i = 0; i < host.turn->plan.changes.count; i++)
		reckoned += text_is(host.turn->plan.changes.items[i]->entity->name, "solve");
	assert_int_equal(reckoned, 1); /* what has stopped stays as it was */
	host_advance(&host, 2 * 86400);
	assert_int_equal(host_count(&host, "timer"), 1);
	host_advance(&host, 86400);
	assert_int_equal(host_count(&host, "timer"), 0);
}

static void test_one_that_is_late_by_the_new_calendar_is_breached_at_once(void **state)
{
	(void)state;
	host_open(&host, PACK("mon..fri 14:00..18:00"));
	host_raise(&host, "go", "{\"name\": \"A\"}");
	host.now += 4 * 3600 + 60;
	host_activate(&host, LONG_DAY);
	assert_int_equal(host_events(&host, "solve.breached"), 1);
	assert_string_equal(host_shows(&host, "solve", 0, "state"), "breached");
	host_activate(&host, LONG_DAY);
	assert_int_equal(host_events(&host, "solve.breached"), 0);
}

/* --- more of them than one turn reckons anew */
static void jobs_begin(uint32_t count)
{
	char source[64];
	for (uint32_t i = 0; i < count; i++) {
		snprintf(source, sizeof(source), "{\"name\": \"%u\"}", i);
		host_raise(&host, "go", source);
	}
}

static uint32_t due_count(const char *due)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < host_count(&host, "solve"); i++)
		count += !strcmp(host_shows(&host, "solve", i, "due_at"), due);
	return count;
}

/* Rings what is due now until nothing is; how many turns it took. */
static uint32_t slices_ring(uint32_t most)
{
	uint32_t turns = 0;
	for (uint32_t i = 0; turns < most && i < host_count(&host, "timer");) {
		bool slice = atoi(host_shows(&host, "timer", i, "kind")) == TIMER_SLICE;
		if (slice) {
			host_ring(&host, i);
			assert_int_equal(host.status, OK);
			turns++;
		}
		i = slice ? 0 : i + 1;
	}
	return turns;
}

#define SHORT_DAY PACK("mon..fri 08:00..12:00")
#define DUE_THEN "2026-03-27 12:00" /* UTC */
#define DUE_NOW "2026-03-30 07:00"

static void test_more_than_a_turn_can_are_reckoned_in_several(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	jobs_begin(10);
	engine_slice(host.engine, 3);
	host_activate(&host, SHORT_DAY);
	assert_int_equal(host.status, OK);
	assert_int_equal(due_count(DUE_NOW), 3);
	assert_int_equal(host_count(&host, "timer"), 11);
	host_raise(&host, "finish", "{\"name\": \"7\"}"); /* what is touched in between knows the new packs already */
	jobs_begin(1);
	assert_int_equal(slices_ring(100), 3);
	assert_int_equal(due_count(DUE_NOW) + due_count(DUE_THEN), 11);
	assert_in_range(due_count(DUE_THEN), 0, 1); /* the one that has stopped, when no slice had come to it */
	assert_int_equal(host_count(&host, "timer"), 10);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
	host_activate(&host, SHORT_DAY);
	assert_int_equal(slices_ring(100), 3);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

/* Who changes them all the time keeps none from its turn. */
static void test_what_changes_again_in_between_goes_round(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	jobs_begin(10);
	engine_slice(host.engine, 3);
	host_activate(&host, SHORT_DAY);
	assert_int_equal(slices_ring(1), 1);
	assert_int_equal(due_count(DUE_NOW), 6);
	host_activate(&host, LONG_DAY);
	assert_int_equal(slices_ring(1), 1);
	assert_int_equal(due_count(DUE_NOW), 6); /* three more that had never been otherwise */
	host_activate(&host, LONG_DAY);
	assert_int_equal(slices_ring(1), 1);
	host_activate(&host, SHORT_DAY);
	assert_int_equal(slices_ring(100), 4);
	assert_int_equal(due_count(DUE_NOW), 10);
	host_activate(&host, LONG_DAY);
	assert_int_equal(slices_ring(100), 3);
	assert_int_equal(due_count(DUE_THEN), 10);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

static void test_each_is_breached_once_whoever_comes_to_it_first(void **state)
{
	uint32_t breached = 0;
	(void)state;
	host_open(&host, PACK("mon..fri 14:00..18:00"));
	jobs_begin(5);
	engine_slice(host.engine, 2);
	host.now += 4 * 3600 + 60;
	host_activate(&host, LONG_DAY);
	breached += host_events(&host, "solve.breached");
	assert_int_equal(breached, 2);
	host_raise(&host, "finish", "{\"name\": \"4\"}");
	breached += host_events(&host, "solve.breached");
	while (slices_ring(1))
		breached += host_events(&host, "solve.breached");
	assert_int_equal(breached, 5);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

/* A pack without the clock, and with it again: what was left of the way is no obstacle. */
static void test_a_clock_that_went_and_came_back_goes_on(void **state)
{
	(void)state;
	host_open(&host, LONG_DAY);
	jobs_begin(5);
	engine_slice(host.engine, 2);
	host_activate(&host, SHORT_DAY);
	for (uint32_t i = 0; i < host_count(&host, "timer"); i++)
		if (atoi(host_shows(&host, "timer", i, "kind")) == TIMER_SLICE)
			host_write(&host, "timer", i, "subject", value_text(TEXT("gone")));
	assert_int_equal(slices_ring(100), 1);
	assert_int_equal(due_count(DUE_NOW), 2);
	host_activate(&host, SHORT_DAY);
	slices_ring(100);
	assert_int_equal(due_count(DUE_NOW), 5);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_host)
	const struct CMUnitTest tests[] = {
		TEST(test_the_history_has_what_was_due_and_what_is),
		TEST(test_what_changes_nothing_is_no_change),
		TEST(test_a_calendar_declared_otherwise_reckons_what_runs),
		TEST(test_one_that_is_late_by_the_new_calendar_is_breached_at_once),
		TEST(test_more_than_a_turn_can_are_reckoned_in_several),
		TEST(test_what_changes_again_in_between_goes_round),
		TEST(test_each_is_breached_once_whoever_comes_to_it_first),
		TEST(test_a_clock_that_went_and_came_back_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
