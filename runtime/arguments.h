/* What stands behind --arg as the arguments of something that packs declare. */
#ifndef RUNTIME_ARGUMENTS_H
#define RUNTIME_ARGUMENTS_H

#include "runtime/serving.h"
#include "runtime/stacks.h"

struct parameters {
	const struct record_field *fields;
	uint32_t count;
};

/* What can be named so, and how a test runs it. */
struct arguments_kind {
	const char *called;    /* "format" */
	const char *statement; /* "run" */
	enum test_item_kind item;
	uint32_t (*count)(const struct program *program);
	struct text (*name)(const struct program *program, uint32_t index);
	struct parameters (*parameters)(const struct program *program, uint32_t index);
};
extern const struct arguments_kind ARGUMENTS_OF_FORMAT, ARGUMENTS_OF_ACTION;

/* Compiles the packs with a test on top that runs what is named with these arguments: so they are read, typed and complained of
 * as they would be in a pack. EXIT_FINE: `run_out` is that test's only item, and the pack is to be closed. */
int line_arguments(struct serving *serving, const hash_list *packs, const struct arguments_kind *kind, struct text name,
		   struct pack *pack_out, const struct test_item **run_out);

#endif
