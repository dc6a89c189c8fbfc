/* The standard functions of Flow. STEP_BUILTIN names a row of builtins.def by its number; rows of one function are overloads.
 */
#ifndef MODEL_BUILTINS_H
#define MODEL_BUILTINS_H

#include <stdint.h>

struct builtin_info {
	const char *name;       /* "extract" */
	const char *parameters; /* "text, text"; the words are explained in builtins.def */
	const char *result;     /* "text?" */
	const char *doc;
};

/* In the order of builtins.def. */
extern const struct builtin_info BUILTINS[];
extern const uint32_t BUILTIN_ROWS;

#endif
