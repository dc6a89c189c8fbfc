/* What an envelope says becomes what the journal keeps. Must never handle anything: only whether it could be is asked. */
#include "runtime/service/envelope.h"

#include "runtime/operate/traceparent.h"
#include "runtime/service/service.h"
#include "runtime/store/tenant.h"

static enum status document_read(struct arena *arena, const struct cloud_event *event, struct entry *entry, struct error *error)
{
	const struct json *data = NULL;
	enum status status = json_parse(arena, event->data, &data, error);

	if (status != OK)
		return status;
	entry->origin = ENTRY_RECEIVED;
	entry->source = json_member_text(data, "connector");
	entry->type = json_member_text(data, "receive");
	if (!entry->source.length || !json_member(data, TEXT("body")))
		return error_set(error, INVALID, "the data of " RECEIVED_TYPE " has a `connector` and a `body`");
	return OK;
}

/* Nobody's events of one source and id differ by the tenant that they name: each is kept. */
static struct text nobody_source(struct arena *arena, const struct cloud_event *event)
{
	return text_format(arena, "%.*s of nobody's %.*s", TEXT_ARGS(event->source), TEXT_ARGS(event->tenant));
}

enum status entry_from_event(struct arena *arena, const struct programs *programs, const struct cloud_event *event,
			     struct entry *entry_out, struct error *error)
{
	struct traceparent trace;

	/* one that can not be read begins anew, as the specification says */
	*entry_out = (struct entry){.origin = ENTRY_EVENT,
				    .id = journal_event_id(arena, event->source, event->id),
				    .source = event->source,
				    .type = event->type,
				    .subject = event->subject.length ? event->subject : event->source,
				    .content = event->data,
				    .traceparent =
					    traceparent_parse(event->traceparent, &trace) == OK ? event->traceparent : TEXT(""),
				    .received_at = wall_now()};
	enum status status = programs_tenant(programs, event->tenant, &entry_out->tenant, error);
	if (status == NOT_FOUND) {
		entry_out->tenant = TENANT_NOBODY;
		entry_out->id = journal_event_id(arena, nobody_source(arena, event), event->id);
	}
	if (status != OK)
		return status;
	return text_is(event->type, RECEIVED_TYPE) ? document_read(arena, event, entry_out, error) : OK;
}

/* --- can it be handled? */
static enum status document_check(const struct program *program, const struct entry *entry, struct error *error)
{
	return program_receive(program, entry->source, entry->type)
		       ? OK
		       : error_set(
				 error, INVALID, "no connector `%.*s` receives `%.*s`",
				 TEXT_ARGS(text_slice(entry->source, 0, entry->source.length > 60 ? 60 : entry->source.length)),
				 TEXT_ARGS(text_slice(entry->type, 0, entry->type.length > 60 ? 60 : entry->type.length)));
}

enum status entry_check(struct arena *arena, const struct program *program, const struct entry *entry, struct error *error)
{
	const struct event_kind *kind = schema_event(&program->schema, entry->type);
	const struct json *data = NULL;
	struct value *fields;

	if (entry->origin == ENTRY_RECEIVED)
		return document_check(program, entry, error);
	if (!kind || kind->origin != EVENT_DECLARED)
		return error_set(error, INVALID,
				 kind ? "`%.*s` is raised by the system itself and can not come from outside"
				      : "no pack knows an event called `%.*s`",
				 TEXT_ARGS(text_slice(entry->type, 0, entry->type.length > 80 ? 80 : entry->type.length)));
	enum status status = entry->content.length ? json_parse(arena, entry->content, &data, error) : OK;
	if (status == OK && (!data || json_kind(data) != JSON_OBJECT))
		return error_set(error, INVALID, "`data` must be an object with the fields of %.*s", TEXT_ARGS(kind->name));
	return status == OK ? event_from_json(arena, &program->schema, kind, data, &fields, error) : status;
}
