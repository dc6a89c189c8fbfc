/* What the process that the outside reaches may do in the database, asked of the database itself. On SQLite, which has no
 * roles, only that it can do its work. docs/decisions/0022-the-api-sees-one-tenant.md */
#include "tests/unit/store/sample.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/store/inside.h"
#include "runtime/store/journal.h"

enum { ACME = 1, GLOBEX = 2 };

static struct sample sample;
static struct store *api;
static struct entity *visit;
static struct error error;

static void visit_make(int64_t tenant, const char *name)
{
	struct value *values = sample_values(&sample, visit);

	store_use_tenant(sample.store, tenant);
	values[FIELD_FIRST_OWN] = value_text(text_from(name));
	sample_create(&sample, visit, values);
}

static int set_up(void **state)
{
	const char *where = getenv("STELLWERK_TEST_DATABASE");

	(void)state;
	sample_open(&sample);
	visit = sample_entity(&sample, "visit");
	sample_field(&sample, visit, "name", sample_type(&sample, TYPE_TEXT));
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	visit_make(ACME, "Anna");
	visit_make(GLOBEX, "Bert");
	visit_make(GLOBEX, "Carl");
	api = NULL;
	if (where)
		assert_int_equal(store_open(where, &api, &error), OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(api);
	sample_close(&sample);
	return 0;
}

/* The process, or on SQLite the store itself: nothing is in another process's memory. */
static struct store *confined(void)
{
	struct store *store = api ? api : sample.store;

	if (store_confine(store, &error) != OK)
		fail_msg("%s", error.sentence);
	return store;
}

static int64_t number(struct store *store, const char *sql)
{
	struct statement *statement;
	bool row = false;

	if (database_prepare(store->database, text_from(sql), &statement, &error) != OK ||
	    statement_step(statement, &row, &error) != OK)
		fail_msg("%s: %s", sql, error.sentence);
	int64_t found = row ? statement_column(statement, 0).integer : -1;
	statement_close(statement);
	return found;
}

static void refused(struct store *store, const char *sql, const char *because)
{
	assert_int_not_equal(database_execute(store->database, sql, &error), OK);
	if (!strstr(error.sentence, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", sql, error.sentence, because);
}

static void assert_taken(struct store *store, const struct entry *entries, uint32_t count, uint32_t wanted)
{
	uint32_t new;

	assert_int_equal(store_begin(store, &error), OK);
	if (journal_add_many(store, entries, count, &new, &error) != OK)
		fail_msg("%s", error.sentence);
	assert_int_equal(store_commit(store, &error), OK);
	assert_int_equal(new, wanted);
}

/* Of several tenants in one transaction, as posts come together. */
static void it_takes_what_comes_for_all_tenants(void **state)
{
	struct entry entries[5] = {0};
	int64_t waiting, dead;
	struct store *store = confined();

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		entries[i] = (struct entry){.tenant = i % 3, .id = {1, i + 1}, .type = TEXT("door.opened")};
	assert_taken(store, entries, 5, 5);
	assert_taken(store, entries, 5, 0); /* doubles, of whomever they are */
	assert_int_equal(journal_counts(store, &waiting, &dead, &error), OK);
	assert_int_equal(waiting, 5);
	assert_int_equal(dead, 0);
}

static void it_sees_the_rows_of_one_tenant(void **state)
{
	struct store *store = confined();

	(void)state;
	assert_int_equal(number(store, "SELECT count(*) FROM visit"), 0);
	store_use_tenant(store, GLOBEX);
	assert_int_equal(store_begin(store, &error), OK);
	assert_int_equal(number(store, "SELECT count(*) FROM visit"), 2);
	assert_int_equal(number(store, "SELECT count(*) FROM visit WHERE _tenant=1"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM _history"), 2);
	store_rollback(store);
	store_use_tenant(store, ACME);
	assert_int_equal(store_begin(store, &error), OK);
	assert_int_equal(number(store, "SELECT count(*) FROM visit"), 1);
	store_rollback(store);
}

static void it_writes_nothing_but_entries(void **state)
{
	static const char *const REFUSED[] = {
		"UPDATE visit SET name='x'",
		"DELETE FROM visit",
		"INSERT INTO _history(_tenant,record,at,entity,change,event) VALUES(1,'a',1,'a','a','a')",
		"UPDATE _journal SET state=1",
		"DELETE FROM _journal",
		"UPDATE _tenant SET name='x'",
		"UPDATE _call SET state=2",
		"UPDATE _setting SET value='x'",
		"UPDATE _secret SET sealed='x'",
		"INSERT INTO _secret SELECT * FROM _secret",
		"SELECT * FROM _chain WHERE false; INSERT INTO _chain SELECT * FROM _chain",
		"TRUNCATE visit",
		"ALTER TABLE visit DISABLE ROW LEVEL SECURITY",
		"DROP TABLE visit"};
	static const char foreign[] =
		"INSERT INTO _journal(_tenant,origin,state,id,source,type,subject,content,received_at,attempts) "
		"VALUES(2,0,0,'a','','','','',1,0)";
	struct store *store = confined();

	(void)state;
	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
		refused(store, REFUSED[i],
			strstr(REFUSED[i], "ALTER") || strstr(REFUSED[i], "DROP") ? "must be owner" : "permission denied");
	store_use_tenant(store, ACME);
	assert_int_equal(store_begin(store, &error), OK);
	refused(store, foreign, "row-level security");
	store_rollback(store);
}

/* A role is the connection's: the next one must not be without. */
static void a_new_connection_is_confined_as_well(void **state)
{
	struct store *store = confined();
	struct entry entry = {.tenant = ACME, .id = {7, 7}, .type = TEXT("door.opened")};

	(void)state;
	assert_taken(store, &entry, 1, 1);
	number(sample.store, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid<>pg_backend_pid() AND "
			     "datname=current_database() AND backend_type='client backend'");
	(void)!database_execute(store->database, "SELECT 1", &error); /* finds that it is gone */
	entry.id.low = 8;
	assert_taken(store, &entry, 1, 1);
	assert_int_equal(number(store, "SELECT CAST(current_user='stellwerk_api' AS int)"), 1);
	refused(store, "DELETE FROM visit", "permission denied");
}

/* Made after the process was confined: an activation adds tables while it runs. */
static void a_table_that_is_new_is_guarded(void **state)
{
	struct store *store = confined();

	(void)state;
	struct entity *parcel = sample_entity(&sample, "parcel");
	sample_field(&sample, parcel, "name", sample_type(&sample, TYPE_TEXT));
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	struct value *values = sample_values(&sample, parcel);
	store_use_tenant(sample.store, GLOBEX);
	sample_create(&sample, parcel, values);
	store_use_tenant(store, ACME);
	assert_int_equal(store_begin(store, &error), OK);
	assert_int_equal(number(store, "SELECT count(*) FROM parcel"), 0);
	store_rollback(store);
	refused(store, "DELETE FROM parcel", "permission denied");
}

static void run(const char *sql)
{
	if (database_execute(sample.store->database, sql, &sample.error) != OK)
		fail_msg("%s: %s", sql, sample.error.sentence);
}

/* Who may not make roles is told what an administrator has to say. */
static void who_may_not_make_the_role_is_told(void **state)
{
	(void)state;
	run("DROP OWNED BY stellwerk_api; DROP ROLE stellwerk_api; CREATE ROLE plain; GRANT ALL ON SCHEMA public TO plain; SET "
	    "ROLE plain");
	refused(sample.store, sample.store->dialect->guard,
		"let an administrator say CREATE ROLE stellwerk_api NOLOGIN; GRANT stellwerk_api TO plain");
	run("RESET ROLE; CREATE ROLE stellwerk_api NOLOGIN; SET ROLE plain");
	refused(sample.store, sample.store->dialect->guard, "let an administrator say GRANT stellwerk_api TO plain");
	run("RESET ROLE; DROP OWNED BY plain; DROP ROLE plain");
	run(sample.store->dialect->guard); /* for others in this server */
}

int main(void)
{
	const struct CMUnitTest anywhere[] = {
		cmocka_unit_test_setup_teardown(it_takes_what_comes_for_all_tenants, set_up, tear_down),
	};
	const struct CMUnitTest with_roles[] = {
		cmocka_unit_test_setup_teardown(it_sees_the_rows_of_one_tenant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_writes_nothing_but_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_connection_is_confined_as_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_that_is_new_is_guarded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_may_not_make_the_role_is_told, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests(anywhere, NULL, NULL);

	if (getenv("STELLWERK_TEST_DATABASE"))
		failed += cmocka_run_group_tests(with_roles, NULL, NULL);
	return failed;
}
