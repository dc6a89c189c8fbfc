/* What the checks of metrics, reports, views, roles and formats share. */
#ifndef COMPILER_OTHERS_H
#define COMPILER_OTHERS_H

#include "dsl/compiler/internal.h"

/* `response.due_at`, `owner.name`: a path of fields that begins at the entity. */
void path_check(struct compiler *compiler, uint32_t file, const struct entity *entity, const struct syntax *path);
/* One of the words, or a message with all of them. */
void word_check(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *const *words, uint32_t count,
		const char *what);
#define WORD_CHECK(compiler, file, at, words, what)                                                                            \
	word_check(compiler, file, at, words, sizeof(words) / sizeof(*(words)), what)
/* A coder that knows the parameters; with an entity, its row by the entity's name. */
struct coder view_coder(struct compiler *compiler, uint32_t file, const struct record_field *parameters, uint32_t count,
			const struct entity *entity);
void view_condition(struct coder *coder, const struct syntax *condition_syntax);
void view_value(struct coder *coder, const struct syntax *value, const struct type *wanted);
/* show, where, sort, do: what a view and a table of a report have in common. */
void view_items_check(struct compiler *compiler, uint32_t file, const struct syntax *list, const struct entity *entity,
		      const struct record_field *parameters, uint32_t count);
void name_check(struct compiler *compiler, uint32_t file, const struct syntax *name, enum name_space space,
		enum syntax_kind kind, const char *what);

void metric_check(struct compiler *compiler, const struct declaration *declaration);
void report_check(struct compiler *compiler, const struct declaration *declaration);

#endif
