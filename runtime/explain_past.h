/* `stellwerk explain` of what a service has recorded. */
#ifndef RUNTIME_EXPLAIN_PAST_H
#define RUNTIME_EXPLAIN_PAST_H

#include "runtime/command.h"

/* The code of the command. */
int explain_past(const struct command_line *line);

#endif
