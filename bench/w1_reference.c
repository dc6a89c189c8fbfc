/* What workload W1 is measured against: rules in a hash by customer, a hand-written loop, cJSON. It knows the event's fields
 * and the rules' shape; there is no language, no trace, no store. Usage: w1_reference EVENTS RULES N BUDGET [MOST_EVENTS] */
#include "bench/w1.h"

#include <cjson/cJSON.h>

enum { BUCKETS = 16384, MOST_TAGS = 8 };

struct event {
	const char *type, *customer, *tags[MOST_TAGS];
	int severity, tag_count;
};

static int *first, *following; /* rule of a bucket, and the next one in it; -1: none */

static uint32_t bucket_of(const char *customer)
{
	uint32_t hash = 2166136261u;
	while (*customer) {
		hash ^= (unsigned char)*customer++;
		hash *= 16777619u;
	}
	return hash & (BUCKETS - 1);
}

static void index_rules(const struct w1 *w1)
{
	first = malloc(BUCKETS * sizeof(int));
	following = malloc((size_t)w1->rule_count * sizeof(int));
	for (int i = 0; i < BUCKETS; i++)
		first[i] = -1;
	for (int i = w1->rule_count - 1; i >= 0; i--) {
		uint32_t bucket = bucket_of(w1->rules[i].customer);
		following[i] = first[bucket];
		first[bucket] = i;
	}
}

static int has_tag(const struct event *event, const char *tag)
{
	for (int i = 0; i < event->tag_count; i++)
		if (!strcmp(event->tags[i], tag))
			return 1;
	return 0;
}

static void match(struct w1 *w1, long number, const struct event *event)
{
	if (strcmp(event->type, "alert"))
		return;
	for (int i = first[bucket_of(event->customer)]; i >= 0; i = following[i]) {
		const struct w1_rule *rule = &w1->rules[i];
		if (event->severity >= rule->severity && !strcmp(event->customer, rule->customer) && has_tag(event, rule->tag))
			w1_hit(w1, number, i);
	}
}

static cJSON *parse(const char *line, size_t length, struct event *event)
{
	cJSON *document = cJSON_ParseWithLength(line, length), *tag;
	event->type = cJSON_GetObjectItemCaseSensitive(document, "type")->valuestring;
	event->customer = cJSON_GetObjectItemCaseSensitive(document, "customer")->valuestring;
	event->severity = cJSON_GetObjectItemCaseSensitive(document, "severity")->valueint;
	event->tag_count = 0;
	cJSON_ArrayForEach(tag, cJSON_GetObjectItemCaseSensitive(document, "tags"))
	{
		if (event->tag_count < MOST_TAGS)
			event->tags[event->tag_count++] = tag->valuestring;
	}
	return document;
}

static void run_match(struct w1 *w1)
{
	struct event *events = malloc((size_t)w1->line_count * sizeof(*events));
	for (long i = 0; i < w1->line_count; i++)
		parse(w1->lines[i], w1->lengths[i], &events[i]); /* the texts live in the documents, which are kept */
	double start = w1_now();
	long i = 0;
	while (i < w1->line_count && ((i & 63) || w1_now() - start < w1->budget)) {
		match(w1, i, &events[i]);
		i++;
	}
	w1_report(w1, "C indexed loop", "match", i, w1_now() - start);
}

static void run_parse_and_match(struct w1 *w1)
{
	double start = w1_now();
	long i = 0;
	while (i < w1->line_count && ((i & 63) || w1_now() - start < w1->budget)) {
		struct event event;
		cJSON *document = parse(w1->lines[i], w1->lengths[i], &event);
		match(w1, i, &event);
		cJSON_Delete(document);
		i++;
	}
	w1_report(w1, "C indexed loop + cJSON", "parse+match", i, w1_now() - start);
}

int main(int count, char **words)
{
	struct w1 w1 = w1_load(count, words);
	index_rules(&w1);
	run_match(&w1);
	run_parse_and_match(&w1);
	return 0;
}
