/* Writes a trace down. Must never keep what a turn read: only what it decided. */
#include "runtime/service/trace_text.h"

#include "engine/base/json.h"

static void event_write(struct json_writer *writer, const struct trace *trace, const struct event *event)
{
	char id[RECORD_ID_TEXT + 1];

	record_id_write(event->id, id);
	json_open_list(writer);
	json_write_text(writer, event->kind ? event->kind->name : TEXT(""));
	json_write_text(writer, text_from(id));
	for (uint32_t i = 0; event->cause && i < trace->events.count; i++)
		if (trace->events.items[i] == event->cause)
			json_write_int(writer, i);
	json_close_list(writer);
}

static void rule_write(struct json_writer *writer, const struct program *program, const struct trace_rule *traced)
{
	json_open_list(writer);
	json_write_text(writer, program->rules[traced->rule].name);
	json_write_int(writer, traced->event);
	json_write_text(writer, text_from(outcome_name(traced->outcome)));
	if (traced->sentence.length)
		json_write_text(writer, traced->sentence);
	json_close_list(writer);
}

static void count_write(struct json_writer *writer, const char *name, uint32_t count)
{
	if (!count)
		return;
	json_write_name(writer, text_from(name));
	json_write_int(writer, count);
}

static void lists_write(struct json_writer *writer, const struct program *program, const struct trace *trace)
{
	uint32_t not_fired = 0;

	json_write_name(writer, TEXT("events"));
	json_open_list(writer);
	for (uint32_t i = 0; i < trace->events.count; i++)
		event_write(writer, trace, trace->events.items[i]);
	json_close_list(writer);
	json_write_name(writer, TEXT("rules"));
	json_open_list(writer);
	for (uint32_t i = 0; i < trace->rules.count; i++) {
		const struct trace_rule *traced = &trace->rules.items[i];
		if (traced->outcome == OUTCOME_FALSE || traced->rule >= program->rule_count)
			not_fired++;
		else
			rule_write(writer, program, traced);
	}
	json_close_list(writer);
	json_write_name(writer, TEXT("lines"));
	json_open_list(writer);
	for (uint32_t i = 0; i < trace->lines.count; i++) {
		json_open_list(writer);
		json_write_int(writer, trace->lines.items[i].event);
		json_write_text(writer, trace->lines.items[i].text);
		json_close_list(writer);
	}
	json_close_list(writer);
	count_write(writer, "no", not_fired);
}

struct text trace_text(struct arena *arena, const struct program *program, const struct turn *turn)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	lists_write(&writer, program, &turn->trace);
	count_write(&writer, "changes", turn->plan.changes.count);
	count_write(&writer, "calls", turn->plan.outgoing.count);
	count_write(&writer, "steps", turn->trace.steps);
	json_close_object(&writer);
	return builder_text(&text);
}
