/* Rules and time: dedupe, damp, once per, at most, holds for, unless followed by, valid from; all on a clock that is a number.
 */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>

static struct small_host host;

#define PACK                                                                                                                   \
	"pack test \"1.0.0\" { title \"Test\" }\n"                                                                             \
	"entity thing { name text required; size int default 1; state enum(new, done) default new }\n"                         \
	"entity thing_note { thing ref thing required; body text required }\n"                                                 \
	"entity mark { name text required }\n"                                                                                 \
	"event go \"Los\" { name text; n int }\n"                                                                              \
	"event back { name text }\n"                                                                                           \
	"rule finish { on back as b; then { for each t in all(thing where thing.name == (b.name default \"\")) {\n"            \
	"  set t { state = done } } } }\n"

enum { MINUTE = 60, HOUR = 3600 };

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	return 0;
}

static void go(const char *name)
{
	char source[64];
	snprintf(source, sizeof(source), "{\"name\": \"%s\"}", name);
	host_raise(&host, "go", source);
	if (host.status != OK)
		fail_msg("%s", host.error.sentence);
}

static void outcome(const char *wanted)
{
	assert_string_equal(host_outcome(&host, "r", 0), wanted);
}

static void test_dedupe(void **state)
{
	(void)state;
	host_open(&host, PACK "rule r { on go as e; when e.name is set; dedupe by e.name while thing.state != done\n"
			      "  then create thing { name = e.name } }\n");
	go("a");
	outcome("fired");
	go("a");
	outcome("duplicate");
	assert_int_equal(host_count(&host, "thing"), 1);
	assert_int_equal(host_count(&host, "thing_note"), 1); /* the repeat is a note on it */
	go("b");
	outcome("fired");
	host_raise(&host, "back", "{\"name\": \"a\"}");
	go("a");
	outcome("fired");
	go("a");
	outcome("duplicate");
	assert_int_equal(host_count(&host, "thing"), 3);
}

static void test_damp(void **state)
{
	(void)state;
	host_open(&host, PACK "rule r { on go as e; damp above 3 per 30min by e.name\n  then create mark { name = \"m\" } }\n");
	for (int i = 0; i < 3; i++) {
		go("a");
		outcome("fired");
		host_advance(&host, MINUTE);
	}
	go("a");
	outcome("damped");
	go("b"); /* by key */
	outcome("fired");
	host_advance(&host, 25 * MINUTE); /* four are still within the half hour, the damped one too */
	go("a");
	outcome("damped");
	host_advance(&host, 31 * MINUTE);
	go("a");
	outcome("fired");
	assert_int_equal(host_count(&host, "mark"), 5);
}

static void test_once_per(void **state)
{
	(void)state;
	host_open(&host, PACK "rule r { on go as e; once per 30min by e.name\n  then create mark { name = \"m\" } }\n");
	go("a");
	outcome("fired");
	host_advance(&host, 30 * MINUTE - 1);
	go("a");
	outcome("once");
	go("b");
	outcome("fired");
	host_advance(&host, 1);
	go("a");
	outcome("fired");
}

static void test_at_most(void **state)
{
	(void)state;
	host_open(&host, PACK "rule r { on go as e; at most 2 per 1h\n  then create mark { name = \"m\" } }\n");
	go("a");
	host_advance(&host, 10 * MINUTE);
	go("b");
	outcome("fired");
	go("c");
	outcome("at most");
	host_advance(&host, 50 * MINUTE); /* the first is an hour old */
	go("d");
	outcome("fired");
	go("e");
	outcome("at most");
	assert_int_equal(host_count(&host, "mark"), 3);
}

static void test_a_body_that_fails_does_not_count(void **state)
{
	(void)state;
	host_open(&host, PACK "rule r { on go as e; once per 30min\n  then { if e.name == \"bad\" { fail \"no\" }\n"
			      "  create mark { name = \"m\" } } }\n");
	go("bad");
	outcome("failed");
	go("good");
	outcome("fired");
	go("good");
	outcome("once");
}

/* --- holds for */
#define HOLDS                                                                                                                  \
	PACK "rule make { on go as e; when e.n is not set; then create thing { name = e.name default \"?\" } }\n"              \
	     "rule size { on go as e; when e.n is set; then { for each t in all(thing) { set t { size = e.n default 0 } } } "  \
	     "}\n"                                                                                                             \
	     "rule r { on thing.updated as t; when t.size >= 10; holds for 15min\n  then create mark { name = t.name } }\n"

static void size(int n)
{
	char source[64];
	snprintf(source, sizeof(source), "{\"n\": %d}", n);
	host_raise(&host, "go", source);
	assert_int_equal(host.status, OK);
}

static void test_holds_for(void **state)
{
	(void)state;
	host_open(&host, HOLDS);
	go("a");
	size(10);
	outcome("waiting");
	host_advance(&host, 14 * MINUTE);
	assert_int_equal(host_count(&host, "mark"), 0);
	host_advance(&host, MINUTE);
	assert_int_equal(host_count(&host, "mark"), 1);
	host_advance(&host, HOUR);
	assert_int_equal(host_count(&host, "mark"), 1);
	assert_int_equal(host_count(&host, "timer"), 0);
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

static void test_holds_for_begins_again(void **state)
{
	(void)state;
	host_open(&host, HOLDS);
	go("a");
	size(10);
	host_advance(&host, 10 * MINUTE);
	size(1);
	outcome("cancelled");
	size(12);
	outcome("waiting");
	host_advance(&host, 10 * MINUTE); /* 20 min after the first, 10 after the second */
	assert_int_equal(host_count(&host, "mark"), 0);
	size(13); /* it still holds: the time goes on */
	host_advance(&host, 5 * MINUTE);
	assert_int_equal(host_count(&host, "mark"), 1);
}

/* The guard is an equality, which the index looks for: the rule must hear of the other value too. */
static void test_holds_for_behind_the_index(void **state)
{
	(void)state;
	host_open(
		&host, PACK
		"rule make { on go as e; when e.n is not set; then create thing { name = e.name default \"?\" } }\n"
		"rule size { on go as e; when e.n is set; then { for each t in all(thing) { set t { size = e.n default 0 } } } "
		"}\n"
		"rule r { on thing.updated as t; when t.size == 10; holds for 15min\n  then create mark { name = t.name } }\n");
	go("a");
	size(10);
	outcome("waiting");
	host_advance(&host, 10 * MINUTE);
	size(1);
	size(10);
	host_advance(&host, 10 * MINUTE);
	assert_int_equal(host_count(&host, "mark"), 0);
	host_advance(&host, 5 * MINUTE);
	assert_int_equal(host_count(&host, "mark"), 1);
}

/* --- unless followed by */
#define UNLESS                                                                                                                 \
	PACK "rule r { on go as e; when e.name is set; unless followed by back as b within 10min where b.name == e.name\n"     \
	     "  then create mark { name = e.name } }\n"

static void test_unless_nothing_follows(void **state)
{
	(void)state;
	host_open(&host, UNLESS);
	go("a");
	outcome("waiting");
	host_raise(&host, "back", "{\"name\": \"other\"}");
	host_advance(&host, 9 * MINUTE);
	assert_int_equal(host_count(&host, "mark"), 0);
	host_advance(&host, MINUTE);
	assert_int_equal(host_count(&host, "mark"), 1);
	assert_string_equal(host_shows(&host, "mark", 0, "name"), "a");
	assert_int_equal(host_count(&host, "rule_memory"), 0);
}

static void test_unless_it_follows(void **state)
{
	(void)state;
	host_open(&host, UNLESS);
	go("a");
	go("b");
	host_advance(&host, 5 * MINUTE);
	host_raise(&host, "back", "{\"name\": \"a\"}");
	outcome("cancelled");
	host_advance(&host, HOUR);
	assert_int_equal(host_count(&host, "mark"), 1);
	assert_string_equal(host_shows(&host, "mark", 0, "name"), "b");
}

/* --- dates */
static void test_valid_from(void **state)
{
	(void)state;
	host_open(&host,
		  PACK "rule r { on go as e; valid from 2026-03-28 until 2026-03-29\n  then create mark { name = \"m\" } }\n");
	go("a"); /* the 27th */
	outcome("not valid");
	host_advance(&host, 24 * HOUR);
	go("a");
	outcome("fired");
	host_advance(&host, 24 * HOUR);
	go("a");
	outcome("not valid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_dedupe, close_host),
		cmocka_unit_test_teardown(test_damp, close_host),
		cmocka_unit_test_teardown(test_once_per, close_host),
		cmocka_unit_test_teardown(test_at_most, close_host),
		cmocka_unit_test_teardown(test_a_body_that_fails_does_not_count, close_host),
		cmocka_unit_test_teardown(test_holds_for, close_host),
		cmocka_unit_test_teardown(test_holds_for_begins_again, close_host),
		cmocka_unit_test_teardown(test_holds_for_behind_the_index, close_host),
		cmocka_unit_test_teardown(test_unless_nothing_follows, close_host),
		cmocka_unit_test_teardown(test_unless_it_follows, close_host),
		cmocka_unit_test_teardown(test_valid_from, close_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
