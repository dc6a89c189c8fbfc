/* The wall to librabbitmq: one connection to a broker, and one channel on it. It knows nothing of events, and remembers nothing
 * of what was asked: bus.c does. All failures but those of wire_address_read mean that the connection is of no more use. */
#ifndef BUS_AMQP_H
#define BUS_AMQP_H

#include "runtime/bus/bus.h"

struct wire;

struct wire_address {
	char url[2048]; /* what the others point into */
	const char *host, *user, *password, *vhost;
	const char *ca, *certificate, *key; /* NULL: none */
	int port;
	int heartbeat; /* seconds */
	bool is_tls;
};
enum status wire_address_read(const char *url, struct wire_address *address_out, struct error *error) MUST_CHECK;

/* Blocks for BUS_CONNECT_MOST at most. RETRY: nobody answers. DENIED: who answers refuses us, or is not who we trust. */
enum status wire_open(const struct wire_address *address, const char *name, struct wire **wire_out,
		      struct error *error) MUST_CHECK;
/* `polite`: says goodbye first and waits a moment for the answer. NULL is allowed. */
void wire_close(struct wire *wire, bool polite);
int wire_socket(const struct wire *wire);

/* --- questions: each waits for the broker's answer. What is there already is confirmed, or INVALID when it is different. */
struct wire_argument {
	const char *name;
	const char *text; /* or NULL: */
	int number;       /* 0 with a NULL text: true */
};
enum status wire_exchange(struct wire *wire, const char *name, const char *type, const struct wire_argument *arguments,
			  uint32_t count, struct error *error) MUST_CHECK;
enum status wire_queue(struct wire *wire, const char *name, const struct wire_argument *arguments, uint32_t count,
		       struct error *error) MUST_CHECK;
enum status wire_bind_exchange(struct wire *wire, const char *source, const char *target, const char *key,
			       struct error *error) MUST_CHECK;
enum status wire_bind_queue(struct wire *wire, const char *source, const char *queue, const char *key,
			    struct error *error) MUST_CHECK;
enum status wire_confirm(struct wire *wire, struct error *error) MUST_CHECK; /* from now on publishing is confirmed */
enum status wire_prefetch(struct wire *wire, uint32_t most, struct error *error) MUST_CHECK;

/* --- orders: sent, nothing is waited for. Publishing blocks for BUS_WRITE_MOST when the broker does not read, and for
 * BUS_PATIENCE in the middle of an event that is larger than the system's buffer. */
enum status wire_consume(struct wire *wire, const char *queue, uint32_t shard, struct error *error) MUST_CHECK;
struct property {
	struct text name, value;
};
struct wire_message {
	const char *exchange;
	struct text key, content_type, body;
	const struct property *properties;
	uint32_t property_count;
};
enum { WIRE_PROPERTIES_MOST = 16 };
enum status wire_publish(struct wire *wire, const struct wire_message *message, struct error *error) MUST_CHECK;
enum status wire_acknowledge(struct wire *wire, uint64_t tag, struct error *error) MUST_CHECK; /* and all before it */
enum status wire_reject(struct wire *wire, uint64_t tag, struct error *error) MUST_CHECK;      /* to the dead */

/* --- what the broker says */
enum news_kind {
	NEWS_NONE,      /* nothing more for now */
	NEWS_CONFIRMED, /* tag, multiple */
	NEWS_REFUSED,   /* tag, multiple */
	NEWS_RETURNED,  /* a message that no queue takes; its confirm follows */
	NEWS_DELIVERED, /* delivery: the receiver's, to be freed with free() */
	NEWS_BLOCKED,   /* reason */
	NEWS_UNBLOCKED,
};
struct news {
	enum news_kind kind;
	uint64_t tag;
	bool multiple;
	char reason[128];
	struct delivery *delivery;
};
/* Never waits. Says heartbeats, so it must be called at least each half heartbeat. */
enum status wire_next(struct wire *wire, struct news *news_out, struct error *error) MUST_CHECK;
/* True: wire_next has something although the socket may not be readable. */
bool wire_has_news(const struct wire *wire);

#endif
