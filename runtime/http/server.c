/* The HTTP library, libmicrohttpd, run by our loop in our thread. Must never block, and never answer a request twice. */
#include "runtime/http/server.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsl/compiler/nearest.h"
#include "engine/base/check.h"
#include "runtime/http/guests.h"
#include "runtime/http/problem.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/operate/traceparent.h"

enum {
	BODY_MOST = 10 << 20,
	BODIES_MOST = 256 << 20,
	BODY_FIRST = 4096, /* what is taken for a body at first; doubles */
	REFUSED_MOST = 2,  /* times the most: so far a body that is refused is read, for its sender to read why */
	CONNECTIONS_MOST = 4096,
	OTHER_DESCRIPTORS = 256, /* left for everything else */
	SILENCE_MOST = 30,
	PATIENCE = 120000,
	HEADERS_MOST = 32 << 10,
	SLEEP_MOST = 60000,
	LAST_ROUNDS = 3,
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	struct alarm *alarm;
	struct guests guests;
	struct request *waiting; /* for their answers */
	size_t bodies;           /* bytes */
	bool has_room;           /* a connection has ended */
	struct problem_log problems;
};

struct request {
	struct server *server;
	struct request *before, *after; /* while it waits */
	struct MHD_Connection *connection;
	const struct route *route; /* NULL: it is refused */
	struct arena arena;
	const char *method, *path;
	char *body;
	size_t length, room, dropped;
	int64_t begun;
	bool handed_over, is_waiting;
	struct traceparent trace;      /* once it was asked for */
	struct MHD_Response *response; /* once answered */
	unsigned status;
};

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **own);
static void on_completed(void *context, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode how);
static void on_connection(void *context, struct MHD_Connection *connection, void **own,
			  enum MHD_ConnectionNotificationCode what);
static void on_ready(void *context, int fd, unsigned ready);
static void on_alarm(void *context);
static void problem_answer(struct request *request, const struct problem *problem);

/* --- opening */
static uint32_t connections_possible(uint32_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return wanted;
	if (limit.rlim_cur < wanted + OTHER_DESCRIPTORS && limit.rlim_max > limit.rlim_cur) {
		limit.rlim_cur = limit.rlim_max < wanted + OTHER_DESCRIPTORS ? limit.rlim_max : wanted + OTHER_DESCRIPTORS;
		if (setrlimit(RLIMIT_NOFILE, &limit) || getrlimit(RLIMIT_NOFILE, &limit))
			return wanted;
	}
	if (limit.rlim_cur >= wanted + OTHER_DESCRIPTORS)
		return wanted;
	return limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? (uint32_t)limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS / 2;
}

static void limits_fill(struct server_options *options)
{
	if (!options->body_most)
		options->body_most = BODY_MOST;
	if (!options->bodies_most)
		options->bodies_most = BODIES_MOST;
	if (!options->silence)
		options->silence = SILENCE_MOST;
	if (!options->patience)
		options->patience = PATIENCE;
	options->connections = connections_possible(options->connections ? options->connections : (uint32_t)CONNECTIONS_MOST);
}

static struct MHD_Daemon *daemon_start(struct server *server, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_CONNECTION_LIMIT,
				server->options.connections, MHD_OPTION_CONNECTION_TIMEOUT, server->options.silence,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MOST, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_END);
}

enum status server_open(const struct server_options *options, struct server **server_out, struct error *error)
{
	int fd = options->inherited;
	enum status status = fd ? OK : server_listen(options->address, &fd, error);

	*server_out = NULL;
	if (status != OK)
		return status;
	struct server *server = calloc(1, sizeof *server);
	CHECK(server);
	server->options = *options;
	limits_fill(&server->options);
	server->guests.patience = server->options.patience;
	server->daemon = daemon_start(server, fd);
	if (!server->daemon) {
		close(fd);
		free(server);
		return error_set(error, RETRY, "the HTTP server can not start: the system gives no descriptors or memory");
	}
	metric_set(METRIC_HTTP_CONNECTIONS, 0); /* of a process that died, maybe */
	metric_set(METRIC_HTTP_BODIES, 0);
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	server->alarm = loop_alarm(options->loop, on_alarm, server);
	status = loop_watch(options->loop, info->epoll_fd, LOOP_READ, on_ready, server, &server->watch, error);
	if (status != OK) {
		server_close(server);
		return status;
	}
	*server_out = server;
	return OK;
}

void server_close(struct server *server)
{
	const struct problem ending = {MHD_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable",
				       TEXT("the server ends before it could answer; send it again")};

	if (!server)
		return;
	while (server->waiting)
		problem_answer(server->waiting, &ending);
	for (int i = 0; i < LAST_ROUNDS; i++)
		MHD_run(server->daemon); /* what was answered just now goes out */
	watch_remove(server->watch);
	alarm_remove(server->alarm);
	MHD_stop_daemon(server->daemon);
	free(server);
}

uint16_t server_port(const struct server *server)
{
	return socket_port(MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd);
}

/* --- running: the library says how long it may sleep */
static void daemon_run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait;

	do { /* the library looks at who waits for a place only when it begins */
		server->has_room = false;
		MHD_run(server->daemon);
	} while (server->has_room);
	int64_t late = guests_next(&server->guests);
	if (MHD_get_timeout(server->daemon, &wait) == MHD_YES)
		alarm_set(server->alarm, loop_now() + (int64_t)(wait < SLEEP_MOST ? wait : SLEEP_MOST));
	else
		alarm_clear(server->alarm);
	if (late != INT64_MAX)
		alarm_set_earlier(server->alarm, late);
}

static void on_ready(void *context, int fd, unsigned ready)
{
	(void)fd;
	(void)ready;
	daemon_run(context);
}

static void on_alarm(void *context)
{
	struct server *server = context;
	struct guest *guest;

	while ((guest = guests_late(&server->guests, loop_now()))) {
		metric_add(METRIC_HTTP_HURRIED, 1);
		shutdown(guest->socket, SHUT_RDWR); /* the library finds that he is gone */
	}
	daemon_run(server);
}

/* --- a connection */
static void on_connection(void *context, struct MHD_Connection *connection, void **own,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *server = context;
	struct guest *guest = *own;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*own = guest = calloc(1, sizeof *guest);
		CHECK(guest);
		guest->socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		guest_await(&server->guests, guest, loop_now());
		metric_add(METRIC_HTTP_CONNECTIONS, 1);
	} else {
		guest_forget(&server->guests, guest);
		free(guest);
		metric_add(METRIC_HTTP_CONNECTIONS, -1);
		server->has_room = true;
	}
}

static struct guest *guest_of(const struct request *request)
{
	return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* --- the head of a request */
static void path_unknown(struct request *request)
{
	const struct server_options *options = &request->server->options;
	struct text *paths = arena_array(&request->arena, struct text, options->route_count + 1);

	for (uint32_t i = 0; i < options->route_count; i++)
		paths[i] = text_from(options->routes[i].path);
	int64_t near = nearest_name(text_from(request->path), paths, options->route_count);
	request_problem(request, MHD_HTTP_NOT_FOUND, "Not Found",
			near >= 0 ? text_format(&request->arena, "there is no %.200s; perhaps you mean %s", request->path,
						options->routes[near].path)
				  : text_format(&request->arena, "there is no %.200s", request->path));
}

/* "/things/" and a star: whatever stands behind. */
static bool path_fits(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	return route->path[length - 1] == '*' ? !strncmp(route->path, path, length - 1) : !strcmp(route->path, path);
}

/* The path is there, the method is not. */
static void method_unknown(struct request *request)
{
	const struct server_options *options = &request->server->options;
	struct text_builder methods = {.arena = &request->arena};

	for (uint32_t i = 0; i < options->route_count; i++)
		if (path_fits(&options->routes[i], request->path))
			builder_format(&methods, "%s%s%s", methods.length ? ", " : "", options->routes[i].method,
				       strcmp(options->routes[i].method, "GET") ? "" : ", HEAD");
	struct text list = builder_text(&methods);
	request_problem(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed",
			text_format(&request->arena, "%.40s is not possible here; %.*s is", request->method, TEXT_ARGS(list)));
	MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, list.bytes);
}

static void too_long(struct request *request)
{
	request_problem(request, MHD_HTTP_CONTENT_TOO_LARGE, "Content Too Large",
			text_format(&request->arena, "the body has more than %zu bytes; that is the most of one request",
				    request->server->options.body_most));
}

static enum MHD_Result on_length(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	(void)value;
	*(uint32_t *)context += !strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding");
	return MHD_YES;
}

/* Two lengths, and whoever stands between us and the sender may have believed the other one. */
static bool length_is_clear(struct request *request)
{
	uint32_t lengths = 0;

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_length, &lengths);
	if (lengths <= 1)
		return true;
	request_problem(request, MHD_HTTP_BAD_REQUEST, "Bad Request",
			TEXT("the length of the body is said twice: send either one `Content-Length` or `Transfer-Encoding`"));
	MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
	return false;
}

static void route_find(struct request *request)
{
	const struct server_options *options = &request->server->options;
	const char *method = strcmp(request->method, "HEAD") ? request->method : "GET";
	bool known = false;

	for (uint32_t i = 0; !request->route && i < options->route_count; i++) {
		if (!path_fits(&options->routes[i], request->path))
			continue;
		known = true;
		if (!strcmp(options->routes[i].method, method))
			request->route = &options->routes[i];
	}
	if (!request->route)
		(known ? method_unknown : path_unknown)(request);
	else if (request->route->admit)
		request->route->admit(options->context, request);
}

static uint64_t length_claimed(const struct request *request)
{
	struct text claimed = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return claimed.length ? strtoull(claimed.bytes, NULL, 10) : 0;
}

/* What is refused already is answered at once only if its sender waits for that, or has more to send than we want to see: he
 * may lose an answer that comes while he sends. */
static enum MHD_Result head_take(struct request *request)
{
	size_t most = request->server->options.body_most;
	uint64_t claimed = length_claimed(request);

	if (length_is_clear(request))
		route_find(request);
	if (!request->response && claimed > most)
		too_long(request);
	if (request->response && (claimed > REFUSED_MOST * most || request_header(request, MHD_HTTP_HEADER_EXPECT).length))
		return MHD_queue_response(request->connection, request->status, request->response);
	return MHD_YES;
}

static struct request *request_new(struct server *server, struct MHD_Connection *connection, const char *path,
				   const char *method)
{
	struct request *request = calloc(1, sizeof *request);

	CHECK(request);
	*request = (struct request){.server = server, .connection = connection, .begun = metric_clock()};
	arena_init(&request->arena, "a request", 0);
	request->path = arena_string(&request->arena, path, strlen(path));
	request->method = arena_string(&request->arena, method, strlen(method));
	return request;
}

/* --- its body */
static bool body_room(struct request *request, size_t wanted)
{
	struct server *server = request->server;
	size_t room = request->room ? request->room : BODY_FIRST;

	while (room < wanted)
		room *= 2;
	if (server->bodies + (room - request->room) > server->options.bodies_most)
		return false;
	request->body = realloc(request->body, room);
	CHECK(request->body);
	server->bodies += room - request->room;
	request->room = room;
	metric_set(METRIC_HTTP_BODIES, (int64_t)server->bodies);
	return true;
}

static void body_release(struct request *request)
{
	request->server->bodies -= request->room;
	metric_set(METRIC_HTTP_BODIES, (int64_t)request->server->bodies);
	free(request->body);
	request->body = NULL;
	request->length = request->room = 0;
}

static enum MHD_Result body_take(struct request *request, const char *bytes, size_t length)
{
	size_t most = request->server->options.body_most;

	if (!request->response && request->length + length > most) {
		request->dropped = request->length;
		too_long(request);
	}
	if (!request->response && request->length + length > request->room && !body_room(request, request->length + length))
		request_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable",
				TEXT("others are sending so much that there is no room for this body; send it again"));
	if (request->response) {
		body_release(request);
		request->dropped += length;
		return request->dropped > REFUSED_MOST * most ? MHD_NO : MHD_YES;
	}
	memcpy(request->body + request->length, bytes, length);
	request->length += length;
	return MHD_YES;
}

/* --- and its end */
static void request_wait(struct request *request)
{
	struct server *server = request->server;

	request->is_waiting = true;
	request->before = NULL;
	request->after = server->waiting;
	if (server->waiting)
		server->waiting->before = request;
	server->waiting = request;
	MHD_suspend_connection(request->connection);
}

static void request_go_on(struct request *request)
{
	struct server *server = request->server;

	request->is_waiting = false;
	*(request->before ? &request->before->after : &server->waiting) = request->after;
	if (request->after)
		request->after->before = request->before;
	MHD_resume_connection(request->connection);
	alarm_set_earlier(server->alarm, loop_now());
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **own)
{
	struct request *request = *own;

	(void)version;
	if (!request) {
		*own = request = request_new(context, connection, path, method);
		return head_take(request);
	}
	if (*upload_size) {
		size_t length = *upload_size;
		*upload_size = 0;
		return body_take(request, upload, length);
	}
	guest_forget(&request->server->guests, guest_of(request));
	if (!request->response && !request->handed_over) {
		request->handed_over = true;
		request->route->handler(request->server->options.context, request);
	}
	if (request->response)
		return MHD_queue_response(connection, request->status, request->response);
	request_wait(request);
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode how)
{
	struct server *server = context;
	struct request *request = *own;

	(void)connection;
	if (!request)
		return;
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		guest_await(&server->guests, guest_of(request), loop_now());
	if (request->response)
		MHD_destroy_response(request->response);
	body_release(request);
	arena_release(&request->arena);
	free(request);
	*own = NULL;
}

/* --- what handlers ask and say */
struct text request_body(const struct request *request)
{
	return (struct text){request->body ? request->body : "", (uint32_t)request->length};
}

struct text request_method(const struct request *request)
{
	return text_from(request->method);
}

struct text request_path(const struct request *request)
{
	return text_from(request->path);
}

struct text request_header(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);

	return value ? text_from(value) : TEXT("");
}

struct text request_query(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);

	return value ? text_from(value) : TEXT("");
}

struct each_header {
	header_fn *each;
	void *context;
};

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct each_header *told = context;

	(void)kind;
	told->each(told->context, text_from(name), text_from(value ? value : ""));
	return MHD_YES;
}

void request_headers(const struct request *request, header_fn *each, void *context)
{
	struct each_header told = {each, context};

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_header, &told);
}

const struct traceparent *request_trace(struct request *request)
{
	if (!*request->trace.trace_id && traceparent_parse(request_header(request, "traceparent"), &request->trace) != OK)
		traceparent_new(&request->trace);
	return &request->trace;
}

struct arena *request_arena(struct request *request)
{
	return &request->arena;
}

static void answer_say(struct request *request, int64_t microseconds)
{
	log_about(TEXT(""), text_from(request_trace(request)->trace_id));
	log_line(LOG_DEBUG, "%.20s %.200s was answered with %u after %.1f ms", request->method, request->path, request->status,
		 (double)microseconds / 1000);
	log_about(TEXT(""), TEXT(""));
}

void request_answer(struct request *request, unsigned status, const char *type, struct text body)
{
	CHECK(!request->response);
	request->response = MHD_create_response_from_buffer(body.length, (void *)body.bytes, MHD_RESPMEM_MUST_COPY);
	CHECK(request->response);
	if (type)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	request->status = status;
	metric_add(status < 400 ? METRIC_HTTP_FINE : status < 500 ? METRIC_HTTP_REFUSED : METRIC_HTTP_FAILED, 1);
	int64_t took = metric_clock() - request->begun;
	metric_observe(METRIC_HTTP_TIME, took);
	if (status < 400 && log_says(LOG_DEBUG)) /* problems are said anyway */
		answer_say(request, took);
	if (request->is_waiting)
		request_go_on(request);
}

static void problem_answer(struct request *request, const struct problem *problem)
{
	request_answer(request, problem->status, "application/problem+json", problem_text(&request->arena, problem));
	if (problem->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (problem->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

void request_problem(struct request *request, unsigned status, const char *title, struct text detail)
{
	struct problem problem = {status, title, detail};

	problem_say(&request->server->problems, &problem,
		    text_format(&request->arena, "%.20s %.200s", request->method, request->path),
		    text_from(request_trace(request)->trace_id));
	problem_answer(request, &problem);
}
