//! `ipv4_lookup` and `ipv6_lookup`: rows of a table of networks by address.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::{Plugin, is_table};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compiler::Compiled;
use crate::kql::context::Answer;
use crate::kql::kernel::Accepts;
use crate::kql::operators::source;
use crate::kql::relation::{Col, Relation, fresh};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};

/// `ipv4_lookup(table, address, network [, extra key …] [, return_unmatched])`.
///
/// The narrowest network that holds the address counts; several rows of that width all do.
pub fn compile(p: &Plugin<'_, '_>, six: bool) -> Compiled<Relation> {
    let table = p.argument(0, "LookupTable").filter(|argument| is_table(p, argument));
    let table = table.ok_or_else(|| p.error(0, "expected a lookup table"))?;
    let lookup = match &table.value.kind {
        ExprKind::Pipeline(pipeline) => p.c.relation(pipeline, p.env)?,
        _ => source::table(p.c, &table.value, p.env)?,
    };
    let address = p.scalar(1, "SourceKey")?;
    let key = name_of(p, 2)?;
    if lookup.find(&key).is_none() {
        return Err(p.error(2, format!("the lookup table has no column `{key}`")));
    }
    let mut extra: Vec<(Scalar, String)> = Vec::new();
    let mut unmatched = false;
    for (position, argument) in p.arguments.iter().enumerate().skip(3) {
        let flag = match &argument.value.kind {
            ExprKind::Literal(Value::Bool(flag), _) => Some(*flag),
            _ if argument.name.is_some() => Some(matches!(p.c.constant(&argument.value, p.env)?.0, Value::Bool(true))),
            _ => None,
        };
        match flag {
            Some(flag) => unmatched = flag,
            None => extra.push((p.scalar(position, "ExtraKey")?, name_of(p, position)?)),
        }
    }
    let columns: Vec<Col> = lookup.columns.iter().filter(|col| !col.hidden).cloned().collect();
    let names: Vec<String> = columns.iter().map(|col| col.name.clone()).collect();
    let frame = p.c.collect(&Relation { lineage: None, groups: Vec::new(), ..lookup }.keep(&names), p.span)?;
    let shape = columns.iter().map(|col| (col.name.clone(), col.ty)).collect();
    let answer = Answer { columns: shape, frame, origins: Vec::new(), notes: Vec::new() };
    let at = |name: &str| {
        answer
            .position(name)
            .ok_or_else(|| Diagnostic::error(format!("the lookup table has no column `{name}`"), p.span))
    };
    let key_at = at(&key)?;
    let extra_at = extra.iter().map(|(_, name)| at(name)).collect::<Compiled<Vec<usize>>>()?;
    let mut networks: Vec<(IpNet, Vec<String>, usize)> = Vec::new();
    for row in 0..answer.rows() {
        if let Some(network) = network(&answer.cell(row, key_at).to_text(), six) {
            let keys = extra_at.iter().map(|at| answer.cell(row, *at).to_text().into_owned()).collect();
            networks.push((network, keys, row));
        }
    }
    networks.sort_by_key(|(network, _, row)| (std::cmp::Reverse(network.prefix_len()), *row));
    let shown: Vec<usize> = (0..columns.len()).filter(|at| !extra_at.contains(at)).collect();
    let rows: Vec<Vec<Value<'static>>> =
        (0..answer.rows()).map(|row| shown.iter().map(|at| answer.cell(row, *at).into_owned()).collect()).collect();
    let kept: Vec<String> = p.input.columns.iter().map(|col| col.name.clone()).collect();
    let mut added: Vec<Col> = Vec::new();
    for col in shown.iter().filter_map(|at| columns.get(*at)) {
        let taken = |n: &str| p.input.find(n).is_some() || added.iter().any(|known| known.name == n);
        added.push(Col::new(fresh(&col.name, taken), col.ty));
    }
    let width = added.len();
    let mut arguments = vec![(address, Accepts::Text)];
    arguments.extend(extra.into_iter().map(|(scalar, _)| (scalar, Accepts::Text)));
    let kernel: Remake = Arc::new(move |lists, count| {
        let mut made = Vec::new();
        for row in 0..count {
            let address = network(&lists[0][row].to_text(), six).map(|address| address.addr());
            let mut width_found: Option<u8> = None;
            for (network, keys, at) in &networks {
                if width_found.is_some_and(|found| network.prefix_len() < found) {
                    break;
                }
                let fits = address.is_some_and(|address| network.contains(&address));
                let same = keys.iter().zip(&lists[1..]).all(|(key, list)| list[row].to_text() == key.as_str());
                if fits && same {
                    width_found = Some(network.prefix_len());
                    made.push(Made { source: Some(row), from: Vec::new(), cells: rows[*at].clone() });
                }
            }
            if width_found.is_none() && unmatched {
                made.push(Made { source: Some(row), from: Vec::new(), cells: vec![Value::Null; width] });
            }
        }
        Ok(made)
    });
    Ok(remake(p.input.clone(), &arguments, &kept, added, kernel))
}

fn name_of(p: &Plugin<'_, '_>, position: usize) -> Compiled<String> {
    match p.arguments.get(position).map(|argument| &argument.value.kind) {
        Some(ExprKind::Name(name)) => Ok(name.clone()),
        _ => Err(p.error(position, "expected the name of a column of the lookup table")),
    }
}

/// An address or a network; IPv4 among IPv6 is written as IPv6.
fn network(text: &str, six: bool) -> Option<IpNet> {
    let text = text.trim();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    match (address, six) {
        (IpAddr::V4(four), true) => {
            let prefix = prefix.map_or(Some(128), |prefix| prefix.checked_add(96))?;
            IpNet::new(IpAddr::V6(four.to_ipv6_mapped()), prefix).ok()
        }
        (IpAddr::V6(_), false) => None,
        (address, _) => {
            let full = if address.is_ipv4() { 32 } else { 128 };
            IpNet::new(address, prefix.unwrap_or(full)).ok()
        }
    }
}
