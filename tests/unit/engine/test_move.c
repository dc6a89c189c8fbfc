/* Instances that go on with another version of their workflow: what goes on, what is refused and stays as it was, and that what
 * was out is still heard. Each turn is run by two engines, of which the second knows nothing but the rows. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct small_host host;
static char *sources[40]; /* programs point into them */
static uint32_t source_count;
static const struct program *before;

#define PACK(version, rank, first)                                                                                             \
	"pack test \"" version "\" { title \"Test\" }\n"                                                                       \
	"role boss { read order }\n"                                                                                           \
	"role chief { read order }\n"                                                                                          \
	"entity order { name text required; step text; rank enum(" rank "); note text; words list of text }\n"                 \
	"event go { order text required }\n"                                                                                   \
	"event signal { word text required; worth int }\n"                                                                     \
	"event other { word text required }\n"                                                                                 \
	"connector shop { base \"https://shop.example\"\n"                                                                     \
	"  action reserve(name text) -> record(id text, count int) = POST \"/r\" { repeatable yes }\n"                         \
	"  action release(id text) = POST \"/f\" { repeatable yes }\n"                                                         \
	"  action pay(id text) -> record(id text) = POST \"/p\" { repeatable yes }\n"                                          \
	"  action refund(id text) = POST \"/b\" { repeatable yes }\n"                                                          \
	"}\n"                                                                                                                  \
	"rule begin { on go as g; then { create order as o { name = g.order; rank = " first "; words = [\"x\", \"y\"] }\n"     \
	"  start work(o) } }\n"

#define OLD PACK("1.0.0", "low, high", "high")
#define NEW PACK("1.1.0", "none, low, high", "high")

static void close_all(void)
{
	host_close(&host);
	while (source_count)
		free(sources[--source_count]);
}

static void begin(const char *workflow)
{
	assert_true(asprintf(&sources[source_count++], OLD "workflow work(order ref order) {\n%s\n}\n", workflow) > 0);
	host_open(&host, sources[source_count - 1]);
	host.is_killed = true;
	before = host.program;
	host_raise(&host, "go", "{\"order\": \"A\"}");
	assert_int_equal(host.status, OK);
}

static void activate(const char *source)
{
	sources[source_count++] = strdup(source);
	host_activate(&host, sources[source_count - 1]);
}

static void newer(const char *workflow)
{
	char *source;
	assert_true(asprintf(&source, NEW "workflow work(order ref order) {\n%s\n}\n", workflow) > 0);
	activate(source);
	free(source);
}

static void moves(const char *point)
{
	host_move(&host, 0, before, point);
	if (host.status != OK)
		fail_msg("%s", host.error.sentence);
	char hash[17];
	snprintf(hash, sizeof hash, "%016llx", (unsigned long long)host.program->hash);
	assert_string_equal(host_shows(&host, "workflow_instance", 0, "program"), hash);
}

/* … and is as it was. */
static void refuses(const char *point, const char *sentence)
{
	char *data = strdup(host_shows(&host, "workflow_instance", 0, "data"));
	char *program = strdup(host_shows(&host, "workflow_instance", 0, "program"));
	host_move(&host, 0, before, point);
	assert_int_equal(host.status, INVALID);
	if (!strstr(host.error.sentence, sentence))
		fail_msg("wanted \"%s\", it says \"%s\"", sentence, host.error.sentence);
	assert_int_equal(host.turn->plan.changes.count, 0);
	assert_string_equal(host_shows(&host, "workflow_instance", 0, "data"), data);
	assert_string_equal(host_shows(&host, "workflow_instance", 0, "program"), program);
	free(data);
	free(program);
}

static void is(const char *field, const char *wanted)
{
	assert_string_equal(host_shows(&host, "workflow_instance", 0, field), wanted);
}

static void step_is(const char *wanted)
{
	assert_string_equal(host_shows(&host, "order", 0, "step"), wanted);
}

/* --- what goes on */
static void test_a_wait_goes_on_with_the_new_steps(void **state)
{
	(void)state;
	begin("let n = 3\nwait for signal as s where s.word == order.name\nset order { step = \"old {n} {s.word}\" }");
	newer("let m = 1\nlet n = m + 1\nwait for signal as s where s.word == order.name\nset order { step = \"new {n} "
	      "{s.word}\" }\n"
	      "sleep for 1h\nset order { note = \"slept\" }");
	host_raise(&host, "signal", "{\"word\": \"B\"}");
	moves(NULL);
	host_raise(&host, "signal", "{\"word\": \"B\"}");
	is("state", "running");
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	step_is("new 3 A");
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	host_advance(&host, 3600);
	assert_string_equal(host_shows(&host, "order", 0, "note"), "slept");
	is("state", "ended");
	close_all();
}

static void test_a_wait_may_compare_something_else_now(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\nset order { step = \"old\" }");
	newer("wait for signal as s where s.word == order.note\nset order { step = \"new\" }");
	host_write(&host, "order", 0, "note", value_text(TEXT("N")));
	moves(NULL);
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	is("state", "running");
	host_raise(&host, "signal", "{\"word\": \"N\"}");
	step_is("new");
	close_all();
}

static void test_the_answer_of_a_call_that_was_out_is_heard(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) retry 1 backoff 1min undo call shop.release(r.id)\n"
	      "set order { step = \"old {r.id}\" }");
	newer("let greeting = \"new\"\n"
	      "step q = call shop.reserve(order.name) retry 2 backoff 1min undo call shop.release(q.id)\n"
	      "set order { step = \"{q.id} {q.count}\" }\nsleep for 1h\nfail \"broken\"");
	moves(NULL);
	assert_int_equal(host.calls.count, 1);
	host_answer(&host, 0, NULL, "not now");
	is("waits_for", "retry of shop.reserve");
	host_advance(&host, 60);
	assert_string_equal(host_call_shows(&host, 1), "shop.reserve A");
	host_answer(&host, 1, "{\"id\": \"r1\", \"count\": 3}", NULL);
	step_is("r1 3");
	host_advance(&host, 3600); /* what was done is undone by the new version */
	assert_string_equal(host_call_shows(&host, 2), "shop.release r1");
	close_all();
}

static void test_a_call_is_repeated_with_what_it_was_made_with(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(\"one\") retry 1 backoff 1min\nset order { step = r.id }");
	newer("step r = call shop.reserve(\"two\") retry 1 backoff 1min\nset order { step = r.id }");
	moves(NULL);
	host_answer(&host, 0, NULL, "not now");
	host_advance(&host, 60);
	assert_string_equal(host_call_shows(&host, 1), "shop.reserve one");
	close_all();
}

static void test_undos_and_timers_go_along(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) undo call shop.release(r.id)\nlet rank = order.rank\nsleep for 2h\n"
	      "set order { step = \"old\" }");
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 7}", NULL);
	newer("let rank = order.rank\nstep first = call shop.pay(order.name) undo call shop.refund(first.id)\n"
	      "step r = call shop.reserve(order.name) undo call shop.release(r.id)\n"
	      "sleep for 3h\nset order { rank = rank; step = \"{r.count}\" }\nsleep for 1h\nfail \"broken\"");
	moves("sleep for 2h -> sleep for 3h");
	host_advance(&host, 7200); /* the old time: it was running */
	step_is("7");
	host_advance(&host, 3600);
	is("state", "undoing");
	assert_string_equal(host_shows(&host, "order", 0, "rank"), "high");
	assert_string_equal(host_call_shows(&host, 1), "shop.release r1");
	host_answer(&host, 1, "{}", NULL);
	is("state", "failed");
	close_all();
}

static void test_approvals_and_holds_go_along(void **state)
{
	(void)state;
	begin("approve by role boss within 1d\nset order { step = \"old\" }");
	newer("approve by role boss within 2d\nset order { step = \"asked\" }\nhold\nset order { step = \"new\" }");
	moves(NULL);
	host_decide(&host, 0, true);
	step_is("asked");
	is("state", "held");
	host_resume(&host, 0, RESUME_GO_ON);
	step_is("new");
	close_all();
}

static void test_a_held_step_goes_along(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) else hold\nset order { step = r.id }");
	host_answer(&host, 0, NULL, "no");
	newer("step r = call shop.reserve(order.name) else hold\nset order { step = \"new\" }");
	moves(NULL);
	is("state", "held");
	host_resume(&host, 0, RESUME_RETRY);
	assert_string_equal(host_call_shows(&host, 1), "shop.reserve A");
	host_answer(&host, 1, "{\"id\": \"r1\", \"count\": 1}", NULL);
	step_is("new");
	close_all();
}

#define STRANDS                                                                                                                \
	"parallel {\n"                                                                                                         \
	"  step r = call shop.reserve(\"one\")\n"                                                                              \
	"  wait for signal as s where s.word == order.name\n"                                                                  \
	"  sleep for 1h\n"                                                                                                     \
	"}\n"

static void test_strands_go_along(void **state)
{
	(void)state;
	begin(STRANDS "set order { step = \"old {r.id}\" }");
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 1}", NULL);
	newer("let x = 1\n" STRANDS "set order { step = \"new {r.id} {s.word}\" }");
	moves(NULL);
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	is("state", "running");
	host_advance(&host, 3600);
	step_is("new r1 A");
	is("state", "ended");
	close_all();
}

static void test_strands_of_strands(void **state)
{
	(void)state;
	static const char code[] = "parallel {\n"
				   "  parallel {\n    sleep for 1h\n    step r = call shop.reserve(\"one\")\n  }\n"
				   "  wait for signal as s where s.word == order.name\n"
				   "}\n";
	char text[500];
	snprintf(text, sizeof text, "%sset order { step = \"old {r.id}\" }", code);
	begin(text);
	snprintf(text, sizeof text, "log \"more\"\n%sset order { step = \"new {r.id}\" }", code);
	host_advance(&host, 3600);
	newer(text);
	moves(NULL);
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 1}", NULL);
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	step_is("new r1");
	is("state", "ended");
	close_all();
}

static void test_a_wait_compares_what_it_compared(void **state)
{
	(void)state;
	begin("wait for signal as s where s.word == order.name\nset order { step = \"old\" }");
	newer("let n = 1\nwait for signal as s where s.word == order.name\nset order { step = \"new\" }");
	host_write(&host, "order", 0, "name", value_text(TEXT("B")));
	moves(NULL);
	host_raise(&host, "signal", "{\"word\": \"B\"}");
	is("state", "running");
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	step_is("new");
	close_all();
}

static void test_events_keep_their_fields(void **state)
{
	(void)state;
	begin("wait for signal as s\nlet a = s.word\nlet words = [a, order.name]\nlet from = now\nlet r = 1..3\nlet d = "
	      "2h\nsleep for 1h\n"
	      "set order { step = \"old\" }");
	host_raise(&host, "signal", "{\"word\": \"W\", \"worth\": 7}");
	newer("let n = 1\nlet d = 3h\nlet r = 1..4\nlet words = [order.name]\nlet from = now\nwait for signal as s\nlet a = "
	      "s.word\n"
	      "sleep for 1h\nset order { step = \"{s.word} {s.worth} {now - from} {d} {3 in r} {4 in r}\"; words = words }");
	moves(NULL);
	host_advance(&host, 3600);
	step_is("W 7 1h 2h true false");
	assert_string_equal(host_shows(&host, "order", 0, "words"), "[W, A]");
	close_all();
}

static void test_a_loop_goes_on_in_its_round(void **state)
{
	(void)state;
	begin("for each word in order.words {\n  sleep for 1h\n  set order { note = \"old {word}\" }\n}");
	host_advance(&host, 3600);
	assert_string_equal(host_shows(&host, "order", 0, "note"), "old x");
	newer("set order { step = \"begun\" }\nfor each word in order.words {\n  sleep for 1h\n  set order { note = \"new "
	      "{word}\" }\n}\n"
	      "set order { step = \"done\" }");
	moves(NULL);
	host_advance(&host, 3600);
	assert_string_equal(host_shows(&host, "order", 0, "note"), "new y");
	step_is("done");
	is("state", "ended");
	close_all();
}

static void test_waits_that_are_ahead_are_prepared_anew(void **state)
{
	(void)state;
	begin("sleep for 1h\nwait for other as o\nwait for signal as s where s.word == order.name\nset order { step = \"old\" "
	      "}");
	newer("sleep for 1h\nwait for signal as s where s.word == order.name\nset order { step = \"new {s.word}\" }");
	assert_int_equal(host_count(&host, "workflow_wait"), 2);
	moves(NULL);
	assert_int_equal(host_count(&host, "workflow_wait"), 1);
	host_raise(&host, "signal", "{\"word\": \"A\"}"); /* early: kept by the new version */
	host_advance(&host, 3600);
	step_is("new A");
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	close_all();

	begin("sleep for 1h\nwait for other as o\n");
	newer("sleep for 1h\nset order { step = \"new\" }");
	moves(NULL);
	assert_int_equal(host_count(&host, "workflow_wait"), 0);
	close_all();
}

static void test_a_second_time_nothing_happens(void **state)
{
	(void)state;
	begin("sleep for 1h\nset order { step = \"old\" }");
	newer("sleep for 1h\nset order { step = \"new\" }");
	moves(NULL);
	moves(NULL);
	assert_int_equal(host.turn->plan.changes.count, 0);
	host_advance(&host, 3600);
	step_is("new");
	moves(NULL); /* it is over */
	assert_int_equal(host.turn->plan.changes.count, 0);
	close_all();
}

static void test_names_of_points(void **state)
{
	(void)state;
	begin("sleep for 1h\nsleep for 1h\nstep r = call shop.reserve(order.name) else hold\napprove by role boss within "
	      "1d\nhold\n"
	      "sleep until now + 1d\n" STRANDS);
	static const char *const NAMES[] = {
		"sleep for 1h",         "sleep for 1h #2", "call shop.reserve",    "approve by role boss", "hold",
		"sleep until now + 1d", "parallel",        "call shop.reserve #2", "wait for signal",      "sleep for 1h #3"};
	const struct workflow *workflow = &host.program->workflows[0];
	assert_int_equal(workflow->point_count, sizeof NAMES / sizeof *NAMES);
	for (uint32_t i = 0; i < workflow->point_count; i++)
		assert_true(text_is(workflow->points[i].name, NAMES[i]));
	newer("sleep for 1h\n");
	close_all();
}

/* --- moved at each point, to the same steps in other places and slots: nothing of it may be seen */
static const struct journey {
	const char *workflow,
		*acts; /* a: the next call is answered, f: it fails, s: signal, t: an hour, d: decided, g: go on */
} JOURNEYS[] = {
	{"step r = call shop.reserve(order.name) retry 1 backoff 1min undo call shop.release(r.id)\n"
	 "let n = r.count + 1\nwait for signal as s where s.word == order.name and s.worth > n\n"
	 "set order { step = \"{r.id} {n} {s.worth}\" }\nsleep for 1h\nset order { note = s.word }",
	 "ftast"},
	{"for each word in order.words {\n"
	 "  if word != \"z\" and order.name == \"A\" {\n"
	 "    step r = call shop.reserve(\"{word}!\") undo call shop.release(r.id)\n"
	 "    sleep for 1h\n    set order { step = \"{order.step default \"\"}{word}{r.count}\" }\n"
	 "  }\n  for each letter in order.words { sleep for 1h }\n}\n"
	 "hold\nfail \"done\"",
	 "atttatttgaa"},
	{"parallel {\n"
	 "  step r = call shop.reserve(order.name) else log \"none\"\n"
	 "  parallel {\n    sleep for 1h\n    step q = call shop.pay(order.name) undo call shop.refund(q.id)\n  }\n"
	 "  wait for signal as s where s.word == order.name timeout 5h else fail \"late\"\n"
	 "  if order.name == \"A\" { approve by role boss within 1d\n    step p = call shop.pay(\"late\")\n    set order { "
	 "note = p.id } }\n"
	 "}\nset order { step = \"{r.id default \"-\"} {q.id} {s.word}\" }",
	 "fatdsa"},
	{"let from = now\nlet rank = order.rank\nlet both = [order.name, \"x\"]\nlet worth = 1..3\nsleep until now + 1h\n"
	 "if rank == high or 2 in worth { step r = call shop.reserve(order.name) else hold\n  hold }\n"
	 "set order { rank = rank; words = both; step = \"{now - from}\" }",
	 "tftgg"},
};

static void act(char what)
{
	static const char answer[] = "{\"id\": \"i\", \"count\": 4}";
	uint32_t last = host.calls.count - 1;
	switch (what) {
	case 'a':
		for (uint32_t i = 0; i <= last; i++) /* those that were answered are not asked again */
			host_answer(&host, i, answer, NULL);
		break;
	case 'f':
		host_answer(&host, 0, NULL, "no");
		break;
	case 's':
		host_raise(&host, "signal", "{\"word\": \"A\", \"worth\": 9}");
		break;
	case 't':
		host_advance(&host, 3600);
		break;
	case 'd':
		host_decide(&host, 0, true);
		break;
	default:
		host_resume(&host, 0, RESUME_GO_ON);
	}
	if (host.status != OK)
		fail_msg("%c: %s", what, host.error.sentence);
}

static void move_to_the_same(const char *workflow, uint32_t number)
{
	char text[2000], shift[400] = "";
	for (uint32_t i = 0; i <= number; i++)
		snprintf(shift + strlen(shift), sizeof shift - strlen(shift), "let more%u = \"{order.name}\"\n", i);
	snprintf(text, sizeof text, "%s%s", shift, workflow);
	const char *state = host_shows(&host, "workflow_instance", 0, "state");
	if (strcmp(state, "running") && strcmp(state, "held"))
		return;
	newer(text);
	host_move(&host, 0, before, NULL);
	if (host.status != OK)
		fail_msg("%s", host.error.sentence);
	before = host.program;
}

static char *end_of(const struct journey *journey, bool moved)
{
	char *end;
	begin(journey->workflow);
	for (uint32_t i = 0; journey->acts[i]; i++) {
		if (moved)
			move_to_the_same(journey->workflow, i);
		act(journey->acts[i]);
	}
	assert_true(asprintf(&end, "%s | %s | %s | %s | %u calls, %u waits, %u timers",
			     host_shows(&host, "workflow_instance", 0, "state"), host_shows(&host, "order", 0, "step"),
			     host_shows(&host, "order", 0, "note"), host_shows(&host, "workflow_instance", 0, "waits_for"),
			     host.calls.count, host_count(&host, "workflow_wait"), host_count(&host, "timer")) > 0);
	close_all();
	return end;
}

static void test_who_moves_at_each_point_comes_to_the_same_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof JOURNEYS / sizeof *JOURNEYS; i++) {
		char *stays = end_of(&JOURNEYS[i], false), *moved = end_of(&JOURNEYS[i], true);
		assert_string_equal(stays, moved);
		free(stays);
		free(moved);
	}
}

/* --- what is refused */
static const struct refusal {
	const char *old, *new, *point, *sentence;
} REFUSALS[] = {
	{"sleep for 1h", "sleep for 2h", NULL, "it stands at `sleep for 1h`, and the new version has no such point"},
	{"sleep for 1h", "sleep for 2h", "sleep for 1h -> sleep for 3h", "there is no such point; there are `sleep for 2h`"},
	{"sleep for 1h", "", NULL, "no such point; say which of these it is now: none"},
	{"sleep for 1h", "hold", "sleep for 1h -> hold", "do not wait for the same kind of thing"},
	{"wait for signal as s", "wait for other as s", "wait for signal -> wait for other", "does not wait for other"},
	{"wait for signal as s", "wait for signal as s timeout 1d", NULL, "it has a timeout now"},
	{"wait for signal as s timeout 1d", "wait for signal as s", NULL, "it had a timeout"},
	{"step call shop.release(order.name)", "step call shop.refund(order.name)", "call shop.release -> call shop.refund",
	 "the call of shop.release that is out is no call of shop.refund"},
	{"approve by role boss within 1d", "approve by role chief within 1d", "approve by role boss -> approve by role chief",
	 "asks the role boss, and the new one the role chief"},
	{"sleep for 1h", "let n = order.name\nsleep for 1h\nset order { step = n }", NULL,
	 "behind `sleep for 1h` the new version needs `n` (text), which the old one does not know there"},
	{"let n = 3\nsleep for 1h\nset order { step = \"{n}\" }", "let n = order.name\nsleep for 1h\nset order { step = n }",
	 NULL, "needs `n` (text), which was int"},
	{"step r = call shop.pay(order.name) else log \"no\"\nsleep for 1h",
	 "step r = call shop.pay(order.name)\nsleep for 1h\nset order { step = r.id }", NULL, "which is not set"},
	{"parallel {\n  step r = call shop.pay(order.name) else log \"no\"\n  sleep for 1h\n}",
	 "parallel {\n  step r = call shop.pay(order.name)\n  sleep for 1h\n}\nset order { step = r.id }", NULL,
	 "which is not set"},
	{"sleep for 1h", "for each w in order.words { sleep for 1h }", NULL, "`the list of `for each … in order.words`"},
	{STRANDS, "parallel {\n  step r = call shop.reserve(\"one\")\n  sleep for 1h\n}\n", NULL, "it had 3 strands"},
	{"parallel {\n  sleep for 1h\n  sleep for 2h\n}", "parallel {\n  sleep for 2h\n  sleep for 1h\n}", NULL,
	 "that is another strand of its `parallel`"},
	{"parallel {\n  sleep for 1h\n  sleep for 2h\n}", "parallel {\n  sleep for 3h\n  sleep for 2h\n}\nsleep for 1h", NULL,
	 "it is a strand of a `parallel`"},
	{"sleep for 1h", "parallel {\n  sleep for 1h\n  hold\n}", NULL, "that is a strand of another `parallel`"},
	{"wait for signal as s where s.worth == 3\nset order { step = s.word }",
	 "let n = 2\nwait for signal as s where s.worth == n\nset order { step = s.word }", NULL,
	 "at `wait for signal` the new version needs `n` (int), which the old one does not know there"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
		begin(REFUSALS[i].old);
		if (strstr(REFUSALS[i].old, "else log"))
			host_answer(&host, 0, NULL, "no");
		newer(REFUSALS[i].new);
		refuses(REFUSALS[i].point, REFUSALS[i].sentence);
		close_all();
	}
}

static void test_other_parameters_are_refused(void **state)
{
	(void)state;
	begin("sleep for 1h");
	activate(NEW "workflow work(thing ref order) {\n  sleep for 1h\n}\n");
	refuses(NULL, "the parameter `thing` is new");
	close_all();
}

static void test_a_value_that_is_gone_is_refused(void **state)
{
	(void)state;
	begin("let rank = order.rank\nsleep for 1h\nset order { rank = rank }");
	activate(PACK("1.1.0", "low, none", "low") "workflow work(order ref order) {\n  let rank = order.rank\n  sleep for 1h\n"
						   "  set order { rank = rank }\n}\n");
	refuses(NULL, "whose value there is no more");
	close_all();
}

static void test_a_step_that_holds_must_hold(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) else hold\nset order { step = \"old\" }");
	host_answer(&host, 0, NULL, "no");
	newer("step r = call shop.reserve(order.name)\nset order { step = r.id }");
	refuses(NULL, "it holds there, and the new step does not");
	close_all();
}

static void test_what_holds_for_another_reason_is_left_alone(void **state)
{
	(void)state;
	begin("sleep for 1h\nset order { step = \"old\" }");
	newer("sleep for 1h\nset order { step = \"new\" }");
	host_advance(&host, 3600); /* its program is not there */
	is("state", "held");
	refuses(NULL, "it holds at no step");
	close_all();
}

static void test_what_undoes_is_left_alone(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) undo call shop.release(r.id)\nfail \"broken\"");
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 7}", NULL);
	newer("step r = call shop.reserve(order.name) undo call shop.release(r.id)\n");
	refuses(NULL, "it undoes what it did");
	close_all();
}

static void test_what_nothing_would_undo_is_refused(void **state)
{
	(void)state;
	begin("step r = call shop.reserve(order.name) undo call shop.release(r.id)\nsleep for 1h");
	host_answer(&host, 0, "{\"id\": \"r1\", \"count\": 7}", NULL);
	newer("step r = call shop.reserve(order.name)\nsleep for 1h");
	refuses(NULL, "a step of it is done that shop.release would undo");
	close_all();
}

static void test_an_early_event_is_not_lost(void **state)
{
	(void)state;
	begin("sleep for 1h\nwait for signal as s where s.word == order.name\nset order { step = \"old\" }");
	host_raise(&host, "signal", "{\"word\": \"A\"}");
	newer("sleep for 1h\nwait for signal as s where s.word == order.name\nset order { step = \"new\" }");
	refuses(NULL, "it keeps signal, which came before its `wait for`");
	close_all();
}

static void test_another_version_than_was_said(void **state)
{
	(void)state;
	begin("sleep for 1h");
	newer("sleep for 1h");
	struct program wrong = *before;
	wrong.hash++;
	const struct program *own = before;
	before = &wrong;
	refuses(NULL, "it runs on the version");
	before = own;
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_wait_goes_on_with_the_new_steps),
		cmocka_unit_test(test_a_wait_may_compare_something_else_now),
		cmocka_unit_test(test_the_answer_of_a_call_that_was_out_is_heard),
		cmocka_unit_test(test_a_call_is_repeated_with_what_it_was_made_with),
		cmocka_unit_test(test_undos_and_timers_go_along),
		cmocka_unit_test(test_approvals_and_holds_go_along),
		cmocka_unit_test(test_a_held_step_goes_along),
		cmocka_unit_test(test_strands_go_along),
		cmocka_unit_test(test_strands_of_strands),
		cmocka_unit_test(test_a_wait_compares_what_it_compared),
		cmocka_unit_test(test_events_keep_their_fields),
		cmocka_unit_test(test_a_loop_goes_on_in_its_round),
		cmocka_unit_test(test_waits_that_are_ahead_are_prepared_anew),
		cmocka_unit_test(test_a_second_time_nothing_happens),
		cmocka_unit_test(test_names_of_points),
		cmocka_unit_test(test_who_moves_at_each_point_comes_to_the_same_end),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_other_parameters_are_refused),
		cmocka_unit_test(test_a_value_that_is_gone_is_refused),
		cmocka_unit_test(test_a_step_that_holds_must_hold),
		cmocka_unit_test(test_what_holds_for_another_reason_is_left_alone),
		cmocka_unit_test(test_what_undoes_is_left_alone),
		cmocka_unit_test(test_what_nothing_would_undo_is_refused),
		cmocka_unit_test(test_an_early_event_is_not_lost),
		cmocka_unit_test(test_another_version_than_was_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
