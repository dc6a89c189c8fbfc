/* The pack under constructs/ holds every construct of the language; that it also runs says the test beside this one. The kinds
 * of nodes in its trees are compared with those of the grammar (syntax.def is made from node-types.json). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/language/support.h"

static const char *const KINDS[] = {
#define SYNTAX(name) [SYNTAX_##name] = #name,
#include "dsl/compiler/syntax.def"
#undef SYNTAX
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

/* What no good pack has. */
static const char *const NEVER[] = {
	"pack_source",  /* the whole file: a declaration is the root of its own tree */
	"missing",      /* stands where a value is missing: a mistake */
	"unterminated", /* a text without its quote: a mistake */
	"comment",      /* comments stand in a list of their own */
};

static bool is_never(const char *kind)
{
	for (size_t i = 0; i < sizeof NEVER / sizeof *NEVER; i++)
		if (!strcmp(NEVER[i], kind))
			return true;
	return false;
}

static void kinds_see(struct arena *arena, const char *folder, bool *seen)
{
	struct file_list files = files_find(arena, folder, ".flow");

	assert_true(files.count > 0);
	for (uint32_t f = 0; f < files.count; f++) {
		struct parse_tree tree;
		parse_source(arena, file_read(arena, files.paths[f]), &tree);
		assert_int_equal(tree.errors.count, 0);
		for (uint32_t i = 0; i < tree.declarations.count; i++) {
			const struct syntax *root = tree.declarations.items[i];
			for (const struct syntax *node = root; node < root + root->size; node++)
				if (node->kind < KIND_COUNT)
					seen[node->kind] = true;
		}
	}
}

static void every_kind_stands_in_the_pack(void **state)
{
	bool seen[KIND_COUNT] = {false};
	uint32_t missing = 0;
	struct arena arena;

	(void)state;
	arena_init(&arena, "constructs", 0);
	kinds_see(&arena, "tests/language/constructs/desk", seen);
	kinds_see(&arena, "tests/language/constructs/own", seen);
	for (uint32_t i = 0; i < KIND_COUNT; i++) {
		if (!KINDS[i] || seen[i] == !is_never(KINDS[i]))
			continue;
		print_error("%s %s\n", KINDS[i], seen[i] ? "is there, and should never be" : "stands nowhere in the pack");
		missing++;
	}
	arena_release(&arena);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_stands_in_the_pack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
