//! Names of assigned and unnamed columns.

use crate::kql::ast::Assignment;
use crate::kql::scalar::Scalar;

/// The columns that one assignment makes: name and value. `default` names an unnamed value without a name of its own.
///
/// A function that gives several columns spreads: `(a, b) = f(x)` names the first ones, `a = f(x)` takes only the
/// first, and `f(x)` alone gives them all.
pub fn spread(assignment: &Assignment, scalar: Scalar, default: Option<String>) -> Vec<(String, Scalar)> {
    let names: Vec<&str> = assignment.names.iter().map(|name| name.text.as_str()).collect();
    if scalar.parts.is_empty() {
        let name = match names.first() {
            Some(name) => (*name).to_owned(),
            None => scalar.name.clone().filter(|n| !n.is_empty()).or(default).unwrap_or_default(),
        };
        return vec![(name, scalar)];
    }
    if names.len() == 1 && !assignment.tuple {
        let first = scalar.parts.first().map_or_else(|| scalar.clone(), |(_, part)| part.clone());
        return vec![(names[0].to_owned(), first)];
    }
    let own = scalar.parts.iter().enumerate();
    own.map(|(i, (name, part))| (names.get(i).map_or(name.clone(), |n| (*n).to_owned()), part.clone())).collect()
}
