/* The api: events in over HTTP, health and metrics out. What is posted is durable before it is answered: posts that arrive
 * together are written in one transaction. Must never run a turn. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/bus/bus.h"
#include "runtime/http/server.h"
#include "runtime/operate/fault.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/envelope.h"
#include "runtime/service/hooks.h"
#include "runtime/service/intake.h"

enum { POSTS_MOST = 512 }; /* in one transaction */

/* A post that waits for its transaction. */
struct post {
	struct request *request;
	cloud_event_list events;
	entry_list entries; /* of the events, in their order */
	uint32_t accepted, doubles;
};

struct api {
	struct server *server;
	struct alarm *flush;
	struct bus *bus; /* NULL without a broker: then posts go to the journal */
	struct post posts[POSTS_MOST];
	uint32_t post_count;
};

static void may_post(void *context, struct request *request);
static void on_events(void *context, struct request *request);
static void on_hook(void *context, struct request *request);
static void on_health(void *context, struct request *request);
static void on_ready(void *context, struct request *request);
static void on_metrics(void *context, struct request *request);
static void on_flush(void *context);

static const struct route ROUTES[] = {
#define ROUTE(method, path, handler, admit, doc) {method, path, handler, admit},
#include "runtime/service/routes.def"
#undef ROUTE
};

/* --- who may post */
static bool is_same(struct text given, const char *expected)
{
	size_t length = strlen(expected);
	unsigned char difference = given.length != length;

	/* as long for a wrong token as for a right one */
	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)expected[i] ^ (unsigned char)(i < given.length ? given.bytes[i] : 0);
	return !difference;
}

static bool has_token(const struct member *member, const struct request *request)
{
	const char *token = member->service->settings.token;
	struct text given = request_header(request, "Authorization");

	return !*token || (given.length >= 7 && !strncasecmp(given.bytes, "Bearer ", 7) &&
			   is_same(text_slice(given, 7, given.length), token));
}

static void token_ask(struct request *request)
{
	request_problem(request, 401, "Unauthorized",
			TEXT("posting events needs a token: `Authorization: Bearer …`, the one the service was started with"));
}

static void may_post(void *context, struct request *request)
{
	if (!has_token(context, request))
		token_ask(request);
}

/* --- events */
static struct text header_attribute(void *context, const char *name)
{
	char header[64];

	snprintf(header, sizeof header, "ce-%s", name);
	return request_header(context, header);
}

static enum status events_read(struct request *request, cloud_event_list *events, struct error *error)
{
	struct text type = request_header(request, "Content-Type");
	struct arena *arena = request_arena(request);

	if (text_starts(type, TEXT("application/cloudevents-batch+json")))
		return cloud_events_read(arena, request_body(request), events, error);
	struct cloud_event *event = list_add(arena, events);
	if (text_starts(type, TEXT("application/cloudevents+json")))
		return cloud_event_read(arena, request_body(request), event, error);
	if (!request_header(request, "ce-specversion").length)
		return error_set(error, INVALID,
				 "this is no CloudEvent: send it as `Content-Type: application/cloudevents+json`, as "
				 "`application/cloudevents-batch+json`, or with `ce-` headers");
	return cloud_event_read_binary(arena, header_attribute, request, type, request_body(request), event, error);
}

static enum status entry_make(struct member *member, struct arena *arena, const struct cloud_event *event, struct entry *entry,
			      struct error *error)
{
	const struct loaded *loaded;
	enum status status = entry_from_event(arena, member->programs, event, entry, error);

	if (status == OK)
		status = programs_of(member->programs, entry->tenant, &loaded, error);
	return status == OK ? entry_check(arena, loaded->program, entry, error) : status;
}

/* What this process remembers of tenants and packs may be of a moment ago: before anybody is refused it looks again. */
static enum status entries_make(struct member *member, struct request *request, struct post *post, struct error *error)
{
	struct arena *arena = request_arena(request);
	enum status status = OK;

	for (uint32_t i = 0; status == OK && i < post->events.count; i++) {
		if (!post->events.items[i].traceparent.length) /* what carries them says it for all */
			post->events.items[i].traceparent = request_header(request, "traceparent");
		struct entry *entry = list_add(arena, &post->entries);
		struct error unread;
		bool changed;
		status = entry_make(member, arena, &post->events.items[i], entry, error);
		if (status != OK && programs_refresh(member->programs, &changed, &unread) != OK)
			return error_set(error, RETRY, "%s", unread.sentence);
		if (status != OK && changed)
			status = entry_make(member, arena, &post->events.items[i], entry, error);
		if (status != OK && post->events.count > 1)
			error_within(error, "event %u of the batch", i + 1);
	}
	return status;
}

static void post_refuse(struct request *request, enum status status, const struct error *error)
{
	metric_add(METRIC_EVENTS_REFUSED, status != RETRY);
	if (status == RETRY)
		request_problem(
			request, 503, "Service Unavailable",
			text_format(request_arena(request), "the event was not taken, send it again: %s", error->sentence));
	else if (status == DENIED)
		request_problem(request, 403, "Forbidden", text_from(error->sentence));
	else
		request_problem(request, 400, "Bad Request", text_from(error->sentence));
}

static void post_take(struct member *member, const struct post *post)
{
	struct api *api = member->own;

	api->posts[api->post_count++] = *post;
	if (api->post_count == POSTS_MOST)
		on_flush(member);
	else
		alarm_set_earlier(api->flush, loop_now());
}

static void on_events(void *context, struct request *request)
{
	struct member *member = context;
	struct post post = {.request = request};
	struct error error;

	enum status status = events_read(request, &post.events, &error);
	if (status == OK)
		status = entries_make(member, request, &post, &error);
	if (status != OK) {
		post_refuse(request, status, &error);
		return;
	}
	post_take(member, &post);
}

/* Who posts here has no token of ours, but what its connector agreed upon with it. */
static void on_hook(void *context, struct request *request)
{
	struct member *member = context;
	struct post post = {.request = request};
	bool needs_token = false;
	struct error error;

	struct cloud_event *event = list_add(request_arena(request), &post.events);
	enum status status = hook_event(member, request, event, &needs_token, &error);
	if (status == OK && needs_token && !has_token(member, request)) {
		token_ask(request);
		return;
	}
	if (status == OK)
		status = entries_make(member, request, &post, &error);
	if (status == OK)
		post_take(member, &post);
	else
		hook_refuse(request, status, &error);
}

static enum status post_write(struct member *member, struct post *post, struct error *error)
{
	enum status status = journal_add_many(member->store, post->entries.items, post->entries.count, &post->accepted, error);

	post->doubles = post->entries.count - post->accepted;
	return status;
}

static enum status posts_write(struct member *member, struct error *error)
{
	struct api *api = member->own;
	enum status status = store_begin(member->store, error);

	if (status != OK)
		return status;
	for (uint32_t i = 0; status == OK && i < api->post_count; i++)
		status = post_write(member, &api->posts[i], error);
	if (status == OK)
		status = store_call(member->store, role_name(ROLE_WORKER), error);
	if (status == OK) {
		FAULT("post.written");
		status = store_commit(member->store, error);
		if (status == OK)
			FAULT("post.committed");
		return status;
	}
	store_rollback(member->store);
	return status;
}

static void post_answer(const struct post *post, enum status status, const struct error *error)
{
	struct arena *arena = request_arena(post->request);

	metric_add(METRIC_EVENTS_ACCEPTED, status == OK ? post->accepted : 0);
	metric_add(METRIC_EVENTS_DOUBLE, status == OK ? post->doubles : 0);
	if (status == OK)
		request_answer(post->request, 202, "application/json",
			       text_format(arena, "{\"accepted\":%u,\"doubles\":%u}\n", post->accepted, post->doubles));
	else
		request_problem(post->request, 503, "Service Unavailable",
				text_format(arena, "the event was not taken, send it again: %s", error->sentence));
}

static void posts_answer(const struct post *posts, uint32_t count, enum status status, const struct error *error)
{
	if (status != OK)
		log_line(LOG_WARNING, "events were refused: %s", error->sentence);
	for (uint32_t i = 0; i < count; i++)
		post_answer(&posts[i], status, error);
}

/* --- to the broker: what it has confirmed is answered; doubles are found by who handles them */
struct published {
	uint32_t count;
	struct post posts[];
};

static void on_published(void *context, enum status status, const struct error *error)
{
	struct published *published = context;

	posts_answer(published->posts, published->count, status, error);
	free(published);
}

static enum status posts_publish(struct api *api, struct error *error)
{
	struct published *published = malloc(sizeof *published + api->post_count * sizeof *published->posts);
	struct arena arena;
	cloud_event_list events = {0};

	CHECK(published);
	arena_init(&arena, "a batch of posts", 0);
	published->count = api->post_count;
	for (uint32_t i = 0; i < api->post_count; i++) {
		struct post *post = &api->posts[i];
		post->accepted = post->events.count;
		published->posts[i] = *post;
		for (uint32_t k = 0; k < post->events.count; k++)
			*list_add(&arena, &events) = post->events.items[k];
	}
	enum status status = bus_publish(api->bus, events.items, events.count, on_published, published, error);
	arena_release(&arena);
	if (status != OK)
		free(published);
	return status;
}

static void on_flush(void *context)
{
	struct member *member = context;
	struct api *api = member->own;
	struct error error;

	if (!api->post_count)
		return;
	enum status status = api->bus ? posts_publish(api, &error) : posts_write(member, &error);
	if (!api->bus && status == OK)
		bell_ring(member->service, ROLE_WORKER);
	if (!api->bus || status != OK)
		posts_answer(api->posts, api->post_count, status, &error);
	api->post_count = 0;
}

/* --- how it is */
static void on_health(void *context, struct request *request)
{
	struct text_builder text = {.arena = request_arena(request)};
	struct json_writer writer = {.text = &text};
	bool all = true;

	(void)context;
	for (int i = 0; i < ROLE_COUNT; i++)
		all = all && metric_value(METRIC_RUNS_WORKER + i);
	json_open_object(&writer);
	json_write_name(&writer, TEXT("status"));
	json_write_text(&writer, all ? TEXT("pass") : TEXT("warn"));
	json_write_name(&writer, TEXT("running"));
	json_open_object(&writer);
	for (int i = 0; i < ROLE_COUNT; i++) {
		json_write_name(&writer, text_from(role_name((enum role)i)));
		json_write_bool(&writer, metric_value(METRIC_RUNS_WORKER + i));
	}
	json_close_object(&writer);
	json_close_object(&writer);
	builder_add_char(&text, '\n');
	request_answer(request, 200, "application/json", builder_text(&text));
}

static void on_ready(void *context, struct request *request)
{
	struct member *member = context;
	const struct api *api = member->own;
	struct error error;
	int64_t waiting, dead;
	enum status status = journal_counts(member->store, &waiting, &dead, &error);

	if (status == OK && api->bus)
		status = bus_health(api->bus, &error);
	if (status == OK)
		request_answer(request, 200, "application/json", TEXT("{\"status\":\"pass\"}\n"));
	else
		request_problem(request, 503, "Service Unavailable", text_from(error.sentence));
}

static void on_metrics(void *context, struct request *request)
{
	struct member *member = context;
	struct text_builder text = {.arena = request_arena(request)};
	struct error error;
	int64_t waiting, dead;

	metrics_write(&text);
	if (journal_counts(member->store, &waiting, &dead, &error) == OK) {
		metric_write_head(&text, "stellwerk_journal_entries", "gauge", "Entries of the journal that are not settled.");
		builder_format(&text,
			       "stellwerk_journal_entries{state=\"pending\"} %" PRId64 "\n"
			       "stellwerk_journal_entries{state=\"dead\"} %" PRId64 "\n",
			       waiting, dead);
	} /* else the store is what is wrong; the others still tell */
	request_answer(request, 200, "text/plain; version=0.0.4", builder_text(&text));
}

/* --- life */
static enum status api_start(struct member *member, struct error *error)
{
	struct api *api = calloc(1, sizeof *api);
	struct server_options options = {.loop = member->loop,
					 .address = member->service->settings.listen,
					 .routes = ROUTES,
					 .route_count = sizeof ROUTES / sizeof *ROUTES,
					 .context = member,
					 .inherited = member->service->socket};

	CHECK(api);
	member->own = api;
	api->flush = loop_alarm(member->loop, on_flush, member);
	if (*member->service->settings.broker) {
		struct bus_options bus = {.loop = member->loop,
					  .url = member->service->settings.broker,
					  .name = "stellwerk api",
					  .shards = BROKER_SHARDS,
					  .prefetch = 1};
		enum status status = bus_open(&bus, &api->bus, error);
		if (status != OK)
			return status;
	}
	return server_open(&options, &api->server, error);
}

/* All its work begins with a request; a bell may mean that its tenants or packs are others now. */
static void api_work(struct member *member)
{
	struct error error;
	bool changed;

	if (programs_refresh(member->programs, &changed, &error) != OK)
		log_line(LOG_WARNING, "%s", error.sentence);
}

static void api_end(struct member *member)
{
	struct api *api = member->own;

	if (!api)
		return;
	on_flush(member);
	bus_close(api->bus); /* what it has not confirmed is answered with 503 */
	server_close(api->server);
	free(api);
}

const struct role_duty API_DUTY = {.start = api_start, .work = api_work, .end = api_end};
