/* The times of the last calls, a count of those that are out, and a breaker for each place; pacing.h says what they are for. */
#include "runtime/service/pacing.h"

void pacing_open(struct pacing *pacing)
{
	arena_init(&pacing->arena, "pacing", 0);
	pacing->places = map_in(&pacing->arena);
}

void pacing_close(struct pacing *pacing)
{
	arena_release(&pacing->arena);
}

struct place *pacing_place(struct pacing *pacing, int64_t tenant, struct text connector)
{
	char key[8 + 256];
	uint32_t length =
		connector.length < sizeof key - sizeof tenant ? connector.length : (uint32_t)(sizeof key - sizeof tenant);

	memcpy(key, &tenant, sizeof tenant);
	memcpy(key + sizeof tenant, connector.bytes, length);
	struct text name = {key, (uint32_t)sizeof tenant + length};
	struct place *place = map_get(&pacing->places, name);
	if (place)
		return place;
	place = arena_new(&pacing->arena, struct place);
	map_put(&pacing->places, text_copy(&pacing->arena, name), place);
	return place;
}

static bool is_limited(struct pace pace)
{
	return pace.count && pace.seconds > 0;
}

/* Those that were sent so long ago that they count no more are forgotten. */
static void sent_forget(struct place *place, struct pace pace, int64_t now)
{
	while (place->sent_count && place->sent[place->first] <= now - pace.seconds * 1000) {
		place->first = (place->first + 1) % place->sent_room;
		place->sent_count--;
	}
}

static void sent_note(struct pacing *pacing, struct place *place, uint32_t most, int64_t now)
{
	if (place->sent_room < most) { /* the first, or other packs allow more */
		int64_t *sent = arena_array(&pacing->arena, int64_t, most);
		for (uint32_t i = 0; i < place->sent_count; i++)
			sent[i] = place->sent[(place->first + i) % place->sent_room];
		place->sent = sent;
		place->sent_room = most;
		place->first = 0;
	}
	if (place->sent_count == place->sent_room) {
		place->first = (place->first + 1) % place->sent_room;
		place->sent_count--;
	}
	place->sent[(place->first + place->sent_count++) % place->sent_room] = now;
}

uint32_t place_room(struct place *place, struct pace pace, int64_t now, int64_t *again_out)
{
	uint32_t room = place->out < PACE_AT_ONCE ? PACE_AT_ONCE - place->out : 0;

	*again_out = INT64_MAX;
	if (now < place->not_before) {
		*again_out = place->not_before;
		return 0;
	}
	if (place->down_for) /* one may try */
		return now < place->trying_until || place->out ? 0 : 1;
	if (!is_limited(pace))
		return room;
	sent_forget(place, pace, now);
	uint32_t allowed = pace.count > place->sent_count ? pace.count - place->sent_count : 0;
	if (!allowed)
		*again_out = place->sent[place->first] + pace.seconds * 1000;
	return allowed < room ? allowed : room;
}

void place_sent(struct pacing *pacing, struct place *place, struct pace pace, int64_t now)
{
	if (is_limited(pace))
		sent_note(pacing, place, pace.count, now);
	place->out++;
	place->trying_until = place->down_for ? now + TRY_LAST * 1000 : 0;
}

enum place_news place_answered(struct place *place)
{
	bool was_down = place->down_for > 0;

	place->out--;
	place->failures = 0;
	place->down_for = 0;
	place->trying_until = 0;
	return was_down ? PLACE_UP : PLACE_SAME;
}

enum place_news place_failed(struct place *place, int64_t now)
{
	bool was_down = place->down_for > 0;

	place->out--;
	place->failures++;
	if (!was_down && place->failures < BREAK_AFTER)
		return PLACE_SAME;
	if (was_down && !place->trying_until) /* it was sent before the place was found to be down */
		return PLACE_SAME;
	place->trying_until = 0;
	place->down_for = was_down ? place->down_for * 2 : BREAK_FIRST * 1000;
	if (place->down_for > BREAK_LAST * 1000)
		place->down_for = BREAK_LAST * 1000;
	place_wait(place, now + place->down_for);
	return was_down ? PLACE_SAME : PLACE_DOWN;
}

void place_wait(struct place *place, int64_t until)
{
	if (until > place->not_before)
		place->not_before = until;
}

void place_tell(const struct place *place, struct arena *arena, struct place_state *state_out)
{
	*state_out = (struct place_state){.sent = arena_array(arena, int64_t, place->sent_count + 1),
					  .sent_count = place->sent_count,
					  .failures = place->failures,
					  .down_for = place->down_for,
					  .not_before = place->not_before,
					  .trying_until = place->trying_until};
	for (uint32_t i = 0; i < place->sent_count; i++)
		state_out->sent[i] = place->sent[(place->first + i) % place->sent_room];
}

void place_hear(struct pacing *pacing, struct place *place, const struct place_state *state, int64_t now)
{
	int64_t latest = now + BREAK_LAST * 1000;

	place->sent_count = 0;
	for (uint32_t i = 0; i < state->sent_count; i++)
		if (state->sent[i] <= now)
			sent_note(pacing, place, state->sent_count, state->sent[i]);
	place->failures = state->failures;
	place->down_for = state->down_for;
	place->not_before = state->not_before < latest ? state->not_before : 0;
	place->trying_until = state->trying_until < latest ? state->trying_until : 0;
}

uint32_t pacing_down(const struct pacing *pacing)
{
	uint32_t down = 0;

	for (uint32_t i = 0; i < pacing->places.capacity; i++) {
		const struct place *place = pacing->places.entries[i].value;
		down += place && place->down_for > 0;
	}
	return down;
}
