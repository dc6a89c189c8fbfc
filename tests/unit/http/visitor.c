/* A visitor and the house. Must never hang: what does not come in time fails the test. */
#include "visitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE = 20000, ROUND = 20 };

/* --- the house */
static void on_echo(void *context, struct request *request)
{
	struct house *house = context;

	house->handled++;
	request_answer(request, 200, "text/plain", request_body(request));
}

static void on_word(void *context, struct request *request)
{
	struct house *house = context;

	house->handled++;
	request_answer(request, 200, "text/plain", TEXT("word"));
}

static void on_later(void *context, struct request *request)
{
	struct house *house = context;

	house->handled++;
	house->kept = request;
}

static void admit_nobody(void *context, struct request *request)
{
	(void)context;
	request_problem(request, 401, "Unauthorized", TEXT("nobody may"));
}

static const struct route ROUTES[] = {
	{"POST", "/echo", on_echo, NULL},
	{"GET", "/word", on_word, NULL},
	{"GET", "/later", on_later, NULL},
	{"POST", "/secret", on_echo, admit_nobody},
};

void house_open(struct house *house, const struct server_options *limits)
{
	struct server_options options = *limits;
	struct error error;

	*house = (struct house){0};
	assert_int_equal(loop_open(&house->loop, &error), OK);
	options.loop = house->loop;
	options.address = "127.0.0.1:0";
	options.routes = ROUTES;
	options.route_count = sizeof ROUTES / sizeof *ROUTES;
	options.context = house;
	assert_int_equal(server_open(&options, &house->server, &error), OK);
}

void house_close(struct house *house)
{
	server_close(house->server);
	loop_close(house->loop);
}

void house_round(struct house *house)
{
	struct error error;

	assert_int_equal(loop_turn(house->loop, ROUND, &error), OK);
}

/* --- the visitor */
struct visitor *visitor_new(struct house *house)
{
	struct visitor *visitor = calloc(1, sizeof *visitor);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(server_port(house->server)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	visitor->house = house;
	visitor->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(visitor->socket, (struct sockaddr *)&address, sizeof address), 0);
	fcntl(visitor->socket, F_SETFL, O_NONBLOCK);
	return visitor;
}

void visitor_free(struct visitor *visitor)
{
	close(visitor->socket);
	free(visitor);
}

bool visitor_send(struct visitor *visitor, const char *bytes, size_t length)
{
	int64_t end = loop_now() + PATIENCE;

	while (length) {
		ssize_t sent = send(visitor->socket, bytes, length, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return false;
		bytes += sent > 0 ? sent : 0;
		length -= sent > 0 ? (size_t)sent : 0;
		house_round(visitor->house);
		assert_true(loop_now() < end);
	}
	return true;
}

bool visitor_say(struct visitor *visitor, const char *text)
{
	return visitor_send(visitor, text, strlen(text));
}

/* Whole answers in what was heard. */
static int answers_heard(const struct visitor *visitor, bool heads)
{
	const char *at = visitor->heard, *end;
	int count = 0;

	while ((end = strstr(at, "\r\n\r\n"))) {
		const char *length = strcasestr(at, "\r\nContent-Length:");
		size_t body = !heads && length && length < end ? strtoul(length + 17, NULL, 10) : 0;
		at = end + 4 + body;
		if (at > visitor->heard + visitor->length)
			break;
		count++;
	}
	return count;
}

static void listen_until(struct visitor *visitor, int answers, bool heads)
{
	int64_t end = loop_now() + PATIENCE;

	while (!visitor->is_gone && (answers < 0 || answers_heard(visitor, heads) < answers)) {
		house_round(visitor->house);
		ssize_t length = recv(visitor->socket, visitor->heard + visitor->length, HEARD_MOST - visitor->length - 1, 0);
		if (length > 0)
			visitor->length += (size_t)length;
		else if (length == 0 || errno != EAGAIN)
			visitor->is_gone = true;
		assert_true(loop_now() < end);
	}
}

void visitor_hear(struct visitor *visitor, int answers)
{
	listen_until(visitor, answers, false);
}

void visitor_hear_heads(struct visitor *visitor, int answers)
{
	listen_until(visitor, answers, true);
}

void visitor_hear_end(struct visitor *visitor)
{
	listen_until(visitor, -1, false);
}

char *visit(struct house *house, const char *request)
{
	struct visitor *visitor = visitor_new(house);

	visitor_say(visitor, request);
	visitor_hear(visitor, 1);
	char *heard = strdup(visitor->heard);
	visitor_free(visitor);
	return heard;
}
