/* A turn for people and tools: each event of it, the rules that were asked and why they did or did not fire, and what was
 * written by whom. */
#include "runtime/explain.h"

#include <inttypes.h>

#include "engine/model/system.h"

static const char *const sentences[] = {
	[OUTCOME_FIRED] = "fired",
	[OUTCOME_FALSE] = "did not fire: the condition is false",
	[OUTCOME_UNKNOWN] = "did not fire: unknown, because something is not set",
	[OUTCOME_NOT_VALID] = "did not fire: outside the dates it is valid for",
	[OUTCOME_DUPLICATE] = "duplicate: became a note on the record that is already there",
	[OUTCOME_DAMPED] = "damped: too many changes in a short time",
	[OUTCOME_ONCE] = "did not fire: it fired already in this time (`once per`)",
	[OUTCOME_AT_MOST] = "did not fire: as often as allowed in this time (`at most`)",
	[OUTCOME_WAITING] = "waits: its timer runs (`holds for`, `unless followed by`)",
	[OUTCOME_CANCELLED] = "cancelled: what it waited for was overtaken",
	[OUTCOME_FAILED] = "FAILED and was undone",
};

static enum style outcome_style(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_FIRED:
		return STYLE_GREEN;
	case OUTCOME_FAILED:
		return STYLE_RED;
	case OUTCOME_FALSE:
	case OUTCOME_NOT_VALID:
		return STYLE_DIM;
	default:
		return STYLE_YELLOW;
	}
}

static const char *outcome_mark(enum outcome outcome)
{
	return outcome == OUTCOME_FIRED                                   ? "✓"
	       : outcome == OUTCOME_FALSE || outcome == OUTCOME_NOT_VALID ? "✗"
	       : outcome == OUTCOME_FAILED                                ? "!"
									  : "?";
}

static bool is_row_event(const struct event_kind *kind)
{
	return kind->origin == EVENT_CREATED || kind->origin == EVENT_UPDATED || kind->origin == EVENT_DELETED;
}

/* --- which rules are worth a line */
/* A rule that the index would never have asked: its one equality says no. Without --all it is not shown. */
static bool is_elsewhere(const struct rule *rule, const struct trace_rule *traced, const struct event *event)
{
	if (traced->outcome != OUTCOME_FALSE || rule->index_field == SLOT_NONE || !event->kind || is_row_event(event->kind) ||
	    rule->index_field >= event->kind->field_count)
		return false;
	return !value_equal(event->fields[rule->index_field], rule->index_value);
}

static bool is_wanted(const struct drawing *drawing, const struct turn *turn, const struct trace_rule *traced,
		      const struct turn_view *view)
{
	if (traced->rule >= drawing->program->rule_count)
		return false;
	const struct rule *rule = &drawing->program->rules[traced->rule];
	if (view->only.length)
		return text_find(rule->name, view->only) >= 0;
	return view->everything || traced->event >= turn->trace.events.count ||
	       !is_elsewhere(rule, traced, turn->trace.events.items[traced->event]);
}

/* A false condition is one line when something else was decided in the turn: that is what was asked for. */
static bool is_brief(const struct drawing *drawing, const struct trace *trace, const struct trace_rule *traced,
		     const struct turn_view *view)
{
	bool decided = false;

	for (uint32_t i = 0; i < trace->rules.count; i++)
		decided = decided || (trace->rules.items[i].outcome != OUTCOME_FALSE &&
				      trace->rules.items[i].outcome != OUTCOME_NOT_VALID);
	return decided && !view->everything && !view->only.length && traced->outcome == OUTCOME_FALSE && traced->nodes &&
	       drawing->program->rules[traced->rule].guard;
}

/* --- the headline: what became of it, in one sentence */
static const struct rule *maker_find(const struct drawing *drawing, const struct trace *trace, const struct change *change)
{
	for (uint32_t i = 0; i < trace->events.count; i++) {
		const struct event *event = trace->events.items[i];
		if (event->kind && event->kind->origin == EVENT_CREATED && event->fields[0].kind == VALUE_REF &&
		    event->kind->entity == change->entity && id_equal(event->fields[0].id, change->id) &&
		    event->rule < drawing->program->rule_count)
			return &drawing->program->rules[event->rule];
	}
	/* the last one that wrote */
	return change->rule < drawing->program->rule_count ? &drawing->program->rules[change->rule] : NULL;
}

static void record_headline(const struct drawing *drawing, const struct turn *turn, const struct change *change)
{
	static const char *const words[] = {"was created", "was changed", "was deleted"};
	const struct rule *maker = maker_find(drawing, &turn->trace, change);

	fputs(style_on(drawing->stream, STYLE_BOLD), drawing->stream);
	print_safe(drawing->stream, record_describe(drawing, change->entity, change->after ? change->after : change->before));
	fprintf(drawing->stream, " %s", words[change->kind]);
	if (maker)
		fprintf(drawing->stream, " by %.*s", TEXT_ARGS(maker->name));
	if (maker && maker->label.length) {
		fputs(": ", drawing->stream);
		print_safe(drawing->stream, maker->label);
	}
	fprintf(drawing->stream, "%s\n", style_on(drawing->stream, STYLE_PLAIN));
}

static void event_headline(const struct drawing *drawing, const struct trace *trace)
{
	uint32_t counts[OUTCOME_FAILED + 1] = {0};
	const char *join = "";

	for (uint32_t i = 0; i < trace->rules.count; i++)
		counts[trace->rules.items[i].outcome]++;
	uint32_t no = counts[OUTCOME_FALSE] + counts[OUTCOME_NOT_VALID], held = 0;
	for (int i = OUTCOME_DUPLICATE; i < OUTCOME_FAILED; i++)
		held += counts[i];
	if (!trace->rules.count)
		return;
	const struct {
		uint32_t count;
		const char *what;
	} parts[] = {{counts[OUTCOME_FIRED], "fired"},
		     {counts[OUTCOME_FAILED], "failed"},
		     {held, "held back"},
		     {counts[OUTCOME_UNKNOWN], "could not be decided"},
		     {no, "said no"}};
	fprintf(drawing->stream, "%sof %u %s ", style_on(drawing->stream, STYLE_BOLD), trace->rules.count,
		trace->rules.count == 1 ? "rule" : "rules");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].count && i)
			continue;
		if (parts[i].count)
			fprintf(drawing->stream, "%s%u %s", join, parts[i].count, parts[i].what);
		else
			fputs("none fired", drawing->stream);
		join = ", ";
	}
	fprintf(drawing->stream, "%s\n", style_on(drawing->stream, STYLE_PLAIN));
}

static void headline_draw(const struct drawing *drawing, const struct turn *turn, const struct turn_view *view)
{
	for (uint32_t i = 0; i < turn->plan.changes.count; i++) {
		const struct change *change = turn->plan.changes.items[i];
		if (!change_is_nothing(change) && id_equal(change->id, view->record)) {
			record_headline(drawing, turn, change);
			return;
		}
	}
	event_headline(drawing, &turn->trace);
}

/* --- events */
static void event_fields_draw(const struct drawing *drawing, const struct event *event)
{
	for (uint32_t i = 0; i < event->kind->field_count; i++) {
		if (event->fields[i].kind == VALUE_MISSING)
			continue;
		fputs("    ", drawing->stream);
		styled(drawing->stream, STYLE_DIM, "%.*s = ", TEXT_ARGS(event->kind->fields[i].name));
		print_safe(drawing->stream, value_describe_whole(drawing, event->fields[i]));
		fputc('\n', drawing->stream);
	}
}

static const char *raised_by(const struct drawing *drawing, const struct event *event)
{
	if (event->rule < drawing->program->rule_count)
		return arena_format(drawing->arena, " raised by %.*s", TEXT_ARGS(drawing->program->rules[event->rule].name));
	return event->depth ? " raised by the system" : "";
}

static void event_draw(const struct drawing *drawing, const struct event *event)
{
	char at[MOMENT_TEXT];

	if (!event->kind)
		return;
	moment_write_short(event->at, drawing->program->zone, at);
	styled(drawing->stream, STYLE_BOLD, "%.*s", TEXT_ARGS(event->kind->name));
	fprintf(drawing->stream, "  %s", at);
	styled(drawing->stream, STYLE_DIM, "%s\n", raised_by(drawing, event));
	if (is_row_event(event->kind)) {
		fputs("    ", drawing->stream);
		print_safe(drawing->stream, value_describe(drawing, event->fields[0]));
		fputc('\n', drawing->stream);
	} else {
		event_fields_draw(drawing, event);
	}
}

/* Nobody asked about it: one quiet line. */
static void event_mention(const struct drawing *drawing, const struct event *event)
{
	styled(drawing->stream, STYLE_DIM, "%.*s", TEXT_ARGS(event->kind->name));
	fputs("  ", drawing->stream);
	print_safe(drawing->stream, value_describe(drawing, event->fields[0]));
	styled(drawing->stream, STYLE_DIM, "%s; no rule is about it\n", raised_by(drawing, event));
}

/* --- rules */
static void rule_draw(const struct drawing *drawing, const struct trace_rule *traced)
{
	const struct rule *rule = &drawing->program->rules[traced->rule];

	fputs("  ", drawing->stream);
	styled(drawing->stream, outcome_style(traced->outcome), "%s ", outcome_mark(traced->outcome));
	styled(drawing->stream, STYLE_BOLD, "%.*s", TEXT_ARGS(rule->name));
	fputs("  ", drawing->stream);
	styled(drawing->stream, outcome_style(traced->outcome), "%s", sentences[traced->outcome]);
	if (traced->sentence.length) {
		fputs(": ", drawing->stream);
		print_safe(drawing->stream, traced->sentence);
	}
	fputs("  ", drawing->stream);
	styled(drawing->stream, STYLE_DIM, "%.*s\n", TEXT_ARGS(place_describe(drawing, rule->span)));
	if (rule->label.length) {
		fprintf(drawing->stream, "      %s", style_on(drawing->stream, STYLE_DIM));
		print_safe(drawing->stream, rule->label);
		fprintf(drawing->stream, "%s\n", style_on(drawing->stream, STYLE_PLAIN));
	}
	if (rule->guard && traced->nodes)
		condition_draw(drawing, rule->guard, traced->nodes, 6);
}

/* One line: the rule, and what was false. */
static void rule_mention(const struct drawing *drawing, const struct trace_rule *traced)
{
	const struct rule *rule = &drawing->program->rules[traced->rule];

	styled(drawing->stream, outcome_style(traced->outcome), "  %s %.*s", outcome_mark(traced->outcome),
	       TEXT_ARGS(rule->name));
	fputs("  ", drawing->stream);
	condition_reason_draw(drawing, rule->guard, traced->nodes, 6 + text_width(rule->name));
	fputc('\n', drawing->stream);
}

/* --- changes */
static bool is_shown(const struct change *change)
{
	return change->entity->index >= SYSTEM_ENTITY_COUNT && !change_is_nothing(change);
}

static const char *written_by(const struct drawing *drawing, const struct change *change)
{
	if (change->rule < drawing->program->rule_count)
		return arena_format(drawing->arena, "  by %.*s", TEXT_ARGS(drawing->program->rules[change->rule].name));
	return "";
}

static void change_draw(const struct drawing *drawing, const struct change *change)
{
	static const char *const marks[] = {"+", "~", "-"};
	static const enum style styles[] = {STYLE_GREEN, STYLE_YELLOW, STYLE_RED};
	const struct value *shown = change->after ? change->after : change->before;

	fputs("  ", drawing->stream);
	styled(drawing->stream, styles[change->kind], "%s ", marks[change->kind]);
	print_safe(drawing->stream, record_describe(drawing, change->entity, shown));
	styled(drawing->stream, STYLE_DIM, "%s\n", written_by(drawing, change));
	for (uint32_t i = FIELD_FIRST_OWN; change->kind != CHANGE_DELETE && i < change->entity->field_count; i++) {
		const struct field *field = &change->entity->fields[i];
		struct value before = change->before ? change->before[i] : value_missing();
		if (field->computed || value_same(before, change->after[i]))
			continue;
		fputs("      ", drawing->stream);
		styled(drawing->stream, STYLE_DIM, "%.*s ", TEXT_ARGS(field->name));
		if (change->kind == CHANGE_UPDATE) {
			print_safe(drawing->stream, value_describe_whole(drawing, before));
			fputs(" → ", drawing->stream);
		}
		print_safe(drawing->stream, value_describe_whole(drawing, change->after[i]));
		fputc('\n', drawing->stream);
	}
}

static void outgoing_draw(const struct drawing *drawing, const struct outgoing *outgoing)
{
	fputs("  → ", drawing->stream);
	if (outgoing->kind == OUTGOING_CALL)
		print_safe(drawing->stream, outgoing->action->name);
	else
		fputs("notification", drawing->stream);
	for (uint32_t i = 0; i < outgoing->argument_count; i++) {
		fputs(i ? ", " : "  ", drawing->stream);
		print_safe(drawing->stream, value_describe(drawing, outgoing->arguments[i]));
	}
	fputc('\n', drawing->stream);
}

static void effects_draw(const struct drawing *drawing, const struct turn *turn)
{
	bool any = false;

	for (uint32_t i = 0; i < turn->plan.changes.count; i++)
		any = any || is_shown(turn->plan.changes.items[i]);
	if (!any && !turn->plan.outgoing.count) {
		styled(drawing->stream, STYLE_DIM, "nothing was written\n");
		return;
	}
	styled(drawing->stream, STYLE_BOLD, "written\n");
	for (uint32_t i = 0; i < turn->plan.changes.count; i++)
		if (is_shown(turn->plan.changes.items[i]))
			change_draw(drawing, turn->plan.changes.items[i]);
	for (uint32_t i = 0; i < turn->plan.outgoing.count; i++)
		outgoing_draw(drawing, &turn->plan.outgoing.items[i]);
}

/* The engine's own rows change all the time; their events interest nobody. */
static bool is_own(const struct event *event)
{
	return !event->kind || (event->kind->entity && event->kind->entity->index < SYSTEM_ENTITY_COUNT);
}

static void lines_draw(const struct drawing *drawing, const struct trace *trace, uint32_t event)
{
	for (uint32_t i = 0; i < trace->lines.count; i++) {
		if (trace->lines.items[i].event != event)
			continue;
		styled(drawing->stream, STYLE_BLUE, "  · ");
		print_safe(drawing->stream, trace->lines.items[i].text);
		fputc('\n', drawing->stream);
	}
}

/* Returns how many rules were left out because they are about something else. */
static uint32_t event_with_rules_draw(const struct drawing *drawing, const struct turn *turn, uint32_t number,
				      const struct turn_view *view)
{
	const struct trace *trace = &turn->trace;
	uint32_t wanted = 0, elsewhere = 0;

	for (uint32_t r = 0; r < trace->rules.count; r++)
		if (trace->rules.items[r].event == number)
			*(is_wanted(drawing, turn, &trace->rules.items[r], view) ? &wanted : &elsewhere) += 1;
	if (is_own(trace->events.items[number]) || (view->only.length && !wanted && number))
		return 0;
	if (!wanted && !elsewhere && number && is_row_event(trace->events.items[number]->kind)) {
		if (view->everything)
			event_mention(drawing, trace->events.items[number]);
	} else {
		event_draw(drawing, trace->events.items[number]);
	}
	/* what decided something first, then what said no */
	for (int brief = 0; brief <= 1; brief++)
		for (uint32_t r = 0; r < trace->rules.count; r++) {
			const struct trace_rule *traced = &trace->rules.items[r];
			if (traced->event != number || !is_wanted(drawing, turn, traced, view) ||
			    is_brief(drawing, trace, traced, view) != (brief == 1))
				continue;
			if (brief)
				rule_mention(drawing, traced);
			else
				rule_draw(drawing, traced);
		}
	lines_draw(drawing, trace, number);
	return view->only.length ? 0 : elsewhere;
}

void turn_draw(const struct drawing *drawing, const struct turn *turn, const struct turn_view *view)
{
	uint32_t elsewhere = 0, brief = 0;

	headline_draw(drawing, turn, view);
	for (uint32_t i = 0; i < turn->trace.rules.count; i++)
		brief += is_wanted(drawing, turn, &turn->trace.rules.items[i], view) &&
			 is_brief(drawing, &turn->trace, &turn->trace.rules.items[i], view);
	if (!turn->trace.events.count) {
		fputs("no event came of it\n", drawing->stream);
		lines_draw(drawing, &turn->trace, 0);
	}
	for (uint32_t e = 0; e < turn->trace.events.count; e++)
		elsewhere += event_with_rules_draw(drawing, turn, e, view);
	if (elsewhere)
		styled(drawing->stream, STYLE_DIM, "%u rules are about something else; --all shows them too\n", elsewhere);
	if (brief)
		styled(drawing->stream, STYLE_DIM,
		       "of rules that said no only the reason is shown; --all and --rule NAME show all\n");
	effects_draw(drawing, turn);
}

/* --- for tools */
static void member_value(const struct drawing *drawing, struct json_writer *writer, struct text name, struct value value)
{
	json_write_name(writer, name);
	if (value.kind == VALUE_MISSING)
		json_write_null(writer);
	else
		json_write_text(writer, value_describe(drawing, value));
}

static void event_write(const struct drawing *drawing, struct json_writer *writer, const struct event *event)
{
	char at[MOMENT_TEXT];

	moment_write(event->at, zone_utc(), at);
	json_write_member(writer, "event", event->kind ? event->kind->name : TEXT(""));
	json_write_member(writer, "at", text_from(at));
	if (event->rule < drawing->program->rule_count)
		json_write_member(writer, "raised_by", drawing->program->rules[event->rule].name);
	json_write_name(writer, TEXT("fields"));
	json_open_object(writer);
	for (uint32_t i = 0; event->kind && event->fields && i < event->kind->field_count; i++)
		member_value(drawing, writer, event->kind->fields[i].name, event->fields[i]);
	json_close_object(writer);
}

static void rule_write(const struct drawing *drawing, struct json_writer *writer, const struct trace_rule *traced)
{
	const struct rule *rule = &drawing->program->rules[traced->rule];

	json_open_object(writer);
	json_write_member(writer, "rule", rule->name);
	json_write_member(writer, "outcome", text_from(outcome_name(traced->outcome)));
	if (traced->sentence.length)
		json_write_member(writer, "sentence", traced->sentence);
	json_write_member(writer, "place", place_describe(drawing, rule->span));
	json_write_name(writer, TEXT("condition"));
	if (rule->guard && traced->nodes)
		condition_write(drawing, writer, rule->guard, traced->nodes);
	else
		json_write_null(writer);
	json_close_object(writer);
}

static void change_write(const struct drawing *drawing, struct json_writer *writer, const struct change *change)
{
	static const char *const kinds[] = {"create", "update", "delete"};

	json_open_object(writer);
	json_write_member(writer, "change", text_from(kinds[change->kind]));
	json_write_member(writer, "record",
			  record_describe(drawing, change->entity, change->after ? change->after : change->before));
	if (change->rule < drawing->program->rule_count)
		json_write_member(writer, "by", drawing->program->rules[change->rule].name);
	json_write_name(writer, TEXT("fields"));
	json_open_object(writer);
	for (uint32_t i = FIELD_FIRST_OWN; change->after && i < change->entity->field_count; i++) {
		struct value before = change->before ? change->before[i] : value_missing();
		if (change->entity->fields[i].computed || value_same(before, change->after[i]))
			continue;
		json_write_name(writer, change->entity->fields[i].name);
		json_open_object(writer);
		member_value(drawing, writer, TEXT("before"), before);
		member_value(drawing, writer, TEXT("after"), change->after[i]);
		json_close_object(writer);
	}
	json_close_object(writer);
	json_close_object(writer);
}

void turn_write(const struct drawing *drawing, struct json_writer *writer, const struct turn *turn,
		const struct turn_view *view)
{
	const struct trace *trace = &turn->trace;

	json_write_name(writer, TEXT("events"));
	json_open_list(writer);
	for (uint32_t e = 0; e < trace->events.count; e++) {
		json_open_object(writer);
		event_write(drawing, writer, trace->events.items[e]);
		json_write_name(writer, TEXT("rules"));
		json_open_list(writer);
		for (uint32_t r = 0; r < trace->rules.count; r++)
			if (trace->rules.items[r].event == e && is_wanted(drawing, turn, &trace->rules.items[r], view))
				rule_write(drawing, writer, &trace->rules.items[r]);
		json_close_list(writer);
		json_close_object(writer);
	}
	json_close_list(writer);
	json_write_name(writer, TEXT("changes"));
	json_open_list(writer);
	for (uint32_t i = 0; i < turn->plan.changes.count; i++)
		if (is_shown(turn->plan.changes.items[i]))
			change_write(drawing, writer, turn->plan.changes.items[i]);
	json_close_list(writer);
}
