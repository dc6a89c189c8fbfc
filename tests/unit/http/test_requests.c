/* Requests and answers, byte for byte: what is answered, what is refused, with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/operate/traceparent.h"
#include "visitor.h"

#define HOST "Host: here\r\n"

static struct house house;

static int setup(void **state)
{
	(void)state;
	house_open(&house, &(struct server_options){0});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	house_close(&house);
	return 0;
}

static void says(const char *request, const char *const *expected)
{
	char *heard = visit(&house, request);

	for (; *expected; expected++)
		if (!strstr(heard, *expected))
			fail_msg("\"%s\" is not in the answer to\n%s\nthat is\n%s", *expected, request, heard);
	free(heard);
}
#define SAYS(request, ...) says(request, (const char *const[]){__VA_ARGS__, NULL})

static void test_answers(void **state)
{
	(void)state;
	SAYS("GET /word HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n", "\r\n\r\nword");
	SAYS("GET /word?with=query HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\nword");
	SAYS("GET /wo%72d HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\nword");
	SAYS("GET /word HTTP/1.0\r\n\r\n", " 200 OK\r\n", "\r\n\r\nword");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhallo", "\r\n\r\nhallo");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
	     "\r\n\r\nhallo");
}

static void test_bytes_come_one_by_one(void **state)
{
	struct visitor *visitor = visitor_new(&house);
	const char *request = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";

	(void)state;
	for (; *request; request++)
		assert_true(visitor_send(visitor, request, 1));
	visitor_hear(visitor, 1);
	assert_non_null(strstr(visitor->heard, "\r\n\r\nabc"));
	visitor_free(visitor);
}

static void test_head_has_no_body(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	visitor_say(visitor, "HEAD /word HTTP/1.1\r\n" HOST "\r\nHEAD /nowhere HTTP/1.1\r\n" HOST "\r\n");
	visitor_hear_heads(visitor, 2);
	assert_non_null(strstr(visitor->heard, "200 OK"));
	assert_non_null(strstr(visitor->heard, "Content-Length: 4\r\n"));
	assert_non_null(strstr(visitor->heard, "404 Not Found"));
	assert_null(strstr(visitor->heard, "\r\n\r\nword"));
	assert_null(strstr(visitor->heard, "there is no"));
	visitor_free(visitor);
}

static void test_pipelined(void **state)
{
	struct visitor *visitor = visitor_new(&house);
	const char *at;

	(void)state;
	for (int i = 0; i < 50; i++)
		visitor_say(visitor, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n"
				     "#1GET /word HTTP/1.1\r\n" HOST "\r\n");
	visitor_hear(visitor, 100);
	at = visitor->heard;
	for (int i = 0; i < 100; i++) { /* in their order */
		at = strstr(at, "\r\n\r\n");
		assert_non_null(at);
		at += 4;
		assert_memory_equal(at, i % 2 ? "word" : "#1", i % 2 ? 4 : 2);
	}
	assert_int_equal(house.handled, 100);
	visitor_free(visitor);
}

static void test_unknown(void **state)
{
	(void)state;
	SAYS("GET /wrd HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 Not Found\r\n", "Content-Type: application/problem+json\r\n",
	     "\"title\":\"Not Found\"", "\"status\":404", "\"detail\":\"there is no /wrd; perhaps you mean /word\"");
	SAYS("GET /nothing/like/it HTTP/1.1\r\n" HOST "\r\n", "\"there is no /nothing/like/it\"");
	SAYS("GET /%ff%1b%5b2J%22 HTTP/1.1\r\n" HOST "\r\n", "404 Not Found", "there is no /\xef\xbf\xbd\\u001b[2J\\\"");
	SAYS("GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: POST\r\n",
	     "GET is not possible here; POST is");
	SAYS("DELETE /word HTTP/1.1\r\n" HOST "\r\n", "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
	SAYS("BREW /word HTTP/1.1\r\n" HOST "\r\n", "405 Method Not Allowed");
	SAYS("HEAD /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "405 Method Not Allowed");
	assert_int_equal(house.handled, 0);
}

static void test_lengths_that_contradict(void **state)
{
	(void)state;
	SAYS("POST /echo HTTP/1.1\r\n" HOST
	     "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /word HTTP/1.1\r\n" HOST "\r\n",
	     "400 Bad Request");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", "400 Bad Request");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\nabcde", "400 Bad Request");
	SAYS("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\nabcde", " 4");
	assert_int_equal(house.handled, 0);
}

static void test_no_http(void **state)
{
	static const char *const BAD[] = {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n",
					  "GET /word HTTP/1.1\r\n\r\n" /* no Host */, "GET /word HTTP/9.9\r\nbroken\r\n\r\n"};

	(void)state;
	house_open(&house, &(struct server_options){.patience = 200});
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		struct visitor *visitor = visitor_new(&house);
		visitor_say(visitor, BAD[i]);
		shutdown(visitor->socket, SHUT_WR);
		visitor_hear_end(visitor);
		assert_null(strstr(visitor->heard, "200 OK"));
		visitor_free(visitor);
	}
	assert_int_equal(house.handled, 0);
	SAYS("GET /word HTTP/1.1\r\n" HOST "\r\n", "200 OK");
}

static void test_answered_later(void **state)
{
	struct visitor *visitor = visitor_new(&house), *other = visitor_new(&house);

	(void)state;
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	visitor_say(other, "GET /word HTTP/1.1\r\n" HOST "\r\n");
	visitor_hear(other, 1); /* nobody waits for the first */
	assert_non_null(house.kept);
	assert_int_equal(visitor->length, 0);
	request_answer(house.kept, 202, NULL, TEXT(""));
	visitor_hear(visitor, 1);
	assert_non_null(strstr(visitor->heard, "202 Accepted"));
	visitor_say(visitor, "GET /word HTTP/1.1\r\n" HOST "\r\n");
	visitor_hear(visitor, 2);
	assert_non_null(strstr(visitor->heard, "\r\n\r\nword"));
	visitor_free(visitor);
	visitor_free(other);
}

static void test_gone_before_the_answer(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	while (!house.kept)
		house_round(&house);
	visitor_free(visitor);
	request_answer(house.kept, 202, "text/plain", TEXT("too late"));
	SAYS("GET /word HTTP/1.1\r\n" HOST "\r\n", "200 OK");
}

static void test_closed_while_one_waits(void **state)
{
	struct visitor *visitor;

	(void)state;
	house_open(&house, &(struct server_options){0});
	visitor = visitor_new(&house);
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	while (!house.kept)
		house_round(&house);
	server_close(house.server);
	visitor_hear_end(visitor);
	assert_non_null(strstr(visitor->heard, "503 Service Unavailable"));
	assert_non_null(strstr(visitor->heard, "Retry-After: 1\r\n"));
	visitor_free(visitor);
	loop_close(house.loop);
}

static void test_not_admitted(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	SAYS("POST /secret HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "401 Unauthorized",
	     "WWW-Authenticate: Bearer\r\n", "nobody may");
	/* told before the body, to those who ask */
	visitor_say(visitor, "POST /secret HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3000\r\n\r\n");
	visitor_hear(visitor, 1);
	assert_memory_equal(visitor->heard, "HTTP/1.1 401", 12);
	visitor_free(visitor);
	assert_int_equal(house.handled, 0);
}

static void test_traces(void **state)
{
	struct visitor *visitor = visitor_new(&house);

	(void)state;
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST
			     "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n");
	while (!house.kept)
		house_round(&house);
	assert_string_equal(request_trace(house.kept)->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
	request_answer(house.kept, 202, NULL, TEXT(""));
	house.kept = NULL;
	visitor_say(visitor, "GET /later HTTP/1.1\r\n" HOST "traceparent: nonsense\r\n\r\n");
	while (!house.kept)
		house_round(&house);
	const struct traceparent *trace = request_trace(house.kept);
	assert_int_equal(strlen(trace->trace_id), TRACE_ID_TEXT);
	assert_ptr_equal(request_trace(house.kept), trace);
	visitor_free(visitor);
}

static void test_addresses(void **state)
{
	struct error error;
	int socket, other;
	char taken[32];

	(void)state;
	assert_int_equal(server_listen("8480", &socket, &error), INVALID);
	assert_int_equal(server_listen("127.0.0.1:", &socket, &error), INVALID);
	assert_int_equal(server_listen("no.such.host.invalid:80", &socket, &error), INVALID);
	assert_int_equal(server_listen("192.0.2.1:0", &socket, &error), INVALID); /* not this machine's */
	assert_int_equal(server_listen("127.0.0.1:0", &socket, &error), OK);
	snprintf(taken, sizeof taken, "127.0.0.1:%u", socket_port(socket));
	assert_int_equal(server_listen(taken, &other, &error), CONFLICT);
	assert_non_null(strstr(error.sentence, "another program does so already"));
	close(socket);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_bytes_come_one_by_one),
		TEST(test_head_has_no_body),
		TEST(test_pipelined),
		TEST(test_unknown),
		TEST(test_lengths_that_contradict),
		cmocka_unit_test_teardown(test_no_http, teardown),
		TEST(test_answered_later),
		TEST(test_gone_before_the_answer),
		cmocka_unit_test(test_closed_while_one_waits),
		TEST(test_not_admitted),
		TEST(test_traces),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
