/* Points at which a process can be told to die, so that tests can kill it between any two of its steps. Only in debug builds;
 * in others nothing of it is there.
 *
 * STELLWERK_FAULT is a folder. Whoever comes to a point and can remove the file of its name from there kills itself, as kill -9
 * would: the test that made the file sees by it that it has happened. A file POINT.always stays, and kills everybody who comes.
 * tests/faults/faults.py lists all points. */
#ifndef OPERATE_FAULT_H
#define OPERATE_FAULT_H

#ifdef FAULTS
#include "engine/base/text.h"

void fault_here(const char *point, struct text about);
void fault_number(const char *point, uint64_t number);
#define FAULT(point) fault_here(point, TEXT(""))
#define FAULT_ABOUT(point, about) fault_here(point " ", about)
#define FAULT_NUMBER(point, number) fault_number(point " ", number)
#else
#define FAULT(point) ((void)0)
#define FAULT_ABOUT(point, about) ((void)0)
#define FAULT_NUMBER(point, number) ((void)0)
#endif

#endif
