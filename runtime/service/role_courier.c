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

#include "engine/base/check.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/courier.h"

enum { FAREWELL = 8000 /* milliseconds that answers are waited for when the service ends */ };

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
	copy.traceparent = text_copy(arena, call->traceparent);
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

/* What an earlier attempt was taken up for and did not bring is decided as its action says. */
static enum status begin(struct member *member, struct out *out, bool was_out, struct error *error)
{
	enum repeatable repeatable = out->call.repeatable;

	if (was_out && repeatable == REPEATABLE_NEVER)
		return call_hold(member, out, "the courier that sent it has ended before its answer", error);
	out->asks = repeatable == REPEATABLE_ASK_FIRST && out->call.attempts > 1;
	if (call_send(member, out, error) == OK)
		return OK;
	return call_give_up(member, out, arena_string(&out->arena, error->sentence, strlen(error->sentence)), error);
}

/* What goes beyond the budget of its pack waits for a person; who was let go by one has a sentence. */
static enum status budget_keep(struct member *member, struct call *call, bool *held_out, struct error *error)
{
	const struct action *action = call_action(member, call);
	int64_t sent = 0;

	*held_out = false;
	if (!action || !action->budget_count || call->attempts || call->sentence.length)
		return OK;
	enum status status =
		calls_sent(member->store, call->tenant, call->action, member_now() - action->budget_seconds, &sent, error);
	if (status != OK || sent < action->budget_count)
		return status;
	*held_out = true;
	call->sentence = text_format(&((struct courier *)member->own)->arena,
				     "its pack has a budget of %u such calls in %lld s, and they are used up",
				     action->budget_count, (long long)action->budget_seconds);
	status = store_begin(member->store, error);
	if (status != OK)
		return status;
	call->state = CALL_HELD;
	status = call_change(member->store, call, CALL_DUE, call->attempts, error);
	if (status == OK)
		status = store_commit(member->store, error);
	else
		store_rollback(member->store);
	if (status == OK)
		outcome_tell(member, call);
	return status == CONFLICT ? OK : status;
}

static enum status take_up(struct member *member, struct place *place, struct call *call, struct error *error)
{
	struct courier *courier = member->own;
	bool was_out = call->state == CALL_SENT, held;
	uint32_t free = 0;
	enum status status = budget_keep(member, call, &held, error);

	if (status != OK || held)
		return status;
	while (courier->out[free].member)
		free++;
	status = lease(member, call, member_now(), error);
	if (status != OK)
		return status == CONFLICT ? OK : status; /* another courier has it */
	struct out *out = &courier->out[free];
	*out = (struct out){.member = member, .place = place};
	arena_init(&out->arena, "a call", 0);
	out->call = call_copy(&out->arena, call);
	courier->out_count++;
	alarm_set_earlier(courier->renew, loop_now() + RENEW_SECONDS * 1000);
	FAULT("call.leased");
	status = begin(member, out, was_out, error);
	FAULT("call.sent");
	if (status == OK && out->call.state == CALL_SENT)
		return OK;
	if (status == OK)
		outcome_tell(member, &out->call);
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

/* Sends what a line may send now, and says in how many milliseconds to look at it again; INT64_MAX: when one comes back. */
static enum status line_work(struct member *member, const struct call_line *line, int64_t *wait_out, struct error *error)
{
	struct courier *courier = member->own;
	struct place *place = pacing_place(&courier->pacing, line->tenant, line->connector);
	int64_t now = loop_now(), again;
	moment clock = member_now();
	call_list calls;

	*wait_out = line->due_at > clock ? (line->due_at - clock) * 1000 : 0;
	if (line->due_at > clock)
		return OK;
	uint32_t room = place_room(place, call_pace(member, line->tenant, line->connector), now, &again);
	uint32_t free = OUT_MOST - courier->out_count;
	if (again != INT64_MAX)
		*wait_out = again - now;
	else if (!room || !free)
		*wait_out = INT64_MAX;
	enum status status =
		room && free ? calls_due(member->store, &courier->arena, line, clock, room < free ? room : free, &calls, error)
			     : OK;
	for (uint32_t i = 0; status == OK && room && free && i < calls.count; i++)
		if (is_out(courier, calls.items[i].id))
			alarm_set_earlier(courier->renew, loop_now());
		else
			status = take_up(member, place, &calls.items[i], error);
	return status;
}

static void courier_work(struct member *member)
{
	struct courier *courier = member->own;
	call_line_list lines;
	struct error error;
	bool changed;

	done_settle(courier);
	if (!*member->service->settings.bridge || loop_is_stopping(member->loop))
		return; /* without a way out calls wait */
	arena_reset(&courier->arena);
	enum status status = programs_refresh(member->programs, &changed, &error);
	if (status == OK)
		status = call_lines(member->store, &courier->arena, &lines, &error);
	courier->first_line++;
	for (uint32_t i = 0; status == OK && i < lines.count; i++) {
		int64_t wait;
		status = line_work(member, &lines.items[(courier->first_line + i) % lines.count], &wait, &error);
		if (status == OK && wait < INT64_MAX)
			member_come_again(member, wait);
	}
	member_weather(member, status, &error);
}

static enum status courier_start(struct member *member, struct error *error)
{
	struct courier *courier = calloc(1, sizeof *courier);

	CHECK(courier);
	member->own = courier;
	arena_init(&courier->arena, "the outbox", 0);
	pacing_open(&courier->pacing);
	courier->renew = loop_alarm(member->loop, on_renew, member);
	return sending_open(member, error);
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
	pacing_close(&courier->pacing);
	free(courier);
}

const struct role_duty COURIER_DUTY = {.start = courier_start, .work = courier_work, .end = courier_end};
