/* The table of the standard functions, for the compiler and for help. What they do is in engine/builtins.c. */
#include "engine/model/builtins.h"

const struct builtin_info BUILTINS[] = {
#define BUILTIN(name, NAME, parameters, result, doc) {name, parameters, result, doc},
#include "engine/model/builtins.def"
#undef BUILTIN
};

const uint32_t BUILTIN_ROWS = sizeof(BUILTINS) / sizeof(*BUILTINS);
