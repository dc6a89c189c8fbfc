/* A setting of a tenant, typed and checked against what its packs declare. */
#ifndef RUNTIME_TENANT_SETTING_H
#define RUNTIME_TENANT_SETTING_H

#include "runtime/serving.h"
#include "runtime/store/tenant.h"

/* `value` as it would stand in a pack: 5 workdays, true, critical; a text may do without quotes. Codes as a command's; what was
 * wrong was printed, and nothing was set. */
int tenant_setting_set(struct serving *serving, const struct tenant *tenant, struct text name, struct text value);
/* The default of its packs counts again. */
int tenant_setting_default(struct serving *serving, const struct tenant *tenant, struct text name);
/* A secret is set without being looked for among the packs, which may come later. Says on stderr when those that are active
 * declare none of that name, and which one was probably meant. */
void tenant_secret_look(struct serving *serving, const struct tenant *tenant, struct text name);

#endif
