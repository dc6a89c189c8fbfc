/* A setting of a tenant, typed and checked against what its packs declare. */
#ifndef RUNTIME_TENANT_SETTING_H
#define RUNTIME_TENANT_SETTING_H

#include "runtime/serving.h"
#include "runtime/store/tenant.h"

/* `value` as it would stand in a pack: 5 workdays, true, critical; a text may do without quotes. Codes as a command's; what was
 * wrong was printed, and nothing was set. */
int tenant_setting_set(struct serving *serving, const struct tenant *tenant, struct text name, struct text value);

#endif
