/* What people see: colour only on a terminal that wants it, widths as characters show them, a sign of life when it takes long.
 * Results go to stdout, everything else to stderr. */
#ifndef RUNTIME_TERMINAL_H
#define RUNTIME_TERMINAL_H

#include <stdio.h>

#include "engine/base/text.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW, STYLE_BLUE, STYLE_CYAN };

/* Looks at the terminal, NO_COLOR and TERM; once, before anything is printed. */
void terminal_open(void);
bool terminal_is_coloured(FILE *stream);
uint32_t terminal_width(void); /* columns of stdout; 1000 when it is no terminal: nothing is cut or broken there */

/* What switches the style on, or off with STYLE_PLAIN; "" without colour. */
const char *style_on(FILE *stream, enum style style);
/* printf in a style. */
void styled(FILE *stream, enum style style, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Columns that the text takes: wide characters two, combining ones none. Bytes that a terminal would obey count as one. */
uint32_t text_width(struct text text);
/* Writes the text so that no byte of it can command the terminal. */
void print_safe(FILE *stream, struct text text);

/* One line on stderr that is written over and over, from the second second on, and only on a terminal. `of` 0: unknown. */
void progress(const char *what, uint64_t done, uint64_t of);
void progress_end(void); /* wipes it away */

#endif
