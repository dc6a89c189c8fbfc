/* The poll loop on epoll. Must never block but in epoll_wait, and never touch a watch or an alarm that a callback removed:
 * those are only marked, and swept when no callback runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "runtime/operate/loop.h"

enum { READY_A_ROUND = 64 };
static const int64_t NEVER = INT64_MAX;

struct watch {
	struct loop *loop;
	struct watch *next;
	int fd;
	unsigned wanted;
	watch_fn *on_ready;
	void *context;
	bool removed;
};

/* Few a process (tens), so a list is walked; whoever needs thousands of deadlines keeps a heap behind one alarm. */
struct alarm {
	struct alarm *next;
	int64_t at;
	alarm_fn *on_ring;
	void *context;
	bool due, removed;
};

struct loop {
	int epoll;
	struct watch *watches;
	struct alarm *alarms;
	bool stopping;
	bool calling; /* a callback is on the stack */
};

static void sweep(struct loop *loop);
static int wait_time(const struct loop *loop, int most);
static void ring_due(struct loop *loop);
static void call_ready(struct epoll_event *ready, int count);
static uint32_t epoll_bits(unsigned wanted);

enum status loop_open(struct loop **loop_out, struct error *error)
{
	*loop_out = NULL;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return error_set(error, RETRY, "the system gives no epoll descriptor: %s", strerror(errno));
	struct loop *loop = calloc(1, sizeof *loop);
	CHECK(loop);
	loop->epoll = epoll;
	*loop_out = loop;
	return OK;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	CHECK(!loop->calling);
	for (struct watch *watch = loop->watches; watch; watch = watch->next)
		watch->removed = true;
	for (struct alarm *alarm = loop->alarms; alarm; alarm = alarm->next)
		alarm->removed = true;
	sweep(loop);
	close(loop->epoll);
	free(loop);
}

enum status loop_watch(struct loop *loop, int fd, unsigned wanted, watch_fn *on_ready, void *context, struct watch **watch_out,
		       struct error *error)
{
	*watch_out = NULL;
	struct watch *watch = calloc(1, sizeof *watch);
	CHECK(watch);
	*watch = (struct watch){.loop = loop, .fd = fd, .wanted = wanted, .on_ready = on_ready, .context = context};
	struct epoll_event event = {.events = epoll_bits(wanted), .data.ptr = watch};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(watch);
		return error_set(error, INVALID, "descriptor %d can not be waited for: %s", fd, strerror(errno));
	}
	watch->next = loop->watches;
	loop->watches = watch;
	*watch_out = watch;
	return OK;
}

void watch_change(struct watch *watch, unsigned wanted)
{
	CHECK(!watch->removed);
	if (wanted == watch->wanted)
		return;
	watch->wanted = wanted;
	struct epoll_event event = {.events = epoll_bits(wanted), .data.ptr = watch};
	CHECK(!epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event));
}

void watch_remove(struct watch *watch)
{
	if (!watch)
		return;
	CHECK(!watch->removed);
	struct loop *loop = watch->loop;

	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->removed = true;
	if (!loop->calling)
		sweep(loop);
}

int64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct alarm *loop_alarm(struct loop *loop, alarm_fn *on_ring, void *context)
{
	struct alarm *alarm = calloc(1, sizeof *alarm);

	CHECK(alarm);
	*alarm = (struct alarm){.next = loop->alarms, .at = NEVER, .on_ring = on_ring, .context = context};
	loop->alarms = alarm;
	return alarm;
}

void alarm_set(struct alarm *alarm, int64_t at)
{
	alarm->at = at;
	alarm->due = false;
}

void alarm_set_earlier(struct alarm *alarm, int64_t at)
{
	if (!alarm->due && at < alarm->at)
		alarm->at = at;
}

void alarm_clear(struct alarm *alarm)
{
	alarm_set(alarm, NEVER);
}

void alarm_remove(struct alarm *alarm)
{
	if (alarm)
		alarm->removed = true; /* swept at the end of the next round */
}

enum status loop_run(struct loop *loop, struct error *error)
{
	enum status status = OK;

	while (status == OK && !loop->stopping)
		status = loop_turn(loop, -1, error);
	return status;
}

enum status loop_turn(struct loop *loop, int milliseconds, struct error *error)
{
	struct epoll_event ready[READY_A_ROUND];

	CHECK(!loop->calling);
	int count = epoll_wait(loop->epoll, ready, READY_A_ROUND, wait_time(loop, milliseconds));
	if (count < 0 && errno != EINTR)
		return error_set(error, RETRY, "waiting for sockets and timers failed: %s", strerror(errno));
	loop->calling = true;
	ring_due(loop);
	call_ready(ready, count);
	loop->calling = false;
	sweep(loop);
	return OK;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

bool loop_is_stopping(const struct loop *loop)
{
	return loop->stopping;
}

static void sweep(struct loop *loop)
{
	for (struct watch **link = &loop->watches; *link;) {
		struct watch *watch = *link;
		if (watch->removed) {
			*link = watch->next;
			free(watch);
		} else {
			link = &watch->next;
		}
	}
	for (struct alarm **link = &loop->alarms; *link;) {
		struct alarm *alarm = *link;
		if (alarm->removed) {
			*link = alarm->next;
			free(alarm);
		} else {
			link = &alarm->next;
		}
	}
}

static int wait_time(const struct loop *loop, int most)
{
	int64_t at = NEVER;

	for (const struct alarm *alarm = loop->alarms; alarm; alarm = alarm->next)
		if (!alarm->removed && alarm->at < at)
			at = alarm->at;
	if (at == NEVER)
		return most;
	int64_t left = at - loop_now();
	left = left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : left;
	return most >= 0 && most < left ? most : (int)left;
}

/* First marked, then rung: what a callback sets to a time that has passed waits for the next round, so that sockets get their
 * turn between. */
static void ring_due(struct loop *loop)
{
	int64_t now = loop_now();
	bool any = false;

	for (struct alarm *alarm = loop->alarms; alarm; alarm = alarm->next) {
		alarm->due = !alarm->removed && alarm->at <= now;
		any |= alarm->due;
	}
	for (struct alarm *alarm = any ? loop->alarms : NULL; alarm; alarm = alarm->next) {
		if (!alarm->due || alarm->removed)
			continue;
		alarm_clear(alarm);
		alarm->on_ring(alarm->context);
	}
}

static void call_ready(struct epoll_event *ready, int count)
{
	for (int i = 0; i < count; i++) {
		struct watch *watch = ready[i].data.ptr;
		uint32_t bits = ready[i].events;
		bool broken = bits & (EPOLLERR | EPOLLHUP);
		unsigned holds = (bits & EPOLLIN || broken ? LOOP_READ : 0) | (bits & EPOLLOUT || broken ? LOOP_WRITE : 0);

		if (!watch->removed)
			watch->on_ready(watch->context, watch->fd, holds);
	}
}

static uint32_t epoll_bits(unsigned wanted)
{
	return (wanted & LOOP_READ ? (uint32_t)EPOLLIN : 0) | (wanted & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}
