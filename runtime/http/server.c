/* The HTTP library, libmicrohttpd, run by our loop in our thread. Must never block, and never answer a request twice. */
#include "runtime/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsl/compiler/nearest.h"
#include "engine/base/check.h"
#include "engine/base/json.h"

enum {
	BODY_MOST = 10 << 20,
	CONNECTIONS_MOST = 4096,
	SILENCE_MOST = 30,
	HEADERS_MOST = 32 << 10,
	LISTEN_QUEUE = 511,
	LAST_ROUNDS = 3
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	struct alarm *alarm;
};

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	struct arena arena;
	const char *method, *path;
	char *body;
	size_t length, room;
	bool too_long, handed_over, suspended;
	struct MHD_Response *response; /* once answered */
	unsigned status;
};

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **own);
static void on_completed(void *context, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode how);
static void on_ready(void *context, int fd, unsigned ready);
static void on_alarm(void *context);
static void daemon_run(struct server *server);

/* --- opening */
static bool address_split(const char *address, char *host, size_t host_size, const char **port_out)
{
	const char *colon = strrchr(address, ':');

	if (!colon || !colon[1] || (size_t)(colon - address) >= host_size)
		return false;
	size_t length = (size_t)(colon - address);
	if (length && address[0] == '[' && address[length - 1] == ']') {
		address++;
		length -= 2;
	}
	memcpy(host, address, length);
	host[length] = 0;
	*port_out = colon + 1;
	return true;
}

static int socket_bind(const struct addrinfo *found)
{
	int yes = 1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (!bind(fd, found->ai_addr, found->ai_addrlen) && !listen(fd, LISTEN_QUEUE))
		return fd;
	close(fd);
	return -1;
}

enum status server_listen(const char *address, int *socket_out, struct error *error)
{
	struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	const char *port;
	char host[256];

	*socket_out = -1;
	if (!address_split(address, host, sizeof host, &port))
		return error_set(error, INVALID, "\"%s\" is no address to listen on; write it as 127.0.0.1:8480", address);
	int code = getaddrinfo(*host ? host : NULL, port, &wanted, &found);
	if (code)
		return error_set(error, INVALID, "\"%s\" is no address to listen on: %s", address, gai_strerror(code));
	*socket_out = socket_bind(found);
	int reason = errno;
	freeaddrinfo(found);
	if (*socket_out < 0)
		return error_set(error, reason == EADDRINUSE ? CONFLICT : INVALID, "can not listen on %s: %s", address,
				 reason == EADDRINUSE ? "another program does so already; stop it or choose another port"
						      : strerror(reason));
	return OK;
}

uint16_t socket_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
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
	if (!server->options.body_most)
		server->options.body_most = BODY_MOST;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_LIMIT,
		options->connections ? options->connections : (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
		options->seconds ? options->seconds : (unsigned)SILENCE_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADERS_MOST, MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		free(server);
		return error_set(error, RETRY, "the HTTP server can not start");
	}
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
	if (!server)
		return;
	for (int i = 0; i < LAST_ROUNDS; i++)
		MHD_run(server->daemon); /* what was answered just now goes out */
	watch_remove(server->watch);
	alarm_remove(server->alarm);
	MHD_stop_daemon(server->daemon);
	free(server);
}

/* --- running: the library says how long it may sleep */
static void daemon_run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait;

	MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &wait) == MHD_YES)
		alarm_set(server->alarm, loop_now() + (int64_t)(wait < 60000 ? wait : 60000));
	else
		alarm_clear(server->alarm);
}

static void on_ready(void *context, int fd, unsigned ready)
{
	(void)fd;
	(void)ready;
	daemon_run(context);
}

static void on_alarm(void *context)
{
	daemon_run(context);
}

/* --- one request */
static void body_add(struct request *request, const char *bytes, size_t length)
{
	if (request->too_long || request->length + length > request->server->options.body_most) {
		request->too_long = true;
		return;
	}
	if (request->length + length > request->room) {
		request->room = (request->length + length) * 2;
		request->body = realloc(request->body, request->room);
		CHECK(request->body);
	}
	memcpy(request->body + request->length, bytes, length);
	request->length += length;
}

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

/* The path is there, the method is not. */
static void method_unknown(struct request *request)
{
	const struct server_options *options = &request->server->options;
	struct text_builder methods = {.arena = &request->arena};

	for (uint32_t i = 0; i < options->route_count; i++)
		if (!strcmp(options->routes[i].path, request->path))
			builder_format(&methods, "%s%s", methods.length ? ", " : "", options->routes[i].method);
	struct text list = builder_text(&methods);
	request_problem(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed",
			text_format(&request->arena, "%s is not possible here; %.*s is", request->method, TEXT_ARGS(list)));
	MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, list.bytes);
}

static void hand_over(struct request *request)
{
	const struct server_options *options = &request->server->options;
	bool head = !strcmp(request->method, "HEAD"), known = false;

	request->handed_over = true;
	if (request->too_long) {
		request_problem(request, MHD_HTTP_CONTENT_TOO_LARGE, "Content Too Large",
				text_format(&request->arena,
					    "the body has more than %zu bytes; that is the most of one request",
					    options->body_most));
		return;
	}
	for (uint32_t i = 0; i < options->route_count; i++) {
		if (strcmp(options->routes[i].path, request->path))
			continue;
		known = true;
		if (!strcmp(options->routes[i].method, head ? "GET" : request->method)) {
			options->routes[i].handler(options->context, request);
			return;
		}
	}
	(known ? method_unknown : path_unknown)(request);
}

static struct request *request_new(struct server *server, struct MHD_Connection *connection, const char *path,
				   const char *method)
{
	struct request *request = calloc(1, sizeof *request);

	CHECK(request);
	*request = (struct request){.server = server, .connection = connection};
	arena_init(&request->arena, "a request", 0);
	request->path = arena_string(&request->arena, path, strlen(path));
	request->method = arena_string(&request->arena, method, strlen(method));
	return request;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **own)
{
	struct request *request = *own;

	(void)version;
	if (!request) {
		*own = request_new(context, connection, path, method);
		return MHD_YES;
	}
	if (*upload_size) {
		body_add(request, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (!request->handed_over)
		hand_over(request);
	if (request->response)
		return MHD_queue_response(connection, request->status, request->response);
	request->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **own, enum MHD_RequestTerminationCode how)
{
	struct request *request = *own;

	(void)context;
	(void)connection;
	(void)how;
	if (!request)
		return;
	if (request->response)
		MHD_destroy_response(request->response);
	free(request->body);
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

struct arena *request_arena(struct request *request)
{
	return &request->arena;
}

void request_answer(struct request *request, unsigned status, const char *type, struct text body)
{
	CHECK(!request->response);
	request->response = MHD_create_response_from_buffer(body.length, (void *)body.bytes, MHD_RESPMEM_MUST_COPY);
	CHECK(request->response);
	if (type)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	request->status = status;
	if (request->suspended) {
		request->suspended = false;
		MHD_resume_connection(request->connection);
		alarm_set_earlier(request->server->alarm, loop_now());
	}
}

void request_problem(struct request *request, unsigned status, const char *title, struct text detail)
{
	struct text_builder text = {.arena = &request->arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("title"));
	json_write_text(&writer, text_from(title));
	json_write_name(&writer, TEXT("status"));
	json_write_int(&writer, status);
	json_write_name(&writer, TEXT("detail"));
	json_write_text(&writer, detail);
	json_close_object(&writer);
	request_answer(request, status, "application/problem+json", builder_text(&text));
}
