/* The transport against another side of our own, with a host that looks when the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/transport.h"

enum { PATIENCE = 200 /* milliseconds that a call waits for its answer */ };

struct host {
	struct transport *transport;
	int fd;
	unsigned wanted;
	int64_t wake; /* milliseconds; -1: not at all */
	int listener;
	char url[64];
	uint32_t done;
	struct transport_answer answer;
	char sentence[256];
};

static void on_watch(void *context, int fd, unsigned wanted, void **place)
{
	struct host *host = context;

	(void)place;
	host->fd = fd;
	host->wanted = wanted;
}

static void on_wake(void *context, int64_t milliseconds)
{
	((struct host *)context)->wake = milliseconds;
}

static void on_done(void *context, const struct transport_answer *answer)
{
	struct host *host = context;

	host->done++;
	host->answer = *answer;
	snprintf(host->sentence, sizeof host->sentence, "%s", answer->sentence);
}

static void host_open(struct host *host)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	struct error error;

	*host = (struct host){.fd = -1, .wake = -1, .listener = socket(AF_INET, SOCK_STREAM, 0)};
	assert_int_equal(bind(host->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(host->listener, 8), 0);
	assert_int_equal(getsockname(host->listener, (struct sockaddr *)&address, &length), 0);
	snprintf(host->url, sizeof host->url, "http://127.0.0.1:%u/", ntohs(address.sin_port));
	struct transport_host port = {.context = host, .watch = on_watch, .wake = on_wake};
	assert_int_equal(transport_open(&port, &host->transport, &error), OK);
	struct transport_call call = {
		.method = "POST", .url = host->url, .body = TEXT("{}"), .milliseconds = PATIENCE, .answer_most = 1000};
	assert_int_equal(transport_send(host->transport, &call, on_done, host, &error), OK);
}

static void host_close(struct host *host)
{
	transport_close(host->transport);
	close(host->listener);
}

/* One round of a loop: waits for the socket or the clock, and says which it was. */
static void host_turn(struct host *host)
{
	struct pollfd poller = {.fd = host->wanted ? host->fd : -1,
				.events = (short)((host->wanted & TRANSPORT_READ ? POLLIN : 0) |
						  (host->wanted & TRANSPORT_WRITE ? POLLOUT : 0))};

	assert_true(host->wanted || host->wake >= 0);
	int ready = poll(&poller, 1, (int)host->wake);
	if (ready > 0)
		transport_ready(host->transport, poller.fd, host->wanted);
	else
		transport_ready(host->transport, -1, 0);
}

/* The other side, when the whole request has come. */
static int request_take(struct host *host)
{
	char request[2000];
	size_t length = 0;
	int fd = -1;

	while (!length || !strstr(request, "\r\n\r\n{}")) {
		struct pollfd other = {.fd = fd < 0 ? host->listener : fd, .events = POLLIN};
		if (!poll(&other, 1, 0)) {
			host_turn(host);
			continue;
		}
		if (fd < 0) {
			fd = accept(host->listener, NULL, NULL);
			continue;
		}
		ssize_t count = read(fd, request + length, sizeof request - 1 - length);
		assert_true(count > 0);
		length += (size_t)count;
		request[length] = 0;
	}
	return fd;
}

static void answer(int fd)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
}

static void test_an_answer_is_brought(void **state)
{
	struct host host;

	(void)state;
	host_open(&host);
	int fd = request_take(&host);
	answer(fd);
	while (!host.done)
		host_turn(&host);
	assert_int_equal(host.answer.outcome, TRANSPORT_ANSWERED);
	assert_int_equal(host.answer.status, 200);
	close(fd);
	host_close(&host);
}

static void test_nobody_waits_for_ever(void **state)
{
	struct host host;

	(void)state;
	host_open(&host);
	int fd = request_take(&host);
	while (!host.done)
		host_turn(&host);
	assert_int_equal(host.answer.outcome, TRANSPORT_UNKNOWN);
	assert_string_equal(host.sentence, "no answer in 200 ms");
	assert_int_equal(host.done, 1);
	close(fd);
	host_close(&host);
}

/* The host was busy with something else, its database say, for longer than the call was to wait; the answer has long been here.
 */
static void test_an_answer_that_is_here_counts_however_late_it_is_looked_at(void **state)
{
	struct host host;

	(void)state;
	host_open(&host);
	int fd = request_take(&host);
	answer(fd);
	assert_int_equal(poll(NULL, 0, PATIENCE + 1), 0);
	transport_ready(host.transport, -1, 0); /* the clock is looked at before the sockets */
	assert_int_equal(host.done, 1);
	assert_int_equal(host.answer.outcome, TRANSPORT_ANSWERED);
	close(fd);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_brought),
		cmocka_unit_test(test_nobody_waits_for_ever),
		cmocka_unit_test(test_an_answer_that_is_here_counts_however_late_it_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
