/* Events and the workflows that wait for them: what comes early is kept and used once, and who waits is found by what the event
 * must equal. Each turn is run by two engines, of which the second knows nothing but the rows. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/limits.h"

static struct small_host host;
static char *source; /* the program points into it */

#define PACK                                                                                                                   \
	"pack test \"1.0.0\" { title \"Test\" }\n"                                                                             \
	"entity order { name text required; step text; rank enum(low, high) default low; items list of text }\n"               \
	"event go { name text required }\n"                                                                                    \
	"event signal { word text required; n int }\n"                                                                         \
	"event rename { name text required }\n"                                                                                \
	"event raise_rank { name text required; rank order.rank required }\n"                                                  \
	"connector shop { base \"https://shop.example\"\n"                                                                     \
	"  action reserve(name text) -> record(id text) = POST \"/r\" { repeatable yes }\n"                                    \
	"}\n"                                                                                                                  \
	"rule begin { on go as g; then { create order as o { name = g.name; items = [\"x\", \"y\"] }; start work(o) } }\n"     \
	"rule again { on signal as s; when s.word == \"start\"; then { create order as o { name = \"start\" }; start work(o) " \
	"} }\n"                                                                                                                \
	"rule renames { on rename as r; then { for each o in all(order) { set o { name = r.name } } } }\n"                     \
	"rule ranks { on raise_rank as r; then { for each o in all(order where order.name == r.name) {\n"                      \
	"  set o { rank = r.rank } } } }\n"

static void load(const char *workflow)
{
	assert_true(asprintf(&source, PACK "workflow work(order ref order) {\n%s\n}\n", workflow) > 0);
	host_open(&host, source);
	host.is_killed = true;
}

static void begin(const char *workflow)
{
	load(workflow);
	host_raise(&host, "go", "{\"name\": \"A\"}");
	assert_int_equal(host.status, OK);
}

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	free(source);
	return 0;
}

static void signal_is(const char *word)
{
	char json[64];
	snprintf(json, sizeof json, "{\"word\": \"%s\"}", word);
	host_raise(&host, "signal", json);
	assert_int_equal(host.status, OK);
}

static void state_is(const char *wanted)
{
	assert_string_equal(host_shows(&host, "workflow_instance", 0, "state"), wanted);
}

static void step_is(const char *wanted)
{
	assert_string_equal(host_shows(&host, "order", 0, "step"), wanted);
}

/* --- early */
#define LATER                                                                                                                  \
	"sleep for 1h\n"                                                                                                       \
	"wait for signal as s where s.word == order.name\n"                                                                    \
	"set order { step = \"heard {s.n default 0}\" }\n"

static void test_an_early_event_is_kept(void **state)
{
	(void)state;
	begin(LATER);
	host_raise(&host, "signal", "{\"word\": \"A\", \"n\": 7}");
	host_advance(&host, 3600);
	step_is("heard 7");
	state_is("ended");
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
}

static void test_one_for_others_is_not(void **state)
{
	(void)state;
	begin(LATER);
	signal_is("B");
	assert_int_equal(host.turn->plan.changes.count, 0);
	host_advance(&host, 3600);
	state_is("running");
	signal_is("A");
	state_is("ended");
}

static void test_one_event_lets_one_wait_go_on(void **state)
{
	(void)state;
	begin("sleep for 1h\n"
	      "wait for signal as a where a.word == order.name\n"
	      "set order { step = \"first\" }\n"
	      "wait for signal as b where b.word == order.name\n"
	      "set order { step = \"second\" }\n"
	      "wait for signal as c where c.word == order.name\n");
	signal_is("A");
	host_advance(&host, 3600);
	step_is("first");
	signal_is("A"); /* the second waits, so it is its, and not also the third's */
	step_is("second");
	state_is("running");
	signal_is("A");
	state_is("ended");
}

static void test_two_events_let_two_waits_go_on(void **state)
{
	(void)state;
	begin("sleep for 1h\n"
	      "wait for signal as a where a.word == order.name\n"
	      "wait for signal as b where b.word == order.name\n"
	      "set order { step = \"{a.n} {b.n}\" }\n");
	host_raise(&host, "signal", "{\"word\": \"A\", \"n\": 1}");
	host_raise(&host, "signal", "{\"word\": \"A\", \"n\": 2}");
	host_advance(&host, 3600);
	step_is("1 2");
}

static void test_a_wait_that_lies_behind_keeps_nothing(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\nsleep for 1h\nset order { step = \"on\" }");
	signal_is("A");
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	signal_is("A");
	assert_int_equal(host.turn->plan.changes.count, 0);
}

static void test_the_event_that_started_it_is_not_its(void **state)
{
	(void)state;
	load("wait for signal as s where s.word == order.name\nset order { step = \"heard\" }");
	signal_is("start");
	state_is("running");
	host_advance(&host, 60);
	signal_is("start"); /* starts another one, and lets the first go on */
	assert_int_equal(host_count(&host, "workflow_instance"), 2);
	assert_int_equal(host_count(&host, "workflow_wait"), 1);
}

static void test_an_event_overtakes_the_answer_that_names_it(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name)\n"
	      "wait for signal as s where s.word == r.id timeout 1h\n"
	      "set order { step = \"heard {s.word}\" }\n");
	signal_is("other");
	signal_is("r1");
	host_answer(&host, 0, "{\"id\": \"r1\"}", NULL);
	step_is("heard r1");
	state_is("ended");
	assert_int_equal(host_count(&host, "timer"), 0);
}

static void test_each_round_of_a_loop_has_its_own(void **state)
{
	(void)state;
	begin("for each item in order.items {\n"
	      "  wait for signal as s where s.word == item\n"
	      "  set order { step = \"{order.step default \"\"}{item}\" }\n"
	      "}\n");
	signal_is("y"); /* the second's, while the first waits */
	assert_int_equal(host.turn->plan.changes.count, 1);
	signal_is("x");
	step_is("xy");
	state_is("ended");
}

static void test_a_change_that_came_early_counts_as_it_was(void **state)
{
	(void)state;
	begin("sleep for 1h\n"
	      "wait for order.updated as o where o == order and o.rank == high and changed(o.rank)\n"
	      "set order { step = \"heard\" }\n");
	host_raise(&host, "raise_rank", "{\"name\": \"A\", \"rank\": \"high\"}");
	host_raise(&host, "raise_rank", "{\"name\": \"A\", \"rank\": \"low\"}");
	host_advance(&host, 3600);
	step_is("heard");
}

static void test_strands_share_what_is_kept(void **state)
{
	(void)state;
	begin("parallel {\n"
	      "  if order.rank == low { sleep for 1h; wait for signal as a where a.word == order.name }\n"
	      "  if order.rank == low { sleep for 2h; wait for signal as b where b.word == order.name }\n"
	      "}\n"
	      "set order { step = \"both\" }\n");
	signal_is("A");
	host_advance(&host, 7200);
	state_is("running");
	signal_is("A");
	step_is("both");
}

static void test_the_oldest_goes_when_there_are_too_many(void **state)
{
	(void)state;
	begin("sleep for 1h\nwait for signal as s where s.word == order.name\nset order { step = \"{s.n}\" }\nsleep for 1h\n"
	      "wait for signal as t where t.word == \"never\"\n");
	for (int i = 0; i <= LIMIT_EARLY_SIGNALS; i++) {
		char json[64];
		snprintf(json, sizeof json, "{\"word\": \"A\", \"n\": %d}", i);
		host_raise(&host, "signal", json);
	}
	assert_int_equal(host.turn->trace.lines.count, 2);
	assert_true(text_find(host.turn->trace.lines.items[0].text, TEXT("the oldest, signal, is lost")) >= 0);
	host_advance(&host, 3600);
	step_is("1");
	assert_true(text_find(text_from(host_shows(&host, "workflow_instance", 0, "data")), TEXT("signals")) < 0);
}

static void test_what_holds_keeps_and_what_is_given_up_does_not(void **state)
{
	(void)state;
	begin("hold\nwait for signal as s where s.word == order.name\nset order { step = \"heard\" }\nhold\n"
	      "wait for signal as t where t.word == order.name\n");
	state_is("held");
	signal_is("A");
	host_resume(&host, 0, RESUME_GO_ON);
	step_is("heard");
	state_is("held");
	host_resume(&host, 0, RESUME_CANCEL);
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	signal_is("A");
	assert_int_equal(host.turn->plan.changes.count, 0);
}

/* --- found by what the event must equal */
static void test_only_who_waits_for_it_is_looked_at(void **state)
{
	(void)state;
	load("sleep for 1h\nwait for signal as s where s.n is set and order.name == s.word\nset order { step = \"heard\" }");
	for (int i = 0; i < 100; i++) {
		char json[64];
		snprintf(json, sizeof json, "{\"name\": \"order %d\"}", i);
		host_raise(&host, "go", json);
	}
	for (int waits = 0; waits < 2; waits++) {
		host.given = 0;
		host_raise(&host, "signal",
			   waits ? "{\"word\": \"order 78\", \"n\": 1}" : "{\"word\": \"order 77\", \"n\": 1}");
		assert_in_range(host.given, 1, 20);
		host.given = 0;
		host_raise(&host, "signal", "{\"word\": \"nobody\", \"n\": 1}");
		assert_int_equal(host.given, 0);
		host_advance(&host, 3600);
	}
	uint32_t heard = 0;
	for (uint32_t i = 0; i < 100; i++)
		heard += !strcmp(host_shows(&host, "order", i, "step"), "heard");
	assert_int_equal(heard, 2);
}

static void test_what_it_must_equal_is_taken_when_the_wait_begins(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\nset order { step = \"heard\" }");
	host_raise(&host, "rename", "{\"name\": \"B\"}");
	signal_is("B");
	state_is("running");
	signal_is("A");
	step_is("heard");
}

static void test_without_an_equality_all_of_the_kind_are_asked(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word starts order.name\nset order { step = s.word }");
	signal_is("B");
	signal_is("Ab");
	step_is("Ab");
}

static void test_kept_data_changed_by_hand_is_refused(void **state)
{
	(void)state;
	static const char *const FORGED[] = {"{\"id\":\"x\"}", "7", "{}"};
	begin(LATER);
	for (size_t i = 0; i < sizeof FORGED / sizeof *FORGED; i++) {
		const char *data = host_shows(&host, "workflow_instance", 0, "data");
		char *forged;
		assert_true(asprintf(&forged, "{\"signals\":[%s],%s", FORGED[i], data + 1) > 0);
		host_write(&host, "workflow_instance", 0, "data", value_text(text_copy(&host.arena, text_from(forged))));
		free(forged);
		signal_is("A");
		state_is("held");
		host_write(&host, "workflow_instance", 0, "data", value_text(text_from(data)));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_host)
	const struct CMUnitTest tests[] = {
		TEST(test_an_early_event_is_kept),
		TEST(test_one_for_others_is_not),
		TEST(test_one_event_lets_one_wait_go_on),
		TEST(test_two_events_let_two_waits_go_on),
		TEST(test_a_wait_that_lies_behind_keeps_nothing),
		TEST(test_the_event_that_started_it_is_not_its),
		TEST(test_an_event_overtakes_the_answer_that_names_it),
		TEST(test_each_round_of_a_loop_has_its_own),
		TEST(test_a_change_that_came_early_counts_as_it_was),
		TEST(test_strands_share_what_is_kept),
		TEST(test_the_oldest_goes_when_there_are_too_many),
		TEST(test_what_holds_keeps_and_what_is_given_up_does_not),
		TEST(test_only_who_waits_for_it_is_looked_at),
		TEST(test_what_it_must_equal_is_taken_when_the_wait_begins),
		TEST(test_without_an_equality_all_of_the_kind_are_asked),
		TEST(test_kept_data_changed_by_hand_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
