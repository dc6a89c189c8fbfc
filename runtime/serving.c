/* Opens what a service keeps. Must make no store for who only looks: a mistyped folder would look like an empty one. */
#include "runtime/serving.h"

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

void serving_close(struct serving *serving)
{
	store_close(serving->store);
}
