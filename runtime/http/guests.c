/* A queue of deadlines, linked through its members. Must never walk it. */
#include "runtime/http/guests.h"

#include <stddef.h>

void guest_await(struct guests *guests, struct guest *guest, int64_t now)
{
	if (guest->is_awaited)
		return;
	guest->is_awaited = true;
	guest->until = now + guests->patience;
	guest->before = guests->last;
	guest->after = NULL;
	*(guests->last ? &guests->last->after : &guests->first) = guest;
	guests->last = guest;
}

void guest_forget(struct guests *guests, struct guest *guest)
{
	if (!guest->is_awaited)
		return;
	guest->is_awaited = false;
	*(guest->before ? &guest->before->after : &guests->first) = guest->after;
	*(guest->after ? &guest->after->before : &guests->last) = guest->before;
}

struct guest *guests_late(struct guests *guests, int64_t now)
{
	struct guest *guest = guests->first;

	if (!guest || guest->until > now)
		return NULL;
	guest_forget(guests, guest);
	return guest;
}

int64_t guests_next(const struct guests *guests)
{
	return guests->first ? guests->first->until : INT64_MAX;
}
