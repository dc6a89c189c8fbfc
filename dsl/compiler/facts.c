/* What a condition proves: the paths that must be set when it is true, or when it is not. Only ever says what holds for sure.
 */
#include "dsl/compiler/expression.h"

static void fact(struct coder *coder, const struct syntax *syntax)
{
	struct text path = path_of(coder, syntax);
	if (path.length)
		*list_add(coder->compiler->arena, &coder->facts) = (struct fact){path};
}

/* The operator of a node without a message about it: the first token that is one. */
static struct text word_of(const struct coder *coder, const struct syntax *syntax)
{
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_token)
			return syntax_text(coder->compiler, coder->file, child);
	return TEXT("");
}

static bool has_not(const struct coder *coder, const struct syntax *syntax)
{
	return syntax_has_word(coder->compiler, coder->file, syntax, "not");
}

static void operands_are_set(struct coder *coder, const struct syntax *syntax);

/* A value that is not missing: what it is computed from is not missing either, where the operators are strict. */
static void is_set(struct coder *coder, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	struct text word = syntax->kind == SYNTAX_binary ? word_of(coder, syntax) : TEXT("");
	if (syntax->kind == SYNTAX_identifier || syntax->kind == SYNTAX_member)
		fact(coder, syntax);
	else if (syntax->kind == SYNTAX_binary && !text_is(word, "default") && !text_is(word, "and") && !text_is(word, "or"))
		operands_are_set(coder, syntax);
	else if (syntax->kind == SYNTAX_unary)
		operands_are_set(coder, syntax);
}

static void operands_are_set(struct coder *coder, const struct syntax *syntax)
{
	for (uint32_t i = 0; i < 2; i++) {
		const struct syntax *operand = syntax_named(syntax, i);
		if (operand)
			is_set(coder, operand);
	}
}

static void when_false(struct coder *coder, const struct syntax *syntax);

static void when_true(struct coder *coder, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	struct text word = syntax->kind == SYNTAX_binary ? word_of(coder, syntax) : TEXT("");
	if (syntax->kind == SYNTAX_presence && first && !has_not(coder, syntax)) {
		is_set(coder, first);
	} else if (text_is(word, "and")) {
		for (uint32_t i = 0; i < 2; i++)
			if ((i ? second : first))
				when_true(coder, i ? second : first);
	} else if (syntax->kind == SYNTAX_unary && has_not(coder, syntax) && first) {
		when_false(coder, first);
	} else if (!text_is(word, "or")) {
		is_set(coder, syntax);
	}
}

/* The condition is false, not missing. */
static void when_false(struct coder *coder, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	struct text word = syntax->kind == SYNTAX_binary ? word_of(coder, syntax) : TEXT("");
	if (syntax->kind == SYNTAX_presence) {
		if (first && has_not(coder, syntax))
			is_set(coder, first);
	} else if (text_is(word, "or")) {
		for (uint32_t i = 0; i < 2; i++)
			if ((i ? second : first))
				when_false(coder, i ? second : first);
	} else if (syntax->kind == SYNTAX_unary && has_not(coder, syntax) && first) {
		when_true(coder, first);
	} else if (!text_is(word, "and")) {
		is_set(coder, syntax);
	}
}

void facts_add(struct coder *coder, const struct syntax *condition_syntax)
{
	when_true(coder, condition_syntax);
}

/* Not true is false or missing: only `is set`, which is never missing, says something. */
void facts_add_else(struct coder *coder, const struct syntax *condition_syntax)
{
	const struct syntax *syntax = without_parentheses(condition_syntax);
	const struct syntax *first = syntax_named(syntax, 0), *second = syntax_named(syntax, 1);
	if (syntax->kind == SYNTAX_presence) {
		when_false(coder, syntax);
	} else if (syntax->kind == SYNTAX_binary && text_is(word_of(coder, syntax), "or") && first && second) {
		facts_add_else(coder, first);
		facts_add_else(coder, second);
	} else if (syntax->kind == SYNTAX_unary && first && without_parentheses(first)->kind == SYNTAX_presence) {
		when_true(coder, first);
	}
}

uint32_t facts_mark(const struct coder *coder)
{
	return coder->facts.count;
}

void facts_reset(struct coder *coder, uint32_t mark)
{
	coder->facts.count = mark;
}

bool is_proved(const struct coder *coder, struct text path)
{
	for (uint32_t i = coder->facts.count; i--;) {
		struct text known = coder->facts.items[i].path;
		if (text_equal(known, path) ||
		    (known.length > path.length && known.bytes[path.length] == '.' && text_starts(known, path)))
			return true;
	}
	return false;
}
