//! `scan`: sequences of rows that fit steps, each of which may look at the rows that fitted before.
//!
//! Rows are taken in order. For each, steps are tried from last to first. A row fits a step either behind the step
//! before it, whose state then moves on to this step, or as a further row of this step. The first step begins a new
//! sequence with a row that fits when the one before has moved on.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;

use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{self, BinaryOp, ExprKind, Scan};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::expression::condition;
use crate::kql::kernel::{Collector, Reader};
use crate::kql::relation::{Col, Relation, column};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::split;
use crate::table::{RECORD, Type};

/// An expression of a step: ready for all rows, or to be computed row by row because it looks at a state.
#[derive(Clone)]
enum Part {
    /// A hidden column of the input.
    Ready(String, Type),
    /// A constant.
    Constant(Value<'static>),
    /// A plan over one row: the input's columns, the declared ones, and every step's.
    Stateful(Expr, Type, Vec<String>),
}

/// A column that steps assign to.
#[derive(Clone)]
struct Assigned {
    col: Col,
    /// Its value where no step has assigned one; a column of the input has none: it is the row's own.
    default: Option<Value<'static>>,
}

struct Step {
    output: Output,
    /// All must hold.
    condition: Vec<Part>,
    assignments: Vec<(usize, Part)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Output {
    All,
    Last,
    None,
}

/// The rows that a sequence holds: for each step up to the current one, its last row and assigned values.
#[derive(Clone, Default)]
struct State {
    sequence: i64,
    held: Vec<Option<(usize, Vec<Value<'static>>)>>,
}

/// Compiles the operator.
pub fn compile(c: &Compiler<'_>, scan: &Scan, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    if !input.ordered {
        let note = Diagnostic::note(
            "scan takes the rows as they come",
            scan.steps.first().map_or_else(Default::default, |step| step.name.span),
        );
        c.note(note.help("put `| sort by …` before it"));
    }
    let steps: Vec<&str> = scan.steps.iter().map(|step| step.name.text.as_str()).collect();
    let mut declared: Vec<Assigned> = Vec::new();
    for parameter in &scan.declare {
        let ty = parameter.ty.unwrap_or(Type::Dynamic);
        let default = match &parameter.default {
            Some(default) => crate::kql::convert::cast(&c.constant(default, env)?.0, ty).into_owned(),
            None => Scalar::null(ty).constant.unwrap_or(Value::Null),
        };
        declared.push(Assigned { col: Col::new(&parameter.name.text, ty), default: Some(default) });
    }
    let visible: Vec<Col> = input.columns.clone();
    // The output: the input's columns in their places, then the declared ones.
    let mut result: Vec<Col> = visible.clone();
    result.retain(|col| !declared.iter().any(|known| known.col.name == col.name));
    result.extend(declared.iter().map(|known| known.col.clone()));
    // A step may assign to a column of the input as well.
    for (name, _) in scan.steps.iter().flat_map(|step| &step.assignments) {
        if !declared.iter().any(|known| known.col.name == name.text)
            && let Some(col) = input.find(&name.text)
        {
            declared.push(Assigned { col: col.clone(), default: None });
        }
    }
    // What an expression of a step may name.
    let mut columns: Vec<Col> = result.clone();
    let mut names: HashMap<(String, String), String> = HashMap::new();
    let plain = columns.clone();
    for step in &steps {
        for col in &plain {
            let hidden = format!("#{step}.{}", col.name);
            names.insert(((*step).to_owned(), col.name.clone()), hidden.clone());
            columns.push(Col::new(hidden, col.ty));
        }
    }
    let view = Relation { columns, groups: Vec::new(), lineage: None, ..input.clone() };
    let mut ready: Vec<Expr> = Vec::new();
    let mut part = |expr: &ast::Expr, ty: Option<Type>| -> Compiled<Part> {
        let mut stateful = false;
        let rewritten = rewrite(expr, &names, &mut stateful);
        stateful |= mentions(expr, &declared);
        let scalar = c.scalar(&rewritten, &Scope::over(env, &view))?;
        let scalar = match ty {
            Some(ty) => crate::kql::compare::convert(scalar, ty),
            None => condition(scalar, expr.span)?,
        };
        if let Some(constant) = scalar.constant {
            return Ok(Part::Constant(constant));
        }
        if stateful {
            let reads = view.columns.iter().filter(|col| rewritten.reads(&col.name));
            return Ok(Part::Stateful(scalar.expr, scalar.ty, reads.map(|col| col.name.clone()).collect()));
        }
        let hidden = c.hidden("scan");
        ready.push(scalar.expr.alias(hidden.as_str()));
        Ok(Part::Ready(hidden, scalar.ty))
    };
    let mut compiled: Vec<Step> = Vec::new();
    for step in &scan.steps {
        let mut conjuncts = Vec::new();
        conjunction(&step.condition, &mut conjuncts);
        let mut conditions = conjuncts.into_iter().map(|expr| part(expr, None)).collect::<Compiled<Vec<Part>>>()?;
        // What needs no state is looked at first.
        conditions.sort_by_key(|part| matches!(part, Part::Stateful(..)));
        let mut assignments = Vec::new();
        for (name, expr) in &step.assignments {
            let Some(at) = declared.iter().position(|known| known.col.name == name.text) else {
                return Err(Diagnostic::error(format!("`{}` is not declared", name.text), name.span)
                    .help("name it in `declare (name:type)`"));
            };
            assignments.push((at, part(expr, Some(declared[at].col.ty))?));
        }
        let output = match step.output.as_str() {
            "all" => Output::All,
            "last" => Output::Last,
            "none" => Output::None,
            other => {
                return Err(Diagnostic::error(format!("unknown output `{other}`"), step.name.span)
                    .help("it is all, last or none"));
            }
        };
        if step.optional {
            return Err(Diagnostic::error("optional steps are not supported", step.name.span)
                .help("write one scan for each form of the sequence"));
        }
        compiled.push(Step { output, condition: conditions, assignments });
    }
    let machine = Machine {
        steps: compiled,
        names: steps.iter().map(|s| (*s).to_owned()).collect(),
        declared: declared.clone(),
        view: view.columns.clone(),
    };
    // Where each column of the output comes from: a value that steps assign, or the row.
    let sources: Vec<(String, Option<usize>)> = result
        .iter()
        .map(|col| (col.name.clone(), declared.iter().position(|known| known.col.name == col.name)))
        .collect();
    let id = scan.match_id.as_ref().map(|name| name.text.clone());
    result.extend(id.iter().map(|name| Col::new(name.as_str(), Type::Long)));
    let fields = result.clone();
    let carried = input.carried();
    let schema_carried = carried.clone();
    let schema = move |given: &Schema| -> PolarsResult<SchemaRef> {
        let mut out: Vec<Field> = fields.iter().map(|c| Field::new(c.name.as_str().into(), c.ty.dtype())).collect();
        for name in &schema_carried {
            out.push(Field::new(name.as_str().into(), given.get(name).cloned().unwrap_or(DataType::String)));
        }
        Ok(Arc::new(Schema::from_iter(out)))
    };
    let groups = input.groups.clone();
    let lineage = input.lineage.is_some();
    let evaluate = move |frame: DataFrame| -> PolarsResult<DataFrame> {
        let keys = groups.iter().map(|key| Ok(frame.column(key)?.as_materialized_series().clone()));
        let keys = keys.collect::<PolarsResult<Vec<Series>>>()?;
        let mut made: Vec<Row> = Vec::new();
        for rows in split(&keys, frame.height())? {
            made.extend(machine.run(&frame, &rows)?);
        }
        let index: Vec<u32> = made.iter().map(|row| row.at as u32).collect();
        let index = IdxCa::from_vec("".into(), index);
        let mut columns: Vec<Column> = Vec::new();
        for (name, assigned) in &sources {
            let Some((position, known)) = assigned.and_then(|at| Some((at, machine.declared.get(at)?))) else {
                columns.push(frame.column(name)?.take(&index)?);
                continue;
            };
            let mut collector = Collector::new(known.col.ty, made.len());
            made.iter().for_each(|row| collector.push(row.declared.get(position).cloned().unwrap_or(Value::Null)));
            columns.push(collector.finish().with_name(name.as_str().into()).into());
        }
        if let Some(id) = &id {
            let ids: Vec<i64> = made.iter().map(|row| row.sequence).collect();
            columns.push(Series::new(id.as_str().into(), ids).into());
        }
        for key in &groups {
            columns.push(frame.column(key)?.take(&index)?);
        }
        if lineage {
            columns.push(frame.column(RECORD)?.take(&index)?);
        }
        DataFrame::new(made.len(), columns)
    };
    let mut select: Vec<Expr> = visible.iter().map(|col| column(&col.name)).collect();
    select.extend(carried.iter().map(|name| column(name)));
    let hidden: Vec<Expr> = ready;
    let frame = input.frame.clone().select(select).with_columns(hidden);
    let frame = frame.map(evaluate, AllowedOptimizations::empty(), Some(Arc::new(schema)), Some("scan"));
    Ok(Relation { frame, columns: result, ordered: true, open: false, extensible: false, ..input })
}

struct Row {
    at: usize,
    declared: Vec<Value<'static>>,
    sequence: i64,
}

struct Machine {
    steps: Vec<Step>,
    names: Vec<String>,
    declared: Vec<Assigned>,
    view: Vec<Col>,
}

impl Machine {
    fn run(&self, frame: &DataFrame, rows: &[usize]) -> PolarsResult<Vec<Row>> {
        let mut states: Vec<Option<State>> = vec![None; self.steps.len()];
        let mut pending: Vec<Option<Row>> = (0..self.steps.len()).map(|_| None).collect();
        let mut out: Vec<Row> = Vec::new();
        let mut next = 0_i64;
        let first = State { sequence: 0, held: vec![None; self.steps.len()] };
        for &row in rows {
            for k in (0..self.steps.len()).rev() {
                // Behind the step before.
                let behind = k.checked_sub(1).and_then(|before| states[before].clone());
                if let Some(mut state) = behind
                    && self.holds(frame, row, k, &state)?
                {
                    out.extend(pending[k].take());
                    out.extend(pending[k - 1].take());
                    states[k - 1] = None;
                    let declared = self.assigned(frame, row, k, &state)?;
                    self.emit(k, row, &declared, state.sequence, &mut out, &mut pending);
                    state.held[k] = Some((row, declared));
                    states[k] = Some(state);
                    continue;
                }
                // A further row of this step; the first step always may begin. While it still holds a row, further
                // ones belong to the same sequence.
                let begins = k == 0 && states[k].is_none();
                let state = match (&states[k], k) {
                    (Some(state), _) => state.clone(),
                    (None, 0) => first.clone(),
                    (None, _) => continue,
                };
                if self.holds(frame, row, k, &state)? {
                    let mut state = state;
                    if begins {
                        state.sequence = next;
                        next += 1;
                    }
                    let declared = self.assigned(frame, row, k, &state)?;
                    self.emit(k, row, &declared, state.sequence, &mut out, &mut pending);
                    state.held[k] = Some((row, declared));
                    states[k] = Some(state);
                }
            }
        }
        out.extend(pending.into_iter().flatten());
        out.sort_by_key(|row| row.at);
        Ok(out)
    }

    fn emit(
        &self,
        k: usize,
        at: usize,
        declared: &[Value<'static>],
        sequence: i64,
        out: &mut Vec<Row>,
        pending: &mut [Option<Row>],
    ) {
        let row = Row { at, declared: declared.to_vec(), sequence };
        match self.steps[k].output {
            Output::All => out.push(row),
            Output::Last => pending[k] = Some(row),
            Output::None => {}
        }
    }

    fn holds(&self, frame: &DataFrame, row: usize, k: usize, state: &State) -> PolarsResult<bool> {
        let declared = self.kept(frame, row, k, state)?;
        for part in &self.steps[k].condition {
            if !matches!(self.value(frame, row, part, state, &declared)?, Value::Bool(true)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Values before a step assigns: of a declared column what the step held, else its default; of a column of the
    /// input what the row has.
    fn kept(&self, frame: &DataFrame, row: usize, k: usize, state: &State) -> PolarsResult<Vec<Value<'static>>> {
        let held = state.held.get(k).and_then(Option::as_ref);
        let value = |(at, known): (usize, &Assigned)| match (&known.default, held) {
            (None, _) => cell(frame, &known.col.name, known.col.ty, row),
            (Some(default), None) => Ok(default.clone()),
            (Some(_), Some((_, values))) => Ok(values.get(at).cloned().unwrap_or(Value::Null)),
        };
        self.declared.iter().enumerate().map(value).collect()
    }

    fn assigned(&self, frame: &DataFrame, row: usize, k: usize, state: &State) -> PolarsResult<Vec<Value<'static>>> {
        let mut declared = self.kept(frame, row, k, state)?;
        for (at, part) in &self.steps[k].assignments {
            let value = self.value(frame, row, part, state, &declared)?;
            declared[*at] = value;
        }
        Ok(declared)
    }

    fn value(
        &self,
        frame: &DataFrame,
        row: usize,
        part: &Part,
        state: &State,
        declared: &[Value<'static>],
    ) -> PolarsResult<Value<'static>> {
        let (plan, ty, reads) = match part {
            Part::Constant(value) => return Ok(value.clone()),
            Part::Ready(name, ty) => return cell(frame, name, *ty, row),
            Part::Stateful(plan, ty, reads) => (plan, *ty, reads),
        };
        let mut columns: Vec<Column> = Vec::with_capacity(reads.len());
        for name in reads {
            let Some(col) = self.view.iter().find(|col| col.name == *name) else { continue };
            let value = match name.strip_prefix('#').and_then(|rest| self.of_step(rest)) {
                None => match self.declared.iter().position(|known| known.col.name == *name) {
                    Some(at) => declared.get(at).cloned().unwrap_or(Value::Null),
                    None => cell(frame, name, col.ty, row)?,
                },
                Some((step, own)) => {
                    let at = self.declared.iter().position(|known| known.col.name == own);
                    match (state.held.get(step).and_then(Option::as_ref), at) {
                        (Some((_, values)), Some(at)) => values.get(at).cloned().unwrap_or(Value::Null),
                        (Some((held, _)), None) => cell(frame, own, col.ty, *held)?,
                        (None, Some(at)) => self.declared[at].default.clone().unwrap_or(Value::Null),
                        (None, None) => Value::Null,
                    }
                }
            };
            let value = if col.ty == Type::String && value.is_null() { Value::text("") } else { value };
            let mut collector = Collector::new(col.ty, 1);
            collector.push(value);
            columns.push(collector.finish().with_name(name.as_str().into()).into());
        }
        let one = DataFrame::new(1, columns)?;
        let answer = one.lazy().select([plan.clone().cast(ty.dtype()).alias("#value")]).collect()?;
        cell(&answer, "#value", ty, 0)
    }

    /// `step.column` of a hidden name: the step's number and the column.
    fn of_step<'a>(&self, name: &'a str) -> Option<(usize, &'a str)> {
        self.names.iter().enumerate().find_map(|(number, step)| {
            name.strip_prefix(step.as_str()).and_then(|rest| rest.strip_prefix('.')).map(|own| (number, own))
        })
    }
}

fn cell(frame: &DataFrame, name: &str, ty: Type, row: usize) -> PolarsResult<Value<'static>> {
    let series = frame.column(name)?.as_materialized_series().slice(row as i64, 1).rechunk();
    Ok(Reader::new(&series, ty)?.value(0).into_owned())
}

/// The parts of a condition that must all hold.
fn conjunction<'a>(expr: &'a ast::Expr, parts: &mut Vec<&'a ast::Expr>) {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            conjunction(left, parts);
            conjunction(right, parts);
        }
        _ => parts.push(expr),
    }
}

/// The expression with `step.column` as one name.
fn rewrite(expr: &ast::Expr, names: &HashMap<(String, String), String>, found: &mut bool) -> ast::Expr {
    let mut again = |expr: &ast::Expr| Box::new(rewrite(expr, names, found));
    let kind = match &expr.kind {
        ExprKind::Member(base, member) => {
            if let ExprKind::Name(step) = &base.kind
                && let Some(hidden) = names.get(&(step.clone(), member.text.clone()))
            {
                *found = true;
                return ast::Expr { kind: ExprKind::Name(hidden.clone()), span: expr.span };
            }
            ExprKind::Member(again(base), member.clone())
        }
        ExprKind::Index(base, index) => ExprKind::Index(again(base), again(index)),
        ExprKind::Minus(operand) => ExprKind::Minus(again(operand)),
        ExprKind::Binary(op, left, right) => ExprKind::Binary(*op, again(left), again(right)),
        ExprKind::In(op, value, items) => {
            ExprKind::In(*op, again(value), items.iter().map(|item| *again(item)).collect())
        }
        ExprKind::Between { negated, value, low, high } => {
            ExprKind::Between { negated: *negated, value: again(value), low: again(low), high: again(high) }
        }
        ExprKind::Call(name, arguments) => ExprKind::Call(
            name.clone(),
            arguments.iter().map(|a| ast::Argument { name: a.name.clone(), value: *again(&a.value) }).collect(),
        ),
        other => other.clone(),
    };
    ast::Expr { kind, span: expr.span }
}

/// Whether an expression names a column that steps assign to.
fn mentions(expr: &ast::Expr, declared: &[Assigned]) -> bool {
    declared.iter().any(|known| expr.reads(&known.col.name))
}
