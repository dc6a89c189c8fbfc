/* A bus in a loop of its own, for tests against a real broker: what the watcher was told, and waiting until something holds. */
#ifndef TEST_BUS_PEER_H
#define TEST_BUS_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/bus/inside.h"

enum { SHARDS = 4, PREFETCH = 200, WAIT_MOST = 30000 /* milliseconds */ };

struct peer {
	struct loop *loop;
	struct bus *bus;
	struct arena arena;
	struct error error;
	/* what was told */
	uint32_t opened, closed, arrived;
	struct error closed_why;
	uint32_t confirmed, failed; /* batches */
	struct error failed_why;
};

void peer_open(struct peer *peer, const char *url, struct loop *loop /* NULL: a new one */);
void peer_open_here(struct peer *peer); /* at the broker of the tests; waits until it is open */
void peer_close(struct peer *peer);

/* Event `number` of a subject: its id and data say both. */
struct cloud_event peer_event(struct peer *peer, uint32_t subject, uint32_t number);
enum status peer_publish(struct peer *peer, const struct cloud_event *events, uint32_t count);
/* One event of subject 0 for each number; waits for the confirm. */
void peer_publish_all(struct peer *peer, uint32_t first, uint32_t count);
void peer_subscribe_all(struct peer *peer);
/* The number and subject that stand in the data. */
uint32_t peer_number(struct peer *peer, const struct delivery *delivery, uint32_t *subject_out);
/* Takes exactly `count` deliveries of subject 0 and checks that their numbers begin with `first` and rise by one. */
struct delivery *peer_take(struct peer *peer, uint32_t first, uint32_t count);
/* As a cut cable would. */
void peer_cut(struct peer *peer);

/* Turns the loop until the condition holds. */
#define WAIT_UNTIL(peer, condition)                                                                                            \
	for (int64_t until = loop_now() + WAIT_MOST; !(condition);) {                                                          \
		if (loop_now() > until)                                                                                        \
			fail_msg("waited in vain for %s; last: %s / %s", #condition, (peer)->closed_why.sentence,              \
				 (peer)->failed_why.sentence);                                                                 \
		assert_int_equal(loop_turn((peer)->loop, 100, &(peer)->error), OK);                                            \
	}

/* tools/servers/rabbitmq WHAT FOLDER ARGUMENTS */
void broker_command(const char *what, const char *arguments);
void broker_signal(int signal);               /* to its process */
const char *broker_setting(const char *name); /* of the environment */

#endif
