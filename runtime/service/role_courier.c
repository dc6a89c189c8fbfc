/* The courier: carries out what turns have put into the outbox, and brings each answer back as a turn.
 *
 *	DUE → SENT      leased, and committed before a byte leaves
 *	SENT → ANSWERED or FAILED, with the answer's turn in the same transaction
 *	SENT → DUE      later again: it surely did not arrive, or may be sent twice
 *	SENT → HELD     nobody knows whether it arrived, and it must not arrive twice
 *
 * A courier that dies leaves SENT behind; when the lease is over, another takes it up and decides in the same way. */
#include <stdlib.h>
#include <string.h>

#include "connectors/transport.h"
#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/service.h"

enum {
	OUT_MOST = 64,     /* calls that are out at once */
	CALL_SECONDS = 30, /* until a call that brings no answer is given up */
	LEASE_SECONDS = 9, /* without a renewal for that long, who was at it is at it no more */
	RENEW_SECONDS = 3,
	ATTEMPTS_MOST = 8,
	BACKOFF_FIRST = 2, /* seconds, doubling */
	BACKOFF_LAST = 900,
	ANSWER_MOST = 10 << 20,
	FAREWELL = 8000, /* milliseconds that answers are waited for when the service ends */
};

struct courier {
	struct transport *transport;
	struct alarm *wake, *renew;
	struct arena arena; /* one look into the outbox */
	struct out {
		struct member *member; /* NULL: free */
		struct arena arena;
		struct call call;
		int64_t begun; /* metric_clock */
		bool is_done;  /* the answer is here, and not in the store yet */
		struct transport_answer answer;
	} out[OUT_MOST];
	uint32_t out_count;
};

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

/* --- what becomes of a call */
static bool may_be_sent_twice(const struct member *member, const struct call *call)
{
	const struct loaded *loaded;
	struct error error;

	if (programs_of(member->programs, call->tenant, &loaded, &error) != OK)
		return false; /* nobody can say */
	for (uint32_t i = 0; i < loaded->program->action_count; i++) {
		const struct action *action = &loaded->program->actions[i];
		if (text_equal(action->name, call->action))
			return action->repeatable != REPEATABLE_NEVER;
	}
	return true; /* a notification: once too often is better than never */
}

static moment later(const struct call *call, moment now, int64_t asked_for)
{
	int64_t wait = BACKOFF_FIRST << (call->attempts < 10 ? call->attempts : 10);

	if (wait > BACKOFF_LAST)
		wait = BACKOFF_LAST;
	/* up to a quarter more, by the call: those that failed together do not come back together */
	wait += (int64_t)(call->id.low % (uint64_t)(wait / 4 + 1));
	return now + (asked_for > wait ? asked_for : wait);
}

/* The answer as engine_answer's entry wants it. `value` is JSON. */
static struct text answer_text(struct arena *arena, bool ok, struct text value, const char *sentence)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("ok"));
	json_write_bool(&writer, ok);
	if (ok && value.length) {
		json_write_name(&writer, TEXT("value"));
		builder_add(&text, value);
	}
	if (!ok) {
		json_write_name(&writer, TEXT("sentence"));
		json_write_text(&writer, text_from(sentence));
		json_write_name(&writer, TEXT("final"));
		json_write_bool(&writer, true); /* all that could be tried here was tried */
	}
	json_close_object(&writer);
	return builder_text(&text);
}

static enum status call_settle(void *context, struct store *store, struct error *error)
{
	const struct call *call = context;

	return call_change(store, call, CALL_SENT, call->attempts, error);
}

/* The answer's turn and the call's new state commit together, so an answer counts once. */
static enum status answered(struct member *member, struct call *call, struct text answer, struct error *error)
{
	struct entry entry = {.tenant = call->tenant,
			      .origin = ENTRY_ANSWER,
			      .id = call->id,
			      .source = call->connector,
			      .type = call->action,
			      .content = answer,
			      .received_at = member_now()};
	struct turned turned;

	call->answer = answer;
	enum status status = turns_run_with(member->turns, &entry, 1, member_now(), call_settle, call, &turned, error);
	if (status == OK && turned.timers)
		bell_ring(member->service, ROLE_CLOCK);
	if (status == OK && turned.calls)
		member_come_again(member, 0);
	return status;
}

static enum status put_back(struct member *member, struct call *call, struct error *error)
{
	enum status status = store_begin(member->store, error);

	if (status != OK)
		return status;
	status = call_change(member->store, call, CALL_SENT, call->attempts, error);
	if (status == OK)
		status = store_commit(member->store, error);
	else
		store_rollback(member->store);
	if (status == OK && call->state == CALL_DUE)
		member_come_again(member, (call->due_at - member_now()) * 1000);
	return status;
}

static enum status given_up(struct member *member, struct arena *arena, struct call *call, const char *sentence,
			    struct error *error)
{
	call->state = CALL_FAILED;
	call->sentence = text_copy(arena, text_from(sentence));
	return answered(member, call, answer_text(arena, false, TEXT(""), sentence), error);
}

/* `arrived`: it may have. */
static enum status tried_in_vain(struct member *member, struct arena *arena, struct call *call, bool arrived,
				 const char *sentence, int64_t asked_for, struct error *error)
{
	call->sentence = text_copy(arena, text_from(sentence));
	if (arrived && !may_be_sent_twice(member, call)) {
		call->state = CALL_HELD;
	} else if (call->attempts >= ATTEMPTS_MOST) {
		return given_up(member, arena, call, sentence, error);
	} else {
		call->state = CALL_DUE;
		call->due_at = later(call, member_now(), asked_for);
	}
	return put_back(member, call, error);
}

static enum status outcome_take(struct member *member, struct arena *arena, struct call *call,
				const struct transport_answer *answer, struct error *error)
{
	bool again = answer->status == 429 || answer->status >= 500;

	if (answer->outcome != TRANSPORT_ANSWERED)
		return tried_in_vain(member, arena, call, answer->outcome == TRANSPORT_UNKNOWN, answer->sentence, -1, error);
	if (answer->status >= 200 && answer->status < 300) {
		const struct json *json;
		if (answer->body.length && json_parse(arena, answer->body, &json, error) != OK)
			return given_up(member, arena, call,
					arena_format(arena, "%.*s was carried out, but its answer can not be read: %s",
						     TEXT_ARGS(call->action), error->sentence),
					error);
		call->state = CALL_ANSWERED;
		return answered(member, call, answer_text(arena, true, answer->body, NULL), error);
	}
	const char *sentence = arena_format(arena, "%.*s answered with HTTP %u", TEXT_ARGS(call->action), answer->status);
	if (again) /* refused before it was carried out: 429 and 503 say so; other 5xx may have happened after it */
		return tried_in_vain(member, arena, call, answer->status != 429 && answer->status != 503, sentence,
				     answer->retry_after, error);
	return given_up(member, arena, call, sentence, error);
}

static void outcome_tell(const struct call *call)
{
	static const enum metric metrics[CALL_STATE_COUNT] = {[CALL_ANSWERED] = METRIC_CALLS_ANSWERED,
							      [CALL_FAILED] = METRIC_CALLS_FAILED,
							      [CALL_DUE] = METRIC_CALLS_AGAIN,
							      [CALL_HELD] = METRIC_CALLS_HELD};

	metric_add(metrics[call->state], 1);
	if (call->state == CALL_HELD)
		log_line(LOG_WARNING, "a call to %.*s is held for a person: %.*s; nobody knows whether it arrived",
			 TEXT_ARGS(call->action), TEXT_ARGS(call->sentence));
}

static void out_end(struct out *out)
{
	struct courier *courier = out->member->own;

	arena_release(&out->arena);
	out->member = NULL;
	courier->out_count--;
}

/* What can not be written now is kept and tried again: an answer is not to be had twice. */
static void out_settle(struct out *out)
{
	struct member *member = out->member;
	struct error error;
	enum status status = outcome_take(member, &out->arena, &out->call, &out->answer, &error);

	member_weather(member, status == CONFLICT ? OK : status, &error); /* CONFLICT: another has ended it */
	if (status == RETRY) {
		out->call.state = CALL_SENT;
		return;
	}
	if (status == OK)
		outcome_tell(&out->call);
	out_end(out);
	member_come_again(member, 0);
}

static void on_done(void *context, const struct transport_answer *answer)
{
	struct out *out = context;

	metric_observe(METRIC_CALL_TIME, metric_clock() - out->begun);
	out->answer = *answer;
	out->answer.body = text_copy(&out->arena, answer->body);
	out->answer.sentence = arena_string(&out->arena, answer->sentence, strlen(answer->sentence));
	out->is_done = true;
	out_settle(out);
}

/* --- sending */
static struct text request_text(struct arena *arena, const struct call *call)
{
	struct text_builder text = {.arena = arena};
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
	json_write_name(&writer, TEXT("arguments"));
	builder_add(&text, call->arguments);
	builder_add_char(&text, '}');
	return builder_text(&text);
}

static enum status send_out(struct member *member, struct out *out, struct error *error)
{
	struct courier *courier = member->own;
	const char *bridge = member->service->settings.bridge;
	char id[RECORD_ID_TEXT + 1];

	record_id_write(out->call.id, id);
	const char *const headers[] = {"Content-Type: application/json",
				       arena_format(&out->arena, "Idempotency-Key: \"%s\"", id)};
	struct transport_call call = {.method = "POST",
				      .url = bridge,
				      .headers = headers,
				      .header_count = 2,
				      .body = request_text(&out->arena, &out->call),
				      .milliseconds = CALL_SECONDS * 1000,
				      .answer_most = ANSWER_MOST,
				      .once = !may_be_sent_twice(member, &out->call)};
	return transport_send(courier->transport, &call, on_done, out, error);
}

/* Says of everything that is out that somebody still is at it. */
static void on_renew(void *context)
{
	struct member *member = context;
	struct courier *courier = member->own;
	struct error error;
	moment until = member_now() + LEASE_SECONDS;

	if (!courier->out_count)
		return;
	alarm_set(courier->renew, loop_now() + RENEW_SECONDS * 1000);
	enum status status = store_begin(member->store, &error);
	if (status != OK) {
		member_weather(member, status, &error);
		return;
	}
	for (uint32_t i = 0; status == OK && i < OUT_MOST; i++) {
		struct call *call = &courier->out[i].call;
		if (!courier->out[i].member)
			continue;
		call->due_at = until;
		status = call_change(member->store, call, CALL_SENT, call->attempts, &error);
		if (status == CONFLICT) /* too late: another took it up, and its answer will be a double */
			status = OK;
	}
	if (status == OK)
		status = store_commit(member->store, &error);
	else
		store_rollback(member->store);
	member_weather(member, status, &error);
}

static struct call call_copy(struct arena *arena, const struct call *call)
{
	struct call copy = *call;

	copy.connector = text_copy(arena, call->connector);
	copy.action = text_copy(arena, call->action);
	copy.arguments = text_copy(arena, call->arguments);
	copy.sentence = text_copy(arena, call->sentence);
	copy.answer = text_copy(arena, call->answer);
	return copy;
}

/* Nobody else is at it from here on, even if this process dies now. */
static enum status lease(struct member *member, struct call *call, moment now, struct error *error)
{
	enum call_state from = call->state;
	uint32_t attempts_from = call->attempts;
	enum status status = store_begin(member->store, error);

	if (status != OK)
		return status;
	call->state = CALL_SENT;
	call->attempts++;
	call->due_at = now + LEASE_SECONDS;
	status = call_change(member->store, call, from, attempts_from, error);
	if (status == OK)
		return store_commit(member->store, error);
	store_rollback(member->store);
	return status;
}

static enum status take_up(struct member *member, struct call *call, struct error *error)
{
	struct courier *courier = member->own;
	bool was_out = call->state == CALL_SENT;
	moment now = member_now();
	uint32_t free = 0;

	while (courier->out[free].member)
		free++;
	enum status status = lease(member, call, now, error);
	if (status != OK)
		return status == CONFLICT ? OK : status; /* another courier has it */
	struct out *out = &courier->out[free];
	*out = (struct out){.member = member, .begun = metric_clock()};
	arena_init(&out->arena, "a call", 0);
	out->call = call_copy(&out->arena, call);
	courier->out_count++;
	alarm_set_earlier(courier->renew, loop_now() + RENEW_SECONDS * 1000);
	status = OK;
	if (was_out && !may_be_sent_twice(member, &out->call))
		status = tried_in_vain(member, &out->arena, &out->call, true,
				       "the courier that sent it has ended before its answer", -1, error);
	else if (send_out(member, out, error) == OK)
		return OK;
	else
		status = given_up(member, &out->arena, &out->call,
				  arena_string(&out->arena, error->sentence, strlen(error->sentence)), error);
	if (status == OK)
		outcome_tell(&out->call);
	out_end(out);
	return status;
}

static void done_settle(struct courier *courier)
{
	for (uint32_t i = 0; i < OUT_MOST; i++)
		if (courier->out[i].member && courier->out[i].is_done)
			out_settle(&courier->out[i]);
}

/* Its lease is over when the store was away; it is ours all the same. */
static bool is_out(const struct courier *courier, struct record_id id)
{
	for (uint32_t i = 0; i < OUT_MOST; i++)
		if (courier->out[i].member && id_equal(courier->out[i].call.id, id))
			return true;
	return false;
}

static void courier_work(struct member *member)
{
	struct courier *courier = member->own;
	call_list calls;
	struct error error;
	moment next, now = member_now();

	done_settle(courier);
	if (!*member->service->settings.bridge || courier->out_count == OUT_MOST || loop_is_stopping(member->loop))
		return; /* without a way out calls wait; when one comes back there is room again */
	arena_reset(&courier->arena);
	enum status status = calls_due(member->store, &courier->arena, now, OUT_MOST - courier->out_count, &calls, &error);
	for (uint32_t i = 0; status == OK && i < calls.count; i++)
		if (is_out(courier, calls.items[i].id))
			alarm_set_earlier(courier->renew, loop_now());
		else
			status = take_up(member, &calls.items[i], &error);
	if (status == OK && (status = calls_next(member->store, &next, &error)) == OK)
		member_come_again(member, next > now ? (next - now) * 1000 : 0);
	member_weather(member, status == NOT_FOUND ? OK : status, &error);
}

static enum status courier_start(struct member *member, struct error *error)
{
	struct courier *courier = calloc(1, sizeof *courier);

	CHECK(courier);
	member->own = courier;
	arena_init(&courier->arena, "the outbox", 0);
	courier->wake = loop_alarm(member->loop, on_wake, member);
	courier->renew = loop_alarm(member->loop, on_renew, member);
	struct transport_host host = {.context = member, .watch = socket_watch, .wake = wake_set};
	return transport_open(&host, &courier->transport, error);
}

/* A call that is out when the service ends has its answer taken: else a person would have to ask whether it arrived. */
static void answers_await(struct member *member)
{
	struct courier *courier = member->own;
	int64_t until = loop_now() + FAREWELL;
	struct error error;

	while (courier->out_count && loop_now() < until)
		if (loop_turn(member->loop, (int)(until - loop_now()), &error) != OK)
			return;
}

static void courier_end(struct member *member)
{
	struct courier *courier = member->own;

	if (!courier)
		return;
	answers_await(member);
	transport_close(courier->transport);
	for (uint32_t i = 0; i < OUT_MOST; i++)
		if (courier->out[i].member)
			arena_release(&courier->out[i].arena);
	arena_release(&courier->arena);
	free(courier);
}

const struct role_duty COURIER_DUTY = {.start = courier_start, .work = courier_work, .end = courier_end};
