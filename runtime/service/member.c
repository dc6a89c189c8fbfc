/* One process of a role: its loop, its store, its engine. Must never do a role's work: it says when. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/service.h"

enum { AGAIN_FIRST = 100, AGAIN_LAST = 5000 }; /* milliseconds, doubling, until a store that failed is tried again */

static const struct role_duty *const DUTIES[ROLE_COUNT] = {
	[ROLE_WORKER] = &WORKER_DUTY, [ROLE_CLOCK] = &CLOCK_DUTY, [ROLE_COURIER] = &COURIER_DUTY, [ROLE_API] = &API_DUTY};

const char *role_name(enum role role)
{
	static const char *const names[] = {
#define ROLE(NAME, name, doc) [ROLE_##NAME] = name,
#include "runtime/service/roles.def"
#undef ROLE
	};
	return names[role];
}

static void hearing_keep(struct member *member);

/* --- when to work */
void member_come_again(struct member *member, int64_t milliseconds)
{
	alarm_set_earlier(member->alarm, loop_now() + milliseconds);
}

void member_weather(struct member *member, enum status status, const struct error *error)
{
	if (status == OK) {
		member->failures = 0;
		return;
	}
	int64_t wait = AGAIN_FIRST << (member->failures < 6 ? member->failures : 6);
	member->failures++;
	metric_add(METRIC_STORE_FAILURES, 1);
	log_line(LOG_WARNING, "%s", error->sentence);
	member_come_again(member, wait < AGAIN_LAST ? wait : AGAIN_LAST);
}

static void work(struct member *member, bool rung)
{
	if (rung && member->duty->rung)
		member->duty->rung(member);
	member->duty->work(member);
	hearing_keep(member);
}

static void on_alarm(void *context)
{
	work(context, false);
}

static void on_bell(void *context, int fd, unsigned ready)
{
	eventfd_t times;

	(void)ready;
	(void)!eventfd_read(fd, &times);
	work(context, true);
}

static void on_call(void *context, int fd, unsigned ready)
{
	struct member *member = context;

	(void)fd;
	(void)ready;
	if (store_heard(member->store))
		work(member, true);
}

/* A connection that was made anew has not heard what was called before: that is a call too. */
static void hearing_keep(struct member *member)
{
	struct error error;
	uint32_t life;
	int fd = store_hearing(member->store, &life);

	if (life == member->hearing_life && (fd >= 0) == (member->hearing != NULL))
		return;
	watch_remove(member->hearing);
	member->hearing = NULL;
	member->hearing_life = life;
	if (fd < 0)
		return;
	if (loop_watch(member->loop, fd, LOOP_READ, on_call, member, &member->hearing, &error) != OK)
		log_line(LOG_WARNING, "%s", error.sentence);
	if (member->duty->rung)
		member->duty->rung(member);
	member_come_again(member, 0);
}

static void on_end(void *context)
{
	struct member *member = context;

	loop_stop(member->loop);
}

/* --- life */
static enum status member_open(struct member *member, struct error *error)
{
	enum status status = loop_open(&member->loop, error);

	if (status == OK)
		status = signals_open(&member->signals, member->loop, error);
	if (status == OK)
		status = service_store_open(&member->service->settings, true, &member->store, error);
	if (status == OK && member->role == ROLE_API)
		status = store_confine(member->store, error);
	if (status == OK)
		status = programs_open(member->store, member->service->program, member->service->loader, &member->programs,
				       error);
	if (status != OK)
		return status;
	member->turns = turns_open(member->store, member->programs);
	member->alarm = loop_alarm(member->loop, on_alarm, member);
	store_listen(member->store, role_name(member->role));
	return loop_watch(member->loop, member->service->bells[member->role], LOOP_READ, on_bell, member, &member->bell, error);
}

static void member_close(struct member *member)
{
	turns_close(member->turns);
	programs_close(member->programs);
	store_close(member->store);
	signals_close(&member->signals);
	loop_close(member->loop);
}

int member_run(const struct service *service, enum role role)
{
	const struct role_duty *duty = DUTIES[role];
	struct member member = {.service = service, .role = role, .duty = duty};
	struct error error;

	log_role(role_name(role));
	member.signals = (struct signals){.fd = -1, .on_end = on_end, .context = &member};
	enum status status = member_open(&member, &error);
	if (status == OK && duty->start)
		status = duty->start(&member, &error);
	if (status == OK) {
		if (duty->rung)
			duty->rung(&member);
		hearing_keep(&member);
		member_come_again(&member, 0);
		status = loop_run(member.loop, &error);
	}
	if (status != OK)
		log_line(LOG_ERROR, "%s", error.sentence);
	if (duty->end)
		duty->end(&member);
	member_close(&member);
	return status == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
