/* Signals through signalfd. Must never do work in a signal handler: there is none. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/operate/signals.h"

static sigset_t our_signals(void);
static void on_signal(void *context, int fd, unsigned ready);

enum status signals_open(struct signals *signals, struct loop *loop, struct error *error)
{
	sigset_t set = our_signals();

	signals->ending = false;
	signals->watch = NULL;
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals->fd < 0)
		return error_set(error, RETRY, "the system gives no descriptor for signals: %s", strerror(errno));
	return loop_watch(loop, signals->fd, LOOP_READ, on_signal, signals, &signals->watch, error);
}

void signals_close(struct signals *signals)
{
	sigset_t set = our_signals();

	if (signals->fd < 0)
		return;
	watch_remove(signals->watch);
	close(signals->fd);
	signals->fd = -1;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

static void on_signal(void *context, int fd, unsigned ready)
{
	struct signals *signals = context;
	struct signalfd_siginfo info;

	(void)ready;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			if (signals->on_reload)
				signals->on_reload(signals->context);
		} else if (!signals->ending) {
			signals->ending = true;
			if (signals->on_end)
				signals->on_end(signals->context);
		}
	}
}
