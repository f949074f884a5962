//! `reduce`: texts by their common pattern.
//!
//! Each text is cut into words; a word that stands at its place in more than the threshold's share of all texts is
//! part of a pattern, the others are its wildcards.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{Expr, Settings};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::kernel::Accepts;
use crate::kql::relation::{Col, Relation};
use crate::kql::sequence::{Made, Remake, remake};
use crate::table::Type;

/// Share of the texts that makes a word part of a pattern, unless said.
const THRESHOLD: f64 = 0.1;

/// Name of the column of patterns, and what stands in it for rows that share none.
const PATTERN: &str = "Pattern";
const OTHERS: &str = "others";

/// Columns Pattern, Count and Representative, most frequent first; with `kind=source` the rows as they are, each with
/// its Pattern.
pub fn compile(c: &Compiler<'_>, by: &Expr, settings: &Settings, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let source = c.scalar(by, &Scope::over(env, &input))?;
    let rows_stay = match settings.get("kind").zip(settings.word("kind")) {
        Some((_, "source")) => true,
        Some((given, other)) => {
            return Err(Diagnostic::error(format!("unknown kind of reduce `{other}`"), given.span)
                .help("`kind=source` keeps the rows; without it there is one row a pattern"));
        }
        None => false,
    };
    let threshold = match settings.get("threshold") {
        Some(expr) => c.constant(expr, env)?.0.as_f64().unwrap_or(THRESHOLD),
        None => THRESHOLD,
    };
    let separators = match settings.get("characters") {
        Some(expr) => c.constant(expr, env)?.0.to_text().into_owned(),
        None => String::new(),
    };
    let kernel: Remake = Arc::new(move |lists, rows| {
        let texts: Vec<String> = lists.first().into_iter().flatten().map(|text| text.to_text().into_owned()).collect();
        let cut: Vec<Vec<(String, String)>> = texts.iter().map(|text| words(text, &separators)).collect();
        let mut frequency: HashMap<(usize, &str), usize> = HashMap::new();
        for words in &cut {
            for (place, (word, _)) in words.iter().enumerate() {
                *frequency.entry((place, word.as_str())).or_default() += 1;
            }
        }
        let frequent = |place: usize, word: &str| {
            frequency.get(&(place, word)).is_some_and(|count| *count as f64 > threshold * rows as f64)
        };
        let mut patterns: Vec<(String, Vec<usize>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (row, words) in cut.iter().enumerate() {
            let pattern = pattern(words, &frequent, &separators);
            let at = *known.entry(pattern.clone()).or_insert_with(|| {
                patterns.push((pattern, Vec::new()));
                patterns.len() - 1
            });
            patterns[at].1.push(row);
        }
        let others = patterns.iter().position(|(pattern, _)| pattern == "*").map(|at| patterns.remove(at));
        if rows_stay {
            let mut names = vec![OTHERS.to_owned(); rows];
            for (pattern, members) in patterns {
                for row in members {
                    if let Some(name) = names.get_mut(row) {
                        name.clone_from(&pattern);
                    }
                }
            }
            let stay =
                |(row, name): (usize, String)| Made { source: Some(row), cells: vec![Value::text(name)], from: vec![] };
            return Ok(names.into_iter().enumerate().map(stay).collect());
        }
        patterns.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        let made = |name: String, rows: Vec<usize>, example: &str| Made {
            source: None,
            cells: vec![Value::text(name), Value::Long(rows.len() as i64), Value::text(example)],
            from: rows,
        };
        let mut result: Vec<Made> = Vec::new();
        for (pattern, rows) in patterns {
            let example = rows.first().and_then(|row| texts.get(*row)).cloned().unwrap_or_default();
            result.push(made(pattern, rows, &example));
        }
        result.extend(others.map(|(_, rows)| made(OTHERS.to_owned(), rows, "")));
        Ok(result)
    });
    if rows_stay {
        let kept: Vec<String> =
            input.columns.iter().map(|col| col.name.clone()).filter(|name| name != PATTERN).collect();
        return Ok(remake(input, &[(source, Accepts::Text)], &kept, vec![Col::new(PATTERN, Type::String)], kernel));
    }
    let added =
        vec![Col::new(PATTERN, Type::String), Col::new("Count", Type::Long), Col::new("Representative", Type::String)];
    Ok(remake(input, &[(source, Accepts::Text)], &[], added, kernel))
}

/// Words, each with what stands behind it up to the next word.
fn words(text: &str, separators: &str) -> Vec<(String, String)> {
    let parts = |c: char| !c.is_alphanumeric() || separators.contains(c);
    let mut words: Vec<(String, String)> = Vec::new();
    for char in text.chars() {
        match words.last_mut() {
            Some((_, behind)) if parts(char) => behind.push(char),
            Some((word, behind)) if behind.is_empty() => word.push(char),
            None if parts(char) => words.push((String::new(), char.to_string())),
            _ => words.push((char.to_string(), String::new())),
        }
    }
    words
}

/// Frequent words as they stand, runs of others as one `*`.
fn pattern(words: &[(String, String)], frequent: &dyn Fn(usize, &str) -> bool, separators: &str) -> String {
    let mut pattern = String::new();
    let mut wild = false;
    for (place, (word, behind)) in words.iter().enumerate() {
        if frequent(place, word) {
            pattern.push_str(word);
            let next = words.get(place + 1).is_some_and(|(next, _)| !frequent(place + 1, next));
            // A separating character belongs to the wildcard behind it.
            pattern.extend(behind.chars().filter(|c| !(next && separators.contains(*c))));
            wild = false;
        } else {
            if !wild {
                pattern.push('*');
            }
            let next = words.get(place + 1).is_some_and(|(next, _)| frequent(place + 1, next));
            if next {
                pattern.extend(behind.chars().filter(|c| !separators.contains(*c)));
            }
            wild = true;
        }
    }
    pattern
}
