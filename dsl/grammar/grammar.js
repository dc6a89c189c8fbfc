// Flow's grammar: the one authority for the surface. No external scanner, no declared conflicts.
// In braces an item ends at a line end or `;`; in parentheses, brackets and inline lists items are separated by commas.
// What the checker can say better (unknown unit, type, attribute, option; wrong number of cells) is accepted here.

const PREC = { coalesce: 1, or: 2, and: 3, not: 4, compare: 5, range: 6, add: 7, multiply: 8, unary: 9, access: 10 }

// A line that begins with `and`, `or` or `else` continues the one before, across blank and comment lines.
const CONTINUED = /\n([ \t\r]*(#[^\n]*)?\n)*[ \t]*/
const continued = word => token(seq(CONTINUED, word, /[ \t]/))
const continuing = word => choice(word, alias(continued(word), word))

// What is often left out is not an error but a node `missing` on the word that needed it; the line below is left alone.
const needs = ($, word, rule) => prec.right(choice(seq(word, rule), alias(word, $.missing)))
const infix = ($, precedence, operator) => [
  prec.left(precedence, seq($._expression, operator, $._expression)),
  prec.right(precedence, seq($._expression, alias(operator, $.missing)))]
const joining = ($, precedence, word) => [...infix($, precedence, word),
  prec.left(precedence, seq($._expression, alias(continued(word), word), $._expression)),
  prec.right(precedence, seq($._expression, alias(continued(word), $.missing)))]

const list = rule => seq(rule, repeat(seq(',', rule)))
const parens = rule => seq('(', optional(seq(list(rule), optional(','))), ')')
const items = ($, rule) => seq('{', repeat(choice(seq(rule, $._end), $._end)), optional(rule), '}')
const name = $ => field('name', $.identifier)
const label = $ => optional(field('label', $.string))
const from_until = rule => choice(
  seq('from', field('from', rule), optional(seq('until', field('until', rule)))),
  seq('until', field('until', rule)))

module.exports = grammar({
  name: 'flow',
  word: $ => $.identifier,
  extras: $ => ['\n', /[ \t\r]/, $.comment],   // '\n' first of all a token: it is skipped only where no item can end
  inline: $ => [$._declaration, $._place, $._block_or_statement, $._entity_item, $._rule_item],

  rules: {
    pack_source: $ => seq(repeat(choice(seq($._declaration, '\n'), '\n')), optional($._declaration)),

    _declaration: $ => choice(
      $.pack, $.setting, $.budget, $.entity, $.extend_entity, $.seed, $.event, $.define, $.script, $.table, $.extend_table,
      $.rule, $.override_rule, $.disable_rule, $.holidays, $.calendar, $.clock, $.workflow, $.schedule, $.connector,
      $.format, $.metric, $.report, $.view, $.role, $.test, $.migration, $.translation),

    _end: _ => choice('\n', ';'),

    // --- packs and layers
    pack: $ => seq('pack', name($), field('version', $.string), items($, $.option)),
    option: $ => seq(name($), list($._expression)),
    setting: $ => seq('setting', name($), $._typed),
    budget: $ => seq('budget', items($, $.budget_item)),
    budget_item: $ => seq(optional('call'), field('what', $.dotted_name), $.rate),
    rate: $ => seq($.number, 'per', $.duration),
    disable_rule: $ => seq('disable', 'rule', field('target', $.dotted_name)),
    translation: $ => seq('translation', name($), items($, $.translated)),
    translated: $ => seq(field('target', $.dotted_name), field('label', $.string)),
    migration: $ => seq('migration', field('version', $.string), items($, choice($.rename, $.drop, $.update))),
    rename: $ => seq('rename', $.dotted_name, 'to', $.identifier),
    drop: $ => seq('drop', $.dotted_name),
    update: $ => seq('update', $.dotted_name, $._value, optional($.where)),

    // --- types and fields; everywhere `name type "Label" attributes = value`
    type: $ => choice(
      $.dotted_name,
      seq($.dotted_name, token.immediate('('), list($.number), ')'),
      seq('ref', $.dotted_name),
      seq('list', 'of', $.type),
      seq('enum', parens($.enum_value)),
      seq('record', parens($.field))),
    enum_value: $ => seq(name($), label($)),
    _typed: $ => seq(field('type', $.type), label($), repeat($.attribute), optional(choice($._value, $.default))),
    attribute: $ => seq(name($), optional(choice(
      $.number, $.string, $.percent, $.money, $.duration, $.date, $.time_of_day))),
    default: $ => needs($, 'default', $._expression),
    _value: $ => needs($, '=', field('value', $._expression)),
    field: $ => seq(field('name', choice($.identifier, $.string)), optional($._typed)),
    parameters: $ => parens($.field),

    // --- entities and events
    entity: $ => seq('entity', name($), label($), items($, $._entity_item)),
    extend_entity: $ => seq('extend', 'entity', field('target', $.dotted_name), items($, $._entity_item)),
    _entity_item: $ => choice($.field, alias($.field_of_entity, $.field), $.transitions, $.index, $.sealed),
    // A field may be called as the other items begin; `index x` alone is an index.
    field_of_entity: $ => seq(
      field('name', alias(choice('transitions', 'index', 'unique', 'sealed'), $.identifier)), $._typed),
    transitions: $ => seq('transitions', field('field', $.identifier), items($, $.transition)),
    transition: $ => seq(list($.identifier), choice('->', '<->'), list($.identifier)),
    index: $ => prec(1, seq(choice('index', 'unique'), list($.identifier))),
    sealed: $ => seq('sealed', $.when),
    seed: $ => seq('record', $.dotted_name, name($), $.record),
    event: $ => seq('event', field('name', $.dotted_name), label($), items($, $.field)),

    // --- decisions: definitions, scripts, tables
    define: $ => seq('define', name($), optional($.parameters), optional($._result), $._value),
    _result: $ => seq('->', field('result', $.type)),
    script: $ => seq('script', name($), $.parameters, $._result, 'from', $.string),
    table: $ => seq('table', name($), $.parameters, '->', list($.field), field('body', $.table_body)),
    extend_table: $ => seq('extend', 'table', field('target', $.dotted_name), field('body', $.table_body)),
    table_body: $ => seq('{', repeat(choice(seq(choice($.hit, $.row), '\n'), '\n')), '}'),
    hit: $ => seq('hit', field('policy', $.identifier), optional(field('fold', $.identifier))),
    row: $ => prec.right(seq(repeat1(seq(choice('|', '||'), optional($._cell))), optional($.valid))),
    _cell: $ => choice('*', '-', $.output_name, list($._test)),
    output_name: $ => seq($.identifier, ':'),
    _test: $ => choice($._expression, $.partial),
    partial: $ => seq($._comparison, $._expression),
    valid: $ => seq('valid', from_until($.date)),

    // --- rules
    rule: $ => seq('rule', name($), label($), field('body', $.rule_body)),
    override_rule: $ => seq('override', 'rule', field('target', $.dotted_name), field('body', $.rule_body)),
    rule_body: $ => items($, $._rule_item),
    _rule_item: $ => choice($.on, $.when, $.dedupe, $.once, $.at_most, $.damp, $.holds, $.unless, $.valid, $.order, $.then),
    on: $ => seq('on', $._event_as),
    _event_as: $ => seq(field('event', $.dotted_name), optional(seq('as', name($)))),
    when: $ => needs($, 'when', $._expression),
    where: $ => needs($, 'where', $._expression),
    by: $ => seq('by', list($._expression)),
    dedupe: $ => seq('dedupe', $.by, optional(seq('while', $._expression))),
    once: $ => seq('once', 'per', $.duration, optional($.by)),
    at_most: $ => seq('at', 'most', $.rate, optional($.by)),
    damp: $ => seq('damp', 'above', $.rate, optional($.by)),
    holds: $ => seq('holds', 'for', $._expression),
    unless: $ => seq('unless', 'followed', 'by', $._event_as, 'within', field('within', $._expression), optional($.where)),
    order: $ => seq(choice('before', 'after', 'overrides'), list($.dotted_name)),
    then: $ => seq('then', $._block_or_statement),

    // --- statements
    block: $ => items($, $._statement),
    _block_or_statement: $ => choice($.block, $._statement),
    _statement: $ => choice(
      $.let, $.create, $.upsert, $.set, $.delete, $.note, $.emit, $.call, $.start, $.cancel, $.run, $.notify,
      $.if, $.for_each, $.fail, $.log, $.stop, $.hold,
      $.approve, $.step, $.parallel, $.wait, $.sleep),
    let: $ => seq('let', name($), $._value),
    record: $ => items($, $.assignment),
    assignment: $ => seq(field('name', choice($.identifier, $.string)), $._value),
    create: $ => seq('create', $._event_as, $.record),
    upsert: $ => seq('upsert', $._event_as, $.by, $.record),
    set: $ => seq('set', $._place, $.record),
    delete: $ => seq('delete', $._place),
    note: $ => seq('note', $._place, field('text', $._expression)),
    emit: $ => seq('emit', $.dotted_name, $.record),
    call: $ => prec.right(seq('call', $.invocation, repeat($._call_option))),
    _call_option: $ => choice('later', $.retry, $.undo, $.otherwise),
    retry: $ => seq('retry', $.number, optional(seq('backoff', field('backoff', $._expression)))),
    undo: $ => seq('undo', 'call', $.invocation),
    otherwise: $ => seq(continuing('else'), $._block_or_statement),
    start: $ => seq('start', $.invocation),
    cancel: $ => seq('cancel', $.invocation),
    run: $ => seq('run', $.invocation),
    notify: $ => prec.right(seq('notify', list($._who), field('text', $._expression), optional($.by))),
    _who: $ => choice($._place, seq('role', $.identifier)),
    if: $ => prec.right(seq('if', $._expression, $.block, optional(seq(continuing('else'), choice($.block, $.if))))),
    for_each: $ => seq('for', 'each', name($), 'in', $._expression, optional($.where), $.block),
    fail: $ => seq('fail', $._expression),
    log: $ => seq('log', $._expression),
    stop: _ => 'stop',
    hold: _ => 'hold',

    // --- workflows
    workflow: $ => seq('workflow', name($), $.parameters, label($), $.block),
    approve: $ => prec.right(seq('approve', 'by', list($._who), 'within', field('within', $._expression), optional($.otherwise))),
    step: $ => seq('step', optional(seq(name($), '=')), choice($.call, $.run)),
    parallel: $ => seq('parallel', $.block),
    wait: $ => prec.right(seq('wait', 'for', $._event_as, optional($.where), optional(seq('timeout', field('timeout', $._expression))), optional($.otherwise))),
    sleep: $ => seq('sleep', choice(seq('until', $._expression, optional($.at)), seq('for', $._expression))),
    at: $ => seq('at', $.time_of_day, optional($.zone)),
    schedule: $ => seq('schedule', name($), label($), items($, choice($.every, $.when, $.then))),
    every: $ => seq('every', choice($.duration, $.identifier),
      optional(seq('on', optional('last'), $.identifier, optional($.number))), optional($.at)),

    // --- business time
    holidays: $ => seq('holidays', name($), label($), items($, choice($.fixed, $.easter, $.weekday, $.once_on, $.include))),
    fixed: $ => seq('fixed', $.month_day, label($), repeat($._holiday_term)),
    easter: $ => seq('easter', optional(seq(choice('+', '-'), $.number)), label($), repeat($._holiday_term)),
    weekday: $ => seq(
      'weekday', optional($.number), $.identifier, choice('before', 'after'), $.month_day, label($), repeat($._holiday_term)),
    years: $ => prec.right(from_until($.number)),   // the first and the last year in which a law knew the day
    // When a holiday is one: in which years, on which days of the week, in which part of the year, and not together with a feast.
    _holiday_term: $ => choice($.years, $.weekdays_only, $.weekdays_except, $.unless_easter, $.within_days),
    weekdays_only: $ => seq('only', list($.identifier)),
    weekdays_except: $ => seq('except', list($.identifier)),
    unless_easter: $ => seq('unless', 'easter', optional(seq(choice('+', '-'), $.number))),
    within_days: $ => seq('within', $.month_day, '..', $.month_day),
    once_on: $ => seq('once', $.date, label($)),
    include: $ => seq('include', list($.dotted_name)),
    calendar: $ => seq('calendar', name($), label($), items($, choice(
      $.hours, $.in_zone, $.keeps, $.closed, $.opened))),
    in_zone: $ => seq('zone', $.zone),
    keeps: $ => seq('holidays', list($.dotted_name)),
    closed: $ => seq('closed', list($.days_range)),
    opened: $ => seq('open', $.date, list($.time_range)),
    days_range: $ => seq($.date, optional(seq('..', $.date))),
    hours: $ => seq(list($.days), list($.time_range)),
    days: $ => seq($.identifier, optional(seq('..', $.identifier))),
    time_range: $ => seq($.time_of_day, '..', $.time_of_day),
    clock: $ => seq('clock', name($), label($), 'on', field('entity', $.dotted_name), items($, choice(
      $.starts, $.stops, $.pauses, $.warn, $.option))),
    starts: $ => seq('starts', choice($.on, $.when)),
    stops: $ => seq('stops', choice($.on, $.when)),
    pauses: $ => seq('pauses', 'while', $._expression),
    warn: $ => seq('warn', 'at', list($.percent)),

    // --- connectors and formats
    connector: $ => seq('connector', name($), label($), items($, choice(
      $.auth, $.limit, $.retry_on, $.receive, $.action, $.poll, $.option))),
    auth: $ => seq('auth', $.identifier, $.record),
    limit: $ => seq('limit', $.rate),
    retry_on: $ => seq('retry', 'on', list($._expression), optional(seq('honouring', $.identifier))),
    receive: $ => seq('receive', $.identifier, $.string, items($, choice($.option, $.arrival))),
    arrival: $ => seq($.when, 'then', $._block_or_statement),
    action: $ => seq('action', name($), $.parameters, optional($._result), '=', $.request),
    poll: $ => seq('poll', name($), $.every, '=', $.request),
    request: $ => seq(field('method', $.identifier), $.string, optional(items($, choice($.send, $.result, $.option, $.for_each)))),
    send: $ => seq('send', $.record),
    result: $ => seq('result', $._expression),
    format: $ => seq('format', name($), $.parameters, label($), 'as', $.identifier, items($, choice($.rows, $.option))),
    rows: $ => seq('row', 'for', 'each', name($), 'in', $._expression, optional($.where), items($, $.field)),

    // --- metrics, reports, views, roles
    metric: $ => seq('metric', name($), label($), $._value, optional($.by), optional(seq('over', $.identifier))),
    report: $ => seq('report', name($), $.parameters, label($), $.report_body),
    report_body: $ => items($, choice($.section, $.chart, $.listing, $.text, $.narrative)),
    section: $ => seq('section', $.string, $.report_body),
    chart: $ => seq('chart', $.identifier, $._expression, optional($.by)),
    listing: $ => seq('table', $.dotted_name, optional($.where), items($, $._view_item)),
    text: $ => seq('text', $._expression),
    narrative: $ => seq('script', $.invocation),
    view: $ => seq('view', name($), label($), field('shape', $.identifier), 'of', $.dotted_name, optional($.by), items($, $._view_item)),
    _view_item: $ => choice($.show, $.where, $.sort, $.do),
    show: $ => seq('show', list($.dotted_name)),
    sort: $ => seq('sort', list(seq($.dotted_name, optional('descending')))),
    do: $ => seq('do', list($.dotted_name)),
    role: $ => seq('role', name($), label($), items($, choice($.right, $.see, $.do, $.include))),
    right: $ => seq(choice('read', 'create', 'change', 'delete'), $.dotted_name, optional(parens($.identifier)), optional($.where)),
    see: $ => seq('see', list($.dotted_name)),

    // --- tests
    test: $ => seq('test', $.string, items($, choice(
      $.moment_is, $.given, $.given_setting, $.happens, $.acts, $.answer, $.passes, $.expect))),
    moment_is: $ => seq('at', $.moment),
    given: $ => seq('given', $.dotted_name, $.identifier, $.record),
    given_setting: $ => seq('given', 'setting', $.assignment),
    happens: $ => seq('when', $.dotted_name, $.record, optional($._actor)),
    acts: $ => seq('when', choice(
      $.create, $.upsert, $.set, $.delete, $.note, $.emit, $.call, $.start, $.cancel, $.run), optional($._actor)),
    _actor: $ => seq('by', field('actor', $.identifier)),
    answer: $ => seq('answer', $.dotted_name, choice($.record, seq('fails', field('failure', $._expression)))),
    passes: $ => seq('after', $.duration),
    expect: $ => seq('expect', choice(
      $._expression,
      seq(field('count', choice('one', 'no', 'some', $.number)), $._event_as, optional(seq('for', $.identifier)), optional($.where)))),

    // --- expressions
    _expression: $ => choice($._atom, $.binary, $.unary, $.presence, $.conditional, $.case),
    _atom: $ => choice(
      $.identifier, $.member, $.invocation, $.list, $.record, $.parenthesized, $.string, $.text_block,
      $.true, $.false, $.number, $.percent, $.money, $.duration, $.date, $.time_of_day, $.moment),
    _place: $ => choice($.identifier, $.member),
    member: $ => prec(PREC.access, seq($._atom, '.', field('name', choice($.identifier, $.string)))),
    invocation: $ => prec(PREC.access, seq(field('function', $._place), token.immediate('('),
      optional(seq(list($._argument), optional(','))), ')')),
    _argument: $ => choice($._expression, $.named_argument, $.query),
    named_argument: $ => seq(name($), $._value),
    query: $ => seq($._expression, $.where),
    list: $ => seq('[', optional(seq(list($._expression), optional(','))), ']'),
    parenthesized: $ => seq('(', $._expression, ')'),
    _comparison: _ => choice('==', '!=', '<', '<=', '>', '>=', seq(optional('not'), choice('in', 'starts', 'ends', 'contains', 'matches'))),
    binary: $ => choice(
      ...infix($, PREC.range, '..'),
      ...infix($, PREC.coalesce, 'default'),
      ...joining($, PREC.or, 'or'),
      ...joining($, PREC.and, 'and'),
      ...infix($, PREC.compare, $._comparison),
      ...infix($, PREC.add, choice('+', '-')),
      ...infix($, PREC.multiply, choice('*', '/'))),
    unary: $ => choice(
      prec(PREC.not, seq('not', $._expression)),
      prec(PREC.unary, seq('-', $._expression))),
    presence: $ => prec(PREC.compare, seq($._expression, 'is', optional('not'), 'set')),
    conditional: $ => prec.right(seq('if', $._expression, 'then', $._expression, 'else', $._expression)),
    case: $ => seq('case', $._expression, items($, $.arm)),
    arm: $ => seq(choice(list($._test), 'else'), '->', $._expression),

    // --- names
    dotted_name: $ => prec.left(seq($.identifier, repeat(seq('.', $.identifier)))),
    identifier: _ => /[A-Za-z_][A-Za-z0-9_]*/,
    true: _ => 'true',
    false: _ => 'false',

    // --- text
    string: $ => seq('"', repeat(choice($.string_content, $.escape, $.interpolation)), choice(token.immediate('"'), alias('\n', $.unterminated))),
    string_content: _ => token.immediate(prec(1, /[^"\\{\n]+/)),
    escape: _ => token.immediate(/\\[^\n]/),
    interpolation: $ => seq(token.immediate('{'), $._expression, optional($.picture), '}'),
    picture: _ => token.immediate(/:[^}"\n]+/),
    text_block: $ => seq('"""', repeat(choice(alias($.block_content, $.string_content), $.escape, $.interpolation)), token.immediate('"""')),
    block_content: _ => token.immediate(prec(1, /([^"\\{]|"[^"\\{]|""[^"\\{])+/)),

    // --- literals: a unit is any word, the checker knows which exist
    number: _ => /\d+(\.\d+)?/,
    percent: _ => /\d+(\.\d+)?%/,
    money: _ => /\d+(\.\d+)? [A-Z]{3}/,
    duration: _ => token(choice(/(\d+[a-zµ]+)+/, /\d+ (workdays?|workhours?|workmin|days?|weeks?|months?|years?)/)),
    month_day: _ => /\d{2}-\d{2}/,
    date: _ => /\d{4}-\d{2}-\d{2}/,
    time_of_day: _ => /\d{2}:\d{2}(:\d{2})?/,
    moment: $ => seq($.instant, optional($.zone)),
    instant: _ => /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?/,
    zone: _ => token(choice('UTC', /[A-Z][A-Za-z_]+(\/[A-Za-z0-9_+\-]+)+/, /[+\-]\d{2}:\d{2}/)),

    comment: _ => token(prec(-1, /#[^\n]*/)),
  },
})
