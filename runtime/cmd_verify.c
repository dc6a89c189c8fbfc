/* `stellwerk verify`: is the history what was written? Reads only; beside a service that runs, or without one. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/base/json.h"
#include "runtime/serving.h"
#include "runtime/store/verify.h"

static void json_print(const struct verified *verified, struct arena *arena);
static void text_print(const struct verified *verified);

int cmd_verify(const struct command_line *line)
{
	struct serving serving;
	struct verified verified = {0};

	if (line->word_count)
		return usage_error(line, "it takes no word, only the store: --data FOLDER or --database URL");
	int code = serving_open(&serving, line);
	if (code == EXIT_FINE && history_verify(serving.store, line->arena, &verified, &serving.error) != OK)
		code = world_error(&serving.error);
	serving_close(&serving);
	if (code != EXIT_FINE)
		return code;
	if (line->json)
		json_print(&verified, line->arena);
	else
		text_print(&verified);
	return verified.damage == DAMAGE_NONE ? EXIT_FINE : EXIT_FINDINGS;
}

static void text_print(const struct verified *verified)
{
	for (uint32_t i = 0; i < verified->chains.count; i++) {
		const struct verified_chain *chain = &verified->chains.items[i];
		if (verified->damage == DAMAGE_NONE || chain->tenant != verified->tenant)
			printf("tenant %" PRId64 ": %" PRId64 " rows in %" PRId64 " links, unbroken; head %.*s\n",
			       chain->tenant, chain->rows, chain->links, TEXT_ARGS(chain->head));
	}
	if (verified->damage != DAMAGE_NONE)
		printf("tenant %" PRId64 ": %.*s\n", verified->tenant, TEXT_ARGS(verified->sentence));
	else if (!verified->chains.count)
		puts("there is no history yet");
}

/* --- for tools */
static void number_write(struct json_writer *writer, const char *name, int64_t number)
{
	json_write_name(writer, text_from(name));
	json_write_int(writer, number);
}

static void damage_write(struct json_writer *writer, const struct verified *verified)
{
	json_write_name(writer, TEXT("damage"));
	if (verified->damage == DAMAGE_NONE) {
		json_write_null(writer);
		return;
	}
	json_open_object(writer);
	json_write_name(writer, TEXT("kind"));
	json_write_text(writer, text_from(damage_name(verified->damage)));
	number_write(writer, "tenant", verified->tenant);
	number_write(writer, "link", verified->link);
	number_write(writer, "row", verified->row);
	json_write_name(writer, TEXT("sentence"));
	json_write_text(writer, verified->sentence);
	json_close_object(writer);
}

static void json_print(const struct verified *verified, struct arena *arena)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("unbroken"));
	json_write_bool(&writer, verified->damage == DAMAGE_NONE);
	json_write_name(&writer, TEXT("tenants"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < verified->chains.count; i++) {
		const struct verified_chain *chain = &verified->chains.items[i];
		json_open_object(&writer);
		number_write(&writer, "tenant", chain->tenant);
		number_write(&writer, "rows", chain->rows);
		number_write(&writer, "links", chain->links);
		json_write_name(&writer, TEXT("head"));
		json_write_text(&writer, chain->head);
		json_close_object(&writer);
	}
	json_close_list(&writer);
	damage_write(&writer, verified);
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}
