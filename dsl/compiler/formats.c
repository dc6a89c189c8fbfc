/* `format`: files that records are written into. What stands in a line of the file is an expression like all others; the code
 * of a row computes all its columns in one frame. Rows of a query are not asked for here: the engine does it, a page at a time.
 */
#include "dsl/compiler/expression.h"
#include "dsl/compiler/others.h"

enum { PAGE_ROWS = 256 };

struct format_builder {
	struct compiler *compiler;
	uint32_t file;
	struct format *format;
	const struct syntax *syntax;
	const struct syntax *option; /* that is being read */
	struct text row_name;
	LIST(struct format_demand) demands;
	bool seen[16]; /* by line of OPTIONS */
};

static void complain_at(const struct format_builder *builder, const struct syntax *at, enum diagnostic_code code,
			const char *sentence)
{
	diagnostic_add(builder->compiler->diagnostics, code, span_in(builder->file, at), "%s", sentence);
}

/* --- code: what may be missing is a cell that is empty */
static struct coder format_coder(const struct format_builder *builder)
{
	struct coder coder = coder_new(builder->compiler, builder->file);
	coder.allows_missing = true;
	parameters_enter(&coder, builder->format->parameters, builder->format->parameter_count, builder->syntax);
	return coder;
}

static void slot_enter(struct coder *coder, struct text name, const struct type *type, const struct syntax *at)
{
	coder_variable(coder, name, coder_slot(coder), type, false, at);
	coder->parameter_count = coder->slot_count;
}

/* The operands' values as one LIST. */
static const struct code *list_code(struct coder *coder, const struct syntax *syntax, const slot_list *slots)
{
	uint32_t result = coder_slot(coder), first = coder_operands(coder, slots->items, slots->count);
	uint32_t step = coder_step(coder, STEP_LIST, result, 0, first, slots->count);
	return coder_finish(coder, result, coder_node(coder, NODE_OTHER, syntax, NULL, result, step, NULL, 0));
}

/* A line of the file, or its name: with the number of the file as `n`. */
static const struct code *line_code(const struct format_builder *builder, const struct syntax *value)
{
	struct coder coder = format_coder(builder);
	slot_list slots = {0};
	slot_enter(&coder, TEXT("n"), type_simple(builder->compiler, TYPE_INT), value);
	if (value->kind != SYNTAX_list || builder->format->kind == FORMAT_TEXT) {
		struct operand text = expression_as(&coder, value, type_simple(builder->compiler, TYPE_TEXT));
		return coder_finish(&coder, operand_slot(&coder, &text), text.node);
	}
	for (each_child (item, value)) /* of mixed types: each by itself */
		if (item->kind != SYNTAX_token) {
			struct operand cell = expression(&coder, item, NULL);
			*list_add(builder->compiler->arena, &slots) = operand_slot(&coder, &cell);
		}
	return list_code(&coder, value, &slots);
}

/* --- the lines in front of the rows */
static void file_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->file = line_code(builder, value);
}

static void header_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->header = line_code(builder, value);
}

static void footer_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->footer = line_code(builder, value);
}

/* Which of the words it is; the first after a message. */
static uint32_t word_option(const struct format_builder *builder, const struct syntax *value, const char *const *words,
			    uint32_t count, const char *what)
{
	struct text word = syntax_text(builder->compiler, builder->file, value);
	for (uint32_t i = 0; i < count; i++)
		if (text_is(word, words[i]))
			return i;
	word_check(builder->compiler, builder->file, value, words, count, what);
	return 0;
}
#define WORD_OPTION(builder, value, words, what) word_option(builder, value, words, sizeof(words) / sizeof(*(words)), what)

static void encoding_option(struct format_builder *builder, const struct syntax *value)
{
	static const char *const WORDS[] = {
#define ENCODING(NAME, name) name,
#include "engine/base/encoding.def"
#undef ENCODING
	};
	builder->format->encoding = (enum encoding)WORD_OPTION(builder, value, WORDS, "encoding");
}

static void newline_option(struct format_builder *builder, const struct syntax *value)
{
	static const char *const WORDS[] = {"lf", "crlf"};
	builder->format->crlf = WORD_OPTION(builder, value, WORDS, "line end");
}

static void quote_option(struct format_builder *builder, const struct syntax *value)
{
	static const char *const WORDS[] = {"needed", "texts", "all"};
	builder->format->quote = (enum quote)WORD_OPTION(builder, value, WORDS, "way to quote");
}

static void titles_option(struct format_builder *builder, const struct syntax *value)
{
	static const char *const WORDS[] = {"no", "yes"};
	builder->format->titles = WORD_OPTION(builder, value, WORDS, "answer");
}

static void guard_option(struct format_builder *builder, const struct syntax *value)
{
	static const char *const WORDS[] = {"nothing", "formulas"};
	builder->format->guard_formulas = WORD_OPTION(builder, value, WORDS, "thing to guard against");
}

/* A text without anything in it that would have to be computed. */
static struct text plain_text(const struct format_builder *builder, const struct syntax *value)
{
	if (value->kind == SYNTAX_string && !syntax_child(value, SYNTAX_interpolation))
		return string_content(builder->compiler, builder->file, value);
	complain_at(builder, value, DIAGNOSTIC_TYPE_MISMATCH, "here stands a text, such as \";\"");
	return TEXT("");
}

/* One character that needs no second byte in any encoding, and is no other part of a line. */
static char sign_option(const struct format_builder *builder, const struct syntax *value, char otherwise)
{
	struct text text = plain_text(builder, value);
	if (text.length == 1 &&
	    (text.bytes[0] == '\t' || (text.bytes[0] >= ' ' && text.bytes[0] < 0x7f && text.bytes[0] != '"')))
		return text.bytes[0];
	if (text.length)
		complain_at(builder, value, DIAGNOSTIC_TYPE_MISMATCH, "this is one character such as \";\", and no quote");
	return otherwise;
}

static void separator_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->separator = sign_option(builder, value, ',');
}

static void decimal_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->decimal = sign_option(builder, value, '.');
}

static void unwritable_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->unwritable = plain_text(builder, value);
}

static int64_t count_option(const struct format_builder *builder, const struct syntax *value)
{
	int64_t count = value->kind == SYNTAX_number ? number_read(builder->compiler, builder->file, value) : 0;
	if (value->kind != SYNTAX_number || count < 1)
		complain_at(builder, value, DIAGNOSTIC_TYPE_MISMATCH, "here stands a whole number from 1 on");
	return count;
}

static void split_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->split_rows = count_option(builder, value);
}

static void size_option(struct format_builder *builder, const struct syntax *value)
{
	builder->format->size = count_option(builder, value);
}

/* `demand CONDITION, "sentence"`, which may stand again */
static void demand_option(struct format_builder *builder, const struct syntax *value)
{
	const struct syntax *sentence = syntax_named(builder->option, 2);
	struct format_demand demand = {0};
	struct coder coder = format_coder(builder);
	struct operand truth = condition(&coder, value);
	demand.holds = coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
	if (!sentence) {
		complain_at(builder, value, DIAGNOSTIC_TYPE_MISMATCH,
			    "behind the condition stands what is wrong: `demand …, \"…\"`");
		return;
	}
	coder = format_coder(builder);
	struct operand text = expression_as(&coder, sentence, type_simple(builder->compiler, TYPE_TEXT));
	demand.sentence = coder_finish(&coder, operand_slot(&coder, &text), text.node);
	*list_add(builder->compiler->arena, &builder->demands) = demand;
}

enum {
	OF_CSV = 1 << FORMAT_CSV,
	OF_TEXT = 1 << FORMAT_TEXT,
	OF_JSON = 1 << FORMAT_JSON,
	OF_LINES = OF_CSV | OF_TEXT,
	OF_ALL = 7
};

static const struct option_row {
	const char *word;
	unsigned kinds;
	void (*read)(struct format_builder *builder, const struct syntax *value);
} OPTIONS[] = {
	{"file", OF_ALL, file_option},
	{"encoding", OF_LINES, encoding_option},
	{"newline", OF_LINES, newline_option},
	{"decimal", OF_LINES, decimal_option},
	{"split", OF_ALL, split_option},
	{"size", OF_ALL, size_option},
	{"header", OF_LINES, header_option},
	{"footer", OF_LINES, footer_option},
	{"titles", OF_CSV, titles_option},
	{"separator", OF_CSV, separator_option},
	{"quote", OF_CSV, quote_option},
	{"guard", OF_CSV, guard_option},
	{"unwritable", OF_LINES, unwritable_option},
	{"demand", OF_ALL, demand_option},
};
enum { OPTION_COUNT = sizeof(OPTIONS) / sizeof(*OPTIONS) };

static void option_read(struct format_builder *builder, const struct syntax *option)
{
	const char *words[OPTION_COUNT];
	const struct syntax *name = syntax_with_role(option, ROLE_name), *value = syntax_named(option, 1);
	struct text word = syntax_text(builder->compiler, builder->file, name);
	for (uint32_t i = 0; i < OPTION_COUNT; i++) {
		words[i] = OPTIONS[i].word;
		if (!text_is(word, OPTIONS[i].word))
			continue;
		if (builder->seen[i] && OPTIONS[i].read != demand_option)
			complain_at(builder, name, DIAGNOSTIC_ITEM_TWICE, "this line stands twice in the format");
		builder->seen[i] = true;
		builder->option = option;
		if (!(OPTIONS[i].kinds & 1u << builder->format->kind))
			complain_at(builder, name, DIAGNOSTIC_UNKNOWN_OPTION, "a file of this kind has no such line");
		OPTIONS[i].read(builder, value);
		return;
	}
	WORD_CHECK(builder->compiler, builder->file, name, words, "line of a format");
}

/* --- columns */
static const struct {
	const char *word;
	enum written_as kind;
	enum type_kind type; /* of its value; TYPE_ERROR: any */
	uint32_t sizes;      /* so many numbers may stand behind it */
} KINDS[] = {
	{"text", WRITTEN_TEXT, TYPE_ERROR, 1}, {"decimal", WRITTEN_DECIMAL, TYPE_DECIMAL, 2},
	{"int", WRITTEN_INT, TYPE_INT, 1},     {"date", WRITTEN_DATE, TYPE_DATE, 0},
	{"time", WRITTEN_TIME, TYPE_TIME, 0},  {"money", WRITTEN_MONEY, TYPE_MONEY, 2},
	{"bool", WRITTEN_BOOL, TYPE_BOOL, 0},  {"percent", WRITTEN_PERCENT, TYPE_PERCENT, 2},
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(*KINDS) };

static int64_t column_kind(const struct format_builder *builder, const struct syntax *column)
{
	const char *words[KIND_COUNT];
	const struct syntax *type = syntax_with_role(column, ROLE_type);
	const struct syntax *word = type ? syntax_child(type, SYNTAX_dotted_name) : NULL;
	if (!word) {
		complain_at(builder, column, DIAGNOSTIC_FIELD_TYPE, "a column needs a type such as text(60) or decimal(10, 2)");
		return -1;
	}
	for (uint32_t i = 0; i < KIND_COUNT; i++) {
		words[i] = KINDS[i].word;
		if (text_is(syntax_text(builder->compiler, builder->file, word), KINDS[i].word))
			return i;
	}
	WORD_CHECK(builder->compiler, builder->file, word, words, "type of a column");
	return -1;
}

/* `text(60)`, `decimal(10, 2)` */
static void sizes_read(const struct format_builder *builder, const struct syntax *type, uint32_t most,
		       struct format_column *column)
{
	uint32_t count = 0;
	for (each_child (child, type)) {
		if (child->kind != SYNTAX_number)
			continue;
		int64_t size = number_read(builder->compiler, builder->file, child);
		if (count == 0)
			column->width = size > 0 && size <= 1000000 ? (uint32_t)size : 0;
		else
			column->scale = size <= DECIMAL_MAX_SCALE ? (int)size : -1;
		if (count++ == most)
			complain_at(builder, child, DIAGNOSTIC_TYPE_MISMATCH, "a column of this type has no such size");
	}
}

static void attribute_read(const struct format_builder *builder, const struct syntax *attribute, struct format_column *column)
{
	static const char *const WORDS[] = {"required", "cut", "picture", "fill"};
	const struct syntax *name = syntax_with_role(attribute, ROLE_name), *argument = syntax_named(attribute, 1);
	struct text word = syntax_text(builder->compiler, builder->file, name);
	if (text_is(word, "required"))
		column->required = true;
	else if (text_is(word, "cut") && column->kind == WRITTEN_TEXT && column->width)
		column->cut = true;
	else if (text_is(word, "picture") && argument && (column->kind == WRITTEN_DATE || column->kind == WRITTEN_TIME))
		column->picture = plain_text(builder, argument);
	else if (text_is(word, "fill") && argument && builder->format->kind == FORMAT_TEXT)
		column->fill = sign_option(builder, argument, ' ');
	else if (text_is(word, "fill"))
		complain_at(builder, name, DIAGNOSTIC_TYPE_MISMATCH, "what fills a column stands in a text file: `fill \"0\"`");
	else if (text_is(word, "cut"))
		complain_at(builder, name, DIAGNOSTIC_TYPE_MISMATCH, "only a text with a length, as in text(60), can be cut");
	else if (text_is(word, "picture"))
		complain_at(builder, name, DIAGNOSTIC_TYPE_MISMATCH, "a date or a time has a picture, such as \"ddMMyyyy\"");
	else
		WORD_CHECK(builder->compiler, builder->file, name, WORDS, "attribute of a column");
}

/* How wide a column of a text file is; there is no other way to tell where the next one begins. */
static void total_reckon(const struct format_builder *builder, const struct syntax *syntax, struct format_column *column)
{
	bool is_number = column->kind == WRITTEN_DECIMAL || column->kind == WRITTEN_MONEY || column->kind == WRITTEN_PERCENT;
	column->total = column->width;
	if (column->kind == WRITTEN_DATE || column->kind == WRITTEN_TIME)
		column->total = column->picture.length;
	else if (is_number && column->scale > 0)
		column->total += (uint32_t)column->scale + 1;
	if (!column->total || (is_number && column->scale < 0))
		complain_at(builder, syntax, DIAGNOSTIC_FIELD_TYPE,
			    "a column of a text file needs a width: text(20), int(8), decimal(8, 2), or a date with a picture");
}

static void column_read(const struct format_builder *builder, const struct syntax *syntax, struct coder *coder,
			struct format_column *column)
{
	int64_t kind = column_kind(builder, syntax);
	const struct syntax *title = syntax_with_role(syntax, ROLE_name), *value = syntax_value(syntax);
	const struct type *wanted = NULL;
	*column = (struct format_column){.title = string_content(builder->compiler, builder->file, title),
					 .scale = -1,
					 .fill = ' ',
					 .span = span_in(builder->file, syntax)};
	if (kind >= 0) {
		column->kind = KINDS[kind].kind;
		sizes_read(builder, syntax_with_role(syntax, ROLE_type), KINDS[kind].sizes, column);
		wanted = KINDS[kind].type == TYPE_ERROR ? NULL : type_simple(builder->compiler, KINDS[kind].type);
	}
	for (each_child (child, syntax))
		if (child->kind == SYNTAX_attribute)
			attribute_read(builder, child, column);
	if (builder->format->kind == FORMAT_TEXT && kind >= 0)
		total_reckon(builder, syntax, column);
	struct operand operand = operand_constant(coder, syntax, value_missing(), type_simple(builder->compiler, TYPE_ERROR));
	if (value)
		operand = wanted ? expression_as(coder, value, wanted) : expression(coder, value, NULL);
	column->constant = constant_shared(builder->compiler, operand.is_constant ? operand.value : value_missing());
	column->slot = operand.is_constant ? SLOT_NONE : operand_slot(coder, &operand);
}

/* A lower bound of what a page begins behind: it is beyond that already, and a database that takes the lesser of two bounds
 * would go through all rows before it again. */
static bool is_passed(const struct query_term *term, uint16_t order)
{
	return term->path_length == 1 && term->path[0] == order &&
	       (term->comparison == COMPARE_GREATER || term->comparison == COMPARE_GREATER_EQUAL);
}

/* The query as the engine asks for it: some rows of it by a field, and the next ones behind the last of those. */
static void page_of(struct arena *arena, struct format_rows *rows, uint16_t order)
{
	const struct query *query = rows->query;
	struct query *first = arena_copy(arena, query, sizeof(*query)), *page = arena_copy(arena, query, sizeof(*query));
	struct query_term *terms = arena_array(arena, struct query_term, query->term_count + 1);
	first->most = page->most = PAGE_ROWS;
	first->in_order = page->in_order = true;
	first->order = page->order = order;
	page->term_count = 0;
	for (uint32_t i = 0; i < query->term_count; i++)
		if (!is_passed(&query->terms[i], order))
			terms[page->term_count++] = query->terms[i];
	terms[page->term_count++] = (struct query_term){.path = arena_copy(arena, &order, sizeof(order)),
							.path_length = 1,
							.comparison = COMPARE_GREATER,
							.parameter = page->parameter_count++};
	page->terms = terms;
	rows->first = first;
	rows->page = page;
}

/* `sorted text = row.number`: rows come by that field. A page begins behind the last value of the one before, so that no two
 * rows may have one, and none may lack it. */
static void sorted_read(const struct format_builder *builder, const struct syntax *value, struct format_rows *rows)
{
	const struct syntax *name = value->kind == SYNTAX_member ? syntax_with_role(value, ROLE_name) : NULL;
	const struct syntax *head = name ? syntax_named(value, 0) : NULL;
	const struct compiler *compiler = builder->compiler;
	bool of_row = head && head->kind == SYNTAX_identifier &&
		      text_equal(syntax_text(compiler, builder->file, head), builder->row_name);
	const struct field *field =
		of_row && rows->query ? entity_field(rows->query->entity, syntax_text(compiler, builder->file, name)) : NULL;
	bool everywhere = field && (field->required || field->sequence);
	if (!everywhere || !field->unique || field->type->kind != TYPE_TEXT) {
		complain_at(builder, value, DIAGNOSTIC_TYPE_MISMATCH,
			    "rows of `all(…)` are sorted by a text of theirs that is unique and always there: required, or a "
			    "sequence");
		return;
	}
	page_of(compiler->arena, rows, field->index);
}

/* What stands beside the columns, without quotes: what a row is called, and why it is left out. */
static void beside_read(const struct format_builder *builder, const struct syntax *syntax, struct coder *coder,
			struct format_rows *rows)
{
	static const struct {
		const char *word;
		size_t place;
	} PLACES[] = {{"called", offsetof(struct format_rows, called)},
		      {"left_out", offsetof(struct format_rows, left_out)},
		      {"refused", offsetof(struct format_rows, refused)}};
	static const char *const WORDS[] = {"called", "left_out", "refused", "sorted"};
	size_t found = 0;
	const struct syntax *name = syntax_with_role(syntax, ROLE_name), *value = syntax_value(syntax);
	struct text word = syntax_text(builder->compiler, builder->file, name);
	if (text_is(word, "sorted")) {
		sorted_read(builder, value ? value : syntax, rows);
		return;
	}
	while (found < 3 && !text_is(word, PLACES[found].word))
		found++;
	if (found == 3) {
		WORD_CHECK(builder->compiler, builder->file, name, WORDS,
			   "word of a row, and the titles of columns stand in quotes");
		return;
	}
	if (!value) {
		complain_at(builder, syntax, DIAGNOSTIC_FIELD_TYPE, "a text has to stand behind it: `called text = …`");
		return;
	}
	struct operand text = expression_as(coder, value, type_simple(builder->compiler, TYPE_TEXT));
	*(uint32_t *)(void *)((char *)rows + PLACES[found].place) = operand_slot(coder, &text);
}

/* --- rows */
/* A query as the last thing that is computed is not asked here: its parameters take its place. */
static void query_take(struct format_builder *builder, struct coder *coder, const struct operand *list,
		       struct format_rows *rows)
{
	struct arena *arena = builder->compiler->arena;
	struct step *last = coder->steps.count ? &coder->steps.items[coder->steps.count - 1] : NULL;
	if (list->is_constant || !last || last->operation != STEP_QUERY || last->d != list->slot)
		return;
	rows->query = arena_copy(arena, &builder->compiler->queries.items[last->a], sizeof(*rows->query));
	page_of(arena, rows, FIELD_ID);
	last->operation = STEP_LIST;
	last->a = 0;
}

static const struct type *source_read(struct format_builder *builder, const struct syntax *source, struct format_rows *rows)
{
	struct coder coder = format_coder(builder);
	struct operand list = expression(&coder, source, NULL);
	const struct type *item = type_simple(builder->compiler, TYPE_ERROR);
	if (list.type->kind == TYPE_LIST) {
		item = list.type->element;
		query_take(builder, &coder, &list, rows);
	} else if (list.type->kind != TYPE_ERROR) {
		complain_at(builder, source, DIAGNOSTIC_TYPE_MISMATCH, "`row for each` goes through a list");
	}
	rows->source = coder_finish(&coder, operand_slot(&coder, &list), list.node);
	return item;
}

static void columns_read(const struct format_builder *builder, const struct syntax *syntax, struct coder *coder,
			 struct format_rows *rows)
{
	struct format_column *columns = arena_array(builder->compiler->arena, struct format_column, syntax->size);
	for (each_child (child, syntax)) {
		if (child->kind != SYNTAX_field)
			continue;
		if (syntax_with_role(child, ROLE_name)->kind == SYNTAX_string)
			column_read(builder, child, coder, &columns[rows->column_count++]);
		else
			beside_read(builder, child, coder, rows);
	}
	rows->columns = columns;
	rows->code = coder_finish(coder, SLOT_NONE, NODE_NONE);
}

static void rows_read(struct format_builder *builder, const struct syntax *syntax, struct format_rows *rows)
{
	const struct syntax *where = syntax_child(syntax, SYNTAX_where), *name = syntax_with_role(syntax, ROLE_name);
	*rows = (struct format_rows){
		.called = SLOT_NONE, .left_out = SLOT_NONE, .refused = SLOT_NONE, .span = span_in(builder->file, syntax)};
	const struct type *item = source_read(builder, syntax_named(syntax, 1), rows);
	struct text word = builder->row_name = syntax_text(builder->compiler, builder->file, name);
	struct coder coder = format_coder(builder);
	slot_enter(&coder, word, item, syntax);
	if (where) {
		struct coder condition_coder = format_coder(builder);
		slot_enter(&condition_coder, word, item, syntax);
		struct operand truth = condition(&condition_coder, syntax_value(where));
		rows->where = coder_finish(&condition_coder, operand_slot(&condition_coder, &truth), truth.node);
	}
	columns_read(builder, syntax, &coder, rows);
}

/* --- the format */
static void kind_read(struct format_builder *builder, const struct syntax *kind)
{
	static const char *const FILES[] = {"csv", "text", "json"};
	builder->format->kind = (enum format_kind)WORD_OPTION(builder, kind, FILES, "kind of file");
}

static void format_build(struct compiler *compiler, const struct declaration *declaration)
{
	struct format *format = &compiler->formats.items[declaration->index];
	struct format_rows *rows = arena_array(compiler->arena, struct format_rows, declaration->syntax->size);
	struct format_builder builder = {
		.compiler = compiler, .file = declaration->file, .format = format, .syntax = declaration->syntax};
	for (each_child (child, declaration->syntax)) {
		if (child->kind == SYNTAX_identifier && child->role == ROLE_none)
			kind_read(&builder, child);
		else if (child->kind == SYNTAX_option)
			option_read(&builder, child);
		else if (child->kind == SYNTAX_rows)
			rows_read(&builder, child, &rows[format->rows_count++]);
	}
	format->rows = rows;
	format->demands = builder.demands.items;
	format->demand_count = builder.demands.count;
	if (!format->file)
		complain_at(&builder, declaration->syntax, DIAGNOSTIC_RULE_INCOMPLETE,
			    "the format does not say what its file is called: `file \"list_{n:3}.csv\"`");
}

void formats_declare(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_format];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		struct format *format = list_add(compiler->arena, &compiler->formats);
		declaration->index = i;
		*format = (struct format){.name = declaration->name,
					  .label = label_read(compiler, declaration->file, declaration->syntax),
					  .span = span_in(declaration->file, declaration->syntax),
					  .index = i,
					  .separator = ',',
					  .decimal = '.'};
		format->parameters =
			parameters_read(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_parameters),
					declaration->name, &format->parameter_count);
	}
}

void formats_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_format].count; i++)
		format_build(compiler, compiler->by_kind[SYNTAX_format].items[i]);
}
