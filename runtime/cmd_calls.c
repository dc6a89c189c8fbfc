/* `stellwerk calls …`: what was sent out, what was answered, and once more when a person knows why. */
#include <string.h>

#include "engine/base/json.h"
#include "runtime/operate/wall.h"
#include "runtime/serving.h"
#include "runtime/store/outbox.h"
#include "runtime/store/tenant.h"
#include "runtime/table.h"

enum { CALLS_MOST = 200 };

static int calls_print(struct serving *serving);
static int call_show(struct serving *serving);
static int call_resend(struct serving *serving);

static const struct calls_verb {
	const char *name;
	uint32_t words;
	int (*run)(struct serving *serving);
} VERBS[] = {{"list", 1, calls_print}, {"show", 2, call_show}, {"resend", 2, call_resend}};

int cmd_calls(const struct command_line *line)
{
	const struct calls_verb *verb = NULL;
	struct serving serving;

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(
			line, "calls can be listed, shown and sent again: `calls list`, `calls show ID`, `calls resend ID`");
	if (line->word_count != verb->words)
		return usage_error(line,
				   verb->words == 1
					   ? "`calls list` takes no word behind it; --state, --tenant and --connector narrow it"
					   : "which one? its ID, as `calls list` shows it");
	int code = serving_open(&serving, line);
	if (code == EXIT_FINE)
		code = verb->run(&serving);
	serving_close(&serving);
	return code;
}

/* --- the list */
static void call_json(struct json_writer *writer, const struct call *call, bool whole)
{
	char id[RECORD_ID_TEXT + 1], time_text[MOMENT_TEXT];

	record_id_write(call->id, id);
	json_open_object(writer);
	json_write_name(writer, TEXT("id"));
	json_write_text(writer, text_from(id));
	json_write_name(writer, TEXT("action"));
	json_write_text(writer, call->action);
	json_write_name(writer, TEXT("state"));
	json_write_text(writer, text_from(call_state_name(call->state)));
	json_write_name(writer, TEXT("made_at"));
	json_write_text(writer, (struct text){time_text, moment_write(call->made_at, zone_utc(), time_text)});
	json_write_name(writer, TEXT("attempts"));
	json_write_int(writer, call->attempts);
	json_write_name(writer, TEXT("sentence"));
	json_write_text(writer, call->sentence);
	if (whole) {
		json_write_name(writer, TEXT("arguments"));
		json_write_text(writer, call->arguments);
		json_write_name(writer, TEXT("request"));
		json_write_text(writer, call->request);
		json_write_name(writer, TEXT("answer"));
		json_write_text(writer, call->answer);
		json_write_name(writer, TEXT("traceparent"));
		json_write_text(writer, call->traceparent);
	}
	json_close_object(writer);
}

static bool state_read(const char *word, enum call_state *state_out)
{
	for (int i = 0; word && i < CALL_STATE_COUNT; i++)
		if (text_is(text_from(word), call_state_name((enum call_state)i))) {
			*state_out = (enum call_state)i;
			return true;
		}
	return !word;
}

static void row_add(struct print_table *table, struct arena *arena, const struct call *call, struct text tenant)
{
	static const enum style STYLES[CALL_STATE_COUNT] = {
		[CALL_ANSWERED] = STYLE_GREEN, [CALL_FAILED] = STYLE_RED, [CALL_HELD] = STYLE_YELLOW};
	char id[RECORD_ID_TEXT + 1], time_text[MOMENT_TEXT];

	record_id_write(call->id, id);
	table_add(table, text_copy(arena, text_from(id)), STYLE_BOLD);
	table_add(table, tenant, STYLE_PLAIN);
	table_add(table, text_copy(arena, (struct text){time_text, moment_write_short(call->made_at, zone_utc(), time_text)}),
		  STYLE_DIM);
	table_add(table, call->action, STYLE_PLAIN);
	table_add(table, text_from(call_state_name(call->state)), STYLES[call->state]);
	table_add(table, text_format(arena, "%u", call->attempts), STYLE_PLAIN);
	table_add(table, call->sentence, STYLE_DIM);
}

static void calls_write(const call_list *calls, struct arena *arena)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_list(&writer);
	for (uint32_t i = 0; i < calls->count; i++)
		call_json(&writer, &calls->items[i], false);
	json_close_list(&writer);
	puts(builder_text(&text).bytes);
}

static int calls_show(struct serving *serving, const struct call_filter *filter, const call_list *calls)
{
	static const char *const titles[] = {"id", "tenant", "made", "what", "state", ">attempts", "why"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 7);
	known_tenants tenants;

	if (tenants_read(serving->store, arena, &tenants, &serving->error) != OK)
		return world_error(&serving->error);
	for (uint32_t i = 0; i < calls->count; i++)
		row_add(&table, arena, &calls->items[i], serving_tenant(&tenants, calls->items[i].tenant));
	if (calls->count)
		table_print(&table, stdout, 0);
	else
		puts(filter->has_state || filter->has_tenant || filter->connector.length ? "there is no such call"
											 : "nothing was sent out yet");
	if (calls->count == CALLS_MOST)
		printf("these are the youngest %d; there are more\n", CALLS_MOST);
	return EXIT_FINE;
}

static int filter_read(struct serving *serving, struct call_filter *filter_out)
{
	const struct command_line *line = serving->line;
	const char *state = option_value(line, "state"), *tenant = option_value(line, "tenant");
	const char *connector = option_value(line, "connector");
	struct tenant found;

	*filter_out = (struct call_filter){.has_tenant = tenant,
					   .has_state = state,
					   .connector = connector ? text_from(connector) : TEXT(""),
					   .most = CALLS_MOST};
	if (!state_read(state, &filter_out->state))
		return usage_error(line, "no call is \"%s\"; they are due, sent, answered, failed or held", state);
	if (tenant && tenant_find(serving->store, line->arena, text_from(tenant), &found, &serving->error) != OK)
		return world_error(&serving->error);
	filter_out->tenant = tenant ? found.number : 0;
	return EXIT_FINE;
}

static int calls_print(struct serving *serving)
{
	struct arena *arena = serving->line->arena;
	struct call_filter filter;
	call_list calls;
	int code = filter_read(serving, &filter);

	if (code != EXIT_FINE)
		return code;
	if (calls_list(serving->store, arena, &filter, &calls, &serving->error) != OK)
		return world_error(&serving->error);
	if (!serving->line->json)
		return calls_show(serving, &filter, &calls);
	calls_write(&calls, arena);
	return EXIT_FINE;
}

/* --- one: its id is nobody else's, in whichever tenant */
static enum status call_search(struct serving *serving, struct record_id id, struct call *call_out)
{
	struct arena *arena = serving->line->arena;
	known_tenants tenants;
	enum status status = tenants_read(serving->store, arena, &tenants, &serving->error);

	for (uint32_t i = 0; status == OK && i < tenants.count; i++) {
		status = call_find(serving->store, arena, tenants.items[i].number, id, call_out, &serving->error);
		if (status != NOT_FOUND)
			return status;
		status = OK;
	}
	return status == OK ? error_set(&serving->error, NOT_FOUND, "there is no call %s", serving->line->words[1]) : status;
}

static int call_read(struct serving *serving, struct call *call_out)
{
	struct record_id id;
	const char *word = serving->line->words[1];

	if (record_id_parse(text_from(word), &id) != OK)
		return usage_error(serving->line, "\"%s\" is no id; `calls list` shows them", word);
	return call_search(serving, id, call_out) == OK ? EXIT_FINE : world_error(&serving->error);
}

static int call_show(struct serving *serving)
{
	struct text_builder text = {.arena = serving->line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	struct call call;
	int code = call_read(serving, &call);

	if (code != EXIT_FINE)
		return code;
	call_json(&writer, &call, true);
	puts(builder_text(&text).bytes);
	return EXIT_FINE;
}

/* A call of its own, with a key of its own: to the other side it is another one. Nobody waits for its answer. */
static enum status again(struct serving *serving, const struct call *call, struct text because, struct record_id *id_out)
{
	struct call copy = *call;
	const struct {
		struct record_id before;
		moment now;
	} seed = {call->id, wall_now()};

	copy.id = *id_out = record_id_derive(seed.now, &seed, sizeof seed);
	copy.state = CALL_DUE;
	copy.made_at = copy.due_at = seed.now;
	copy.attempts = 0;
	copy.sentence = copy.answer = TEXT("");
	enum status status = call_add(serving->store, &copy, &serving->error);
	return status == OK ? serving_note(serving, call->tenant, call->id, "call.resent", because) : status;
}

static int call_resend(struct serving *serving)
{
	const char *because = option_value(serving->line, "because");
	char name[RECORD_ID_TEXT + 1];
	struct record_id id;
	struct call call;

	if (!because || !*because)
		return usage_error(serving->line, "why is it sent again? --because \"…\" is kept with it");
	int code = call_read(serving, &call);
	if (code != EXIT_FINE)
		return code;
	if (call.state == CALL_DUE || call.state == CALL_SENT) {
		error_set(&serving->error, CONFLICT, "%.*s is on its way already", TEXT_ARGS(call.action));
		return world_error(&serving->error);
	}
	if (call.state == CALL_HELD) {
		error_set(&serving->error, CONFLICT,
			  "%.*s waits for a person; `held retry %s` sends it, and whoever waits for it goes on",
			  TEXT_ARGS(call.action), serving->line->words[1]);
		return world_error(&serving->error);
	}
	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	code = serving_settle(serving, again(serving, &call, text_from(because), &id));
	record_id_write(id, name);
	if (code == EXIT_FINE)
		printf("%.*s is sent once more, as %s\n", TEXT_ARGS(call.action), name);
	return code;
}
