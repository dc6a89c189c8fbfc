/* Compares two replays of one tape by what they have written down: journals turn by turn, outboxes call by call, and the rows
 * that either has touched. Memory grows with what was touched, not with what is stored. */
#include "runtime/difference.h"

#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/map.h"
#include "engine/model/trace.h"
#include "runtime/explain.h"
#include "runtime/store/outbox.h"

enum { READ_AT_ONCE = 1000 };

struct side {
	struct replay *replay;
	struct store *store;
	const struct program *program;
	struct ports ports;
};

struct comparing {
	const struct tape *tape;
	const struct parting *parting;
	struct side sides[2]; /* then, now */
	struct difference *difference;
	struct arena *arena;
	struct arena scratch; /* one turn, one row, one page */
	struct error *error;
};

enum { THEN, NOW };

static struct text id_key(struct arena *arena, struct record_id id)
{
	return (struct text){arena_copy(arena, &id, sizeof id), sizeof id};
}

/* --- how often */
static uint32_t *counter(struct counted *counted, int side)
{
	return side == THEN ? &counted->then : &counted->now;
}

static struct counted *counted_of(struct map *map, struct arena *arena, struct text name)
{
	struct counted *counted = map_get(map, name);

	if (counted)
		return counted;
	counted = arena_new(arena, struct counted);
	counted->name = text_copy(arena, name);
	map_put(map, counted->name, counted);
	return counted;
}

static int by_name(const void *left, const void *right)
{
	const struct counted *a = left, *b = right;
	uint32_t length = a->name.length < b->name.length ? a->name.length : b->name.length;
	int order = memcmp(a->name.bytes, b->name.bytes, length);

	return order ? order : (a->name.length > b->name.length) - (a->name.length < b->name.length);
}

static void counted_list_make(const struct map *map, struct arena *arena, bool only_differing, counted_list *list)
{
	for (uint32_t i = 0; i < map->capacity; i++) {
		const struct counted *counted = map->entries[i].value;
		if (counted && (!only_differing || counted->then != counted->now))
			*list_add(arena, list) = *counted;
	}
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_name);
}

/* --- whether the past came again */
static uint64_t mixed(uint64_t hash, struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		hash = (hash ^ (unsigned char)text.bytes[i]) * 1099511628211u; /* FNV-1a, 64 bits */
	return (hash ^ text.length) * 1099511628211u;
}

static uint64_t change_mixed(uint64_t hash, const struct past_change *change)
{
	const struct text record = {(const char *)&change->record, sizeof change->record};
	const struct text parts[] = {change->entity, change->change, record, change->rule, change->before, change->after};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		hash = mixed(hash, parts[i]);
	return hash;
}

/* Of each turn that changed something: what all its changes come to, in their order. */
static enum status turns_digest(struct store *store, int64_t tenant, moment until, struct arena *arena, struct map *turns,
				struct error *error)
{
	struct arena page;
	past_list changes;
	int64_t after = 0;
	enum status status;

	arena_init(&page, "a page of history", 0);
	while ((status = past_read(store, &page, tenant, after, until, READ_AT_ONCE, &changes, error)) == OK && changes.count) {
		for (uint32_t i = 0; i < changes.count; i++) {
			const struct past_change *change = &changes.items[i];
			uint64_t *digest = map_get(turns, (struct text){(const char *)&change->turn, sizeof change->turn});
			if (!digest) {
				digest = arena_new(arena, uint64_t);
				map_put(turns, id_key(arena, change->turn), digest);
			}
			*digest = change_mixed(*digest, change);
		}
		after = changes.items[changes.count - 1].number;
		arena_reset(&page);
	}
	arena_release(&page);
	return status;
}

static void turns_compare(const struct map *recorded, const struct map *repeated, struct fidelity *fidelity)
{
	for (uint32_t i = 0; i < recorded->capacity; i++) {
		const struct map_entry *entry = &recorded->entries[i];
		const uint64_t *again = entry->value ? map_get(repeated, entry->key) : NULL;
		if (!entry->value || (again && *again == *(const uint64_t *)entry->value))
			continue;
		if (!fidelity->other++)
			memcpy(&fidelity->first, entry->key.bytes, sizeof fidelity->first);
	}
	for (uint32_t i = 0; i < repeated->capacity; i++)
		if (repeated->entries[i].value && !map_get(recorded, repeated->entries[i].key))
			fidelity->other++;
}

enum status fidelity_find(const struct tape *tape, struct replay *replay, moment until, struct arena *arena,
			  struct fidelity *fidelity_out, struct error *error)
{
	struct map recorded = map_in(arena), repeated = map_in(arena);
	enum status status = turns_digest(tape->store, tape->tenant.number, until, arena, &recorded, error);

	if (status == OK)
		status = turns_digest(replay_store(replay), REPLAY_TENANT, until, arena, &repeated, error);
	*fidelity_out = (struct fidelity){.turns = recorded.count};
	if (status == OK)
		turns_compare(&recorded, &repeated, fidelity_out);
	return status;
}

enum status parting_here(struct replay *replay, moment at, struct parting *parting_out, struct error *error)
{
	*parting_out = (struct parting){.at = at};
	enum status status = past_newest(replay_store(replay), &parting_out->history, error);
	return status == OK ? journal_newest(replay_store(replay), &parting_out->journal, error) : status;
}

/* --- turns: which rules decided, and whether it could be handled at all */
static struct text item_text(const struct json *item)
{
	return item && json_kind(item) == JSON_TEXT ? json_text(item) : TEXT("");
}

/* ["rule", event, "outcome", …] as "rule outcome"; empty: it did not decide anything. */
static struct text rule_decided(struct arena *arena, const struct json *rule)
{
	const struct json *name = json_first(rule), *event = name ? json_next(name) : NULL;
	struct text outcome = item_text(event ? json_next(event) : NULL);

	if (text_is(outcome, outcome_name(OUTCOME_UNKNOWN)) || text_is(outcome, outcome_name(OUTCOME_NOT_VALID)))
		return TEXT("");
	return text_format(arena, "%.*s %.*s", TEXT_ARGS(item_text(name)), TEXT_ARGS(outcome));
}

static const struct json *trace_rules(struct arena *arena, struct text trace)
{
	const struct json *json;
	struct error ignored;

	if (!trace.length || json_parse(arena, trace, &json, &ignored) != OK)
		return NULL;
	const struct json *rules = json_member(json, TEXT("rules"));
	return rules ? json_first(rules) : NULL;
}

struct text rules_decided(struct arena *arena, struct text trace)
{
	struct text_builder text = {.arena = arena};

	for (const struct json *rule = trace_rules(arena, trace); rule; rule = json_next(rule)) {
		struct text decided = rule_decided(arena, rule);
		if (decided.length)
			builder_format(&text, "%s%.*s", text.length ? ", " : "", TEXT_ARGS(decided));
	}
	return builder_text(&text);
}

static void outcomes_count(struct comparing *comparing, int side, struct text trace, struct map *outcomes)
{
	for (const struct json *rule = trace_rules(&comparing->scratch, trace); rule; rule = json_next(rule)) {
		struct text decided = rule_decided(&comparing->scratch, rule);
		if (decided.length)
			++*counter(counted_of(outcomes, comparing->arena, decided), side);
	}
}

struct decided {
	uint64_t digest;
	int64_t number; /* in the journal of its side */
};

static uint64_t entry_digest(const struct entry *entry, struct text rules)
{
	return mixed(mixed(entry->state, rules), entry->state == ENTRY_DEAD ? entry->sentence : TEXT(""));
}

static struct text entry_key(struct arena *arena, const struct entry *entry)
{
	return text_format(arena, "%d %016llx%016llx", entry->origin, (unsigned long long)entry->id.high,
			   (unsigned long long)entry->id.low);
}

typedef enum status turn_fn(struct comparing *comparing, const struct entry *entry, struct text rules, void *context);

static enum status turns_each(struct comparing *comparing, int side, struct map *outcomes, turn_fn *each, void *context)
{
	struct entry_filter filter = {
		.tenant = REPLAY_TENANT, .after = comparing->parting->journal, .since = INT64_MIN, .most = READ_AT_ONCE};
	struct arena page;
	entry_list entries;
	enum status status;

	arena_init(&page, "a page of the journal", 0);
	while ((status = journal_list(comparing->sides[side].store, &page, &filter, &entries, comparing->error)) == OK &&
	       entries.count) {
		for (uint32_t i = 0; i < entries.count && status == OK; i++) {
			const struct entry *entry = &entries.items[i];
			outcomes_count(comparing, side, entry->trace, outcomes);
			status = each(comparing, entry, rules_decided(&comparing->scratch, entry->trace), context);
			arena_reset(&comparing->scratch);
		}
		if (status != OK)
			break;
		filter.after = entries.items[entries.count - 1].number;
		arena_reset(&page);
	}
	arena_release(&page);
	return status;
}

static enum status turn_remember(struct comparing *comparing, const struct entry *entry, struct text rules, void *context)
{
	struct map *decided = context;
	struct decided *one = arena_new(comparing->arena, struct decided);

	*one = (struct decided){entry_digest(entry, rules), entry->number};
	if (entry->origin != ENTRY_TIMER && entry->origin != ENTRY_ACTIVATED)
		map_put(decided, entry_key(comparing->arena, entry), one);
	return OK;
}

static enum status rules_of(struct comparing *comparing, int side, int64_t number, struct text *rules_out,
			    struct text *dead_out)
{
	struct entry entry;
	enum status status = journal_read(comparing->sides[side].store, &comparing->scratch, number, &entry, comparing->error);

	if (status != OK)
		return status;
	*rules_out = text_copy(comparing->arena, rules_decided(&comparing->scratch, entry.trace));
	*dead_out = entry.state == ENTRY_DEAD ? text_copy(comparing->arena, entry.sentence) : TEXT("");
	return OK;
}

/* As the service knows it: people ask for it by its number there. */
static enum status recorded_entry(struct comparing *comparing, const struct entry *entry, struct entry *recorded)
{
	struct entry_filter filter = {
		.tenant = comparing->tape->tenant.number, .since = INT64_MIN, .has_id = true, .id = entry->id, .most = 1};
	entry_list found;
	enum status status = journal_list(comparing->tape->store, comparing->arena, &filter, &found, comparing->error);

	if (status == OK && found.count)
		*recorded = found.items[0];
	return status;
}

static enum status turn_compare(struct comparing *comparing, const struct entry *entry, struct text rules, void *context)
{
	struct difference *difference = comparing->difference;
	const struct decided *then = map_get(context, entry_key(&comparing->scratch, entry));

	if (!then)
		return OK;
	difference->turns++;
	if (then->digest == entry_digest(entry, rules))
		return OK;
	if (difference->turns_other++ >= difference->most)
		return OK;
	struct turn_difference *turned = list_add(comparing->arena, &difference->turned);
	enum status status = recorded_entry(comparing, entry, &turned->then);
	if (status == OK)
		status = rules_of(comparing, THEN, then->number, &turned->rules_then, &turned->dead_then);
	return status == OK ? rules_of(comparing, NOW, entry->number, &turned->rules_now, &turned->dead_now) : status;
}

static enum status turns_find(struct comparing *comparing)
{
	struct map outcomes = map_in(comparing->arena), decided = map_in(comparing->arena);
	enum status status = turns_each(comparing, THEN, &outcomes, turn_remember, &decided);

	if (status == OK)
		status = turns_each(comparing, NOW, &outcomes, turn_compare, &decided);
	counted_list_make(&outcomes, comparing->arena, true, &comparing->difference->outcomes);
	return status;
}

/* --- what was sent out */
static enum status calls_count(struct comparing *comparing, int side, struct map *actions, struct map *sent)
{
	call_list calls;
	enum status status = calls_made(comparing->sides[side].store, &comparing->scratch, REPLAY_TENANT,
					comparing->parting->at, &calls, comparing->error);

	for (uint32_t i = 0; status == OK && i < calls.count; i++) {
		const struct call *call = &calls.items[i];
		struct text action = text_is(call->connector, "notify")
					     ? text_format(&comparing->scratch, "notify %.*s", TEXT_ARGS(call->action))
					     : call->action;
		++*counter(counted_of(actions, comparing->arena, action), side);
		++*counter(counted_of(sent, comparing->arena,
				      text_format(&comparing->scratch, "%.*s %.*s", TEXT_ARGS(action),
						  TEXT_ARGS(call->arguments))),
			   side);
	}
	arena_reset(&comparing->scratch);
	return status;
}

static enum status calls_find(struct comparing *comparing)
{
	struct difference *difference = comparing->difference;
	struct map actions = map_in(comparing->arena), sent = map_in(comparing->arena);
	enum status status = calls_count(comparing, THEN, &actions, &sent);

	if (status == OK)
		status = calls_count(comparing, NOW, &actions, &sent);
	counted_list_make(&actions, comparing->arena, true, &difference->calls);
	counted_list_make(&sent, comparing->arena, true, &difference->sent);
	for (uint32_t i = 0; i < difference->sent.count; i++) {
		const struct counted *one = &difference->sent.items[i];
		difference->calls_other += one->then > one->now ? one->then - one->now : one->now - one->then;
	}
	if (difference->sent.count > difference->most)
		difference->sent.count = difference->most;
	return status;
}

/* --- records */
struct touched {
	struct text entity;
	struct record_id id;
};
typedef LIST(struct touched) touched_list;

static enum status touched_add(struct comparing *comparing, int side, struct map *known, touched_list *touched)
{
	int64_t after = comparing->parting->history;
	past_list changes;
	enum status status;

	while ((status = past_read(comparing->sides[side].store, &comparing->scratch, REPLAY_TENANT, after, INT64_MAX,
				   READ_AT_ONCE, &changes, comparing->error)) == OK &&
	       changes.count) {
		for (uint32_t i = 0; i < changes.count; i++) {
			struct record_id id = changes.items[i].record;
			if (map_get(known, (struct text){(const char *)&id, sizeof id}))
				continue;
			map_put(known, id_key(comparing->arena, id), known);
			*list_add(comparing->arena, touched) =
				(struct touched){text_copy(comparing->arena, changes.items[i].entity), id};
		}
		after = changes.items[changes.count - 1].number;
		arena_reset(&comparing->scratch);
	}
	return status;
}

/* `values_out`: NULL when there is no such row, or no such entity. */
static enum status row_read(struct comparing *comparing, int side, const struct touched *touched,
			    const struct entity **entity_out, struct value **values_out)
{
	struct side *from = &comparing->sides[side];
	const struct entity *entity = schema_entity(&from->program->schema, touched->entity);

	*entity_out = entity;
	*values_out = NULL;
	if (!entity)
		return OK;
	store_use_program(from->store, from->program);
	store_use_tenant(from->store, REPLAY_TENANT);
	struct value *values = arena_array(&comparing->scratch, struct value, entity->field_count);
	enum status status =
		from->ports.read(from->ports.host, &comparing->scratch, entity, touched->id, values, comparing->error);
	if (status == OK)
		*values_out = values;
	return status == NOT_FOUND ? OK : status;
}

/* One record less, and all numbers behind it are others: that says nothing of a record itself. */
static bool is_compared(const struct field *field)
{
	return field->index >= FIELD_FIRST_OWN && !field->computed && !field->sequence && field->type->kind != TYPE_SECRET;
}

static struct text json_of(struct arena *arena, const struct field *field, const struct value *values)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	if (!field || !values || values[field->index].kind == VALUE_MISSING)
		return TEXT("");
	value_to_json(&writer, values[field->index], field->type);
	return builder_text(&text);
}

static struct drawing drawing_of(struct comparing *comparing, int side, struct arena *arena)
{
	return (struct drawing){stdout, arena, comparing->sides[side].program, &comparing->sides[side].ports};
}

static struct text shown(struct comparing *comparing, int side, const struct field *field, const struct value *values)
{
	struct drawing drawing = drawing_of(comparing, side, comparing->arena);

	if (!field || !values || values[field->index].kind == VALUE_MISSING)
		return TEXT("");
	return text_copy(comparing->arena, value_describe_whole(&drawing, values[field->index]));
}

struct pair {
	const struct touched *touched;
	const struct entity *entities[2];
	struct value *values[2];
};

/* A field that only the packs of now have counts when it is set. NULL: this one is the same. */
static bool field_differs(struct comparing *comparing, const struct pair *pair, const struct field *then,
			  const struct field *now)
{
	return !text_equal(json_of(&comparing->scratch, then, pair->values[THEN]),
			   json_of(&comparing->scratch, now, pair->values[NOW]));
}

static bool fields_find(struct comparing *comparing, const struct pair *pair, struct record_difference *into)
{
	bool any = false;

	for (int side = THEN; side <= NOW; side++) {
		for (uint32_t i = 0; i < pair->entities[side]->field_count; i++) {
			const struct field *own = &pair->entities[side]->fields[i];
			const struct field *other = entity_field(pair->entities[!side], own->name);
			if (!is_compared(own) || (other && side == NOW)) /* those of both were compared from the other side */
				continue;
			const struct field *then = side == THEN ? own : other, *now = side == THEN ? other : own;
			if (!field_differs(comparing, pair, then, now))
				continue;
			any = true;
			if (into)
				*list_add(comparing->arena, &into->fields) =
					(struct field_difference){own->name, shown(comparing, THEN, then, pair->values[THEN]),
								  shown(comparing, NOW, now, pair->values[NOW])};
		}
	}
	return any;
}

static void record_name(struct comparing *comparing, const struct pair *pair, struct record_difference *record)
{
	int side = pair->values[THEN] ? THEN : NOW;
	struct drawing drawing = drawing_of(comparing, side, comparing->arena);

	record->entity = pair->touched->entity;
	record->id = pair->touched->id;
	record->name = text_copy(comparing->arena, record_describe(&drawing, pair->entities[side], pair->values[side]));
}

static enum status record_compare(struct comparing *comparing, const struct touched *touched, struct map *entities)
{
	struct difference *difference = comparing->difference;
	struct pair pair = {.touched = touched};
	enum status status = OK;

	for (int side = THEN; side <= NOW && status == OK; side++)
		status = row_read(comparing, side, touched, &pair.entities[side], &pair.values[side]);
	if (status != OK || (!pair.values[THEN] && !pair.values[NOW]))
		return status;
	difference->records++;
	bool both = pair.values[THEN] && pair.values[NOW];
	if (both && !fields_find(comparing, &pair, NULL))
		return OK;
	struct counted *counted = counted_of(entities, comparing->arena, touched->entity);
	++*(both ? &counted->other : counter(counted, pair.values[THEN] ? THEN : NOW));
	if (difference->records_other++ >= difference->most)
		return OK;
	struct record_difference *record = list_add(comparing->arena, &difference->named);
	record->kind = both ? RECORD_OTHER : pair.values[THEN] ? RECORD_ONLY_THEN : RECORD_ONLY_NOW;
	record_name(comparing, &pair, record);
	if (both)
		fields_find(comparing, &pair, record);
	return OK;
}

static enum status records_find(struct comparing *comparing)
{
	struct map known = map_in(comparing->arena), entities = map_in(comparing->arena);
	touched_list touched = {0};
	enum status status = touched_add(comparing, THEN, &known, &touched);

	if (status == OK)
		status = touched_add(comparing, NOW, &known, &touched);
	for (uint32_t i = 0; i < touched.count && status == OK; i++) {
		status = record_compare(comparing, &touched.items[i], &entities);
		arena_reset(&comparing->scratch);
	}
	counted_list_make(&entities, comparing->arena, false, &comparing->difference->entities);
	return status;
}

/* --- all of it */
static enum status side_open(struct side *side, struct replay *replay, struct error *error)
{
	const struct loaded *loaded;
	enum status status = replay_loaded(replay, &loaded, error);

	*side = (struct side){.replay = replay, .store = replay_store(replay)};
	store_ports(side->store, &side->ports);
	if (status == OK)
		side->program = loaded->program;
	return status;
}

enum status difference_find(const struct tape *tape, struct replay *then, struct replay *now, const struct parting *parting,
			    uint32_t most, struct arena *arena, struct difference *difference_out, struct error *error)
{
	struct comparing comparing = {
		.tape = tape, .parting = parting, .difference = difference_out, .arena = arena, .error = error};

	*difference_out = (struct difference){.arena = arena, .most = most};
	arena_init(&comparing.scratch, "a comparison", 0);
	enum status status = side_open(&comparing.sides[THEN], then, error);
	if (status == OK)
		status = side_open(&comparing.sides[NOW], now, error);
	if (status == OK)
		status = turns_find(&comparing);
	if (status == OK)
		status = calls_find(&comparing);
	if (status == OK)
		status = records_find(&comparing);
	arena_release(&comparing.scratch);
	return status;
}

bool difference_is_none(const struct difference *difference)
{
	return !difference->outcomes.count && !difference->turns_other && !difference->calls_other &&
	       !difference->records_other;
}
