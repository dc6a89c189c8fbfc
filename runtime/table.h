/* Tables that line up, for the terminal. Cells are UTF-8; numbers stand at the right. */
#ifndef RUNTIME_TABLE_H
#define RUNTIME_TABLE_H

#include "engine/base/list.h"
#include "runtime/terminal.h"

enum { TABLE_COLUMNS = 12 };

struct table_cell {
	struct text text;
	enum style style;
};

struct print_table {
	struct arena *arena;
	uint32_t columns;
	struct text titles[TABLE_COLUMNS]; /* all empty: no head */
	bool right[TABLE_COLUMNS];
	bool wraps; /* the last column goes on below itself where it would be cut */
	LIST(struct table_cell) cells;
};

/* The titles say how many columns there are; one that begins with '>' stands at the right. */
struct print_table table_new(struct arena *arena, const char *const *titles, uint32_t columns);
void table_add(struct print_table *table, struct text text, enum style style);
void table_add_string(struct print_table *table, const char *string);
void table_add_number(struct print_table *table, int64_t number); /* 12 345 */
/* Each row begins with `indent` blanks. The last column is cut to the width of the terminal, or wraps. */
void table_print(const struct print_table *table, FILE *stream, uint32_t indent);

#endif
