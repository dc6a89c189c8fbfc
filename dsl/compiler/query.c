/* Queries: a condition over the rows of an entity, and the part of it that the store can use to find them. What does not
 * depend on the row has become a parameter by then (see hoist in expression.c), so a term is a stored path of the row, a
 * comparison and a parameter. Leaving a term out is always right; putting a wrong one in never is. */
#include "dsl/compiler/expression.h"

static const struct query_word {
	const char *word;
	enum query_kind kind;
	bool takes_value;
} QUERIES[] = {
	{"all", QUERY_ALL, false},     {"lookup", QUERY_LOOKUP, false}, {"exists", QUERY_EXISTS, false},
	{"count", QUERY_COUNT, false}, {"sum", QUERY_SUM, true},        {"min", QUERY_MIN, true},
	{"max", QUERY_MAX, true},      {"avg", QUERY_AVG, true},        {"percent", QUERY_PERCENT, false},
};

static const struct query_word *query_find(struct text function)
{
	for (size_t i = 0; i < sizeof(QUERIES) / sizeof(*QUERIES); i++)
		if (text_is(function, QUERIES[i].word))
			return &QUERIES[i];
	return NULL;
}

bool is_query_name(struct text function)
{
	return query_find(function);
}

static const struct syntax *first_argument(const struct syntax *invocation)
{
	for (uint32_t i = 0;; i++) {
		const struct syntax *child = syntax_named(invocation, i);
		if (!child || child->role != ROLE_function)
			return child;
	}
}

static const struct syntax *head_of(const struct syntax *syntax)
{
	while (syntax && syntax->kind == SYNTAX_member)
		syntax = syntax_named(syntax, 0);
	return syntax && syntax->kind == SYNTAX_identifier ? syntax : NULL;
}

bool is_query(struct coder *coder, const struct syntax *invocation, struct text function)
{
	const struct syntax *argument = first_argument(invocation);
	if (!argument || !is_query_name(function))
		return false;
	if (argument->kind == SYNTAX_query)
		return true;
	const struct syntax *head = head_of(argument);
	struct text name = head ? syntax_text(coder->compiler, coder->file, head) : TEXT("");
	for (const struct coder *at = coder; head && at; at = at->outer)
		if (coder_find(at, name))
			return false;
	return head && schema_entity(&coder->compiler->program->schema, name);
}

/* --- terms */
struct terms {
	struct coder *inner;
	const struct entity *entity;
	LIST(struct query_term) items;
	bool all; /* so far nothing was left out */
};

/* A path of stored fields from the row; NULL type when it is none. */
struct row_path {
	uint16_t *fields;
	uint32_t length;
	const struct type *type;
};

static struct row_path row_path(const struct terms *terms, const struct syntax *syntax)
{
	const struct coder *coder = terms->inner;
	const struct syntax *links[PARSE_MAX_DEPTH + 1];
	uint32_t count = 0;
	syntax = without_parentheses(syntax);
	for (; syntax && syntax->kind == SYNTAX_member && count <= PARSE_MAX_DEPTH; syntax = syntax_named(syntax, 0))
		links[count++] = syntax;
	struct row_path path = {0};
	if (!syntax || syntax->kind != SYNTAX_identifier ||
	    !text_equal(syntax_text(coder->compiler, coder->file, syntax), coder->row_name))
		return path;
	path.fields = arena_array(coder->compiler->arena, uint16_t, count + 1);
	const struct type *type = type_ref(coder->compiler, terms->entity);
	while (count--) {
		const struct syntax *name = syntax_with_role(links[count], ROLE_name);
		const struct field *field =
			name && type->kind == TYPE_REF
				? entity_field(type->entity, syntax_text(coder->compiler, coder->file, name))
				: NULL;
		if (!field || field->computed)
			return (struct row_path){0};
		path.fields[path.length++] = field->index;
		type = field->type;
	}
	if (!path.length)
		path.fields[path.length++] = FIELD_ID;
	path.type = type;
	return path;
}

/* What every store keeps so that it compares as a value does. */
static bool stores_compare(const struct type *type, enum comparison comparison)
{
	bool equality = comparison == COMPARE_EQUAL || comparison == COMPARE_NOT_EQUAL || comparison == COMPARE_IN;
	switch (type->kind) {
	case TYPE_BOOL:
	case TYPE_ENUM:
	case TYPE_REF:
	case TYPE_FILE:
		return equality;
	case TYPE_INT:
	case TYPE_TEXT:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_TIME_OF_DAY:
		return true;
	default:
		return false;
	}
}

/* A parameter whose value the outer code sets once. */
static uint32_t constant_parameter(struct terms *terms, struct value value)
{
	struct coder *outer = terms->inner->outer;
	uint32_t slot = coder_slot(outer);
	coder_step(outer, STEP_CONSTANT, slot, coder_constant(outer, value), 0, 0);
	return coder_parameter(coder_captured(terms->inner, slot));
}

static void term_add(struct terms *terms, struct row_path path, enum comparison comparison, uint32_t parameter)
{
	*list_add(terms->inner->compiler->arena, &terms->items) = (struct query_term){
		.path = path.fields, .path_length = path.length, .comparison = comparison, .parameter = parameter};
}

/* The other side of a comparison as it was compiled. */
static bool other_operand(const struct terms *terms, const struct syntax *syntax, struct operand *operand_out)
{
	const struct coder *inner = terms->inner;
	for (uint32_t i = 0; i < inner->hoisted.count; i++)
		if (inner->hoisted.items[i].syntax == syntax) {
			*operand_out = inner->hoisted.items[i].operand;
			return true;
		}
	*operand_out = (struct operand){.is_constant = true};
	uint16_t kind = syntax->kind;
	if (kind != SYNTAX_true && kind != SYNTAX_false && kind != SYNTAX_number && kind != SYNTAX_date &&
	    kind != SYNTAX_time_of_day && kind != SYNTAX_moment)
		return false;
	return literal_read(inner->compiler, inner->file, syntax, &operand_out->value, &operand_out->type);
}

static bool range_term(struct terms *terms, struct row_path path, const struct operand *range)
{
	if (!range->is_constant || !stores_compare(path.type, COMPARE_LESS))
		return false;
	term_add(terms, path, COMPARE_GREATER_EQUAL, constant_parameter(terms, range->value.items[0]));
	term_add(terms, path, COMPARE_LESS_EQUAL, constant_parameter(terms, range->value.items[1]));
	return true;
}

static bool comparison_term(struct terms *terms, struct row_path path, enum comparison comparison, const struct syntax *side)
{
	struct operand other;
	if (!path.type || !other_operand(terms, side, &other))
		return false;
	bool in = comparison == COMPARE_IN;
	if (in && other.type->kind == TYPE_RANGE && type_fits(path.type, other.type->element))
		return range_term(terms, path, &other);
	const struct type *type = in && other.type->kind == TYPE_LIST ? other.type->element : other.type;
	if (!stores_compare(path.type, comparison) || !type_fits(path.type, type) || (in && other.type->kind != TYPE_LIST))
		return false;
	uint32_t parameter = other.is_constant ? constant_parameter(terms, other.value) : coder_parameter(other.slot);
	if (parameter == SLOT_NONE)
		return false;
	term_add(terms, path, comparison, parameter);
	return true;
}

static bool term_comparison(enum step_operation step, bool mirrored, enum comparison *comparison_out)
{
	static const struct {
		enum step_operation step;
		enum comparison plain, mirrored;
	} ROWS[] = {
		{STEP_EQUAL, COMPARE_EQUAL, COMPARE_EQUAL},
		{STEP_NOT_EQUAL, COMPARE_NOT_EQUAL, COMPARE_NOT_EQUAL},
		{STEP_LESS, COMPARE_LESS, COMPARE_GREATER},
		{STEP_LESS_EQUAL, COMPARE_LESS_EQUAL, COMPARE_GREATER_EQUAL},
		{STEP_GREATER, COMPARE_GREATER, COMPARE_LESS},
		{STEP_GREATER_EQUAL, COMPARE_GREATER_EQUAL, COMPARE_LESS_EQUAL},
		{STEP_IN, COMPARE_IN, COMPARE_IN},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (ROWS[i].step == step) {
			*comparison_out = mirrored ? ROWS[i].mirrored : ROWS[i].plain;
			return true;
		}
	return false;
}

static bool binary_term(struct terms *terms, const struct syntax *syntax)
{
	bool negated;
	enum comparison comparison;
	const struct operator_word *word = operator_of(terms->inner, syntax, &negated);
	const struct syntax *left = syntax_named(syntax, 0), *right = syntax_named(syntax, 1);
	if (!word || negated || word->family != OPERATOR_COMPARE)
		return false;
	if (term_comparison(word->step, false, &comparison) && comparison_term(terms, row_path(terms, left), comparison, right))
		return true;
	return word->step != STEP_IN && term_comparison(word->step, true, &comparison) &&
	       comparison_term(terms, row_path(terms, right), comparison, left);
}

static bool truth_term(struct terms *terms, const struct syntax *syntax, bool truth)
{
	struct row_path path = row_path(terms, syntax);
	if (!path.type || path.type->kind != TYPE_BOOL)
		return false;
	term_add(terms, path, COMPARE_EQUAL, constant_parameter(terms, value_bool(truth)));
	return true;
}

static bool presence_term(struct terms *terms, const struct syntax *syntax)
{
	struct row_path path = row_path(terms, syntax_named(syntax, 0));
	if (!path.type)
		return false;
	bool negated = syntax_has_word(terms->inner->compiler, terms->inner->file, syntax, "not");
	term_add(terms, path, negated ? COMPARE_NOT_SET : COMPARE_IS_SET, 0);
	return true;
}

static void conjunct(struct terms *terms, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	const struct compiler *compiler = terms->inner->compiler;
	bool found;
	if (syntax->kind == SYNTAX_binary && syntax_has_word(compiler, terms->inner->file, syntax, "and")) {
		conjunct(terms, syntax_named(syntax, 0));
		conjunct(terms, syntax_named(syntax, 1));
		return;
	}
	if (syntax->kind == SYNTAX_binary)
		found = binary_term(terms, syntax);
	else if (syntax->kind == SYNTAX_presence)
		found = presence_term(terms, syntax);
	else if (syntax->kind == SYNTAX_unary)
		found = truth_term(terms, syntax_named(syntax, 0), false);
	else
		found = truth_term(terms, syntax, true);
	terms->all = terms->all && found;
}

/* --- building */
static const struct code *finish(struct coder *inner, struct operand *operand)
{
	uint32_t slot = operand_slot(inner, operand);
	return coder_finish(inner, slot, operand->node);
}

static bool has_sum(enum query_kind kind, const struct type *type)
{
	bool number = type_is_number(type) || type->kind == TYPE_MONEY || type->kind == TYPE_DURATION;
	bool ordered = number || type->kind == TYPE_DATE || type->kind == TYPE_TIME || type->kind == TYPE_TEXT ||
		       type->kind == TYPE_ENUM || type->kind == TYPE_TIME_OF_DAY;
	return kind == QUERY_MIN || kind == QUERY_MAX ? ordered : number;
}

static bool value_compile(struct coder *coder, enum query_kind kind, const struct syntax *value, struct operand *operand_out)
{
	*operand_out = kind == QUERY_PERCENT ? condition(coder, value) : expression(coder, value, NULL);
	if (is_error(operand_out))
		return false;
	if (kind == QUERY_PERCENT || has_sum(kind, operand_out->type))
		return true;
	struct text type = show(coder, operand_out->type);
	complain(coder, DIAGNOSTIC_ARGUMENTS, value, "%.*s cannot be summed up or put in order", TEXT_ARGS(type));
	return false;
}

struct query *query_build(struct coder *coder, enum query_kind kind, const struct entity *entity, const struct syntax *where,
			  const struct syntax *value, const struct type **value_type_out, uint32_t *operands_out,
			  uint32_t *operand_count_out, uint32_t *index_out)
{
	struct compiler *compiler = coder->compiler;
	const struct type *row = type_ref(compiler, entity);
	struct coder condition_coder = coder_inner(coder, entity->name, row), value_coder;
	struct operand truth = {0}, number = {0};
	struct terms terms = {.inner = &condition_coder, .entity = entity, .all = true};
	if (where) {
		truth = condition(&condition_coder, where);
		if (is_error(&truth))
			return NULL;
		conjunct(&terms, where);
	}
	if (value) {
		value_coder = coder_inner(coder, entity->name, row);
		value_coder.captured = condition_coder.captured;
		if (!value_compile(&value_coder, kind, value, &number))
			return NULL;
		condition_coder.captured = value_coder.captured;
	}
	reads_add(coder, entity, &entity->fields[FIELD_ID]);
	*operands_out = coder_operands(coder, condition_coder.captured.items, condition_coder.captured.count);
	*operand_count_out = condition_coder.captured.count;
	const struct code *where_code = where ? finish(&condition_coder, &truth) : NULL;
	const struct code *value_code = value ? finish(&value_coder, &number) : NULL;
	if (value_type_out)
		*value_type_out = value ? number.type : NULL;
	*index_out = compiler->queries.count;
	struct query *query = list_add(compiler->arena, &compiler->queries);
	*query = (struct query){.kind = kind,
				.entity = entity,
				.terms = terms.items.items,
				.term_count = terms.items.count,
				.where = where_code,
				.value = value_code,
				.parameter_count = *operand_count_out,
				.terms_are_all = terms.all};
	return query;
}

static const struct type *result_of(struct coder *coder, enum query_kind kind, const struct entity *entity,
				    const struct type *value)
{
	switch (kind) {
	case QUERY_ALL:
		return type_list(coder->compiler, type_ref(coder->compiler, entity));
	case QUERY_LOOKUP:
		return type_ref(coder->compiler, entity);
	case QUERY_EXISTS:
		return simple(coder, TYPE_BOOL);
	case QUERY_COUNT:
		return simple(coder, TYPE_INT);
	case QUERY_PERCENT:
		return simple(coder, TYPE_PERCENT);
	case QUERY_AVG:
		return value->kind == TYPE_INT ? simple(coder, TYPE_DECIMAL) : value;
	default:
		return value;
	}
}

static bool result_may_miss(enum query_kind kind, const struct type *value)
{
	if (kind == QUERY_SUM)
		return value->kind == TYPE_MONEY; /* of no rows: nobody knows the currency */
	return kind != QUERY_ALL && kind != QUERY_EXISTS && kind != QUERY_COUNT;
}

/* --- the call */
/* Of `load(member.person)`: the name in it that stands for nothing but an entity; else the first that is one at all. */
static const struct syntax *row_named(struct coder *coder, const struct syntax *subject)
{
	const struct syntax *found = NULL;
	for (const struct syntax *at = subject; at < subject + subject->size; at++) {
		bool head = at->kind == SYNTAX_identifier &&
			    (at == subject || (at->role != ROLE_name && at->role != ROLE_function));
		struct text name = head ? syntax_text(coder->compiler, coder->file, at) : TEXT("");
		if (!head || !schema_entity(&coder->compiler->program->schema, name))
			continue;
		bool variable = false;
		for (const struct coder *outer = coder; outer; outer = outer->outer)
			variable = variable || coder_find(outer, name);
		if (!variable)
			return at;
		found = found ? found : at;
	}
	return found;
}

static const struct entity *subject_entity(struct coder *coder, const struct syntax *subject, const struct query_word *word)
{
	const struct syntax *head = head_of(subject);
	if (!head && word->takes_value)
		head = row_named(coder, subject);
	if (!head) {
		complain(coder, DIAGNOSTIC_ARGUMENTS, subject, "`%s(… where …)` begins with the name of an entity", word->word);
		return NULL;
	}
	const struct entity *entity = entity_read(coder->compiler, coder->file, head);
	if (entity && word->takes_value && head == subject) {
		complain(coder, DIAGNOSTIC_ARGUMENTS, subject, "`%s` needs a field: `%s(%.*s.… where …)`", word->word,
			 word->word, TEXT_ARGS(entity->name));
		return NULL;
	}
	if (entity && !word->takes_value && head != subject) {
		complain(coder, DIAGNOSTIC_ARGUMENTS, subject, "`%s` speaks of whole records: `%s(%.*s where …)`", word->word,
			 word->word, TEXT_ARGS(entity->name));
		return NULL;
	}
	return entity;
}

/* The nodes from `first` on that are nobody's children yet: what the query took from outside. */
static uint32_t *loose_nodes(struct coder *coder, uint32_t first, uint32_t *count_out)
{
	uint32_t total = coder->nodes.count - first, count = 0;
	uint32_t *nodes = arena_array(coder->compiler->arena, uint32_t, total);
	bool *taken = arena_array(coder->compiler->arena, bool, total);
	for (uint32_t i = first; i < coder->nodes.count; i++) {
		const struct node *node = &coder->nodes.items[i];
		for (uint32_t k = 0; k < node->child_count; k++)
			if (coder->children.items[node->first_child + k] >= first)
				taken[coder->children.items[node->first_child + k] - first] = true;
	}
	for (uint32_t i = first; i < coder->nodes.count; i++)
		if (!taken[i - first] && coder->nodes.items[i].slot != SLOT_NONE)
			nodes[count++] = i;
	*count_out = count;
	return nodes;
}

struct operand query_expression(struct coder *coder, const struct syntax *invocation, struct text function)
{
	const struct query_word *word = query_find(function);
	const struct syntax *argument = first_argument(invocation);
	bool has_where = argument && argument->kind == SYNTAX_query;
	const struct syntax *subject = has_where ? syntax_named(argument, 0) : argument;
	const struct syntax *where = has_where ? syntax_child(argument, SYNTAX_where) : NULL;
	const struct syntax *test = where ? syntax_value(where) : NULL;
	uint32_t first_step = coder->steps.count, operands, count, index, first_node = coder->nodes.count;
	const struct entity *entity = subject ? subject_entity(coder, subject, word) : NULL;
	if (!entity)
		return operand_error(coder, invocation);
	bool percent = word->kind == QUERY_PERCENT;
	if (percent && !test) {
		complain(coder, DIAGNOSTIC_ARGUMENTS, invocation,
			 "`percent` needs a `where`: the share of records for which it holds");
		return operand_error(coder, invocation);
	}
	const struct type *value_type = NULL;
	if (!query_build(coder, word->kind, entity, percent ? NULL : test,
			 percent             ? test
			 : word->takes_value ? subject
					     : NULL,
			 &value_type, &operands, &count, &index))
		return operand_error(coder, invocation);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_QUERY, slot, index, operands, count);
	uint32_t child_count, *children = loose_nodes(coder, first_node, &child_count);
	struct operand result = operand_new(coder, NODE_CALL, invocation, result_of(coder, word->kind, entity, value_type),
					    slot, first_step, children, child_count);
	result.may_miss = result_may_miss(word->kind, value_type);
	return result;
}
