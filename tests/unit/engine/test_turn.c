/* Turns: the order of rules, what they see of one another, what a failure undoes, where a turn ends. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>

static struct small_host host;

#define PACK "pack test \"1.0.0\" { title \"Test\" }\n"
#define THINGS                                                                                                                 \
	PACK "entity thing { name text required max 20; size int default 1; owner ref person; state enum(new, open, done) "    \
	     "default new\n transitions state { new -> open; open -> done } }\n"                                               \
	     "entity person { name text required; tier text }\n"                                                               \
	     "entity thing_note { thing ref thing required; body text required }\n"                                            \
	     "event go { name text; n int }\n"

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	return 0;
}

static void shows(const char *entity, uint32_t nth, const char *field, const char *wanted)
{
	assert_string_equal(host_shows(&host, entity, nth, field), wanted);
}

/* --- order and sight */
static void test_each_rule_sees_what_earlier_ones_did(void **state)
{
	(void)state;
	host_open(&host, THINGS
		  "rule a { on go as e; then create thing { name = e.name default \"?\" } }\n"
		  "rule b { on go as e; then { let t = lookup(thing where thing.name == (e.name default \"?\"))\n"
		  "  if t is set { set t { size = t.size + count(thing where thing.size >= 1) } } } }\n"
		  "rule c { on go as e; when exists(thing where thing.size == 2); then create thing { name = \"third\" } }\n");
	host_raise(&host, "go", "{\"name\": \"first\"}");
	assert_int_equal(host.status, OK);
	assert_int_equal(host_count(&host, "thing"), 2);
	shows("thing", 0, "size", "2");
	assert_int_equal(host.turn->plan.changes.count, 2); /* created and set are one change */
	assert_int_equal(host.turn->plan.changes.items[0]->kind, CHANGE_CREATE);
	assert_string_equal(host_outcome(&host, "c", 0), "fired");
}

static void test_queries_see_rows_behind_rows(void **state)
{
	(void)state;
	host_open(&host, THINGS
		  "rule make { on go as e; when e.n == 1; then {\n"
		  "  create person as p { name = \"p\"; tier = \"x\" }\n"
		  "  create thing { name = \"t\"; owner = p }\n"
		  "} }\n"
		  "rule change { on go as e; when e.n == 2; then {\n"
		  "  for each p in all(person where person.name == \"p\") { set p { tier = \"y\" } }\n"
		  "} }\n"
		  "rule found { on go as e; when e.n == 2 and exists(thing where thing.owner.tier == \"y\"); then stop }\n"
		  "rule lost { on go as e; when e.n == 2 and exists(thing where thing.owner.tier == \"x\"); then stop }\n");
	host_raise(&host, "go", "{\"n\": 1}");
	host_raise(&host, "go", "{\"n\": 2}");
	assert_string_equal(host_outcome(&host, "change", 0), "fired");
	assert_string_equal(host_outcome(&host, "found", 0), "fired");
	assert_string_equal(host_outcome(&host, "lost", 0), "false");
}

static void test_deleted_rows_are_gone(void **state)
{
	(void)state;
	host_open(&host, THINGS
		  "rule make { on go as e; when e.n == 1; then create thing { name = \"t\" } }\n"
		  "rule drop { on go as e; when e.n == 2; then { for each t in all(thing where thing.size == 1) { delete t } } "
		  "}\n"
		  "rule none { on go as e; when e.n == 2 and not exists(thing where thing.size == 1); then create person { "
		  "name = \"p\" } }\n"
		  "rule brief { on go as e; when e.n == 3; then { create thing as t { name = \"t\" }\n delete t } }\n");
	host_raise(&host, "go", "{\"n\": 1}");
	assert_int_equal(host_count(&host, "thing"), 1);
	host_raise(&host, "go", "{\"n\": 2}");
	assert_int_equal(host_count(&host, "thing"), 0);
	assert_int_equal(host_count(&host, "person"), 1);
	host_raise(&host, "go", "{\"n\": 3}");
	assert_int_equal(host.turn->plan.changes.count, 0); /* made and deleted: nothing has happened */
}

/* --- what changes raise */
static void test_changes_raise_events(void **state)
{
	(void)state;
	host_open(&host, THINGS
		  "rule make { on go as e; when e.n == 1; then create thing { name = \"t\" } }\n"
		  "rule grow { on thing.created as t; then set t { size = t.size + 1 } }\n"
		  "rule note_it { on thing.updated as t; when changed(t.size); then note t \"was {before.size}, is "
		  "{t.size}\" }\n"
		  "rule same { on go as e; when e.n == 2; then { for each t in all(thing) { set t { size = t.size } } } }\n");
	host_raise(&host, "go", "{\"n\": 1}");
	assert_int_equal(host.status, OK);
	shows("thing", 0, "size", "2");
	shows("thing_note", 0, "body", "was 1, is 2");
	host_raise(&host, "go", "{\"n\": 2}");
	assert_int_equal(host_events(&host, "thing.updated"), 0); /* what stays as it is raises nothing */
	assert_int_equal(host.turn->plan.changes.count, 0);
}

/* --- failing */
static void test_a_failing_rule_undoes_only_itself(void **state)
{
	(void)state;
	host_open(&host,
		  THINGS "rule a { on go; then create thing { name = \"a\" } }\n"
			 "rule b { on go; then { create thing { name = \"b\" }\n log \"b was here\"\n fail \"not today\" } }\n"
			 "rule c { on go; then create thing { name = \"c\" } }\n"
			 "rule told { on rule.failed as f; then create thing { name = f.rule } }\n");
	host_raise(&host, "go", "{}");
	assert_int_equal(host.status, OK);
	assert_int_equal(host_count(&host, "thing"), 3);
	shows("thing", 0, "name", "a");
	shows("thing", 1, "name", "c");
	shows("thing", 2, "name", "b");
	assert_string_equal(host_outcome(&host, "b", 0), "failed");
	assert_true(text_is(host_sentence(&host, "b"), "not today"));
	const struct rule *failed = NULL;
	for (uint32_t i = 0; i < host.program->rule_count; i++)
		if (text_is(host.program->rules[i].name, "b"))
			failed = &host.program->rules[i];
	for (uint32_t i = 0; i < host.turn->trace.rules.count; i++)
		if (host.turn->trace.rules.items[i].outcome == OUTCOME_FAILED)
			assert_int_equal(failed->body->steps[host.turn->trace.rules.items[i].step].operation, STEP_FAIL);
	assert_int_equal(host_events(&host, "thing.created"), 3);
	assert_int_equal(host.turn->trace.lines.count, 0);
}

/* Not within the turn, and not after it. */
static void test_a_failure_uses_no_number(void **state)
{
	(void)state;
	host_open(
		&host, PACK
		"entity paper { number text sequence \"P-{n}\"; name text required }\n"
		"event go { n int }\n"
		"rule a { on go as e; when e.n == 1; then create paper { name = \"a\" } }\n"
		"rule b { on go as e; then { create paper { name = \"b1\" }; create paper { name = \"b2\" }\n fail \"no\" } }\n"
		"rule c { on go as e; then { create paper { name = \"c\" }\n fail \"no\" } }\n"
		"rule d { on go as e; when e.n == 1; then create paper { name = \"d\" } }\n"
		"rule e { on go as e; then { create paper { name = \"e\" }\n fail \"no\" } }\n");
	for (int i = 0; i < 2; i++) {
		host_raise(&host, "go", "{\"n\": 1}");
		host_raise(&host, "go", "{\"n\": 2}");
	}
	assert_int_equal(host_count(&host, "paper"), 4);
	for (uint32_t i = 0; i < 4; i++) {
		char wanted[8];
		snprintf(wanted, sizeof(wanted), "P-%u", i + 1);
		shows("paper", i, "number", wanted);
	}
}

static void test_failures_of_failures_do_not_loop(void **state)
{
	(void)state;
	host_open(&host, THINGS "rule a { on go; then fail \"first\" }\n"
				"rule told { on rule.failed as f; then { create person { name = f.rule } } }\n"
				"rule again { on rule.failed as f; then fail \"second\" }\n"
				"rule worse { on person.created as p; then fail \"third\" }\n");
	host_raise(&host, "go", "{}");
	assert_int_equal(host.status, OK);
	assert_int_equal(host_count(&host, "person"), 1);
	assert_int_equal(host_events(&host, "rule.failed"), 1);
	assert_string_equal(host_outcome(&host, "again", 0), "failed");
	assert_string_equal(host_outcome(&host, "worse", 0), "failed");
}

static void refused(const char *statement, const char *part)
{
	char source[4096];
	snprintf(source, sizeof(source),
		 THINGS "rule make { on go as e; when e.n == 1; then create thing { name = \"t\" } }\n"
			"rule r { on go as e; when e.n == 2; then { let t = lookup(thing where thing.name == \"t\")\n if t is "
			"set { %s } } }\n",
		 statement);
	host_open(&host, source);
	host_raise(&host, "go", "{\"n\": 1}");
	host_raise(&host, "go", "{\"n\": 2, \"name\": \"a name of more than twenty letters\"}");
	assert_string_equal(host_outcome(&host, "r", 0), "failed");
	struct text sentence = host_sentence(&host, "r");
	if (text_find(sentence, text_from(part)) < 0)
		fail_msg("\"%.*s\" does not say %s", TEXT_ARGS(sentence), part);
	host_close(&host);
}

static void test_what_rows_refuse(void **state)
{
	(void)state;
	refused("set t { state = done }", "can not go from new to done");
	refused("set t { name = e.name default \"\" }", "may have 20 characters");
	refused("delete t; set t { size = 5 }", "does not exist any more");
	refused("set t { size = int(1 / (t.size - 1)) default 1 }", "zero");
	refused("set t { size = t.size * 9000000000000000000 + 9000000000000000000 }", "too large");
	host_open(&host, THINGS); /* for the teardown */
}

static void test_unknown_is_not_false(void **state)
{
	(void)state;
	host_open(&host, THINGS "rule a { on go as e; when e.n > 5; then stop }\n"
				"rule b { on go as e; when not (e.n > 5); then stop }\n"
				"rule c { on go as e; when e.n > 5 or e.name == \"x\"; then stop }\n"
				"rule d { on go as e; when e.n > 5 and e.name == \"y\"; then stop }\n");
	engine_observe(host.engine, true); /* else the index passes over what can not hold */
	host_raise(&host, "go", "{\"name\": \"x\"}");
	assert_string_equal(host_outcome(&host, "a", 0), "unknown");
	assert_true(text_is(host_sentence(&host, "a"), "e.n"));
	assert_string_equal(host_outcome(&host, "b", 0), "unknown");
	assert_string_equal(host_outcome(&host, "c", 0), "fired");
	assert_string_equal(host_outcome(&host, "d", 0), "false");
}

/* --- where a turn ends */
static void test_a_loop_of_events_ends(void **state)
{
	(void)state;
	host_open(&host, THINGS "rule first { on go; then create thing { name = \"t\" } }\n"
				"rule grow { on thing.created as t; then set t { size = t.size + 1 } }\n"
				"rule on_and_on { on thing.updated as t; then set t { size = t.size + 1 } }\n");
	host_raise(&host, "go", "{}");
	assert_int_equal(host.status, LIMIT);
	assert_int_equal(host.turn->plan.changes.count, 0);
	assert_non_null(strstr(host.error.sentence, "thing.updated"));
	assert_non_null(strstr(host.error.sentence, "on_and_on"));
	assert_non_null(strstr(host.error.sentence, "go"));
	host_raise(&host, "go", "{}"); /* the engine goes on */
	assert_int_equal(host.status, LIMIT);
}

static void test_a_rule_that_runs_too_long_ends_the_turn(void **state)
{
	(void)state;
	host_open(
		&host, THINGS
		"define ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
		"rule r { on go as e; then { for each a in ten { for each b in ten { for each c in ten { for each d in ten {\n"
		" for each f in ten { for each g in ten { for each h in ten { for each i in ten { let x = a + i } } } } } } } "
		"} } }\n");
	host_raise(&host, "go", "{}");
	assert_int_equal(host.status, LIMIT);
	assert_non_null(strstr(host.error.sentence, "steps"));
}

/* --- keyed events */
static void test_equal_keys_are_one_event(void **state)
{
	(void)state;
	host_open(&host, THINGS "event seen { key_name text key; other text }\n"
				"rule twice { on go as e; then { emit seen { key_name = e.name default \"?\"; other = \"1\" }\n"
				" emit seen { key_name = e.name default \"?\"; other = \"2\" } } }\n"
				"rule count_it { on seen as s; then create thing { name = s.key_name } }\n");
	host_raise(&host, "go", "{\"name\": \"a\"}");
	assert_int_equal(host_count(&host, "thing"), 1);
	host_raise(&host, "go", "{\"name\": \"a\"}");
	assert_int_equal(host_count(&host, "thing"), 1);
	host_raise(&host, "go", "{\"name\": \"b\"}");
	assert_int_equal(host_count(&host, "thing"), 2);
}

/* --- what an event leaves out */
static void test_fields_left_out_get_their_defaults(void **state)
{
	(void)state;
	host_open(&host, PACK "setting most int default 7\n"
			      "entity thing { name text required; size int default 1 }\n"
			      "event go { name text required default \"nobody\"; n int default setting.most; m int }\n"
			      "rule r { on go as e; when e.name == \"nobody\" and e.m is not set; "
			      "then create thing { name = e.name; size = e.n } }\n"
			      "rule other { on go as e; when e.name == \"somebody\"; "
			      "then create thing { name = e.name; size = e.n } }\n");
	host_raise(&host, "go", "{}");
	assert_int_equal(host.status, OK);
	shows("thing", 0, "name", "nobody");
	shows("thing", 0, "size", "7");
	host_raise(&host, "go", "{\"name\": \"somebody\", \"n\": 3}");
	shows("thing", 1, "name", "somebody");
	shows("thing", 1, "size", "3");
	host_raise(&host, "go", "{\"name\": null}");
	shows("thing", 2, "name", "nobody");
	assert_string_equal(host_outcome(&host, "r", 0), "fired");
}

static void test_a_ref_to_nothing_is_not_set(void **state)
{
	(void)state;
	host_open(&host,
		  PACK "entity person { name text required }\n"
		       "entity thing { name text required; owner ref person }\n"
		       "event go { owner ref person }\n"
		       "event must { owner ref person required }\n"
		       "rule known { on go as e; when e.owner is set; then create thing { name = \"k\"; owner = e.owner } }\n"
		       "rule lost { on go as e; when e.owner is not set; then create thing { name = \"l\" } }\n");
	host_raise(&host, "go", "{\"owner\": \"01KNX3E000000000000000000A\"}");
	assert_int_equal(host.status, OK);
	assert_int_equal(host_count(&host, "thing"), 1);
	shows("thing", 0, "name", "l");
	host_raise(&host, "must", "{\"owner\": \"01KNX3E000000000000000000A\"}");
	assert_int_equal(host.status, INVALID);
	assert_non_null(strstr(host.error.sentence, "`owner` refers to a record that there is not"));
	assert_int_equal(host.turn->plan.changes.count, 0);
}

/* --- the same again is the same */
static void test_a_turn_that_runs_again_makes_the_same_rows(void **state)
{
	(void)state;
	struct record_id ids[2][4];
	for (int round = 0; round < 2; round++) {
		host_open(&host,
			  THINGS "rule a { on go; then { create thing as t { name = \"a\" }\n note t \"x\"\n note t \"x\" } }\n"
				 "rule b { on go; then { create thing { name = \"b\" } } }\n");
		host_raise(&host, "go", "{}");
		assert_int_equal(host.turn->plan.changes.count, 4);
		for (int i = 0; i < 4; i++)
			ids[round][i] = host.turn->plan.changes.items[i]->id;
		host_close(&host);
	}
	for (int i = 0; i < 4; i++) {
		assert_true(id_equal(ids[0][i], ids[1][i]));
		for (int k = 0; k < i; k++)
			assert_false(id_equal(ids[0][i], ids[0][k]));
	}
	host_open(&host, THINGS);
}

/* --- two rules, one field */
static void test_two_values_for_one_field_are_said(void **state)
{
	(void)state;
	host_open(&host, THINGS "rule first { on go; then create thing { name = \"t\" } }\n"
				"rule a { on thing.created as t; then set t { size = 2 }; before b }\n"
				"rule b { on thing.created as t; then set t { size = 3 } }\n");
	host_raise(&host, "go", "{}");
	shows("thing", 0, "size", "3");
	assert_int_equal(host.turn->trace.lines.count, 1);
	struct text line = host.turn->trace.lines.items[0].text;
	assert_true(text_find(line, TEXT("thing.size was 2 by a and is now 3 by b")) >= 0);
}

/* --- seeing everything */
static void test_observing_keeps_every_node(void **state)
{
	(void)state;
	host_open(&host, THINGS "rule a { on go as e; when e.n == 5 and e.name == \"x\"; then stop }\n");
	engine_observe(host.engine, true);
	host_raise(&host, "go", "{\"n\": 5, \"name\": \"y\"}");
	assert_int_equal(host.turn->trace.rules.count, 1);
	const struct trace_rule *traced = &host.turn->trace.rules.items[0];
	const struct code *guard = host.program->rules[traced->rule].guard;
	bool number = false, name = false, whole = false;
	assert_non_null(traced->nodes);
	for (uint32_t i = 0; i < guard->node_count; i++) {
		const struct observed *seen = &traced->nodes[i];
		number |= text_is(guard->nodes[i].source, "e.n") && seen->evaluated && seen->value.integer == 5;
		name |= text_is(guard->nodes[i].source, "e.name") && seen->evaluated &&
			text_is(value_as_text(seen->value), "y");
		whole |= i == guard->root && seen->evaluated && value_is_false(seen->value);
	}
	assert_true(number && name && whole);
	host_raise(&host, "go", "{\"n\": 6, \"name\": \"x\"}");
	for (uint32_t i = 0; i < guard->node_count; i++)
		if (text_is(guard->nodes[i].source, "e.name"))
			assert_false(host.turn->trace.rules.items[0].nodes[i].evaluated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_each_rule_sees_what_earlier_ones_did, close_host),
		cmocka_unit_test_teardown(test_queries_see_rows_behind_rows, close_host),
		cmocka_unit_test_teardown(test_deleted_rows_are_gone, close_host),
		cmocka_unit_test_teardown(test_changes_raise_events, close_host),
		cmocka_unit_test_teardown(test_a_failing_rule_undoes_only_itself, close_host),
		cmocka_unit_test_teardown(test_a_failure_uses_no_number, close_host),
		cmocka_unit_test_teardown(test_failures_of_failures_do_not_loop, close_host),
		cmocka_unit_test_teardown(test_what_rows_refuse, close_host),
		cmocka_unit_test_teardown(test_unknown_is_not_false, close_host),
		cmocka_unit_test_teardown(test_a_loop_of_events_ends, close_host),
		cmocka_unit_test_teardown(test_a_rule_that_runs_too_long_ends_the_turn, close_host),
		cmocka_unit_test_teardown(test_equal_keys_are_one_event, close_host),
		cmocka_unit_test_teardown(test_fields_left_out_get_their_defaults, close_host),
		cmocka_unit_test_teardown(test_a_ref_to_nothing_is_not_set, close_host),
		cmocka_unit_test_teardown(test_a_turn_that_runs_again_makes_the_same_rows, close_host),
		cmocka_unit_test_teardown(test_two_values_for_one_field_are_said, close_host),
		cmocka_unit_test_teardown(test_observing_keeps_every_node, close_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
