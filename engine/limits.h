/* Where a turn ends even if its pack does not: each has a sentence that names the rule and the chain. */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

enum {
	LIMIT_EVENT_DEPTH = 32,    /* a derived event of a derived event of … */
	LIMIT_TURN_EVENTS = 10000, /* derived events in one turn */
	LIMIT_TURN_CHANGES = 50000,
	LIMIT_SLICE_CLOCKS = 1000,   /* of a kind, reckoned anew in one turn; the others have turns of their own */
	LIMIT_SLICE_EVENTS = 500,    /* raised by them, and none handled yet: each may raise others */
	LIMIT_TURN_STEPS = 20000000, /* steps of all rules of a turn */
	LIMIT_CALL_DEPTH = 64,       /* define in define, table in define, … */
	LIMIT_LIST_ITEMS = 1000000,
	LIMIT_TEXT_BYTES = 8 << 20,
	LIMIT_TURN_MEMORY = 512 << 20,
	LIMIT_EARLY_SIGNALS = 32, /* kept by one workflow for its waits to come; then the oldest goes, and the trace says so */
	LIMIT_EARLY_WAITS = 30,   /* of one workflow, in their order; those behind them keep nothing */
	LIMIT_SCRIPT_INSTRUCTIONS = 10000000,
	LIMIT_SCRIPT_MEMORY = 32 << 20,
	LIMIT_SCRIPT_DEPTH = 150,
};

#endif
