/* The verbs of `stellwerk pack`, a function each. */
#ifndef RUNTIME_PACK_VERBS_H
#define RUNTIME_PACK_VERBS_H

#include "runtime/command.h"

/* The line's first word is the verb, and the others are as many as its row of pack_verbs.def says. */
#define PACK_VERB(name, least, most, wanted, run, doc) int pack_verb_##run(const struct command_line *line);
#include "runtime/pack_verbs.def"
#undef PACK_VERB

#endif
