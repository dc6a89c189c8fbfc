/* JSON written piece by piece into a text_builder: commas, escapes and indentation are this file's business, the order of the
 * pieces is the caller's. */
#include "engine/base/json.h"

#include <stdio.h>

static void new_line(struct json_writer *writer)
{
	if (!writer->indent)
		return;
	builder_add_char(writer->text, '\n');
	for (uint32_t i = 0; i < writer->depth * (uint32_t)writer->indent; i++)
		builder_add_char(writer->text, ' ');
}

/* Before each value that has no name before it, and each name. */
static void begin(struct json_writer *writer)
{
	uint32_t length = writer->text->length;
	if (length && writer->text->bytes[length - 1] == ':')
		return;
	if (writer->comma)
		builder_add_char(writer->text, ',');
	if (writer->depth)
		new_line(writer);
}

static void open_level(struct json_writer *writer, char bracket)
{
	begin(writer);
	builder_add_char(writer->text, bracket);
	writer->depth++;
	writer->comma = false;
}

static void close_level(struct json_writer *writer, char bracket)
{
	writer->depth--;
	if (writer->comma)
		new_line(writer);
	builder_add_char(writer->text, bracket);
	writer->comma = true;
}

void json_open_object(struct json_writer *writer)
{
	open_level(writer, '{');
}

void json_close_object(struct json_writer *writer)
{
	close_level(writer, '}');
}

void json_open_list(struct json_writer *writer)
{
	open_level(writer, '[');
}

void json_close_list(struct json_writer *writer)
{
	close_level(writer, ']');
}

/* A byte that cannot stand as it is; one that is part of no character becomes U+FFFD. */
static void write_escape(struct json_writer *writer, unsigned char byte)
{
	static const char *const SHORT[] = {['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
					    ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};
	if (byte < sizeof(SHORT) / sizeof(*SHORT) && SHORT[byte])
		builder_add_string(writer->text, SHORT[byte]);
	else if (byte < 0x20)
		builder_format(writer->text, "\\u%04x", byte);
	else
		builder_add_string(writer->text, "\xef\xbf\xbd");
}

/* How many bytes from `at` on can stand as they are. */
static uint32_t plain_length(struct text text, uint32_t at)
{
	uint32_t end = at;
	while (end < text.length) {
		unsigned char byte = (unsigned char)text.bytes[end];
		uint32_t length = byte < 0x80 ? 1 : text_character_length(text, end);
		if (!length || byte < 0x20 || byte == '"' || byte == '\\')
			break;
		end += length;
	}
	return end - at;
}

static void write_quoted(struct json_writer *writer, struct text text)
{
	builder_add_char(writer->text, '"');
	for (uint32_t i = 0; i < text.length; i++) {
		uint32_t plain = plain_length(text, i);
		builder_add(writer->text, text_slice(text, i, i + plain));
		i += plain;
		if (i < text.length)
			write_escape(writer, (unsigned char)text.bytes[i]);
	}
	builder_add_char(writer->text, '"');
}

void json_write_name(struct json_writer *writer, struct text name)
{
	begin(writer);
	write_quoted(writer, name);
	builder_add_char(writer->text, ':');
}

void json_write_text(struct json_writer *writer, struct text text)
{
	begin(writer);
	write_quoted(writer, text);
	writer->comma = true;
}

static void write_word(struct json_writer *writer, struct text word)
{
	begin(writer);
	builder_add(writer->text, word);
	writer->comma = true;
}

void json_write_int(struct json_writer *writer, int64_t integer)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%lld", (long long)integer);
	write_word(writer, (struct text){digits, (uint32_t)length});
}

void json_write_decimal(struct json_writer *writer, struct decimal decimal)
{
	char digits[DECIMAL_TEXT];
	uint32_t length = decimal_write(decimal, digits);
	write_word(writer, (struct text){digits, length});
}

void json_write_member(struct json_writer *writer, const char *name, struct text text)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, text);
}

void json_write_member_int(struct json_writer *writer, const char *name, int64_t integer)
{
	json_write_name(writer, text_from(name));
	json_write_int(writer, integer);
}

void json_write_bool(struct json_writer *writer, bool truth)
{
	write_word(writer, truth ? TEXT("true") : TEXT("false"));
}

void json_write_null(struct json_writer *writer)
{
	write_word(writer, TEXT("null"));
}

/* Beyond a decimal a number keeps its 17 digits; beyond a double it stays beyond. */
static void write_number(struct json_writer *writer, const struct json *json)
{
	struct decimal decimal;
	char digits[JSON_NUMBER_TEXT];
	if (json_decimal(json, &decimal) == OK)
		json_write_decimal(writer, decimal);
	else
		write_word(writer, (struct text){digits, json_number_write(json, digits)});
}

void json_write_document(struct json_writer *writer, const struct json *json)
{
	enum json_kind kind = json_kind(json);
	if (kind == JSON_TEXT) {
		json_write_text(writer, json_text(json));
	} else if (kind == JSON_NUMBER) {
		write_number(writer, json);
	} else if (kind == JSON_BOOL) {
		json_write_bool(writer, json_bool(json));
	} else if (kind == JSON_NULL) {
		json_write_null(writer);
	} else {
		open_level(writer, kind == JSON_LIST ? '[' : '{');
		for (const struct json *item = json_first(json); item; item = json_next(item)) {
			if (kind == JSON_OBJECT)
				json_write_name(writer, json_name(item));
			json_write_document(writer, item);
		}
		close_level(writer, kind == JSON_LIST ? ']' : '}');
	}
}
