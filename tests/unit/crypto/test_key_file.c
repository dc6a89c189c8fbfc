/* Files of keys: made once, for their owner alone, and read only when nobody else can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/key_file.h"

static char folder[] = "/tmp/stellwerk_key_XXXXXX";
static char path[64];
static struct key_file file;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "%s/key", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void assert_refused(enum status status, const char *part)
{
	memset(&file, 'x', sizeof file);
	assert_int_equal(key_file_read(path, &file, &error), status);
	assert_int_equal(file.length, 0);
	if (!strstr(error.sentence, part))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, part);
}

static void what_is_made_is_read(void **state)
{
	struct stat facts;

	(void)state;
	umask(0);
	assert_int_equal(key_file_make(path, 0600, TEXT("very secret"), &error), OK);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0600);
	assert_int_equal(key_file_read(path, &file, &error), OK);
	assert_true(text_is(key_file_text(&file), "very secret"));
	key_file_wipe(&file);
	for (size_t i = 0; i < sizeof file.bytes; i++)
		assert_int_equal(file.bytes[i], 0);
}

static void nothing_is_written_over(void **state)
{
	char link[80];

	(void)state;
	assert_int_equal(key_file_make(path, 0600, TEXT("first"), &error), OK);
	assert_int_equal(key_file_make(path, 0600, TEXT("second"), &error), CONFLICT);
	assert_int_equal(key_file_read(path, &file, &error), OK);
	assert_true(text_is(key_file_text(&file), "first"));
	/* not even through a link that leads nowhere */
	snprintf(link, sizeof link, "%s/link", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(key_file_make(link, 0600, TEXT("third"), &error), CONFLICT);
	assert_int_equal(access(path, F_OK), -1);
	unlink(link);
}

static void others_must_not_get_at_it(void **state)
{
	static const mode_t OPEN[] = {0604, 0644, 0602, 0601, 0620, 0666, 0777};

	(void)state;
	assert_int_equal(key_file_make(path, 0600, TEXT("secret"), &error), OK);
	for (size_t i = 0; i < sizeof OPEN / sizeof *OPEN; i++) {
		assert_int_equal(chmod(path, OPEN[i]), 0);
		assert_refused(DENIED, "chmod 600");
		assert_null(strstr(error.sentence, "secret"));
	}
	/* its group may, when root has arranged it so */
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(key_file_read(path, &file, &error), geteuid() == 0 ? OK : DENIED);
}

static void what_is_no_key_is_refused(void **state)
{
	static char large[KEY_FILE_BYTES_MOST];

	(void)state;
	assert_refused(NOT_FOUND, "there is no file");
	memset(large, 'x', sizeof large);
	assert_int_equal(key_file_make(path, 0600, (struct text){large, sizeof large}, &error), OK);
	assert_refused(INVALID, "too large");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(INVALID, "no regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_made_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_written_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_must_not_get_at_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, set_up, tear_down),
	};
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
