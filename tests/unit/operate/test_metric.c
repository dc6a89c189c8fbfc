/* Metrics: what is written agrees with itself, and processes count in one place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/operate/metric.h"

static bool has(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	return found && (found == text || found[-1] == '\n') && found[strlen(line)] == '\n';
}

static const char *written(struct arena *arena)
{
	struct text_builder text = {.arena = arena};

	metrics_write(&text);
	return builder_text(&text).bytes;
}

static void test_written(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, "a test", 0);
	metric_add(METRIC_HTTP_FINE, 3);
	metric_set(METRIC_HTTP_CONNECTIONS, 7);
	metric_add(METRIC_HTTP_CONNECTIONS, -2);
	metric_observe(METRIC_HTTP_TIME, 500); /* an edge belongs to its bucket */
	metric_observe(METRIC_HTTP_TIME, 501);
	metric_observe(METRIC_HTTP_TIME, 90000000);
	metric_observe(METRIC_TRANSACTION_TURNS, 3);
	const char *text = written(&arena);
	assert_true(has(text, "# TYPE stellwerk_http_requests_total counter"));
	assert_true(has(text, "stellwerk_http_requests_total{status=\"2xx\"} 3"));
	assert_true(has(text, "stellwerk_http_requests_total{status=\"4xx\"} 0"));
	assert_true(has(text, "stellwerk_http_connections 5"));
	assert_true(has(text, "# TYPE stellwerk_http_request_seconds histogram"));
	assert_true(has(text, "stellwerk_http_request_seconds_bucket{le=\"0.0005\"} 1"));
	assert_true(has(text, "stellwerk_http_request_seconds_bucket{le=\"0.001\"} 2"));
	assert_true(has(text, "stellwerk_http_request_seconds_bucket{le=\"60\"} 2"));
	assert_true(has(text, "stellwerk_http_request_seconds_bucket{le=\"+Inf\"} 3"));
	assert_true(has(text, "stellwerk_http_request_seconds_sum 90.001001"));
	assert_true(has(text, "stellwerk_http_request_seconds_count 3"));
	assert_true(has(text, "stellwerk_transaction_turns_bucket{le=\"2\"} 0"));
	assert_true(has(text, "stellwerk_transaction_turns_bucket{le=\"4\"} 1"));
	assert_int_equal(metric_value(METRIC_HTTP_TIME), 3);
	arena_release(&arena);
}

/* A name's HELP and TYPE stand once, before its samples, which stand together. */
static void test_families(void **state)
{
	static const char *const NAMES[] = {
#define METRIC(NAME, KIND, name, labels, help) name,
#include "runtime/operate/metrics.def"
#undef METRIC
	};
	static const char *const HELPS[] = {
#define METRIC(NAME, KIND, name, labels, help) help,
#include "runtime/operate/metrics.def"
#undef METRIC
	};

	(void)state;
	for (int i = 0; i < METRIC_COUNT; i++) {
		bool first = true;
		for (int k = 0; k < i; k++)
			first = first && strcmp(NAMES[k], NAMES[i]);
		assert_int_equal(first, *HELPS[i] != 0);
		assert_true(first || !strcmp(NAMES[i - 1], NAMES[i]));
	}
}

enum { CHILDREN = 4, TIMES = 20000 };

static void test_shared(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(metrics_share(&error), OK);
	assert_int_equal(metric_value(METRIC_TURNS_DONE), 0);
	for (int i = 0; i < CHILDREN; i++) {
		if (fork())
			continue;
		for (int k = 0; k < TIMES; k++) {
			metric_add(METRIC_TURNS_DONE, 1);
			metric_observe(METRIC_TRANSACTION_TIME, 1000 * k);
		}
		_exit(0);
	}
	for (int i = 0; i < CHILDREN; i++)
		assert_true(wait(NULL) > 0);
	assert_int_equal(metric_value(METRIC_TURNS_DONE), CHILDREN * TIMES);
	assert_int_equal(metric_value(METRIC_TRANSACTION_TIME), CHILDREN * TIMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
