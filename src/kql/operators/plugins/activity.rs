//! Who was active when: the user analytics plugins.
//!
//! All of them cut a timeline into bins from a start and count distinct identities, apart for each combination of
//! dimensions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{Plugin, is_table};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compiler::Compiled;
use crate::kql::context::Answer;
use crate::kql::kernel::Accepts;
use crate::kql::operators::source;
use crate::kql::relation::{Col, Relation};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, remake};
use crate::table::Type;

/// More bins than this are a slip.
const MAX_BINS: i64 = 1_000_000;

/// A constant of the axis: ticks or an integer.
pub fn axis(p: &Plugin<'_, '_>, position: usize, name: &str) -> Compiled<i64> {
    let value = p.constant(position, name)?;
    value.as_ref().and_then(at).ok_or_else(|| p.error(position, format!("expected {name}: a time or an integer")))
}

/// A point or distance of the axis.
pub fn at(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Datetime(v) | Value::Timespan(v) | Value::Long(v) => Some(*v),
        other => other.as_i64(),
    }
}

/// A point of the axis as a value of its column.
pub fn axis_value(at: i64, ty: Type) -> Value<'static> {
    match ty {
        Type::Datetime => Value::Datetime(at),
        Type::Timespan => Value::Timespan(at),
        Type::Real => Value::Real(at as f64),
        _ => Value::Long(at),
    }
}

/// Row numbers by the values of the lists from `from` on, in order of appearance.
pub fn grouped(lists: &[Vec<Value<'_>>], from: usize, rows: usize) -> Vec<(Vec<Value<'static>>, Vec<usize>)> {
    let mut groups: Vec<(Vec<Value<'static>>, Vec<usize>)> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for row in 0..rows {
        let lists = lists.get(from..).unwrap_or_default();
        let key: Vec<String> = lists.iter().map(|list| list[row].to_text().into_owned()).collect();
        let at = *known.entry(key).or_insert_with(|| {
            groups.push((lists.iter().map(|list| list[row].clone().into_owned()).collect(), Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(row);
    }
    groups
}

/// An identity at a point of the timeline.
struct Event {
    row: usize,
    at: i64,
    id: String,
}

/// What all these plugins are told.
struct Timeline {
    time: Col,
    dimensions: Vec<Col>,
    arguments: Vec<(Scalar, Accepts)>,
}

/// The rows of one combination of dimensions, and how to write a result row.
type Count = dyn Fn(&[Event]) -> Vec<(Vec<Value<'static>>, Vec<Value<'static>>, Vec<usize>)> + Send + Sync;

fn timeline(p: &Plugin<'_, '_>, dimensions_at: usize) -> Compiled<Timeline> {
    let id = p.column(0, "IdColumn")?;
    let time = p.column(1, "TimelineColumn")?;
    if !matches!(time.ty, Type::Datetime | Type::Timespan | Type::Long | Type::Int) {
        return Err(p.error(1, format!("a timeline is a datetime, a timespan or an integer, found {}", time.ty)));
    }
    let dimensions = p.columns_from(dimensions_at)?;
    let mut arguments =
        vec![(Scalar::column(&id.name, id.ty), Accepts::Text), (Scalar::column(&time.name, time.ty), Accepts::Any)];
    arguments.extend(dimensions.iter().map(|col| (Scalar::column(&col.name, col.ty), Accepts::Any)));
    Ok(Timeline { time, dimensions, arguments })
}

impl Timeline {
    /// Columns in front of the dimensions, the dimensions, and columns behind them.
    fn build(self, p: &Plugin<'_, '_>, front: Vec<Col>, back: Vec<Col>, count: Arc<Count>) -> Relation {
        let added = front.into_iter().chain(self.dimensions.into_iter().map(|col| Col::new(col.name, col.ty)));
        let added: Vec<Col> = added.chain(back).collect();
        let kernel = Arc::new(move |lists: &[Vec<Value<'_>>], rows: usize| {
            let mut made = Vec::new();
            for (key, group) in grouped(lists, 2, rows) {
                let events: Vec<Event> = group
                    .into_iter()
                    .filter_map(|row| {
                        Some(Event { row, at: at(&lists[1][row])?, id: lists[0][row].to_text().into_owned() })
                    })
                    .collect();
                for (front, back, from) in count(&events) {
                    let cells = front.into_iter().chain(key.iter().cloned()).chain(back).collect();
                    made.push(Made { source: None, from, cells });
                }
            }
            Ok(made)
        });
        remake(p.input.clone(), &self.arguments, &[], added, kernel)
    }

    fn col(&self) -> Col {
        Col::new(self.time.name.as_str(), self.time.ty)
    }
}

fn longs(names: &[&str]) -> Vec<Col> {
    names.iter().map(|name| Col::new(*name, Type::Long)).collect()
}

fn positive(p: &Plugin<'_, '_>, position: usize, name: &str) -> Compiled<i64> {
    axis(p, position, name)
        .and_then(|v| if v > 0 { Ok(v) } else { Err(p.error(position, format!("{name} is greater than 0"))) })
}

fn range(p: &Plugin<'_, '_>, step: i64, start: i64, end: i64) -> Compiled<()> {
    if end.saturating_sub(start) / step > MAX_BINS {
        return Err(Diagnostic::error(format!("more than {MAX_BINS} bins"), p.span).help("take a longer step"));
    }
    Ok(())
}

fn number(count: usize) -> Value<'static> {
    Value::Long(count as i64)
}

/// Share of `part` in `whole`; NaN of nothing.
fn ratio(part: usize, whole: usize) -> Value<'static> {
    Value::Real(part as f64 / whole as f64)
}

/// Events by bin, from `start` on, in order.
fn binned(events: &[Event], start: i64, end: i64, step: i64) -> BTreeMap<i64, Vec<&Event>> {
    let mut bins: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| (start..=end).contains(&event.at)) {
        bins.entry(start + (event.at - start).div_euclid(step) * step).or_default().push(event);
    }
    bins
}

fn ids<'e>(events: &[&'e Event]) -> BTreeSet<&'e str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

fn rows(events: &[&Event]) -> Vec<usize> {
    events.iter().map(|event| event.row).collect()
}

/// `active_users_count(id, time, start, end, lookback, period, periods, bin [, dimension …])`.
pub fn active_users(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (start, end) = (axis(p, 2, "Start")?, axis(p, 3, "End")?);
    let (lookback, period) = (positive(p, 4, "LookbackWindow")?, positive(p, 5, "Period")?);
    let (periods, step) = (positive(p, 6, "ActivePeriodsCount")?, positive(p, 7, "Bin")?);
    let timeline = timeline(p, 8)?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        let mut by_id: HashMap<&str, BTreeSet<i64>> = HashMap::new();
        for event in events {
            by_id.entry(event.id.as_str()).or_default().insert(event.at);
        }
        let bins = binned(events, start, end, step).into_iter().filter_map(|(bin, members)| {
            // Active: seen in enough periods of the window that ends with the event.
            let active = |event: &Event| {
                let window = (event.at.saturating_sub(lookback).saturating_add(1))..=event.at;
                let seen: HashSet<i64> =
                    by_id[event.id.as_str()].range(window).map(|at| (at - start).div_euclid(period)).collect();
                seen.len() as i64 >= periods
            };
            let members: Vec<&Event> = members.into_iter().filter(|event| active(event)).collect();
            let found = ids(&members).len();
            (found > 0).then(|| (vec![axis_value(bin, ty)], vec![number(found)], rows(&members)))
        });
        bins.collect()
    });
    Ok(timeline.build(p, vec![time], longs(&["dcount"]), count))
}

/// `activity_counts_metrics(id, time, start, end, step [, dimension …])`.
pub fn counts(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (start, end, step) = (axis(p, 2, "Start")?, axis(p, 3, "End")?, positive(p, 4, "Step")?);
    let timeline = timeline(p, 5)?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut made = Vec::new();
        for (bin, members) in binned(events, start, end, step) {
            let present = ids(&members);
            let before = seen.len();
            seen.extend(present.iter());
            let new = seen.len() - before;
            let back = vec![number(members.len()), number(present.len()), number(new), number(seen.len())];
            made.push((vec![axis_value(bin, ty)], back, rows(&members)));
        }
        made
    });
    Ok(timeline.build(p, vec![time], longs(&["count", "dcount", "new_dcount", "aggregated_dcount"]), count))
}

/// `activity_metrics(id, time [, start, end], window [, dimension …])`.
pub fn metrics(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let bounded = p.arguments.len() > 3;
    let (start, end) = if bounded { (Some(axis(p, 2, "Start")?), axis(p, 3, "End")?) } else { (None, i64::MAX) };
    let step = positive(p, if bounded { 4 } else { 2 }, "Window")?;
    let timeline = timeline(p, if bounded { 5 } else { 3 })?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        // Without a start the bins are those of bin().
        let first = events.iter().map(|event| event.at).min().unwrap_or(0);
        let start = start.unwrap_or_else(|| first.div_euclid(step) * step);
        let mut seen: HashSet<&str> = HashSet::new();
        let mut before: (i64, BTreeSet<&str>) = (i64::MIN, BTreeSet::new());
        let mut made = Vec::new();
        for (bin, members) in binned(events, start, end, step) {
            let present = ids(&members);
            let known = seen.len();
            seen.extend(present.iter());
            let previous =
                if before.0 == bin.saturating_sub(step) { std::mem::take(&mut before.1) } else { BTreeSet::new() };
            let retained = previous.intersection(&present).count();
            let back = vec![
                number(present.len()),
                number(seen.len() - known),
                ratio(retained, previous.len()),
                ratio(previous.len() - retained, previous.len()),
            ];
            before = (bin, present);
            made.push((vec![axis_value(bin, ty)], back, rows(&members)));
        }
        made
    });
    let mut back = longs(&["dcount_values", "dcount_newvalues"]);
    back.extend(["retention_rate", "churn_rate"].map(|name| Col::new(name, Type::Real)));
    Ok(timeline.build(p, vec![time], back, count))
}

/// `activity_engagement(id, time [, start, end], inner, outer [, dimension …])`.
pub fn engagement(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let bounded = p.arguments.len() > 4;
    let (start, end) = if bounded { (Some(axis(p, 2, "Start")?), axis(p, 3, "End")?) } else { (None, i64::MAX) };
    let from = if bounded { 4 } else { 2 };
    let (inner, outer) = (positive(p, from, "InnerActivityWindow")?, positive(p, from + 1, "OuterActivityWindow")?);
    let timeline = timeline(p, from + 2)?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        let first = events.iter().map(|event| event.at).min().unwrap_or(0);
        let start = start.unwrap_or_else(|| first.div_euclid(inner) * inner);
        let mut sorted: Vec<&Event> = events.iter().collect();
        sorted.sort_by_key(|event| event.at);
        let mut made = Vec::new();
        for (bin, members) in binned(events, start, end, inner) {
            let stop = bin.saturating_add(inner);
            let begin = stop.saturating_sub(outer);
            let low = sorted.partition_point(|event| event.at < begin);
            let high = sorted.partition_point(|event| event.at < stop);
            let window = sorted.get(low..high).unwrap_or_default();
            let (few, many) = (ids(&members).len(), ids(window).len());
            made.push((vec![axis_value(bin, ty)], vec![number(few), number(many), ratio(few, many)], rows(&members)));
        }
        made
    });
    let mut back = longs(&["dcount_activities_inner", "dcount_activities_outer"]);
    back.push(Col::new("activity_ratio", Type::Real));
    Ok(timeline.build(p, vec![time], back, count))
}

/// `new_activity_metrics(id, time, start, end, window [, cohort] [, dimension …] [, lookback])`.
pub fn new_metrics(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (start, end, step) = (axis(p, 2, "Start")?, axis(p, 3, "End")?, positive(p, 4, "Window")?);
    range(p, step, start, end)?;
    let is_column = |argument: &crate::kql::ast::Argument| matches!(&argument.value.kind, ExprKind::Name(name) if p.input.find(name).is_some());
    let cohort_given = p.arguments.get(5).is_some_and(|argument| !is_column(argument) && !is_table(p, argument));
    let cohort = if cohort_given { p.constant(5, "Cohort")?.as_ref().and_then(at) } else { None };
    let first_dimension = if cohort_given { 6 } else { 5 };
    let lookback = p.arguments.last().filter(|argument| !is_column(argument) && is_table(p, argument));
    let mut known: HashSet<String> = HashSet::new();
    let arguments = if lookback.is_some() { &p.arguments[..p.arguments.len() - 1] } else { p.arguments };
    if let Some(argument) = lookback {
        let relation = match &argument.value.kind {
            ExprKind::Pipeline(pipeline) => p.c.relation(pipeline, p.env)?,
            _ => source::table(p.c, &argument.value, p.env)?,
        };
        let id = p.column(0, "IdColumn")?;
        let own = relation.find(&id.name).or(relation.columns.first()).cloned();
        let Some(own) = own else { return Err(p.error(p.arguments.len() - 1, "the lookback has no column")) };
        let frame =
            p.c.collect(&Relation { lineage: None, ..relation }.keep(std::slice::from_ref(&own.name)), p.span)?;
        let answer = Answer { columns: vec![(own.name, own.ty)], frame, origins: Vec::new(), notes: Vec::new() };
        known.extend((0..answer.rows()).map(|row| answer.cell(row, 0).to_text().into_owned()));
    }
    let inner = Plugin { arguments, input: p.input.clone(), ..*p };
    let timeline = timeline(&inner, first_dimension)?;
    let ty = timeline.time.ty;
    let front = ["from", "to"].map(|end| Col::new(format!("{end}_{}", timeline.time.name), ty)).to_vec();
    let count: Arc<Count> = Arc::new(move |events| {
        let bins = binned(events, start, end, step);
        let mut seen: HashSet<&str> = known.iter().map(String::as_str).collect();
        // Identities first seen in a bin, and all seen up to its end.
        let mut cohorts: Vec<(i64, BTreeSet<&str>, HashSet<&str>)> = Vec::new();
        for (bin, members) in &bins {
            let new: BTreeSet<&str> = ids(members).into_iter().filter(|id| !seen.contains(id)).collect();
            seen.extend(new.iter());
            cohorts.push((*bin, new, seen.clone()));
        }
        let mut made = Vec::new();
        for (from, new, before) in cohorts.iter().filter(|(from, ..)| cohort.is_none_or(|cohort| cohort == *from)) {
            // Later bins count as well when nobody was seen in them.
            for to in (*from..=end).step_by(step as usize) {
                let members = bins.get(&to).map(Vec::as_slice).unwrap_or_default();
                let present = ids(members);
                let retained = new.intersection(&present).count();
                let fresh =
                    if *from == to { new.len() } else { present.iter().filter(|id| !before.contains(*id)).count() };
                let churned = new.len() - retained;
                let back = vec![
                    number(fresh),
                    number(retained),
                    number(churned),
                    ratio(retained, new.len()),
                    ratio(churned, new.len()),
                ];
                made.push((vec![axis_value(*from, ty), axis_value(to, ty)], back, rows(members)));
            }
        }
        made
    });
    let mut back = longs(&["dcount_new_values", "dcount_retained_values", "dcount_churn_values"]);
    back.extend(["retention_rate", "churn_rate"].map(|name| Col::new(name, Type::Real)));
    Ok(timeline.build(&inner, front, back, count))
}

/// `session_count(id, time, start, end, bin, lookback [, dimension …])`.
pub fn sessions(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (start, end) = (axis(p, 2, "Start")?, axis(p, 3, "End")?);
    let (step, lookback) = (positive(p, 4, "Bin")?, positive(p, 5, "LookBackWindow")?);
    let timeline = timeline(p, 6)?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        let mut sorted: Vec<&Event> = events.iter().collect();
        sorted.sort_by_key(|event| event.at);
        let mut last: HashMap<&str, i64> = HashMap::new();
        let mut bins: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
        for event in sorted {
            // A session begins after a pause longer than the lookback.
            let before = last.insert(event.id.as_str(), event.at);
            let begins = before.is_none_or(|before| event.at.saturating_sub(before) > lookback);
            if begins && (start..=end).contains(&event.at) {
                bins.entry(start + (event.at - start).div_euclid(step) * step).or_default().push(event);
            }
        }
        let row = |(bin, members): (i64, Vec<&Event>)| {
            (vec![axis_value(bin, ty)], vec![number(members.len())], rows(&members))
        };
        bins.into_iter().map(row).collect()
    });
    Ok(timeline.build(p, vec![time], longs(&["count_sessions"]), count))
}

/// `sliding_window_counts(id, time, start, end, lookback, bin [, dimension …])`.
pub fn sliding(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (start, end) = (axis(p, 2, "Start")?, axis(p, 3, "End")?);
    let (lookback, step) = (positive(p, 4, "LookbackWindow")?, positive(p, 5, "Bin")?);
    range(p, step, start, end)?;
    let timeline = timeline(p, 6)?;
    let (time, ty) = (timeline.col(), timeline.time.ty);
    let count: Arc<Count> = Arc::new(move |events| {
        let mut sorted: Vec<&Event> = events.iter().collect();
        sorted.sort_by_key(|event| event.at);
        let mut made = Vec::new();
        let mut bin = start;
        while bin <= end {
            // The window ends with the bin.
            let stop = bin.saturating_add(step);
            let low = sorted.partition_point(|event| event.at < stop.saturating_sub(lookback));
            let high = sorted.partition_point(|event| event.at < stop);
            let window = sorted.get(low..high).unwrap_or_default();
            if !window.is_empty() {
                let back = vec![number(window.len()), number(ids(window).len())];
                made.push((vec![axis_value(bin, ty)], back, rows(window)));
            }
            bin = stop;
        }
        made
    });
    Ok(timeline.build(p, vec![time], longs(&["Count", "Dcount"]), count))
}
