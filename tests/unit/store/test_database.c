/* What store/database.h promises of both databases alike: many rows at once, and what is sent now and answered later. */
#include "tests/unit/store/sample.h"

#include "engine/base/error.h"
#include "runtime/store/inside.h"
#include "runtime/store/sql.h"

enum { MANY = 100 };

static struct sample sample;
static struct error error;

static struct database *database(void)
{
	return sample.store->database;
}

static void run(const char *sql)
{
	if (database_execute(database(), sql, &error) != OK)
		fail_msg("%s: %s", sql, error.sentence);
}

static struct statement *statement(const char *sql)
{
	struct statement *made;

	assert_int_equal(store_statement(sample.store, sql, &made, &error), OK);
	return made;
}

static int64_t number(const char *sql)
{
	int64_t found = -1;

	if (store_number(sample.store, sql, &found, &error) != OK)
		fail_msg("%s: %s", sql, error.sentence);
	return found;
}

static int setup(void **state)
{
	const struct dialect *dialect;
	char sql[256];

	(void)state;
	sample_open(&sample);
	dialect = sample.store->dialect;
	snprintf(sql, sizeof sql, "CREATE TABLE thing(number %s,size %s NOT NULL UNIQUE,name %s,code %s)", dialect->serial,
		 dialect->integer, dialect->text, dialect->bytes);
	run(sql);
	run(dialect->begin);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sample_close(&sample);
	return 0;
}

#define ADD "INSERT INTO thing(size,name,code) VALUES(?1,?2,?3)"
#define RESIZE "UPDATE thing SET name=?2 WHERE size=?1"

/* Sizes from `first` on; every third has no name. */
static enum status send(const char *sql, int64_t first, uint32_t count, uint32_t expected)
{
	struct sql_value values[MANY * 3];
	uint32_t columns = strcmp(sql, ADD) ? 2 : 3;

	for (uint32_t i = 0; i < count; i++) {
		struct sql_value *row = values + (size_t)i * columns;
		row[0] = sql_integer(first + i);
		row[1] = i % 3 == 2 ? sql_null() : sql_text(i ? TEXT("Grüße, \"Anna\"\\{}") : TEXT(""));
		if (columns == 3)
			row[2] = sql_bytes("\0\xff{", 3);
	}
	statement_bind_many(statement(sql), values, columns, count);
	return statement_send(statement(sql), expected, &error); /* the values go */
}

static void test_rows_are_written_in_their_order(void **state)
{
	(void)state;
	assert_int_equal(send(ADD, 500, MANY, MANY), OK);
	assert_int_equal(send(ADD, 100, MANY, MANY), OK);
	run("COMMIT");
	assert_int_equal(number("SELECT count(*) FROM thing"), 2 * MANY);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE (size>=500)=(number<=100)"), 2 * MANY);
	assert_int_equal(number("SELECT count(*) FROM thing a JOIN thing b ON b.number=a.number+1 AND b.size=a.size+1"),
			 2 * MANY - 2);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name IS NULL"), 2 * (MANY / 3));
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name=''"), 2);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name='Grüße, \"Anna\"\\{}'"), 2 * (MANY - MANY / 3 - 1));
	assert_int_equal(number("SELECT sum(length(code)) FROM thing"), 2 * MANY * 3);
}

static void test_what_is_asked_sees_what_was_sent(void **state)
{
	(void)state;
	assert_int_equal(send(ADD, 1, 3, 3), OK);
	assert_int_equal(number("SELECT count(*) FROM thing"), 3);
	assert_int_equal(send(RESIZE, 2, 2, 2), OK);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name=''"), 2);
}

/* However late the answer comes, the commit does not. */
static void stands_in_the_way(enum status sent, enum constraint constraint, const char *words)
{
	if (sent == OK)
		sent = database_execute(database(), "COMMIT", &error);
	assert_int_equal(sent, CONFLICT);
	if (!strstr(error.sentence, words))
		fail_msg("%s", error.sentence);
	if (constraint != CONSTRAINT_NONE)
		assert_int_equal(database_constraint(database()), constraint);
	run("ROLLBACK");
	assert_int_equal(number("SELECT count(*) FROM thing"), 0);
}

static void test_a_row_that_is_there_already_stands_in_the_way_of_the_commit(void **state)
{
	(void)state;
	assert_int_equal(send(ADD, 1, 3, 3), OK);
	stands_in_the_way(send(ADD, 3, 1, 1), CONSTRAINT_UNIQUE, "");
}

static void test_a_row_that_is_not_there_stands_in_the_way_of_the_commit(void **state)
{
	(void)state;
	assert_int_equal(send(ADD, 1, 3, 3), OK);
	stands_in_the_way(send(RESIZE, 3, 2, 2), CONSTRAINT_NONE, "somebody else has changed what was read");
}

static void test_the_first_that_went_wrong_is_told(void **state)
{
	enum status status;

	(void)state;
	assert_int_equal(send(ADD, 1, 3, 3), OK);
	status = send(RESIZE, 7, 1, 1);
	if (status == OK)
		status = send(ADD, 2, 1, 1);
	stands_in_the_way(status, CONSTRAINT_NONE, "somebody else has changed what was read");
}

static void test_more_may_be_sent_than_is_kept_open(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * MANY; i++)
		assert_int_equal(send(ADD, i, 1, 1), OK);
	run("COMMIT");
	assert_int_equal(number("SELECT count(*) FROM thing"), 3 * MANY);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_rows_are_written_in_their_order),
		CASE(test_what_is_asked_sees_what_was_sent),
		CASE(test_a_row_that_is_there_already_stands_in_the_way_of_the_commit),
		CASE(test_a_row_that_is_not_there_stands_in_the_way_of_the_commit),
		CASE(test_the_first_that_went_wrong_is_told),
		CASE(test_more_may_be_sent_than_is_kept_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
