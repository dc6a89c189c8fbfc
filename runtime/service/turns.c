/* From entries to a committed transaction, in two ways. Hurried, turns follow one another and whatever fails takes all of them
 * back. Then they come again with care: each in a savepoint of its own, so that a dead one costs the others nothing. Must never
 * decide what an event means: that is the engine's. */
#include "runtime/service/turning.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "engine/model/system.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/envelope.h"
#include "runtime/service/service.h"
#include "runtime/service/outgoing_text.h"
#include "runtime/service/trace_text.h"
#include "runtime/service/tracing.h"
#include "runtime/store/outbox.h"
#include "runtime/store/stack.h"

/* A notification once too often is better than none. */
#define NOTICE_REPEATABLE REPEATABLE_YES

enum {
	ENTRY_MEMORY = 256 << 20, /* of one entry, parsed */
	TURN_TRIES = 3,           /* when others write the same rows */
	TIMER_AGAIN = 3600,       /* seconds, for one whose turn was refused */
	SCOUT_ROUNDS = 6,         /* reads that follow from reads; what is still missing then is read one by one */
	SCOUT_CONTENT = 64 << 10, /* bytes; longer ones are read once, when it is their turn */
};

struct turns *turns_open(struct store *store, struct programs *programs)
{
	struct turns *turns = calloc(1, sizeof *turns);

	CHECK(turns);
	turns->store = store;
	turns->programs = programs;
	store_ports(store, &turns->ports);
	store_has_programs(store, programs_have, programs);
	arena_init(&turns->arena, "an event", ENTRY_MEMORY);
	arena_init(&turns->kept, "turns", 0);
	return turns;
}

void turns_close(struct turns *turns)
{
	if (!turns)
		return;
	arena_release(&turns->arena);
	arena_release(&turns->kept);
	free(turns);
}

void turns_listen(struct turns *turns, turn_heard_fn *heard, void *context)
{
	turns->heard = heard;
	turns->context = context;
}

void turns_moves_follow(struct turns *turns)
{
	turns->moves_follow = true;
}

void engine_ready(const struct turns *turns, const struct loaded *loaded)
{
	store_use_program(turns->store, loaded->program);
	engine_begin(loaded->engine);
	engine_observe(loaded->engine, turns->heard);
}

/* --- one entry's turn, by what began it */
static enum status event_turn(struct turning *turning)
{
	const struct entry *entry = turning->entry;
	struct turns *turns = turning->turns;
	const struct schema *schema = &turning->loaded->program->schema;
	const struct event_kind *kind = schema_event(schema, entry->type);
	bool is_new = true;
	struct value *fields;
	enum status status;

	FAULT_ABOUT("turn.of", entry->type);
	if (!kind || kind->origin != EVENT_DECLARED || !turning->content || json_kind(turning->content) != JSON_OBJECT)
		return entry_check(&turns->arena, turning->loaded->program, entry, turning->error); /* says what is wrong */
	status = event_from_json(&turns->arena, schema, kind, turning->content, &fields, turning->error);
	if (status != OK)
		return status;
	struct event *event = arena_new(&turns->arena, struct event);
	*event = (struct event){.kind = kind,
				.id = kind->has_key ? event_key_id(kind, fields) : entry->id,
				.at = turning->now,
				.fields = fields,
				.actor = value_missing(),
				.rule = RULE_NONE};
	turning->event = event;
	store_turn(turns->store, turning->now, event->id);
	if (kind->has_key) /* others may have raised the same one; without a key the journal knows it */
		status = store_event_is_new(turns->store, event, &is_new, turning->error);
	turning->is_double = !is_new;
	return status == OK && is_new
		       ? engine_turn(turning->loaded->engine, event, &turns->ports, &turning->turn, turning->error)
		       : status;
}

static enum status received_turn(struct turning *turning)
{
	const struct entry *entry = turning->entry;
	const struct receive *receive = program_receive(turning->loaded->program, entry->source, entry->type);
	const struct json *body = turning->content ? json_member(turning->content, TEXT("body")) : NULL;
	const struct json *headers = turning->content ? json_member(turning->content, TEXT("headers")) : NULL;

	if (!receive)
		return entry_check(&turning->turns->arena, turning->loaded->program, entry, turning->error);
	if (!body)
		return error_set(turning->error, INVALID, "what was received has no `body`");
	return engine_receive(turning->loaded->engine, receive, body, headers, entry->id, turning->now, &turning->turns->ports,
			      &turning->turn, turning->error);
}

static enum status timer_turn(struct turning *turning)
{
	const struct entry *entry = turning->entry;
	enum status status = OK;

	FAULT_NUMBER("turn.timer", entry->id.low);
	if (entry->number) /* it was dead, and a person has said: once more */
		status = store_timer_come_back(turning->turns->store, entry->id, entry->received_at, turning->error);
	if (status != OK)
		return status;
	status = engine_timer(turning->loaded->engine, turning->entry->id, turning->now, &turning->turns->ports, &turning->turn,
			      turning->error);

	if (status == NOT_FOUND) /* it was cleared in the meantime */
		turning->turn = NULL;
	turning->event = NULL;
	turning->elsewhere = (stack_list){0};
	return status == NOT_FOUND ? OK : status;
}

static enum status answer_turn(struct turning *turning)
{
	const struct json *ok = json_member(turning->content, TEXT("ok")),
			  *reply = json_member(turning->content, TEXT("reply")),
			  *value = reply ? reply : json_member(turning->content, TEXT("value"));
	const struct json *sentence = json_member(turning->content, TEXT("sentence"));
	const struct json *final = json_member(turning->content, TEXT("final"));
	struct call_answer answer = {.ok = ok && json_kind(ok) == JSON_BOOL && json_bool(ok),
				     .is_reply = reply,
				     .value = value ? (struct value){.kind = VALUE_DATA, .json = value} : value_missing(),
				     .sentence = sentence && json_kind(sentence) == JSON_TEXT ? json_text(sentence) : TEXT(""),
				     .final = final && json_kind(final) == JSON_BOOL && json_bool(final)};

	return engine_answer(turning->loaded->engine, turning->entry->id, &answer, turning->now, &turning->turns->ports,
			     &turning->turn, turning->error);
}

static enum status decision_turn(struct turning *turning)
{
	const struct json *approved = turning->content ? json_member(turning->content, TEXT("approved")) : NULL;

	return engine_decide(turning->loaded->engine, turning->entry->id,
			     approved && json_kind(approved) == JSON_BOOL && json_bool(approved), value_missing(), turning->now,
			     &turning->turns->ports, &turning->turn, turning->error);
}

static enum status resumed_turn(struct turning *turning)
{
	struct text how = json_member_text(turning->content, "resume");
	enum resume resume = text_is(how, "retry") ? RESUME_RETRY : text_is(how, "cancel") ? RESUME_CANCEL : RESUME_GO_ON;

	return engine_resume(turning->loaded->engine, turning->entry->id, resume, value_missing(), turning->now,
			     &turning->turns->ports, &turning->turn, turning->error);
}

static enum status activated_turn(struct turning *turning)
{
	return engine_activate(turning->loaded->engine, turning->now, &turning->turns->ports, &turning->turn, turning->error);
}

enum status (*const TURNS[ENTRY_ORIGIN_COUNT])(struct turning *turning) = {
	[ENTRY_EVENT] = event_turn,         [ENTRY_RECEIVED] = received_turn, [ENTRY_TIMER] = timer_turn,
	[ENTRY_ANSWER] = answer_turn,       [ENTRY_DECISION] = decision_turn, [ENTRY_RESUMED] = resumed_turn,
	[ENTRY_ACTIVATED] = activated_turn, [ENTRY_MOVED] = moved_turn};

/* --- what a turn sent out goes into the outbox */
static enum status outgoing_keep(struct turning *turning, struct turned *turned)
{
	struct turns *turns = turning->turns;
	enum status status = OK;

	for (uint32_t i = 0; status == OK && i < turning->turn->plan.outgoing.count; i++) {
		const struct outgoing *outgoing = &turning->turn->plan.outgoing.items[i];
		bool calls = outgoing->kind == OUTGOING_CALL;
		struct call call = {.tenant = turning->entry->tenant,
				    .id = outgoing->id,
				    .state = CALL_DUE,
				    .connector = calls ? outgoing->action->connector->name : TEXT("notify"),
				    .action = calls ? outgoing->action->name : outgoing->notice->role,
				    .arguments = outgoing_text(&turns->arena, outgoing),
				    .request = outgoing->request,
				    .repeatable = calls ? outgoing->action->repeatable : NOTICE_REPEATABLE,
				    .traceparent = call_traceparent(&turns->arena, turning->entry, outgoing->id),
				    .made_at = turning->now,
				    .due_at = turning->now};
		status = call_add(turns->store, &call, turning->error);
		turned->calls++;
	}
	return status;
}

static void timers_look(const struct turning *turning, struct turned *turned)
{
	const struct plan *plan = &turning->turn->plan;

	for (uint32_t i = 0; i < plan->changes.count; i++)
		turned->timers +=
			plan->changes.items[i]->entity->index == SYSTEM_TIMER && plan->changes.items[i]->kind != CHANGE_DELETE;
}

static void rules_look(const struct turning *turning, struct turned *turned)
{
	for (uint32_t i = 0; i < turning->turn->trace.rules.count; i++)
		turned->failed_rules += turning->turn->trace.rules.items[i].outcome == OUTCOME_FAILED;
}

enum status plan_keep(struct turning *turning, struct turned *turned)
{
	struct turns *turns = turning->turns;
	enum status status = store_apply(turns->store, &turning->turn->plan, turning->error);

	if (status == OK)
		status = outgoing_keep(turning, turned);
	if (status != OK)
		return status;
	timers_look(turning, turned);
	rules_look(turning, turned);
	turning->entry->trace = trace_text(&turns->arena, turning->loaded->program, turning->turn);
	if (turns->heard)
		turns->heard(turns->context, turning->loaded, turning->turn);
	return OK;
}

/* --- one entry */
static enum status entry_settle(struct turning *turning)
{
	struct entry *entry = turning->entry;
	bool is_new;
	enum status status;

	entry->handled_at = turning->now;
	if (entry->number) {
		status = journal_settle(turning->turns->store, entry, turning->error);
		turning->is_taken = status == CONFLICT;
		return status == CONFLICT ? OK : status;
	}
	if (turning->is_double)
		return journal_record_double(turning->turns->store, entry, turning->error);
	status = journal_record(turning->turns->store, entry, &is_new, turning->error);
	turning->is_taken = status == OK && !is_new;
	return status;
}

static bool is_refusal(enum status status)
{
	return status == CONFLICT || status == INVALID || status == LIMIT || status == NOT_FOUND || status == DENIED;
}

/* Events with a key are known by it, however often and under whatever names they are sent. */
static bool is_keyed(const struct turning *turning)
{
	const struct event_kind *kind = turning->entry->origin == ENTRY_EVENT
						? schema_event(&turning->loaded->program->schema, turning->entry->type)
						: NULL;

	return kind && kind->has_key;
}

/* Nothing of it has happened yet. */
static enum status turn_reckon(struct turning *turning, struct turned *none)
{
	struct turns *turns = turning->turns;
	struct entry *entry = turning->entry;
	enum status status = programs_of(turns->programs, entry->tenant, &turning->loaded, turning->error);

	if (status == OK && !entry->number && !is_keyed(turning))
		status = journal_has(turns->store, entry, &turning->is_double, turning->error);
	if (status != OK || turning->is_double)
		return status;
	if (entry->content.length && !turning->content)
		status = json_parse(&turns->arena, entry->content, &turning->content, turning->error);
	if (status != OK)
		return status;
	(void)none;
	entry->program = turning->loaded->program->hash;
	engine_ready(turns, turning->loaded);
	store_turn(turns->store, turning->now, entry->id);
	return TURNS[entry->origin](turning);
}

static enum status within_memory(struct turning *turning, struct turned *turned,
				 enum status (*work)(struct turning *turning, struct turned *turned))
{
	struct turns *turns = turning->turns;
	enum status status;
	jmp_buf jump;

	if (arena_guard(&turns->arena, jump))
		status = error_set(turning->error, LIMIT, "the event takes more than %d MB of memory", ENTRY_MEMORY >> 20);
	else
		status = work(turning, turned);
	turns->arena.escape = NULL;
	return status;
}

static enum status entry_reckon(struct turning *turning)
{
	turning->turn = NULL;
	turning->event = NULL;
	turning->elsewhere = (stack_list){0};
	turning->content = turning->parsed;
	turning->is_double = turning->is_taken = false;
	arena_reset(&turning->turns->arena);
	store_use_tenant(turning->turns->store, turning->entry->tenant);
	return elsewhere_find(turning, within_memory(turning, NULL, turn_reckon));
}

/* The plan and its settling. */
static enum status entry_keep(struct turning *turning, struct turned *turned)
{
	enum status status = turning->turn ? within_memory(turning, turned, plan_keep) : OK;

	turning->entry->state = ENTRY_DONE;
	return status == OK ? entry_settle(turning) : status;
}

static enum status entry_do(struct turning *turning, struct turned *turned)
{
	enum status status = entry_reckon(turning);

	if (status != OK && status != FOREIGN)
		return status;
	if (!turning->elsewhere.count)
		return status == OK ? entry_keep(turning, turned) : status;
	status = within_memory(turning, turned, status == FOREIGN ? foreign_run : signals_run);
	turning->entry->state = ENTRY_DONE;
	return status == OK ? entry_settle(turning) : status;
}

static enum status entry_try(struct turning *turning, struct turned *turned)
{
	struct turns *turns = turning->turns;
	struct turned before = *turned;
	enum status status = store_begin(turns->store, turning->error);

	if (status != OK)
		return status;
	status = entry_do(turning, turned);
	if (status == OK && !turning->is_taken)
		status = store_commit(turns->store, turning->error);
	else
		store_rollback(turns->store);
	if (status != OK || turning->is_taken)
		*turned = before;
	return status;
}

static void burial_tell(const struct turning *turning)
{
	const struct entry *entry = turning->entry;
	struct traceparent trace;

	entry_trace(entry, &trace);
	log_about(programs_name(turning->turns->programs, entry->tenant), text_from(trace.trace_id));
	log_line(LOG_WARNING, "%.*s can not be handled: %.*s (`stellwerk events dead` decides)",
		 TEXT_ARGS(entry->type.length ? entry->type : text_from(entry_origin_name(entry->origin))),
		 TEXT_ARGS(entry->sentence));
	log_about(TEXT(""), TEXT(""));
}

static enum status entry_bury(struct turning *turning, struct turned *turned)
{
	struct entry *entry = turning->entry;
	moment again = entry->attempts >= DEATHS_MOST ? TIMER_ASIDE : turning->now + TIMER_AGAIN;
	bool is_new;

	entry->state = ENTRY_DEAD;
	entry->sentence = text_copy(&turning->turns->kept, text_from(turning->error->sentence));
	entry->trace = TEXT("");
	entry->attempts++;
	turned->dead++;
	entry->handled_at = turning->now;
	burial_tell(turning);
	if (entry->origin == ENTRY_TIMER) {
		enum status status = store_timer_put_off(turning->turns->store, entry->id, again, turning->error);
		if (status != OK)
			return status;
	}
	if (entry->number)
		return journal_settle(turning->turns->store, entry, turning->error);
	return journal_record(turning->turns->store, entry, &is_new, turning->error);
}

/* One that was found dead before it came here is only recorded. */
static enum status dead_keep(struct turning *turning, struct turned *turned)
{
	error_set(turning->error, INVALID, "%.*s", TEXT_ARGS(turning->entry->sentence));
	store_use_tenant(turning->turns->store, turning->entry->tenant);
	enum status status = entry_bury(turning, turned);
	store_batch_keep(turning->turns->store);
	return status;
}

/* Each for itself, so that what is refused harms no other. */
static enum status entry_handle(struct turning *turning, struct turned *turned)
{
	enum status status = CONFLICT;

	if (turning->entry->state == ENTRY_DEAD)
		return dead_keep(turning, turned);
	/* somebody else may have written the same rows in between; what is read again is what he wrote */
	for (int tries = 0; status == CONFLICT && tries < TURN_TRIES; tries++)
		status = entry_try(turning, turned);
	if (is_refusal(status))
		return entry_bury(turning, turned);
	if (status != OK)
		return status;
	if (turning->is_double || turning->is_taken)
		turned->doubles++;
	else
		turned->done++;
	return OK;
}

static void counted(const struct turned *turned, uint32_t count, int64_t microseconds)
{
	metric_add(METRIC_TURNS_DONE, turned->done);
	metric_add(METRIC_TURNS_DOUBLE, turned->doubles);
	metric_add(METRIC_TURNS_DEAD, turned->dead);
	metric_add(METRIC_TURNS_RULES_FAILED, turned->failed_rules);
	metric_observe(METRIC_TRANSACTION_TIME, microseconds);
	metric_observe(METRIC_TRANSACTION_TURNS, count);
}

struct batch {
	struct entry *entries;
	uint32_t count;
	moment now;
	also_fn *also;
	void *context;
};

/* Parsed once, for each turn is run more than once. What can not be read is found again when it is its turn. */
static const struct json **contents_read(struct turns *turns, const struct batch *batch)
{
	const struct json **contents = arena_array(&turns->kept, const struct json *, batch->count);
	struct error ignored;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct text content = batch->entries[i].content;
		if (content.length && content.length <= SCOUT_CONTENT &&
		    json_parse(&turns->kept, content, &contents[i], &ignored) != OK)
			contents[i] = NULL;
	}
	return contents;
}

/* --- a batch in a hurry: good only if all of it goes well. docs/decisions/0017-turns-are-scouted.md */
static enum status reckoned_keep(struct turning *turning, enum status status, struct turned *turned)
{
	if (status == OK)
		status = entry_keep(turning, turned);
	store_batch_keep(turning->turns->store);
	turned->done += status == OK && !turning->is_double;
	turned->doubles += status == OK && turning->is_double;
	return status == OK && turning->is_taken ? CONFLICT : status;
}

/* From entry `*kept` on: a turn that asked for nothing unknown is kept when all before it are; the others have scouted. `*kept`
 * comes to the first that is not. */
static enum status round_run(struct turns *turns, const struct batch *batch, const struct json **contents, bool *scouted,
			     uint32_t *kept, struct turned *turned, struct error *error)
{
	uint32_t first = *kept;
	bool in_order = true;

	for (uint32_t i = first; i < batch->count; i++) {
		struct entry *entry = &batch->entries[i];
		struct turning turning = {
			.turns = turns, .entry = entry, .parsed = contents[i], .now = batch->now, .error = error};
		uint32_t missed = store_batch_missed(turns->store);
		if (entry->state == ENTRY_DEAD) {
			enum status buried = in_order ? dead_keep(&turning, turned) : OK;
			if (buried != OK)
				return buried;
			*kept += in_order;
			continue;
		}
		if (!in_order && (scouted[i] || (entry->content.length && !contents[i])))
			continue;
		enum status status = entry_reckon(&turning);
		if (turning.elsewhere.count) /* a batch keeps rows by the program that read them */
			return error_set(error, CONFLICT, "it is about workflows of other versions of the packs");
		if (status != OK && !is_refusal(status))
			return status;
		scouted[i] = store_batch_missed(turns->store) == missed;
		in_order = in_order && scouted[i];
		if (!in_order) {
			store_batch_undo(turns->store);
			continue;
		}
		status = reckoned_keep(&turning, status, turned);
		if (status != OK)
			return status;
		(*kept)++;
	}
	return OK;
}

static enum status entries_hurry(struct turns *turns, const struct batch *batch, struct turned *turned, struct error *error)
{
	const struct json **contents = contents_read(turns, batch);
	bool *scouted = arena_array(&turns->kept, bool, batch->count), scouting = true;
	uint32_t kept = 0;
	enum status status = OK;

	store_batch_begin(turns->store);
	for (int round = 0; status == OK && kept < batch->count; round++) {
		scouting = batch->count > 1 && store_is_remote(turns->store) && round < SCOUT_ROUNDS;
		store_batch_scout(turns->store, scouting);
		status = round_run(turns, batch, contents, scouted, &kept, turned, error);
		if (status == OK)
			status = store_batch_fetch(turns->store, error);
	}
	return status == OK ? store_batch_write(turns->store, error) : status;
}

static enum status entries_handle(struct turns *turns, const struct batch *batch, struct turned *turned, struct error *error)
{
	enum status status = OK;

	for (uint32_t i = 0; status == OK && i < batch->count; i++) {
		struct turning turning = {.turns = turns, .entry = &batch->entries[i], .now = batch->now, .error = error};
		status = entry_handle(&turning, turned);
	}
	return status;
}

/* --- one transaction */
static enum status batch_run(struct turns *turns, const struct batch *batch, bool hurried, struct turned *turned,
			     struct error *error)
{
	enum status status = store_begin_turns(turns->store, error);
	bool changed;

	*turned = (struct turned){0};
	if (status != OK)
		return status;
	status = programs_refresh(turns->programs, &changed, error);
	if (status != OK) {
		store_rollback(turns->store);
		return status;
	}
	store_check_late(turns->store, hurried);
	status = (hurried ? entries_hurry : entries_handle)(turns, batch, turned, error);
	if (status == OK && batch->also)
		status = batch->also(batch->context, turns->store, error);
	if (status == OK && turned->calls)
		status = store_call(turns->store, role_name(ROLE_COURIER), error);
	if (status == OK && turned->timers)
		status = store_call(turns->store, role_name(ROLE_CLOCK), error);
	if (status == OK) {
		FAULT("turn.written");
		status = store_commit(turns->store, error);
		if (status == OK)
			FAULT("turn.committed");
		return status;
	}
	store_rollback(turns->store);
	return status;
}

enum status turns_run_with(struct turns *turns, struct entry *entries, uint32_t count, moment now, also_fn *also, void *context,
			   struct turned *turned_out, struct error *error)
{
	struct batch batch = {entries, count, now, also, context};
	int64_t begun = metric_clock();

	arena_reset(&turns->kept);
	struct entry *before = arena_copy(&turns->kept, entries, count * sizeof *entries);
	enum status status = batch_run(turns, &batch, true, turned_out, error);
	if (is_refusal(status)) {
		memcpy(entries, before, count * sizeof *entries);
		if (turns->heard)
			turns->heard(turns->context, NULL, NULL);
		status = batch_run(turns, &batch, false, turned_out, error);
		turned_out->one_by_one = true;
	}
	if (status == OK)
		counted(turned_out, count, metric_clock() - begun);
	return status;
}

enum status turns_run(struct turns *turns, struct entry *entries, uint32_t count, moment now, struct turned *turned_out,
		      struct error *error)
{
	return turns_run_with(turns, entries, count, now, NULL, NULL, turned_out, error);
}
