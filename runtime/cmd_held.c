/* `stellwerk held …`: what waits for a person, and what the person says. The word becomes an entry of the journal, or a state
 * of the call; the service does the rest. */
#include "engine/base/json.h"
#include "runtime/serving.h"
#include "runtime/store/held.h"
#include "runtime/store/outbox.h"
#include "runtime/table.h"

/* VERB, what it does to each kind; NULL: nothing that could be said of it. */
static const struct held_verb {
	const char *name;
	enum status (*call)(struct serving *serving, const struct held *held);
	const char *workflow, *approval; /* what the entry says that tells the engine: members of its content */
	const char *done;
} VERBS[];

static int held_list_print(struct serving *serving);
static int held_decide(struct serving *serving, const struct held_verb *verb);

/* --- what can be said */
static enum status call_retry(struct serving *serving, const struct held *held)
{
	struct call call;
	enum status status = call_find(serving->store, serving->line->arena, held->tenant, held->id, &call, &serving->error);

	if (status != OK)
		return status;
	call.state = CALL_DUE;
	call.due_at = 0; /* long since */
	status = call_change(serving->store, &call, CALL_HELD, call.attempts, &serving->error);
	return status == OK ? serving_note(serving, held->tenant, held->id, "call.retried", TEXT("")) : status;
}

/* `members` of its content, and who said it. */
static enum status entry_add(struct serving *serving, const struct held *held, enum entry_origin origin, const char *members)
{
	struct text_builder content = {.arena = serving->line->arena};
	struct json_writer writer = {.text = &content};

	builder_format(&content, "{%s,\"by\":", members);
	json_write_text(&writer, serving_person(serving));
	builder_add_char(&content, '}');
	struct entry entry = {.tenant = held->tenant,
			      .origin = origin,
			      .id = held->id,
			      .source = TEXT("held"),
			      .type = held->what,
			      .content = builder_text(&content),
			      .received_at = held->since};
	bool is_new;

	return journal_add(serving->store, &entry, &is_new, &serving->error);
}

static enum status call_cancel(struct serving *serving, const struct held *held)
{
	struct call call;
	enum status status = call_find(serving->store, serving->line->arena, held->tenant, held->id, &call, &serving->error);

	if (status == OK) {
		call.state = CALL_FAILED;
		status = call_change(serving->store, &call, CALL_HELD, call.attempts, &serving->error);
	}
	return status == OK ? entry_add(serving, held, ENTRY_ANSWER,
					"\"ok\":false,\"sentence\":\"a person gave the call up\",\"final\":true")
			    : status;
}

static enum status call_go_on(struct serving *serving, const struct held *held)
{
	struct call call;
	enum status status = call_find(serving->store, serving->line->arena, held->tenant, held->id, &call, &serving->error);

	if (status == OK) {
		call.state = CALL_ANSWERED;
		status = call_change(serving->store, &call, CALL_HELD, call.attempts, &serving->error);
	}
	return status == OK ? entry_add(serving, held, ENTRY_ANSWER, "\"ok\":true") : status;
}

static const struct held_verb VERBS[] = {
	{"retry", call_retry, "\"resume\":\"retry\"", NULL, "is tried again"},
	{"go-on", call_go_on, "\"resume\":\"go_on\"", NULL, "goes on as if it had succeeded"},
	{"cancel", call_cancel, "\"resume\":\"cancel\"", NULL, "is given up"},
	{"approve", NULL, NULL, "\"approved\":true", "is approved"},
	{"refuse", NULL, NULL, "\"approved\":false", "is refused"},
};

int cmd_held(const struct command_line *line)
{
	const struct held_verb *verb = NULL;
	struct serving serving;
	bool list = line->word_count == 1 && text_is(text_from(line->words[0]), "list");

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!list && !verb)
		return usage_error(
			line, "what waits for a person can be listed, retried, let go on, cancelled, approved and refused");
	if (!list && line->word_count != 2)
		return usage_error(line, "which one? `held %s ID`, as `held list` shows it", verb->name);
	int code = serving_open(&serving, line);
	if (code == EXIT_FINE)
		code = list ? held_list_print(&serving) : held_decide(&serving, verb);
	serving_close(&serving);
	return code;
}

/* --- the list */
static void json_print(const held_list *held, struct arena *arena)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	char id[RECORD_ID_TEXT + 1], time[MOMENT_TEXT];

	json_open_list(&writer);
	for (uint32_t i = 0; i < held->count; i++) {
		const struct held *each = &held->items[i];
		record_id_write(each->id, id);
		json_open_object(&writer);
		json_write_name(&writer, TEXT("id"));
		json_write_text(&writer, text_from(id));
		json_write_name(&writer, TEXT("kind"));
		json_write_text(&writer, text_from(held_kind_name(each->kind)));
		json_write_name(&writer, TEXT("what"));
		json_write_text(&writer, each->what);
		json_write_name(&writer, TEXT("why"));
		json_write_text(&writer, each->why);
		json_write_name(&writer, TEXT("since"));
		json_write_text(&writer, (struct text){time, moment_write(each->since, zone_utc(), time)});
		json_close_object(&writer);
	}
	json_close_list(&writer);
	puts(builder_text(&text).bytes);
}

static int held_list_print(struct serving *serving)
{
	static const char *const titles[] = {"id", "kind", "what", "since", "why"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 5);
	char id[RECORD_ID_TEXT + 1], time[MOMENT_TEXT];
	held_list held;

	if (held_find(serving->store, arena, &held, &serving->error) != OK)
		return world_error(&serving->error);
	if (serving->line->json) {
		json_print(&held, arena);
		return EXIT_FINE;
	}
	for (uint32_t i = 0; i < held.count; i++) {
		const struct held *each = &held.items[i];
		record_id_write(each->id, id);
		table_add(&table, text_copy(arena, text_from(id)), STYLE_BOLD);
		table_add(&table, text_from(held_kind_name(each->kind)), STYLE_PLAIN);
		table_add(&table, each->what, STYLE_PLAIN);
		table_add(&table, text_copy(arena, (struct text){time, moment_write_short(each->since, zone_utc(), time)}),
			  STYLE_DIM);
		table_add(&table, each->why, STYLE_YELLOW);
	}
	if (held.count)
		table_print(&table, stdout, 0);
	else
		puts("nothing waits for a person");
	return EXIT_FINE;
}

/* --- a decision */
static const struct held *held_with(const held_list *held, struct record_id id)
{
	for (uint32_t i = 0; i < held->count; i++)
		if (id_equal(held->items[i].id, id))
			return &held->items[i];
	return NULL;
}

static enum status say(struct serving *serving, const struct held_verb *verb, const struct held *held)
{
	if (held->kind == HELD_CALL && verb->call)
		return verb->call(serving, held);
	if (held->kind == HELD_WORKFLOW && verb->workflow)
		return entry_add(serving, held, ENTRY_RESUMED, verb->workflow);
	if (held->kind == HELD_APPROVAL && verb->approval)
		return entry_add(serving, held, ENTRY_DECISION, verb->approval);
	return error_set(&serving->error, INVALID, "%s is no answer to %s", verb->name,
			 held->kind == HELD_APPROVAL ? "an approval; approve or refuse it"
						     : "this; retry it, let it go-on, or cancel it");
}

static int held_decide(struct serving *serving, const struct held_verb *verb)
{
	struct record_id id;
	held_list held;

	if (record_id_parse(text_from(serving->line->words[1]), &id) != OK)
		return usage_error(serving->line, "\"%s\" is no id; `held list` shows them", serving->line->words[1]);
	if (held_find(serving->store, serving->line->arena, &held, &serving->error) != OK)
		return world_error(&serving->error);
	const struct held *each = held_with(&held, id);
	if (!each) {
		error_set(&serving->error, NOT_FOUND, "nothing of the id %s waits for a person", serving->line->words[1]);
		return world_error(&serving->error);
	}
	enum status status = store_begin(serving->store, &serving->error);
	if (status != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, say(serving, verb, each));
	if (code == EXIT_FINE)
		printf("the %s %.*s %s\n", held_kind_name(each->kind), TEXT_ARGS(each->what), verb->done);
	return code;
}
