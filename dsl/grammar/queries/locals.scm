; What a name inside a body stands for: parameters, `let`, `as`, `for each`.
[(rule_body) (workflow) (define) (block) (for_each) (query) (test) (report) (format) (action)] @local.scope

(parameters (field name: (identifier) @local.definition))
(let name: (identifier) @local.definition)
(on name: (identifier) @local.definition)
(create name: (identifier) @local.definition)
(upsert name: (identifier) @local.definition)
(wait name: (identifier) @local.definition)
(unless name: (identifier) @local.definition)
(for_each name: (identifier) @local.definition)
(rows name: (identifier) @local.definition)
(step name: (identifier) @local.definition)
(given (identifier) @local.definition)
(expect name: (identifier) @local.definition)

(identifier) @local.reference
