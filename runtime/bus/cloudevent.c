/* Reads and writes the envelope. Must never look into `data` beyond that it is JSON. */
#include "runtime/bus/cloudevent.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The attributes that are texts, by name. */
static const struct attribute {
	const char *name;
	size_t place;
	bool required;
} ATTRIBUTES[] = {
	{"id", offsetof(struct cloud_event, id), true},
	{"source", offsetof(struct cloud_event, source), true},
	{"type", offsetof(struct cloud_event, type), true},
	{"subject", offsetof(struct cloud_event, subject), false},
	{"tenant", offsetof(struct cloud_event, tenant), false},
	{"traceparent", offsetof(struct cloud_event, traceparent), false},
};
enum { ATTRIBUTE_COUNT = sizeof ATTRIBUTES / sizeof *ATTRIBUTES };

static enum status attribute_set(struct cloud_event *event, const struct attribute *attribute, struct text value,
				 struct error *error)
{
	struct text *place = (struct text *)((char *)event + attribute->place);

	if (attribute->required && !value.length)
		return error_set(error, INVALID, "the CloudEvent has no `%s`; id, source, type and specversion must be there",
				 attribute->name);
	if (value.length > CLOUD_ATTRIBUTE_MOST)
		return error_set(error, INVALID, "the CloudEvent's `%s` has %u bytes; %u are the most", attribute->name,
				 value.length, (unsigned)CLOUD_ATTRIBUTE_MOST);
	for (uint32_t i = 0; i < value.length; i++)
		if ((unsigned char)value.bytes[i] < 0x20 || value.bytes[i] == 0x7f)
			return error_set(error, INVALID, "the CloudEvent's `%s` has a control character in it",
					 attribute->name);
	if (!text_is_utf8(value))
		return error_set(error, INVALID, "the CloudEvent's `%s` is no UTF-8", attribute->name);
	*place = value;
	return OK;
}

static enum status version_check(struct text version, struct error *error)
{
	if (!version.length)
		return error_set(error, INVALID,
				 "this is no CloudEvent: it has no `specversion`; write \"specversion\": \"1.0\"");
	if (!text_is(version, "1.0"))
		return error_set(error, INVALID, "the `specversion` is \"%.*s\"; this service speaks CloudEvents 1.0",
				 TEXT_ARGS(text_slice(version, 0, version.length > 20 ? 20 : version.length)));
	return OK;
}

static enum status time_set(struct cloud_event *event, struct text time, struct error *error)
{
	if (!time.length)
		return OK;
	event->has_time = true;
	if (moment_parse(time, NULL, &event->time) == OK)
		return OK;
	return error_set(error, INVALID, "the CloudEvent's `time` is \"%.*s\"; write it as 2026-03-27T16:45:00Z (RFC 3339)",
			 TEXT_ARGS(text_slice(time, 0, time.length > 60 ? 60 : time.length)));
}

static enum status data_set(struct cloud_event *event, struct text data, struct error *error)
{
	event->data = data;
	if (data.length <= CLOUD_DATA_MOST)
		return OK;
	return error_set(error, LIMIT, "the CloudEvent's data has %u bytes; %u are the most", data.length,
			 (unsigned)CLOUD_DATA_MOST);
}

/* --- structured */
static enum status member_text(const struct json *object, const char *name, struct text *text_out, struct error *error)
{
	const struct json *member = json_member(object, text_from(name));

	*text_out = TEXT("");
	if (!member || json_kind(member) == JSON_NULL)
		return OK;
	if (json_kind(member) != JSON_TEXT)
		return error_set(error, INVALID, "the CloudEvent's `%s` must be a text", name);
	*text_out = json_text(member);
	return OK;
}

static enum status object_read(struct arena *arena, const struct json *object, struct cloud_event *event, struct error *error)
{
	struct text text;
	enum status status = json_kind(object) == JSON_OBJECT ? OK : error_set(error, INVALID, "a CloudEvent is a JSON object");

	*event = (struct cloud_event){0};
	if (status == OK)
		status = member_text(object, "specversion", &text, error);
	if (status == OK)
		status = version_check(text, error);
	for (uint32_t i = 0; status == OK && i < ATTRIBUTE_COUNT; i++) {
		status = member_text(object, ATTRIBUTES[i].name, &text, error);
		if (status == OK)
			status = attribute_set(event, &ATTRIBUTES[i], text, error);
	}
	if (status == OK)
		status = member_text(object, "time", &text, error);
	if (status == OK)
		status = time_set(event, text, error);
	if (status == OK && json_member(object, TEXT("data_base64")))
		return error_set(error, INVALID, "the CloudEvent has `data_base64`; this service takes `data` as JSON");
	const struct json *data = json_member(object, TEXT("data"));
	if (status != OK || !data)
		return status;
	struct text_builder written = {.arena = arena};
	struct json_writer writer = {.text = &written};
	json_write_document(&writer, data);
	return data_set(event, builder_text(&written), error);
}

enum status cloud_event_read(struct arena *arena, struct text body, struct cloud_event *event_out, struct error *error)
{
	const struct json *json;
	enum status status = json_parse(arena, body, &json, error);

	return status == OK ? object_read(arena, json, event_out, error) : status;
}

enum status cloud_events_read(struct arena *arena, struct text body, cloud_event_list *events_out, struct error *error)
{
	const struct json *json;
	enum status status = json_parse(arena, body, &json, error);

	*events_out = (cloud_event_list){0};
	if (status != OK)
		return status;
	if (json_kind(json) != JSON_LIST)
		return error_set(error, INVALID, "a batch of CloudEvents is a JSON list");
	if (json_count(json) > CLOUD_BATCH_MOST)
		return error_set(error, LIMIT, "the batch has %u CloudEvents; %u are the most of one request", json_count(json),
				 (unsigned)CLOUD_BATCH_MOST);
	for (const struct json *item = json_first(json); item && status == OK; item = json_next(item)) {
		status = object_read(arena, item, list_add(arena, events_out), error);
		if (status != OK)
			error_within(error, "event %u of the batch", events_out->count);
	}
	return status;
}

/* --- binary */
enum status cloud_event_read_binary(struct arena *arena, attribute_fn *attribute, void *context, struct text content_type,
				    struct text body, struct cloud_event *event_out, struct error *error)
{
	const struct json *json;
	enum status status = version_check(attribute(context, "specversion"), error);

	*event_out = (struct cloud_event){0};
	for (uint32_t i = 0; status == OK && i < ATTRIBUTE_COUNT; i++)
		status = attribute_set(event_out, &ATTRIBUTES[i], attribute(context, ATTRIBUTES[i].name), error);
	if (status == OK)
		status = time_set(event_out, attribute(context, "time"), error);
	if (status != OK || !body.length)
		return status;
	if (content_type.length && !text_starts(content_type, TEXT("application/json")) &&
	    text_find(content_type, TEXT("+json")) < 0)
		return error_set(error, INVALID, "the data is %.*s; this service takes application/json",
				 TEXT_ARGS(text_slice(content_type, 0, content_type.length > 60 ? 60 : content_type.length)));
	status = data_set(event_out, body, error);
	return status == OK ? json_parse(arena, body, &json, error) : status;
}

/* --- writing */
void cloud_event_attributes(const struct cloud_event *event, char time[MOMENT_TEXT], attribute_sink *sink, void *context)
{
	sink(context, "specversion", TEXT("1.0"));
	for (uint32_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct text *value = (const struct text *)((const char *)event + ATTRIBUTES[i].place);
		if (value->length)
			sink(context, ATTRIBUTES[i].name, *value);
	}
	if (event->has_time)
		sink(context, "time", (struct text){time, moment_write(event->time, zone_utc(), time)});
}

struct text cloud_event_write(struct arena *arena, const struct cloud_event *event)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};
	char time[MOMENT_TEXT];

	json_open_object(&writer);
	json_write_name(&writer, TEXT("specversion"));
	json_write_text(&writer, TEXT("1.0"));
	for (uint32_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct text *value = (const struct text *)((const char *)event + ATTRIBUTES[i].place);
		if (!value->length)
			continue;
		json_write_name(&writer, text_from(ATTRIBUTES[i].name));
		json_write_text(&writer, *value);
	}
	if (event->has_time) {
		json_write_name(&writer, TEXT("time"));
		json_write_text(&writer, (struct text){time, moment_write(event->time, zone_utc(), time)});
	}
	if (event->data.length) {
		json_write_name(&writer, TEXT("datacontenttype"));
		json_write_text(&writer, TEXT("application/json"));
		json_write_name(&writer, TEXT("data"));
		builder_add(&text, event->data);
	}
	builder_add_char(&text, '}');
	return builder_text(&text);
}
