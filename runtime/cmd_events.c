/* `stellwerk events dead …`: the events that could not be handled. Works beside a service that runs, and without one. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "runtime/serving.h"
#include "runtime/store/journal.h"
#include "runtime/store/tenant.h"
#include "runtime/table.h"

static int dead_list(struct serving *dead);
static int dead_show(struct serving *dead);
static int dead_retry(struct serving *dead);
static int dead_drop(struct serving *dead);

static const struct dead_verb {
	const char *name;
	int (*run)(struct serving *dead);
} VERBS[] = {{"list", dead_list}, {"show", dead_show}, {"retry", dead_retry}, {"drop", dead_drop}};

int cmd_events(const struct command_line *line)
{
	struct serving dead;
	const struct dead_verb *verb = NULL;

	if (line->word_count < 2 || !text_is(text_from(line->words[0]), "dead"))
		return usage_error(line, "what about events? `events dead list`");
	for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[1]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(line, "dead events can be listed, shown, retried and dropped; \"%s\" is none of these",
				   line->words[1]);
	int code = serving_open(&dead, line);
	if (code == EXIT_FINE)
		code = verb->run(&dead);
	serving_close(&dead);
	return code;
}

/* --- which */
static bool number_read(const char *word, int64_t *number_out)
{
	char *end;

	errno = 0;
	*number_out = strtoll(word, &end, 10);
	return !errno && end != word && !*end && *number_out > 0;
}

static enum status dead_read(struct serving *dead, entry_list *entries)
{
	struct entry_filter filter = {
		.tenant = TENANT_ANY, .has_state = true, .state = ENTRY_DEAD, .since = INT64_MIN, .most = UINT32_MAX >> 1};

	return journal_list(dead->store, dead->line->arena, &filter, entries, &dead->error);
}

/* --- reading */
static void entry_json(struct json_writer *writer, const struct entry *entry, struct text tenant, bool whole)
{
	char time[MOMENT_TEXT];

	json_open_object(writer);
	json_write_name(writer, TEXT("number"));
	json_write_int(writer, entry->number);
	json_write_name(writer, TEXT("tenant"));
	json_write_text(writer, tenant);
	json_write_name(writer, TEXT("origin"));
	json_write_text(writer, text_from(entry_origin_name(entry->origin)));
	json_write_name(writer, TEXT("type"));
	json_write_text(writer, entry->type);
	json_write_name(writer, TEXT("source"));
	json_write_text(writer, entry->source);
	json_write_name(writer, TEXT("received_at"));
	json_write_text(writer, (struct text){time, moment_write(entry->received_at, zone_utc(), time)});
	json_write_name(writer, TEXT("reason"));
	json_write_text(writer, entry->sentence);
	if (whole) {
		json_write_name(writer, TEXT("trace_id"));
		json_write_text(writer, serving_trace(writer->text->arena, entry));
		json_write_name(writer, TEXT("content"));
		json_write_text(writer, entry->content);
	}
	json_close_object(writer);
}

static void json_print(const entry_list *entries, const known_tenants *tenants, struct arena *arena, bool whole)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_list(&writer);
	for (uint32_t i = 0; i < entries->count; i++)
		entry_json(&writer, &entries->items[i], serving_tenant(tenants, entries->items[i].tenant), whole);
	json_close_list(&writer);
	puts(builder_text(&text).bytes);
}

static int dead_list(struct serving *dead)
{
	static const char *const titles[] = {">number", "tenant", "received", "what", "from", "why"};
	struct arena *arena = dead->line->arena;
	struct print_table table = table_new(arena, titles, 6);
	char time[MOMENT_TEXT];
	known_tenants tenants;
	entry_list entries;

	if (dead_read(dead, &entries) != OK || tenants_read(dead->store, arena, &tenants, &dead->error) != OK)
		return world_error(&dead->error);
	if (dead->line->json) {
		json_print(&entries, &tenants, arena, false);
		return EXIT_FINE;
	}
	for (uint32_t i = 0; i < entries.count; i++) {
		const struct entry *entry = &entries.items[i];
		table_add(&table, text_format(arena, "%" PRId64, entry->number), STYLE_BOLD);
		table_add(&table, serving_tenant(&tenants, entry->tenant), STYLE_PLAIN);
		table_add(&table,
			  text_copy(arena, (struct text){time, moment_write_short(entry->received_at, zone_utc(), time)}),
			  STYLE_PLAIN);
		table_add(&table, entry->type.length ? entry->type : text_from(entry_origin_name(entry->origin)), STYLE_PLAIN);
		table_add(&table, entry->source, STYLE_DIM);
		table_add(&table, entry->sentence, STYLE_RED);
	}
	if (entries.count)
		table_print(&table, stdout, 0);
	else
		puts("no event is dead");
	return EXIT_FINE;
}

static int dead_show(struct serving *dead)
{
	known_tenants tenants;
	entry_list entries, shown = {0};
	int64_t number;

	if (dead->line->word_count != 3 || !number_read(dead->line->words[2], &number))
		return usage_error(dead->line, "which one? `events dead show NUMBER`");
	if (dead_read(dead, &entries) != OK || tenants_read(dead->store, dead->line->arena, &tenants, &dead->error) != OK)
		return world_error(&dead->error);
	for (uint32_t i = 0; i < entries.count; i++)
		if (entries.items[i].number == number)
			*list_add(dead->line->arena, &shown) = entries.items[i];
	if (!shown.count) {
		error_set(&dead->error, NOT_FOUND, "there is no dead event of number %" PRId64, number);
		return world_error(&dead->error);
	}
	if (dead->line->json) {
		json_print(&shown, &tenants, dead->line->arena, true);
		return EXIT_FINE;
	}
	const struct entry *entry = &shown.items[0];
	struct text whose = serving_tenant(&tenants, entry->tenant);
	styled(stdout, STYLE_BOLD, "%.*s", TEXT_ARGS(entry->type));
	printf(" from %.*s for %.*s, tried %u times\n", TEXT_ARGS(entry->source), TEXT_ARGS(whose), entry->attempts);
	styled(stdout, STYLE_RED, "%.*s\n", TEXT_ARGS(entry->sentence));
	styled(stdout, STYLE_DIM, "trace %.*s\n", TEXT_ARGS(serving_trace(dead->line->arena, entry)));
	print_safe(stdout, entry->content);
	putchar('\n');
	return EXIT_FINE;
}

/* --- deciding: all of them or none */
static enum status revive_all(struct serving *dead, bool retry, uint32_t *count_out)
{
	entry_list entries;
	enum status status = dead_read(dead, &entries);

	*count_out = 0;
	for (uint32_t i = 0; status == OK && i < entries.count; i++, ++*count_out)
		status = journal_revive(dead->store, entries.items[i].number, retry, &dead->error);
	return status;
}

static enum status revive_each(struct serving *dead, bool retry, uint32_t *count_out)
{
	enum status status = OK;
	int64_t number;

	*count_out = 0;
	for (uint32_t i = 2; status == OK && i < dead->line->word_count; i++, ++*count_out)
		status = number_read(dead->line->words[i], &number)
				 ? journal_revive(dead->store, number, retry, &dead->error)
				 : error_set(&dead->error, INVALID, "\"%s\" is no number of an event", dead->line->words[i]);
	return status;
}

static int revive(struct serving *dead, bool retry, const char *done)
{
	bool all = option_given(dead->line, "all");
	uint32_t count;

	if (!all && dead->line->word_count < 3)
		return usage_error(dead->line, "which ones? Give their numbers, or --all");
	enum status status = store_begin(dead->store, &dead->error);
	if (status != OK)
		return world_error(&dead->error);
	status = all ? revive_all(dead, retry, &count) : revive_each(dead, retry, &count);
	int code = serving_settle(dead, status);
	if (code == EXIT_FINE)
		printf("%u event%s %s\n", count, count == 1 ? "" : "s", done);
	return code;
}

static int dead_retry(struct serving *dead)
{
	return revive(dead, true, "will have another turn");
}

static int dead_drop(struct serving *dead)
{
	return revive(dead, false, "dropped");
}
