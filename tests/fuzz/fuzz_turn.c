/* Bytes choose events, acts of people, answers and times; a small pack that uses most of the language makes turns of them, on
 * the host and store of `simulate`. What must hold: the store refuses no plan, the same input in another world gives the same
 * plans with the same ids, and what ends a turn is a sentence. */
#include "engine/model/system.h"
#include "runtime/world.h"
#include "tests/fuzz/fuzz_pack.h"

enum { START = 1775030400, STEPS_MOST = 40, ITEMS_MOST = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

static const char PACK[] =
	"pack fuzz \"1.0.0\" { title \"Fuzz\"; zone Europe/Berlin; calendar office }\n"
	"holidays feast { fixed 05-01; easter + 1 }\n"
	"calendar office { zone Europe/Berlin; mon..fri 08:00..12:00, 13:00..17:00; holidays feast }\n"
	"setting most int default 3\n"
	"role boss { read thing }\n"
	"entity group { name text required; tier enum(low, high) default low; head ref group }\n"
	"entity thing {\n"
	"  number text sequence \"T-{year}-{n:4}\"; name text required max 60; group ref group; parent ref thing\n"
	"  status enum(new, open, waiting, done) default new; level enum(low, normal, high) default normal\n"
	"  price money; share percent; count int default 0; due time; spent duration; tags list of text; answered time\n"
	"  notes int = count(thing_note where thing_note.thing == this)\n"
	"  transitions status { new -> open, waiting, done; open <-> waiting; open, waiting -> done; done -> open }\n"
	"  index group, status\n"
	"}\n"
	"entity thing_note { thing ref thing required; body text required; public bool default false }\n"
	"entity slot { place int required unique; label text; thing ref thing; note ref thing_note; locked bool default false\n"
	"  unique label, thing; sealed when slot.locked }\n"
	"entity seen_state { group ref group; word text required; times int default 0; last time }\n"
	"record group first { name = \"First\"; tier = high }\n"
	"record group second { name = \"Second\"; head = first }\n"
	"event rung { source text; word text; group ref group; level thing.level default normal; n int; price money }\n"
	"event quiet { word text; group ref group }\n"
	"event keyed { key_name text key; n int }\n"
	"event chain { n int default 0; thing ref thing }\n"
	"event go { thing ref thing; what text }\n"
	"event move { what text; thing ref thing; slot ref slot; other ref slot; n int }\n"
	"connector shop { base \"https://shop.example\"\n"
	"  action reserve(name text) -> record(id text, count int) = POST \"/reserve\" { repeatable yes }\n"
	"  action release(id text) = POST \"/release\" { repeatable yes }\n"
	"  action pay(id text) = POST \"/pay\" { repeatable yes }\n"
	"}\n"
	"define is_big(t ref thing) -> bool = t.count > setting.most and t.price is set\n"
	"define mood(n int) -> text = case n { 0 -> \"calm\"; 1..3 -> \"fair\"; >= 100 -> \"storm\"; else -> \"busy\" }\n"
	"table route(word text, level thing.level, group ref group) -> group ref group, level thing.level {\n"
	"  hit first\n"
	"  | word       | level  | group.tier || group: | level: |\n"
	"  | starts \"a\" | *      | *          || first  | high   |\n"
	"  | *          | high   | high       || second | -      |\n"
	"  | \"b\", \"c\"   | *      | -          || -      | low    |\n"
	"  | *          | *      | *          || second | level  |\n"
	"}\n"
	"script weigh(n int, price money, tags list of text) -> record(total money, text text) from \"script.lua\"\n"
	"clock response on thing { starts on thing.created; stops when thing.answered is set\n"
	"  pauses while thing.status == waiting; calendar office; target if thing.level == high then 1h else 8h\n"
	"  reopened pause; warn at 50%, 90% }\n"
	"clock again on thing { starts on thing.created; stops when thing.status == done; calendar office; target 2 workdays\n"
	"  reopened restart }\n"
	"rule opens { on rung as r; when r.word is set; dedupe by r.word, r.group while thing.status != done\n"
	"  damp above 3 per 30min by r.word\n"
	"  then { let way = route(r.word, r.level, r.group default first)\n"
	"    create thing as t { name = r.word; group = way.group; level = way.level default normal; price = r.price\n"
	"      count = r.n default 0; tags = [r.word, r.source default \"-\"] }\n"
	"    if t.level == high { notify role boss \"high {t.number}\" } } }\n"
	"rule counts { on rung as r; when r.word is set; then {\n"
	"  upsert seen_state as s by group, word { group = r.group default first; word = r.word; last = now }\n"
	"  set s { times = s.times + 1 } } }\n"
	"rule calm { on rung as r; when r.level == low; once per 30min by r.word; at most 2 per 1h by r.group\n"
	"  then emit keyed { key_name = \"{r.word}\"; n = r.n } }\n"
	"rule lingers { on thing.created as t; when t.status == new; holds for 15min; then set t { status = open } }\n"
	"rule alone { on rung as r; when r.level == high; unless followed by quiet as q within 10min where q.word == r.word\n"
	"  then create thing { name = \"alone {r.word}\"; level = high } }\n"
	"rule big { on thing.updated as t; when is_big(t) and changed(t.count); then note t \"{before.count} {t.count} "
	"{t.notes}\" }\n"
	"rule weighs { on keyed as k; then { let w = weigh(k.n default 1, 1.50 EUR, [k.key_name])\n"
	"  create thing { name = w.text default \"?\"; price = w.total } } }\n"
	"rule divides { on keyed as k; when k.n is set; then create thing { name = \"{100 / k.n}\"; count = floor(1000 / (k.n "
	"+ 1)) } "
	"}\n"
	"rule links { on chain as c; when c.n > 0; then { emit chain { n = c.n - 1; thing = c.thing }\n"
	"  if c.thing is set { set c.thing { count = c.n } } } }\n"
	"rule failed { on rule.failed as f; then log \"{f.rule}: {f.sentence}\" }\n"
	"rule late { on response.breached as b; then set b.thing { tags = [\"late\"]; spent = b.thing.spent default 0min } }\n"
	"rule clears { on quiet as q; then { for each t in all(thing where thing.name == q.word) {\n"
	"  if q.group is set { delete t } else { set t { answered = now; group = unset } } } } }\n"
	"rule starts { on go as g; when g.thing is set; then {\n"
	"  if g.what == \"a\" { start buy(g.thing) }\n"
	"  if g.what == \"b\" { start wait_for_it(g.thing) }\n"
	"  if g.what == \"c\" { cancel buy(g.thing); cancel wait_for_it(g.thing); cancel ask(g.thing); cancel hear(g.thing) }\n"
	"  if g.what == \"first\" { start ask(g.thing) }\n"
	"  if g.what == \"\" { start hear(g.thing) }\n"
	"  if g.what == \"d\" { start both(g.thing); fail \"no\" }\n"
	"  if g.what == \"e\" { start both(g.thing) } } }\n"
	"rule fills { on move as m; when m.n is set; then {\n"
	"  create slot { place = m.n; label = m.what; thing = m.thing }\n"
	"  if m.slot is set { set m.slot { label = m.what; thing = m.thing } } } }\n"
	"rule swaps { on move as m; when m.what == \"a\" and m.slot is set and m.other is set; then {\n"
	"  let place = m.slot.place\n"
	"  set m.slot { place = m.other.place }\n"
	"  set m.other { place = place } }; after fills }\n"
	"rule shifts { on move as m; when m.what in [\"a\", \"b\"]; then {\n"
	"  for each s in all(slot) { set s { place = if m.thing is set then s.place + 1 else s.place - 1 } } }; after swaps }\n"
	"rule removes { on move as m; when m.what in [\"b\", \"c\"] and m.thing is set; then delete m.thing }\n"
	"rule frees { on move as m; when m.what == \"d\" and m.thing is set; then {\n"
	"  for each s in all(slot where slot.thing == m.thing) { set s { thing = unset } }\n"
	"  delete m.thing }; after fills }\n"
	"rule writes { on move as m; when m.what in [\"d\", \"e\"] and m.thing is set; then {\n"
	"  note m.thing \"moved\"\n"
	"  for each n in all(thing_note where thing_note.thing == m.thing) {\n"
	"    if m.slot is set { set m.slot { note = n } } } } }\n"
	"rule locks { on move as m; when m.what == \"first\" and m.slot is set; then { set m.slot { locked = true }; delete "
	"m.other } }\n"
	"rule drops { on move as m; when m.what in [\"\", \"e\"] and m.other is set; then { delete m.other\n"
	"  create slot { place = m.n default 7; thing = m.thing } } }\n"
	"rule cleans { on thing.deleted as t; then for each s in all(slot where slot.place < 0) { delete s } }\n"
	"workflow buy(t ref thing) {\n"
	"  step r = call shop.reserve(t.name) retry 2 backoff 1min..5min undo call shop.release(r.id)\n"
	"  set t { tags = [r.id] }\n"
	"  sleep for 1h\n"
	"  step call shop.pay(r.id) else hold\n"
	"  set t { status = done }\n"
	"}\n"
	"workflow wait_for_it(t ref thing) {\n"
	"  wait for quiet as q where q.word == t.name timeout 2h else { note t \"nothing came\"; stop }\n"
	"  for each tag in t.tags { create thing { name = \"{tag}\"; parent = t } }\n"
	"  sleep for 1 workday\n"
	"  delete t\n"
	"}\n"
	"workflow both(t ref thing) {\n"
	"  parallel {\n"
	"    step r = call shop.reserve(t.name)\n"
	"    for each tag in t.tags { sleep for 10min; note t tag }\n"
	"  }\n"
	"  emit chain { n = 3; thing = t }\n"
	"}\n"
	"workflow ask(t ref thing) {\n"
	"  approve by role boss within 4h else { note t \"refused\"; hold }\n"
	"  step r = call shop.reserve(t.name) else hold\n"
	"  approve by role boss within 1 workday\n"
	"  wait for thing.updated as u where u == t and u.status == done and changed(u.status) timeout 2h\n"
	"  set t { tags = [r.id default \"none\"] }\n"
	"}\n"
	"workflow hear(t ref thing) {\n"
	"  step r = call shop.reserve(t.name) retry 1 backoff 1min undo call shop.release(r.id)\n"
	"  parallel {\n"
	"    wait for rung as one where one.source == r.id timeout 1h else hold\n"
	"    for each tag in t.tags {\n"
	"      wait for quiet as two where two.word == tag timeout 1h else log \"silence\"\n"
	"      sleep for 10min\n"
	"    }\n"
	"    if t.count > 0 { wait for rung as three where three.group == t.group and three.n is set timeout 30min else stop "
	"}\n"
	"  }\n"
	"  wait for chain as four where four.n == t.count\n"
	"}\n"
	"schedule nightly { every day at 02:00 Europe/Berlin; then { for each t in all(thing where thing.status == done) { "
	"delete t } } }\n"
	"test \"acts\" { at 2026-04-01T10:00 Europe/Berlin\n"
	"  given thing t { name = \"t\" }\n"
	"  given slot s { place = 1 }\n"
	"  when set t { status = open }\n"
	"  when set t { status = waiting }\n"
	"  when set t { status = done; answered = now }\n"
	"  when set t { level = high; count = t.count * 7 + 1; price = 3.33 EUR * t.count }\n"
	"  when note t \"note {t.name}\"\n"
	"  when delete t\n"
	"  when create thing { name = \"child\"; parent = t }\n"
	"  when set t { due = now + 3 workdays; spent = t.response.elapsed }\n"
	"  when set s { place = 3; thing = t }\n"
	"  when delete s\n"
	"}\n";
static const char SCRIPT[] = "return function(n, price, tags)\n"
			     "  if n == 13 then error('unlucky') end\n"
			     "  return { total = price * n, text = table.concat(tags, ',') .. #tags }\n"
			     "end\n";

struct hearing { /* of one input in one world */
	struct world *world;
	struct error error;
	uint64_t plans; /* a hash over all */
	uint32_t turns;
};

static struct arena pack_arena;
static const struct program *program;
static struct hearing worlds[2];

/* --- what is heard */
static uint64_t mix(uint64_t hash, uint64_t more)
{
	return (hash ^ more) * 0x9e3779b97f4a7c15u + (hash >> 29);
}

static void id_hear(struct hearing *hearing, struct record_id id)
{
	hearing->plans = mix(mix(hearing->plans, id.high), id.low);
}

static void change_hear(struct hearing *hearing, const struct change *change)
{
	id_hear(hearing, change->id);
	hearing->plans = mix(hearing->plans, change->kind * 1000u + change->entity->index);
	for (uint32_t i = 0; change->after && i < change->entity->field_count; i++)
		hearing->plans = mix(hearing->plans, value_hash(change->after[i]));
}

static void turn_heard(void *context, struct world *world, const struct turn_report *report)
{
	struct hearing *hearing = context;
	(void)world;
	hearing->turns++;
	if (!report->turn)
		return;
	const struct plan *plan = &report->turn->plan;
	bool is_empty = !plan->changes.count && !plan->outgoing.count && !plan->events.count;
	if (report->refused && !is_empty)
		fprintf(stderr, "the store refused a plan: %s\n", report->refused);
	CHECK(!report->refused || (is_empty && report->refused[0]));
	for (uint32_t i = 0; i < plan->changes.count; i++)
		change_hear(hearing, plan->changes.items[i]);
	for (uint32_t i = 0; i < plan->outgoing.count; i++)
		id_hear(hearing, plan->outgoing.items[i].id);
	for (uint32_t i = 0; i < plan->events.count; i++)
		id_hear(hearing, plan->events.items[i]->id);
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
	(void)argument_count, (void)arguments;
	program = fuzz_compile(&pack_arena, PACK, SCRIPT);
	for (int i = 0; i < 2; i++) {
		struct world_options options = {.remember = true, .listener = turn_heard, .context = &worlds[i]};
		CHECK(world_open(program, &options, &worlds[i].world, &worlds[i].error) == OK);
	}
	return 0;
}

/* --- bytes choose */
struct bytes {
	const uint8_t *at, *end;
};

static uint32_t choose(struct bytes *bytes, uint32_t count)
{
	return bytes->at < bytes->end && count ? *bytes->at++ % count : 0;
}

static struct value chosen_row(struct hearing *hearing, struct bytes *bytes, const struct entity *entity)
{
	const struct ports *ports = world_ports(hearing->world);
	struct query query = {.kind = QUERY_ALL, .entity = entity};
	const struct value *const *rows;
	uint32_t count;
	CHECK(ports->query(ports->host, world_arena(hearing->world), &query, NULL, &rows, &count, &hearing->error) == OK);
	uint32_t nth = choose(bytes, count + 1);
	return nth < count ? rows[nth][FIELD_ID] : value_missing();
}

static struct value chosen_value(struct hearing *hearing, struct bytes *bytes, const struct type *type)
{
	static const char *const WORDS[] = {"a", "b", "c", "d", "e", "", "first", "\xc3\xa4{x}%s'\"\n"};
	static const int64_t NUMBERS[] = {0, 1, 2, -1, 13, 14, 15, 40, 100, INT64_MAX, INT64_MIN, 3};
	struct value value;
	switch (type->kind) {
	case TYPE_TEXT:
		return value_text(text_from(WORDS[choose(bytes, 8)]));
	case TYPE_INT:
		return value_int(NUMBERS[choose(bytes, 12)]);
	case TYPE_MONEY:
		value = value_number(VALUE_MONEY, (struct decimal){.mantissa = NUMBERS[choose(bytes, 12)], .scale = 2});
		value.count = currency_pack(choose(bytes, 4) ? "EUR" : "USD");
		return value;
	case TYPE_ENUM:
		return (struct value){
			.kind = VALUE_ENUM, .count = choose(bytes, type->enumeration->count), .enumeration = type->enumeration};
	case TYPE_REF:
		if (choose(bytes, 16) == 15) /* of a row that never was */
			return value_ref(type->entity->index, (struct record_id){choose(bytes, 3), 1});
		return chosen_row(hearing, bytes, type->entity);
	default:
		return value_missing();
	}
}

static enum status event_play(struct hearing *hearing, struct bytes *bytes)
{
	static const char *const KINDS[] = {"rung", "quiet", "keyed", "chain", "go", "move"};
	const struct event_kind *kind = schema_event(&program->schema, text_from(KINDS[choose(bytes, 6)]));
	struct value *fields = arena_array(world_arena(hearing->world), struct value, kind->field_count);
	for (uint32_t i = 0; i < kind->field_count; i++)
		if (kind->fields[i].key || choose(bytes, 4))
			fields[i] = chosen_value(hearing, bytes, kind->fields[i].type);
	uint64_t seed = choose(bytes, 4) ? hearing->turns : choose(bytes, 3); /* now and then the same id again */
	struct event event = {.kind = kind,
			      .id = kind->has_key ? event_key_id(kind, fields)
						  : record_id_derive(world_now(hearing->world), &seed, sizeof(seed)),
			      .fields = fields,
			      .rule = RULE_NONE};
	return world_event(hearing->world, &event, &hearing->error);
}

/* One of the acts that the pack's test lists, on some row. */
static enum status act_play(struct hearing *hearing, struct bytes *bytes)
{
	const struct test *test = &program->tests[0];
	struct value *frame = arena_array(world_arena(hearing->world), struct value, test->slot_count + 256);
	const struct test_item *acts[32];
	uint32_t count = 0;
	struct text refused;
	for (uint32_t i = 0; i < test->item_count; i++) {
		const struct test_item *item = &test->items[i];
		if (item->kind == TEST_GIVEN && item->bind != SLOT_NONE)
			frame[item->bind] = chosen_row(hearing, bytes, item->entity);
		else if (item->kind == TEST_ACT && count < 32)
			acts[count++] = item;
	}
	CHECK(count);
	const struct code *code = acts[choose(bytes, count)]->code;
	CHECK(code->slot_count <= test->slot_count + 256);
	return world_act(hearing->world, code, frame, value_missing(), &refused, &hearing->error);
}

static void answer_play(struct hearing *hearing, struct bytes *bytes)
{
	const struct action *action = &program->actions[choose(bytes, program->action_count)];
	struct value *items = arena_array(world_arena(hearing->world), struct value, 2);
	struct value answer = value_missing();
	bool fails = choose(bytes, 3) == 0;
	if (fails) {
		answer = value_text(TEXT("no"));
	} else if (action->result) {
		items[0] = choose(bytes, 4) ? value_text(TEXT("id")) : value_missing();
		items[1] = value_int(1);
		answer = (struct value){.kind = VALUE_RECORD, .count = action->result->record->count, .items = items};
	}
	world_answer(hearing->world, action, fails, answer);
}

/* To a call of this life, whether it is waited for or not. */
static enum status tell_play(struct hearing *hearing, struct bytes *bytes)
{
	uint32_t count;
	const struct world_call *calls = world_calls(hearing->world, &count);
	uint32_t nth = choose(bytes, count);
	struct call_answer answer = {.sentence = TEXT("no"), .value = value_missing()};
	if (!count || !calls[nth].action)
		return OK;
	const struct action *action = calls[nth].action;
	answer.ok = choose(bytes, 3);
	answer.final = choose(bytes, 2);
	if (answer.ok && action->result) {
		struct value *items = arena_array(world_arena(hearing->world), struct value, 2);
		items[0] = choose(bytes, 4) ? value_text(TEXT("a")) : value_missing();
		items[1] = value_int(1);
		answer.value = (struct value){.kind = VALUE_RECORD, .count = action->result->record->count, .items = items};
	}
	return world_tell(hearing->world, calls[nth].id, &answer, &hearing->error);
}

static struct record_id chosen_id(struct hearing *hearing, struct bytes *bytes, enum system_entity entity)
{
	struct value row = chosen_row(hearing, bytes, program->schema.entities[entity]);
	return row.kind == VALUE_REF ? row.id : (struct record_id){1, 1};
}

/* What a person does with an approval or an instance; one that there is not is refused. */
static enum status person_play(struct hearing *hearing, struct bytes *bytes)
{
	static const enum resume WAYS[] = {RESUME_RETRY, RESUME_GO_ON, RESUME_CANCEL};
	enum status status;
	if (choose(bytes, 2))
		status = world_decide(hearing->world, chosen_id(hearing, bytes, SYSTEM_APPROVAL), choose(bytes, 2),
				      &hearing->error);
	else
		status = world_resume(hearing->world, chosen_id(hearing, bytes, SYSTEM_INSTANCE), WAYS[choose(bytes, 3)],
				      &hearing->error);
	return status == NOT_FOUND ? OK : status;
}

static enum status time_play(struct hearing *hearing, struct bytes *bytes)
{
	static const int64_t STEPS[] = {1, 60, 600, 900, 1800, 3600, 4 * 3600, 86400, 7 * 86400};
	moment until = world_now(hearing->world) + STEPS[choose(bytes, 9)];
	return choose(bytes, 2) ? world_advance(hearing->world, until, &hearing->error)
				: world_reach(hearing->world, until, &hearing->error);
}

static enum status step_play(struct hearing *hearing, struct bytes *bytes)
{
	if (*bytes->at >= 0xc0) /* so that older seeds mean for the most part what they meant */
		return *bytes->at++ & 1 ? tell_play(hearing, bytes) : person_play(hearing, bytes);
	switch (choose(bytes, 8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		return event_play(hearing, bytes);
	case 4:
	case 5:
		return time_play(hearing, bytes);
	case 6:
		answer_play(hearing, bytes);
		return OK;
	default:
		return act_play(hearing, bytes);
	}
}

static void life(struct hearing *hearing, struct bytes bytes)
{
	hearing->plans = hearing->turns = 0;
	enum status status = world_begin(hearing->world, START, &hearing->error);
	for (uint32_t i = 0; status == OK && i < STEPS_MOST && bytes.at < bytes.end && hearing->turns < ITEMS_MOST; i++)
		status = step_play(hearing, &bytes);
	if (status != OK)
		fprintf(stderr, "%s\n", hearing->error.sentence);
	CHECK(status == OK);
	world_end(hearing->world);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	for (int i = 0; i < 2; i++)
		life(&worlds[i], (struct bytes){bytes, bytes + length});
	CHECK(worlds[0].turns == worlds[1].turns);
	CHECK(worlds[0].plans == worlds[1].plans);
	return 0;
}
