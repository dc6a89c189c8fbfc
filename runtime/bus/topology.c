/* What the broker is asked to have: declared at each connect, and the same each time. Others know the names and properties, so
 * none may ever change: a queue that exists with other ones is refused by the broker. */
#include <stdio.h>

#include "runtime/bus/inside.h"

const char BUS_EXCHANGE[] = "stellwerk.events";
const char BUS_ORDER[] = "stellwerk-order";
static const char SHARDS[] = "stellwerk.shards", DEAD[] = "stellwerk.dead";

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct wire_argument HASHED[] = {{"hash-header", BUS_ORDER}};

static const struct exchange {
	const char *name, *type;
	const struct wire_argument *arguments;
	uint32_t count;
} EXCHANGES[] = {
	{BUS_EXCHANGE, "topic"},
	{SHARDS, "x-consistent-hash", HASHED, COUNT(HASHED)},
	{DEAD, "fanout"},
};

static const struct wire_argument SHARD_QUEUE[] = {
	{"x-queue-type", "quorum"},
	{"x-single-active-consumer"},
	{"x-delivery-limit", .number = BUS_ATTEMPTS},
	{"x-dead-letter-exchange", DEAD},
	/* a dead message leaves the shard when the dead queue has it, not before; the broker wants the second with the first */
	{"x-dead-letter-strategy", "at-least-once"},
	{"x-overflow", "reject-publish"},
};
static const struct wire_argument DEAD_QUEUE[] = {{"x-queue-type", "quorum"}, {"x-single-active-consumer"}};

void shard_queue_name(uint32_t shard, char name[BUS_NAME])
{
	if (shard == BUS_DEAD)
		snprintf(name, BUS_NAME, "%s", DEAD);
	else
		snprintf(name, BUS_NAME, "stellwerk.shard.%u", shard);
}

static enum status shard_declare(struct wire *wire, uint32_t shard, struct error *error)
{
	char name[BUS_NAME];

	shard_queue_name(shard, name);
	enum status status = wire_queue(wire, name, SHARD_QUEUE, COUNT(SHARD_QUEUE), error);
	/* for this kind of exchange the key is the weight */
	return status == OK ? wire_bind_queue(wire, SHARDS, name, "1", error) : status;
}

enum status topology_declare(struct wire *wire, uint32_t shards, struct error *error)
{
	enum status status = OK;

	for (size_t i = 0; status == OK && i < COUNT(EXCHANGES); i++)
		status = wire_exchange(wire, EXCHANGES[i].name, EXCHANGES[i].type, EXCHANGES[i].arguments, EXCHANGES[i].count,
				       error);
	if (status == OK)
		status = wire_queue(wire, DEAD, DEAD_QUEUE, COUNT(DEAD_QUEUE), error);
	if (status == OK)
		status = wire_bind_queue(wire, DEAD, DEAD, "", error);
	for (uint32_t shard = 0; status == OK && shard < shards; shard++)
		status = shard_declare(wire, shard, error);
	/* last: nothing is taken before there is somebody to keep it */
	return status == OK ? wire_bind_exchange(wire, BUS_EXCHANGE, SHARDS, "#", error) : status;
}
