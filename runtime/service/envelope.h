/* From a CloudEvent to an entry of the journal: the same for what is posted and what a broker delivers. */
#ifndef SERVICE_ENVELOPE_H
#define SERVICE_ENVELOPE_H

#include "runtime/bus/cloudevent.h"
#include "runtime/service/programs.h"
#include "runtime/store/journal.h"

/* The type of an event that carries a document as a connector received it: its data is {"connector", "receive", "headers",
 * "body"}, like a line of a recording. */
#define RECEIVED_TYPE "stellwerk.received"

/* NOT_FOUND: there is no such tenant; the entry is TENANT_NOBODY's. DENIED: the tenant is suspended. INVALID: a document
 * without a connector or body. Texts live in `arena` or are the event's. */
enum status entry_from_event(struct arena *arena, const struct programs *programs, const struct cloud_event *event,
			     struct entry *entry_out, struct error *error) MUST_CHECK;
/* Whether the tenant's packs can take it: what can never be handled is refused while its sender listens. */
enum status entry_check(struct arena *arena, const struct program *program, const struct entry *entry,
			struct error *error) MUST_CHECK;

#endif
