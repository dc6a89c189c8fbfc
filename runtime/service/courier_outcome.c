/* What becomes of a call that was sent: its answer is a turn, it is sent again later, it has failed, or a person must look.
 * Must never send: it only says that it is due. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/courier.h"
#include "runtime/store/deaths.h"

enum {
	ATTEMPTS_MOST = 8,
	BACKOFF_FIRST = 2, /* seconds, doubling */
	BACKOFF_LAST = 900,
};

/* --- what becomes of a call */
static moment later(const struct call *call, moment now, int64_t asked_for)
{
	int64_t wait = BACKOFF_FIRST << (call->attempts < 10 ? call->attempts : 10);

	if (wait > BACKOFF_LAST)
		wait = BACKOFF_LAST;
	/* up to a quarter more, by the call: those that failed together do not come back together */
	wait += (int64_t)(call->id.low % (uint64_t)(wait / 4 + 1));
	return now + (asked_for > wait ? asked_for : wait);
}

/* The answer as engine_answer's entry wants it. `value` is JSON: the result, or the other side's own words (`is_reply`). */
static struct text answer_text(struct arena *arena, bool ok, bool is_reply, struct text value, const char *sentence)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("ok"));
	json_write_bool(&writer, ok);
	if (ok && value.length) {
		json_write_name(&writer, is_reply ? TEXT("reply") : TEXT("value"));
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
			      .traceparent = call->traceparent,
			      .received_at = wall_now()};
	struct turned turned;

	call->answer = answer;
	enum status status = turns_run_with(member->turns, &entry, 1, wall_now(), call_settle, call, &turned, error);
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
	status = store_end(member->store, status, error);
	if (status == OK && call->state == CALL_DUE)
		member_come_again(member, (call->due_at - wall_now()) * 1000);
	return status;
}

static enum status given_up(struct member *member, struct arena *arena, struct call *call, const char *sentence,
			    struct error *error)
{
	call->state = CALL_FAILED;
	call->sentence = text_copy(arena, text_from(sentence));
	return answered(member, call, answer_text(arena, false, false, TEXT(""), sentence), error);
}

/* `arrived`: it may have; a question that is lost has done nothing, and what it asked about may have arrived. */
static enum status tried_in_vain(struct member *member, struct out *out, bool arrived, const char *sentence, int64_t asked_for,
				 struct error *error)
{
	struct call *call = &out->call;
	bool is_last = call->attempts >= ATTEMPTS_MOST;

	call->sentence = text_copy(&out->arena, text_from(sentence));
	if ((arrived && call->repeatable == REPEATABLE_NEVER) || (is_last && out->asks)) {
		call->state = CALL_HELD;
	} else if (is_last) {
		return call_give_up(member, out, sentence, error);
	} else {
		call->state = CALL_DUE;
		call->due_at = later(call, wall_now(), asked_for);
	}
	return put_back(member, call, error);
}

/* Whether the same call is worth another attempt. */
static bool is_retried(const struct member *member, const struct call *call, unsigned status)
{
	const struct action *action = call_action(member, call);
	const struct connector *connector = action ? action->connector : NULL;

	if (!connector || !connector->retry_count)
		return status == 429 || status >= 500;
	for (uint32_t i = 0; i < connector->retry_count; i++)
		if (status >= connector->retry_on[i].from && status <= connector->retry_on[i].to)
			return true;
	return false;
}

static enum status carried_out(struct member *member, struct out *out, struct text value, struct error *error)
{
	out->call.state = CALL_ANSWERED;
	return answered(member, &out->call, answer_text(&out->arena, true, !has_bridge(member), value, NULL), error);
}

/* To the question whether an earlier attempt has arrived. Only a clear answer counts. */
static enum status arrival_take(struct member *member, struct out *out, const struct json *json, struct error *error)
{
	const struct json *arrived = json && json_kind(json) == JSON_OBJECT ? json_member(json, TEXT("arrived")) : NULL;
	const struct json *value = arrived ? json_member(json, TEXT("value")) : NULL;
	struct text_builder text = {.arena = &out->arena};
	struct json_writer writer = {.text = &text};

	out->asks = false;
	if (!arrived || json_kind(arrived) != JSON_BOOL)
		return call_hold(member, out, "whether it arrived was asked, and the answer does not say it", error);
	if (!json_bool(arrived)) {
		enum status status = place_use(member, out, error);
		return status == OK ? call_send(member, out, error) : status;
	}
	if (value)
		json_write_document(&writer, value);
	return carried_out(member, out, builder_text(&text), error);
}

/* Of an answer that nobody looks into nothing is kept. */
static enum status reply_take(struct member *member, struct out *out, struct error *error)
{
	const struct action *action = call_action(member, &out->call);
	struct text body = out->answer.body;
	const struct json *json;

	if (!action || !action->result)
		return carried_out(member, out, TEXT(""), error);
	if (!body.length)
		return carried_out(member, out, TEXT("null"), error);
	if (json_parse(&out->arena, body, &json, error) == OK)
		return carried_out(member, out, body, error);
	return call_give_up(member, out,
			    arena_format(&out->arena, "%.*s was carried out, but its answer can not be read: %s",
					 TEXT_ARGS(out->call.action), error->sentence),
			    error);
}

static enum status outcome_take(struct member *member, struct out *out, struct error *error)
{
	const struct transport_answer *answer = &out->answer;
	struct call *call = &out->call;
	struct arena *arena = &out->arena;
	const struct json *json = NULL;

	if (answer->outcome == TRANSPORT_FORBIDDEN)
		return call_hold(member, out, answer->sentence, error);
	if (answer->outcome != TRANSPORT_ANSWERED)
		return tried_in_vain(member, out, !out->asks && answer->outcome == TRANSPORT_UNKNOWN, answer->sentence, -1,
				     error);
	if (!has_bridge(member) && http_expects(member, call, answer->status))
		return reply_take(member, out, error);
	if (has_bridge(member) && answer->status >= 200 && answer->status < 300) {
		bool is_read = !answer->body.length || json_parse(arena, answer->body, &json, error) == OK;
		if (out->asks)
			return arrival_take(member, out, is_read ? json : NULL, error);
		if (!is_read)
			return call_give_up(member, out,
					    arena_format(arena, "%.*s was carried out, but its answer can not be read: %s",
							 TEXT_ARGS(call->action), error->sentence),
					    error);
		return carried_out(member, out, answer->body, error);
	}
	const char *sentence = http_sentence(out);
	if (is_retried(member, call, answer->status))
		/* 429 and 503 say that it was not carried out; others may have come after it */
		return tried_in_vain(member, out, !out->asks && answer->status != 429 && answer->status != 503, sentence,
				     answer->retry_after, error);
	return out->asks ? arrival_take(member, out, NULL, error) : call_give_up(member, out, sentence, error);
}

enum status call_hold(struct member *member, struct out *out, const char *sentence, struct error *error)
{
	out->call.state = CALL_HELD;
	out->call.sentence = text_copy(&out->arena, text_from(sentence));
	return put_back(member, &out->call, error);
}

enum status call_give_up(struct member *member, struct out *out, const char *sentence, struct error *error)
{
	return given_up(member, &out->arena, &out->call, sentence, error);
}

void outcome_tell(const struct member *member, const struct call *call)
{
	static const enum metric metrics[CALL_STATE_COUNT] = {[CALL_ANSWERED] = METRIC_CALLS_ANSWERED,
							      [CALL_FAILED] = METRIC_CALLS_FAILED,
							      [CALL_DUE] = METRIC_CALLS_AGAIN,
							      [CALL_HELD] = METRIC_CALLS_HELD};

	metric_add(metrics[call->state], 1);
	call_log(member, call);
	if (call->state == CALL_HELD)
		log_line(LOG_WARNING, "a call to %.*s waits for a person (`stellwerk held`): %.*s", TEXT_ARGS(call->action),
			 TEXT_ARGS(call->sentence));
	call_log(member, NULL);
}

/* Nobody has died of it. If it can not be said now, it is no loss: the row tells of no other call. */
static void suspicion_end(const struct out *out)
{
	struct store *store = out->member->store;
	struct error error;

	if (store_begin(store, &error) != OK)
		return;
	enum status status = deaths_forget(store, out->call.tenant, out->call.id, &error);
	status = store_end(store, status, &error);
	if (status != OK)
		log_line(LOG_WARNING, "%s", error.sentence);
}

void out_end(struct out *out)
{
	struct courier *courier = out->member->own;

	if (out->is_suspect)
		suspicion_end(out);
	hidden_wipe(&out->hidden);
	arena_release(&out->arena);
	out->member = NULL;
	courier->out_count--;
}

void out_settle(struct out *out)
{
	struct member *member = out->member;
	struct error error;

	out->is_done = true;
	enum status status = outcome_take(member, out, &error);
	if (status == OK && !out->is_done) /* the question was answered, and now it is sent */
		return;
	member_weather(member, status == CONFLICT ? OK : status, &error); /* CONFLICT: another has ended it */
	if (status == RETRY) {
		out->call.state = CALL_SENT;
		return;
	}
	if (status == OK)
		outcome_tell(member, &out->call);
	out_end(out);
	member_come_again(member, 0);
}

/* A token may end before its time. What was refused with it was not done: it is sent once more with a new one. */
static bool is_sent_with_new_token(struct out *out)
{
	struct error error;

	if (!out->has_token || out->is_renewed)
		return false;
	out->is_renewed = true;
	token_forget(out);
	return place_use(out->member, out, &error) == OK && call_send(out->member, out, &error) == OK;
}

/* --- it is here */
void on_done(void *context, const struct transport_answer *answer)
{
	struct out *out = context;

	metric_observe(METRIC_CALL_TIME, metric_clock() - out->begun);
	out->answer = *answer;
	out->answer.body = text_copy(&out->arena, hidden_in(&out->arena, &out->hidden, answer->body));
	out->answer.sentence =
		arena_format(&out->arena, "%.*s", TEXT_ARGS(hidden_in(&out->arena, &out->hidden, text_from(answer->sentence))));
	if (out->mail_id.length)
		mail_answered(out);
	place_learn(out, &out->answer);
	if (answer->outcome == TRANSPORT_ANSWERED && answer->status == 401 && is_sent_with_new_token(out))
		return;
	FAULT("call.answered");
	FAULT_ABOUT("call.answered", out->call.arguments);
	out_settle(out);
	FAULT("call.settled");
}
