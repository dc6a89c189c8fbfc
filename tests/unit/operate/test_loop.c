/* The loop: descriptors and alarms call back in time, and callbacks may remove anything, themselves too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/operate/loop.h"

struct scene {
	struct loop *loop;
	struct watch *watches[2];
	struct alarm *alarms[3];
	int pairs[2][2];
	char said[64]; /* what happened, a letter each */
	unsigned ready;
};

static int setup(void **state)
{
	static struct scene scene;
	struct error error;

	scene = (struct scene){0};
	*state = &scene;
	for (int i = 0; i < 2; i++)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, scene.pairs[i]), 0);
	assert_int_equal(loop_open(&scene.loop, &error), OK);
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	loop_close(scene->loop);
	for (int i = 0; i < 4; i++)
		close(scene->pairs[i / 2][i % 2]);
	return 0;
}

static void say(struct scene *scene, char letter)
{
	scene->said[strlen(scene->said)] = letter;
}

static void turn(struct scene *scene, int milliseconds)
{
	struct error error;

	assert_int_equal(loop_turn(scene->loop, milliseconds, &error), OK);
}

static void watch(struct scene *scene, int which, unsigned wanted, watch_fn *on_ready)
{
	struct error error;

	assert_int_equal(
		loop_watch(scene->loop, scene->pairs[which][0], wanted, on_ready, scene, &scene->watches[which], &error), OK);
}

static void on_ready_say(void *context, int fd, unsigned ready)
{
	struct scene *scene = context;

	say(scene, fd == scene->pairs[0][0] ? 'a' : 'b');
	scene->ready = ready;
}

static void test_readiness(void **state)
{
	struct scene *scene = *state;
	char byte;

	watch(scene, 0, LOOP_READ, on_ready_say);
	turn(scene, 0);
	assert_string_equal(scene->said, "");
	assert_int_equal(write(scene->pairs[0][1], "x", 1), 1);
	turn(scene, -1);
	assert_string_equal(scene->said, "a");
	assert_int_equal(scene->ready, LOOP_READ);
	turn(scene, -1); /* still there: nobody has read it */
	assert_string_equal(scene->said, "aa");
	assert_int_equal(read(scene->pairs[0][0], &byte, 1), 1);
	watch_change(scene->watches[0], LOOP_WRITE);
	turn(scene, -1);
	assert_int_equal(scene->ready, LOOP_WRITE);
	watch_change(scene->watches[0], LOOP_READ);
	shutdown(scene->pairs[0][1], SHUT_RDWR);
	turn(scene, -1);
	assert_true(scene->ready & LOOP_READ);
	watch_remove(scene->watches[0]);
	turn(scene, 0);
	assert_string_equal(scene->said, "aaaa");
}

/* Whoever is called first removes both; the other must not be called, though it was ready in the same round. */
static void on_ready_remove(void *context, int fd, unsigned ready)
{
	struct scene *scene = context;

	(void)fd;
	(void)ready;
	say(scene, 'r');
	for (int i = 0; i < 2; i++) {
		watch_remove(scene->watches[i]);
		scene->watches[i] = NULL;
	}
}

static void test_removed_in_a_callback(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 2; i++) {
		watch(scene, i, LOOP_READ, on_ready_remove);
		assert_int_equal(write(scene->pairs[i][1], "x", 1), 1);
	}
	turn(scene, -1);
	assert_string_equal(scene->said, "r");
	turn(scene, 0);
	assert_string_equal(scene->said, "r");
}

static void test_what_can_not_be_polled(void **state)
{
	struct scene *scene = *state;
	struct watch *watch;
	struct error error;

	assert_int_equal(loop_watch(scene->loop, 9999, LOOP_READ, on_ready_say, scene, &watch, &error), INVALID);
	assert_null(watch);
	assert_non_null(strstr(error.sentence, "descriptor 9999"));
}

static void on_first(void *context)
{
	struct scene *scene = context;

	say(scene, '1');
	alarm_set(scene->alarms[1], loop_now() - 5);
	alarm_set(scene->alarms[2], loop_now() - 5);
	alarm_clear(scene->alarms[2]);
}

static void on_second(void *context)
{
	say(context, '2');
}

static void on_third(void *context)
{
	say(context, '3');
}

static void test_alarms(void **state)
{
	struct scene *scene = *state;
	alarm_fn *const rings[] = {on_first, on_second, on_third};

	for (int i = 2; i >= 0; i--)
		scene->alarms[i] = loop_alarm(scene->loop, rings[i], scene);
	turn(scene, 0); /* none is set */
	assert_string_equal(scene->said, "");
	alarm_set(scene->alarms[2], loop_now());
	alarm_set(scene->alarms[0], loop_now());
	turn(scene, -1);
	/* the first took the third back before it rang; what it set rings only in the next round */
	assert_string_equal(scene->said, "1");
	turn(scene, -1);
	assert_string_equal(scene->said, "12");
	int64_t begin = loop_now();
	alarm_set(scene->alarms[2], begin + 10000);
	alarm_set_earlier(scene->alarms[2], begin + 20);
	alarm_set_earlier(scene->alarms[2], begin + 5000);
	turn(scene, -1);
	assert_string_equal(scene->said, "123");
	assert_true(loop_now() >= begin + 20 && loop_now() < begin + 5000);
	alarm_set(scene->alarms[1], loop_now());
	alarm_remove(scene->alarms[1]);
	turn(scene, 0);
	assert_string_equal(scene->said, "123");
}

static void on_stop(void *context)
{
	struct scene *scene = context;

	loop_stop(scene->loop);
}

static void test_run_ends(void **state)
{
	struct scene *scene = *state;
	struct error error;

	alarm_set(loop_alarm(scene->loop, on_stop, scene), loop_now() + 1);
	assert_int_equal(loop_run(scene->loop, &error), OK);
	assert_true(loop_is_stopping(scene->loop));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_readiness, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_in_a_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_can_not_be_polled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alarms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_ends, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
