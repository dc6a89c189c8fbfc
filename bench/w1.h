/* What both programs of workload W1 share: the input in memory, the time, and the line that reports a run. */
#ifndef BENCH_W1_H
#define BENCH_W1_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct w1_rule {
	int id, severity;
	char customer[16], tag[20];
};

struct w1 {
	struct w1_rule *rules;
	int rule_count;
	char **lines; /* NUL-terminated */
	size_t *lengths;
	long line_count;
	double budget; /* seconds a mode may take */
	/* what the run found */
	uint64_t matches;
	uint32_t checksum;
};

static inline double w1_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static inline void w1_hit(struct w1 *w1, long event, int rule)
{
	w1->matches++;
	w1->checksum += (uint32_t)(event + 1) * 2654435761u + (uint32_t)rule * 40503u;
}

static inline void w1_report(struct w1 *w1, const char *row, const char *mode, long events, double seconds)
{
	printf("%s\t%d\t%s\t%ld\t%.6f\t%.0f\t%llu\t%u\n", row, w1->rule_count, mode, events, seconds, (double)events / seconds,
	       (unsigned long long)w1->matches, w1->checksum);
	fflush(stdout);
	w1->matches = 0;
	w1->checksum = 0;
}

static inline void w1_load_rules(struct w1 *w1, const char *path, int wanted)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(1);
	}
	w1->rules = calloc((size_t)wanted, sizeof(*w1->rules));
	struct w1_rule *rule = w1->rules;
	while (w1->rule_count < wanted &&
	       fscanf(file, "%d\t%d\t%15s\t%19s", &rule->id, &rule->severity, rule->customer, rule->tag) == 4) {
		w1->rule_count++;
		rule++;
	}
	fclose(file);
}

static inline void w1_load_events(struct w1 *w1, const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	char *bytes = malloc(size + 64);
	if (fread(bytes, 1, size, file) != size)
		exit(1);
	memset(bytes + size, 0, 64);
	fclose(file);
	for (size_t i = 0; i < size; i++)
		w1->line_count += bytes[i] == '\n';
	w1->lines = malloc((size_t)w1->line_count * sizeof(*w1->lines));
	w1->lengths = malloc((size_t)w1->line_count * sizeof(*w1->lengths));
	for (long i = 0; i < w1->line_count; i++) {
		char *end = strchr(bytes, '\n');
		*end = 0;
		w1->lines[i] = bytes;
		w1->lengths[i] = (size_t)(end - bytes);
		bytes = end + 1;
	}
}

/* EVENTS RULES N BUDGET [MOST_EVENTS] */
static inline struct w1 w1_load(int count, char **words)
{
	struct w1 w1 = {0};
	if (count < 5) {
		fprintf(stderr, "usage: %s EVENTS RULES N BUDGET [MOST_EVENTS]\n", words[0]);
		exit(2);
	}
	w1_load_rules(&w1, words[2], atoi(words[3]));
	w1_load_events(&w1, words[1]);
	w1.budget = atof(words[4]);
	if (count > 5 && atol(words[5]) < w1.line_count)
		w1.line_count = atol(words[5]);
	return w1;
}

#endif
