/* The chain of the history: what is written verifies, what is taken back leaves nothing, and whatever is done to it past the
 * store is found and named. */
#include "tests/unit/store/sample.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/store/database.h"
#include "runtime/store/verify.h"

static char file_name[64];

struct history {
	struct sample sample;
	struct entity *thing;
	struct database *beside; /* somebody past the store */
	struct verified verified;
};

static const char *where(void)
{
	const char *server = getenv("STELLWERK_TEST_DATABASE");

	snprintf(file_name, sizeof file_name, "/tmp/stellwerk_chain_%d", (int)getpid());
	return server ? server : file_name;
}

static bool is_server(void)
{
	return getenv("STELLWERK_TEST_DATABASE") != NULL;
}

static void file_remove(void)
{
	char name[sizeof file_name + 8];
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%s%s", file_name, ends[i]);
		remove(name);
	}
}

static void history_open(struct history *history)
{
	struct sample *sample = &history->sample;

	memset(history, 0, sizeof *history);
	sample_open(sample);
	sample_store(sample, where());
	history->thing = sample_entity(sample, "thing");
	sample_field(sample, history->thing, "name", sample_type(sample, TYPE_TEXT));
	if (sample_migrate(sample, NULL) != OK)
		fail_msg("%s", sample->error.sentence);
	assert_int_equal(database_open(where(), &history->beside, &sample->error), OK);
}

static void history_close(struct history *history)
{
	database_close(history->beside);
	sample_close(&history->sample);
	file_remove();
}

static void create(struct history *history, int64_t tenant)
{
	struct value *values = sample_values(&history->sample, history->thing);

	store_use_tenant(history->sample.store, tenant);
	values[FIELD_FIRST_OWN] = value_text(TEXT("a name"));
	sample_create(&history->sample, history->thing, values);
}

/* Five rows of tenant 1 in five links, two of tenant 2 between them. */
static void history_write(struct history *history)
{
	static const int64_t tenants[] = {1, 1, 2, 1, 2, 1, 1};

	for (size_t i = 0; i < sizeof tenants / sizeof *tenants; i++)
		create(history, tenants[i]);
}

static void verify(struct history *history)
{
	struct sample *sample = &history->sample;

	if (history_verify(sample->store, &sample->arena, &history->verified, &sample->error) != OK)
		fail_msg("%s", sample->error.sentence);
}

static void past_the_store(struct history *history, const char *sql)
{
	if (database_execute(history->beside, sql, &history->sample.error) != OK)
		fail_msg("%s: %s", sql, history->sample.error.sentence);
}

static void triggers_drop(struct history *history)
{
	past_the_store(history, is_server()
					? "DROP TRIGGER _history_update ON _history;DROP TRIGGER _history_delete ON _history;"
					  "DROP TRIGGER _chain_update ON _chain;DROP TRIGGER _chain_delete ON _chain"
					: "DROP TRIGGER _history_update;DROP TRIGGER _history_delete;"
					  "DROP TRIGGER _chain_update;DROP TRIGGER _chain_delete");
}

static void test_unbroken(void **state)
{
	struct history history;

	(void)state;
	history_open(&history);
	verify(&history);
	assert_int_equal(history.verified.damage, DAMAGE_NONE);
	assert_int_equal(history.verified.chains.count, 0);
	history_write(&history);
	verify(&history);
	if (history.verified.damage != DAMAGE_NONE)
		fail_msg("%.*s", TEXT_ARGS(history.verified.sentence));
	assert_int_equal(history.verified.chains.count, 2);
	assert_int_equal(history.verified.chains.items[0].rows, 5);
	assert_int_equal(history.verified.chains.items[0].links, 5);
	assert_int_equal(history.verified.chains.items[1].rows, 2);
	assert_int_equal(history.verified.chains.items[0].head.length, 64);
	history_close(&history);
}

static void apply_inside(struct history *history, int64_t tenant)
{
	struct sample *sample = &history->sample;
	struct change change = {.kind = CHANGE_CREATE, .entity = history->thing, .id = sample_id(sample), .rule = RULE_NONE};
	struct change *changes[] = {&change};
	struct plan plan = {.changes = {.items = changes, .count = 1}};

	change.after = sample_values(sample, history->thing);
	store_use_tenant(sample->store, tenant);
	assert_int_equal(store_begin(sample->store, &sample->error), OK);
	assert_int_equal(store_apply(sample->store, &plan, &sample->error), OK);
}

/* Turns share a transaction, and some of them are taken back: one link a tenant, of what stayed. */
static void test_savepoints(void **state)
{
	struct history history;
	struct sample *sample = &history.sample;

	(void)state;
	history_open(&history);
	struct store *store = sample->store;
	assert_int_equal(store_begin(store, &sample->error), OK);
	for (int turn = 0; turn < 6; turn++) {
		apply_inside(&history, 1 + turn % 2);
		if (turn == 1 || turn == 4)
			store_rollback(store);
		else
			assert_int_equal(store_commit(store, &sample->error), OK);
	}
	assert_int_equal(store_commit(store, &sample->error), OK);
	apply_inside(&history, 1);
	store_rollback(store); /* the outermost: nothing of it */
	verify(&history);
	assert_int_equal(history.verified.damage, DAMAGE_NONE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(history.verified.chains.items[i].rows, 2);
		assert_int_equal(history.verified.chains.items[i].links, 1);
	}
	history_close(&history);
}

/* What somebody does past the store, and what is said of it. `row` counts in the order of writing: 0, when it is about a link.
 */
static const struct tampering {
	const char *sql;
	enum damage damage;
	int64_t tenant, row, link;
} TAMPERINGS[] = {
	{"UPDATE _history SET after='{}' WHERE number=4", DAMAGE_CHANGED, 1, 4, 3},
	{"UPDATE _history SET rule='' WHERE number=2", DAMAGE_CHANGED, 1, 2, 2}, /* not set and empty are two things */
	{"UPDATE _history SET _tenant=1 WHERE number=5", DAMAGE_CHANGED, 2, 5, 2},
	{"DELETE FROM _history WHERE number=6", DAMAGE_MISSING, 1, 6, 4},
	{"DELETE FROM _history WHERE number=7", DAMAGE_MISSING, 1, 7, 5},
	{"UPDATE _history SET at=(SELECT h.at+1 FROM _history h WHERE h.number=1) WHERE number=1", DAMAGE_CHANGED, 1, 1, 1},
	{"INSERT INTO _history(_tenant,at,entity,record,change,event) SELECT _tenant,at,entity,record,change,event FROM "
	 "_history "
	 "WHERE number=2",
	 DAMAGE_INSERTED, 1, 8, 0},
	{"UPDATE _chain SET position=position+100 WHERE _tenant=1 AND position IN(2,3);"
	 "UPDATE _chain SET position=3 WHERE _tenant=1 AND position=102;"
	 "UPDATE _chain SET position=2 WHERE _tenant=1 AND position=103",
	 DAMAGE_CHAIN, 1, 0, 2},
	{"DELETE FROM _chain WHERE _tenant=1 AND position=3", DAMAGE_CHAIN, 1, 0, 3},
	{"DELETE FROM _chain WHERE _tenant=1 AND position=5;DELETE FROM _history WHERE number=7", DAMAGE_CUT_OFF, 1, 0, 4},
	{"DELETE FROM _chain_head WHERE _tenant=2", DAMAGE_CHAIN, 2, 0, 0},
	{"UPDATE _chain_head SET position=position-1 WHERE _tenant=2", DAMAGE_CHAIN, 2, 0, 2},
	{"DELETE FROM _chain WHERE _tenant=2;DELETE FROM _chain_head WHERE _tenant=2", DAMAGE_INSERTED, 2, 3, 0},
};

static void test_tampering(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof TAMPERINGS / sizeof *TAMPERINGS; i++) {
		const struct tampering *tampering = &TAMPERINGS[i];
		struct history history;
		history_open(&history);
		history_write(&history);
		triggers_drop(&history);
		past_the_store(&history, tampering->sql);
		verify(&history);
		const struct verified *verified = &history.verified;
		if (verified->damage != tampering->damage || verified->tenant != tampering->tenant ||
		    verified->row != tampering->row || verified->link != tampering->link)
			fail_msg("%s: %s, tenant %d, link %d, row %d: %.*s", tampering->sql, damage_name(verified->damage),
				 (int)verified->tenant, (int)verified->link, (int)verified->row, TEXT_ARGS(verified->sentence));
		history_close(&history);
	}
}

/* While the triggers stand, nobody gets that far. */
static void test_append_only(void **state)
{
	static const char *const refused[] = {"UPDATE _history SET at=1", "DELETE FROM _history",
					      "UPDATE _chain SET position=9", "DELETE FROM _chain"};
	struct history history;

	(void)state;
	history_open(&history);
	history_write(&history);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(database_execute(history.beside, refused[i], &history.sample.error), CONFLICT);
		assert_int_equal(database_constraint(history.beside), CONSTRAINT_SEALED);
	}
	verify(&history);
	assert_int_equal(history.verified.damage, DAMAGE_NONE);
	history_close(&history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_savepoints),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_append_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
