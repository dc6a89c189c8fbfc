/* What is asked of a vendor, and what his answer means: METHOD "path" { query headers send result pages expect repeatable }. */
#include "dsl/compiler/connector_items.h"
#include "dsl/compiler/expression.h"
#include "engine/model/request.h"

#include <strings.h>

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

/* --- what depends on the arguments */
struct reading {
	struct compiler *compiler;
	uint32_t file;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct type *result;
	struct request *request;
};

static struct coder request_coder(const struct reading *reading, bool answered)
{
	struct coder coder = coder_new(reading->compiler, reading->file);
	coder.allows_missing = true;
	for (uint32_t i = 0; i < reading->parameter_count; i++)
		coder_variable(&coder, reading->parameters[i].name, coder_slot(&coder), reading->parameters[i].type, false,
			       NULL);
	if (answered)
		coder_variable(&coder, TEXT("body"), coder_slot(&coder), type_simple(reading->compiler, TYPE_DATA), true, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

static bool has_secret(const struct type *type)
{
	if (type->kind == TYPE_LIST && type->element)
		return has_secret(type->element);
	for (uint32_t i = 0; type->kind == TYPE_RECORD && i < type->record->count; i++)
		if (has_secret(type->record->fields[i].type))
			return true;
	return type->kind == TYPE_SECRET;
}

/* What is kept with the call can be read by whoever reads the store. */
static void part_read(const struct reading *reading, const struct syntax *value, struct request_part *part)
{
	struct coder coder = request_coder(reading, false);
	struct operand operand = expression(&coder, value, NULL);
	if (has_secret(operand.type))
		diagnostic_add(reading->compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(reading->file, value),
			       "a secret is kept out of what is asked for; `auth` sends it");
	part->type = operand.type;
	part->code = coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

static void members_read(const struct reading *reading, const struct syntax *option, struct request_part *part)
{
	const struct syntax *value = syntax_named(option, 1);
	if (value && value->kind == SYNTAX_record && !syntax_named(option, 2)) {
		part_read(reading, value, part);
		return;
	}
	struct text word = syntax_text(reading->compiler, reading->file, syntax_with_role(option, ROLE_name));
	diagnostic_add(reading->compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(reading->file, option),
		       "`%.*s` gives names their values: `%.*s { name = value }`", TEXT_ARGS(word), TEXT_ARGS(word));
}

/* RFC 9110, section 5.6.2; those that say how long a request is and where it goes are the transport's. */
static bool header_is_free(struct text name)
{
	static const char *const TAKEN[] = {"host", "content-length", "transfer-encoding", "connection", "expect"};
	for (uint32_t i = 0; i < name.length; i++) {
		unsigned char byte = (unsigned char)name.bytes[i];
		bool word = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!word && (byte > 126 || !byte || !strchr("!#$%&'*+-.^_`|~", byte)))
			return false;
	}
	for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++)
		if (name.length == strlen(TAKEN[i]) && !strncasecmp(name.bytes, TAKEN[i], name.length))
			return false;
	return name.length;
}

static void headers_read(const struct reading *reading, const struct syntax *option)
{
	struct request_part *headers = &reading->request->headers;
	members_read(reading, option, headers);
	for (uint32_t i = 0; headers->type && headers->type->kind == TYPE_RECORD && i < headers->type->record->count; i++)
		if (!header_is_free(headers->type->record->fields[i].name))
			diagnostic_add(reading->compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION,
				       span_in(reading->file, option), "`%.*s` can not be given as a header",
				       TEXT_ARGS(headers->type->record->fields[i].name));
}

static void result_read(const struct reading *reading, const struct syntax *item)
{
	const struct syntax *value = syntax_named(item, 0);
	struct coder coder = request_coder(reading, true);
	struct operand operand;
	if (!reading->result) {
		diagnostic_add(reading->compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(reading->file, item),
			       "this gives a result; say behind the parameters which one: `-> record(id text)`");
		operand = expression(&coder, value, NULL);
	} else {
		operand = expression_as(&coder, value, reading->result);
	}
	reading->request->result = coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

static void expect_read(const struct reading *reading, const struct syntax *option)
{
	status_ranges ranges = {0};
	statuses_read(reading->compiler, reading->file, option, &ranges);
	reading->request->expect = ranges.items;
	reading->request->expect_count = ranges.count;
}

/* --- lines */
static void read_elsewhere(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	(void)compiler, (void)file, (void)option;
}

static const struct option_row OPTIONS[] = {{"pages", pages_option},     {"repeatable", repeatable_option},
					    {"expect", read_elsewhere},  {"timeout", duration_option},
					    {"headers", read_elsewhere}, {"query", read_elsewhere}};

static void option_read(const struct reading *reading, const struct syntax *option)
{
	struct text word = syntax_text(reading->compiler, reading->file, syntax_with_role(option, ROLE_name));
	OPTIONS_CHECK(reading->compiler, reading->file, option, OPTIONS, "a request");
	if (text_is(word, "query"))
		members_read(reading, option, &reading->request->query);
	else if (text_is(word, "headers"))
		headers_read(reading, option);
	else if (text_is(word, "expect"))
		expect_read(reading, option);
}

static void path_read(const struct reading *reading, const struct syntax *syntax)
{
	struct coder coder = request_coder(reading, false);
	coder.encodes = true;
	struct operand path = expression_as(&coder, syntax, type_simple(reading->compiler, TYPE_TEXT));
	reading->request->path = coder_finish(&coder, operand_slot(&coder, &path), path.node);
}

const struct request *request_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax,
				   const struct record_field *parameters, uint32_t parameter_count, const struct type *result)
{
	static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
	const struct syntax *method = syntax_with_role(syntax, ROLE_method);
	struct request *request = arena_new(compiler->arena, struct request);
	struct reading reading = {compiler, file, parameters, parameter_count, result, request};
	WORDS_CHECK(compiler, file, method, METHODS, "method");
	request->method = syntax_text(compiler, file, method);
	path_read(&reading, syntax_child(syntax, SYNTAX_string));
	for (each_child (child, syntax)) {
		if (child->kind == SYNTAX_option)
			option_read(&reading, child);
		else if (child->kind == SYNTAX_send)
			part_read(&reading, syntax_named(child, 0), &request->body);
		else if (child->kind == SYNTAX_result)
			result_read(&reading, child);
	}
	return request;
}
