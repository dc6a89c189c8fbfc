/* What time.c, holiday_items.c and calendar_items.c share. */
#ifndef COMPILER_TIME_ITEMS_H
#define COMPILER_TIME_ITEMS_H

#include "dsl/compiler/internal.h"

/* NULL after a message. */
const struct holidays *holidays_read(struct compiler *compiler, uint32_t file, const struct syntax *name);
void holidays_fill(struct compiler *compiler, struct declaration *declaration);
void calendar_fill(struct compiler *compiler, struct declaration *declaration);
/* mon, tue, …; 0 after a message. */
enum weekday weekday_of(struct compiler *compiler, uint32_t file, const struct syntax *name);

#endif
