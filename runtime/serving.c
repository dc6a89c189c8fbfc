/* Opens what a service keeps. Must make no store for who only looks: a mistyped folder would look like an empty one. */
#include "runtime/serving.h"

#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/store/journal.h"
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
	if (status == OK)
		status = store_commit(serving->store, &serving->error);
	else
		store_rollback(serving->store);
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

enum status serving_note(struct serving *serving, int64_t tenant, struct record_id id, const char *what, struct text because)
{
	struct text_builder content = {.arena = serving->line->arena};
	struct json_writer writer = {.text = &content};
	char name[RECORD_ID_TEXT + 1];
	bool is_new;

	record_id_write(id, name);
	json_open_object(&writer);
	json_write_name(&writer, TEXT("of"));
	json_write_text(&writer, text_from(name));
	json_write_name(&writer, TEXT("by"));
	json_write_text(&writer, serving_person(serving));
	if (because.length) {
		json_write_name(&writer, TEXT("because"));
		json_write_text(&writer, because);
	}
	json_close_object(&writer);
	struct entry entry = {.tenant = tenant,
			      .origin = ENTRY_RESUMED,
			      .state = ENTRY_DONE,
			      .id = id,
			      .source = TEXT("person"),
			      .type = text_from(what),
			      .subject = TEXT(""),
			      .content = builder_text(&content),
			      .received_at = (moment)time(NULL),
			      .handled_at = (moment)time(NULL)};
	return journal_record(serving->store, &entry, &is_new, &serving->error);
}

void serving_close(struct serving *serving)
{
	store_close(serving->store);
}
