/* The standard functions of builtins.def, by their signatures there: which overload is meant, what its arguments become and
 * what it gives; and the words that stand for a day or a period, which are made of them. */
#include "dsl/compiler/expression.h"
#include "engine/base/check.h"
#include "engine/model/builtins.h"

enum { MAX_ARGUMENTS = 16 };

/* --- signatures: "text, same..." */
struct parameter_word {
	struct text word; /* without ? and ... */
	bool optional, repeats;
};

static struct parameter_word word_read(struct text word)
{
	struct parameter_word parameter = {.word = text_trim(word)};
	if (text_ends(parameter.word, TEXT("..."))) {
		parameter.repeats = true;
		parameter.word.length -= 3;
	}
	if (text_ends(parameter.word, TEXT("?"))) {
		parameter.optional = true;
		parameter.word.length--;
	}
	return parameter;
}

/* The parameter that the argument at `position` meets. False when there are fewer. */
static bool parameter_at(const struct builtin_info *builtin, uint32_t position, struct parameter_word *parameter_out)
{
	struct text left = text_from(builtin->parameters);
	for (uint32_t i = 0; left.length; i++) {
		int64_t comma = text_find(left, TEXT(","));
		struct text word = comma < 0 ? left : text_slice(left, 0, (uint32_t)comma);
		left = comma < 0 ? TEXT("") : text_slice(left, (uint32_t)comma + 1, left.length);
		*parameter_out = word_read(word);
		if (i == position || (parameter_out->repeats && position > i))
			return true;
	}
	return false;
}

static bool takes(const struct builtin_info *builtin, uint32_t count)
{
	struct parameter_word ignored;
	if (count && !parameter_at(builtin, count - 1, &ignored))
		return false;
	return !parameter_at(builtin, count, &ignored) || ignored.repeats;
}

static const struct type *type_of_word(struct coder *coder, struct text word)
{
	static const struct {
		const char *word;
		enum type_kind kind;
	} ROWS[] = {
		{"text", TYPE_TEXT},       {"int", TYPE_INT},           {"decimal", TYPE_DECIMAL},
		{"percent", TYPE_PERCENT}, {"money", TYPE_MONEY},       {"date", TYPE_DATE},
		{"time", TYPE_TIME},       {"duration", TYPE_DURATION}, {"time_of_day", TYPE_TIME_OF_DAY},
		{"bool", TYPE_BOOL},       {"data", TYPE_DATA},         {"secret", TYPE_SECRET},
	};
	if (text_starts(word, TEXT("list of ")))
		return type_list(coder->compiler, type_of_word(coder, text_slice(word, 8, word.length)));
	if (text_is(word, "calendar") || text_is(word, "holidays")) {
		const struct entity *entity = schema_entity(&coder->compiler->program->schema, word);
		return entity ? type_ref(coder->compiler, entity) : NULL;
	}
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (text_is(word, ROWS[i].word))
			return simple(coder, ROWS[i].kind);
	return NULL;
}

static bool word_fits(struct coder *coder, struct text word, const struct type *type, const struct type *first)
{
	if (text_is(word, "any"))
		return true;
	if (text_is(word, "ordered"))
		return type_has_order(type) || type->kind == TYPE_DATA;
	if (text_is(word, "number"))
		return type_is_number(type) || type->kind == TYPE_DATA;
	if (text_is(word, "enum"))
		return type->kind == TYPE_ENUM;
	if (text_is(word, "list"))
		return type->kind == TYPE_LIST;
	const struct type *wanted = text_is(word, "same") ? first : type_of_word(coder, word);
	if (!wanted)
		return false;
	bool numbers = (wanted->kind == TYPE_DECIMAL && type->kind == TYPE_INT) ||
		       (text_is(word, "same") && wanted->kind == TYPE_INT && type->kind == TYPE_DECIMAL);
	if (wanted->kind == TYPE_DATA)
		return type->kind == TYPE_DATA;
	return numbers || type->kind == TYPE_DATA || type_fits(wanted, type) ||
	       (wanted->kind == TYPE_TEXT && type->kind == TYPE_FILE) ||
	       (wanted->kind == TYPE_LIST && type->kind == TYPE_LIST && wanted->element->kind == TYPE_DECIMAL &&
		type->element->kind == TYPE_INT);
}

/* --- the arguments of one call, and the rows that may still be meant */
struct builtin_use {
	struct coder *coder;
	const struct syntax *invocation;
	struct text name;
	uint32_t rows[8], row_count;
	const struct syntax *places[MAX_ARGUMENTS];
	struct operand operands[MAX_ARGUMENTS];
	uint32_t count;
};

/* The first of a row of values to be put in order that has none. */
static const struct type *type_without_order(const struct builtin_use *use, const struct builtin_info *builtin)
{
	struct parameter_word parameter;
	if (!parameter_at(builtin, 0, &parameter) || !text_is(parameter.word, "ordered"))
		return NULL;
	for (uint32_t i = 0; i < use->count && use->operands[i].type; i++)
		if (!word_fits(use->coder, parameter.word, use->operands[i].type, NULL))
			return use->operands[i].type;
	return NULL;
}

static struct operand wrong_arguments(struct builtin_use *use)
{
	struct text_builder hint = {.arena = use->coder->compiler->arena};
	const struct type *wild = NULL;
	uint32_t shown = 0;
	for (uint32_t i = 0; i < BUILTIN_ROWS; i++) {
		if (!text_is(use->name, BUILTINS[i].name) || shown == 4)
			continue;
		builder_format(&hint, "%s%s(%s)", shown++ ? " or " : "", BUILTINS[i].name, BUILTINS[i].parameters);
		wild = type_without_order(use, &BUILTINS[i]);
	}
	struct text sentence = text_format(hint.arena, "`%.*s` takes other arguments", TEXT_ARGS(use->name));
	if (wild)
		sentence = text_format(hint.arena, "%.*s has no order, so there is no `%.*s` of it",
				       TEXT_ARGS(show(use->coder, wild)), TEXT_ARGS(use->name));
	complain(use->coder, DIAGNOSTIC_ARGUMENTS, use->invocation, "%.*s", TEXT_ARGS(sentence))->hint = builder_text(&hint);
	return operand_error(use->coder, use->invocation);
}

static bool arguments_collect(struct builtin_use *use)
{
	for (each_child (child, use->invocation)) {
		if (child->kind == SYNTAX_token || child->kind == SYNTAX_comment || child->role == ROLE_function)
			continue;
		if (use->count == MAX_ARGUMENTS || child->kind == SYNTAX_named_argument || child->kind == SYNTAX_query)
			return false;
		use->places[use->count++] = child;
	}
	uint32_t kept = 0;
	for (uint32_t i = 0; i < use->row_count; i++)
		if (takes(&BUILTINS[use->rows[i]], use->count))
			use->rows[kept++] = use->rows[i];
	use->row_count = kept;
	return kept;
}

/* What to want of an argument: a bare name takes the first meaning it has. */
static const struct type *wanted_at(struct builtin_use *use, uint32_t position)
{
	const struct type *wanted = NULL;
	bool bare = needs_hint(use->coder, use->places[position]);
	struct text name = bare ? source_of(use->coder, use->places[position]) : TEXT("");
	for (uint32_t i = 0; i < use->row_count; i++) {
		struct parameter_word parameter;
		if (!parameter_at(&BUILTINS[use->rows[i]], position, &parameter))
			continue;
		const struct type *type = text_is(parameter.word, "same") && position
						  ? use->operands[0].type
						  : type_of_word(use->coder, parameter.word);
		if (bare && type && type->kind == TYPE_REF && is_seed(use->coder, type, name))
			return type;
		if (i && wanted != type && !bare)
			return NULL;
		if (!i)
			wanted = type;
	}
	return wanted;
}

static bool rows_narrow(struct builtin_use *use, uint32_t position)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < use->row_count; i++) {
		struct parameter_word parameter;
		if (parameter_at(&BUILTINS[use->rows[i]], position, &parameter) &&
		    word_fits(use->coder, parameter.word, use->operands[position].type, use->operands[0].type))
			use->rows[kept++] = use->rows[i];
	}
	use->row_count = kept;
	return kept;
}

static void convert_argument(struct builtin_use *use, uint32_t position, const struct builtin_info *builtin)
{
	struct operand *operand = &use->operands[position];
	struct parameter_word parameter;
	if (!parameter_at(builtin, position, &parameter))
		return;
	const struct type *wanted = text_is(parameter.word, "same")     ? use->operands[0].type
				    : text_is(parameter.word, "number") ? simple(use->coder, TYPE_DECIMAL)
									: type_of_word(use->coder, parameter.word);
	if (operand->type->kind == TYPE_DATA && wanted && wanted->kind != TYPE_DATA)
		make_typed(use->coder, operand, wanted, true);
	else if (operand->type->kind == TYPE_INT && wanted && wanted->kind == TYPE_DECIMAL &&
		 !text_is(parameter.word, "number"))
		make_decimal(use->coder, operand);
}

/* One DECIMAL among numbers that must be of one type makes all of them DECIMAL. */
static void widen_same(struct builtin_use *use, const struct builtin_info *builtin)
{
	struct parameter_word parameter;
	bool decimal = false;
	for (uint32_t i = 1; i < use->count; i++)
		decimal = decimal || (parameter_at(builtin, i, &parameter) && text_is(parameter.word, "same") &&
				      use->operands[i].type->kind == TYPE_DECIMAL);
	if (decimal && use->operands[0].type->kind == TYPE_INT)
		make_decimal(use->coder, &use->operands[0]);
}

static const struct type *result_of(struct builtin_use *use, struct text word)
{
	const struct type *first = use->count ? use->operands[0].type : NULL;
	if (text_is(word, "same"))
		return first;
	if (text_is(word, "element"))
		return first && first->element ? first->element : simple(use->coder, TYPE_NOTHING);
	const struct type *type = type_of_word(use->coder, word);
	CHECK(type);
	return type;
}

static struct operand call(struct builtin_use *use, uint32_t first_step)
{
	const struct builtin_info *builtin = &BUILTINS[use->rows[0]];
	uint32_t slots[MAX_ARGUMENTS], nodes[MAX_ARGUMENTS];
	bool may_miss = false;
	widen_same(use, builtin);
	for (uint32_t i = 0; i < use->count; i++) {
		struct parameter_word parameter = {0};
		convert_argument(use, i, builtin);
		slots[i] = operand_slot(use->coder, &use->operands[i]);
		nodes[i] = use->operands[i].node;
		may_miss =
			may_miss || (use->operands[i].may_miss && parameter_at(builtin, i, &parameter) && !parameter.optional);
	}
	struct parameter_word result = word_read(text_from(builtin->result));
	uint32_t slot = coder_slot(use->coder), list = coder_operands(use->coder, slots, use->count);
	coder_step(use->coder, STEP_BUILTIN, slot, use->rows[0], list, use->count);
	struct operand operand = operand_new(use->coder, NODE_CALL, use->invocation, result_of(use, result.word), slot,
					     first_step, nodes, use->count);
	operand.may_miss = may_miss || result.optional;
	return operand;
}

bool builtin_expression(struct coder *coder, const struct syntax *invocation, struct text name, const struct type *wanted,
			struct operand *operand_out)
{
	(void)wanted;
	struct builtin_use use = {.coder = coder, .invocation = invocation, .name = name};
	for (uint32_t i = 0; i < BUILTIN_ROWS && use.row_count < 8; i++)
		if (text_is(name, BUILTINS[i].name))
			use.rows[use.row_count++] = i;
	if (!use.row_count)
		return false;
	uint32_t first_step = coder->steps.count;
	if (!arguments_collect(&use)) {
		*operand_out = wrong_arguments(&use);
		return true;
	}
	for (uint32_t i = 0; i < use.count; i++) {
		use.operands[i] = expression(coder, use.places[i], wanted_at(&use, i));
		if (is_error(&use.operands[i])) {
			*operand_out = operand_error(coder, invocation);
			return true;
		}
		if (!rows_narrow(&use, i)) {
			*operand_out = wrong_arguments(&use);
			return true;
		}
	}
	*operand_out = call(&use, first_step);
	return true;
}

void builtin_names(struct compiler *compiler, text_list *names)
{
	for (uint32_t i = 0; i < BUILTIN_ROWS; i++)
		*list_add(compiler->arena, names) = text_from(BUILTINS[i].name);
}

/* --- today, last_month */
static uint32_t row_of(const char *name, const char *parameters)
{
	for (uint32_t i = 0; i < BUILTIN_ROWS; i++)
		if (!strcmp(BUILTINS[i].name, name) && !strcmp(BUILTINS[i].parameters, parameters))
			return i;
	CHECK(!"the builtin is in builtins.def");
	return 0;
}

static uint32_t step_of(struct coder *coder, uint32_t row, const uint32_t *slots, uint32_t count)
{
	uint32_t slot = coder_slot(coder), list = coder_operands(coder, slots, count);
	coder_step(coder, STEP_BUILTIN, slot, row, list, count);
	return slot;
}

uint32_t date_of_time(struct coder *coder, uint32_t slot)
{
	return step_of(coder, row_of("date_of", "time"), &slot, 1);
}

static uint32_t constant_slot(struct coder *coder, struct value value)
{
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_CONSTANT, slot, coder_constant(coder, value), 0, 0);
	return slot;
}

static uint32_t months_later(struct coder *coder, uint32_t day, int months)
{
	if (!months)
		return day;
	uint32_t slots[] = {day, constant_slot(coder, value_int(months))};
	return step_of(coder, row_of("add_months", "date, int"), slots, 2);
}

static const struct period_word {
	const char *word, *start; /* the builtin that finds the period's first day; NULL: a day */
	int from, until;          /* months from there; days for a day */
} PERIODS[] = {
	{"today", NULL, 0, 0},
	{"yesterday", NULL, -1, 0},
	{"tomorrow", NULL, 1, 0},
	{"last_month", "start_of_month", -1, 0},
	{"this_month", "start_of_month", 0, 1},
	{"next_month", "start_of_month", 1, 2},
	{"last_quarter", "start_of_quarter", -3, 0},
	{"this_quarter", "start_of_quarter", 0, 3},
	{"next_quarter", "start_of_quarter", 3, 6},
	{"last_year", "start_of_year", -12, 0},
	{"this_year", "start_of_year", 0, 12},
	{"next_year", "start_of_year", 12, 24},
};

static const struct period_word *period_find(struct text name)
{
	for (size_t i = 0; i < sizeof(PERIODS) / sizeof(*PERIODS); i++)
		if (text_is(name, PERIODS[i].word))
			return &PERIODS[i];
	return NULL;
}

bool is_builtin_word(struct text name)
{
	return period_find(name);
}

bool builtin_word(struct coder *coder, const struct syntax *syntax, struct text name, struct operand *operand_out)
{
	const struct period_word *period = period_find(name);
	if (!period)
		return false;
	uint32_t first_step = coder->steps.count, now = coder_slot(coder);
	coder_step(coder, STEP_NOW, now, 0, 0, 0);
	uint32_t day = date_of_time(coder, now);
	if (!period->start) {
		if (period->from) {
			uint32_t length = constant_slot(coder, value_duration(period->from, UNIT_DAY)), before = day;
			coder_step(coder, STEP_ADD, day = coder_slot(coder), before, length, 0);
		}
		*operand_out = operand_new(coder, NODE_PATH, syntax, simple(coder, TYPE_DATE), day, first_step, NULL, 0);
		return true;
	}
	uint32_t start = step_of(coder, row_of(period->start, "date"), &day, 1);
	uint32_t slots[] = {months_later(coder, start, period->from), months_later(coder, start, period->until)};
	uint32_t record = coder_slot(coder), list = coder_operands(coder, slots, 2);
	coder_step(coder, STEP_RECORD, record, 0, list, 2);
	*operand_out = operand_new(coder, NODE_PATH, syntax, type_period(coder->compiler), record, first_step, NULL, 0);
	return true;
}
