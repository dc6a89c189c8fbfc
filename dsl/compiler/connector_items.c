/* How a vendor is reached, and what a request sends and expects: names, types and words are checked. What a courier must keep
 * to (how many calls, how long, what is tried again) is kept. The words a line may begin with stand in one table each. */
#include "dsl/compiler/connector_items.h"

typedef void (*option_check)(struct compiler *compiler, uint32_t file, const struct syntax *option);

struct option_row {
	const char *word;
	option_check check;
};

static void words_check(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *const *words,
			uint32_t count, const char *what)
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
#define WORDS_CHECK(compiler, file, at, words, what)                                                                           \
	words_check(compiler, file, at, words, sizeof(words) / sizeof(*(words)), what)

static void options_check(struct compiler *compiler, uint32_t file, const struct syntax *option, const struct option_row *rows,
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
#define OPTIONS_CHECK(compiler, file, option, rows, where)                                                                     \
	options_check(compiler, file, option, rows, sizeof(rows) / sizeof(*(rows)), where)

static void value_check(struct compiler *compiler, uint32_t file, const struct syntax *value, enum type_kind kind)
{
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	struct operand operand = expression_as(&coder, value, type_simple(compiler, kind));
	coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

static void text_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	value_check(compiler, file, syntax_named(option, 1), TYPE_TEXT);
}

static void duration_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	value_check(compiler, file, syntax_named(option, 1), TYPE_DURATION);
}

/* --- the connector itself */
static void secrets_check(struct compiler *compiler, uint32_t file, const struct syntax *record)
{
	for (each_child (child, record)) {
		if (child->kind != SYNTAX_assignment || !syntax_value(child))
			continue;
		struct coder coder = coder_new(compiler, file);
		coder.allows_missing = true;
		struct operand operand = expression(&coder, syntax_value(child), type_simple(compiler, TYPE_TEXT));
		coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
	}
}

static void auth_check(struct compiler *compiler, uint32_t file, const struct syntax *auth)
{
	static const char *const WAYS[] = {"oauth2_client", "oauth2_password", "basic", "bearer", "api_key", "hmac", "none"};
	WORDS_CHECK(compiler, file, syntax_child(auth, SYNTAX_identifier), WAYS, "way to authenticate");
	secrets_check(compiler, file, syntax_child(auth, SYNTAX_record));
}

typedef LIST(struct status_range) status_ranges;

/* 0: it is none. */
static uint16_t status_read(struct compiler *compiler, uint32_t file, const struct syntax *number)
{
	int64_t status = number && number->kind == SYNTAX_number ? number_read(compiler, file, number) : 0;
	return status >= 100 && status <= 599 ? (uint16_t)status : 0;
}

/* 204, 404 or 500..599 */
static void statuses_read(struct compiler *compiler, uint32_t file, const struct syntax *list, status_ranges *ranges)
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

static void statuses_check(struct compiler *compiler, uint32_t file, const struct syntax *list)
{
	status_ranges ranges = {0};
	statuses_read(compiler, file, list, &ranges);
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

/* What is computed is not known before a call is made: then the courier's own patience counts. */
static void timeout_read(struct compiler *compiler, uint32_t file, const struct syntax *option, struct connector *connector)
{
	const struct syntax *value = syntax_named(option, 1);
	bool is_timeout = text_is(syntax_text(compiler, file, syntax_with_role(option, ROLE_name)), "timeout");
	if (is_timeout && value && value->kind == SYNTAX_duration)
		connector->timeout = seconds_read(compiler, file, value);
}

void connector_read(struct compiler *compiler, const struct declaration *declaration, struct connector *connector)
{
	static const struct option_row OPTIONS[] = {{"base", text_option}, {"timeout", duration_option}};
	uint32_t file = declaration->file;
	for (each_child (child, declaration->syntax)) {
		if (child->kind == SYNTAX_auth)
			auth_check(compiler, file, child);
		else if (child->kind == SYNTAX_limit)
			limit_read(compiler, file, child, connector);
		else if (child->kind == SYNTAX_retry_on)
			retry_read(compiler, file, child, connector);
		if (child->kind == SYNTAX_option) {
			OPTIONS_CHECK(compiler, file, child, OPTIONS, "a connector");
			timeout_read(compiler, file, child, connector);
		}
	}
}

/* --- verify */
static void setting_check(struct compiler *compiler, uint32_t file, const struct syntax *member)
{
	const struct syntax *head = syntax_named(member, 0), *name = syntax_with_role(member, ROLE_name);
	if (!text_is(syntax_text(compiler, file, head), "setting"))
		return;
	struct text word = syntax_text(compiler, file, name);
	if (map_get(&compiler->spaces[SPACE_SETTING], word))
		return;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_SETTING, span_in(file, member),
						       "there is no setting `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_SETTING]);
}

static void verified_by(struct compiler *compiler, uint32_t file, const struct syntax *value)
{
	static const char *const WAYS[] = {"hmac_sha256", "hmac_sha1", "hmac_sha512", "basic", "bearer"};
	static const char *const PARTS[] = {"header", "query"};
	if (value->kind == SYNTAX_invocation)
		WORDS_CHECK(compiler, file, syntax_with_role(value, ROLE_function), WAYS, "way to verify");
	for (const struct syntax *node = value + 1; node < value + value->size; node++) {
		if (node->kind == SYNTAX_invocation)
			WORDS_CHECK(compiler, file, syntax_with_role(node, ROLE_function), PARTS, "part of what arrives");
		else if (node->kind == SYNTAX_member)
			setting_check(compiler, file, node);
	}
}

void verify_check(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	const struct syntax *name = syntax_with_role(option, ROLE_name), *value = syntax_named(option, 1);
	if (!text_is(syntax_text(compiler, file, name), "verify")) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, option),
			       "`receive` knows `verify …` and `when … then …`, no `%.*s`",
			       TEXT_ARGS(syntax_text(compiler, file, name)));
		return;
	}
	bool equality = value->kind == SYNTAX_binary && syntax_has_word(compiler, file, value, "==");
	if (value->kind == SYNTAX_invocation || equality)
		verified_by(compiler, file, value);
	else
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, value),
			       "`verify` needs a way such as hmac_sha256(header(\"X-Signature\"), setting.secret)");
}

/* --- requests */
static void pages_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	static const char *const WAYS[] = {"cursor", "offset", "number", "link"};
	WORDS_CHECK(compiler, file, syntax_named(option, 1), WAYS, "way to page");
	if (syntax_named(option, 2))
		value_check(compiler, file, syntax_named(option, 2), TYPE_TEXT);
}

static const char *const REPEATS[] = {[REPEATABLE_NEVER] = "never",
				      [REPEATABLE_YES] = "yes",
				      [REPEATABLE_ASK_FIRST] = "ask_first",
				      [REPEATABLE_ACCEPTS_KEY] = "accepts_key"};

static void repeatable_option(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	WORDS_CHECK(compiler, file, syntax_named(option, 1), REPEATS, "way to repeat a call");
}

enum repeatable repeatable_read(struct compiler *compiler, uint32_t file, const struct syntax *request)
{
	static const char *const IDEMPOTENT[] = {"GET", "HEAD", "PUT", "DELETE"};
	struct text method = syntax_text(compiler, file, syntax_with_role(request, ROLE_method));
	enum repeatable repeatable = REPEATABLE_NEVER;
	for (size_t i = 0; i < sizeof IDEMPOTENT / sizeof *IDEMPOTENT; i++)
		if (text_is(method, IDEMPOTENT[i]))
			repeatable = REPEATABLE_YES;
	for (each_child (child, request))
		if (child->kind == SYNTAX_option &&
		    text_is(syntax_text(compiler, file, syntax_with_role(child, ROLE_name)), "repeatable"))
			for (size_t i = 0; i < sizeof REPEATS / sizeof *REPEATS; i++)
				if (text_is(syntax_text(compiler, file, syntax_named(child, 1)), REPEATS[i]))
					repeatable = (enum repeatable)i;
	return repeatable;
}

static const struct option_row REQUEST_OPTIONS[] = {
	{"pages", pages_option}, {"repeatable", repeatable_option}, {"expect", statuses_check}, {"timeout", duration_option}};

static struct coder request_coder(struct compiler *compiler, uint32_t file, const struct record_field *parameters,
				  uint32_t count, bool answered)
{
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	for (uint32_t i = 0; i < count; i++)
		coder_variable(&coder, parameters[i].name, coder_slot(&coder), parameters[i].type, false, NULL);
	if (answered)
		coder_variable(&coder, TEXT("body"), coder_slot(&coder), type_simple(compiler, TYPE_DATA), false, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

static void request_item(struct compiler *compiler, uint32_t file, const struct syntax *item, struct coder coder,
			 const struct type *result)
{
	const struct syntax *value = syntax_named(item, 0);
	struct operand operand;
	if (item->kind == SYNTAX_result && !result) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(file, item),
			       "this gives a result; say behind the parameters which one: `-> record(id text)`");
		operand = expression(&coder, value, NULL);
	} else if (item->kind == SYNTAX_result) {
		operand = expression_as(&coder, value, result);
	} else {
		operand = expression(&coder, value, NULL);
	}
	coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

void request_check(struct compiler *compiler, uint32_t file, const struct syntax *request,
		   const struct record_field *parameters, uint32_t parameter_count, const struct type *result)
{
	static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
	WORDS_CHECK(compiler, file, syntax_with_role(request, ROLE_method), METHODS, "method");
	struct coder path = request_coder(compiler, file, parameters, parameter_count, false);
	struct operand url = expression_as(&path, syntax_child(request, SYNTAX_string), type_simple(compiler, TYPE_TEXT));
	coder_finish(&path, operand_slot(&path, &url), url.node);
	for (each_child (child, request)) {
		if (child->kind == SYNTAX_option)
			OPTIONS_CHECK(compiler, file, child, REQUEST_OPTIONS, "a request");
		else if (child->kind == SYNTAX_send || child->kind == SYNTAX_result)
			request_item(compiler, file, child,
				     request_coder(compiler, file, parameters, parameter_count, child->kind == SYNTAX_result),
				     result);
	}
}
