/* One mistake must cost its own declaration and no other, and the message must stand where the mistake is. Tokens of the
 * samples are deleted, misspelt, or get a `)`, `}` or `"` before them; how often the neighbours stay whole and the first
 * message stands on the mistake's line is measured and must not sink. Each run tries the same sample of all mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/language/support.h"

enum { STEP = 3 }; /* every third token */

enum mutation { DELETED, MISSPELT, PARENTHESIS, BRACE, QUOTE, MUTATIONS };

/* In per mille, just under what is measured today. */
static const struct {
	const char *name;
	const char *before;
	uint32_t whole, line;
} WANTED[MUTATIONS] = {
	[DELETED] = {"deleted", NULL, 970, 870},       [MISSPELT] = {"misspelt", NULL, 990, 980},
	[PARENTHESIS] = {"`)` before", ")", 990, 990}, [BRACE] = {"`}` before", "}", 990, 980},
	[QUOTE] = {"`\"` before", "\"", 990, 780},
};

struct count {
	uint32_t tried, silent, whole, line, next_line;
};

struct mutant {
	struct text source;
	uint32_t at, line;
};

static struct arena file_arena, arena;
static struct count counts[MUTATIONS];

typedef LIST(const struct syntax *) node_list;

/* Leaves in source order, with punctuation left out: it has no node. */
static void leaves_collect(const struct parse_tree *tree, node_list *leaves)
{
	for (uint32_t d = 0; d < tree->declarations.count; d++) {
		const struct syntax *root = tree->declarations.items[d];
		for (const struct syntax *node = root; node < root + root->size; node++)
			if (node->size == 1 && node->end > node->start)
				*list_add(&file_arena, leaves) = node;
	}
}

/* Punctuation that stands alone, for deletion: pairs of offsets. */
static struct mutant mutate(struct text source, uint32_t start, uint32_t end, uint32_t line, enum mutation mutation)
{
	struct text_builder builder = {.arena = &arena};
	builder_add(&builder, text_slice(source, 0, start));
	struct text token = text_slice(source, start, end);
	if (mutation == MISSPELT) {
		/* two letters change places, or one is doubled */
		if (token.length > 2 && token.bytes[1] != token.bytes[2]) {
			builder_format(&builder, "%c%c%c", token.bytes[0], token.bytes[2], token.bytes[1]);
			builder_add(&builder, text_slice(token, 3, token.length));
		} else {
			builder_add(&builder, token);
			builder_add(&builder, text_slice(token, token.length - 1, token.length));
		}
	} else if (mutation != DELETED) {
		builder_format(&builder, "%s ", WANTED[mutation].before);
		builder_add(&builder, token);
	}
	builder_add(&builder, text_slice(source, end, source.length));
	return (struct mutant){builder_text(&builder), start, line};
}

/* How many of the original's other declarations are still there, byte for byte. */
static bool neighbours_whole(const struct parse_tree *original, const struct parse_tree *now, uint32_t at)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < original->declarations.count; i++) {
		const struct syntax *declaration = original->declarations.items[i];
		if (at >= declaration->start && at < declaration->end)
			continue;
		struct text wanted = text_slice(original->source, declaration->start, declaration->end);
		bool found = false;
		while (!found && n < now->declarations.count) {
			const struct syntax *other = now->declarations.items[n++];
			found = other->kind == declaration->kind && other->size == declaration->size &&
				text_equal(text_slice(now->source, other->start, other->end), wanted);
		}
		if (!found)
			return false;
	}
	return true;
}

/* What the parser passes on for the compiler to report counts as its message. */
static uint32_t first_message(const struct parse_tree *tree)
{
	uint32_t line = tree->errors.count ? tree->errors.items[0].line : UINT32_MAX;
	for (uint32_t d = 0; d < tree->declarations.count; d++) {
		const struct syntax *root = tree->declarations.items[d];
		for (const struct syntax *node = root; node < root + root->size; node++)
			if ((node->kind == SYNTAX_missing || node->kind == SYNTAX_unterminated) && node->line < line)
				line = node->line;
	}
	return line;
}

static void try_mutant(const struct parse_tree *original, struct mutant mutant, enum mutation mutation)
{
	struct parse_tree now;
	struct count *count = &counts[mutation];
	parse_source(&arena, mutant.source, &now);
	uint32_t line = first_message(&now);
	count->tried++;
	count->whole += neighbours_whole(original, &now, mutant.at);
	count->silent += line == UINT32_MAX;
	count->line += line == mutant.line;
	count->next_line += line == mutant.line + 1;
	arena_reset(&arena);
}

static void file_try(struct text source)
{
	struct parse_tree original;
	node_list leaves = {0};
	parse_source(&file_arena, source, &original);
	assert_int_equal(original.errors.count, 0);
	leaves_collect(&original, &leaves);
	for (uint32_t i = 0; i < leaves.count; i++) {
		const struct syntax *leaf = leaves.items[i];
		for (int mutation = 0; mutation < MUTATIONS; mutation++)
			if ((i + (uint32_t)mutation * 3) % STEP == 0)
				try_mutant(&original, mutate(source, leaf->start, leaf->end, leaf->line, mutation), mutation);
	}
	/* punctuation, which has no nodes: braces, brackets, commas */
	uint32_t line = 1, seen = 0;
	for (uint32_t at = 0; at < source.length; at++) {
		line += source.bytes[at] == '\n';
		if (strchr("{}()[],=\"", source.bytes[at]) && seen++ % STEP == 0)
			try_mutant(&original, mutate(source, at, at + 1, line, DELETED), DELETED);
	}
}

static uint32_t per_mille(uint32_t part, uint32_t whole)
{
	return whole ? part * 1000 / whole : 1000;
}

static void mutations(void **state)
{
	(void)state;
	struct file_list files = files_find(&file_arena, "tests/language/samples", ".flow");
	for (uint32_t f = 0; f < files.count; f++)
		file_try(file_read(&file_arena, files.paths[f]));
	bool good = true;
	printf("%-12s %6s %7s %7s %7s %7s\n", "", "tried", "silent", "whole", "line", "next");
	for (int i = 0; i < MUTATIONS; i++) {
		struct count *count = &counts[i];
		uint32_t loud = count->tried - count->silent;
		uint32_t whole = per_mille(count->whole, count->tried), line = per_mille(count->line, loud);
		printf("%-12s %6u %7u %6.1f%% %6.1f%% %6.1f%%\n", WANTED[i].name, count->tried, count->silent, whole / 10.0,
		       line / 10.0, per_mille(count->next_line, loud) / 10.0);
		good &= count->tried > 100 && whole >= WANTED[i].whole && line >= WANTED[i].line;
	}
	assert_true(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutations),
	};
	arena_init(&file_arena, "file", 0);
	arena_init(&arena, "test", 0);
	int failed = cmocka_run_group_tests_name("language.mutations", tests, NULL, NULL);
	arena_release(&arena);
	arena_release(&file_arena);
	return failed;
}
