/* Sends calls out: to where their connector is (courier_http.c), or all of them through a bridge, when there is one.
 *
 *	POST {"connector":…,"action":…,"id":…,"arguments":{…}}              2xx and JSON: the answer
 *	POST the same with "ask":true, of an action that is `ask_first`     {"arrived":true,"value":…} or {"arrived":false}
 */
#include <stdlib.h>

#include "engine/base/json.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/operate/traceparent.h"
#include "runtime/service/courier.h"

/* --- the loop's part of the transport */
static void on_socket(void *context, int fd, unsigned ready)
{
	struct member *member = context;
	struct courier *courier = member->own;

	transport_ready(courier->transport, fd, ready); /* the bits are the same */
}

static void socket_watch(void *context, int fd, unsigned wanted, void **place)
{
	struct member *member = context;
	struct watch *watch = *place;
	struct error error;

	_Static_assert((int)LOOP_READ == (int)TRANSPORT_READ && (int)LOOP_WRITE == (int)TRANSPORT_WRITE, "one set of bits");
	if (!wanted) {
		watch_remove(watch);
		*place = NULL;
	} else if (watch) {
		watch_change(watch, wanted);
	} else {
		if (loop_watch(member->loop, fd, wanted, on_socket, member, &watch, &error) != OK)
			log_line(LOG_ERROR, "%s", error.sentence);
		*place = watch;
	}
}

static void on_wake(void *context)
{
	struct member *member = context;
	struct courier *courier = member->own;

	transport_ready(courier->transport, -1, 0);
}

static void wake_set(void *context, int64_t milliseconds)
{
	struct member *member = context;
	struct courier *courier = member->own;

	if (milliseconds < 0)
		alarm_clear(courier->wake);
	else
		alarm_set(courier->wake, loop_now() + milliseconds);
}

enum status sending_open(struct member *member, struct error *error)
{
	struct courier *courier = member->own;
	struct transport_host host = {.context = member, .watch = socket_watch, .wake = wake_set};
	struct text open = text_from(member->service->settings.private_networks);

	courier->wake = loop_alarm(member->loop, on_wake, member);
	enum status status = networks_read(&courier->kept, open, &courier->open_networks, error);
	if (*member->service->settings.authorities)
		host.authorities = member->service->settings.authorities;
	if (!has_bridge(member)) /* the bridge is where the operator has put it; where connectors are, their packs say */
		host.open_networks = &courier->open_networks;
	return status == OK ? transport_open(&host, &courier->transport, error) : status;
}

/* --- what its packs say of a call */
const struct action *call_action(const struct member *member, const struct call *call)
{
	const struct loaded *loaded;
	struct error error;
	bool known = programs_of(member->programs, call->tenant, &loaded, &error) == OK;

	for (uint32_t i = 0; known && i < loaded->program->action_count; i++)
		if (text_equal(loaded->program->actions[i].name, call->action))
			return &loaded->program->actions[i];
	return NULL;
}

void call_log(const struct member *member, const struct call *call)
{
	struct traceparent trace;
	bool traced = call && traceparent_parse(call->traceparent, &trace) == OK;

	log_about(call ? programs_name(member->programs, call->tenant) : TEXT(""),
		  traced ? text_from(trace.trace_id) : TEXT(""));
}

struct pace call_pace(const struct member *member, int64_t tenant, struct text connector)
{
	const struct loaded *loaded;
	struct error error;

	if (programs_of(member->programs, tenant, &loaded, &error) != OK)
		return (struct pace){0};
	for (uint32_t i = 0; i < loaded->program->action_count; i++) {
		const struct connector *known = loaded->program->actions[i].connector;
		if (text_equal(known->name, connector))
			return (struct pace){known->limit_count, known->limit_seconds};
	}
	return (struct pace){0};
}

/* --- sending */
static struct text request_text(struct out *out)
{
	const struct call *call = &out->call;
	struct text_builder text = {.arena = &out->arena};
	struct json_writer writer = {.text = &text};
	char id[RECORD_ID_TEXT + 1];

	record_id_write(call->id, id);
	json_open_object(&writer);
	json_write_name(&writer, TEXT("connector"));
	json_write_text(&writer, call->connector);
	json_write_name(&writer, TEXT("action"));
	json_write_text(&writer, call->action);
	json_write_name(&writer, TEXT("id"));
	json_write_text(&writer, text_from(id));
	if (out->asks) {
		json_write_name(&writer, TEXT("ask"));
		json_write_bool(&writer, true);
	}
	json_write_name(&writer, TEXT("arguments"));
	builder_add(&text, call->arguments);
	builder_add_char(&text, '}');
	return builder_text(&text);
}

static enum status bridge_send(struct member *member, struct out *out, struct error *error)
{
	struct courier *courier = member->own;
	enum repeatable repeatable = out->call.repeatable;
	const struct action *action = call_action(member, &out->call);
	int64_t seconds = action && action->connector->timeout ? action->connector->timeout : CALL_SECONDS;
	char id[RECORD_ID_TEXT + 1];

	record_id_write(out->call.id, id);
	const char *const headers[] = {"Content-Type: application/json",
				       arena_format(&out->arena, "Idempotency-Key: \"%s\"", id),
				       arena_format(&out->arena, "traceparent: %.*s", TEXT_ARGS(out->call.traceparent))};
	struct transport_call call = {.method = "POST",
				      .url = member->service->settings.bridge,
				      .headers = headers,
				      .header_count = 3,
				      .body = request_text(out),
				      .milliseconds = seconds * 1000,
				      .answer_most = ANSWER_MOST,
				      .once = !out->asks && repeatable != REPEATABLE_YES &&
					      repeatable != REPEATABLE_ACCEPTS_KEY};
	return transport_send(courier->transport, &call, on_done, out, error);
}

enum status call_send(struct member *member, struct out *out, struct error *error)
{
	enum status status = (has_bridge(member) ? bridge_send : http_send)(member, out, error);

	if (status != OK)
		return status;
	out->is_done = false;
	out->begun = metric_clock();
	return OK;
}
