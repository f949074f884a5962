//! `extend`, `project` and the operators that choose and name columns.

use super::assign::spread;
use crate::error::{Diagnostic, nearest};
use crate::kql::Value;
use crate::kql::ast::{Assignment, Expr, Name, Pattern, Reorder};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation, fresh};
use crate::kql::scalar::Scalar;

/// `extend`: every assignment sees the input, not its neighbours.
pub fn extend(c: &Compiler<'_>, columns: &[Assignment], input: Relation, env: &Env) -> Compiled<Relation> {
    let mut unnamed = 0;
    let mut made: Vec<(String, Scalar)> = Vec::new();
    for assignment in columns {
        let scalar = c.scalar_or_null(&assignment.expr, &Scope::over(env, &input));
        let taken = |n: &str| input.find(n).is_some() || made.iter().any(|(name, _)| name == n);
        let default = default_name(&mut unnamed, &taken);
        for (name, scalar) in spread(assignment, scalar, Some(default)) {
            match made.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = scalar,
                None => made.push((name, scalar)),
            }
        }
    }
    let computed = made.into_iter().map(|(name, scalar)| {
        let same =
            input.find(&name).filter(|_| scalar.name.as_deref() == Some(name.as_str()) && scalar.constant.is_none());
        // `extend x` leaves the column as it is.
        let col = match same {
            Some(col) if scalar.expr == crate::kql::relation::column(&name) => col.clone(),
            _ => Col::new(name, scalar.ty),
        };
        (scalar.expr, col)
    });
    let computed: Vec<_> = computed.collect();
    Ok(input.extend(computed))
}

/// `Column1`, `Column2`, … counting the unnamed only.
fn default_name(unnamed: &mut usize, taken: &dyn Fn(&str) -> bool) -> String {
    loop {
        *unnamed += 1;
        let name = format!("Column{unnamed}");
        if !taken(&name) {
            return name;
        }
    }
}

/// The columns of assignments, named: used by `project`, `by` and `distinct`.
pub fn named(c: &Compiler<'_>, columns: &[Assignment], scope: &Scope<'_>) -> Compiled<Vec<(String, Scalar)>> {
    let mut unnamed = 0;
    let mut made: Vec<(String, Scalar)> = Vec::new();
    for assignment in columns {
        let scalar = c.scalar_or_null(&assignment.expr, scope);
        let plain = scalar.name.as_ref().is_some_and(|name| !name.is_empty());
        let default = if !plain && assignment.names.is_empty() && scalar.parts.is_empty() {
            let taken = |n: &str| made.iter().any(|(name, _)| name == n);
            Some(default_name(&mut unnamed, &taken))
        } else {
            None
        };
        for (name, scalar) in spread(assignment, scalar, default) {
            let repeated = made.iter().any(|(known, _)| *known == name);
            if repeated && !assignment.names.is_empty() {
                let problem = Diagnostic::error(format!("column `{name}` is given twice"), assignment.expr.span);
                return Err(problem.help("give one of them another name"));
            }
            let name = fresh(&name, |n| made.iter().any(|(known, _)| known == n));
            made.push((name, scalar));
        }
    }
    Ok(made)
}

/// `project`.
pub fn project(c: &Compiler<'_>, columns: &[Assignment], input: Relation, env: &Env) -> Compiled<Relation> {
    let made = named(c, columns, &Scope::over(env, &input))?;
    let computed: Vec<_> =
        made.into_iter().map(|(name, scalar)| (scalar.expr.clone(), carry(&input, name, &scalar))).collect();
    Ok(Relation { extensible: false, ..input.with(computed) })
}

/// The column that holds a scalar; a column taken over unchanged keeps its origin.
pub fn carry(input: &Relation, name: String, scalar: &Scalar) -> Col {
    let from = scalar
        .name
        .as_deref()
        .and_then(|n| input.find(n))
        .filter(|col| scalar.expr == crate::kql::relation::column(&col.name));
    Col { name, ty: scalar.ty, table: from.and_then(|col| col.table.clone()), hidden: false }
}

/// `project-away`: columns that are not there are no error, as wildcards may match none.
pub fn away(patterns: &[Pattern], input: Relation) -> Relation {
    let patterns = &called(patterns, &input);
    let kept = input.columns.iter().filter(|col| !patterns.iter().any(|pattern| pattern.matches(&col.name)));
    let names: Vec<String> = kept.map(|col| col.name.clone()).collect();
    input.keep(&names)
}

/// The patterns with the names that the columns have here.
fn called(patterns: &[Pattern], input: &Relation) -> Vec<Pattern> {
    let here = |pattern: &Pattern| input.called(&pattern.text).map(|col| col.name.clone());
    patterns.iter().map(|p| Pattern { text: here(p).unwrap_or_else(|| p.text.clone()), span: p.span }).collect()
}

/// The input with a null column for each of these names that it may have but has not.
fn with_added<'n>(input: Relation, names: impl Iterator<Item = &'n str>) -> Relation {
    let missing = names.filter(|name| input.called(name).is_none());
    let nulls = missing.filter_map(|name| {
        let ty = input.may_have(name)?;
        Some((Scalar::null(ty).expr, Col::new(name, ty)))
    });
    let nulls: Vec<_> = nulls.collect();
    if nulls.is_empty() { input } else { input.extend(nulls) }
}

/// `project-keep`, in the order of the input.
pub fn keep(patterns: &[Pattern], input: Relation) -> Compiled<Relation> {
    let input = with_added(input, patterns.iter().filter(|p| !p.is_wild()).map(|p| p.text.as_str()));
    let patterns = &called(patterns, &input);
    for pattern in patterns.iter().filter(|pattern| !pattern.is_wild()) {
        if input.find(&pattern.text).is_none() {
            return Err(unknown(&pattern.text, pattern.span, &input));
        }
    }
    let kept = input.columns.iter().filter(|col| patterns.iter().any(|pattern| pattern.matches(&col.name)));
    let names: Vec<String> = kept.map(|col| col.name.clone()).collect();
    Ok(input.keep(&names))
}

fn unknown(name: &str, span: crate::error::Span, input: &Relation) -> Diagnostic {
    let problem = Diagnostic::error(format!("unknown column `{name}`"), span);
    match nearest(name, input.columns.iter().map(|col| col.name.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// `project-by-names`: columns named by constant text or arrays of text, possibly with `*`; unknown names are left out.
pub fn by_names(c: &Compiler<'_>, names: &[Expr], input: Relation, env: &Env) -> Compiled<Relation> {
    let mut kept: Vec<String> = Vec::new();
    for expr in names {
        let (value, _) = c.constant(expr, env)?;
        let texts: Vec<String> = match value.to_json() {
            serde_json::Value::Array(items) => {
                items.iter().map(|item| Value::json(item).to_text().into_owned()).collect()
            }
            _ => vec![value.to_text().into_owned()],
        };
        for text in texts {
            let pattern = Pattern { text, span: expr.span };
            let fits = input.columns.iter().filter(|col| pattern.matches(&col.name)).map(|col| col.name.clone());
            kept.extend(fits.filter(|name| !kept.contains(name)).collect::<Vec<_>>());
        }
    }
    Ok(input.keep(&kept))
}

/// `project-rename new = old`.
pub fn rename(pairs: &[(Name, Name)], input: Relation) -> Compiled<Relation> {
    let input = with_added(input, pairs.iter().map(|(_, old)| old.text.as_str()));
    let mut named: Vec<(&Name, String)> = Vec::new();
    for (new, old) in pairs {
        match input.called(&old.text) {
            Some(col) => named.push((new, col.name.clone())),
            None => return Err(unknown(&old.text, old.span, &input)),
        }
    }
    let columns = input.columns.clone();
    let computed = columns.into_iter().map(|col| {
        let new = named.iter().find(|(_, old)| *old == col.name).map(|(new, _)| new.text.clone());
        let expr = crate::kql::relation::column(&col.name);
        match new {
            Some(name) => (expr, Col { name, hidden: false, ..col }),
            None => (expr, col),
        }
    });
    let computed: Vec<_> = computed.collect();
    Ok(input.with(computed))
}

/// `project-reorder`: the named columns first, the others as they stand.
pub fn reorder(orders: &[(Pattern, Reorder)], input: Relation) -> Relation {
    let mut names: Vec<String> = Vec::new();
    for (pattern, order) in orders {
        let here = called(std::slice::from_ref(pattern), &input);
        let pattern = here.first().unwrap_or(pattern);
        let mut matched: Vec<String> = input
            .columns
            .iter()
            .map(|col| col.name.clone())
            .filter(|n| pattern.matches(n) && !names.contains(n))
            .collect();
        match order {
            Reorder::Keep => {}
            Reorder::Ascending => matched.sort(),
            Reorder::Descending => matched.sort_by(|a, b| b.cmp(a)),
            Reorder::GrannyAscending => matched.sort_by_key(|n| granny(n)),
            Reorder::GrannyDescending => {
                matched.sort_by_key(|n| granny(n));
                matched.reverse();
            }
        }
        names.extend(matched);
    }
    let rest: Vec<String> = input.columns.iter().map(|col| col.name.clone()).filter(|n| !names.contains(n)).collect();
    names.extend(rest);
    input.keep(&names)
}

/// A name with its digits as numbers: `a20` before `a100`.
fn granny(name: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text: String = rest.chars().take_while(|c| !c.is_ascii_digit()).collect();
        let digits: String = rest[text.len()..].chars().take_while(char::is_ascii_digit).collect();
        rest = &rest[text.len() + digits.len()..];
        parts.push((0, text));
        parts.push((digits.parse().unwrap_or(0), String::new()));
    }
    parts
}
