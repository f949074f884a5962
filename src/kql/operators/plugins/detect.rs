//! Sequences of events: `sequence_detect`, `funnel_sequence_completion`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Plugin;
use super::activity::{at, axis, axis_value, grouped};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Compiled, Scope};
use crate::kql::expression::condition;
use crate::kql::kernel::Accepts;
use crate::kql::relation::{Col, Relation, fresh};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};
use crate::table::Type;

/// Identities that reached a state, and the rows that show it.
type Reached = (BTreeSet<String>, BTreeSet<usize>);

/// `sequence_detect(time, stepWindow, span, e1 = (condition), e2 = (condition) … [, dimension …])`.
///
/// Every way to take one row a condition, each later than the one before and within the windows, is a sequence.
pub fn sequence_detect(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let time = p.column(0, "TimelineColumn")?;
    let (window, span) = (axis(p, 1, "MaxSequenceStepWindow")?, axis(p, 2, "MaxSequenceSpan")?);
    let mut conditions: Vec<(String, Scalar)> = Vec::new();
    let mut dimensions: Vec<Col> = Vec::new();
    for argument in p.arguments.iter().skip(3) {
        let scalar = p.c.scalar(&argument.value, &Scope::over(p.env, &p.input))?;
        let column = scalar.name.as_deref().and_then(|name| p.input.find(name)).cloned();
        match column {
            Some(col) if col.ty != Type::Bool && argument.name.is_none() => dimensions.push(col),
            _ => {
                let name = argument.name.as_ref().map(|name| name.text.clone()).or(scalar.name.clone());
                let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| format!("Expr{}", conditions.len() + 1));
                conditions.push((name, condition(scalar, argument.value.span)?));
            }
        }
    }
    if conditions.is_empty() {
        return Err(Diagnostic::error("sequence_detect needs a condition for each step", p.span)
            .help("for example e1 = (ResultType != '0'), e2 = (ResultType == '0')"));
    }
    let steps = conditions.len();
    let ty = time.ty;
    let mut arguments = vec![(Scalar::column(&time.name, time.ty), Accepts::Any)];
    arguments.extend(conditions.iter().map(|(_, scalar)| (scalar.clone(), Accepts::Bool)));
    arguments.extend(dimensions.iter().map(|col| (Scalar::column(&col.name, col.ty), Accepts::Any)));
    let kernel: Remake = Arc::new(move |lists, rows| {
        let fits = |step: usize, row: usize| matches!(lists[step + 1][row], Value::Bool(true));
        let mut made = Vec::new();
        for (key, mut group) in grouped(lists, steps + 1, rows) {
            let when = |row: usize| at(&lists[0][row]);
            group.retain(|row| when(*row).is_some());
            group.sort_by_key(|row| when(*row));
            let mut chains = Vec::new();
            for begin in (0..group.len()).filter(|place| fits(0, group[*place])) {
                let windows = Windows { steps, window, span };
                follow(&group, &mut vec![begin], &windows, &fits, &when, &mut chains)?;
            }
            for chain in chains {
                let times: Vec<i64> = chain.iter().filter_map(|place| when(group[*place])).collect();
                let mut cells: Vec<Value<'static>> = key.clone();
                cells.extend(times.iter().map(|time| axis_value(*time, ty)));
                let duration = times.last().zip(times.first()).map_or(0, |(last, first)| last - first);
                cells.push(if ty == Type::Long { Value::Long(duration) } else { Value::Timespan(duration) });
                made.push(Made { source: None, from: chain.iter().map(|place| group[*place]).collect(), cells });
            }
        }
        Ok(made)
    });
    let mut added: Vec<Col> = dimensions.iter().map(|col| Col::new(col.name.as_str(), col.ty)).collect();
    for (name, _) in &conditions {
        let name = fresh(&format!("{name}_{}", time.name), |n| added.iter().any(|col| col.name == n));
        added.push(Col::new(name, time.ty));
    }
    added.push(Col::new("Duration", if ty == Type::Long { Type::Long } else { Type::Timespan }));
    Ok(remake(p.input.clone(), &arguments, &[], added, kernel))
}

/// Sequences found for one combination of dimensions; more are refused.
const MAX_SEQUENCES: usize = 1_000_000;

struct Windows {
    steps: usize,
    window: i64,
    span: i64,
}

/// All sequences that go on from the places of one that has begun.
fn follow(
    group: &[usize],
    places: &mut Vec<usize>,
    windows: &Windows,
    fits: &dyn Fn(usize, usize) -> bool,
    when: &dyn Fn(usize) -> Option<i64>,
    found: &mut Vec<Vec<usize>>,
) -> Result<(), String> {
    let step = places.len();
    if step == windows.steps {
        if found.len() >= MAX_SEQUENCES {
            return Err("sequence_detect found more than a million sequences: take shorter windows".to_owned());
        }
        found.push(places.clone());
        return Ok(());
    }
    let time = |place: Option<&usize>| place.and_then(|place| when(group[*place])).unwrap_or_default();
    let (start, last) = (time(places.first()), time(places.last()));
    for place in places.last().map_or(0, |last| last + 1)..group.len() {
        let now = time(Some(&place));
        if now - last > windows.window || now - start > windows.span {
            break;
        }
        if fits(step, group[place]) {
            places.push(place);
            follow(group, places, windows, fits, when, found)?;
            places.pop();
        }
    }
    Ok(())
}

/// `funnel_sequence_completion(id, time, start, end, bin, state, sequence, periods)`: how many identities went
/// through the first states of a sequence within each period.
pub fn funnel_completion(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let (id, time) = (p.column(0, "IdColumn")?, p.column(1, "TimelineColumn")?);
    let (start, end, step) = (axis(p, 2, "Start")?, axis(p, 3, "End")?, axis(p, 4, "BinSize")?);
    if step <= 0 {
        return Err(p.error(4, "a bin is greater than 0"));
    }
    let state = p.column(5, "StateColumn")?;
    let list = |position: usize, name: &str| -> Compiled<Vec<serde_json::Value>> {
        match p.constant(position, name)?.map(|value| value.to_json()) {
            Some(serde_json::Value::Array(items)) => Ok(items),
            _ => Err(p.error(position, format!("expected {name}: a dynamic array"))),
        }
    };
    let sequence: Vec<String> =
        list(6, "Sequence")?.iter().map(|item| Value::json(item).to_text().into_owned()).collect();
    let periods: Vec<i64> = list(7, "MaxSequenceStepPeriods")?
        .iter()
        .filter_map(|item| match item {
            serde_json::Value::String(text) => crate::kql::convert::timespan(text),
            other => other.as_i64(),
        })
        .collect();
    let ty = time.ty;
    let arguments = vec![
        (Scalar::column(&id.name, id.ty), Accepts::Text),
        (Scalar::column(&time.name, time.ty), Accepts::Any),
        (Scalar::column(&state.name, state.ty), Accepts::Text),
    ];
    let spans = ty == Type::Datetime || ty == Type::Timespan;
    let kernel: Remake = Arc::new(move |lists, rows| {
        let mut by_id: HashMap<String, Vec<(i64, usize)>> = HashMap::new();
        for (row, time) in lists[1].iter().enumerate().take(rows) {
            if let Some(time) = at(time).filter(|time| (start..=end).contains(time)) {
                by_id.entry(lists[0][row].to_text().into_owned()).or_default().push((time, row));
            }
        }
        // (bin, period, state) → identities and rows.
        let mut found: BTreeMap<(i64, usize, usize), Reached> = BTreeMap::new();
        for (id, mut events) in by_id {
            events.sort_unstable();
            for (begin, (first, _)) in events.iter().enumerate() {
                let bin = start + (first - start).div_euclid(step) * step;
                for (number, period) in periods.iter().enumerate() {
                    let mut wanted = 0;
                    for (time, row) in &events[begin..] {
                        if time - first > *period || wanted >= sequence.len() {
                            break;
                        }
                        if lists[2][*row].to_text() == sequence[wanted].as_str() {
                            let (ids, rows) = found.entry((bin, number, wanted)).or_default();
                            ids.insert(id.clone());
                            rows.insert(*row);
                            wanted += 1;
                        } else if wanted == 0 {
                            break;
                        }
                    }
                }
            }
        }
        let made = found.into_iter().map(|((bin, period, state), (ids, rows))| {
            let period = periods.get(period).copied().unwrap_or(0);
            let cells = vec![
                axis_value(bin, ty),
                Value::text(sequence.get(state).cloned().unwrap_or_default()),
                if spans { Value::Timespan(period) } else { Value::Long(period) },
                Value::Long(ids.len() as i64),
            ];
            Made { source: None, from: rows.into_iter().collect(), cells }
        });
        Ok(made.collect())
    });
    let added = vec![
        Col::new(time.name.as_str(), time.ty),
        Col::new(state.name.as_str(), Type::String),
        Col::new("Period", if spans { Type::Timespan } else { Type::Long }),
        Col::new("dcount", Type::Long),
    ];
    Ok(remake(p.input.clone(), &arguments, &[], added, kernel))
}
