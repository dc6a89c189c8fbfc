/* `stellwerk explain`: plays recorded events twice. The first time it looks for the turn that is meant, the second time the
 * engine observes that turn, and it is drawn while the world stands as the turn left it. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/model/system.h"
#include "runtime/command.h"
#include "runtime/explain.h"
#include "runtime/explain_past.h"
#include "runtime/play.h"
#include "runtime/summary.h"

enum { TURN_NONE = UINT32_MAX };

struct touch {
	uint32_t turn;
	moment at;
	enum change_kind kind;
	uint32_t rule;
	struct text event;
};

struct beginning {
	uint32_t turn;
	const struct recorded *line;
};

struct hunt {
	struct play play;
	struct text target;
	uint32_t turn;                         /* counts the turns of a run */
	uint32_t by_event, by_record, by_line; /* found: the turn's number */
	uint32_t last;                         /* the last turn that a line began */
	uint32_t lines;                        /* that began a turn */
	struct record_id record;               /* what was found by_record */
	LIST(struct touch) touches;            /* of that record */
	LIST(struct beginning) beginnings;     /* which line began which turn */
	uint32_t wanted;                       /* in the second run */
	struct text_builder json;
};

static void hunt_turn(void *context, struct world *world, const struct turn_report *report);
static void hunt_line(void *context, const struct played *played);
static int turn_choose(struct hunt *hunt);
static void draw_turn_heard(void *context, struct world *world, const struct turn_report *report);

int cmd_explain(const struct command_line *line)
{
	struct hunt hunt = {.by_event = TURN_NONE, .by_record = TURN_NONE, .by_line = TURN_NONE, .last = TURN_NONE};
	struct world_options hunting = {.listener = hunt_turn, .context = &hunt};
	struct world_options drawing = {.listener = draw_turn_heard, .context = &hunt};
	uint32_t packs = pack_paths(line);

	if (line->word_count == 1 && !option_given(line, "events") && access(line->words[0], F_OK))
		return explain_past(line);
	if (packs + 1 != line->word_count)
		return usage_error(line, "what shall be explained? An event's id, a record's number or name, or `last`");
	hunt.target = text_from(line->words[packs]);
	hunt.json.arena = line->arena;
	int code = play_open(&hunt.play, line, packs);
	if (code == EXIT_FINE)
		code = play_run(&hunt.play, &hunting, hunt_line, &hunt);
	if (code == EXIT_FINE)
		code = turn_choose(&hunt);
	if (code == EXIT_FINE) {
		hunt.turn = 0;
		code = play_run(&hunt.play, &drawing, NULL, NULL);
	}
	if (code == EXIT_FINE && line->json)
		puts(builder_text(&hunt.json).bytes);
	play_close(&hunt.play);
	return code;
}

/* --- the first run: which turn is meant */
static bool text_value_is(struct value value, struct text wanted)
{
	return value.kind == VALUE_TEXT && text_equal(value_as_text(value), wanted);
}

static bool id_is(struct record_id id, struct text wanted)
{
	char text[RECORD_ID_TEXT + 1];

	if (wanted.length != RECORD_ID_TEXT)
		return false;
	record_id_write(id, text);
	return text_is(wanted, text);
}

static bool event_is_meant(const struct hunt *hunt, const struct event *event)
{
	if (!event->kind || event->kind->origin != EVENT_DECLARED)
		return false;
	if (id_is(event->id, hunt->target))
		return true;
	for (uint32_t i = 0; i < event->kind->field_count; i++)
		if (event->kind->fields[i].key && text_value_is(event->fields[i], hunt->target))
			return true;
	return false;
}

static bool record_is_meant(const struct hunt *hunt, const struct change *change)
{
	const struct value *values = change->after ? change->after : change->before;
	const struct field *name = entity_field(change->entity, TEXT("name"));

	if (change->entity->index < SYSTEM_ENTITY_COUNT || change_is_nothing(change))
		return false;
	if (id_is(change->id, hunt->target) || (name && text_value_is(values[name->index], hunt->target)))
		return true;
	for (uint32_t i = FIELD_FIRST_OWN; i < change->entity->field_count; i++) {
		const struct field *field = &change->entity->fields[i];
		if ((field->unique || field->sequence) && text_value_is(values[i], hunt->target))
			return true;
	}
	return false;
}

static void change_note(struct hunt *hunt, const struct turn_report *report, const struct change *change)
{
	struct arena *arena = hunt->play.line->arena;
	const struct event *first = report->turn->trace.events.count ? report->turn->trace.events.items[0] : NULL;
	struct text event = first && first->kind ? first->kind->name : TEXT("");

	if (hunt->by_record == TURN_NONE || (change->kind == CHANGE_CREATE && report->origin != TURN_ACTIVATE))
		hunt->by_record = hunt->turn, hunt->record = change->id;
	*list_add(arena, &hunt->touches) = (struct touch){hunt->turn, report->at, change->kind, change->rule,
							  report->origin == TURN_TIMER ? TEXT("a timer") : event};
}

static void hunt_turn(void *context, struct world *world, const struct turn_report *report)
{
	struct hunt *hunt = context;

	(void)world;
	if (report->turn && !report->refused) {
		for (uint32_t i = 0; i < report->turn->trace.events.count && hunt->by_event == TURN_NONE; i++)
			if (event_is_meant(hunt, report->turn->trace.events.items[i]))
				hunt->by_event = hunt->turn;
		for (uint32_t i = 0; i < report->turn->plan.changes.count; i++)
			if (record_is_meant(hunt, report->turn->plan.changes.items[i]))
				change_note(hunt, report, report->turn->plan.changes.items[i]);
		if (report->origin == TURN_EVENT || report->origin == TURN_RECEIVED)
			hunt->last = hunt->turn;
	}
	hunt->turn++;
}

/* "7": the seventh line; "file.jsonl:12": that one; a CloudEvent's own id. */
static void hunt_line(void *context, const struct played *played)
{
	struct hunt *hunt = context;
	char place[512];

	if (!played->receive && !played->kind)
		return;
	hunt->lines++;
	*list_add(hunt->play.line->arena, &hunt->beginnings) = (struct beginning){hunt->turn - 1, played->line};
	snprintf(place, sizeof place, "%s:%u", hunt->play.recording.paths[played->line->file], played->line->line);
	if (played->id.length && text_equal(played->id, hunt->target) && hunt->by_event == TURN_NONE)
		hunt->by_event = hunt->turn - 1;
	else if (text_ends(text_from(place), hunt->target) && text_find(hunt->target, TEXT(":")) > 0)
		hunt->by_line = hunt->turn - 1;
	snprintf(place, sizeof place, "%u", hunt->lines);
	if (hunt->by_line == TURN_NONE && text_is(hunt->target, place))
		hunt->by_line = hunt->turn - 1;
}

static int turn_choose(struct hunt *hunt)
{
	const uint32_t found[] = {hunt->by_event, hunt->by_record, hunt->by_line};

	hunt->wanted = text_is(hunt->target, "last") ? hunt->last : TURN_NONE;
	for (int i = 0; i < 3 && hunt->wanted == TURN_NONE; i++)
		hunt->wanted = found[i];
	if (hunt->wanted != TURN_NONE)
		return EXIT_FINE;
	summary_problems(&hunt->play.recording);
	return usage_error(hunt->play.line,
			   "no event and no record is called \"%.*s\" after these %u lines; `last` explains the last one",
			   TEXT_ARGS(hunt->target), hunt->play.recording.read);
}

/* --- the second run: that turn, observed */
static void touches_draw(const struct hunt *hunt)
{
	static const char *const words[] = {"created", "changed", "deleted"};
	const struct program *program = hunt->play.pack.program;
	bool any = false;

	if (hunt->wanted != hunt->by_record)
		return;
	for (uint32_t i = 0; i < hunt->touches.count; i++) {
		const struct touch *touch = &hunt->touches.items[i];
		char at[MOMENT_TEXT];
		if (touch->turn == hunt->wanted)
			continue;
		if (!any)
			styled(stdout, STYLE_BOLD, "%.*s at other times\n", TEXT_ARGS(hunt->target));
		any = true;
		moment_write_short(touch->at, program->zone, at);
		printf("  %s  %s", at, words[touch->kind]);
		if (touch->rule < program->rule_count)
			printf(" by %.*s", TEXT_ARGS(program->rules[touch->rule].name));
		styled(stdout, STYLE_DIM, "  %.*s\n", TEXT_ARGS(touch->event));
	}
}

static void beginning_draw(const struct hunt *hunt)
{
	for (uint32_t i = 0; i < hunt->beginnings.count; i++) {
		const struct beginning *beginning = &hunt->beginnings.items[i];
		if (beginning->turn == hunt->wanted)
			styled(stdout, STYLE_DIM, "%s:%u\n", hunt->play.recording.paths[beginning->line->file],
			       beginning->line->line);
	}
}

static void turn_show(struct hunt *hunt, struct world *world, const struct turn_report *report)
{
	const struct command_line *line = hunt->play.line;
	struct drawing drawing = {stdout, line->arena, hunt->play.pack.program, world_ports(world)};
	struct turn_view view = {.everything = option_given(line, "all")};
	if (hunt->wanted == hunt->by_record)
		view.record = hunt->record;
	struct json_writer writer = {.text = &hunt->json, .indent = 2};

	if (option_value(line, "rule"))
		view.only = text_from(option_value(line, "rule"));
	progress_end();
	if (line->json) {
		json_open_object(&writer);
		turn_write(&drawing, &writer, report->turn, &view);
		json_close_object(&writer);
		return;
	}
	beginning_draw(hunt);
	turn_draw(&drawing, report->turn, &view);
	touches_draw(hunt);
}

static void draw_turn_heard(void *context, struct world *world, const struct turn_report *report)
{
	struct hunt *hunt = context;

	if (hunt->turn == hunt->wanted && report->turn) {
		turn_show(hunt, world, report);
	} else if (hunt->turn == hunt->wanted) {
		beginning_draw(hunt);
		styled(stdout, STYLE_YELLOW, "a duplicate: this event was there before, and nothing happened\n");
	}
	hunt->turn++;
	/* only the turn that is drawn pays for being observed */
	engine_observe(world_engine(world), hunt->turn == hunt->wanted);
}
