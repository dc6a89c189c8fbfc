/* Recorded events: lines of JSON from files, put in the order of their times and played into a world. Two forms stand side by
 * side: what a connector received ({"received_at", "connector", "receive", "headers", "body"}), and CloudEvents 1.0 of a type
 * the pack declares. A line that is neither is a finding, never an end. */
#ifndef RUNTIME_RECORDED_H
#define RUNTIME_RECORDED_H

#include "runtime/world.h"

enum {
	RECORDED_FILE_MOST = 1 << 30, /* bytes of all of one file */
	RECORDED_LINE_MOST = 4 << 20,
	RECORDED_MEMORY = 256 << 20, /* of one line, parsed */
};

struct recorded {
	moment at;
	uint32_t file, line; /* line from 1 */
	struct text text;
};

struct recorded_problem {
	uint32_t file, line;
	struct text sentence;
};

struct recording {
	struct arena *arena;
	const char *const *paths;
	uint32_t path_count;
	LIST(struct recorded) lines; /* in the order of their times; those of one time as they stand */
	LIST(struct recorded_problem) problems;
	uint32_t read; /* lines that are not empty */
};

/* `first_at`: for lines without a time, if it is not INT64_MIN. */
enum status recording_read(struct arena *arena, const char *const *paths, uint32_t path_count, moment first_at,
			   struct recording *recording_out, struct error *error) MUST_CHECK;

/* What became of a line: where it came in, for counting. */
struct played {
	const struct receive *receive; /* of the first form */
	const struct event_kind *kind; /* of the second */
	const struct recorded *line;
	struct text id; /* CloudEvents' id; empty else */
};

/* Turns the clock to the line's time, then plays it. A problem with the line is added to the recording. */
enum status recorded_play(struct recording *recording, struct world *world, const struct recorded *line,
			  struct played *played_out, struct error *error) MUST_CHECK;

void recorded_problem_add(struct recording *recording, const struct recorded *line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
