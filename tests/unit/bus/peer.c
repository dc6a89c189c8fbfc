/* See peer.h. */
#include "tests/unit/bus/peer.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static void on_open(void *context)
{
	struct peer *peer = context;

	peer->opened++;
}

static void on_closed(void *context, const struct error *why)
{
	struct peer *peer = context;

	peer->closed++;
	peer->closed_why = *why;
}

static void on_deliveries(void *context)
{
	struct peer *peer = context;

	peer->arrived++;
}

static void on_published(void *context, enum status status, const struct error *why)
{
	struct peer *peer = context;

	peer->confirmed += status == OK;
	peer->failed += status != OK;
	if (status != OK)
		peer->failed_why = *why;
}

const char *broker_setting(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: run this through ctest, which starts a broker", name);
	return value;
}

void peer_open(struct peer *peer, const char *url, struct loop *loop)
{
	*peer = (struct peer){.loop = loop};
	arena_init(&peer->arena, "peer", 0);
	if (!loop)
		assert_int_equal(loop_open(&peer->loop, &peer->error), OK);
	struct bus_options options = {.loop = peer->loop,
				      .url = url,
				      .name = "a test",
				      .shards = SHARDS,
				      .prefetch = PREFETCH,
				      .watcher = {on_open, on_closed, on_deliveries, peer}};
	assert_int_equal(bus_open(&options, &peer->bus, &peer->error), OK);
}

void peer_open_here(struct peer *peer)
{
	peer_open(peer, broker_setting("STELLWERK_TEST_BROKER"), NULL);
	WAIT_UNTIL(peer, peer->opened == 1);
}

void peer_close(struct peer *peer)
{
	bus_close(peer->bus);
	loop_close(peer->loop);
	arena_release(&peer->arena);
}

struct cloud_event peer_event(struct peer *peer, uint32_t subject, uint32_t number)
{
	return (struct cloud_event){.id = text_format(&peer->arena, "%u-%u", subject, number),
				    .source = TEXT("/tests"),
				    .type = TEXT("order.placed"),
				    .subject = text_format(&peer->arena, "subject %u", subject),
				    .has_time = true,
				    .time = 1700000000 + number,
				    .tenant = TEXT("default"),
				    .data = text_format(&peer->arena, "{\"subject\":%u,\"number\":%u}", subject, number)};
}

enum status peer_publish(struct peer *peer, const struct cloud_event *events, uint32_t count)
{
	return bus_publish(peer->bus, events, count, on_published, peer, &peer->error);
}

void peer_publish_all(struct peer *peer, uint32_t first, uint32_t count)
{
	struct cloud_event *events = arena_array(&peer->arena, struct cloud_event, count);
	uint32_t confirmed = peer->confirmed;

	for (uint32_t i = 0; i < count; i++)
		events[i] = peer_event(peer, 0, first + i);
	assert_int_equal(peer_publish(peer, events, count), OK);
	WAIT_UNTIL(peer, peer->confirmed == confirmed + 1);
}

void peer_subscribe_all(struct peer *peer)
{
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		bus_subscribe(peer->bus, shard);
}

uint32_t peer_number(struct peer *peer, const struct delivery *delivery, uint32_t *subject_out)
{
	struct cloud_event event;
	uint32_t subject, number;

	assert_int_equal(delivery_event(&peer->arena, delivery, &event, &peer->error), OK);
	struct text data = text_format(&peer->arena, "%.*s", TEXT_ARGS(event.data));
	assert_int_equal(sscanf(data.bytes, "{\"subject\":%u,\"number\":%u}", &subject, &number), 2);
	if (subject_out)
		*subject_out = subject;
	return number;
}

struct delivery *peer_take(struct peer *peer, uint32_t first, uint32_t count)
{
	struct delivery *delivery = NULL;

	for (uint32_t i = 0; i < count; i++) {
		WAIT_UNTIL(peer, bus_take(peer->bus, &delivery, 1));
		assert_int_equal(peer_number(peer, delivery, NULL), first + i);
	}
	return delivery;
}

void peer_cut(struct peer *peer)
{
	uint32_t closed = peer->closed, opened = peer->opened;

	assert_int_equal(shutdown(wire_socket(peer->bus->wire), SHUT_RDWR), 0);
	WAIT_UNTIL(peer, peer->closed > closed && peer->opened > opened);
}

void broker_command(const char *what, const char *arguments)
{
	char command[512];

	snprintf(command, sizeof command, "tools/servers/rabbitmq %s '%s' %s >/dev/null", what,
		 broker_setting("STELLWERK_TEST_BROKER_FOLDER"), arguments);
	if (system(command))
		fail_msg("%s failed", command);
}

void broker_signal(int signal)
{
	char path[512];
	int pid;

	snprintf(path, sizeof path, "%s/pid", broker_setting("STELLWERK_TEST_BROKER_FOLDER"));
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	assert_int_equal(kill(pid, signal), 0);
}
