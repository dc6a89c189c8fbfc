; What an editor may fold away.
[
  (pack) (budget) (migration) (translation) (entity) (extend_entity) (transitions) (event) (table_body) (rule_body) (block) (record)
  (workflow) (schedule) (holidays) (calendar) (clock) (connector) (receive) (request) (format) (rows) (report) (section) (listing)
  (view) (role) (test) (case) (text_block)
] @fold
