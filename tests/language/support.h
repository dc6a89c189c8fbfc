/* What the language's tests share: files of the tree, and the syntax tree as text. */
#ifndef TESTS_LANGUAGE_SUPPORT_H
#define TESTS_LANGUAGE_SUPPORT_H

#include "dsl/compiler/parse.h"

/* The whole file. A path from the root of the tree, in which tests run; fails the program when it is not there. */
struct text file_read(struct arena *arena, const char *path);

struct file_list {
	const char **paths;
	uint32_t count;
};

/* The folder's files with that ending, by name. */
struct file_list files_find(struct arena *arena, const char *folder, const char *ending);

/* Named nodes as "(rule (identifier) …)", like tree-sitter's own. */
void syntax_print(struct text_builder *builder, const struct syntax *node);

/* Compares with a file; with UPDATE_GOLDEN set it writes the file instead. Says what differs; false when something does. */
bool golden_matches(struct arena *arena, const char *path, struct text actual);

#endif
