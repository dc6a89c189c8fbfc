/* Conditions taken apart into claims. Only ever says "disjoint" when it is so for sure: what it does not understand it keeps as
 * a text, which contradicts only its own negation. */
#include "dsl/compiler/claims.h"
#include "dsl/compiler/expression.h"

static struct text text_at(const struct claim_place *place, const struct syntax *syntax)
{
	return syntax_text(place->compiler, place->file, syntax);
}

/* --- texts */
static bool is_head(const struct syntax *node)
{
	return node->kind == SYNTAX_identifier && node->role == ROLE_none;
}

static struct text fold_blanks(struct arena *arena, struct text text)
{
	struct text_builder folded = {.arena = arena};
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

/* An identifier that is the alias becomes `$`; member names and named arguments have a role and stay. */
struct text claim_text(const struct claim_place *place, const struct syntax *syntax)
{
	struct text_builder builder = {.arena = place->compiler->arena};
	uint32_t at = syntax->start;
	struct text source = place->compiler->inputs[place->file].text;
	for (const struct syntax *node = syntax; node < syntax + syntax->size; node++) {
		if (!is_head(node) || !text_equal(text_at(place, node), place->alias))
			continue;
		builder_add(&builder, text_slice(source, at, node->start));
		builder_add_char(&builder, '$');
		at = node->end;
	}
	builder_add(&builder, text_slice(source, at, syntax->end));
	return fold_blanks(place->compiler->arena, builder_text(&builder));
}

static const struct syntax *bare(const struct syntax *syntax)
{
	while (syntax && syntax->kind == SYNTAX_parenthesized)
		syntax = syntax_named(syntax, 0);
	return syntax;
}

/* --- paths and what they are compared with */
static bool is_path(const struct syntax *syntax)
{
	while (syntax && syntax->kind == SYNTAX_member)
		syntax = syntax_named(syntax, 0);
	return syntax && syntax->kind == SYNTAX_identifier;
}

/* Of a path that begins with the alias; NULL for others. */
static const struct type *path_type(const struct claim_place *place, const struct syntax *path)
{
	if (path->kind == SYNTAX_identifier)
		return text_equal(text_at(place, path), place->alias) ? place->type : NULL;
	const struct syntax *object = syntax_named(path, 0), *name = syntax_with_role(path, ROLE_name);
	const struct type *owner = object && name ? path_type(place, object) : NULL;
	const struct field *field = NULL;
	if (owner && owner->kind == TYPE_REF && owner->entity)
		field = entity_field(owner->entity, text_at(place, name));
	else if (owner && owner->kind == TYPE_EVENT)
		field = event_field(owner->event, text_at(place, name));
	return field ? field->type : NULL;
}

static int64_t enum_index(const struct type *type, struct text word)
{
	for (uint32_t i = 0; type && type->kind == TYPE_ENUM && i < type->enumeration->count; i++)
		if (text_equal(type->enumeration->values[i].name, word))
			return i;
	return -1;
}

/* A bare name beside a path: the enum's value first, as where it is compiled; else a record of the pack, unless something that
 * is computed may be meant. A function that takes arguments never stands alone. */
static bool is_constant_name(const struct claim_place *place, struct text word, const struct type *type)
{
	struct compiler *compiler = place->compiler;
	if (enum_index(type, word) >= 0)
		return true;
	const struct declaration *found = name_find(compiler, SPACE_FUNCTION, compiler->inputs[place->file].module, word);
	const struct function_note *note = found ? found->object : NULL;
	return !text_equal(word, place->alias) && !text_is(word, "now") && !text_is(word, "actor") &&
	       !(found && (!note || (note->kind == FUNCTION_DEFINE && !note->parameter_count)));
}

static bool is_constant(const struct claim_place *place, const struct syntax *syntax, const struct type *type)
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
	case SYNTAX_identifier:
		return is_constant_name(place, text_at(place, syntax), type);
	default:
		return false;
	}
}

/* One constant, or all of a list. */
static bool constants_read(const struct claim_place *place, const struct syntax *syntax, struct claim *claim)
{
	const struct syntax *first = syntax, *end = syntax + syntax->size;
	if (syntax->kind == SYNTAX_list)
		first = syntax + 1;
	struct text *values = arena_array(place->compiler->arena, struct text, syntax->size);
	for (const struct syntax *item = first; item < end; item += item->size) {
		if (item->kind == SYNTAX_token)
			continue;
		if (!is_constant(place, item, claim->type))
			return false;
		values[claim->count++] = claim_text(place, item);
	}
	claim->values = values;
	return true;
}

/* --- one comparison */
static struct text operator_text(const struct claim_place *place, const struct syntax *syntax, bool *not_out)
{
	*not_out = false;
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_token)
			continue;
		struct text word = text_at(place, child);
		if (!text_is(word, "not"))
			return word;
		*not_out = true;
	}
	return (struct text){0};
}

static const struct comparator {
	const char *word, *mirrored; /* mirrored: with the constant on the left; NULL: not to be turned round */
	bool list, differs, bound, upper, open;
} COMPARATORS[] = {
	{"==", "==", .differs = false},
	{"!=", "!=", .differs = true},
	{"in", NULL, .list = true},
	{"<", ">", .bound = true, .upper = true, .open = true},
	{"<=", ">=", .bound = true, .upper = true},
	{">", "<", .bound = true, .open = true},
	{">=", "<=", .bound = true},
};

static const struct comparator *comparator_find(struct text word, bool turned)
{
	for (size_t i = 0; i < sizeof(COMPARATORS) / sizeof(*COMPARATORS); i++) {
		const char *own = turned ? COMPARATORS[i].mirrored : COMPARATORS[i].word;
		if (own && text_is(word, own))
			return &COMPARATORS[i];
	}
	return NULL;
}

/* A path against constants. A comparison that does not hold speaks of something that is set as well: else it were unknown. */
static bool comparison_claim(const struct claim_place *place, const struct syntax *syntax, bool negated, struct claim *claim)
{
	bool not_before;
	const struct syntax *left = bare(syntax_named(syntax, 0)), *right = bare(syntax_named(syntax, 1));
	struct text word = operator_text(place, syntax, &not_before);
	if (!left || !right)
		return false;
	bool turned = !is_path(left) || (is_path(right) && path_type(place, right) && !path_type(place, left));
	const struct syntax *path = turned ? right : left, *constants = turned ? left : right;
	const struct comparator *comparator = comparator_find(word, turned);
	if (!comparator || !is_path(path) || comparator->list != (constants->kind == SYNTAX_list))
		return false;
	claim->type = path_type(place, path);
	if ((!claim->type && is_constant(place, path, NULL)) || !constants_read(place, constants, claim))
		return false;
	negated ^= not_before;
	claim->kind = comparator->bound ? CLAIM_BOUND : CLAIM_VALUES;
	claim->path = claim_text(place, path);
	claim->not_these = comparator->differs ^ negated;
	claim->upper = comparator->upper ^ negated;
	claim->open = comparator->open ^ negated;
	return true;
}

/* --- a condition */
static void claim_add(const struct claim_place *place, const struct syntax *syntax, bool negated, struct claim *claim)
{
	static const struct text TRUE_AND_FALSE[] = {{"true", 4}, {"false", 5}};
	const struct syntax *first = bare(syntax_named(syntax, 0));
	if (syntax->kind == SYNTAX_presence && first && is_path(first)) {
		bool is_not = syntax_has_word(place->compiler, place->file, syntax, "not");
		claim->kind = is_not ^ negated ? CLAIM_NOT_SET : CLAIM_SET;
		claim->path = claim_text(place, first);
	} else if (is_path(syntax)) {
		claim->kind = CLAIM_VALUES;
		claim->path = claim_text(place, syntax);
		claim->values = &TRUE_AND_FALSE[negated];
		claim->count = 1;
	} else if (syntax->kind != SYNTAX_binary || !comparison_claim(place, syntax, negated, claim)) {
		*claim = (struct claim){
			.kind = CLAIM_TEXT, .negated = negated, .path = claim_text(place, syntax), .source = claim->source};
	}
}

/* `and` holds when both sides do; `or` fails when both do. `whole` is what is shown of a part that is negated. */
static void condition_add(const struct claim_place *place, const struct syntax *condition, const struct syntax *whole,
			  bool negated, claim_list *claims)
{
	bool ignored;
	condition = bare(condition);
	if (!condition)
		return;
	if (!negated)
		whole = condition;
	const struct syntax *first = syntax_named(condition, 0), *second = syntax_named(condition, 1);
	if (condition->kind == SYNTAX_binary && first && second &&
	    text_is(operator_text(place, condition, &ignored), negated ? "or" : "and")) {
		condition_add(place, first, whole, negated, claims);
		condition_add(place, second, whole, negated, claims);
	} else if (condition->kind == SYNTAX_unary && first &&
		   syntax_has_word(place->compiler, place->file, condition, "not")) {
		condition_add(place, first, whole, !negated, claims);
	} else {
		struct claim claim = {.source = syntax_source(place->compiler, place->file, whole)};
		claim_add(place, condition, negated, &claim);
		*list_add(place->compiler->arena, claims) = claim;
	}
}

void claims_add(const struct claim_place *place, const struct syntax *condition, claim_list *claims)
{
	condition_add(place, condition, condition, false, claims);
}

/* --- two claims */
/* Which of two constants is the greater, where that can be seen: 1 and 1.00 are one value. */
static bool order_seen(const struct type *type, struct text a, struct text b, int *order_out)
{
	struct decimal left, right;
	int64_t from = enum_index(type, a), to = enum_index(type, b);
	if (text_equal(a, b))
		*order_out = 0;
	else if (from >= 0 && to >= 0)
		*order_out = from < to ? -1 : 1;
	else if (decimal_parse(a, &left) == OK && decimal_parse(b, &right) == OK)
		*order_out = decimal_compare(left, right);
	else
		return false;
	return true;
}

static bool has_value(const struct claim *claim, struct text value)
{
	int order;
	for (uint32_t i = 0; i < claim->count; i++)
		if (order_seen(claim->type, claim->values[i], value, &order) && !order)
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

/* `value`, or what is behind it as seen from the bound, cannot be; with `open` not even the bound itself. */
static bool is_beyond(const struct claim *bound, struct text value, bool open)
{
	int order;
	if (!order_seen(bound->type, value, bound->values[0], &order))
		return false;
	return (bound->upper ? order > 0 : order < 0) || (!order && open);
}

static bool values_beyond(const struct claim *values, const struct claim *bound)
{
	for (uint32_t i = 0; i < values->count; i++)
		if (!is_beyond(bound, values->values[i], bound->open))
			return false;
	return values->count > 0 && !values->not_these;
}

static bool apart(const struct claim *a, const struct claim *b)
{
	if (!text_equal(a->path, b->path))
		return false;
	if (a->kind == CLAIM_TEXT && b->kind == CLAIM_TEXT)
		return a->negated != b->negated;
	if (a->kind == CLAIM_VALUES && b->kind == CLAIM_VALUES)
		return (!a->not_these && values_apart(a, b)) || (!b->not_these && values_apart(b, a));
	if (a->kind == CLAIM_BOUND && b->kind == CLAIM_BOUND)
		return a->upper != b->upper && is_beyond(a, b->values[0], a->open || b->open);
	if (a->kind == CLAIM_BOUND && b->kind == CLAIM_VALUES)
		return values_beyond(b, a);
	if (a->kind == CLAIM_VALUES && b->kind == CLAIM_BOUND)
		return values_beyond(a, b);
	/* a comparison that holds, and a plain condition that is true, speak of something that is set */
	return (a->kind == CLAIM_NOT_SET) != (b->kind == CLAIM_NOT_SET);
}

bool claims_disjoint(const claim_list *a, const claim_list *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (apart(&a->items[i], &b->items[k]))
				return true;
	return false;
}
