/* What is asked of a connector's auth. */
#include "engine/model/request.h"

const struct code *auth_code(const struct auth *auth, const char *name)
{
	for (uint32_t i = 0; i < auth->item_count; i++)
		if (text_is(auth->items[i].name, name))
			return auth->items[i].code;
	return NULL;
}
