/* A batch must come to what its turns come to one by one: the recorded week, with doubles, is taken in by transactions of one
 * turn and of many, and every row, the history, the journal and the outbox must be the same in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "runtime/pack.h"
#include "runtime/service/turns.h"
#include "runtime/store/inside.h"
#include "runtime/store/journal.h"

enum { NOW = 1772750000 }; /* the same for all: a batch has one */

static struct pack pack;
static struct error error;

int world_error(const struct error *why)
{
	print_error("%s\n", why->sentence);
	return EXIT_UNREADABLE;
}

#define must(status) assert_int_equal((status), OK)

/* --- the week */
static void entry_read(struct arena *arena, struct text line, uint32_t number, struct entry *entry)
{
	const struct json *json;

	must(json_parse(arena, line, &json, &error));
	*entry = (struct entry){.origin = ENTRY_RECEIVED,
				.id = journal_event_id(arena, TEXT("week"), text_format(arena, "%u", number)),
				.source = json_text(json_member(json, TEXT("connector"))),
				.type = json_text(json_member(json, TEXT("receive"))),
				.subject = TEXT(""),
				.content = line,
				.received_at = NOW};
}

static void recording_read(struct arena *arena, const char *path, entry_list *entries)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while ((length = getline(&line, &room, file)) > 0) {
		struct text text = {arena_string(arena, line, (size_t)length), (uint32_t)length};
		uint32_t number = entries->count;
		entry_read(arena, text, number, list_add(arena, entries));
		if (entries->count % 20 == 19) { /* again, as a broker does that did not hear the acknowledgement */
			struct entry again = entries->items[entries->count - 7];
			*list_add(arena, entries) = again;
		}
	}
	free(line);
	fclose(file);
}

static void week_read(struct arena *arena, entry_list *entries)
{
	static const char *const FILES[] = {"tactical", "ninjaone", "datto", "atera", "level"};

	for (int i = 0; i < 5; i++)
		recording_read(arena, arena_format(arena, "examples/alerts/%s.jsonl", FILES[i]), entries);
	/* what can not be handled, amid what can */
	entries->items[100].type = TEXT("nobody");
	entries->items[101].content = TEXT("{\"body\":");
	entries->items[300].state = ENTRY_DEAD; /* as its receiver has found */
	entries->items[300].sentence = TEXT("the broker gave it up");
}

/* --- what a store holds */
/* The rows that a query looks at may be more in a batch; those that it finds are not. */
static struct text without_steps(struct text text)
{
	int64_t at = text_find(text, TEXT("\"steps\":"));

	return at < 0 ? text : text_slice(text, 0, (uint32_t)at);
}

static void query_show(struct store *store, struct text_builder *text, const char *sql, uint32_t columns)
{
	struct statement *statement;
	bool row;

	must(store_statement(store, sql, &statement, &error));
	statement_reset(statement);
	while (statement_step(statement, &row, &error) == OK && row) {
		for (uint32_t i = 0; i < columns; i++) {
			struct sql_value value = statement_column(statement, i);
			if (value.kind == SQL_INTEGER)
				builder_format(text, "%lld|", (long long)value.integer);
			else if (value.kind == SQL_TEXT)
				builder_format(text, "%.*s|", TEXT_ARGS(without_steps(value.text)));
			else
				for (uint32_t b = 0; value.kind == SQL_BYTES && b < value.text.length; b++)
					builder_format(text, "%02x", (unsigned char)value.text.bytes[b]);
		}
		builder_add_char(text, '\n');
	}
	statement_reset(statement);
}

static void rows_show(struct store *store, struct arena *arena, struct text_builder *text, const struct entity *entity)
{
	const struct query query = {.kind = QUERY_ALL, .entity = entity};
	const struct value *const *rows;
	uint32_t count;

	must(store_query(store, arena, &query, NULL, &rows, &count, &error));
	for (uint32_t i = 0; i < count; i++) {
		builder_format(text, "%.*s ", TEXT_ARGS(entity->name));
		for (uint32_t f = 0; f < entity->field_count; f++) {
			if (rows[i][f].kind != VALUE_MISSING)
				value_write(text, rows[i][f], NULL);
			builder_add_char(text, '|');
		}
		builder_add_char(text, '\n');
	}
}

static struct text store_show(struct store *store, struct arena *arena)
{
	const struct schema *schema = &pack.program->schema;
	struct text_builder text = {.arena = arena};

	for (uint32_t i = 0; i < schema->entity_count; i++)
		rows_show(store, arena, &text, schema->entities[i]);
	query_show(store, &text, "SELECT entity,record,at,change,event,rule,before,after FROM _history ORDER BY number", 8);
	query_show(store, &text, "SELECT origin,state,id,attempts,handled_at,sentence,trace FROM _journal ORDER BY number", 7);
	query_show(store, &text, "SELECT id,state,connector,action,arguments FROM _call ORDER BY id", 5);
	query_show(store, &text, "SELECT id,kind,at FROM _event ORDER BY id", 3);
	query_show(store, &text, "SELECT name,number FROM _sequence ORDER BY name", 2);
	return builder_text(&text);
}

/* --- the same in batches of `most` */
static struct store *store_new(struct arena *arena)
{
	const char *where = getenv("STELLWERK_TEST_DATABASE");
	struct database *database;
	struct store *store;

	if (where) {
		must(database_open(where, &database, &error));
		must(database_execute(database, "DROP SCHEMA public CASCADE;CREATE SCHEMA public", &error));
		database_close(database);
	}
	must(store_open(where ? where : ":memory:", &store, &error));
	must(store_migrate(store, pack.program, arena, NULL, &error));
	return store;
}

static struct text week_run(struct arena *arena, uint32_t most)
{
	struct entry begin = {.origin = ENTRY_ACTIVATED, .received_at = NOW};
	struct store *store = store_new(arena);
	struct programs *programs;
	struct turned turned;
	entry_list entries = {0};
	uint32_t dead = 0, doubles = 0, one_by_one = 0;

	must(programs_open(store, pack.program, NULL, &programs, &error));
	struct turns *turns = turns_open(store, programs);
	must(turns_run(turns, &begin, 1, NOW, &turned, &error));
	week_read(arena, &entries);
	for (uint32_t first = 0; first < entries.count; first += most) {
		uint32_t count = entries.count - first < most ? entries.count - first : most;
		must(turns_run(turns, entries.items + first, count, NOW, &turned, &error));
		dead += turned.dead;
		doubles += turned.doubles;
		one_by_one += turned.one_by_one;
	}
	assert_int_equal(dead, 3);
	assert_in_range(one_by_one, 1, 2); /* those in which a turn was refused, and no others */
	assert_in_range(doubles, 38, 100);
	struct text shown = store_show(store, arena);
	turns_close(turns);
	programs_close(programs);
	store_close(store);
	return shown;
}

static void assert_same(struct text one, struct text many, uint32_t most)
{
	uint32_t line = 0;

	for (uint32_t i = 0; i < one.length && i < many.length; i++) {
		if (one.bytes[i] != many.bytes[i])
			fail_msg("batches of %u: line %u differs\n%.300s\n-- and --\n%.300s", most, line + 1, one.bytes + i,
				 many.bytes + i);
		line += one.bytes[i] == '\n';
	}
	assert_int_equal(one.length, many.length);
	assert_true(line > 3000);
}

static void a_batch_comes_to_what_its_turns_come_to(void **state)
{
	static const uint32_t SIZES[] = {7, 64, 1000};
	struct arena arena;

	(void)state;
	arena_init(&arena, "week", 0);
	struct text one = week_run(&arena, 1);
	for (int i = 0; i < 3; i++)
		assert_same(one, week_run(&arena, SIZES[i]), SIZES[i]);
	arena_release(&arena);
}

int main(void)
{
	static const char *const PATHS[] = {"rules/default", "connectors/rmm", "examples/alerts"};
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_batch_comes_to_what_its_turns_come_to)};

	if (pack_open(&pack, PATHS, 3, PACK_RUN) != EXIT_FINE)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pack_close(&pack);
	return failed;
}
