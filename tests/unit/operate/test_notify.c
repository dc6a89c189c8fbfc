/* The word to systemd, against a socket that stands in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/operate/notify.h"

/* In the abstract namespace: nothing to clean up. */
static int systemd_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	int length = snprintf(name, sizeof name, "@stellwerk-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	assert_int_equal(
		bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void hears(int fd, const char *expected)
{
	char heard[256] = "";

	assert_true(recv(fd, heard, sizeof heard - 1, 0) > 0);
	assert_string_equal(heard, expected);
}

static void test_told(void **state)
{
	struct error error;
	int systemd = systemd_open();

	(void)state;
	assert_int_equal(notify_supervisor("READY=1\nSTATUS=fine", &error), OK);
	hears(systemd, "READY=1\nSTATUS=fine");
	close(systemd);
	assert_int_equal(notify_supervisor("STOPPING=1", &error), RETRY); /* nobody is there any more */
	assert_non_null(strstr(error.sentence, "can not be told"));
}

static void test_nobody_to_tell(void **state)
{
	struct error error;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_supervisor("READY=1", &error), OK);
	setenv("NOTIFY_SOCKET", "no/path", 1);
	assert_int_equal(notify_supervisor("READY=1", &error), INVALID);
}

static void test_watchdog(void **state)
{
	struct loop *loop;
	struct error error;
	char pid[16];
	int systemd = systemd_open();

	(void)state;
	assert_int_equal(loop_open(&loop, &error), OK);
	unsetenv("WATCHDOG_USEC");
	watchdog_keep(loop);
	assert_int_equal(loop_turn(loop, 0, &error), OK);
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", "1", 1); /* somebody else is watched */
	watchdog_keep(loop);
	assert_int_equal(loop_turn(loop, 0, &error), OK);
	assert_int_equal(recv(systemd, pid, sizeof pid, 0), -1);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	watchdog_keep(loop);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_turn(loop, -1, &error), OK);
		hears(systemd, "WATCHDOG=1");
	}
	loop_close(loop);
	close(systemd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_nobody_to_tell),
		cmocka_unit_test(test_watchdog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
