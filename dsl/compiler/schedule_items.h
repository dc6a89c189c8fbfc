/* `every …`: schedules.c reads it for schedules, connectors.c for polls. */
#ifndef COMPILER_SCHEDULE_ITEMS_H
#define COMPILER_SCHEDULE_ITEMS_H

#include "dsl/compiler/internal.h"

void every_read(struct compiler *compiler, uint32_t file, const struct syntax *every, struct schedule *schedule);

#endif
