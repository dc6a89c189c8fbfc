/* `stellwerk why`: a turn of the past, from what the service has kept. Computes nothing again: what is shown was written when
 * it happened. */
#include <inttypes.h>

#include "engine/base/json.h"
#include "runtime/serving.h"
#include "runtime/store/past.h"
#include "runtime/terminal.h"

struct why {
	struct serving serving;
	struct arena *arena;
	struct entry entry;
	past_list changes;
};

static void why_print(const struct why *why);
static void why_write(const struct why *why);

int cmd_why(const struct command_line *line)
{
	struct why why = {.arena = line->arena};

	if (line->word_count != 1)
		return usage_error(line, "why what? A record's id, number or name, an event's id, or a number of the journal");
	int code = serving_open(&why.serving, line);
	if (code == EXIT_FINE) {
		struct error *error = &why.serving.error;
		enum status status = serving_entry(&why.serving, text_from(line->words[0]), &why.entry);
		if (status == OK)
			status = past_changes(why.serving.store, why.arena, past_turn(why.arena, &why.entry), &why.changes,
					      error);
		if (status != OK)
			code = world_error(error);
		else
			(line->json ? why_write : why_print)(&why);
	}
	serving_close(&why.serving);
	return code;
}

/* --- for people */
static const struct json *trace_of(const struct why *why)
{
	const struct json *trace;
	struct error error;

	return why->entry.trace.length && json_parse(why->arena, why->entry.trace, &trace, &error) == OK ? trace : NULL;
}

static void entry_print(const struct why *why)
{
	const struct entry *entry = &why->entry;
	char received[MOMENT_TEXT], handled[MOMENT_TEXT];

	moment_write_short(entry->received_at, zone_utc(), received);
	moment_write_short(entry->handled_at, zone_utc(), handled);
	styled(stdout, STYLE_BOLD, "%.*s",
	       TEXT_ARGS(entry->type.length ? entry->type : text_from(entry_origin_name(entry->origin))));
	if (entry->source.length)
		printf(" from %.*s", TEXT_ARGS(entry->source));
	printf(", entry %" PRId64 " of the journal: %s\n", entry->number, entry_state_name(entry->state));
	styled(stdout, STYLE_DIM, "  came %s, had its turn %s (UTC)\n", received,
	       entry->state == ENTRY_PENDING ? "not yet" : handled);
	struct text trace_id = serving_trace(why->arena, entry);
	if (trace_id.length)
		styled(stdout, STYLE_DIM, "  trace %.*s\n", TEXT_ARGS(trace_id));
	if (entry->sentence.length)
		styled(stdout, STYLE_RED, "  %.*s\n", TEXT_ARGS(entry->sentence));
	if (entry->content.length) {
		fputs("  ", stdout);
		print_safe(stdout, entry->content);
		fputc('\n', stdout);
	}
}

/* ["rule", event, "outcome", "sentence"] */
static void rule_print(const struct json *rule)
{
	const struct json *name = json_first(rule), *event = name ? json_next(name) : NULL;
	const struct json *outcome = event ? json_next(event) : NULL, *sentence = outcome ? json_next(outcome) : NULL;

	if (!outcome)
		return;
	bool fired = text_is(json_text(outcome), "fired");
	styled(stdout, fired ? STYLE_GREEN : STYLE_YELLOW, "  %s %.*s", fired ? "✓" : "?", TEXT_ARGS(json_text(name)));
	printf(" %.*s%s%.*s\n", TEXT_ARGS(json_text(outcome)), sentence ? ": " : "",
	       sentence ? (int)json_text(sentence).length : 0, sentence ? json_text(sentence).bytes : "");
}

static void trace_print(const struct why *why)
{
	const struct json *trace = trace_of(why), *rules = trace ? json_member(trace, TEXT("rules")) : NULL;
	const struct json *not_fired = trace ? json_member(trace, TEXT("no")) : NULL;
	int64_t count = 0;

	if (rules && json_count(rules))
		puts("\nrules");
	for (const struct json *rule = rules ? json_first(rules) : NULL; rule; rule = json_next(rule))
		rule_print(rule);
	if (not_fired && json_int(not_fired, &count) == OK)
		styled(stdout, STYLE_DIM, "  ✗ %" PRId64 " whose condition was false\n", count);
	const struct json *lines = trace ? json_member(trace, TEXT("lines")) : NULL;
	for (const struct json *line = lines ? json_first(lines) : NULL; line; line = json_next(line)) {
		const struct json *text = json_first(line) ? json_next(json_first(line)) : NULL;
		if (text)
			styled(stdout, STYLE_DIM, "  · %.*s\n", TEXT_ARGS(json_text(text)));
	}
}

static void side_print(const char *mark, struct text side)
{
	if (!side.length)
		return;
	printf("      %s ", mark);
	print_safe(stdout, side);
	fputc('\n', stdout);
}

static void changes_print(const struct why *why)
{
	char id[RECORD_ID_TEXT + 1];

	puts(why->changes.count ? "\nchanges" : "\nnothing was changed");
	for (uint32_t i = 0; i < why->changes.count; i++) {
		const struct past_change *change = &why->changes.items[i];
		record_id_write(change->record, id);
		styled(stdout, STYLE_BOLD, "  %.*s %.*s", TEXT_ARGS(change->change), TEXT_ARGS(change->entity));
		printf(" %s", id);
		if (change->rule.length)
			printf(" by %.*s", TEXT_ARGS(change->rule));
		fputc('\n', stdout);
		side_print("-", change->before);
		side_print("+", change->after);
	}
}

static void why_print(const struct why *why)
{
	entry_print(why);
	trace_print(why);
	changes_print(why);
}

/* --- for tools */
static void json_or_null(struct json_writer *writer, struct arena *arena, const char *name, struct text text)
{
	const struct json *json;
	struct error error;

	json_write_name(writer, text_from(name));
	if (text.length && json_parse(arena, text, &json, &error) == OK)
		json_write_document(writer, json);
	else
		json_write_null(writer);
}

static void change_write(struct json_writer *writer, struct arena *arena, const struct past_change *change)
{
	char id[RECORD_ID_TEXT + 1];

	record_id_write(change->record, id);
	json_open_object(writer);
	json_write_name(writer, TEXT("change"));
	json_write_text(writer, change->change);
	json_write_name(writer, TEXT("entity"));
	json_write_text(writer, change->entity);
	json_write_name(writer, TEXT("record"));
	json_write_text(writer, text_from(id));
	json_write_name(writer, TEXT("rule"));
	json_write_text(writer, change->rule);
	json_or_null(writer, arena, "before", change->before);
	json_or_null(writer, arena, "after", change->after);
	json_close_object(writer);
}

static void why_write(const struct why *why)
{
	struct text_builder text = {.arena = why->arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("number"));
	json_write_int(&writer, why->entry.number);
	json_write_name(&writer, TEXT("state"));
	json_write_text(&writer, text_from(entry_state_name(why->entry.state)));
	json_write_name(&writer, TEXT("type"));
	json_write_text(&writer, why->entry.type);
	json_write_name(&writer, TEXT("source"));
	json_write_text(&writer, why->entry.source);
	json_write_name(&writer, TEXT("trace_id"));
	json_write_text(&writer, serving_trace(why->arena, &why->entry));
	json_or_null(&writer, why->arena, "content", why->entry.content);
	json_or_null(&writer, why->arena, "trace", why->entry.trace);
	json_write_name(&writer, TEXT("changes"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < why->changes.count; i++)
		change_write(&writer, why->arena, &why->changes.items[i]);
	json_close_list(&writer);
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}
