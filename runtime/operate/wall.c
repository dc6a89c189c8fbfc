/* The time of day. Never time(): it reads the coarse clock, which for some milliseconds after each new second tells the one
 * before. Who waited for that second by the exact clock, a timer of the system or another program, would be told that it is not
 * there yet. */
#include <time.h>

#include "runtime/operate/wall.h"

int64_t wall_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

moment wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}
