/* Standard functions over texts. Lengths are in characters; what grows is bounded before it is made. */
#include "engine/base/json.h"
#include "engine/base/letters.h"
#include "engine/base/pattern.h"
#include "engine/builtins.h"

static enum status answer_text(const struct call *call, struct text text)
{
	return call_answer(call, value_text(text));
}

static enum status too_long(const struct call *call)
{
	return error_set(call->context->error, LIMIT, "the text would have more than %d bytes", LIMIT_TEXT_BYTES);
}

/* A document's text is its content, not its JSON. */
enum status builtin_TEXT_OF(const struct call *call)
{
	struct value value = call->arguments[0];
	if (value.kind == VALUE_TEXT)
		return call_answer(call, value);
	if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_NULL)
		return OK;
	if (value.kind == VALUE_DATA && json_kind(value.json) == JSON_TEXT)
		return answer_text(call, json_text(value.json));
	return answer_text(call, value_show(call->context->arena, value, call_zone(call)));
}

enum status builtin_LOWER(const struct call *call)
{
	return answer_text(call, text_lower(call->context->arena, call_text(call, 0)));
}

enum status builtin_UPPER(const struct call *call)
{
	return answer_text(call, text_upper(call->context->arena, call_text(call, 0)));
}

enum status builtin_TRIM(const struct call *call)
{
	return answer_text(call, text_trim(call_text(call, 0)));
}

enum status builtin_LENGTH(const struct call *call)
{
	return call_answer(call, value_int(text_characters(call_text(call, 0))));
}

enum status builtin_REPLACE(const struct call *call)
{
	struct text text = call_text(call, 0), what = call_text(call, 1), with = call_text(call, 2);
	struct text_builder builder = {.arena = call->context->arena};
	int64_t found;
	if (!what.length || text_find(text, what) < 0)
		return call_answer(call, call->arguments[0]);
	while ((found = text_find(text, what)) >= 0) {
		builder_add(&builder, text_slice(text, 0, (uint32_t)found));
		builder_add(&builder, with);
		text = text_slice(text, (uint32_t)found + what.length, text.length);
		if (builder.length > LIMIT_TEXT_BYTES)
			return too_long(call);
	}
	builder_add(&builder, text);
	return answer_text(call, builder_text(&builder));
}

enum status builtin_REPLACE_PATTERN(const struct call *call)
{
	struct text replaced;
	enum status status = pattern_replace(call->context->arena, call_text(call, 1), call_text(call, 0), call_text(call, 2),
					     &replaced, call->context->error);
	if (status != OK)
		return status;
	return replaced.length > LIMIT_TEXT_BYTES ? too_long(call) : answer_text(call, replaced);
}

enum status builtin_EXTRACT(const struct call *call)
{
	struct text found;
	enum status status =
		pattern_extract(call->context->arena, call_text(call, 1), call_text(call, 0), &found, call->context->error);
	if (status == NOT_FOUND)
		return OK;
	return status == OK ? answer_text(call, found) : status;
}

enum status builtin_SPLIT(const struct call *call)
{
	struct text rest = call_text(call, 0), separator = call_text(call, 1);
	LIST(struct value) parts = {0};
	while (rest.length) {
		int64_t found = separator.length ? text_find(rest, separator) : -1;
		uint32_t end = found < 0 ? rest.length : (uint32_t)found;
		struct text part = text_trim(text_slice(rest, 0, end));
		if (part.length)
			*list_add(call->context->arena, &parts) = value_text(part);
		if (parts.count > LIMIT_LIST_ITEMS)
			return error_set(call->context->error, LIMIT, "there are more than %d parts", LIMIT_LIST_ITEMS);
		rest = found < 0 ? (struct text){0} : text_slice(rest, end + separator.length, rest.length);
	}
	return call_answer(call, (struct value){.kind = VALUE_LIST, .count = parts.count, .items = parts.items});
}

enum status builtin_JOIN_LIST(const struct call *call)
{
	struct value parts = call->arguments[0];
	struct text_builder builder = {.arena = call->context->arena};
	bool first = true;
	for (uint32_t i = 0; i < parts.count; i++) {
		if (parts.items[i].kind == VALUE_MISSING)
			continue;
		if (!first)
			builder_add(&builder, call_text(call, 1));
		first = false;
		value_write(&builder, parts.items[i], call_zone(call));
		if (builder.length > LIMIT_TEXT_BYTES)
			return too_long(call);
	}
	return answer_text(call, builder_text(&builder));
}

enum status builtin_PAD(const struct call *call)
{
	struct text text = call_text(call, 0), fill = call_text(call, 2);
	int64_t missing = call->arguments[1].integer - text_characters(text);
	struct text_builder builder = {.arena = call->context->arena};
	uint32_t each = text_characters(fill);
	if (missing <= 0 || !each)
		return call_answer(call, call->arguments[0]);
	if (missing > LIMIT_TEXT_BYTES / 4)
		return too_long(call);
	for (; missing >= each; missing -= each)
		builder_add(&builder, fill);
	uint32_t bytes = 0;
	for (; missing; missing--) /* the rest of a fill that is longer than a character */
		do
			bytes++;
		while (bytes < fill.length && ((unsigned char)fill.bytes[bytes] & 0xc0) == 0x80);
	builder_add(&builder, text_slice(fill, 0, bytes));
	builder_add(&builder, text);
	return answer_text(call, builder_text(&builder));
}

enum status builtin_HASH(const struct call *call)
{
	uint64_t hash = 0x9e3779b97f4a7c15u;
	for (uint32_t i = 0; i < call->count; i++) {
		uint64_t both[2] = {hash, value_hash(call->arguments[i])};
		hash = record_id_derive(0, both, sizeof(both)).low;
	}
	return answer_text(call, text_format(call->context->arena, "%016llx", (unsigned long long)hash));
}
