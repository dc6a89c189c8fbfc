/* Packs on top of one another: what a later layer overrides, disables, extends and requires; and the order in which the rules
 * of all of them run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dsl/compiler/compiler.h"

static struct arena arena;
static struct diagnostics diagnostics;

/* Each text is a pack of its own, the first one the lowest; "" leaves out its layer. */
static const struct program *stack(const char *const *packs, uint32_t count)
{
	struct source_input *inputs = arena_array(&arena, struct source_input, count);
	for (uint32_t i = 0; i < count; i++)
		inputs[i] = (struct source_input){.path = text_format(&arena, "pack%u.flow", i),
						  .module = text_format(&arena, "m%u", i),
						  .text = text_from(packs[i]),
						  .layer = i};
	diagnostics = (struct diagnostics){.arena = &arena};
	return compile(&arena, inputs, count, &diagnostics);
}
#define STACK(...) stack((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* "name name name" */
static const char *order_of(const struct program *program)
{
	struct text_builder builder = {.arena = &arena};
	for (uint32_t i = 0; i < program->rule_count; i++) {
		assert_int_equal(program->rules[i].index, i);
		builder_format(&builder, "%s%.*s", i ? " " : "", TEXT_ARGS(program->rules[i].name));
	}
	return builder_text(&builder).bytes;
}

/* "F0208 F0208" */
static const char *codes(void)
{
	struct text_builder builder = {.arena = &arena};
	for (uint32_t i = 0; i < diagnostics.items.count; i++)
		builder_format(&builder, "%s%s", i ? " " : "", diagnostic_info(diagnostics.items.items[i].code)->code);
	return diagnostics.items.count ? builder_text(&builder).bytes : "";
}

#define THINGS                                                                                                                 \
	"entity thing \"Ding\" { name text required; size int default 0; note text }\n"                                        \
	"rule one { on thing.created as t; when t.size == 1; then set t { note = \"one\" } }\n"                                \
	"rule two { on thing.created as t; when t.size == 2; then set t { note = \"two\" } }\n"

static void override_replaces(void **state)
{
	(void)state;
	const struct program *program =
		STACK(THINGS, "override rule m0.one { on thing.created as x; then set x { name = \"higher\" } }\n");
	assert_string_equal(codes(), "");
	assert_string_equal(order_of(program), "m0.one m0.two");
	assert_null(program->rules[0].guard);
	assert_int_equal(program->rules[0].span.file, 1);
}

static void override_by_pack_name(void **state)
{
	(void)state;
	const struct program *program =
		STACK("pack lower \"1.0.0\" { }\n" THINGS, "pack upper \"1.0.0\" { requires lower, \">= 1.0\" }\n"
							   "override rule lower.m0.one { on thing.created as x; then stop }\n"
							   "override rule lower.two { on thing.created as x; then stop }\n");
	assert_string_equal(codes(), "");
	assert_null(program->rules[0].guard);
	assert_null(program->rules[1].guard);
	assert_true(text_is(program->name, "upper"));
}

static void highest_layer_wins(void **state)
{
	(void)state;
	const struct program *program = STACK(THINGS, "override rule one { on thing.deleted as x; then stop }\n",
					      "override rule one { on thing.updated as x; then stop }\n");
	assert_string_equal(codes(), "");
	assert_true(text_is(program->rules[0].event->name, "thing.updated"));
}

static void overridden_rules_are_checked(void **state)
{
	(void)state;
	STACK("entity thing { name text }\nrule one { on thing.created as t; then set t { nme = \"x\" } }\n",
	      "override rule one { on thing.created as x; then stop }\n");
	assert_string_equal(codes(), "F0202");
}

/* Each of the two is asked twice at each turn: a walk that forgets where it was would double its work at every step. */
static void circles_of_requirements_end(void **state)
{
	(void)state;
	STACK("pack low \"1.0.0\" { requires mid, \">= 1.0\"; requires mid, \"< 2.0\" }\n",
	      "pack mid \"1.0.0\" { requires low, \">= 1.0\"; requires low, \"< 2.0\" }\n",
	      "pack top \"1.0.0\" { requires low, \">= 1.0\" }\n", "pack aside \"1.0.0\" { requires low, \">= 1.0\" }\n");
	assert_string_equal(codes(), "F0503 F0503");
}

static void a_requirement_says_a_version(void **state)
{
	(void)state;
	STACK("pack low \"1.0.0\" { }\n",
	      "pack top \"1.0.0\" { requires low, \"\"; requires low, 1; requires stellwerk, soon }\n");
	assert_string_equal(codes(), "F0902 F0902 F0902");
}

static void disable_removes(void **state)
{
	(void)state;
	const struct program *program =
		STACK(THINGS, "disable rule one\nrule three { on thing.created as t; after two; then stop }\n");
	assert_string_equal(codes(), "");
	assert_string_equal(order_of(program), "m0.two m1.three");
}

/* A rule may name one that a tenant has disabled; it just comes without it. */
static void order_by_a_disabled_rule(void **state)
{
	(void)state;
	const struct program *program =
		STACK(THINGS, "rule three { on thing.created as t; after one; then stop }\n", "disable rule one\n");
	assert_string_equal(codes(), "");
	assert_string_equal(order_of(program), "m0.two m1.three");
}

static void own_rules_are_not_overridden(void **state)
{
	(void)state;
	STACK(THINGS "override rule one { on thing.created as t; then stop }\ndisable rule two\n");
	assert_string_equal(codes(), "F0208 F0208");
}

static void override_twice(void **state)
{
	(void)state;
	STACK(THINGS, "override rule one { on thing.created as t; then stop }\n"
		      "override rule one { on thing.created as t; then stop }\n");
	assert_string_equal(codes(), "F0207");
}

static void extend_adds_fields(void **state)
{
	(void)state;
	const struct program *program =
		STACK(THINGS, "extend entity thing { cost text \"Kosten\"; index cost }\n"
			      "rule three { on thing.created as t; when t.cost is set; then log t.cost }\n");
	assert_string_equal(codes(), "");
	const struct entity *thing = schema_entity(&program->schema, TEXT("thing"));
	assert_non_null(entity_field(thing, TEXT("cost")));
	assert_int_equal(thing->index_count, 1);
}

static void extend_adds_no_second_field(void **state)
{
	(void)state;
	STACK(THINGS, "extend entity thing { size text }\n");
	assert_string_equal(codes(), "F0207");
}

/* --- requires */
static void requires_below(void **state)
{
	(void)state;
	STACK("pack low \"1.2.0\" { }\n", "pack high \"1.0.0\" { requires low, \">= 1.1\" }\n");
	assert_string_equal(codes(), "");
	STACK("pack low \"1.2.0\" { }\n", "pack high \"1.0.0\" { requires low, \"< 1.2\" }\n");
	assert_string_equal(codes(), "F0902");
	STACK("pack high \"1.0.0\" { requires low, \">= 1.1\" }\n", "pack low \"1.2.0\" { }\n");
	assert_string_equal(codes(), "F0902");
	STACK("pack high \"1.0.0\" { requires low, \">= 1.1\" }\n");
	assert_string_equal(codes(), "F0902");
}

static void requires_in_a_circle(void **state)
{
	(void)state;
	STACK("pack a \"1.0.0\" { requires b, \">= 1.0\" }\n", "pack b \"1.0.0\" { requires a, \">= 1.0\" }\n");
	assert_string_equal(codes(), "F0503");
	STACK("pack a \"1.0.0\" { requires c, \">= 1.0\" }\n", "pack b \"1.0.0\" { requires a, \">= 1.0\" }\n",
	      "pack c \"1.0.0\" { requires b, \">= 1.0\" }\n");
	assert_string_equal(codes(), "F0503");
	STACK("pack a \"1.0.0\" { requires a, \">= 1.0\" }\n");
	assert_string_equal(codes(), "F0503");
}

static void every_layer_is_a_pack(void **state)
{
	(void)state;
	STACK("pack a \"1.0.0\" { }\n", "entity thing { name text }\n");
	assert_string_equal(codes(), "F0901");
}

/* --- order */
static void order_layer_then_words_then_source(void **state)
{
	(void)state;
	const struct program *program = STACK("entity thing { name text }\n"
					      "rule a { on thing.created; after c; then stop }\n"
					      "rule b { on thing.created; then stop }\n"
					      "rule c { on thing.created; then stop }\n"
					      "rule d { on thing.created; before b; then stop }\n",
					      "rule e { on thing.created; then stop }\n"
					      "rule f { on thing.created; before m0.c; then stop }\n");
	assert_string_equal(codes(), "");
	assert_string_equal(order_of(program), "m0.d m0.b m1.e m1.f m0.c m0.a");
}

static void order_is_kept_without_words(void **state)
{
	(void)state;
	const struct program *program =
		STACK("", "entity thing { name text }\nrule z { on thing.created; then stop }\n",
		      "rule a { on thing.created; then stop }\nrule b { on thing.created; then stop }\n");
	assert_string_equal(order_of(program), "m1.z m2.a m2.b");
}

/* A higher layer comes after a lower one: that is an order, and no conflict. */
static void layers_do_not_fight(void **state)
{
	(void)state;
	STACK("entity thing { name text; size int }\nrule a { on thing.created as t; then set t { size = 1 } }\n",
	      "rule b { on thing.created as t; then set t { size = 2 } }\n");
	assert_string_equal(codes(), "");
	STACK("entity thing { name text; size int }\nrule a { on thing.created as t; then set t { size = 1 } }\n"
	      "rule b { on thing.created as t; then set t { size = 2 } }\n");
	assert_string_equal(codes(), "F0604");
}

static void footprints(void **state)
{
	(void)state;
	const struct program *program =
		STACK("entity thing { name text; size int }\nentity other { thing ref thing; level int }\n"
		      "event said { text text }\n"
		      "rule a { on thing.created as t; when t.size > 1; then { set t { size = 2 }\n"
		      "  create other { thing = t }\n  emit said { text = t.name } } }\n");
	assert_string_equal(codes(), "");
	const struct rule *rule = &program->rules[0];
	uint32_t thing = schema_entity(&program->schema, TEXT("thing"))->index;
	uint32_t other = schema_entity(&program->schema, TEXT("other"))->index;
	const uint32_t reads[] = {thing << 16 | FIELD_FIRST_OWN, thing << 16 | (FIELD_FIRST_OWN + 1)};
	const uint32_t writes[] = {thing << 16 | (FIELD_FIRST_OWN + 1), other << 16 | FIELD_ID, other << 16 | FIELD_FIRST_OWN};
	assert_int_equal(rule->read_count, 2);
	assert_memory_equal(rule->reads, reads, sizeof(reads));
	assert_int_equal(rule->write_count, 3);
	assert_memory_equal(rule->writes, writes, sizeof(writes));
	assert_int_equal(rule->emit_count, 3); /* thing.updated, other.created, said */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(override_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(override_by_pack_name, setup, teardown),
		cmocka_unit_test_setup_teardown(highest_layer_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(overridden_rules_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(circles_of_requirements_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_requirement_says_a_version, setup, teardown),
		cmocka_unit_test_setup_teardown(disable_removes, setup, teardown),
		cmocka_unit_test_setup_teardown(order_by_a_disabled_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(own_rules_are_not_overridden, setup, teardown),
		cmocka_unit_test_setup_teardown(override_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(extend_adds_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(extend_adds_no_second_field, setup, teardown),
		cmocka_unit_test_setup_teardown(requires_below, setup, teardown),
		cmocka_unit_test_setup_teardown(requires_in_a_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(every_layer_is_a_pack, setup, teardown),
		cmocka_unit_test_setup_teardown(order_layer_then_words_then_source, setup, teardown),
		cmocka_unit_test_setup_teardown(order_is_kept_without_words, setup, teardown),
		cmocka_unit_test_setup_teardown(layers_do_not_fight, setup, teardown),
		cmocka_unit_test_setup_teardown(footprints, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
