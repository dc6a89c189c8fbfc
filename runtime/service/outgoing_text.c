/* What is sent out, as the outbox keeps it. Must never send anything. */
#include "runtime/service/outgoing_text.h"

#include "engine/base/json.h"
#include "engine/model/event.h"

static void notice_write(struct json_writer *writer, const struct outgoing *outgoing)
{
	const struct notice *notice = outgoing->notice;

	json_write_name(writer, TEXT("role"));
	json_write_text(writer, notice->role);
	json_write_name(writer, TEXT("channels"));
	json_open_list(writer);
	for (uint32_t i = 0; i < notice->channel_count; i++)
		json_write_text(writer, notice->channels[i]);
	json_close_list(writer);
	json_write_name(writer, TEXT("texts"));
	json_open_list(writer);
	for (uint32_t i = 0; i < outgoing->argument_count; i++)
		json_write_text(writer, value_show(writer->text->arena, outgoing->arguments[i], NULL));
	json_close_list(writer);
}

struct text outgoing_text(struct arena *arena, const struct outgoing *outgoing)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	if (outgoing->kind == OUTGOING_NOTIFY)
		notice_write(&writer, outgoing);
	for (uint32_t i = 0; outgoing->kind == OUTGOING_CALL && i < outgoing->argument_count; i++) {
		if (outgoing->arguments[i].kind == VALUE_MISSING)
			continue;
		json_write_name(&writer, outgoing->action->parameters[i].name);
		value_to_json(&writer, outgoing->arguments[i], outgoing->action->parameters[i].type);
	}
	json_close_object(&writer);
	return builder_text(&text);
}
