/* What a pack says about its own things: checked in pack_items.c on behalf of packs.c. */
#ifndef COMPILER_PACK_ITEMS_H
#define COMPILER_PACK_ITEMS_H

#include "dsl/compiler/internal.h"

void budget_read(struct compiler *compiler, const struct declaration *declaration);
void migration_check(struct compiler *compiler, const struct declaration *declaration);
void translation_check(struct compiler *compiler, const struct declaration *declaration);

#endif
