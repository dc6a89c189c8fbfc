/* Plays a tape into a store in memory. Must never ask the clock of the machine, and never write the store that it reads. */
#include "runtime/service/replay.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/store/outbox.h"

enum { ENTRY_READ = 256 << 20 /* bytes of one entry, read and parsed */ };

/* Between memory and disk as SQLite sees fit; gone when it is closed. */
#define REPLAY_STORE ""

struct replay {
	const struct tape *tape;
	struct store *store;
	struct programs *programs;
	struct turns *turns;
	struct arena arena;  /* one entry */
	uint32_t place;      /* of the next entry on the tape */
	uint32_t activation; /* the next one on the tape */
	uint64_t stack;      /* that is active; 0: none is yet */
	bool leads;          /* it has packs of its own: the tape's activations are not followed */
	moment now;          /* going on by itself: up to here its timers have run */
	struct replay_said said;
	struct entry last;
	turn_heard_fn *heard;
	void *context;
};

/* --- the tape */
/* A tenant without a stack of its own runs what `default` runs: until it has one. */
static enum status activations_find(struct tape *tape, struct error *error)
{
	activation_list own, house = {0};
	enum status status = activations_read(tape->store, tape->arena, tape->tenant.number, &own, error);

	if (status == OK && tape->tenant.number)
		status = activations_read(tape->store, tape->arena, 0, &house, error);
	for (uint32_t i = 0; i < house.count; i++)
		if (!own.count || house.items[i].at <= own.items[0].at)
			*list_add(tape->arena, &tape->activations) = house.items[i];
	for (uint32_t i = 0; i < own.count; i++)
		*list_add(tape->arena, &tape->activations) = own.items[i];
	return status;
}

static struct tenant_setting *setting_of(struct tape *tape, struct text name)
{
	for (uint32_t i = 0; i < tape->settings.count; i++)
		if (text_equal(tape->settings.items[i].name, name))
			return &tape->settings.items[i];
	struct tenant_setting *setting = list_add(tape->arena, &tape->settings);
	setting->name = name;
	return setting;
}

/* The last change first: what each has found is what was there before it. */
static enum status settings_go_back(struct tape *tape, struct error *error)
{
	entry_list notes;
	enum status status = journal_notes(tape->store, tape->arena, tape->tenant.number, &notes, error);

	for (uint32_t i = notes.count; status == OK && i-- > 0;) {
		const struct json *json;
		if (!text_is(notes.items[i].type, NOTE_SETTING))
			continue;
		status = json_parse(tape->arena, notes.items[i].content, &json, error);
		if (status == OK)
			setting_of(tape, json_member_text(json, "name"))->value = json_member_text(json, "before");
	}
	return status;
}

enum status tape_read(struct store *store, const struct loader *loader, const struct tenant *tenant, struct arena *arena,
		      struct tape *tape_out, struct error *error)
{
	*tape_out = (struct tape){.store = store, .loader = loader, .tenant = *tenant, .arena = arena};
	enum status status = past_order(store, arena, tenant->number, &tape_out->turns, error);
	if (status == OK)
		status = activations_find(tape_out, error);
	if (status == OK)
		status = packs_read(store, arena, &tape_out->packs, error);
	store_use_tenant(store, tenant->number);
	if (status == OK)
		status = tenant_settings_read(store, arena, &tape_out->settings, error);
	return status == OK ? settings_go_back(tape_out, error) : status;
}

/* --- open and close */
static struct replay *replay_new(const struct tape *tape)
{
	struct replay *replay = calloc(1, sizeof *replay);

	CHECK(replay);
	replay->tape = tape;
	arena_init(&replay->arena, "an entry of the past", ENTRY_READ);
	return replay;
}

static enum status settings_begin(struct replay *replay, struct error *error)
{
	const struct tape *tape = replay->tape;
	enum status status = OK;

	store_use_tenant(replay->store, REPLAY_TENANT);
	for (uint32_t i = 0; i < tape->settings.count && status == OK; i++)
		if (tape->settings.items[i].value.length)
			status = tenant_setting_put(replay->store, &tape->settings.items[i], error);
	return status;
}

static enum status turns_begin(struct replay *replay, struct error *error)
{
	enum status status = programs_open(replay->store, NULL, replay->tape->loader, &replay->programs, error);

	replay->turns = turns_open(replay->store, replay->programs);
	turns_listen(replay->turns, replay->heard, replay->context);
	if (replay->leads)
		turns_moves_follow(replay->turns);
	return status;
}

enum status replay_open(const struct tape *tape, struct replay **replay_out, struct error *error)
{
	struct replay *replay = replay_new(tape);
	enum status status = store_open(REPLAY_STORE, &replay->store, error);

	*replay_out = replay;
	if (status == OK)
		status = store_make_own_tables(replay->store, error);
	if (status == OK)
		status = settings_begin(replay, error);
	return status == OK ? turns_begin(replay, error) : status;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	turns_close(replay->turns);
	programs_close(replay->programs);
	store_close(replay->store);
	arena_release(&replay->arena);
	free(replay);
}

enum status replay_fork(struct replay *replay, struct replay **other_out, struct error *error)
{
	struct replay *other = replay_new(replay->tape);
	enum status status = store_open(REPLAY_STORE, &other->store, error);

	*other_out = other;
	other->place = replay->place;
	other->activation = replay->activation;
	other->stack = replay->stack;
	other->leads = replay->leads;
	other->now = replay->now;
	if (status == OK)
		status = store_copy(replay->store, other->store, error);
	return status == OK ? turns_begin(other, error) : status;
}

/* --- looking */
const struct past_turn *replay_next(const struct replay *replay)
{
	const past_turns *turns = &replay->tape->turns;

	return replay->place < turns->count ? &turns->items[replay->place] : NULL;
}

uint32_t replay_place(const struct replay *replay)
{
	return replay->place;
}

const struct replay_said *replay_said(const struct replay *replay)
{
	return &replay->said;
}

const struct entry *replay_last(const struct replay *replay)
{
	return &replay->last;
}

struct store *replay_store(struct replay *replay)
{
	return replay->store;
}

enum status replay_loaded(struct replay *replay, const struct loaded **loaded_out, struct error *error)
{
	bool changed;
	enum status status = programs_refresh(replay->programs, &changed, error);

	return status == OK ? programs_of(replay->programs, REPLAY_TENANT, loaded_out, error) : status;
}

void replay_listen(struct replay *replay, turn_heard_fn *heard, void *context)
{
	replay->heard = heard;
	replay->context = context;
	turns_listen(replay->turns, heard, context);
}

/* --- packs */
static enum status pack_keep(struct replay *replay, struct text hash, struct error *error)
{
	const struct tape *tape = replay->tape;
	struct stored_pack pack;
	bool is_new;

	for (uint32_t i = 0; i < tape->packs.count; i++) {
		if (!text_equal(tape->packs.items[i].hash, hash))
			continue;
		pack = tape->packs.items[i];
		enum status status = pack_files_read(tape->store, &replay->arena, hash, &pack.files, error);
		return status == OK ? pack_put(replay->store, &replay->arena, &pack, &is_new, error) : status;
	}
	return pack_files_read(replay->store, &replay->arena, hash, &pack.files, error);
}

enum status replay_keep_packs(struct replay *replay, const hash_list *packs, struct error *error)
{
	enum status status = OK;

	for (uint32_t i = 0; i < packs->count && status == OK; i++)
		status = pack_keep(replay, packs->items[i], error);
	return status;
}

static enum status stack_switch(struct replay *replay, const struct activating *activating, struct error *error)
{
	struct text changes;
	bool changed;
	enum status status = stack_activate(replay->store, activating, &replay->arena, &changes, error);

	if (status == OK)
		replay->stack = activating->program->hash;
	return status == OK ? programs_refresh(replay->programs, &changed, error) : status;
}

static enum status activation_repeat(struct replay *replay, const struct activation *activation, struct error *error)
{
	const struct tape *tape = replay->tape;
	struct activating activating = {
		.tenant_name = TEXT("default"), .at = activation->at, .by = activation->by, .has_first_turn = true};
	hash_list packs;
	void *owner = NULL;
	enum status status = stack_read(tape->store, &replay->arena, activation->stack, &packs, error);

	if (status == OK)
		status = replay_keep_packs(replay, &packs, error);
	if (status == OK)
		status = tape->loader->load(tape->store, activation->stack, &activating.program, &owner, error);
	activating.packs = &packs;
	if (status == OK)
		status = stack_switch(replay, &activating, error);
	if (owner)
		tape->loader->release(owner);
	return status;
}

/* The entry had its turn on packs that were activated in the meantime. One that was only about workflows of older packs had it
 * on those, which are not on the tape in front of it. */
static enum status activations_follow(struct replay *replay, const struct entry *entry, struct error *error)
{
	const activation_list *list = &replay->tape->activations;
	uint32_t next = replay->activation;

	if (replay->leads || entry->program == replay->stack)
		return OK;
	while (next < list->count && list->items[next].at <= entry->handled_at && list->items[next].stack != entry->program)
		next++;
	if (next == list->count || list->items[next].at > entry->handled_at)
		return OK;
	replay->activation = next + 1;
	return activation_repeat(replay, &list->items[next], error);
}

/* The clocks that its first turn has left for later ones: the packs begin when all follow them. */
static enum status slices_run(struct replay *replay, moment at, struct error *error)
{
	due_list due = {.count = 1};
	struct turned turned;
	enum status status = OK;

	while (status == OK && due.count) {
		arena_reset(&replay->arena);
		status = store_timers_due(replay->store, &replay->arena, DUE_SLICES, at, 1, &due, error);
		if (status != OK || !due.count)
			break;
		struct entry entry = {.origin = ENTRY_TIMER, .id = due.items[0].timer, .received_at = due.items[0].due};
		status = turns_run(replay->turns, &entry, 1, at, &turned, error);
	}
	return status;
}

enum status replay_use(struct replay *replay, const struct program *program, const hash_list *packs, moment at,
		       struct error *error)
{
	struct activating activating = {.program = program,
					.packs = packs,
					.tenant_name = TEXT("default"),
					.at = at,
					.by = TEXT("replay"),
					.has_first_turn = true};
	struct entry entry = {.origin = ENTRY_ACTIVATED, .received_at = at};
	struct turned turned;
	enum status status = stack_switch(replay, &activating, error);

	replay->leads = true;
	turns_moves_follow(replay->turns);
	if (status == OK)
		status = turns_run(replay->turns, &entry, 1, at, &turned, error);
	if (status == OK && entry.state == ENTRY_DEAD)
		return error_set(error, INVALID, "%.*s", TEXT_ARGS(entry.sentence));
	return status == OK ? slices_run(replay, at, error) : status;
}

/* --- one entry */
static enum status setting_repeat(struct replay *replay, const struct entry *entry, struct error *error)
{
	const struct json *json;
	enum status status = json_parse(&replay->arena, entry->content, &json, error);

	if (status != OK || !text_is(entry->type, NOTE_SETTING))
		return status;
	struct tenant_setting setting = {json_member_text(json, "name"), json_member_text(json, "after")};
	store_use_tenant(replay->store, REPLAY_TENANT);
	if (setting.value.length)
		return tenant_setting_put(replay->store, &setting, error);
	status = tenant_setting_unset(replay->store, setting.name, error);
	return status == NOT_FOUND ? OK : status;
}

static enum status turn_run(struct replay *replay, const struct entry *entry, enum entry_state state, moment at,
			    struct error *error)
{
	struct entry again = {.tenant = REPLAY_TENANT,
			      .origin = entry->origin,
			      .state = state,
			      .id = entry->id,
			      .source = entry->source,
			      .type = entry->type,
			      .subject = entry->subject,
			      .content = entry->content,
			      .traceparent = entry->traceparent,
			      .received_at = entry->received_at,
			      .attempts = state == ENTRY_DEAD ? entry->attempts : 0,
			      .sentence = state == ENTRY_DEAD ? entry->sentence : TEXT("")};
	struct turned turned;

	if (at > replay->now)
		replay->now = at;
	enum status status = turns_run(replay->turns, &again, 1, at, &turned, error);
	replay->last = again;
	return status;
}

/* Whoever answers has to do with it no more. */
static enum status call_close(struct replay *replay, struct call *call, struct error *error)
{
	enum call_state from = call->state;

	if (from != CALL_DUE)
		return OK;
	call->state = CALL_ANSWERED;
	return call_change(replay->store, call, from, call->attempts, error);
}

static enum status answer_run(struct replay *replay, const struct entry *entry, enum entry_state state, struct error *error)
{
	struct call call;
	enum status status = call_find(replay->store, &replay->arena, REPLAY_TENANT, entry->id, &call, error);

	if (status == OK)
		status = call_close(replay, &call, error);
	return status == OK || status == NOT_FOUND ? turn_run(replay, entry, state, entry->handled_at, error) : status;
}

static enum status next_read(struct replay *replay, struct entry *entry, struct error *error)
{
	arena_reset(&replay->arena);
	return journal_read(replay->tape->store, &replay->arena, replay->tape->turns.items[replay->place++].number, entry,
			    error);
}

enum status replay_repeat(struct replay *replay, struct error *error)
{
	struct entry entry;
	enum status status = next_read(replay, &entry, error);

	if (status == OK)
		status = activations_follow(replay, &entry, error);
	if (status != OK)
		return status;
	enum entry_state state = entry.state == ENTRY_DONE ? ENTRY_PENDING : ENTRY_DEAD;
	if (entry.origin == ENTRY_NOTED)
		return setting_repeat(replay, &entry, error);
	if (entry.origin == ENTRY_ANSWER)
		return answer_run(replay, &entry, state, error);
	return turn_run(replay, &entry, state, entry.handled_at, error);
}

/* --- by itself */
/* Its own turn left it as it was: it would be due for ever. */
static bool is_stuck(const struct due_timer *timer, const struct due_timer *last)
{
	return id_equal(timer->timer, last->timer) && timer->due == last->due;
}

static enum status timers_run(struct replay *replay, moment until, struct error *error)
{
	struct due_timer last = {.due = INT64_MIN};
	enum status status = OK;
	moment next;

	while (status == OK && replay->stack && (status = store_timer_next(replay->store, &next, error)) == OK &&
	       next <= until) {
		due_list due;
		arena_reset(&replay->arena);
		status = store_timers_due(replay->store, &replay->arena, DUE_ALL, until, 1, &due, error);
		if (status != OK || !due.count)
			return status;
		struct due_timer timer = due.items[0];
		struct entry entry = {.origin = ENTRY_TIMER, .id = timer.timer, .received_at = timer.due};
		if (is_stuck(&timer, &last))
			return store_timer_put_off(replay->store, timer.timer, until + 1, error);
		last = timer;
		replay->said.own++;
		status = turn_run(replay, &entry, ENTRY_PENDING, timer.due > replay->now ? timer.due : replay->now, error);
	}
	return status == NOT_FOUND ? OK : status;
}

/* The call it answers may have another id, when the turn that made it has made other things before it. */
static enum status answer_find(struct replay *replay, const struct entry *entry, struct call *call, struct error *error)
{
	struct call then;
	enum status status = call_find(replay->store, &replay->arena, REPLAY_TENANT, entry->id, call, error);

	if (status != NOT_FOUND)
		return status;
	status = call_find(replay->tape->store, &replay->arena, replay->tape->tenant.number, entry->id, &then, error);
	then.tenant = REPLAY_TENANT;
	return status == OK ? call_alike(replay->store, &replay->arena, &then, call, error) : status;
}

static enum status answer_go_on(struct replay *replay, struct entry *entry, struct error *error)
{
	struct call call;
	enum status status = answer_find(replay, entry, &call, error);

	if (status == NOT_FOUND)
		replay->said.unasked++;
	if (status != OK)
		return status == NOT_FOUND ? OK : status;
	replay->said.answered++;
	entry->id = call.id;
	status = call_close(replay, &call, error);
	return status == OK ? turn_run(replay, entry, ENTRY_PENDING, entry->handled_at, error) : status;
}

static enum status entry_go_on(struct replay *replay, struct entry *entry, struct error *error)
{
	enum status status = activations_follow(replay, entry, error);

	if (status != OK || entry->origin == ENTRY_TIMER)
		return status;
	if (entry->origin == ENTRY_NOTED)
		return setting_repeat(replay, entry, error);
	if (entry->origin == ENTRY_ANSWER)
		return answer_go_on(replay, entry, error);
	replay->said.outside += entry->origin != ENTRY_ACTIVATED;
	return turn_run(replay, entry, ENTRY_PENDING, entry->handled_at, error);
}

/* What comes from outside in the second in which a timer is due comes before it: so what stops in time has stopped in time. */
enum status replay_go_on(struct replay *replay, struct error *error)
{
	const struct past_turn *next = replay_next(replay);
	struct entry entry;

	if (!next)
		return OK;
	moment at = next->at;
	enum status status = timers_run(replay, at - 1, error);
	if (status == OK)
		status = next_read(replay, &entry, error);
	if (status == OK)
		status = entry_go_on(replay, &entry, error);
	return status == OK && !replay_next(replay) ? timers_run(replay, at, error) : status;
}
