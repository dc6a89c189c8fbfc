/* What the files of the bus share. */
#ifndef BUS_INSIDE_H
#define BUS_INSIDE_H

#include "runtime/bus/amqp.h"

/* Events that were published together and are not all confirmed yet. */
struct batch {
	struct batch *next;
	uint64_t first, last; /* their tags */
	uint32_t open;        /* not confirmed yet */
	bool refused;
	int64_t until; /* loop_now() when patience ends */
	bus_published *done;
	void *context;
	uint8_t confirmed[]; /* a bit for each */
};

struct delivery_queue {
	struct delivery *first, **end;
};

struct bus {
	struct bus_options options;
	struct wire_address address;
	char name[64];
	struct wire *wire;   /* NULL: there is no connection */
	bool broken;         /* it is of no more use, `why`; the loop closes it */
	bool polite;         /* broken on purpose: the broker is told */
	uint64_t connection; /* counts them: deliveries of another one can not be settled */
	struct error why;    /* there is no connection, or nothing can be published */
	bool blocked;
	uint32_t failures; /* in a row, to connect */
	struct watch *watch;
	struct alarm *alarm;
	/* publishing */
	uint64_t tag; /* the last one given */
	struct batch *batches, **batches_end;
	/* consuming */
	bool subscribed[BUS_SHARDS_MOST + 1];
	struct delivery_queue ready, taken;
};

/* --- bus.c */
/* The connection failed within a call: closed, and told to the watcher, as soon as the loop comes round. */
void bus_break(struct bus *bus, const struct error *why);
void bus_come_again(struct bus *bus); /* there may be news although the socket says nothing */

/* --- topology.c */
enum { BUS_NAME = 64 };
void shard_queue_name(uint32_t shard, char name[BUS_NAME]);
enum status topology_declare(struct wire *wire, uint32_t shards, struct error *error) MUST_CHECK;
extern const char BUS_EXCHANGE[]; /* where events are published */
extern const char BUS_ORDER[];    /* the header whose value decides the shard */

/* --- publish.c */
void batches_confirm(struct bus *bus, uint64_t tag, bool multiple, bool refused);
void batches_returned(struct bus *bus);                                     /* no queue takes what was published */
void batches_fail(struct bus *bus, int64_t until, const struct error *why); /* whose patience ends by then */

/* --- consume.c */
enum status subscriptions_resume(struct bus *bus, struct error *error) MUST_CHECK;
void delivery_arrived(struct bus *bus, struct delivery *delivery);
void deliveries_drop(struct delivery_queue *queue);

#endif
