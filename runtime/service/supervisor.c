/* Runs one process a role, starts again what dies, and ends them all gracefully. Must never open the store while a child may
 * need what it inherited from it: the store is made ready before the first fork, and closed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/operate/notify.h"
#include "runtime/service/service.h"

enum {
	AGAIN_FIRST = 100, /* milliseconds until a process that died is started again; doubles … */
	AGAIN_LAST = 1500, /* … up to this */
	LIVED_WELL = 2000, /* after this long a death is the first again */
	GRACE = 10000,     /* between asking all to end and ending them */
};

struct supervisor;

struct child {
	struct supervisor *supervisor;
	enum role role;
	pid_t pid; /* 0: none */
	int pidfd;
	struct watch *watch;
	struct alarm *again;
	int64_t started;
	uint32_t deaths;
};

struct supervisor {
	struct service *service;
	struct loop *loop;
	struct signals signals;
	struct watch *doorbell;
	struct alarm *grace;
	struct child children[ROLE_COUNT];
	bool ending;
};

static void child_start(struct child *child);

/* --- a child's end */
static bool any_lives(const struct supervisor *supervisor)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (supervisor->children[i].pid)
			return true;
	return false;
}

static void death_tell(const struct child *child, int how)
{
	const char *name = role_name(child->role);

	if (WIFSIGNALED(how))
		log_line(LOG_ERROR, "the %s (process %d) was ended by signal %d (%s) and is started again", name,
			 (int)child->pid, WTERMSIG(how), strsignal(WTERMSIG(how)));
	else
		log_line(LOG_ERROR, "the %s (process %d) ended with %d and is started again", name, (int)child->pid,
			 WEXITSTATUS(how));
}

static void bells_ring(const struct supervisor *supervisor)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		bell_ring(supervisor->service, (enum role)i);
}

static void on_death(void *context, int fd, unsigned ready)
{
	struct child *child = context;
	struct supervisor *supervisor = child->supervisor;
	int how = 0;

	(void)fd;
	(void)ready;
	if (waitpid(child->pid, &how, WNOHANG) != child->pid)
		return;
	watch_remove(child->watch);
	close(child->pidfd);
	metric_set(METRIC_RUNS_WORKER + child->role, 0);
	if (!supervisor->ending) {
		metric_add(METRIC_DEATHS_WORKER + child->role, 1);
		death_tell(child, how);
	}
	child->pid = 0;
	bells_ring(supervisor); /* for what it has committed last, and did not come to say */
	if (supervisor->ending) {
		if (!any_lives(supervisor))
			loop_stop(supervisor->loop);
		return;
	}
	if (loop_now() - child->started > LIVED_WELL)
		child->deaths = 0;
	int64_t wait = AGAIN_FIRST << (child->deaths < 7 ? child->deaths : 7);
	child->deaths++;
	alarm_set(child->again, loop_now() + (wait < AGAIN_LAST ? wait : AGAIN_LAST));
}

/* --- a child's begin */
static void on_again(void *context)
{
	struct child *child = context;

	if (!child->supervisor->ending && !child->pid)
		child_start(child);
}

static _Noreturn void be_member(struct child *child)
{
	sigset_t none;

	/* when the supervisor dies, nobody would look after this one */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, role_name(child->role));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int code = member_run(child->supervisor->service, child->role);
	fflush(NULL);
	_exit(code);
}

static void child_start(struct child *child)
{
	struct error error;

	child->started = loop_now();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		be_member(child);
	if (pid < 0) {
		log_line(LOG_ERROR, "the %s can not be started: %s", role_name(child->role), strerror(errno));
		alarm_set(child->again, loop_now() + AGAIN_LAST);
		return;
	}
	child->pid = pid;
	metric_set(METRIC_RUNS_WORKER + child->role, 1);
	child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(child->pidfd >= 0);
	if (loop_watch(child->supervisor->loop, child->pidfd, LOOP_READ, on_death, child, &child->watch, &error) != OK)
		log_line(LOG_ERROR, "%s", error.sentence);
	log_line(LOG_INFO, "the %s runs as process %d", role_name(child->role), (int)pid);
}

/* --- somebody rings */
static void on_doorbell(void *context, int fd, unsigned ready)
{
	struct supervisor *supervisor = context;
	char rings[64];

	(void)ready;
	while (read(fd, rings, sizeof rings) > 0)
		;
	bells_ring(supervisor);
}

/* --- the end of all */
static void all_signal(struct supervisor *supervisor, int signal)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (supervisor->children[i].pid)
			kill(supervisor->children[i].pid, signal);
}

static void on_end(void *context)
{
	struct supervisor *supervisor = context;
	struct error error;

	supervisor->ending = true;
	log_line(LOG_INFO, "ending: what is begun is finished first");
	(void)!notify_supervisor("STOPPING=1", &error);
	all_signal(supervisor, SIGTERM);
	alarm_set(supervisor->grace, loop_now() + GRACE);
	if (!any_lives(supervisor))
		loop_stop(supervisor->loop);
}

static void on_grace(void *context)
{
	struct supervisor *supervisor = context;

	log_line(LOG_WARNING, "not everybody ended in time; what was open is taken back by the store and done again");
	all_signal(supervisor, SIGKILL);
}

int supervise(struct service *service)
{
	struct supervisor supervisor = {.service = service};
	struct error error;

	supervisor.signals = (struct signals){.fd = -1, .on_end = on_end, .context = &supervisor};
	enum status status = loop_open(&supervisor.loop, &error);
	if (status == OK)
		status = signals_open(&supervisor.signals, supervisor.loop, &error);
	if (status == OK)
		status = loop_watch(supervisor.loop, service->doorbell, LOOP_READ, on_doorbell, &supervisor,
				    &supervisor.doorbell, &error);
	if (status != OK) {
		log_line(LOG_ERROR, "%s", error.sentence);
		return EXIT_FAILURE;
	}
	supervisor.grace = loop_alarm(supervisor.loop, on_grace, &supervisor);
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct child *child = &supervisor.children[i];
		*child = (struct child){.supervisor = &supervisor, .role = (enum role)i};
		child->again = loop_alarm(supervisor.loop, on_again, child);
		child_start(child);
	}
	(void)!notify_supervisor("READY=1", &error);
	watchdog_keep(supervisor.loop);
	status = loop_run(supervisor.loop, &error);
	signals_close(&supervisor.signals);
	loop_close(supervisor.loop);
	return status == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
