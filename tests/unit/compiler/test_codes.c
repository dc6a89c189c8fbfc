/* Every message about declarations, rules, time, packs and tests is provoked by some golden pack, so that none is only believed
 * to work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>

#include "dsl/compiler/diagnostic.h"

/* Those that one file cannot provoke, and who does. */
static const char *const ELSEWHERE[] = {
	"F0505", /* 65,000 entities */
	"F0901", /* test_layers.c */
	"F1001", /* Lua compiles scripts, in the engine */
};

static bool is_elsewhere(const char *code)
{
	for (size_t i = 0; i < sizeof(ELSEWHERE) / sizeof(*ELSEWHERE); i++)
		if (!strcmp(ELSEWHERE[i], code))
			return true;
	return false;
}

static void look_into(const char *path, bool *seen)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		for (int code = 0; code < DIAGNOSTIC_COUNT; code++)
			seen[code] |= strstr(line, diagnostic_info((enum diagnostic_code)code)->code) != NULL;
	fclose(file);
}

static void each_code_is_provoked(void **state)
{
	(void)state;
	static bool seen[DIAGNOSTIC_COUNT];
	DIR *folder = opendir("tests/golden/compiler");
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		char path[512];
		size_t length = strlen(entry->d_name);
		snprintf(path, sizeof(path), "tests/golden/compiler/%s", entry->d_name);
		if (length > 4 && !strcmp(entry->d_name + length - 4, ".txt"))
			look_into(path, seen);
	}
	closedir(folder);
	int missing = 0;
	for (int code = 0; code < DIAGNOSTIC_COUNT; code++) {
		const char *name = diagnostic_info((enum diagnostic_code)code)->code;
		if (strcmp(name, "F0500") < 0 || seen[code] || is_elsewhere(name))
			continue;
		print_message("%s is provoked by no golden pack\n", name);
		missing++;
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_code_is_provoked)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
