/* The courier: carries out what turns have put into the outbox, and brings each answer back as a turn.
 *
 *	DUE → SENT      leased, and committed before a byte leaves
 *	SENT → ANSWERED or FAILED, with the answer's turn in the same transaction
 *	SENT → DUE      later again: it surely did not arrive, or may be sent twice
 *	SENT → HELD     nobody knows whether it arrived, and it must not arrive twice
 *
 * A courier that dies leaves SENT behind; when the lease is over, another takes it up and decides in the same way. If it
 * follows a dead one, one at a time: what has killed so many (careful.h) is HELD. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/careful.h"
#include "runtime/service/courier.h"
#include "runtime/store/deaths.h"

enum {
	FAREWELL = 8000,      /* milliseconds that answers are waited for when the service ends */
	SUSPECT_AGAIN = 1000, /* and until it is looked whether the suspect that is out has come back */
};

/* Says of everything that is out that somebody still is at it. */
static void on_renew(void *context)
{
	struct member *member = context;
	struct courier *courier = member->own;
	struct error error;
	moment until = wall_now() + LEASE_SECONDS;

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
	status = store_end(member->store, status, &error);
	member_weather(member, status, &error);
}

static struct call call_copy(struct arena *arena, const struct call *call)
{
	struct call copy = *call;

	copy.connector = text_copy(arena, call->connector);
	copy.action = text_copy(arena, call->action);
	copy.arguments = text_copy(arena, call->arguments);
	copy.request = text_copy(arena, call->request);
	copy.sentence = text_copy(arena, call->sentence);
	copy.answer = text_copy(arena, call->answer);
	copy.traceparent = text_copy(arena, call->traceparent);
	return copy;
}

/* What an earlier attempt was taken up for and did not bring is decided as its action says. */
static enum status begin(struct member *member, struct out *out, bool was_out, struct error *error)
{
	enum repeatable repeatable = out->call.repeatable;

	if (was_out && repeatable == REPEATABLE_NEVER)
		return call_hold(member, out, "the courier that sent it has ended before its answer", error);
	out->asks = repeatable == REPEATABLE_ASK_FIRST && out->call.attempts > 1;
	enum status status = call_send(member, out, error);
	const char *sentence = arena_string(&out->arena, error->sentence, status == OK ? 0 : strlen(error->sentence));
	if (status == OK || status == RETRY) /* the store is away: it is taken up again when its lease is over */
		return status;
	return has_bridge(member) ? call_give_up(member, out, sentence, error) : call_hold(member, out, sentence, error);
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

/* --- taking up: leased, counted and committed together, before a byte leaves */
struct taking {
	struct member *member;
	const struct call_line *line;
	struct place *place;
	struct pace pace;
	bool has_budget; /* one of its actions has */
	call_list taken, held;
	bool *was_out;  /* by `taken` */
	bool suspected; /* one of them is a suspect, or one is out */
	bool waits;     /* for that one to come back */
	uint32_t due;   /* that were looked at */
	int64_t again;  /* when the place says that it is worth asking again; INT64_MAX: when one comes back */
};

/* Nobody else is at it from here on, even if this process dies now. */
static enum status lease(struct taking *taking, struct call *call, struct error *error)
{
	struct courier *courier = taking->member->own;
	enum call_state from = call->state;
	uint32_t attempts_from = call->attempts;
	moment now = wall_now();

	call->state = CALL_SENT;
	call->attempts++;
	call->due_at = now + LEASE_SECONDS;
	call->sent_at = call->sent_at ? call->sent_at : now;
	enum status status = call_change(taking->member->store, call, from, attempts_from, error);
	if (status != OK)
		return status == CONFLICT ? OK : status; /* another courier has it */
	taking->was_out[taking->taken.count] = from == CALL_SENT;
	*list_add(&courier->arena, &taking->taken) = *call;
	place_sent(&courier->pacing, taking->place, taking->pace, wall_milliseconds());
	return OK;
}

/* What goes beyond the budget of its pack waits for a person; who was let go by one has a sentence. */
static enum status budget_keep(struct taking *taking, struct call *call, bool *held_out, struct error *error)
{
	struct courier *courier = taking->member->own;
	const struct action *action = call_action(taking->member, call);
	int64_t sent = 0;

	*held_out = false;
	if (!action || !action->budget_count || call->attempts || call->sentence.length)
		return OK;
	enum status status = calls_sent(taking->member->store, call->tenant, call->action, wall_now() - action->budget_seconds,
					&sent, error);
	if (status != OK || sent < action->budget_count)
		return status;
	*held_out = true;
	call->sentence = text_format(&courier->arena, "its pack has a budget of %u such calls in %lld s, and they are used up",
				     action->budget_count, (long long)action->budget_seconds);
	call->state = CALL_HELD;
	status = call_change(taking->member->store, call, CALL_DUE, call->attempts, error);
	if (status == OK)
		*list_add(&courier->arena, &taking->held) = *call;
	return status == CONFLICT ? OK : status;
}

/* What was out when a courier died may be what it died of: only one such call is out at a time, and counted. `held_out`: it is
 * not to be sent. */
static enum status suspect_take(struct taking *taking, struct call *call, bool *held_out, struct error *error)
{
	struct member *member = taking->member;
	struct courier *courier = member->own;
	uint32_t deaths = 0;

	*held_out = taking->suspected;
	taking->waits = taking->waits || taking->suspected;
	if (taking->suspected)
		return OK;
	enum status status = deaths_count(member->store, call->tenant, call->id, call->made_at, &deaths, error);
	*held_out = deaths > DEATHS_MOST;
	if (status != OK || !*held_out)
		return status;
	call->state = CALL_HELD;
	call->sentence = TEXT(DEADLY_SENTENCE);
	status = deaths_forget(member->store, call->tenant, call->id, error);
	if (status == OK)
		status = call_change(member->store, call, CALL_SENT, call->attempts, error);
	if (status == OK)
		*list_add(&courier->arena, &taking->held) = *call;
	return status == CONFLICT ? OK : status;
}

static bool suspect_is_out(const struct courier *courier)
{
	for (uint32_t i = 0; i < OUT_MOST; i++)
		if (courier->out[i].member && courier->out[i].is_suspect)
			return true;
	return false;
}

static uint32_t tenant_out(const struct courier *courier, int64_t tenant)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < OUT_MOST; i++)
		count += courier->out[i].member && courier->out[i].call.tenant == tenant;
	return count;
}

static uint32_t taking_room(struct taking *taking)
{
	const struct courier *courier = taking->member->own;
	uint32_t room = place_room(taking->place, taking->pace, wall_milliseconds(), &taking->again);
	uint32_t free = OUT_MOST - courier->out_count, own = tenant_out(courier, taking->line->tenant);

	own = own < OUT_TENANT ? OUT_TENANT - own : 0;
	room = room < free ? room : free;
	return room < own ? room : own;
}

static enum status calls_take(struct taking *taking, struct error *error)
{
	struct member *member = taking->member;
	struct courier *courier = member->own;
	const struct call_line *line = taking->line;
	call_list calls = {0};
	bool must = taking->pace.count || taking->has_budget, held;
	enum status status = place_take(member, taking->place, line->tenant, line->connector, must, error);
	uint32_t room = status == OK ? taking_room(taking) : 0;

	if (room)
		status = calls_due(member->store, &courier->arena, line, wall_now(), room, &calls, error);
	taking->due = calls.count;
	taking->was_out = arena_array(&courier->arena, bool, calls.count + 1);
	taking->suspected = suspect_is_out(courier);
	for (uint32_t i = 0; status == OK && i < calls.count; i++) {
		if (is_out(courier, calls.items[i].id)) {
			alarm_set_earlier(courier->renew, loop_now());
			continue;
		}
		bool is_suspect = courier->is_careful && calls.items[i].state == CALL_SENT;
		status = (is_suspect ? suspect_take : budget_keep)(taking, &calls.items[i], &held, error);
		if (status != OK || held)
			continue;
		taking->suspected = taking->suspected || is_suspect;
		status = lease(taking, &calls.items[i], error);
	}
	if (status == OK && taking->taken.count && (must || taking->place->down_for))
		status = place_keep(member, taking->place, line->tenant, line->connector, error);
	return status;
}

static enum status take_together(struct taking *taking, struct error *error)
{
	struct member *member = taking->member;
	enum status status = store_begin(member->store, error);

	if (status != OK)
		return status;
	status = calls_take(taking, error);
	status = store_end(member->store, status, error);
	if (status != OK)
		taking->place->out -= taking->taken.count; /* the rest is read anew */
	return status;
}

static enum status send_off(struct taking *taking, const struct call *call, bool was_out, struct error *error)
{
	struct member *member = taking->member;
	struct courier *courier = member->own;
	uint32_t free = 0;

	while (courier->out[free].member)
		free++;
	struct out *out = &courier->out[free];
	*out = (struct out){.member = member, .place = taking->place};
	arena_init(&out->arena, "a call", 0);
	out->call = call_copy(&out->arena, call);
	out->is_suspect = was_out && courier->is_careful;
	if (!has_bridge(member) && out->call.repeatable == REPEATABLE_ASK_FIRST)
		out->call.repeatable = REPEATABLE_NEVER; /* there is nobody whom it could be asked of but a person */
	courier->out_count++;
	alarm_set_earlier(courier->renew, loop_now() + RENEW_SECONDS * 1000);
	FAULT("call.leased");
	enum status status = begin(member, out, was_out, error);
	if (status == OK && out->call.state == CALL_SENT)
		return OK;
	if (status == OK)
		outcome_tell(member, &out->call);
	taking->place->out--;
	out_end(out);
	return status;
}

/* Whether one of its actions is counted by a budget. */
static bool line_has_budget(const struct member *member, const struct call_line *line)
{
	const struct loaded *loaded;
	struct error ignored;
	bool known = programs_of(member->programs, line->tenant, &loaded, &ignored) == OK;

	for (uint32_t i = 0; known && i < loaded->program->action_count; i++) {
		const struct action *action = &loaded->program->actions[i];
		if (action->budget_count && text_equal(action->connector->name, line->connector))
			return true;
	}
	return false;
}

/* Sends what a line may send now, and says in how many milliseconds to look at it again; INT64_MAX: when one comes back. */
static enum status line_work(struct member *member, const struct call_line *line, int64_t *wait_out, struct error *error)
{
	struct courier *courier = member->own;
	struct taking taking = {.member = member,
				.line = line,
				.place = pacing_place(&courier->pacing, line->tenant, line->connector),
				.pace = call_pace(member, line->tenant, line->connector),
				.has_budget = line_has_budget(member, line),
				.again = INT64_MAX};
	moment clock = wall_now();

	*wait_out = line->due_at > clock ? (line->due_at - clock) * 1000 : 0;
	if (line->due_at > clock)
		return OK;
	enum status status = take_together(&taking, error);
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < taking.held.count; i++)
		outcome_tell(member, &taking.held.items[i]);
	for (uint32_t i = 0; status == OK && i < taking.taken.count; i++)
		status = send_off(&taking, &taking.taken.items[i], taking.was_out[i], error);
	if (taking.again != INT64_MAX) {
		int64_t wait = taking.again - wall_milliseconds();
		*wait_out = wait > 0 ? wait : 1;
	} else if (!taking.due) {
		*wait_out = INT64_MAX;
	} else if (taking.waits && !taking.taken.count) {
		*wait_out = SUSPECT_AGAIN; /* or when it comes back */
	}
	return status;
}

static void courier_work(struct member *member)
{
	struct courier *courier = member->own;
	call_line_list lines;
	struct error error;
	bool changed;

	done_settle(courier);
	if (loop_is_stopping(member->loop) || !text_is(text_from(member->service->settings.calls), "on"))
		return; /* they wait */
	arena_reset(&courier->arena);
	enum status status = programs_refresh(member->programs, &changed, &error);
	if (status == OK)
		status = call_lines(member->store, &courier->arena, &lines, &error);
	courier->first_line++;
	for (uint32_t i = 0; status == OK && i < lines.count; i++) {
		int64_t wait = INT64_MAX; /* without a way out calls wait */
		const struct call_line *line = &lines.items[(courier->first_line + i) % lines.count];
		if (line_leads_out(member, line))
			status = line_work(member, line, &wait, &error);
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
	arena_init(&courier->kept, "a courier", 0);
	arena_init(&courier->arena, "the outbox", 0);
	pacing_open(&courier->pacing);
	courier->is_careful = careful_after_death(member);
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
		if (courier->out[i].member) {
			hidden_wipe(&courier->out[i].hidden);
			arena_release(&courier->out[i].arena);
		}
	tokens_close(courier);
	arena_release(&courier->arena);
	arena_release(&courier->kept);
	pacing_close(&courier->pacing);
	free(courier);
}

const struct role_duty COURIER_DUTY = {.start = courier_start, .work = courier_work, .end = courier_end};
