/* Signals through signalfd, and systemd's datagram. Must never do work in a signal handler: there is none. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
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

enum status notify_supervisor(const char *state, struct error *error)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;

	if (!length)
		return OK;
	if (length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return error_set(error, INVALID, "NOTIFY_SOCKET is no path of a socket: %s", path);
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = 0; /* the abstract namespace */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	bool sent = fd >= 0 && sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) >= 0;
	int reason = errno;
	if (fd >= 0)
		close(fd);
	return sent ? OK : error_set(error, RETRY, "the supervisor at %s can not be told: %s", path, strerror(reason));
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
