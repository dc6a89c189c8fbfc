/* Workflows through the doors that Flow's own tests do not have: answers, decisions and people; and killed engines: each turn
 * is run by two engines, of which the second knows nothing but the rows. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/workflow_data.h"

static struct small_host host;
static char *source; /* the program points into it */

#define PACK                                                                                                                   \
	"pack test \"1.0.0\" { title \"Test\" }\n"                                                                             \
	"role boss { read order }\n"                                                                                           \
	"entity order { name text required; step text; rank enum(low, high) default low; items list of text }\n"               \
	"entity part { order ref order required; name text }\n"                                                                \
	"event go { order text required }\n"                                                                                   \
	"event signal { word text required; worth money; share percent; day date; at time }\n"                                 \
	"connector shop { base \"https://shop.example\"\n"                                                                     \
	"  action reserve(name text) -> record(id text, count int) = POST \"/r\" { repeatable yes }\n"                         \
	"  action release(id text) = POST \"/f\" { repeatable yes }\n"                                                         \
	"  action pay(id text) -> record(id text) = POST \"/p\" { repeatable yes }\n"                                          \
	"  action refund(id text) = POST \"/b\" { repeatable yes }\n"                                                          \
	"}\n"                                                                                                                  \
	"rule begin { on go as g; then { create order as o { name = g.order; rank = high; items = [\"x\", \"y\"] }\n"          \
	"  start work(o) } }\n"

static void begin(const char *workflow)
{
	assert_true(asprintf(&source, PACK "workflow work(order ref order) {\n%s\n}\n", workflow) > 0);
	host_open(&host, source);
	host.is_killed = true;
	host_raise(&host, "go", "{\"order\": \"A\"}");
	assert_int_equal(host.status, OK);
}

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	free(source);
	return 0;
}

static void is(const char *field, const char *wanted)
{
	assert_string_equal(host_shows(&host, "workflow_instance", 0, field), wanted);
}

static void step_is(const char *wanted)
{
	assert_string_equal(host_shows(&host, "order", 0, "step"), wanted);
}

static void call_is(uint32_t nth, const char *wanted)
{
	assert_string_equal(host_call_shows(&host, nth), wanted);
}

/* --- answers */
#define PAID                                                                                                                   \
	"step r = call shop.reserve(order.name) retry 1 backoff 1min undo call shop.release(r.id)\n"                           \
	"step p = call shop.pay(r.id) undo call shop.refund(p.id)\n"                                                           \
	"set order { step = \"paid {p.id} for {r.count}\" }\n"                                                                 \
	"sleep for 1h\n"                                                                                                       \
	"fail \"broken {order.name}\"\n"

static void test_answers_are_typed_and_undone_backwards(void **state)
{
	(void)state;
	begin(PAID);
	call_is(0, "shop.reserve A");
	is("waits_for", "answer of shop.reserve");
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 3}", NULL);
	call_is(1, "shop.pay r1");
	host_answer(&host, 1, "{\"id\": \"p1\"}", NULL);
	step_is("paid p1 for 3");
	host_advance(&host, 3600);
	is("state", "undoing");
	assert_int_equal(host_events(&host, "workflow.failed"), 1);
	call_is(2, "shop.refund p1");
	assert_int_equal(host.calls.count, 3);
	host_answer(&host, 2, "{}", NULL);
	call_is(3, "shop.release r1");
	host_answer(&host, 3, "{}", NULL);
	is("state", "failed");
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	assert_int_equal(host_count(&host, "timer"), 0);
	step_is("paid p1 for 3"); /* rows are not undone: only calls are */
}

static void test_an_answer_twice_is_one(void **state)
{
	(void)state;
	begin(PAID);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 3}", NULL);
	host_answer(&host, 0, "{\"id\": \"r2\", \"count\": 4}", NULL);
	assert_int_equal(host.status, OK);
	assert_int_equal(host.turn->plan.changes.count, 0);
	assert_int_equal(host.calls.count, 2);
	host_answer(&host, 1, "{\"id\": \"p1\"}", NULL);
	step_is("paid p1 for 3");
}

static void test_a_late_answer_to_an_earlier_try_is_none(void **state)
{
	(void)state;
	begin(PAID);
	host_answer(&host, 0, NULL, "timed out");
	is("waits_for", "retry of shop.reserve");
	host_advance(&host, 60);
	assert_int_equal(host.calls.count, 2);
	assert_false(id_equal(host.calls.items[0].id, host.calls.items[1].id));
	host_answer(&host, 0, "{\"id\": \"late\", \"count\": 1}", NULL);
	assert_int_equal(host.turn->plan.changes.count, 0);
	host_answer(&host, 1, "{\"id\": \"r1\", \"count\": 1}", NULL);
	call_is(2, "shop.pay r1");
}

static void test_an_answer_that_does_not_fit_is_a_failure(void **state)
{
	(void)state;
	begin(PAID);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": \"many\"}", NULL);
	assert_int_equal(host_events(&host, "workflow.failed"), 1); /* and no retry: it would answer the same */
	is("state", "failed");
}

static void test_an_undo_that_fails_asks_a_person(void **state)
{
	(void)state;
	begin(PAID);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 3}", NULL);
	host_answer(&host, 1, "{\"id\": \"p1\"}", NULL);
	host_advance(&host, 3600);
	host_answer(&host, 2, NULL, "no money");
	is("state", "held");
	assert_int_equal(host_events(&host, "workflow.held"), 1);
	host_resume(&host, 0, RESUME_RETRY);
	call_is(3, "shop.refund p1");
	host_answer(&host, 3, NULL, "no money");
	host_resume(&host, 0, RESUME_GO_ON);
	call_is(4, "shop.release r1");
	host_answer(&host, 4, NULL, "gone");
	host_resume(&host, 0, RESUME_CANCEL);
	is("state", "failed");
	assert_int_equal(host.calls.count, 5);
}

static void test_each_round_of_a_loop_is_undone_with_its_own_values(void **state)
{
	(void)state;
	begin("for each item in order.items {\n"
	      "  step r = call shop.reserve(item) undo call shop.release(r.id)\n"
	      "}\n"
	      "fail \"after all\"");
	host_answer(&host, 0, "{\"id\": \"for x\", \"count\": 1}", NULL);
	call_is(1, "shop.reserve y");
	host_answer(&host, 1, "{\"id\": \"for y\", \"count\": 1}", NULL);
	call_is(2, "shop.release for y");
	host_answer(&host, 2, "{}", NULL);
	call_is(3, "shop.release for x");
}

/* --- people */
#define HELD                                                                                                                   \
	"step r = call shop.reserve(order.name) undo call shop.release(r.id)\n"                                                \
	"step p = call shop.pay(r.id) else hold\n"                                                                             \
	"if p is set { set order { step = \"paid {p.id}\" } } else { set order { step = \"passed over\" } }\n"

static void held(void)
{
	begin(HELD);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 3}", NULL);
	host_answer(&host, 1, NULL, "no money");
	is("state", "held");
	is("waits_for", "shop.pay failed: no money");
	assert_int_equal(host_events(&host, "workflow.held"), 1);
}

static void test_a_person_has_it_tried_again(void **state)
{
	(void)state;
	held();
	host_resume(&host, 0, RESUME_RETRY);
	is("state", "running");
	call_is(2, "shop.pay r1");
	host_answer(&host, 2, "{\"id\": \"p2\"}", NULL);
	step_is("paid p2");
	is("state", "ended");
}

static void test_a_person_goes_on(void **state)
{
	(void)state;
	held();
	host_resume(&host, 0, RESUME_GO_ON);
	step_is("passed over");
	host_resume(&host, 0, RESUME_GO_ON);
	assert_int_equal(host.status, NOT_FOUND);
}

static void test_a_person_gives_up(void **state)
{
	(void)state;
	held();
	host_resume(&host, 0, RESUME_CANCEL);
	is("state", "undoing");
	is("waits_for", "cancelled by a person");
	assert_int_equal(host_events(&host, "workflow.cancelled"), 1);
	assert_int_equal(host_events(&host, "workflow.ended"), 0);
	call_is(2, "shop.release r1");
	host_answer(&host, 2, "{}", NULL);
	is("state", "cancelled");
	assert_int_equal(host_events(&host, "workflow.cancelled"), 0);
	assert_int_equal(host_events(&host, "workflow.failed"), 0);
}

static void test_what_does_not_hold_is_not_resumed(void **state)
{
	(void)state;
	begin("sleep for 1h\nhold\nset order { step = \"on\" }");
	host_resume(&host, 0, RESUME_GO_ON);
	assert_int_equal(host.status, CONFLICT);
	host_advance(&host, 3600);
	is("state", "held");
	host_resume(&host, 0, RESUME_GO_ON);
	step_is("on");
}

static void test_a_decision_is_made_once(void **state)
{
	(void)state;
	begin("approve by role boss within 1d else { set order { step = \"refused\" }; stop }\nset order { step = \"yes\" }");
	host_decide(&host, 0, true);
	assert_int_equal(host.status, OK);
	step_is("yes");
	host_decide(&host, 0, false);
	assert_int_equal(host.status, CONFLICT);
	step_is("yes");
}

static void test_a_refusal_without_else_fails(void **state)
{
	(void)state;
	begin("approve by role boss within 1d");
	host_decide(&host, 0, false);
	assert_int_equal(host_events(&host, "workflow.failed"), 1);
	is("waits_for", "the approval by the role boss was refused");
}

/* --- what is kept */
static void test_values_of_every_kind_survive(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\n"
	      "let due = s.at + 90min\n"
	      "let range = 1..3\n"
	      "let big = 9007199254740993\n"
	      "let d = 2 workdays\n"
	      "let rank = order.rank\n"
	      "let yes = order.rank == high\n"
	      "for each item in order.items {\n"
	      "  sleep for 1h\n"
	      "  create part { order = order; name = \"{item} {s.worth} {s.share} {s.day} {due} {big} {d} {rank} {yes} {2 in "
	      "range}\" }\n"
	      "}\n");
	host_raise(&host, "signal",
		   "{\"word\": \"A\", \"worth\": \"15.50 EUR\", \"share\": \"19%\", \"day\": \"2026-05-04\","
		   " \"at\": \"2026-05-04T09:00:00Z\"}");
	assert_int_equal(host.status, OK);
	host_advance(&host, 3600);
	host_advance(&host, 3600);
	is("state", "ended");
	assert_string_equal(host_shows(&host, "part", 0, "name"),
			    "x 15.50 EUR 19% 2026-05-04 2026-05-04 10:30 9007199254740993 2 workdays high true true");
	assert_string_equal(host_shows(&host, "part", 1, "name"),
			    "y 15.50 EUR 19% 2026-05-04 2026-05-04 10:30 9007199254740993 2 workdays high true true");
}

static void test_strands_survive_as_well(void **state)
{
	(void)state;
	begin("parallel {\n"
	      "  step r = call shop.reserve(\"one\") undo call shop.release(r.id)\n"
	      "  step q = call shop.reserve(\"two\") undo call shop.release(q.id)\n"
	      "  wait for signal as s where s.word == \"go\" timeout 1d else fail \"silence\"\n"
	      "}\n"
	      "set order { step = \"{r.id} {q.id}\" }");
	assert_int_equal(host.calls.count, 2);
	host_answer(&host, 1, "{\"id\": \"b\", \"count\": 1}", NULL);
	host_answer(&host, 0, "{\"id\": \"a\", \"count\": 1}", NULL);
	is("state", "running");
	host_raise(&host, "signal", "{\"word\": \"go\"}");
	step_is("a b");
}

static void test_a_failing_strand_ends_the_others(void **state)
{
	(void)state;
	begin("parallel {\n"
	      "  step r = call shop.reserve(\"one\") undo call shop.release(r.id)\n"
	      "  step q = call shop.reserve(\"two\")\n"
	      "  sleep for 1d\n"
	      "}\n");
	host_answer(&host, 0, "{\"id\": \"a\", \"count\": 1}", NULL);
	host_answer(&host, 1, NULL, "no");
	is("state", "undoing");
	assert_int_equal(host_count(&host, "timer"), 0);
	call_is(2, "shop.release a");
}

static void test_another_program_is_not_run_on(void **state)
{
	(void)state;
	begin("sleep for 1h\nset order { step = \"on\" }");
	struct program other = *host.program;
	other.hash++;
	assert_int_equal(engine_use_pack(host.engine, &other, &host.error), OK);
	host.is_killed = false;
	const struct program *own = host.program;
	host.program = &other;
	host_advance(&host, 3600);
	is("state", "held");
	assert_int_equal(host_events(&host, "workflow.held"), 1);
	host_resume(&host, 0, RESUME_GO_ON);
	assert_int_equal(host.status, CONFLICT);
	assert_int_equal(engine_use_pack(host.engine, own, &host.error), OK);
	host.program = own;
	host_advance(&host, 3600); /* its timer came back */
	step_is("on");
	is("state", "ended");
}

static uint64_t own_hash;

static bool has_own(void *context, uint64_t program)
{
	(void)context;
	return program == own_hash;
}

static void use(const struct program *program)
{
	host.program = program;
	assert_int_equal(engine_use_pack(host.engine, program, &host.error), OK);
}

static void assert_left_to_own(enum status wanted)
{
	assert_int_equal(host.status, wanted);
	assert_int_equal(host.turn->elsewhere.count, 1);
	assert_int_equal(host.turn->elsewhere.items[0], own_hash);
	assert_int_equal(host.turn->plan.changes.count, 0);
	is("state", "running");
}

static void test_the_host_is_told_which_engine_goes_on(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\n"
	      "sleep for 1h\n"
	      "step r = call shop.reserve(order.name)\n"
	      "approve by role boss within 1d\n"
	      "hold\n");
	const struct program *own = host.program;
	struct program other = *own;
	other.hash++;
	own_hash = own->hash;
	host.ports.runs_elsewhere = has_own;
	use(&other);
	host_raise(&host, "signal", "{\"word\": \"B\"}");
	assert_int_equal(host.turn->elsewhere.count, 0);
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	assert_left_to_own(OK);
	use(own);
	host.is_signal = true;
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	is("waits_for", "time");

	use(&other);
	host.now += 3600;
	host_ring(&host, 0);
	assert_left_to_own(FOREIGN);
	use(own);
	host_ring(&host, 0);
	is("waits_for", "answer of shop.reserve");

	use(&other);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 1}", NULL);
	assert_left_to_own(FOREIGN);
	use(own);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 1}", NULL);

	use(&other);
	host_decide(&host, 0, true);
	assert_left_to_own(FOREIGN);
	use(own);
	host_decide(&host, 0, true);
	is("state", "held");

	use(&other);
	host_resume(&host, 0, RESUME_GO_ON);
	assert_int_equal(host.status, FOREIGN);
	use(own);
	host_resume(&host, 0, RESUME_GO_ON);
	is("state", "ended");
}

/* How many values an instance keeps until it goes on. */
static uint32_t kept(void)
{
	const struct json *json;
	assert_int_equal(
		json_parse(&host.arena, text_from(host_shows(&host, "workflow_instance", 0, "data")), &json, &host.error), OK);
	return json_count(json_member(json, TEXT("frame")));
}

static void test_what_nothing_reads_again_is_not_kept(void **state)
{
	(void)state;
	begin("let pause = 1h\n"
	      "sleep for pause\n"
	      "set order { step = \"{order.name} and {order.rank}\" }\n"
	      "let word = \"{order.name}!\"\n"
	      "sleep for 2h\n"
	      "set order { step = word }\n");
	assert_int_equal(kept(), 2); /* order, pause */
	host_advance(&host, 3600);
	step_is("A and high");
	assert_int_equal(kept(), 3); /* order, and what has a name: a newer version may read it */
	host_advance(&host, 7200);
	step_is("A!");
	is("state", "ended");
	assert_int_equal(kept(), 0);
}

static void test_data_changed_by_hand_is_refused(void **state)
{
	(void)state;
	static const char *const DATA[] = {
		"",
		"[]",
		"{\"frame\":{},\"strands\":[],\"undo\":[],\"rests\":1,\"sentence\":\"\",\"cancelled\":false,\"undo_rest\":0}",
		"{\"frame\":{\"99999\":true},\"strands\":[{\"state\":\"ready\",\"step\":0,\"tries\":0,\"rest\":0}],\"undo\":[],"
		"\"rests\":1,\"sentence\":\"\",\"cancelled\":false,\"undo_rest\":0}",
		"{\"frame\":{},\"strands\":[{\"state\":\"ready\",\"step\":999,\"tries\":0,\"rest\":0}],\"undo\":[],\"rests\":1,"
		"\"sentence\":\"\",\"cancelled\":false,\"undo_rest\":0}",
		"{\"frame\":{},\"strands\":[{\"parent\":7,\"state\":\"ready\",\"step\":0,\"tries\":0,\"rest\":0}],\"undo\":[],"
		"\"rests\":1,\"sentence\":\"\",\"cancelled\":false,\"undo_rest\":0}",
	};
	begin("sleep for 1h");
	for (size_t i = 0; i < sizeof DATA / sizeof *DATA; i++) {
		struct instance instance = {.workflow = &host.program->workflows[0]};
		assert_int_equal(instance_read(&host.arena, host.program, text_from(DATA[i]), &instance, &host.error), INVALID);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_host)
	const struct CMUnitTest tests[] = {
		TEST(test_answers_are_typed_and_undone_backwards),
		TEST(test_what_nothing_reads_again_is_not_kept),
		TEST(test_an_answer_twice_is_one),
		TEST(test_a_late_answer_to_an_earlier_try_is_none),
		TEST(test_an_answer_that_does_not_fit_is_a_failure),
		TEST(test_an_undo_that_fails_asks_a_person),
		TEST(test_each_round_of_a_loop_is_undone_with_its_own_values),
		TEST(test_a_person_has_it_tried_again),
		TEST(test_a_person_goes_on),
		TEST(test_a_person_gives_up),
		TEST(test_what_does_not_hold_is_not_resumed),
		TEST(test_a_decision_is_made_once),
		TEST(test_a_refusal_without_else_fails),
		TEST(test_values_of_every_kind_survive),
		TEST(test_strands_survive_as_well),
		TEST(test_a_failing_strand_ends_the_others),
		TEST(test_another_program_is_not_run_on),
		TEST(test_the_host_is_told_which_engine_goes_on),
		TEST(test_data_changed_by_hand_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
