; What editors colour. Names follow the common captures; the last pattern that matches wins.

(identifier) @variable

; --- words of the language
[
  "pack" "setting" "budget" "entity" "extend" "event" "define" "script" "table" "rule" "override" "disable" "holidays" "calendar"
  "clock" "workflow" "schedule" "connector" "format" "metric" "report" "view" "role" "test" "migration" "translation" "record"
] @keyword

[
  "on" "when" "where" "dedupe" "while" "once" "per" "at" "most" "damp" "above" "holds" "unless" "followed" "within" "valid" "from"
  "until" "before" "after" "overrides" "then" "by" "as" "hit" "transitions" "index" "unique" "sealed" "starts" "stops" "pauses"
  "warn" "zone" "closed" "open" "fixed" "easter" "weekday" "include" "only" "except" "every" "auth" "limit" "retry" "honouring"
  "receive" "action" "poll" "send" "result" "row" "section" "chart" "text" "show" "sort" "descending" "do" "see" "over" "of"
  "rename" "drop" "update" "to" "given" "expect" "answer" "fails" "no" "one" "some"
] @keyword

[
  "let" "create" "upsert" "set" "delete" "note" "emit" "call" "later" "backoff" "undo" "start" "cancel" "run" "notify" "fail" "log"
  "approve" "step" "parallel" "wait" "sleep" "timeout" "for" "each" "in" (stop) (hold)
] @keyword

["if" "else" "case"] @keyword.control
["and" "or" "not" "is" "default" "contains" "ends" "matches"] @keyword.operator
["==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" ".." "=" "->" "<->"] @operator
["|" "||"] @punctuation.special
["{" "}" "(" ")" "[" "]"] @punctuation.bracket
["," ";" "." ":"] @punctuation.delimiter

; --- what is declared
(entity name: (identifier) @type)
(event name: (dotted_name) @type)
(define name: (identifier) @function)
(script name: (identifier) @function)
(table name: (identifier) @function)
(rule name: (identifier) @function)
(workflow name: (identifier) @function)
(clock name: (identifier) @type)
(setting name: (identifier) @constant)
(field name: (identifier) @property)
(field name: (string) @property)
(assignment name: (identifier) @property)
(enum_value name: (identifier) @constant)
(attribute name: (identifier) @attribute)
(option name: (identifier) @property)
(member name: (identifier) @property)
(named_argument name: (identifier) @variable.parameter)
(parameters (field name: (identifier) @variable.parameter))

; --- what is used
(type (dotted_name) @type)
["ref" "list" "enum"] @type.builtin
(on event: (dotted_name) @type)
(create event: (dotted_name) @type)
(emit (dotted_name) @type)
(invocation function: (identifier) @function.call)
(invocation function: (member name: (identifier) @function.call))

; --- values
(string) @string
(text_block) @string
(escape) @string.escape
(picture) @string.special
(interpolation ["{" "}"] @punctuation.special)
(interpolation) @embedded
[(number) (percent) (money)] @number
[(duration) (date) (time_of_day) (instant) (zone) (month_day)] @number
[(true) (false)] @constant.builtin
(comment) @comment
(missing) @error
(unterminated) @error
