/* Letters in the other case, by ICU's root locale: what a text becomes never depends on where the process runs. */
#include "engine/base/letters.h"
#include "engine/base/check.h"

#include <unicode/ucasemap.h>

typedef int32_t case_function(const UCaseMap *map, char *to, int32_t capacity, const char *from, int32_t length,
			      UErrorCode *error);

static const UCaseMap *root_map(void)
{
	static UCaseMap *map;
	UErrorCode error = U_ZERO_ERROR;
	if (!map)
		map = ucasemap_open("", 0, &error);
	CHECK(map && U_SUCCESS(error));
	return map;
}

static struct text convert(struct arena *arena, struct text text, case_function *function)
{
	uint32_t room = text.length + text.length / 2 + 16;
	for (;;) {
		char *to = arena_alloc_raw(arena, room, 1);
		UErrorCode error = U_ZERO_ERROR;
		int32_t length = function(root_map(), to, (int32_t)room, text.bytes, (int32_t)text.length, &error);
		if (U_SUCCESS(error))
			return (struct text){to, (uint32_t)length};
		CHECK(error == U_BUFFER_OVERFLOW_ERROR && (uint32_t)length > room);
		room = (uint32_t)length + 1;
	}
}

struct text text_lower(struct arena *arena, struct text text)
{
	return text.length ? convert(arena, text, ucasemap_utf8ToLower) : text;
}

struct text text_upper(struct arena *arena, struct text text)
{
	return text.length ? convert(arena, text, ucasemap_utf8ToUpper) : text;
}
