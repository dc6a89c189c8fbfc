/* Which trace what happens here belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context/), as the CloudEvents
 * extension for Distributed Tracing or the header `traceparent` brings it, and as calls take it on. Nothing is sampled away:
 * who asks for a trace finds all of it in journal, outbox and logs. */
#ifndef SERVICE_TRACING_H
#define SERVICE_TRACING_H

#include "runtime/operate/traceparent.h"
#include "runtime/store/journal.h"

/* The one its sender has named; else one that begins with it, whose id is the entry's own. An entry without an id of its own
 * (the activation of packs) has none: `trace_id` is empty. */
void entry_trace(const struct entry *entry, struct traceparent *trace_out);
/* What a call of its turn tells the other side: the same trace, and as its span the call, which is the same in every attempt.
 */
struct text call_traceparent(struct arena *arena, const struct entry *entry, struct record_id call);

#endif
