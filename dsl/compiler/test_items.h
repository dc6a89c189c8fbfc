/* What tests.c and expectations.c share. */
#ifndef COMPILER_TEST_ITEMS_H
#define COMPILER_TEST_ITEMS_H

#include "dsl/compiler/internal.h"

struct test_builder {
	struct compiler *compiler;
	uint32_t file;
	struct coder coder; /* one frame for all items */
};

const struct code *item_code(struct test_builder *builder, struct operand *operand);
/* The slot of a record that the test knows by name; SLOT_NONE after a message. */
uint32_t known_slot(struct test_builder *builder, const struct syntax *name, const char *what);
void expect_item(struct test_builder *builder, const struct syntax *syntax, struct test_item *item);

#endif
