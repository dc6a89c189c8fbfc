/* Opens what a service keeps. Must make no store for who only looks: a mistyped folder would look like an empty one. */
#include "runtime/serving.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/operate/wall.h"
#include "runtime/service/tracing.h"
#include "runtime/store/past.h"
#include "runtime/store/tenant.h"

static const char *given(void *context, const char *word)
{
	const struct command_line *line = context;

	for (uint32_t i = 0; i < line->command->option_count; i++)
		if (text_is(text_from(line->command->options[i].name), word))
			return option_value(line, word);
	return NULL;
}

static int store_find(struct serving *serving, const struct command_line *line, bool make)
{
	*serving = (struct serving){.line = line};
	if (settings_read(line->arena, given, (void *)line, "", TEXT(""), &serving->settings, &serving->error) != OK ||
	    service_store_open(&serving->settings, make, &serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	return EXIT_FINE;
}

int serving_open(struct serving *serving, const struct command_line *line)
{
	return store_find(serving, line, false);
}

int serving_make(struct serving *serving, const struct command_line *line)
{
	int code = store_find(serving, line, true);

	if (code == EXIT_FINE && store_make_own_tables(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	return code;
}

int serving_settle(struct serving *serving, enum status status)
{
	if (status == OK)
		status = service_call(serving->store, &serving->error);
	status = store_end(serving->store, status, &serving->error);
	if (status != OK)
		return world_error(&serving->error);
	service_ring(&serving->settings);
	return EXIT_FINE;
}

struct text serving_person(const struct serving *serving)
{
	const char *by = option_value(serving->line, "by");
	const struct passwd *user = by ? NULL : getpwuid(getuid());

	return by ? text_from(by) : user ? text_copy(serving->line->arena, text_from(user->pw_name)) : TEXT("somebody");
}

static enum status note(struct serving *serving, int64_t tenant, struct record_id id, const char *what, struct text content)
{
	bool is_new;
	struct entry entry = {.tenant = tenant,
			      .origin = ENTRY_NOTED,
			      .state = ENTRY_DONE,
			      .id = id,
			      .source = TEXT("person"),
			      .type = text_from(what),
			      .subject = TEXT(""),
			      .content = content,
			      .received_at = wall_now(),
			      .handled_at = wall_now()};
	return journal_record(serving->store, &entry, &is_new, &serving->error);
}

enum status serving_note(struct serving *serving, int64_t tenant, struct record_id id, const char *what, struct text because)
{
	struct text_builder content = {.arena = serving->line->arena};
	struct json_writer writer = {.text = &content};
	char name[RECORD_ID_TEXT + 1];

	record_id_write(id, name);
	json_open_object(&writer);
	json_write_member(&writer, "of", text_from(name));
	json_write_member(&writer, "by", serving_person(serving));
	if (because.length)
		json_write_member(&writer, "because", because);
	json_close_object(&writer);
	return note(serving, tenant, id, what, builder_text(&content));
}

enum status serving_note_setting(struct serving *serving, int64_t tenant, struct text name, struct text before,
				 struct text after)
{
	struct text_builder content = {.arena = serving->line->arena};
	struct json_writer writer = {.text = &content};

	json_open_object(&writer);
	json_write_member(&writer, "name", name);
	json_write_member(&writer, "before", before);
	json_write_member(&writer, "after", after);
	json_write_member(&writer, "by", serving_person(serving));
	json_close_object(&writer);
	return note(serving, tenant, (struct record_id){0}, NOTE_SETTING, builder_text(&content));
}

enum status serving_entry(struct serving *serving, struct text what, struct entry *entry_out)
{
	struct store *store = serving->store;
	struct arena *arena = serving->line->arena;
	struct record_id turn;
	char *end;

	errno = 0;
	long long number = strtoll(what.bytes, &end, 10);
	if (!errno && end != what.bytes && !*end)
		return journal_read(store, arena, number, entry_out, &serving->error);
	enum status status = journal_find(store, arena, what, entry_out, &serving->error);
	if (status != NOT_FOUND)
		return status;
	status = past_turn_of(store, what, &turn, &serving->error);
	return status == OK ? past_entry(store, arena, turn, entry_out, &serving->error) : status;
}

struct text serving_tenant(const known_tenants *tenants, int64_t number)
{
	const struct tenant *tenant = tenant_numbered(tenants, number);

	return tenant ? tenant->name : TEXT("nobody");
}

struct text serving_trace(struct arena *arena, const struct entry *entry)
{
	struct traceparent trace;

	entry_trace(entry, &trace);
	return text_copy(arena, text_from(trace.trace_id));
}

void serving_close(struct serving *serving)
{
	store_close(serving->store);
}
