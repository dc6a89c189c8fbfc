/* The word to whoever started us, as systemd wants it from a service of Type=notify: sd_notify(3) without its library. */
#ifndef OPERATE_NOTIFY_H
#define OPERATE_NOTIFY_H

#include "runtime/operate/loop.h"

/* "READY=1", "STOPPING=1", "STATUS=…", newlines between. OK without a supervisor, that is without NOTIFY_SOCKET. */
enum status notify_supervisor(const char *state, struct error *error) MUST_CHECK;
/* "WATCHDOG=1" twice in the time that WatchdogSec= gives (WATCHDOG_USEC), for as long as the loop goes round. Nothing when
 * nobody watches this process. */
void watchdog_keep(struct loop *loop);

#endif
