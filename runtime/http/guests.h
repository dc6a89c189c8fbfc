/* Who is connected and owes us a request, in the order of their deadlines. Somebody who sends a byte now and then is never
 * silent; here he is late all the same. Everybody has the same time, so whoever came last is last. */
#ifndef HTTP_GUESTS_H
#define HTTP_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

struct guest {
	struct guest *before, *after;
	int socket;
	int64_t until; /* milliseconds of loop_now */
	bool is_awaited;
};

struct guests {
	struct guest *first, *last;
	int64_t patience; /* milliseconds for a whole request */
};

/* His next request must be here in time, from `now` on. One who is awaited already keeps his deadline. */
void guest_await(struct guests *guests, struct guest *guest, int64_t now);
/* It is here, or he is gone. */
void guest_forget(struct guests *guests, struct guest *guest);
/* The next whose time is over at `now`, forgotten by this; NULL: none. */
struct guest *guests_late(struct guests *guests, int64_t now);
/* When the next is late; INT64_MAX: nobody is awaited. */
int64_t guests_next(const struct guests *guests);

#endif
