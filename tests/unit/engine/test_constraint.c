/* What a turn may not leave behind: references to nothing, doubles, changes of what is sealed. Whose doing it is fails alone;
 * the small host accepts no plan in which it is otherwise. */
#include "tests/unit/engine/small_host.h"

#include <stdio.h>

static struct small_host host;

#define PACK "pack test \"1.0.0\" { title \"Test\" }\n"
#define THINGS                                                                                                                 \
	PACK "entity person { name text required }\n"                                                                          \
	     "entity thing { name text required unique; size int default 1; place int; owner ref person; part_of ref thing\n"  \
	     "  closed bool default false; unique size, place; sealed when thing.closed }\n"                                   \
	     "entity thing_note { thing ref thing required; body text required; final bool default false\n"                    \
	     "  sealed when thing_note.final }\n"                                                                              \
	     "entity paper { note ref thing_note required }\n"                                                                 \
	     "event go { name text; n int; thing ref thing; owner ref person }\n"                                              \
	     "event set_up { what text }\n"                                                                                    \
	     "rule filled { on set_up; then {\n"                                                                               \
	     "  create person as p { name = \"p\" }; create person { name = \"q\" }\n"                                         \
	     "  create thing as a { name = \"a\"; owner = p; size = 1; place = 1 }\n"                                          \
	     "  create thing as b { name = \"b\"; part_of = a; size = 1; place = 2 }\n"                                        \
	     "  create thing { name = \"c\"; part_of = b; size = 1; place = 3 } } }\n"                                         \
	     "define named(name text) -> ref thing = lookup(thing where thing.name == name)\n"                                 \
	     "define one(name text) -> ref person = lookup(person where person.name == name)\n"

/* What the rules below begin with. */
#define ALL " let a = named(\"a\")\n let b = named(\"b\")\n let c = named(\"c\")\n let p = one(\"p\")\n let q = one(\"q\")\n "

static int close_host(void **state)
{
	(void)state;
	host_close(&host);
	return 0;
}

static void run(const char *rules)
{
	static char source[8192]; /* the program points into it */
	snprintf(source, sizeof(source), THINGS "%s", rules);
	host_open(&host, source);
	host_raise(&host, "set_up", "{}");
	assert_int_equal(host.status, OK);
	host_raise(&host, "go", "{\"name\": \"x\", \"n\": 1}");
	if (host.status != OK)
		fail_msg("%s", host.error.sentence);
}

static void says(const char *rule, const char *part)
{
	assert_string_equal(host_outcome(&host, rule, 0), "failed");
	struct text sentence = host_sentence(&host, rule);
	if (text_find(sentence, text_from(part)) < 0)
		fail_msg("\"%.*s\" does not say %s", TEXT_ARGS(sentence), part);
}

static void shows(const char *entity, uint32_t nth, const char *field, const char *wanted)
{
	assert_string_equal(host_shows(&host, entity, nth, field), wanted);
}

/* One body: it fails over `part`, and what another rule does stays. */
static void fails(const char *body, const char *part)
{
	char rules[4096];
	snprintf(rules, sizeof(rules),
		 "rule bad { on go as e; then {" ALL "create person { name = \"gone with it\" }\n %s } }\n"
		 "rule good { on go as e; then create person { name = \"good\" } }\n",
		 body);
	run(rules);
	says("bad", part);
	assert_string_equal(host_outcome(&host, "good", 0), "fired");
	assert_int_equal(host_events(&host, "rule.failed"), 1);
	assert_int_equal(host_count(&host, "person"), 3);
	shows("person", 2, "name", "good");
	host_close(&host);
}

static void passes(const char *body)
{
	char rules[4096];
	snprintf(rules, sizeof(rules), "rule good { on go as e; then {" ALL "%s } }\n", body);
	run(rules);
	if (strcmp(host_outcome(&host, "good", 0), "fired") != 0)
		fail_msg("%.*s", TEXT_ARGS(host_sentence(&host, "good")));
	host_close(&host);
}

/* --- references */
static void test_a_deletion_that_leaves_a_reference_fails_alone(void **state)
{
	(void)state;
	fails("delete p", "person p can not be deleted: a thing still refers to it in `owner`");
	fails("delete b", "thing b can not be deleted: a thing still refers to it in `part_of`");
	fails("create thing { name = \"d\"; owner = q }\n delete q", "thing.owner refers to the person");
	fails("set a { owner = q }\n delete q", "thing.owner refers to the person");
	fails("create person as r { name = \"r\" }\n create thing { name = \"d\"; owner = r }\n delete r",
	      "thing.owner refers to the person");
	host_open(&host, THINGS); /* for the teardown */
}

static void test_what_counts_is_the_end_of_a_body(void **state)
{
	(void)state;
	passes("delete p\n set a { owner = unset }");
	passes("delete p\n set a { owner = q }");
	passes("delete a\n delete b\n delete c");
	passes("create thing as d { name = \"d\" }\n set a { part_of = d }\n set a { part_of = unset }\n "
	       "delete d");
	passes("create thing as d { name = \"d\" }\n set d { part_of = d }\n delete d");
	host_open(&host, THINGS);
}

/* A later rule can not delete what an earlier one has come to refer to, nor refer to what that one has deleted. */
static void test_rules_of_one_turn(void **state)
{
	(void)state;
	run("rule first { on go; then {" ALL "set a { owner = q } } }\n"
	    "rule second { on go; then {" ALL "delete q } }\n"
	    "rule third { on go; then {" ALL "delete p } }\n");
	assert_string_equal(host_outcome(&host, "first", 0), "fired");
	says("second", "person q can not be deleted");
	assert_string_equal(host_outcome(&host, "third", 0), "fired");
	assert_int_equal(host_count(&host, "person"), 1);
}

/* The event says who, and is kept until its time has come; by then there is nobody. */
static void test_a_reference_that_was_overtaken(void **state)
{
	(void)state;
	host_open(&host, THINGS "event quiet { what text }\n"
				"rule waits { on go as e; when e.n == 2; unless followed by quiet within 10min\n"
				"  then create thing { name = \"late\"; owner = e.owner } }\n"
				"rule leaves { on go as e; when e.n == 3; then {" ALL "delete q } }\n");
	char source[64], id[RECORD_ID_TEXT + 1];
	host_raise(&host, "set_up", "{}");
	record_id_write(host.rows.items[1].id, id);
	assert_true(text_is(host.rows.items[1].entity->name, "person"));
	snprintf(source, sizeof(source), "{\"n\": 2, \"owner\": \"%s\"}", id);
	host_raise(&host, "go", source);
	assert_string_equal(host_outcome(&host, "waits", 0), "waiting");
	host_raise(&host, "go", "{\"n\": 3}");
	assert_string_equal(host_outcome(&host, "leaves", 0), "fired");
	host_advance(&host, 600);
	says("waits", "thing.owner refers to the person");
	assert_non_null(strstr(host_sentence(&host, "waits").bytes, id));
	assert_int_equal(host_count(&host, "thing"), 3);
}

/* --- what is unique */
static void test_doubles_fail_alone(void **state)
{
	(void)state;
	fails("create thing { name = \"a\" }", "there is already another thing with name = \"a\"");
	fails("create thing { name = \"d\" }\n create thing { name = \"d\" }",
	      "there is already another thing with name = \"d\"");
	fails("set b { name = \"a\" }", "there is already another thing with name = \"a\"");
	fails("set b { place = 3 }", "there is already another thing with size = 1 and place = 3");
	fails("set a { place = 7 }\n set b { place = 7 }", "there is already another thing with size = 1 and place = 7");
	host_open(&host, THINGS);
}

static void test_values_that_are_given_up_are_free(void **state)
{
	(void)state;
	passes("create thing as d { name = \"d\" }\n set a { name = \"x\" }\n set d { name = \"a\" }");
	passes("create thing as d { name = \"d\" }\n delete c\n set d { name = \"c\" }");
	passes("for each t in all(thing) { set t { place = t.place + 1 } }");
	passes("for each t in all(thing) { set t { place = t.place - 1 } }");
	passes("create thing { name = \"d\"; place = 9 }\n create thing { name = \"e\" }\n create thing { name = \"f\" }");
	passes("set a { name = \"x\" }\n set a { name = \"a\" }");
	host_open(&host, THINGS);
}

static void test_values_are_exchanged(void **state)
{
	(void)state;
	passes("set a { name = \"b\" }\n set b { name = \"a\" }");
	passes("for each t in all(thing) { set t { place = if t.place == 3 then 1 else t.place + 1 } }");
	passes("set a { name = \"b\"; place = 3 }\n set b { name = \"a\"; place = 1 }\n set c { place = 2; part_of = a }");
	passes("set a { name = \"b\" }\n set b { name = \"a\" }\n create thing { name = \"c\" }\n set c { name = \"d\" }");
	fails("set a { name = \"b\" }\n set b { name = \"c\" }", "there is already another thing with name = \"c\"");
	host_open(&host, THINGS);
}

static uint32_t count_named(const char *name)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < host_count(&host, "thing"); i++)
		count += !strcmp(host_shows(&host, "thing", i, "name"), name);
	return count;
}

static void test_doubles_between_rules(void **state)
{
	(void)state;
	run("rule first { on go; then { create thing { name = \"d\" }\n fail \"no\" } }\n"
	    "rule second { on go; then create thing { name = \"d\" } }\n"
	    "rule third { on go; then create thing { name = \"d\" } }\n"
	    "rule fourth { on go; then {" ALL "set a { name = \"x\" } } }\n"
	    "rule fifth { on go; then {" ALL "set b { name = \"a\" } } }\n"
	    "rule sixth { on go; then { let x = named(\"x\")\n set x { name = \"a\" } } }\n"
	    "rule seventh { on go; then { let x = named(\"x\")\n set x { name = \"b\" } } }\n"
	    "rule eighth { on go; then { let x = named(\"x\")\n set x { name = \"y\" } } }\n");
	assert_string_equal(host_outcome(&host, "second", 0), "fired");
	says("third", "there is already another thing with name = \"d\"");
	assert_string_equal(host_outcome(&host, "fifth", 0), "fired");
	says("sixth", "there is already another thing with name = \"a\""); /* it had that name, and gave it up */
	assert_string_equal(host_outcome(&host, "seventh", 0), "fired");   /* they have exchanged them */
	assert_string_equal(host_outcome(&host, "eighth", 0), "failed");
	assert_int_equal(count_named("a") + count_named("b") + count_named("c") + count_named("d"), 4);
	assert_int_equal(host_count(&host, "thing"), 4);
}

/* --- notes, and what is sealed */
static void test_notes_go_with_their_record(void **state)
{
	(void)state;
	run("rule notes { on go as e; then {" ALL "note c \"one\"\n note c \"two\" } }\n"
	    "rule goes { on go as e; then {" ALL "note c \"three\"\n delete c } }\n"
	    "rule counts { on go as e; when not exists(thing_note); then create person { name = \"none\" } }\n"
	    "rule again { on thing.deleted as t; then note t \"four\" }\n");
	assert_string_equal(host_outcome(&host, "goes", 0), "fired");
	assert_string_equal(host_outcome(&host, "counts", 0), "fired");
	says("again", "thing_note.thing refers to the thing");
	assert_int_equal(host_count(&host, "thing_note"), 0);
	assert_int_equal(host_count(&host, "thing"), 2);
}

static void test_notes_that_may_not_go(void **state)
{
	(void)state;
	fails("if c is set { create thing_note as n { thing = c; body = \"n\" }\n create paper { note = n }\n delete c }",
	      "paper.note refers to the thing_note");
	run("rule notes { on go as e; then {" ALL
	    "if c is set { create thing_note { thing = c; body = \"n\"; final = true } } } }\n"
	    "rule goes { on set_up; then {" ALL "if c is set { delete c } }; before filled }\n");
	host_raise(&host, "set_up", "{}");
	says("goes", "is sealed: nothing may change or delete it; correct it by a new record");
	assert_int_equal(host_count(&host, "thing_note"), 1);
}

static void test_what_is_sealed_is_named(void **state)
{
	(void)state;
	fails("set c { closed = true }\n set c { place = 8 }",
	      "thing c is sealed: nothing may change or delete it; correct it by a new record");
	fails("set c { closed = true }\n delete c", "thing c is sealed");
	host_open(&host, THINGS);
}

/* --- the other pieces of turns */
static uint32_t instances(const char *state)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < host_count(&host, "workflow_instance"); i++)
		count += !strcmp(host_shows(&host, "workflow_instance", i, "state"), state);
	return count;
}

static void test_a_workflow_fails_over_it(void **state)
{
	(void)state;
	run("workflow remove(p ref person) { sleep for 1h\n delete p }\n"
	    "workflow late(p ref person) { sleep for 2h\n create thing { name = \"late\"; owner = p } }\n"
	    "rule starts { on go; then {" ALL
	    "if p is set and q is set { start remove(p); start remove(q); start late(q) } } }\n");
	host_advance(&host, 3600);
	assert_int_equal(instances("failed"), 1);
	assert_int_equal(instances("ended"), 1);
	assert_int_equal(host_count(&host, "person"), 1);
	host_advance(&host, 3600);
	assert_int_equal(instances("failed"), 2);
	assert_int_equal(host_count(&host, "thing"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_deletion_that_leaves_a_reference_fails_alone, close_host),
		cmocka_unit_test_teardown(test_what_counts_is_the_end_of_a_body, close_host),
		cmocka_unit_test_teardown(test_rules_of_one_turn, close_host),
		cmocka_unit_test_teardown(test_a_reference_that_was_overtaken, close_host),
		cmocka_unit_test_teardown(test_doubles_fail_alone, close_host),
		cmocka_unit_test_teardown(test_values_that_are_given_up_are_free, close_host),
		cmocka_unit_test_teardown(test_values_are_exchanged, close_host),
		cmocka_unit_test_teardown(test_doubles_between_rules, close_host),
		cmocka_unit_test_teardown(test_notes_go_with_their_record, close_host),
		cmocka_unit_test_teardown(test_notes_that_may_not_go, close_host),
		cmocka_unit_test_teardown(test_what_is_sealed_is_named, close_host),
		cmocka_unit_test_teardown(test_a_workflow_fails_over_it, close_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
