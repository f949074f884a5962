//! Tree to text: KQL that parses to the same tree.
//!
//! Every operation stands in parentheses, so that precedence need not be known, and a name that could be read as
//! something else stands in brackets.

use std::fmt::Write as _;

use super::Value;
use super::ast::{
    Argument, Assignment, BINARY_OPERATORS, BinaryOp, DeclaredPattern, Expansion, Expr, ExprKind, FindColumn,
    IN_OPERATORS, Lambda, LetValue, Name, Operator, OperatorKind, Parameter, ParseKind, ParsePiece, Pattern, Pipeline,
    Query, Reorder, Settings, SortKey, Statement, TEXT_OPERATORS,
};
use super::catalog::{self, OPERATORS};
use crate::table::{Type, time};

/// Words that the grammar gives a meaning where a name may stand.
const RESERVED: [&str; 36] = [
    "alias",
    "and",
    "asc",
    "between",
    "by",
    "datascope",
    "declare",
    "default",
    "desc",
    "false",
    "flags",
    "from",
    "hint",
    "id",
    "in",
    "isfuzzy",
    "kind",
    "let",
    "limit",
    "matches",
    "nulls",
    "of",
    "on",
    "optional",
    "or",
    "others",
    "output",
    "restrict",
    "set",
    "step",
    "to",
    "true",
    "typeof",
    "with",
    "with_itemindex",
    "withsource",
];

/// The text of a query.
pub fn print(query: &Query) -> String {
    let mut parts: Vec<String> = query.statements.iter().map(statement).collect();
    parts.extend(query.body.iter().map(pipeline));
    parts.join(";\n")
}

fn statement(statement: &Statement) -> String {
    match statement {
        Statement::Let { name: bound, value } => format!("let {} = {}", name(&bound.text), let_value(value)),
        Statement::Ignored { word } => format!("{} _", word.text),
        Statement::Restrict(allowed) => {
            format!("restrict access to ({})", each(allowed, |pattern| name(&pattern.text)))
        }
        Statement::Pattern(pattern) => declared(pattern),
        Statement::Parameters(list) => format!("declare query_parameters{}", parameters(list)),
    }
}

fn declared(pattern: &DeclaredPattern) -> String {
    let head = format!("declare pattern {}", name(&pattern.name.text));
    if pattern.rules.is_empty() && pattern.parameters.is_empty() {
        return head;
    }
    let path = pattern.path.as_ref().map(|path| format!("[{}]", parameter(path))).unwrap_or_default();
    let rules: String = pattern
        .rules
        .iter()
        .map(|rule| {
            let path = rule.path.as_ref().map(|path| format!(".[{}]", expr(path))).unwrap_or_default();
            format!("    ({}){path} = {{ {} }};\n", each(&rule.values, expr), print(&rule.body.body))
        })
        .collect();
    format!("{head} = {}{path} {{\n{rules}}}", parameters(&pattern.parameters))
}

fn let_value(value: &LetValue) -> String {
    match value {
        LetValue::Expression(value) => pipeline(value),
        LetValue::Function(function) => format!("{}{}", if function.view { "view " } else { "" }, lambda(function)),
    }
}

fn lambda(lambda: &Lambda) -> String {
    format!("{} {{\n{}\n}}", parameters(&lambda.parameters), print(&lambda.body))
}

fn parameters(list: &[Parameter]) -> String {
    format!("({})", each(list, parameter))
}

fn parameter(parameter: &Parameter) -> String {
    let ty = parameter.ty.map_or("(*)", |ty| ty.name());
    let default = parameter.default.as_ref().map(|value| format!(" = {}", expr(value))).unwrap_or_default();
    format!("{}:{ty}{default}", name(&parameter.name.text))
}

fn each<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Operators and pipes.
pub fn pipeline(pipeline: &Pipeline) -> String {
    pipeline.operators.iter().map(operator).collect::<Vec<_>>().join("\n| ")
}

/// What `union`, `find in` and `search in` list: a pipeline without parentheses is read as one table.
fn tables(list: &[Pipeline]) -> String {
    each(list, pipeline)
}

fn group(inner: &Pipeline) -> String {
    format!("({})", pipeline(inner))
}

fn operator(operator: &Operator) -> String {
    use OperatorKind as K;
    match &operator.kind {
        K::Source(source) => expr(source),
        K::As(bound) => format!("as {}", name(&bound.text)),
        K::Consume => "consume".into(),
        K::Count(named) => match named {
            Some(named) => format!("count as {}", name(&named.text)),
            None => "count".into(),
        },
        K::Datatable { columns, values } => format!("datatable {} [{}]", schema(columns), each(values, expr)),
        K::Distinct(columns) => format!("distinct {}", assignments(columns)),
        K::Evaluate { plugin, arguments: given, schema } => {
            let mut text = format!("evaluate {}{}", name(&plugin.text), arguments(given));
            if let Some((keep, columns)) = schema {
                let mut list: Vec<String> = keep.then(|| "*".to_owned()).into_iter().collect();
                list.extend(columns.iter().map(column));
                let _ = write!(text, " : ({})", list.join(", "));
            }
            text
        }
        K::Extend(columns) => format!("extend {}", assignments(columns)),
        K::Externaldata { columns, uris, settings: given } => {
            let with = if given.0.is_empty() { String::new() } else { format!(" with ({})", settings(given, ", ")) };
            format!("externaldata {} [{}]{with}", schema(columns), each(uris, expr))
        }
        K::Facet { by, with } => {
            let with = with.as_ref().map(|with| format!(" with {}", group(with))).unwrap_or_default();
            format!("facet by {}{with}", each(by, expr))
        }
        K::Find { withsource, tables: list, predicate, project } => {
            let mut text = "find".to_owned();
            if let Some(source) = withsource {
                let _ = write!(text, " withsource={}", name(&source.text));
            }
            if !list.is_empty() {
                let _ = write!(text, " in ({})", tables(list));
            }
            if let Some(predicate) = predicate {
                let _ = write!(text, " where {}", expr(predicate));
            }
            if let Some(columns) = project {
                let column = |it: &FindColumn| {
                    let ty = it.ty.map(|ty| format!(":{ty}")).unwrap_or_default();
                    assignments(std::slice::from_ref(&it.column)) + &ty
                };
                let _ = write!(text, " project {}", each(columns, column));
            }
            text
        }
        K::Fork(legs) => {
            let leg = |(named, leg): &(Option<Name>, Pipeline)| {
                let named = named.as_ref().map(|named| format!("{} = ", name(&named.text))).unwrap_or_default();
                named + &group(leg)
            };
            format!("fork {}", legs.iter().map(leg).collect::<Vec<_>>().join(" "))
        }
        K::Getschema => "getschema".into(),
        K::Invoke { function, arguments: given } => format!("invoke {}{}", name(&function.text), arguments(given)),
        K::Join { settings, right, on } => joined("join", settings, right, on),
        K::Lookup { settings, right, on } => joined("lookup", settings, right, on),
        K::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings: given } => {
            let aggregates = each(aggregates, |(aggregate, default)| {
                let default = default.as_ref().map(|value| format!(" default={}", expr(value))).unwrap_or_default();
                format!("{}{default}", assignment(aggregate))
            });
            let mut text = format!("make-series {} {aggregates} on {}", settings(given, " "), assignment(axis));
            match (from, to) {
                (Some(from), Some(to)) if *inclusive => {
                    let _ = write!(text, " in range({}, {}, {})", expr(from), expr(to), expr(step));
                }
                _ => {
                    for (word, end) in [("from", from), ("to", to)] {
                        let _ = end.as_ref().map(|end| write!(text, " {word} {}", expr(end)));
                    }
                    let _ = write!(text, " step {}", expr(step));
                }
            }
            text + &keys(by)
        }
        K::MvApply { items, index, limit, on } => {
            format!(
                "mv-apply{} {}{} on {}",
                item_index(index.as_ref()),
                each(items, expansion),
                limited(limit),
                group(on)
            )
        }
        K::MvExpand { items, array, index, limit } => {
            let kind = if *array { " kind=array" } else { "" };
            format!("mv-expand{kind}{} {}{}", item_index(index.as_ref()), each(items, expansion), limited(limit))
        }
        K::Parse { kind, flags, expr: value, pattern, only } => {
            let kind = match kind {
                ParseKind::Simple => "simple",
                ParseKind::Relaxed => "relaxed",
                ParseKind::Regex => "regex",
            };
            let flags = if flags.is_empty() { String::new() } else { format!(" flags={}", quoted(flags)) };
            let word = if *only { "parse-where" } else { "parse" };
            // A comma keeps neighbouring texts apart; the grammar skips it.
            let pieces = each(pattern, |piece| match piece {
                ParsePiece::Text(text) => quoted(text),
                ParsePiece::Skip => "*".into(),
                ParsePiece::Column(column, ty) => format!("{}:{ty}", name(&column.text)),
            });
            format!("{word} kind={kind}{flags} {} with {pieces}", expr(value))
        }
        K::ParseKv { expr: value, keys, settings: given } => {
            let with = if given.0.is_empty() { String::new() } else { format!(" with ({})", settings(given, ", ")) };
            format!("parse-kv {} as {}{with}", expr(value), schema(keys))
        }
        K::Partition { by, with } => match with.operators.first().map(|first| &first.kind) {
            Some(K::Source(_)) => format!("partition by {} {{ {} }}", expr(by), pipeline(with)),
            _ => format!("partition by {} {}", expr(by), group(with)),
        },
        K::Print(columns) => format!("print {}", assignments(columns)),
        K::Project(columns) => format!("project {}", assignments(columns)),
        K::ProjectAway(patterns) => format!("project-away {}", each(patterns, pattern)),
        K::ProjectByNames(names) => format!("project-by-names {}", each(names, expr)),
        K::ProjectKeep(patterns) => format!("project-keep {}", each(patterns, pattern)),
        K::ProjectRename(pairs) => {
            format!("project-rename {}", each(pairs, |(new, old)| format!("{} = {}", name(&new.text), name(&old.text))))
        }
        K::ProjectReorder(orders) => {
            let one = |(columns, order): &(Pattern, Reorder)| {
                let order = match order {
                    Reorder::Keep => "",
                    Reorder::Ascending => " asc",
                    Reorder::Descending => " desc",
                    Reorder::GrannyAscending => " granny-asc",
                    Reorder::GrannyDescending => " granny-desc",
                };
                format!("{}{order}", pattern(columns))
            };
            format!("project-reorder {}", each(orders, one))
        }
        K::Range { name: bound, from, to, step } => {
            let step = step.as_ref().map(|step| format!(" step {}", expr(step))).unwrap_or_default();
            format!("range {} from {} to {}{step}", name(&bound.text), expr(from), expr(to))
        }
        K::Reduce { by, settings: given } => {
            let (kind, others): (Vec<_>, Vec<_>) = given.0.iter().cloned().partition(|(key, _)| key.text == "kind");
            let written = |list: Vec<_>, before: &str| match list.is_empty() {
                true => String::new(),
                false => format!("{before}{}", settings(&Settings(list), ", ")),
            };
            format!("reduce{} by {}{}", written(kind, " "), expr(by), written(others, " with "))
        }
        K::Render => "render table".into(),
        K::Sample(count) => format!("sample {}", expr(count)),
        K::SampleDistinct { count, of } => format!("sample-distinct {} of {}", expr(count), expr(of)),
        K::Scan(scan) => {
            let mut text = "scan".to_owned();
            if let Some(bound) = &scan.match_id {
                let _ = write!(text, " with_match_id={}", name(&bound.text));
            }
            if !scan.declare.is_empty() {
                let _ = write!(text, " declare {}", parameters(&scan.declare));
            }
            text.push_str(" with (");
            for step in &scan.steps {
                let optional = if step.optional { " optional" } else { "" };
                let _ = write!(text, "\n    step {}{optional} output={}: ", name(&step.name.text), step.output);
                text.push_str(&expr(&step.condition));
                if !step.assignments.is_empty() {
                    let one = |(column, value): &(Name, Expr)| format!("{} = {}", name(&column.text), expr(value));
                    let _ = write!(text, " => {}", each(&step.assignments, one));
                }
                text.push(';');
            }
            text + ")"
        }
        K::Search { tables: list, case_sensitive, predicate } => {
            let kind = if *case_sensitive { " kind=case_sensitive" } else { "" };
            let list = if list.is_empty() { String::new() } else { format!(" in ({})", tables(list)) };
            format!("search{kind}{list} {}", expr(predicate))
        }
        K::Serialize(columns) => format!("serialize {}", assignments(columns)),
        K::Sort(keys) => format!("sort by {}", each(keys, sort_key)),
        K::Summarize { aggregates, by } => format!("summarize {}{}", assignments(aggregates), keys(by)),
        K::Take(count) => format!("take {}", expr(count)),
        K::Top { count, by } => format!("top {} by {}", expr(count), each(by, sort_key)),
        K::TopHitters { count, of, by } => {
            let by = by.as_ref().map(|by| format!(" by {}", expr(by))).unwrap_or_default();
            format!("top-hitters {} of {}{by}", expr(count), expr(of))
        }
        K::TopNested(levels) => each(levels, |level| {
            let count = level.count.as_ref().map(|count| format!("{} ", expr(count))).unwrap_or_default();
            let others = level.others.as_ref().map(|value| format!(" with others = {}", expr(value)));
            let others = others.unwrap_or_default();
            let order = if level.ascending { "asc" } else { "desc" };
            format!("top-nested {count}of {}{others} by {} {order}", assignment(&level.of), assignment(&level.by))
        }),
        K::Union { settings: given, tables: list } => format!("union {} {}", settings(given, " "), tables(list)),
        K::Where(predicate) => format!("where {}", expr(predicate)),
    }
}

fn joined(word: &str, given: &Settings, right: &Pipeline, on: &[Expr]) -> String {
    let on = if on.is_empty() { String::new() } else { format!(" on {}", each(on, expr)) };
    format!("{word} {} {}{on}", settings(given, " "), group(right))
}

fn keys(by: &[Assignment]) -> String {
    if by.is_empty() { String::new() } else { format!(" by {}", assignments(by)) }
}

fn limited(limit: &Option<Expr>) -> String {
    limit.as_ref().map(|limit| format!(" limit {}", expr(limit))).unwrap_or_default()
}

fn item_index(index: Option<&Name>) -> String {
    index.map(|index| format!(" with_itemindex={}", name(&index.text))).unwrap_or_default()
}

fn expansion(item: &Expansion) -> String {
    let bound = item.name.as_ref().map(|bound| format!("{} = ", name(&bound.text))).unwrap_or_default();
    let ty = item.ty.map(|ty| format!(" to typeof({ty})")).unwrap_or_default();
    format!("{bound}{}{ty}", expr(&item.expr))
}

fn assignments(list: &[Assignment]) -> String {
    each(list, assignment)
}

fn assignment(assignment: &Assignment) -> String {
    let value = expr(&assignment.expr);
    match assignment.names.as_slice() {
        names if assignment.tuple => format!("({}) = {value}", each(names, |bound| name(&bound.text))),
        [] => value,
        names => format!("{} = {value}", each(names, |bound| name(&bound.text))),
    }
}

fn sort_key(key: &SortKey) -> String {
    let order = if key.ascending { "asc" } else { "desc" };
    let nulls = if key.nulls_first { "first" } else { "last" };
    format!("{} {order} nulls {nulls}", expr(&key.expr))
}

fn schema(columns: &[(Name, Type)]) -> String {
    format!("({})", each(columns, column))
}

fn column((bound, ty): &(Name, Type)) -> String {
    format!("{}:{ty}", name(&bound.text))
}

fn pattern(pattern: &Pattern) -> String {
    format!("[{}]", quoted(&pattern.text))
}

/// Settings; their values are words where they can be.
fn settings(list: &Settings, between: &str) -> String {
    let one = |(key, value): &(Name, Expr)| {
        let value = match &value.kind {
            ExprKind::Name(word) if is_plain(word) && word != "true" && word != "false" => word.clone(),
            ExprKind::Literal(Value::Bool(_) | Value::String(_), _) => expr(value),
            // One word is all that is read without parentheses.
            _ => format!("({})", expr(value)),
        };
        format!("{}={value}", key.text)
    };
    list.0.iter().map(one).collect::<Vec<_>>().join(between)
}

fn arguments(list: &[Argument]) -> String {
    let one = |argument: &Argument| {
        let bound = argument.name.as_ref().map(|bound| format!("{}=", bound.text)).unwrap_or_default();
        format!("{bound}{}", expr(&argument.value))
    };
    format!("({})", each(list, one))
}

/// An expression that stands as one piece: a word, a literal, a call, or parentheses.
fn expr(expr: &Expr) -> String {
    piece(&expr.kind)
}

fn piece(kind: &ExprKind) -> String {
    match kind {
        ExprKind::Literal(value, ty) => literal(value, *ty),
        ExprKind::Name(word) => name(word),
        ExprKind::Wildcard(text) => text.clone(),
        ExprKind::Star => "*".into(),
        ExprKind::Member(base, member) => format!("{}.{}", based(base), member.text),
        ExprKind::Index(base, index) => format!("{}[{}]", based(base), expr(index)),
        ExprKind::Call(function, given) => format!("{}{}", called(&function.text), arguments(given)),
        ExprKind::Minus(inner) => format!("(-{})", piece(&inner.kind)),
        ExprKind::Binary(op, left, right) => format!("({} {} {})", expr(left), spelled(*op), expr(right)),
        ExprKind::In(op, value, items) => {
            let word = IN_OPERATORS.iter().find(|(_, known)| known == op).map_or("in", |(word, _)| word);
            format!("({} {word} ({}))", expr(value), each(items, self::expr))
        }
        ExprKind::Between { negated, value, low, high } => {
            let word = if *negated { "!between" } else { "between" };
            format!("({} {word} ({} .. {}))", expr(value), expr(low), expr(high))
        }
        ExprKind::Pipeline(inner) => group(inner),
        ExprKind::Typeof(columns) => {
            let list = each(columns, |(bound, ty)| match bound.as_deref() {
                Some("*") => "*".into(),
                Some(bound) => format!("{}:{ty}", name(bound)),
                None => ty.to_string(),
            });
            format!("typeof({list})")
        }
    }
}

/// What a dot or a bracket follows: a number or a star would swallow it.
fn based(base: &Expr) -> String {
    match &base.kind {
        ExprKind::Literal(..) | ExprKind::Star => format!("({})", expr(base)),
        _ => expr(base),
    }
}

fn spelled(op: BinaryOp) -> String {
    if let BinaryOp::Text(text, negated) = op {
        let word = TEXT_OPERATORS.iter().find(|(_, known)| *known == text).map_or("has", |(word, _)| word);
        let regex = if word == "matches" { " regex" } else { "" };
        return format!("{}{word}{regex}", if negated { "!" } else { "" });
    }
    BINARY_OPERATORS.iter().find(|(_, known)| *known == op).map_or("==", |(word, _)| word).to_owned()
}

fn is_plain(word: &str) -> bool {
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    starts && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
}

fn name(word: &str) -> String {
    let taken = RESERVED.contains(&word)
        || catalog::find(OPERATORS, word).is_some()
        || TEXT_OPERATORS.iter().any(|(known, _)| *known == word)
        || IN_OPERATORS.iter().any(|(known, _)| *known == word);
    if is_plain(word) && !taken { word.to_owned() } else { format!("[{}]", quoted(word)) }
}

/// A function's name: in front of a parenthesis a type begins a literal, and some operators may stand there.
fn called(word: &str) -> String {
    let taken = Type::parse(word).is_some()
        || ["datatable", "externaldata", "find", "print", "search", "typeof", "union"].contains(&word);
    if is_plain(word) && !taken { word.to_owned() } else { format!("[{}]", quoted(word)) }
}

/// A literal in quotes. A second brace is escaped, since two of them open a placeholder.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '{' if out.ends_with('{') => out.push_str("\\u007b"),
            _ => out.push(c),
        }
    }
    out + "\""
}

fn literal(value: &Value<'_>, ty: Type) -> String {
    match value {
        Value::Null => format!("{ty}(null)"),
        Value::Bool(value) => value.to_string(),
        Value::Long(value) if ty == Type::Long && *value >= 0 => value.to_string(),
        Value::Long(value) => format!("{ty}({value})"),
        Value::Real(value) if value.is_nan() => format!("{ty}(nan)"),
        Value::Real(value) if value.is_infinite() => format!("{ty}({}inf)", if *value > 0.0 { "+" } else { "-" }),
        Value::Real(value) => format!("{ty}({value:?})"),
        Value::Decimal(value) => format!("{ty}({value})"),
        Value::String(text) => quoted(text),
        Value::Datetime(ticks) => format!("datetime({})", time::iso(*ticks)),
        Value::Timespan(i64::MIN) => "timespan(min)".into(),
        Value::Timespan(i64::MAX) => "timespan(max)".into(),
        Value::Timespan(ticks) => format!("timespan({})", time::span(*ticks)),
        Value::Guid(text) => format!("guid({text})"),
        // A second brace would open a placeholder.
        Value::Dynamic(json) => format!("dynamic({})", json.replace("{{", "{\\u007b")),
    }
}
