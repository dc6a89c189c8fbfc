/* HTTP/1.1 for one process: requests in, whole, bounded in size and time; answers out, at once or later. server.c is the only
 * file that sees the HTTP library. Knows nothing of events: what a path means is said by a table of routes.
 *
 * What the server answers by itself is a problem document (RFC 9457): 404 with the path that was perhaps meant, 405 with
 * `Allow`, 413, 431, 503. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "engine/base/text.h"
#include "runtime/operate/loop.h"

struct server;
struct request;

/* Must answer the request by request_answer or request_problem, now or later. */
typedef void handler_fn(void *context, struct request *request);

struct route {
	const char *method, *path;
	handler_fn *handler;
};

struct server_options {
	struct loop *loop;
	const char *address; /* "127.0.0.1:8480", "[::1]:8480", ":8480" for all */
	const struct route *routes;
	uint32_t route_count;
	void *context;        /* of the handlers */
	size_t body_most;     /* bytes of a body; 0: 10 MB */
	uint32_t connections; /* at most; 0: 4,096 */
	uint32_t seconds;     /* a connection may be silent; 0: 30 */
	int inherited;        /* a socket that listens already; 0: the server opens one */
};

enum status server_open(const struct server_options *options, struct server **server_out, struct error *error) MUST_CHECK;
/* Answers that were not given are dropped with their connections. */
void server_close(struct server *server);
/* A socket that listens on the address: made before a process forks, so that its children share it. */
enum status server_listen(const char *address, int *socket_out, struct error *error) MUST_CHECK;
uint16_t socket_port(int socket); /* which one it got, when the address said 0 */

/* --- a request; its texts live until it is answered */
struct text request_body(const struct request *request);
struct text request_method(const struct request *request);
struct text request_path(const struct request *request);
/* Empty when there is none; names are found whatever their case. */
struct text request_header(const struct request *request, const char *name);
typedef void header_fn(void *context, struct text name, struct text value);
void request_headers(const struct request *request, header_fn *each, void *context);
/* As long as the request. */
struct arena *request_arena(struct request *request);

/* Each exactly once; the request is gone then. `type` NULL: no body. */
void request_answer(struct request *request, unsigned status, const char *type, struct text body);
/* application/problem+json: `detail` says what was wrong and what to do. */
void request_problem(struct request *request, unsigned status, const char *title, struct text detail);

#endif
