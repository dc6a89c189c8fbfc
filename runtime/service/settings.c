/* Settings from the command line, the environment and a file, in this order. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/service/serve.h"

static const struct setting_row {
	const char *word, *otherwise;
	size_t place;
} ROWS[] = {
#define SETTING(name, word, value, otherwise, doc) {word, otherwise, offsetof(struct settings, name)},
#include "runtime/service/settings.def"
#undef SETTING
};
enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

static const char **place_of(struct settings *settings, const struct setting_row *row)
{
	return (const char **)((char *)settings + row->place);
}

static const char *from_environment(struct arena *arena, const char *word)
{
	char *name = arena_format(arena, "STELLWERK_%s", word);

	for (char *each = name; *each; each++)
		*each = *each == '-' ? '_' : (char)toupper((unsigned char)*each);
	return getenv(name);
}

static const struct setting_row *row_find(struct text word)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (text_is(word, ROWS[i].word))
			return &ROWS[i];
	return NULL;
}

static enum status line_read(struct arena *arena, struct text line, struct settings *settings, struct error *error)
{
	int64_t equals = text_find(line, TEXT("="));

	if (!line.length || line.bytes[0] == '#')
		return OK;
	if (equals < 0)
		return error_set(error, INVALID, "a setting is written `word = value`");
	struct text word = text_trim(text_slice(line, 0, (uint32_t)equals));
	struct text value = text_trim(text_slice(line, (uint32_t)equals + 1, line.length));
	const struct setting_row *row = row_find(word);
	if (!row)
		return error_set(error, INVALID, "there is no setting `%.*s`; `stellwerk help serve` lists them",
				 TEXT_ARGS(text_slice(word, 0, word.length > 60 ? 60 : word.length)));
	*place_of(settings, row) = arena_string(arena, value.bytes, value.length);
	return OK;
}

static enum status file_read_in(struct arena *arena, const char *path, struct text config, struct settings *settings,
				struct error *error)
{
	uint32_t number = 0, from = 0;

	while (from < config.length) {
		const char *end = memchr(config.bytes + from, '\n', config.length - from);
		uint32_t to = end ? (uint32_t)(end - config.bytes) : config.length;
		number++;
		enum status status = line_read(arena, text_trim(text_slice(config, from, to)), settings, error);
		if (status != OK)
			return error_within(error, "%s:%u", path, number);
		from = to + 1;
	}
	return OK;
}

enum status settings_read(struct arena *arena, given_fn *given, void *context, const char *path, struct text config,
			  struct settings *settings_out, struct error *error)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		*place_of(settings_out, &ROWS[i]) = ROWS[i].otherwise;
	enum status status = file_read_in(arena, path, config, settings_out, error);
	for (size_t i = 0; status == OK && i < ROW_COUNT; i++) {
		const char *said = given(context, ROWS[i].word);
		if (!said)
			said = from_environment(arena, ROWS[i].word);
		if (said)
			*place_of(settings_out, &ROWS[i]) = said;
	}
	return status;
}
