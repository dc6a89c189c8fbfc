/* HTTP/1.1 for one process: requests in, whole, bounded in size and time; answers out, at once or later. server.c is the only
 * file that sees the HTTP library. Knows nothing of events: what a path means is said by a table of routes.
 *
 * What the server refuses by itself it says in a problem document (RFC 9457): 404 with the path that was perhaps meant, 405
 * with `Allow`, 413, 400 for a body whose length is said twice, 503 with `Retry-After` when bodies take too much memory or the
 * server closes. Bytes that are no HTTP at all, and heads that are too long, the library refuses in HTML. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "engine/base/text.h"
#include "runtime/http/listen.h"
#include "runtime/operate/loop.h"

struct server;
struct request;
struct traceparent;

/* Must answer the request by request_answer or request_problem, now or later. */
typedef void handler_fn(void *context, struct request *request);
/* Asked when the head of a request is here, before its body costs memory. May answer by request_problem, and does nothing
 * else: then the handler is not called. */
typedef void admit_fn(void *context, struct request *request);

struct route {
	const char *method, *path; /* HEAD comes with GET; a star at the end of the path is whatever stands there */
	handler_fn *handler;
	admit_fn *admit; /* may be NULL */
};

struct server_options {
	struct loop *loop;
	const char *address; /* as server_listen takes it */
	int inherited;       /* a socket that listens already; 0: the server opens one */
	const struct route *routes;
	uint32_t route_count;
	void *context; /* of the handlers */
	/* limits; 0: what stands behind them */
	size_t body_most;     /* bytes of one body: 10 MB */
	size_t bodies_most;   /* bytes of all bodies at one time: 256 MB */
	uint32_t connections; /* 4,096, and never more than the system's limit of descriptors leaves room for */
	uint32_t silence;     /* seconds a connection may be silent: 30 */
	uint32_t patience;    /* milliseconds for a whole request, head and body: 120,000 */
};

enum status server_open(const struct server_options *options, struct server **server_out, struct error *error) MUST_CHECK;
/* What was not answered yet is answered with 503. Closes its listening socket, also one that was inherited. */
void server_close(struct server *server);
uint16_t server_port(const struct server *server);

/* --- a request; its texts live until it is answered */
struct text request_body(const struct request *request);
struct text request_method(const struct request *request);
struct text request_path(const struct request *request);
/* Empty when there is none; names are found whatever their case. */
struct text request_header(const struct request *request, const char *name);
struct text request_query(const struct request *request, const char *name); /* of the URL, decoded; case counts */
typedef void header_fn(void *context, struct text name, struct text value);
void request_headers(const struct request *request, header_fn *each, void *context);
/* The trace its sender said it belongs to, or a new one. */
const struct traceparent *request_trace(struct request *request);
/* As long as the request. */
struct arena *request_arena(struct request *request);

/* Each exactly once; the request is gone then. `type` NULL: no body. */
void request_answer(struct request *request, unsigned status, const char *type, struct text body);
/* application/problem+json: `detail` says what was wrong and what to do. Logged, but no more than a few in a second. 401 asks
 * for a bearer token, 503 to come again in a second. */
void request_problem(struct request *request, unsigned status, const char *title, struct text detail);

#endif
