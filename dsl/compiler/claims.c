/* Conditions taken apart into claims. Only ever says "disjoint" when it is so for sure: what it does not understand it keeps as
 * a text, which contradicts only its own negation. */
#include "dsl/compiler/claims.h"

/* --- texts */
static bool is_head(const struct syntax *node)
{
	return node->kind == SYNTAX_identifier && node->role == ROLE_none;
}

/* An identifier that is the alias becomes `$`; member names and named arguments have a role and stay. */
struct text claim_text(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias)
{
	struct text_builder builder = {.arena = compiler->arena};
	uint32_t at = syntax->start;
	struct text source = compiler->inputs[file].text;
	for (const struct syntax *node = syntax; node < syntax + syntax->size; node++) {
		if (!is_head(node) || !text_equal(syntax_text(compiler, file, node), alias))
			continue;
		builder_add(&builder, text_slice(source, at, node->start));
		builder_add_char(&builder, '$');
		at = node->end;
	}
	builder_add(&builder, text_slice(source, at, syntax->end));
	struct text text = builder_text(&builder);
	struct text_builder folded = {.arena = compiler->arena};
	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		bool blank = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
		if (!blank)
			builder_add_char(&folded, byte);
		else if (folded.length && folded.bytes[folded.length - 1] != ' ')
			builder_add_char(&folded, ' ');
	}
	return builder_text(&folded);
}

static const struct syntax *bare(const struct syntax *syntax)
{
	while (syntax && syntax->kind == SYNTAX_parenthesized)
		syntax = syntax_named(syntax, 0);
	return syntax;
}

static bool is_path(const struct syntax *syntax)
{
	while (syntax && syntax->kind == SYNTAX_member)
		syntax = syntax_named(syntax, 0);
	return syntax && syntax->kind == SYNTAX_identifier;
}

bool is_constant_text(const struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias)
{
	switch (syntax->kind) {
	case SYNTAX_true:
	case SYNTAX_false:
	case SYNTAX_number:
	case SYNTAX_percent:
	case SYNTAX_money:
	case SYNTAX_duration:
	case SYNTAX_date:
	case SYNTAX_time_of_day:
	case SYNTAX_moment:
		return true;
	case SYNTAX_string:
		return !syntax_child(syntax, SYNTAX_interpolation);
	case SYNTAX_identifier: {
		struct text word = syntax_text(compiler, file, syntax);
		return !text_equal(word, alias) && !text_is(word, "now") && !text_is(word, "actor") &&
		       !name_find(compiler, SPACE_FUNCTION, compiler->inputs[file].module, word);
	}
	default:
		return false;
	}
}

/* --- one comparison */
static struct text operator_text(const struct compiler *compiler, uint32_t file, const struct syntax *syntax, bool *not_out)
{
	*not_out = false;
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_token)
			continue;
		struct text word = syntax_text(compiler, file, child);
		if (!text_is(word, "not"))
			return word;
		*not_out = true;
	}
	return (struct text){0};
}

static bool constants_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias,
			   struct claim *claim)
{
	const struct syntax *first = syntax, *end = syntax + syntax->size;
	if (syntax->kind == SYNTAX_list)
		first = syntax + 1;
	struct text *values = arena_array(compiler->arena, struct text, syntax->size);
	for (const struct syntax *item = first; item < end; item += item->size) {
		if (item->kind == SYNTAX_token)
			continue;
		if (!is_constant_text(compiler, file, item, alias))
			return false;
		values[claim->count++] = claim_text(compiler, file, item, alias);
	}
	claim->values = values;
	return true;
}

/* path == constant, path in [constants], and their negations. */
static bool comparison_claim(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias,
			     struct claim *claim)
{
	bool negated;
	const struct syntax *left = bare(syntax_named(syntax, 0)), *right = bare(syntax_named(syntax, 1));
	struct text word = operator_text(compiler, file, syntax, &negated);
	bool equal = text_is(word, "=="), differs = text_is(word, "!="), in = text_is(word, "in");
	if (!left || !right || !is_path(left) || !(equal || differs || in) || (in && right->kind != SYNTAX_list))
		return false;
	if (is_constant_text(compiler, file, left, alias) || !constants_read(compiler, file, right, alias, claim))
		return false;
	claim->kind = CLAIM_VALUES;
	claim->path = claim_text(compiler, file, left, alias);
	claim->not_these = differs || (in && negated);
	return true;
}

static void text_claim(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias, bool negated,
		       struct claim *claim)
{
	*claim = (struct claim){.kind = CLAIM_TEXT, .negated = negated, .path = claim_text(compiler, file, syntax, alias)};
}

static void claim_add(struct compiler *compiler, uint32_t file, const struct syntax *syntax, struct text alias,
		      claim_list *claims)
{
	struct claim claim = {.kind = CLAIM_TEXT};
	const struct syntax *first = bare(syntax_named(syntax, 0));
	if (syntax->kind == SYNTAX_presence && first && is_path(first)) {
		claim.kind = syntax_has_word(compiler, file, syntax, "not") ? CLAIM_NOT_SET : CLAIM_SET;
		claim.path = claim_text(compiler, file, first, alias);
	} else if (syntax->kind == SYNTAX_unary && first && syntax_has_word(compiler, file, syntax, "not")) {
		text_claim(compiler, file, first, alias, true, &claim);
	} else if (syntax->kind != SYNTAX_binary || !comparison_claim(compiler, file, syntax, alias, &claim)) {
		text_claim(compiler, file, syntax, alias, false, &claim);
	}
	claim.source = syntax_source(compiler, file, syntax);
	*list_add(compiler->arena, claims) = claim;
}

void claims_add(struct compiler *compiler, uint32_t file, const struct syntax *condition, struct text alias, claim_list *claims)
{
	bool negated;
	condition = bare(condition);
	if (!condition)
		return;
	if (condition->kind == SYNTAX_binary && text_is(operator_text(compiler, file, condition, &negated), "and") &&
	    syntax_named(condition, 1)) {
		claims_add(compiler, file, syntax_named(condition, 0), alias, claims);
		claims_add(compiler, file, syntax_named(condition, 1), alias, claims);
		return;
	}
	claim_add(compiler, file, condition, alias, claims);
}

/* --- two claims */
/* 1 and 1.00 are one value. */
static bool same_value(struct text a, struct text b)
{
	struct decimal left, right;
	if (text_equal(a, b))
		return true;
	return decimal_parse(a, &left) == OK && decimal_parse(b, &right) == OK && !decimal_compare(left, right);
}

static bool has_value(const struct claim *claim, struct text value)
{
	for (uint32_t i = 0; i < claim->count; i++)
		if (same_value(claim->values[i], value))
			return true;
	return false;
}

/* No value of `a` is allowed by `b`. `a` must name its values. */
static bool values_apart(const struct claim *a, const struct claim *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (has_value(b, a->values[i]) != b->not_these)
			return false;
	return a->count > 0;
}

static bool apart(const struct claim *a, const struct claim *b)
{
	if (!text_equal(a->path, b->path))
		return false;
	if (a->kind == CLAIM_TEXT && b->kind == CLAIM_TEXT)
		return a->negated != b->negated;
	if (a->kind == CLAIM_VALUES && b->kind == CLAIM_VALUES)
		return (!a->not_these && values_apart(a, b)) || (!b->not_these && values_apart(b, a));
	/* a comparison that holds, and a plain condition that is true, speak of something that is set */
	if (a->kind == CLAIM_NOT_SET)
		return b->kind != CLAIM_NOT_SET;
	if (b->kind == CLAIM_NOT_SET)
		return true;
	return false;
}

bool claims_disjoint(const claim_list *a, const claim_list *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (apart(&a->items[i], &b->items[k]))
				return true;
	return false;
}
