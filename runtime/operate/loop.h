/* The poll loop of a process: one thread, one epoll, callbacks. Sockets, signals and timers of a role all wait here, so that
 * nothing waits anywhere else. A callback may add, change and remove anything, itself too. */
#ifndef OPERATE_LOOP_H
#define OPERATE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct loop;
struct watch; /* one descriptor that is looked at */
struct alarm; /* one point in time that is waited for */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* `ready`: LOOP_READ and LOOP_WRITE as they hold. A hang-up or an error counts as both: the next read or write tells it. */
typedef void watch_fn(void *context, int fd, unsigned ready);
typedef void alarm_fn(void *context);

enum status loop_open(struct loop **loop_out, struct error *error) MUST_CHECK;
void loop_close(struct loop *loop); /* what is still watched is forgotten, its descriptors are not closed */

/* The descriptor stays the caller's, who removes the watch before closing it. INVALID when the system can not poll it. */
enum status loop_watch(struct loop *loop, int fd, unsigned wanted, watch_fn *on_ready, void *context, struct watch **watch_out,
		       struct error *error) MUST_CHECK;
void watch_change(struct watch *watch, unsigned wanted);
void watch_remove(struct watch *watch); /* NULL is allowed */

/* Milliseconds of a clock that never jumps. Only differences mean something. */
int64_t loop_now(void);

/* An alarm that is not set yet. It rings once for each alarm_set. */
struct alarm *loop_alarm(struct loop *loop, alarm_fn *on_ring, void *context);
void alarm_set(struct alarm *alarm, int64_t at); /* replaces what was set; a time that has passed rings in the next round */
void alarm_set_earlier(struct alarm *alarm, int64_t at); /* unless it rings before that anyway */
void alarm_clear(struct alarm *alarm);
void alarm_remove(struct alarm *alarm); /* NULL is allowed */

/* Runs until loop_stop. */
enum status loop_run(struct loop *loop, struct error *error) MUST_CHECK;
/* One round: waits at most `milliseconds` (-1: as long as it takes), rings what is due, calls what is ready. */
enum status loop_turn(struct loop *loop, int milliseconds, struct error *error) MUST_CHECK;
void loop_stop(struct loop *loop);
bool loop_is_stopping(const struct loop *loop);

#endif
