/* Somebody else at the same broker, who knows nothing of the bus: publishes what he likes, counts and empties queues. */
#ifndef TEST_BUS_STRANGER_H
#define TEST_BUS_STRANGER_H

#include "engine/base/text.h"

struct stranger;

struct stranger_header {
	const char *name;
	const char *value; /* NULL: `number`, as a timestamp */
	uint64_t number;
};

struct stranger *stranger_open(void);
void stranger_close(struct stranger *stranger);
/* To stellwerk.events; `content_type` and `headers` may be NULL, the headers end with a NULL name. Waits until it is in a
 * queue. */
void stranger_publish(struct stranger *stranger, const char *content_type, const struct stranger_header *headers,
		      struct text body);
uint32_t stranger_count(struct stranger *stranger, const char *queue); /* messages that wait */
void stranger_empty(struct stranger *stranger);                        /* all queues of the bus, those that are there */
void stranger_delete(struct stranger *stranger, const char *queue);
void stranger_declare(struct stranger *stranger, const char *queue); /* a plain one */
/* Whether what is published reaches the shards. */
void stranger_bind(struct stranger *stranger, bool bound);

#endif
