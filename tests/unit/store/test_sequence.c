/* Numbers without gaps, drawn by many at once: processes with a connection each, of whose transactions every third is taken
 * back, whole or in part. What stayed must be 1, 2, 3, … with none left out and none given twice. */
#include "tests/unit/store/sample.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRAWERS = 100, TURNS = 8, NUMBERS_MOST = DRAWERS * TURNS * 2 };

static char folder[] = "/tmp/stellwerk_sequence_XXXXXX";

static const char *where(void)
{
	static char path[64];
	const char *server = getenv("STELLWERK_TEST_DATABASE");

	snprintf(path, sizeof path, "%s/store", folder);
	return server ? server : path;
}

/* A number in a savepoint of its own, which stays or is taken back. */
static enum status number_draw(struct store *store, const struct ports *ports, bool keep, int64_t *number_out,
			       struct error *error)
{
	enum status status = store_begin(store, error);

	if (status != OK)
		return status;
	status = ports->next_number(ports->host, TEXT("T-2026"), number_out, error);
	if (status == OK && keep)
		return store_commit(store, error);
	store_rollback(store);
	return status;
}

/* One transaction of two numbers. `stay_out`: how many of them stay. */
static enum status draw(struct store *store, const struct ports *ports, int turn, int64_t numbers[2], int *stay_out,
			struct error *error)
{
	bool whole = turn % 3 == 0, back = turn % 3 == 2;
	enum status status = store_begin(store, error);

	if (status != OK)
		return status;
	status = number_draw(store, ports, true, &numbers[0], error);
	if (status == OK)
		status = number_draw(store, ports, whole, &numbers[1], error);
	*stay_out = back ? 0 : whole ? 2 : 1;
	if (status == OK && !back)
		return store_commit(store, error);
	store_rollback(store);
	return status;
}

static void drawer(int start, int out)
{
	struct store *store;
	struct ports ports;
	struct error error;
	char byte;
	enum status status;

	do /* a hundred that open at once wait for each other */
		status = store_open(where(), &store, &error);
	while (status == RETRY);
	if (status != OK || read(start, &byte, 1) != 0) /* the end of the pipe: all are there */
		_exit(1);
	store_ports(store, &ports);
	store_use_tenant(store, 7);
	for (int turn = 0; turn < TURNS; turn++) {
		int64_t numbers[2];
		int stay;
		do
			status = draw(store, &ports, turn, numbers, &stay, &error);
		while (status == RETRY);
		if (status != OK || write(out, numbers, sizeof *numbers * (size_t)stay) < 0)
			_exit(1);
	}
	store_close(store);
	_exit(0);
}

static int order(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static uint32_t gather(int in, int64_t numbers[NUMBERS_MOST])
{
	uint32_t bytes = 0;
	ssize_t got;

	while ((got = read(in, (char *)numbers + bytes, sizeof *numbers * NUMBERS_MOST - bytes)) > 0)
		bytes += (uint32_t)got;
	return bytes / sizeof *numbers;
}

static void folder_remove(void)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[80];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/store%s", folder, ends[i]);
		remove(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void test_many_at_once(void **state)
{
	struct sample sample;
	int start[2], results[2], status;
	int64_t numbers[NUMBERS_MOST];

	(void)state;
	assert_non_null(mkdtemp(folder));
	sample_open(&sample);
	sample_store(&sample, where());
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	sample_close(&sample);
	assert_int_equal(pipe(start), 0);
	assert_int_equal(pipe(results), 0);
	for (int i = 0; i < DRAWERS; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child)
			continue;
		close(start[1]);
		close(results[0]);
		drawer(start[0], results[1]);
	}
	close(results[1]);
	close(start[0]);
	close(start[1]);
	uint32_t count = gather(results[0], numbers);
	for (int i = 0; i < DRAWERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(results[0]);
	/* of eight turns three keep both numbers, three keep one, two keep none */
	assert_int_equal(count, DRAWERS * (3 * 2 + 3));
	qsort(numbers, count, sizeof *numbers, order);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(numbers[i], i + 1);
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
