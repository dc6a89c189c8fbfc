/* Signals as something a loop waits for. SIGTERM and SIGINT ask to end, SIGHUP asks to read the settings again; nothing runs in
 * a signal handler. */
#ifndef OPERATE_SIGNALS_H
#define OPERATE_SIGNALS_H

#include "runtime/operate/loop.h"

struct signals {
	int fd; /* -1: closed */
	struct watch *watch;
	bool ending;                      /* SIGTERM or SIGINT came */
	void (*on_end)(void *context);    /* may be NULL; once, at the first */
	void (*on_reload)(void *context); /* may be NULL; at each SIGHUP */
	void *context;
};

/* Blocks the three signals for this thread (do it before threads and child processes begin) and SIGPIPE for good. */
enum status signals_open(struct signals *signals, struct loop *loop, struct error *error) MUST_CHECK;
void signals_close(struct signals *signals); /* they are delivered as usual again */

#endif
