/* Numbers in shared memory (docs/decisions/0015). Must never lock: a process that is killed while it counts must not stop the
 * others. */
#include "runtime/operate/metric.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "engine/base/check.h"

enum kind { COUNTER, GAUGE, SECONDS, AMOUNTS };

static const struct row {
	enum kind kind;
	const char *name, *labels, *help;
} ROWS[METRIC_COUNT] = {
#define METRIC(NAME, KIND, name, labels, help) {KIND, name, labels, help},
#include "runtime/operate/metrics.def"
#undef METRIC
};
static const char *const TYPES[] = {[COUNTER] = "counter", [GAUGE] = "gauge", [SECONDS] = "histogram", [AMOUNTS] = "histogram"};

/* Upper edges: microseconds and pieces; the last bucket is everything above. */
enum { EDGES = 14 };
static const int64_t TIMES[EDGES] = {500,    1000,   2500,   5000,    10000,   25000,    50000,
				     100000, 250000, 500000, 1000000, 2500000, 10000000, 60000000};
static const int64_t PIECES[EDGES] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};

struct cell {
	_Atomic int64_t value; /* of a histogram: its sum */
	_Atomic int64_t buckets[EDGES + 1];
};
static struct cell own[METRIC_COUNT];
static struct cell *cells = own;

static bool is_histogram(enum metric metric)
{
	return ROWS[metric].kind == SECONDS || ROWS[metric].kind == AMOUNTS;
}

enum status metrics_share(struct error *error)
{
	void *shared = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return error_set(error, RETRY, "the system gives no memory for metrics: %s", strerror(errno));
	cells = shared;
	return OK;
}

void metric_add(enum metric metric, int64_t amount)
{
	CHECK(!is_histogram(metric) && (amount >= 0 || ROWS[metric].kind == GAUGE));
	atomic_fetch_add_explicit(&cells[metric].value, amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	CHECK(ROWS[metric].kind == GAUGE);
	atomic_store_explicit(&cells[metric].value, value, memory_order_relaxed);
}

static int64_t bucket_value(enum metric metric, int bucket)
{
	return atomic_load_explicit(&cells[metric].buckets[bucket], memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
	int64_t count = 0;

	if (!is_histogram(metric))
		return atomic_load_explicit(&cells[metric].value, memory_order_relaxed);
	for (int i = 0; i <= EDGES; i++)
		count += bucket_value(metric, i);
	return count;
}

void metric_observe(enum metric metric, int64_t value)
{
	CHECK(is_histogram(metric));
	const int64_t *edges = ROWS[metric].kind == SECONDS ? TIMES : PIECES;
	int bucket = 0;

	while (bucket < EDGES && value > edges[bucket])
		bucket++;
	atomic_fetch_add_explicit(&cells[metric].value, value, memory_order_relaxed);
	atomic_fetch_add_explicit(&cells[metric].buckets[bucket], 1, memory_order_relaxed);
}

int64_t metric_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- telling */
static void number_write(struct text_builder *text, enum kind kind, int64_t number)
{
	if (kind == SECONDS)
		builder_format(text, "%.10g", (double)number / 1e6);
	else
		builder_format(text, "%lld", (long long)number);
}

/* The count is the sum of what was read of the buckets: others count on in the meantime, and it must agree with +Inf. */
static void histogram_write(struct text_builder *text, enum metric metric)
{
	const struct row *row = &ROWS[metric];
	const int64_t *edges = row->kind == SECONDS ? TIMES : PIECES;
	int64_t sum = atomic_load_explicit(&cells[metric].value, memory_order_relaxed), count = 0;

	for (int i = 0; i < EDGES; i++) {
		count += bucket_value(metric, i);
		builder_format(text, "%s_bucket{le=\"", row->name);
		number_write(text, row->kind, edges[i]);
		builder_format(text, "\"} %lld\n", (long long)count);
	}
	count += bucket_value(metric, EDGES);
	builder_format(text, "%s_bucket{le=\"+Inf\"} %lld\n%s_sum ", row->name, (long long)count, row->name);
	number_write(text, row->kind, sum);
	builder_format(text, "\n%s_count %lld\n", row->name, (long long)count);
}

void metric_write_head(struct text_builder *text, const char *name, const char *type, const char *help)
{
	builder_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write(struct text_builder *text)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct row *row = &ROWS[i];
		if (*row->help)
			metric_write_head(text, row->name, TYPES[row->kind], row->help);
		if (is_histogram((enum metric)i))
			histogram_write(text, (enum metric)i);
		else
			builder_format(text, *row->labels ? "%s{%s} %lld\n" : "%s%s %lld\n", row->name, row->labels,
				       (long long)metric_value((enum metric)i));
	}
}
