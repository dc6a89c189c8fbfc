/* The time of day, by the one clock that all of the service reads. */
#ifndef OPERATE_WALL_H
#define OPERATE_WALL_H

#include "engine/base/moment.h"

moment wall_now(void);
int64_t wall_milliseconds(void); /* since 1970 */

#endif
