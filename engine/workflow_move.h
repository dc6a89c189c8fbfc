/* What the files share that move an instance to another version of its workflow: workflow_move.c is the way in and the frame of
 * it, workflow_point.c says where a strand goes on, workflow_known.c carries over what is known there, workflow_carry.c takes a
 * value from one program to the other. All of it refuses (INVALID, with a sentence) what can not be shown to be right.
 * docs/decisions/0025 */
#ifndef ENGINE_WORKFLOW_MOVE_H
#define ENGINE_WORKFLOW_MOVE_H

#include "engine/workflow.h"

struct mover {
	struct context *context;
	const struct workflow_move *move;
	struct instance old;           /* as its own program reads it */
	struct work work;              /* what becomes of it, in terms of the program of the turn */
	const struct work_point **was; /* by strand; NULL: it has ended */
	const struct work_point **is;
};

/* --- workflow_point.c */
/* Where each strand goes on. */
enum status points_move(struct mover *mover) MUST_CHECK;
/* Whether a call of the one is a call of the other. */
bool actions_match(const struct action *was, const struct action *is);

/* --- workflow_known.c */
/* What the steps behind the new points read, and what rests read as long as they rest. */
enum status frame_move(struct mover *mover) MUST_CHECK;
/* What would undo what was done. */
enum status undos_move(struct mover *mover) MUST_CHECK;

/* --- workflow_carry.c */
/* Whether what was a value of the one is a value of the other, whatever it is; of enumerations the value itself decides. */
bool types_match(const struct type *was, const struct type *is);
/* False: the newer enumeration does not have it any more. */
bool value_carry(struct arena *arena, const struct type *was, const struct type *is, struct value value,
		 struct value *value_out);

#endif
