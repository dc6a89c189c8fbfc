/* Any bytes as what a sender posts or publishes: the first says in which mode. What must hold: a refusal is a sentence; what
 * was read can be written, in either mode, and that reads as the same event. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/bus/cloudevent.h"

enum { MEMORY = 64 << 20, HEADERS_MOST = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct headers {
	struct {
		struct text name, value;
	} list[HEADERS_MOST];
	uint32_t count;
};

static struct text header_find(void *context, const char *name)
{
	const struct headers *headers = context;

	for (uint32_t i = 0; i < headers->count; i++)
		if (text_is(headers->list[i].name, name))
			return headers->list[i].value;
	return TEXT("");
}

static void header_add(void *context, const char *name, struct text value)
{
	struct headers *headers = context;

	CHECK(headers->count < HEADERS_MOST);
	headers->list[headers->count].name = text_from(name);
	headers->list[headers->count++].value = value;
}

static struct text line_take(struct text *rest)
{
	const char *end = rest->length ? memchr(rest->bytes, '\n', rest->length) : NULL;
	uint32_t length = end ? (uint32_t)(end - rest->bytes) : rest->length;
	struct text line = text_slice(*rest, 0, length);

	*rest = text_slice(*rest, end ? length + 1 : length, rest->length);
	return line;
}

/* `name: value` a line, an empty line, the body. */
static enum status binary_read(struct arena *arena, struct text input, struct cloud_event *event, struct error *error)
{
	struct headers headers = {.count = 0};
	struct text line, type = TEXT("");

	while ((line = line_take(&input)).length) {
		int64_t colon = text_find(line, TEXT(": "));
		if (colon < 0 || headers.count == HEADERS_MOST)
			continue;
		struct text name = text_slice(line, 0, (uint32_t)colon);
		struct text value = text_slice(line, (uint32_t)colon + 2, line.length);
		if (text_is(name, "content-type"))
			type = value;
		headers.list[headers.count].name = name;
		headers.list[headers.count++].value = value;
	}
	return cloud_event_read_binary(arena, header_find, &headers, type, input, event, error);
}

static void check_same(const struct cloud_event *event, const struct cloud_event *again, bool with_data)
{
	CHECK(text_equal(event->id, again->id) && text_equal(event->source, again->source));
	CHECK(text_equal(event->type, again->type) && text_equal(event->subject, again->subject));
	CHECK(text_equal(event->tenant, again->tenant) && text_equal(event->traceparent, again->traceparent));
	CHECK(event->has_time == again->has_time && (!event->has_time || event->time == again->time));
	CHECK(!with_data || text_equal(event->data, again->data));
}

static void write_and_read(struct arena *arena, const struct cloud_event *event)
{
	struct headers headers = {.count = 0};
	struct cloud_event again;
	struct error error;
	char time[MOMENT_TEXT];

	cloud_event_attributes(event, time, header_add, &headers);
	CHECK(cloud_event_read_binary(arena, header_find, &headers, TEXT("application/json"), event->data, &again, &error) ==
	      OK);
	check_same(event, &again, true);
	/* as one object the data is written anew: its numbers may look different, and longer than is allowed */
	enum status status = cloud_event_read(arena, cloud_event_write(arena, event), &again, &error);
	CHECK(status == OK || status == LIMIT);
	if (status == OK)
		check_same(event, &again, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct text input = {(const char *)bytes + 1, length ? (uint32_t)length - 1 : 0};
	struct cloud_event event = {0};
	cloud_event_list events = {0};
	struct error error = {0};
	enum status status;
	struct arena arena;
	jmp_buf jump;

	if (!length)
		return 0;
	arena_init(&arena, "an envelope", MEMORY);
	if (!arena_guard(&arena, jump)) {
		if (bytes[0] == 'B')
			status = binary_read(&arena, input, &event, &error);
		else if (bytes[0] == '[')
			status = cloud_events_read(&arena, (struct text){(const char *)bytes, (uint32_t)length}, &events,
						   &error);
		else
			status = cloud_event_read(&arena, (struct text){(const char *)bytes, (uint32_t)length}, &event, &error);
		CHECK(status == OK || error.sentence[0]);
		if (status == OK && bytes[0] != '[')
			write_and_read(&arena, &event);
		for (uint32_t i = 0; status == OK && i < events.count; i++)
			write_and_read(&arena, &events.items[i]);
	}
	arena_release(&arena);
	return 0;
}
