/* How a vendor is reached: where, as whom, how often, how long, what is tried again; and how what arrives is verified. The
 * words a line may begin with stand in one table each. */
#include "dsl/compiler/connector_items.h"
#include "dsl/compiler/expression.h"
#include "engine/model/request.h"

void words_check(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *const *words, uint32_t count,
		 const char *what)
{
	struct text word = syntax_text(compiler, file, at), known[16];
	struct text_builder list = {.arena = compiler->arena};
	for (uint32_t i = 0; i < count; i++) {
		known[i] = text_from(words[i]);
		if (text_equal(known[i], word))
			return;
		builder_format(&list, "%s%s", i ? ", " : "", words[i]);
	}
	struct text all = builder_text(&list);
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, at),
			       "`%.*s` is no %s; there are %.*s", TEXT_ARGS(word), what, TEXT_ARGS(all));
	suggest(compiler, diagnostic, word, known, count);
}

void options_check(struct compiler *compiler, uint32_t file, const struct syntax *option, const struct option_row *rows,
		   uint32_t count, const char *where)
{
	struct text word = syntax_text(compiler, file, syntax_with_role(option, ROLE_name)), known[16];
	for (uint32_t i = 0; i < count; i++) {
		known[i] = text_from(rows[i].word);
		if (!text_equal(known[i], word))
			continue;
		rows[i].check(compiler, file, option);
		return;
	}
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, option),
						       "%s knows no `%.*s`", where, TEXT_ARGS(word));
	suggest(compiler, diagnostic, word, known, count);
}

void value_check(struct compiler *compiler, uint32_t file, const struct syntax *value, enum type_kind kind)
{
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	struct operand operand = expression_as(&coder, value, type_simple(compiler, kind));
	coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

/* `base` is read below, where its connector is known. */
static void base_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	(void)compiler, (void)file, (void)option;
}

void duration_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	value_check(compiler, file, syntax_named(option, 1), TYPE_DURATION);
}

/* --- the connector itself: where it is, and who says that it is us */
static const struct auth_row {
	const char *word, *needs, *may;
} AUTHS[] = {
#define AUTH(NAME, word, needs, may, doc) {word, needs, may},
#include "engine/model/auth.def"
#undef AUTH
};

/* A courier evaluates it, without a turn: an expression that knows settings and nothing else. */
const struct code *outside_code(struct compiler *compiler, uint32_t file, const struct syntax *value, bool may_be_secret)
{
	const struct type *text = type_simple(compiler, TYPE_TEXT);
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	struct operand operand = may_be_secret ? expression(&coder, value, text) : expression_as(&coder, value, text);
	if (may_be_secret && operand.type->kind != TYPE_SECRET)
		fit(&coder, value, &operand, text);
	return coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

static bool stands_in(const char *words, struct text word)
{
	struct text rest = text_from(words);
	for (uint32_t from = 0, i = 0; i <= rest.length; i++) {
		if (i < rest.length && rest.bytes[i] != ' ')
			continue;
		if (i > from && text_equal(text_slice(rest, from, i), word))
			return true;
		from = i + 1;
	}
	return false;
}

static bool auth_knows(const struct auth_row *row, struct text name)
{
	return stands_in(row->needs, name) || stands_in(row->may, name) || stands_in("client_certificate client_key", name);
}

static void auth_needs_check(struct compiler *compiler, struct span span, const struct auth_row *row, const struct auth *auth)
{
	struct text needs = text_from(row->needs);
	for (uint32_t from = 0, i = 0; i <= needs.length; i++) {
		if (i < needs.length && needs.bytes[i] != ' ')
			continue;
		struct text name = text_slice(needs, from, i);
		if (name.length && !auth_code(auth, arena_string(compiler->arena, name.bytes, name.length)))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span, "`auth %s` needs `%.*s`",
				       row->word, TEXT_ARGS(name));
		from = i + 1;
	}
}

static void auth_items_read(struct compiler *compiler, uint32_t file, const struct syntax *record, const struct auth_row *row,
			    struct auth *auth)
{
	LIST(struct auth_item) items = {0};
	for (each_child (child, record)) {
		if (child->kind != SYNTAX_assignment || !syntax_value(child))
			continue;
		struct text name = syntax_text(compiler, file, syntax_with_role(child, ROLE_name));
		if (row && !auth_knows(row, name))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, child),
				       "`auth %s` knows no `%.*s`; it needs %s%s%s", row->word, TEXT_ARGS(name),
				       *row->needs ? row->needs : "nothing", *row->may ? " and may have " : "", row->may);
		*list_add(compiler->arena, &items) =
			(struct auth_item){name, outside_code(compiler, file, syntax_value(child), true)};
	}
	auth->items = items.items;
	auth->item_count = items.count;
}

static const struct auth *auth_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	const char *ways[AUTH_COUNT];
	const struct syntax *way = syntax_child(syntax, SYNTAX_identifier);
	const struct auth_row *row = NULL;
	struct auth *auth = arena_new(compiler->arena, struct auth);
	for (uint32_t i = 0; i < AUTH_COUNT; i++) {
		ways[i] = AUTHS[i].word;
		if (!text_is(syntax_text(compiler, file, way), AUTHS[i].word))
			continue;
		row = &AUTHS[i];
		auth->way = (enum auth_way)i;
	}
	WORDS_CHECK(compiler, file, way, ways, "way to authenticate");
	auth_items_read(compiler, file, syntax_child(syntax, SYNTAX_record), row, auth);
	if (row)
		auth_needs_check(compiler, span_in(file, syntax), row, auth);
	return auth;
}

/* 0: it is none. */
static uint16_t status_read(struct compiler *compiler, uint32_t file, const struct syntax *number)
{
	int64_t status = number && number->kind == SYNTAX_number ? number_read(compiler, file, number) : 0;
	return status >= 100 && status <= 599 ? (uint16_t)status : 0;
}

/* 204, 404 or 500..599 */
void statuses_read(struct compiler *compiler, uint32_t file, const struct syntax *list, status_ranges *ranges)
{
	for (each_child (child, list)) {
		if (child->kind == SYNTAX_token || child->role == ROLE_name || child->kind == SYNTAX_identifier)
			continue;
		bool range = child->kind == SYNTAX_binary && syntax_has_word(compiler, file, child, "..");
		const struct syntax *from = range ? syntax_named(child, 0) : child,
				    *to = range ? syntax_named(child, 1) : child;
		struct status_range range_read = {status_read(compiler, file, from), status_read(compiler, file, to)};
		if (range_read.from && range_read.to)
			*list_add(compiler->arena, ranges) = range_read;
		else
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, child),
				       "an answer's status is a number from 100 to 599, or a range such as 500..599");
	}
}

static void retry_read(struct compiler *compiler, uint32_t file, const struct syntax *retry, struct connector *connector)
{
	static const char *const HONOURED[] = {"retry_after"};
	status_ranges ranges = {0};
	statuses_read(compiler, file, retry, &ranges);
	connector->retry_on = ranges.items;
	connector->retry_count = ranges.count;
	for (each_child (child, retry))
		if (child->kind == SYNTAX_identifier)
			WORDS_CHECK(compiler, file, child, HONOURED, "header to honour");
}

static void limit_read(struct compiler *compiler, uint32_t file, const struct syntax *limit, struct connector *connector)
{
	const struct syntax *rate = syntax_child(limit, SYNTAX_rate);
	int64_t count = number_read(compiler, file, syntax_child(rate, SYNTAX_number));
	connector->limit_seconds = seconds_read(compiler, file, syntax_child(rate, SYNTAX_duration));
	connector->limit_count = count > 0 && count < UINT32_MAX ? (uint32_t)count : 0;
	if (count < 1)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, limit),
			       "a limit of none allows nothing");
}

/* A timeout that is computed is not known before a call is made: then the courier's own patience counts. */
static void option_read(struct compiler *compiler, uint32_t file, const struct syntax *option, struct connector *connector)
{
	const struct syntax *value = syntax_named(option, 1);
	struct text name = syntax_text(compiler, file, syntax_with_role(option, ROLE_name));
	if (text_is(name, "timeout") && value && value->kind == SYNTAX_duration)
		connector->timeout = seconds_read(compiler, file, value);
	else if (text_is(name, "base") && value)
		connector->base = outside_code(compiler, file, value, false);
}

void connector_read(struct compiler *compiler, const struct declaration *declaration, struct connector *connector)
{
	static const struct option_row OPTIONS[] = {{"base", base_option}, {"timeout", duration_option}};
	uint32_t file = declaration->file;
	for (each_child (child, declaration->syntax)) {
		if (child->kind == SYNTAX_auth)
			connector->auth = auth_read(compiler, file, child);
		else if (child->kind == SYNTAX_limit)
			limit_read(compiler, file, child, connector);
		else if (child->kind == SYNTAX_retry_on)
			retry_read(compiler, file, child, connector);
		if (child->kind == SYNTAX_option) {
			OPTIONS_CHECK(compiler, file, child, OPTIONS, "a connector");
			option_read(compiler, file, child, connector);
		}
	}
}
