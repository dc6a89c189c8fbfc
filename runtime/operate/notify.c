/* systemd's datagram. Must never stop a service that nobody watches. */
#include "runtime/operate/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "runtime/operate/log.h"

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

/* --- watchdog */
struct watchdog {
	struct alarm *alarm;
	int64_t period; /* milliseconds */
};

static int64_t watchdog_period(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!time || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(time, NULL, 10) / 1000 / 2;
}

static void on_watchdog(void *context)
{
	struct watchdog *watchdog = context;
	struct error error;

	if (notify_supervisor("WATCHDOG=1", &error) != OK)
		log_line(LOG_WARNING, "%s", error.sentence);
	alarm_set(watchdog->alarm, loop_now() + watchdog->period);
}

void watchdog_keep(struct loop *loop)
{
	static struct watchdog watchdog; /* one a process, as systemd knows it */

	watchdog.period = watchdog_period();
	if (watchdog.period <= 0)
		return;
	watchdog.alarm = loop_alarm(loop, on_watchdog, &watchdog);
	alarm_set(watchdog.alarm, loop_now());
}
