/* What stands behind --arg of `stellwerk export` as the arguments of a format. */
#ifndef RUNTIME_EXPORT_ARGUMENTS_H
#define RUNTIME_EXPORT_ARGUMENTS_H

#include "runtime/serving.h"
#include "runtime/stacks.h"

/* Compiles the packs with a test on top that runs the format with these arguments: so they are read, typed and complained of as
 * they would be in a pack. EXIT_FINE: `run_out` is that test's only item, and the pack is to be closed. */
int export_arguments_read(struct serving *serving, const hash_list *packs, struct text format, struct pack *pack_out,
			  const struct test_item **run_out);

#endif
