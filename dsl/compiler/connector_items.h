/* What connectors.c (names, actions, what arrives) and connector_items.c (how the vendor is reached) share. */
#ifndef COMPILER_CONNECTOR_ITEMS_H
#define COMPILER_CONNECTOR_ITEMS_H

#include "dsl/compiler/internal.h"

/* base and auth are checked; limit, timeout and retry are kept. */
void connector_read(struct compiler *compiler, const struct declaration *declaration, struct connector *connector);
/* METHOD "url" { send result pages expect repeatable }. `result` is what it must give, or NULL. Knows `parameters` and `body`.
 */
void request_check(struct compiler *compiler, uint32_t file, const struct syntax *request,
		   const struct record_field *parameters, uint32_t parameter_count, const struct type *result);
/* `verify hmac_sha256(header("X"), setting.secret)` */
void verify_check(struct compiler *compiler, uint32_t file, const struct syntax *option);

/* What an action's request says about sending it twice, in words or by its method. */
enum repeatable repeatable_read(struct compiler *compiler, uint32_t file, const struct syntax *request);

#endif
