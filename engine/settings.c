/* Settings: what the tenant has set, or the pack's default. */
#include "engine/parts.h"

enum status setting_read(struct context *context, const struct setting *setting, struct value *value_out)
{
	enum status status = context->ports->setting(context->ports->host, context->arena, setting, value_out);
	if (status != NOT_FOUND) {
		context->fatal |= status != OK;
		return status;
	}
	*value_out = value_missing();
	if (!setting->fallback)
		return OK;
	return eval_run(context, setting->fallback, frame_new(context, setting->fallback), value_out);
}
