/* CHECK: what only a bug of ours can break. Always on; aborts with the place, the supervisor starts the role again and
 * the broker delivers again. Never for what the world or an author can do: that is a status or a diagnostic. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stdnoreturn.h>

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

noreturn void check_failed(const char *condition, const char *file, int line);

#endif
