/* Makes no ids by chance: a turn that runs again tells the same. */
#include "runtime/service/tracing.h"

#include <inttypes.h>
#include <stdio.h>

static bool id_is_set(struct record_id id)
{
	return id.high || id.low;
}

static void trace_of_id(struct record_id id, struct traceparent *trace)
{
	*trace = (struct traceparent){.sampled = true};
	if (!id_is_set(id))
		return;
	snprintf(trace->trace_id, sizeof trace->trace_id, "%016" PRIx64 "%016" PRIx64, id.high, id.low);
	snprintf(trace->span_id, sizeof trace->span_id, "%016" PRIx64, id.low ? id.low : 1);
}

void entry_trace(const struct entry *entry, struct traceparent *trace_out)
{
	if (!entry->traceparent.length || traceparent_parse(entry->traceparent, trace_out) != OK)
		trace_of_id(entry->id, trace_out);
}

struct text call_traceparent(struct arena *arena, const struct entry *entry, struct record_id call)
{
	struct traceparent trace, span;
	char text[TRACEPARENT_TEXT + 1];

	trace_of_id(call, &span);
	entry_trace(entry, &trace);
	if (!*trace.trace_id)
		trace = span;
	memcpy(trace.span_id, span.span_id, sizeof trace.span_id);
	return text_copy(arena, (struct text){text, traceparent_write(&trace, text)});
}
