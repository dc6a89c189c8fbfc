/* What connectors.c (names, actions, what arrives), connector_items.c (how the vendor is reached) and requests.c (what is asked
 * of him) share. */
#ifndef COMPILER_CONNECTOR_ITEMS_H
#define COMPILER_CONNECTOR_ITEMS_H

#include "dsl/compiler/internal.h"

/* --- connector_items.c */
void connector_read(struct compiler *compiler, const struct declaration *declaration, struct connector *connector);
/* TEXT, or a secret where it may be one, of settings and nothing else: evaluated without a turn. */
const struct code *outside_code(struct compiler *compiler, uint32_t file, const struct syntax *value, bool may_be_secret);

/* A word that must be one of these. */
void words_check(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *const *words, uint32_t count,
		 const char *what);
#define WORDS_CHECK(compiler, file, at, words, what)                                                                           \
	words_check(compiler, file, at, words, sizeof(words) / sizeof(*(words)), what)

/* A line that must begin with one of these words. */
struct option_row {
	const char *word;
	void (*check)(struct compiler *compiler, uint32_t file, const struct syntax *option);
};
void options_check(struct compiler *compiler, uint32_t file, const struct syntax *option, const struct option_row *rows,
		   uint32_t count, const char *where);
#define OPTIONS_CHECK(compiler, file, option, rows, where)                                                                     \
	options_check(compiler, file, option, rows, sizeof(rows) / sizeof(*(rows)), where)

void value_check(struct compiler *compiler, uint32_t file, const struct syntax *value, enum type_kind kind);
void duration_option(struct compiler *compiler, uint32_t file, const struct syntax *option);
typedef LIST(struct status_range) status_ranges;
/* 204, 404 or 500..599 */
void statuses_read(struct compiler *compiler, uint32_t file, const struct syntax *list, status_ranges *ranges);

/* --- verify.c */
/* `verify hmac_sha256(header("X"), setting.secret)`; NULL after a message. */
const struct verify *verify_read(struct compiler *compiler, uint32_t file, const struct syntax *option);

/* --- requests.c */
/* METHOD "url" { query headers send result pages expect repeatable }. `result` is what it must give, or NULL. Knows
 * `parameters`, and `result` the answer's `body`. */
const struct request *request_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax,
				   const struct record_field *parameters, uint32_t parameter_count, const struct type *result);
/* What an action's request says about sending it twice, in words or by its method. */
enum repeatable repeatable_read(struct compiler *compiler, uint32_t file, const struct syntax *request);

#endif
