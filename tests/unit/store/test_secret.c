/* Secrets of tenants: sealed where they lie, bound to their place, opened with any key of the ring and sealed anew with its
 * first. */
#include "tests/unit/store/sample.h"

#include <string.h>

#include "runtime/store/inside.h"
#include "runtime/store/secret.h"

static struct sample sample;
static struct keyring ring; /* of one key */
static const moment NOW = 1800000000;

static int set_up(void **state)
{
	(void)state;
	sample_open(&sample);
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	ring = (struct keyring){.count = 1};
	memset(ring.keys[0].key.bytes, 1, SEALING_KEY_BYTES);
	strcpy(ring.keys[0].mark, "first");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sample_close(&sample);
	return 0;
}

static void in_turn_of(int64_t tenant)
{
	store_use_tenant(sample.store, tenant);
	assert_int_equal(store_begin(sample.store, &sample.error), OK);
}

static void assert_done(enum status status)
{
	if (status != OK)
		fail_msg("%s", sample.error.sentence);
	assert_int_equal(store_commit(sample.store, &sample.error), OK);
}

static void set(int64_t tenant, const char *name, const char *value)
{
	in_turn_of(tenant);
	assert_done(secret_write(sample.store, &ring, text_from(name), text_from(value), NOW, &sample.error));
}

static void assert_value(int64_t tenant, const char *name, const struct keyring *keyring, const char *wanted)
{
	struct text value = TEXT("");

	store_use_tenant(sample.store, tenant);
	if (secret_read(sample.store, &sample.arena, keyring, text_from(name), &value, &sample.error) != OK)
		fail_msg("%s", sample.error.sentence);
	assert_true(text_is(value, wanted));
}

static void assert_no_value(int64_t tenant, const char *name, const struct keyring *keyring, enum status status,
			    const char *part)
{
	struct text value = TEXT("");

	store_use_tenant(sample.store, tenant);
	assert_int_equal(secret_read(sample.store, &sample.arena, keyring, text_from(name), &value, &sample.error), status);
	if (!strstr(sample.error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", sample.error.sentence, part);
	assert_null(strstr(sample.error.sentence, "geheim"));
}

static void past_the_store(const char *sql)
{
	assert_int_equal(database_execute(sample.store->database, sql, &sample.error), OK);
}

static void each_tenant_has_its_own(void **state)
{
	secrets all;

	(void)state;
	set(0, "password", "geheim");
	set(1, "password", "auch geheim");
	set(1, "api_key", "xyz");
	set(1, "api_key", "zyx"); /* in place of the one before */
	assert_value(0, "password", &ring, "geheim");
	assert_value(1, "password", &ring, "auch geheim");
	assert_value(1, "api_key", &ring, "zyx");
	assert_no_value(0, "api_key", &ring, NOT_FOUND, "there is no secret `api_key`");
	assert_int_equal(secrets_read(sample.store, &sample.arena, &all, &sample.error), OK);
	assert_int_equal(all.count, 1);
	assert_true(text_is(all.items[0].name, "password") && text_is(all.items[0].mark, "first"));
	assert_int_equal(all.items[0].changed_at, NOW);
	in_turn_of(0);
	assert_done(secret_remove(sample.store, TEXT("password"), &sample.error));
	assert_no_value(0, "password", &ring, NOT_FOUND, "`password`");
	assert_value(1, "password", &ring, "auch geheim");
	in_turn_of(0);
	assert_int_equal(secret_remove(sample.store, TEXT("password"), &sample.error), NOT_FOUND);
	store_rollback(sample.store);
}

static void what_lies_there_is_sealed(void **state)
{
	struct statement *statement;
	bool row = false;

	(void)state;
	set(0, "password", "geheim");
	assert_int_equal(store_statement(sample.store, "SELECT sealed,name FROM _secret", &statement, &sample.error), OK);
	statement_reset(statement);
	assert_int_equal(statement_step(statement, &row, &sample.error), OK);
	assert_true(row);
	struct text sealed = store_text(&sample.arena, statement, 0);
	statement_reset(statement);
	assert_int_equal(sealed.length, strlen("geheim") + SEALED_MORE);
	assert_true(text_find(sealed, TEXT("geheim")) < 0);
}

/* Whoever can write into the database, but has no key, can not make one tenant's secret another's, nor change one. */
static void it_opens_in_its_place_only(void **state)
{
	(void)state;
	set(0, "password", "geheim");
	past_the_store("INSERT INTO _secret(_tenant,name,key_mark,sealed,changed_at) "
		       "SELECT 1,name,key_mark,sealed,changed_at FROM _secret");
	past_the_store("INSERT INTO _secret(_tenant,name,key_mark,sealed,changed_at) "
		       "SELECT 0,'other',key_mark,sealed,changed_at FROM _secret WHERE _tenant=0");
	assert_no_value(1, "password", &ring, DENIED, "`password` was changed in the database, or comes from another tenant");
	assert_no_value(0, "other", &ring, DENIED, "`other` was changed");
	assert_value(0, "password", &ring, "geheim");
	past_the_store("UPDATE _secret SET sealed=(SELECT sealed FROM _secret WHERE name='password' AND _tenant=0)||sealed");
	assert_no_value(0, "password", &ring, DENIED, "was changed");
}

static void another_key_opens_nothing(void **state)
{
	struct keyring other = ring, liar = ring;

	(void)state;
	set(0, "password", "geheim");
	strcpy(other.keys[0].mark, "other");
	assert_no_value(0, "password", &other, DENIED, "sealed with the key first, which is not in the file of keys");
	liar.keys[0].key.bytes[0] ^= 1; /* the same mark, but another key */
	assert_no_value(0, "password", &liar, DENIED, "was changed in the database");
}

static void a_new_key_takes_over(void **state)
{
	struct keyring both = {.count = 2}, young = {.count = 1};
	uint32_t count;

	(void)state;
	set(0, "password", "geheim");
	set(7, "password", "auch geheim");
	memset(young.keys[0].key.bytes, 2, SEALING_KEY_BYTES);
	strcpy(young.keys[0].mark, "second");
	both.keys[0] = young.keys[0];
	both.keys[1] = ring.keys[0];
	assert_value(0, "password", &both, "geheim"); /* before, with the old one */
	in_turn_of(0);
	assert_done(secrets_reseal(sample.store, &both, &count, &sample.error));
	assert_int_equal(count, 2);
	in_turn_of(0);
	assert_done(secrets_reseal(sample.store, &both, &count, &sample.error));
	assert_int_equal(count, 0);
	assert_value(0, "password", &young, "geheim");
	assert_value(7, "password", &young, "auch geheim");
	assert_no_value(0, "password", &ring, DENIED, "sealed with the key second");
}

/* All or nothing: what can not be opened stops it, and is named. */
static void a_lost_key_is_told(void **state)
{
	struct keyring young = {.count = 1};
	uint32_t count;

	(void)state;
	set(0, "api_key", "xyz");
	set(3, "password", "geheim");
	past_the_store("UPDATE _secret SET key_mark='lost' WHERE _tenant=3");
	memset(young.keys[0].key.bytes, 2, SEALING_KEY_BYTES);
	strcpy(young.keys[0].mark, "second");
	young.keys[1] = ring.keys[0];
	young.count = 2;
	in_turn_of(0);
	assert_int_equal(secrets_reseal(sample.store, &young, &count, &sample.error), DENIED);
	assert_non_null(strstr(sample.error.sentence, "tenant 3: the secret `password` is sealed with the key lost"));
	store_rollback(sample.store);
	assert_value(0, "api_key", &ring, "xyz");
}

static void names_and_values_have_limits(void **state)
{
	static const char *const WRONG[] = {"", "Password", "1st", "a b", "a'b", "ä", "_a"};
	static char large[SECRET_BYTES_MOST + 1];
	struct text value;

	(void)state;
	in_turn_of(0);
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		assert_int_equal(secret_write(sample.store, &ring, text_from(WRONG[i]), TEXT("geheim"), NOW, &sample.error),
				 INVALID);
	assert_null(strstr(sample.error.sentence, "geheim"));
	memset(large, 'x', sizeof large);
	assert_int_equal(secret_write(sample.store, &ring, TEXT("a"), (struct text){large, sizeof large}, NOW, &sample.error),
			 INVALID);
	assert_int_equal(secret_write(sample.store, &ring, TEXT("a"), TEXT(""), NOW, &sample.error), INVALID);
	assert_done(secret_write(sample.store, &ring, TEXT("a"), (struct text){large, SECRET_BYTES_MOST}, NOW, &sample.error));
	assert_int_equal(secret_read(sample.store, &sample.arena, &ring, TEXT("a"), &value, &sample.error), OK);
	assert_int_equal(value.length, SECRET_BYTES_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_tenant_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lies_there_is_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_opens_in_its_place_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_key_opens_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_key_takes_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lost_key_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_and_values_have_limits, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
