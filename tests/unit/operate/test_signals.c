/* Signals reach the loop: an end once, a reload each time; closed, they are delivered as usual again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/operate/signals.h"

static int ends, reloads;

static void on_end(void *context)
{
	(void)context;
	ends++;
}

static void on_reload(void *context)
{
	(void)context;
	reloads++;
}

static void test_signals_are_told(void **state)
{
	struct signals signals = {.on_end = on_end, .on_reload = on_reload};
	struct loop *loop;
	struct error error;

	(void)state;
	assert_int_equal(loop_open(&loop, &error), OK);
	assert_int_equal(signals_open(&signals, loop, &error), OK);
	raise(SIGHUP);
	assert_int_equal(loop_turn(loop, -1, &error), OK);
	assert_int_equal(reloads, 1);
	assert_false(signals.ending);
	raise(SIGTERM);
	raise(SIGINT);
	raise(SIGHUP);
	assert_int_equal(loop_turn(loop, -1, &error), OK);
	assert_int_equal(reloads, 2);
	assert_int_equal(ends, 1);
	assert_true(signals.ending);
	raise(SIGPIPE); /* would end us */
	signals_close(&signals);
	signals_close(&signals);
	loop_close(loop);
}

static void test_closed_they_end_a_process(void **state)
{
	struct signals signals = {0};
	struct loop *loop;
	struct error error;
	int how;

	(void)state;
	assert_int_equal(loop_open(&loop, &error), OK);
	assert_int_equal(signals_open(&signals, loop, &error), OK);
	signals_close(&signals);
	loop_close(loop);
	pid_t pid = fork();
	if (!pid) {
		raise(SIGTERM);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFSIGNALED(how));
	assert_int_equal(WTERMSIG(how), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_are_told),
		cmocka_unit_test(test_closed_they_end_a_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
