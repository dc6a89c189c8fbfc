/* The one message for a piece of source that does not follow the grammar: the first token that can not follow, and what could,
 * both from the grammar's own tables. */
#ifndef COMPILER_EXPECTED_H
#define COMPILER_EXPECTED_H

#include "dsl/compiler/machine.h"

/* `place` to `end` is what machine_run of a machine on this source did not get through. */
struct parse_error expected_error(struct arena *arena, struct text source, struct place place, uint32_t end);

#endif
