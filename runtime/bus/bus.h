/* The bus: events through RabbitMQ, at least once, in their order for each tenant and subject.
 *
 *   publisher → stellwerk.events (topic, by type) → stellwerk.shards (hash of tenant and subject) → stellwerk.shard.K (quorum,
 *   one active consumer, delivery limit) → worker          what was rejected or delivered too often → stellwerk.dead
 *
 * All of it is declared at each connect; topology.c has the names. Without a broker there is no bus, and events wait in the
 * store's journal (docs/decisions/0013).
 *
 * A struct bus is one connection, in the caller's loop. It connects by itself, and again whenever it is lost: after a time that
 * doubles to BUS_AGAIN_MOST, with jitter. Each try may hold the loop up for BUS_CONNECT_MOST. Use one bus for publishing and
 * another for consuming: a broker that is short of memory or disk stops reading from publishers, acknowledgements and all. */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "runtime/bus/cloudevent.h"
#include "runtime/operate/loop.h"

struct bus;

enum {
	BUS_AGAIN_FIRST = 100,  /* milliseconds until the first new try to connect */
	BUS_AGAIN_MOST = 10000, /* and between later ones */
	BUS_CONNECT_MOST = 3000,
	BUS_WRITE_MOST = 3000, /* that publishing holds the loop up while the broker reads nothing */
	BUS_PATIENCE = 10000,  /* milliseconds that a batch may wait for its confirms */
	BUS_SHARDS_MOST = 256,
	BUS_BODY_MOST = 16 << 20, /* bytes of a message that is read; a longer one goes to the dead unread */
	BUS_ATTEMPTS = 20,        /* times a message may come back unsettled; then it is dead */
};

/* Called from the loop only, never from within a call of the bus; none may close it. */
struct bus_watcher {
	void (*on_open)(void *context);                              /* NULL is allowed for each */
	void (*on_closed)(void *context, const struct error *error); /* or could not be opened; the bus tries again */
	void (*on_deliveries)(void *context);                        /* there is something new to take */
	void *context;
};

struct bus_options {
	struct loop *loop;
	/* amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…; behind a `?` may stand, separated by `&`: cacertfile=FILE,
	 * certfile=FILE and keyfile=FILE (PEM), heartbeat=SECONDS */
	const char *url;
	const char *name;  /* what the broker's operator sees: "worker 2" */
	uint32_t shards;   /* queues; the same for everyone. More may be added when the queues are empty */
	uint32_t prefetch; /* deliveries of each shard that may be unsettled at a time */
	struct bus_watcher watcher;
};

/* INVALID: the address is none. That nobody answers there is no error: on_closed says it, as it does later on. */
enum status bus_open(const struct bus_options *options, struct bus **bus_out, struct error *error) MUST_CHECK;
/* Batches that wait are answered RETRY. What is unsettled will be delivered again, to somebody. NULL is allowed. */
void bus_close(struct bus *bus);
/* OK: events can be published. RETRY with the reason: there is no connection, or the broker takes nothing for the moment. */
enum status bus_health(const struct bus *bus, struct error *error) MUST_CHECK;

/* --- publishing. `done` is called once for a batch that was taken, never from within bus_publish: OK, the broker has all of it
 * on disk, on a majority of its machines; RETRY, nobody knows of how much that is true: send it again, receivers know
 * doubles. */
typedef void bus_published(void *context, enum status status, const struct error *error);
/* RETRY: not taken, `done` will not be called. Events that have no subject are ordered by their source. */
enum status bus_publish(struct bus *bus, const struct cloud_event *events, uint32_t count, bus_published *done, void *context,
			struct error *error) MUST_CHECK;

/* --- consuming. Subscriptions outlast the connection. Who subscribes to a shard first is its active consumer, the others stand
 * by; unsubscribing hands over to the next. */
enum { BUS_DEAD = BUS_SHARDS_MOST }; /* in place of a shard: stellwerk.dead */
void bus_subscribe(struct bus *bus, uint32_t shard);
void bus_unsubscribe(struct bus *bus, uint32_t shard);

struct delivery {
	uint32_t shard;
	uint32_t before; /* how often it was delivered before: somebody was at it and did not end */
	struct text content_type;
	struct text body;
	/* BUS_DEAD only: why it came there, and from which queue */
	struct text death, death_queue; /* "delivery_limit", "rejected", "expired", "maxlen" */
	/* the bus's own: */
	struct delivery *next;
	uint64_t connection, tag;
	struct property *properties;
	uint32_t property_count;
};
/* What the envelope says, in either content mode; texts point into the delivery. INVALID: it is no CloudEvent. */
enum status delivery_event(struct arena *arena, const struct delivery *delivery, struct cloud_event *event_out,
			   struct error *error) MUST_CHECK;

/* Takes up to `most` deliveries, in their order; returns how many. They live until they are settled. */
uint32_t bus_take(struct bus *bus, struct delivery **deliveries, uint32_t most);
/* Done with `last` and all that were taken before it: one message to the broker. When the connection was lost meanwhile, they
 * come again all the same. */
void bus_acknowledge(struct bus *bus, struct delivery *last);
/* Settles this one alone: to the dead. */
void bus_reject(struct bus *bus, struct delivery *delivery);
/* All that is unsettled, taken or not, will be delivered again in its order, and is gone here. The connection is made anew for
 * it, so that no later delivery overtakes. */
void bus_return(struct bus *bus);

#endif
