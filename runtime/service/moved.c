/* The turn that moves an instance to another version of its workflow, as it stands in the journal. Must never move to a program
 * that nobody has checked the move for, but in a past that runs on packs of its own. */
#include "runtime/service/moved.h"

#include "runtime/service/turning.h"

struct text moved_content(struct arena *arena, const struct program *from, const struct program *to,
			  const point_changes *points, struct text by)
{
	struct text_builder content = {.arena = arena};
	struct json_writer writer = {.text = &content};

	json_open_object(&writer);
	json_write_member(&writer, "from", program_hash_text(arena, from->hash));
	json_write_member(&writer, "to", program_hash_text(arena, to->hash));
	json_write_name(&writer, TEXT("points"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < points->count; i++) {
		json_open_object(&writer);
		json_write_member(&writer, "from", points->items[i].from);
		json_write_member(&writer, "to", points->items[i].to);
		json_close_object(&writer);
	}
	json_close_list(&writer);
	json_write_member(&writer, "by", by);
	json_close_object(&writer);
	return builder_text(&content);
}

static void points_read(struct arena *arena, const struct json *content, point_changes *points)
{
	const struct json *list = json_member(content, TEXT("points"));

	if (!list || json_kind(list) != JSON_LIST)
		return;
	for (const struct json *item = json_first(list); item; item = json_next(item))
		*list_add(arena, points) = (struct point_change){json_member_text(item, "from"), json_member_text(item, "to")};
}

enum status moved_turn(struct turning *turning)
{
	struct turns *turns = turning->turns;
	struct arena *arena = &turns->arena;
	const struct loaded *from;
	point_changes points = {0};

	if (!turning->content || json_kind(turning->content) != JSON_OBJECT)
		return error_set(turning->error, INVALID, "it does not say how the workflow is to be moved");
	if (!turns->moves_follow &&
	    program_hash_read(json_member_text(turning->content, "to")) != turning->loaded->program->hash)
		return error_set(
			turning->error, INVALID,
			"the packs for which the move was checked are active no more; `workflow move` checks it again");
	enum status status = programs_by_hash(turns->programs, program_hash_read(json_member_text(turning->content, "from")),
					      &from, turning->error);
	if (status != OK && status != NOT_FOUND)
		return status;
	points_read(arena, turning->content, &points);
	struct workflow_move move = {status == OK ? from->program : NULL, turning->entry->id, points.items, points.count};
	return engine_move(turning->loaded->engine, &move, value_missing(), turning->now, &turns->ports, &turning->turn,
			   turning->error);
}
