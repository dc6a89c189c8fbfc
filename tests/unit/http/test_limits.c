/* What is too much: bodies, heads, connections, time. Each ends, and the next visitor is served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/operate/metric.h"
#include "visitor.h"

#define HOST "Host: here\r\n"
enum { MEGABYTE = 1 << 20 };

static struct house house;
static char *zeros;

static int teardown(void **state)
{
	(void)state;
	char *heard = visit(&house, "GET /word HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(heard, "200 OK"));
	free(heard);
	house_close(&house);
	assert_int_equal(metric_value(METRIC_HTTP_BODIES), 0);
	assert_int_equal(metric_value(METRIC_HTTP_CONNECTIONS), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	house_open(&house, &(struct server_options){0});
	return 0;
}

static void post(struct visitor *visitor, size_t length, const char *more)
{
	char head[256];

	snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n%s\r\n", length, more);
	visitor_say(visitor, head);
}

static void test_the_longest_body(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	post(visitor, 10 * MEGABYTE, "");
	assert_true(visitor_send(visitor, zeros, 10 * MEGABYTE));
	while (!house.handled)
		visitor_hear(visitor, 1);
	assert_non_null(strstr(visitor->heard, "200 OK"));
	visitor_free(visitor);
}

static void test_a_byte_more(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	post(visitor, 10 * MEGABYTE + 1, "");
	assert_true(visitor_send(visitor, zeros, 10 * MEGABYTE + 1));
	visitor_hear(visitor, 1);
	assert_memory_equal(visitor->heard, "HTTP/1.1 413", 12);
	assert_non_null(strstr(visitor->heard, "more than 10485760 bytes"));
	visitor_say(visitor, "GET /word HTTP/1.1\r\n" HOST "\r\n"); /* the same connection goes on */
	visitor_hear(visitor, 2);
	assert_non_null(strstr(visitor->heard, "\r\n\r\nword"));
	visitor_free(visitor);
	assert_int_equal(house.handled, 1);
}

static void test_much_too_much(void **state)
{
	struct visitor *asks = visitor_new(&house), *does_not = visitor_new(&house), *chunks = visitor_new(&house);
	bool taken = true;

	(void)state;
	post(asks, 10 * MEGABYTE + 1, "Expect: 100-continue\r\n");
	visitor_hear(asks, 1);
	assert_memory_equal(asks->heard, "HTTP/1.1 413", 12);
	post(does_not, (size_t)100 << 30, "");
	visitor_hear(does_not, 1);
	assert_memory_equal(does_not->heard, "HTTP/1.1 413", 12);
	visitor_hear_end(does_not);
	/* without a length nobody can know before; past the double the connection ends */
	visitor_say(chunks, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; taken && i < 40; i++)
		taken = visitor_say(chunks, "100000\r\n") && visitor_send(chunks, zeros, MEGABYTE) &&
			visitor_say(chunks, "\r\n");
	assert_false(taken);
	visitor_free(asks);
	visitor_free(does_not);
	visitor_free(chunks);
	assert_int_equal(house.handled, 0);
}

static void test_bodies_together(void **state)
{
	struct visitor *one, *other;

	(void)state;
	house_open(&house, &(struct server_options){.bodies_most = 4 * MEGABYTE, .silence = 2});
	one = visitor_new(&house);
	other = visitor_new(&house);
	post(one, 4 * MEGABYTE, "");
	visitor_send(one, zeros, 3 * MEGABYTE);
	while (metric_value(METRIC_HTTP_BODIES) < 4 * MEGABYTE)
		visitor_send(one, zeros, 1);
	post(other, 100, "");
	visitor_send(other, zeros, 100);
	visitor_hear(other, 1);
	assert_memory_equal(other->heard, "HTTP/1.1 503", 12);
	assert_non_null(strstr(other->heard, "send it again"));
	visitor_free(one); /* who closes while his last bytes arrive is found to be gone when he is silent */
	while (metric_value(METRIC_HTTP_BODIES))
		house_round(&house);
	visitor_free(other);
}

static void test_long_heads(void **state)
{
	static char head[200000];
	struct visitor *visitor = visitor_new(&house);
	size_t length = (size_t)snprintf(head, sizeof head, "GET /word HTTP/1.1\r\n" HOST "X: ");

	(void)state;
	memset(head + length, 'x', sizeof head - length - 5);
	memcpy(head + sizeof head - 5, "\r\n\r\n", 5);
	visitor_say(visitor, head);
	visitor_hear_end(visitor);
	assert_null(strstr(visitor->heard, "200 OK"));
	visitor_free(visitor);
	assert_int_equal(house.handled, 0);
}

static void test_silence(void **state)
{
	struct visitor *visitor;

	(void)state;
	house_open(&house, &(struct server_options){.silence = 1});
	visitor = visitor_new(&house);
	visitor_say(visitor, "GET /word HTTP/1.1\r\nHost:");
	visitor_hear_end(visitor);
	visitor_free(visitor);
}

/* A byte now and then is no silence, and no request either. */
static void test_dripping(void **state)
{
	struct visitor *visitor, *busy;
	int64_t before = metric_value(METRIC_HTTP_HURRIED), begin = loop_now();

	(void)state;
	house_open(&house, &(struct server_options){.patience = 300});
	visitor = visitor_new(&house);
	busy = visitor_new(&house);
	visitor_say(visitor, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n");
	for (int i = 1; visitor_send(visitor, "x", 1); i++) {
		if (loop_now() - begin < 250)
			visitor_say(busy, "GET /word HTTP/1.1\r\n" HOST "\r\n");
		visitor_hear(busy, 1);
	}
	assert_true(loop_now() - begin >= 300);
	assert_true(metric_value(METRIC_HTTP_HURRIED) > before);
	assert_non_null(strstr(busy->heard, "\r\n\r\nword"));
	visitor_free(visitor);
	visitor_free(busy);
}

static void test_no_hurry_while_we_think(void **state)
{
	struct visitor *visitor, *late;

	(void)state;
	house_open(&house, &(struct server_options){.patience = 100});
	visitor = visitor_new(&house);
	late = visitor_new(&house);
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	visitor_say(late, "GET");
	visitor_hear_end(late); /* longer than the patience */
	assert_non_null(house.kept);
	request_answer(house.kept, 200, NULL, TEXT(""));
	visitor_hear(visitor, 1);
	assert_non_null(strstr(visitor->heard, "200 OK"));
	visitor_free(visitor);
	visitor_free(late);
}

/* Those who only take a place lose it; who comes then is served. */
static void test_too_many(void **state)
{
	struct visitor *idle[4], *visitor;

	(void)state;
	house_open(&house, &(struct server_options){.connections = 4, .patience = 300});
	for (int i = 0; i < 4; i++) {
		idle[i] = visitor_new(&house);
		visitor_say(idle[i], "GET");
	}
	visitor = visitor_new(&house);
	visitor_say(visitor, "GET /word HTTP/1.1\r\n" HOST "\r\n");
	visitor_hear(visitor, 1);
	assert_non_null(strstr(visitor->heard, "\r\n\r\nword"));
	visitor_free(visitor);
	for (int i = 0; i < 4; i++)
		visitor_free(idle[i]);
}

static int zeros_make(void **state)
{
	(void)state;
	zeros = calloc(1, 11 * MEGABYTE);
	return !zeros;
}

static int zeros_free(void **state)
{
	(void)state;
	free(zeros);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OWN_TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_longest_body), TEST(test_a_byte_more),
		TEST(test_much_too_much),    OWN_TEST(test_bodies_together),
		TEST(test_long_heads),       OWN_TEST(test_silence),
		OWN_TEST(test_dripping),     OWN_TEST(test_no_hurry_while_we_think),
		OWN_TEST(test_too_many),
	};
	return cmocka_run_group_tests(tests, zeros_make, zeros_free);
}
