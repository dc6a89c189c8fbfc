/* Any bytes through the parser. What must hold of every result: subtrees nest, roots do not overlap, every place is where it
 * says, each message is a sentence inside the file, and nothing is both a whole declaration and a mistake. */
#include "dsl/compiler/nodes.h"
#include "engine/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void node_check(const struct parse_tree *tree, const struct syntax *node)
{
	CHECK(node->kind < SYNTAX_COUNT && node->role < ROLE_COUNT && node->size > 0);
	CHECK(node->start <= node->end && node->end <= tree->source.length);
	uint32_t inner = 1, at = node->start;
	for (each_child (child, node)) {
		CHECK(child->start >= at && child->end <= node->end);
		at = child->start;
		inner += child->size;
	}
	CHECK(inner == node->size);
}

/* Lines and columns are counted as the parser goes; here they are counted from the file's start. */
static void place_check(struct text source, uint32_t start, uint32_t line, uint32_t column)
{
	uint32_t from = text_starts(source, TEXT("\xef\xbb\xbf")) ? 3 : 0;
	struct place place = place_advance(source, (struct place){from, 1, 1}, start);
	CHECK(place.line == line && place.column == column);
}

static void declaration_check(const struct parse_tree *tree, const struct syntax *root)
{
	for (const struct syntax *node = root; node < root + root->size; node++)
		node_check(tree, node);
	const struct syntax *last = root + root->size - 1;
	place_check(tree->source, root->start, root->line, root->column);
	place_check(tree->source, last->start, last->line, last->column);
}

static void errors_check(const struct parse_tree *tree)
{
	for (uint32_t i = 0; i < tree->errors.count; i++) {
		const struct parse_error *error = &tree->errors.items[i];
		CHECK(error->start <= error->end && error->end <= tree->source.length && error->sentence.length);
		CHECK(text_is_utf8(error->sentence) && text_is_utf8(error->hint));
		if (error->problem != PROBLEM_FILE)
			place_check(tree->source, error->start, error->line, error->column);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct arena arena;
	struct parse_tree tree;
	arena_init(&arena, "fuzz", 0);
	parse_source(&arena, (struct text){(const char *)bytes, (uint32_t)length}, &tree);
	uint32_t end = 0;
	for (uint32_t i = 0; i < tree.declarations.count; i++) {
		CHECK(tree.declarations.items[i]->start >= end);
		end = tree.declarations.items[i]->end;
		declaration_check(&tree, tree.declarations.items[i]);
	}
	for (uint32_t i = 0; i < tree.comments.count; i++)
		CHECK(bytes[tree.comments.items[i].start] == '#');
	errors_check(&tree);
	arena_release(&arena);
	return 0;
}
