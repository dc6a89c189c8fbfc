/* What couriers know of a place stands in the store, where there is something to know: a limit, failures, a wish to be left
 * alone. So a limit holds however many send, and a process that begins anew does not forget. A place that is fine and has no
 * limit costs one look. docs/decisions/0023-couriers-share-what-they-know.md */
#include <endian.h>
#include <string.h>

#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/courier.h"

/* --- between the store's row and the numbers */
static void state_read(struct arena *arena, const struct line_state *line, struct place_state *state)
{
	*state = (struct place_state){.sent = arena_array(arena, int64_t, line->sent.length / sizeof(int64_t) + 1),
				      .sent_count = (uint32_t)(line->sent.length / sizeof(int64_t)),
				      .failures = (uint32_t)line->failures,
				      .down_for = line->down_for,
				      .not_before = line->not_before,
				      .trying_until = line->trying_until};
	for (uint32_t i = 0; i < state->sent_count; i++) {
		uint64_t wire;
		memcpy(&wire, line->sent.bytes + i * sizeof wire, sizeof wire);
		state->sent[i] = (int64_t)be64toh(wire);
	}
}

static void state_write(struct arena *arena, const struct place_state *state, struct line_state *line)
{
	uint64_t *wire = arena_array(arena, uint64_t, state->sent_count + 1);

	for (uint32_t i = 0; i < state->sent_count; i++)
		wire[i] = htobe64((uint64_t)state->sent[i]);
	*line = (struct line_state){.sent = {(const char *)wire, state->sent_count * (uint32_t)sizeof *wire},
				    .failures = state->failures,
				    .down_for = state->down_for,
				    .not_before = state->not_before,
				    .trying_until = state->trying_until};
}

enum status place_keep(struct member *member, const struct place *place, int64_t tenant, struct text connector,
		       struct error *error)
{
	struct courier *courier = member->own;
	struct place_state state;
	struct line_state line;

	place_tell(place, &courier->arena, &state);
	state_write(&courier->arena, &state, &line);
	return line_keep(member->store, tenant, connector, &line, error);
}

enum status place_take(struct member *member, struct place *place, int64_t tenant, struct text connector, bool must,
		       struct error *error)
{
	struct courier *courier = member->own;
	struct line_state line;
	struct place_state state;
	enum status status = line_take(member->store, &courier->arena, tenant, connector, &line, error);

	if (status == NOT_FOUND && must) {
		status = line_make(member->store, tenant, connector, error);
		if (status == OK)
			status = line_take(member->store, &courier->arena, tenant, connector, &line, error);
	}
	if (status != OK && status != NOT_FOUND)
		return status;
	state_read(&courier->arena, &line, &state);
	place_hear(&courier->pacing, place, &state, wall_milliseconds());
	return OK;
}

/* --- news of a place */
typedef void news_fn(const struct out *out, void *context);

/* In a transaction of its own. When the store is away, this process knows it at least. */
static enum status place_change(struct member *member, const struct out *out, news_fn *news, void *context, struct error *error)
{
	const struct call *call = &out->call;
	enum status status = store_begin(member->store, error);

	if (status != OK) {
		news(out, context);
		return status;
	}
	status = place_take(member, out->place, call->tenant, call->connector, true, error);
	news(out, context);
	if (status == OK)
		status = place_keep(member, out->place, call->tenant, call->connector, error);
	return store_end(member->store, status, error);
}

static void used(const struct out *out, void *context)
{
	struct member *member = context;
	struct courier *courier = member->own;

	place_sent(&courier->pacing, out->place, call_pace(member, out->call.tenant, out->call.connector), wall_milliseconds());
}

enum status place_use(struct member *member, struct out *out, struct error *error)
{
	if (!call_pace(member, out->call.tenant, out->call.connector).count && !out->place->failures) {
		used(out, member);
		return OK;
	}
	return place_change(member, out, used, member, error);
}

struct learning {
	const struct transport_answer *answer;
	bool fine;
	enum place_news news;
};

static bool is_asked_to_wait(const struct transport_answer *answer)
{
	return answer->outcome == TRANSPORT_ANSWERED && (answer->status == 429 || answer->status == 503) &&
	       answer->retry_after > 0;
}

static void learned(const struct out *out, void *context)
{
	struct learning *learning = context;
	int64_t now = wall_milliseconds();

	learning->news = learning->fine ? place_answered(out->place) : place_failed(out->place, now);
	if (is_asked_to_wait(learning->answer))
		place_wait(out->place, now + learning->answer->retry_after * 1000);
}

static void news_tell(const struct out *out, enum place_news news)
{
	const struct call *call = &out->call;

	metric_set(METRIC_PLACES_DOWN, pacing_down(&((struct courier *)out->member->own)->pacing));
	call_log(out->member, call);
	if (news == PLACE_DOWN)
		log_line(LOG_WARNING,
			 "%.*s does not answer (%u calls in a row): it is left alone for %d s and longer, its calls wait",
			 TEXT_ARGS(call->connector), out->place->failures, BREAK_FIRST);
	else if (news == PLACE_UP)
		log_line(LOG_INFO, "%.*s answers again", TEXT_ARGS(call->connector));
	call_log(out->member, NULL);
}

void place_learn(const struct out *out, const struct transport_answer *answer)
{
	struct learning learning = {.answer = answer,
				    .fine = answer->outcome == TRANSPORT_FORBIDDEN ||
					    (answer->outcome == TRANSPORT_ANSWERED && answer->status < 500)};
	struct error error;

	if (learning.fine && !out->place->failures && !is_asked_to_wait(answer))
		learned(out, &learning);
	else if (place_change(out->member, out, learned, &learning, &error) != OK)
		log_line(LOG_WARNING, "how %.*s does could not be kept: %s", TEXT_ARGS(out->call.connector), error.sentence);
	news_tell(out, learning.news);
}
