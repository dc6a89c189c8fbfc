/* The other side of a server under test: a socket that sends exactly these bytes, and the loop of the server, run in the same
 * thread while one waits for what comes back. */
#ifndef TESTS_HTTP_VISITOR_H
#define TESTS_HTTP_VISITOR_H

#include "runtime/http/server.h"

enum { HEARD_MOST = 1 << 20 };

struct house {
	struct loop *loop;
	struct server *server;
	struct request *kept; /* what GET /later did not answer yet */
	uint32_t handled;     /* calls of handlers */
};

/* Routes: POST /echo answers with the body; GET /word with "word"; GET /later not at all; POST /secret admits nobody.
 * `limits` says what of server_options a test wants otherwise. */
void house_open(struct house *house, const struct server_options *limits);
void house_close(struct house *house);
/* Lets the server run once, for a moment at most: for tests that wait for something that no visitor hears. */
void house_round(struct house *house);

struct visitor {
	struct house *house;
	int socket;
	bool is_gone; /* the server has closed the connection */
	char heard[HEARD_MOST];
	size_t length;
};

struct visitor *visitor_new(struct house *house);
void visitor_free(struct visitor *visitor);
/* Lets the server run whenever it does not take more. False: it has closed. */
bool visitor_send(struct visitor *visitor, const char *bytes, size_t length);
bool visitor_say(struct visitor *visitor, const char *text);
/* Runs the server until so many whole answers are here, or the connection is closed. An answer to HEAD has no body. */
void visitor_hear(struct visitor *visitor, int answers);
void visitor_hear_heads(struct visitor *visitor, int answers);
/* Runs the server until it closes. */
void visitor_hear_end(struct visitor *visitor);
/* One request, one answer, in a connection of its own: what was heard; the caller frees it. */
char *visit(struct house *house, const char *request);

#endif
