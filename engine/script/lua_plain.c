/* Lua's words for the commonest mistakes, said for the author of a pack. Must keep what it does not know as it is. */
#include "engine/script/lua_room.h"

#include <stdio.h>

/* A message "BEGIN (kind 'name')" becomes the sentence with the name; without a name the second one. */
static const struct {
	const char *begins, *named, *unnamed;
} PLAIN[] = {
	{"attempt to index a nil value", "`%.*s` is not set, so it has no fields",
	 "something that is not set is asked for a field"},
	{"attempt to call a nil value", "there is no function `%.*s`", "something that is not set is called like a function"},
	{"attempt to perform arithmetic on a nil value", "`%.*s` is not set and cannot be computed with",
	 "something that is not set cannot be computed with"},
	{"attempt to perform arithmetic on a string value", "`%.*s` is a text and cannot be computed with",
	 "a text cannot be computed with"},
	{"attempt to concatenate a nil value", "`%.*s` is not set and cannot be joined to a text",
	 "something that is not set cannot be joined to a text"},
	{"attempt to concatenate a table value", "`%.*s` is a table and cannot be joined to a text",
	 "a table cannot be joined to a text"},
	{"attempt to get length of a nil value", "`%.*s` is not set, so it has no length",
	 "something that is not set has no length"},
	{"attempt to compare nil with", NULL, "something that is not set cannot be compared"},
	{"attempt to compare number with nil", NULL, "something that is not set cannot be compared"},
	{"attempt to compare string with nil", NULL, "something that is not set cannot be compared"},
	{"attempt to compare number with string", NULL, "a number cannot be compared with a text"},
	{"attempt to compare string with number", NULL, "a text cannot be compared with a number"},
	{"attempt to compare two table values", NULL, "two tables cannot be compared"},
};

/* What stands between the last pair of quotes in "(field 'name')". */
static bool name_in(const char *message, int *length_out, const char **name_out)
{
	const char *open = strstr(message, " '"), *close = strrchr(message, '\'');
	if (!open || !close || close <= open + 1 || strcmp(close, "')"))
		return false;
	*name_out = open + 2;
	*length_out = (int)(close - open - 2);
	return *length_out > 0;
}

void script_plain(const char *message, char *sentence, size_t size)
{
	for (size_t i = 0; i < sizeof(PLAIN) / sizeof(*PLAIN); i++) {
		const char *name;
		int length;
		if (strncmp(message, PLAIN[i].begins, strlen(PLAIN[i].begins)))
			continue;
		if (PLAIN[i].named && name_in(message, &length, &name))
			snprintf(sentence, size, PLAIN[i].named, length, name);
		else
			snprintf(sentence, size, "%s", PLAIN[i].unnamed);
		return;
	}
	snprintf(sentence, size, "%s", message);
}
