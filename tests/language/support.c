/* Files and texts for the language's tests. */
#include "tests/language/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct text file_read(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(1);
	}
	struct text_builder builder = {.arena = arena};
	char piece[65536];
	size_t length;
	while ((length = fread(piece, 1, sizeof(piece), file)) > 0)
		builder_add(&builder, (struct text){piece, (uint32_t)length});
	fclose(file);
	return builder_text(&builder);
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct file_list files_find(struct arena *arena, const char *folder, const char *ending)
{
	DIR *directory = opendir(folder);
	if (!directory) {
		perror(folder);
		exit(1);
	}
	LIST(const char *) paths = {0};
	for (struct dirent *entry; (entry = readdir(directory));)
		if (text_ends(text_from(entry->d_name), text_from(ending)))
			*list_add(arena, &paths) = arena_format(arena, "%s/%s", folder, entry->d_name);
	closedir(directory);
	if (paths.count)
		qsort(paths.items, paths.count, sizeof(*paths.items), by_name);
	return (struct file_list){paths.items, paths.count};
}

void syntax_print(struct text_builder *builder, const struct syntax *node)
{
	const struct syntax *ends[PARSE_MAX_DEPTH + 1];
	uint32_t open = 0;
	for (const struct syntax *at = node; at < node + node->size; at++) {
		while (open && ends[open - 1] == at) {
			builder_add_char(builder, ')');
			open--;
		}
		if (at->kind == SYNTAX_token)
			continue;
		builder_format(builder, "%s(%s", at == node ? "" : " ", syntax_kind_name(at->kind));
		ends[open++] = at + at->size;
	}
	while (open--)
		builder_add_char(builder, ')');
}

bool golden_matches(struct arena *arena, const char *path, struct text actual)
{
	if (getenv("UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "wb");
		if (!file || fwrite(actual.bytes, 1, actual.length, file) != actual.length)
			perror(path);
		if (file)
			fclose(file);
		return true;
	}
	struct text wanted = file_read(arena, path);
	if (text_equal(wanted, actual))
		return true;
	printf("%s differs (UPDATE_GOLDEN=1 writes it anew); now it is:\n%.*s\n", path, TEXT_ARGS(actual));
	return false;
}
