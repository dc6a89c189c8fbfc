/* The `traceparent` header, read and written. Must never take over what the specification forbids: an id of zeros joins
 * strangers' traces. Ids come from the system's random source, they decide nothing. */
#include <stdio.h>
#include <sys/random.h>

#include "engine/base/check.h"
#include "runtime/operate/traceparent.h"

static bool take_hex(struct text text, uint32_t at, uint32_t length, char *hex_out);
static bool is_zero(const char *hex);
static void random_hex(char *hex_out, uint32_t length);

enum status traceparent_parse(struct text text, struct traceparent *trace_out)
{
	char version[3], flags[3];
	struct traceparent trace = {0};

	*trace_out = trace;
	if (text.length < TRACEPARENT_TEXT || text.bytes[2] != '-' || text.bytes[35] != '-' || text.bytes[52] != '-' ||
	    !take_hex(text, 0, 2, version) || !take_hex(text, 3, TRACE_ID_TEXT, trace.trace_id) ||
	    !take_hex(text, 36, SPAN_ID_TEXT, trace.span_id) || !take_hex(text, 53, 2, flags))
		return INVALID;
	bool later = strcmp(version, "00") != 0;
	if (!strcmp(version, "ff") || (text.length > TRACEPARENT_TEXT && (!later || text.bytes[TRACEPARENT_TEXT] != '-')))
		return INVALID;
	if (is_zero(trace.trace_id) || is_zero(trace.span_id))
		return INVALID;
	int low = flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10;
	trace.sampled = low & 1;
	*trace_out = trace;
	return OK;
}

void traceparent_new(struct traceparent *trace_out)
{
	random_hex(trace_out->trace_id, TRACE_ID_TEXT);
	random_hex(trace_out->span_id, SPAN_ID_TEXT);
	trace_out->sampled = true;
}

void traceparent_child(const struct traceparent *parent, struct traceparent *child_out)
{
	*child_out = *parent;
	random_hex(child_out->span_id, SPAN_ID_TEXT);
}

uint32_t traceparent_write(const struct traceparent *trace, char *buffer)
{
	return (uint32_t)snprintf(buffer, TRACEPARENT_TEXT + 1, "00-%s-%s-%s", trace->trace_id, trace->span_id,
				  trace->sampled ? "01" : "00");
}

static bool take_hex(struct text text, uint32_t at, uint32_t length, char *hex_out)
{
	for (uint32_t i = 0; i < length; i++) {
		char byte = text.bytes[at + i];
		if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
			return false;
		hex_out[i] = byte;
	}
	hex_out[length] = 0;
	return true;
}

static bool is_zero(const char *hex)
{
	return hex[strspn(hex, "0")] == 0;
}

static void random_hex(char *hex_out, uint32_t length)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[TRACE_ID_TEXT / 2];

	do {
		CHECK(getrandom(bytes, length / 2, 0) == (ssize_t)(length / 2));
		for (uint32_t i = 0; i < length; i++)
			hex_out[i] = digits[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
		hex_out[length] = 0;
	} while (is_zero(hex_out));
}
