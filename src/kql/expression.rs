//! Scalar expressions: names, literals, operators and calls to plans.

use polars::prelude::lit;

use super::ast::{Argument, BinaryOp, Expr, ExprKind, InOp, Name, Pipeline};
use super::compiler::{Binding, Call, Compiled, Compiler, Scope};
use super::functions::{self, Body, Function, Gives, Naming};
use super::kernel::{Accepts, apply};
use super::scalar::Scalar;
use super::{Value, aggregates, arithmetic, compare, membership, operators, path, text};
use crate::error::{Diagnostic, Span, nearest};
use crate::table::Type;

impl Compiler<'_> {
    /// Compiles an expression; an error is recorded and stands as a null, so that more errors can be found.
    pub fn scalar_or_null(&self, expr: &Expr, scope: &Scope<'_>) -> Scalar {
        self.scalar(expr, scope).unwrap_or_else(|problem| {
            self.report(problem);
            Scalar::null(Type::Dynamic)
        })
    }

    /// Compiles an expression.
    pub fn scalar(&self, expr: &Expr, scope: &Scope<'_>) -> Compiled<Scalar> {
        match &expr.kind {
            ExprKind::Literal(value, ty) => Ok(Scalar::literal(value.clone(), *ty)),
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Member(..) | ExprKind::Index(..) => path::compile(self, expr, scope),
            ExprKind::Call(name, arguments) => self.call(name, arguments, expr.span, scope),
            ExprKind::Minus(operand) => {
                let operand = self.scalar(operand, scope)?;
                arithmetic::negate(operand, expr.span)
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, expr.span, scope),
            ExprKind::In(op, value, items) => self.membership(*op, value, items, scope),
            ExprKind::Between { negated, value, low, high } => {
                let value = self.scalar(value, scope)?;
                let low = self.scalar(low, scope)?;
                let high = self.scalar(high, scope)?;
                // `t between (start .. 1d)`: the span is added to the start.
                let high = if value.ty == Type::Datetime && high.ty == Type::Timespan {
                    arithmetic::compile(BinaryOp::Add, low.clone(), high, expr.span)?
                } else {
                    high
                };
                let above = compare::compile(BinaryOp::GreaterEqual, value.clone(), low, expr.span)?;
                let below = compare::compile(BinaryOp::LessEqual, value, high, expr.span)?;
                let inside = above.expr.and(below.expr);
                Ok(Scalar::computed(if *negated { inside.not() } else { inside }, Type::Bool))
            }
            ExprKind::Pipeline(pipeline) => self.first_cell(pipeline, scope),
            ExprKind::Star | ExprKind::Wildcard(_) => {
                Err(Diagnostic::error("`*` cannot stand here", expr.span).help("name the columns"))
            }
            ExprKind::Typeof(_) => Err(Diagnostic::error("`typeof` cannot stand here", expr.span)),
        }
    }

    fn name(&self, name: &str, span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
        if let Some(col) = scope.input.and_then(|input| input.called(name)) {
            if let Some(table) = &col.table {
                self.usage.borrow_mut().columns.insert((table.to_string(), col.name.clone()));
            }
            return Ok(Scalar::column(&col.name, col.ty).named(Some(name.to_owned())));
        }
        match scope.env.find(name) {
            Some(Binding::Scalar(value)) => return Ok(value.as_ref().clone().named(None)),
            Some(Binding::Function(lambda, captured)) if lambda.parameters.is_empty() => {
                return self.user_scalar(lambda, captured, &[], span, scope);
            }
            Some(Binding::Table(relation)) => {
                let problem = Diagnostic::error(format!("`{name}` is a table, not a value"), span);
                let first = relation.columns.first().map_or("column", |col| col.name.as_str());
                return Err(problem.help(format!("use toscalar({name} | project {first}), or `in ({name})`")));
            }
            _ => {}
        }
        if name == "_start" || name == "_end" {
            // The portal's time range: here the whole evidence.
            let (start, end) =
                self.context.window.or(self.context.tables.span()).unwrap_or((self.context.now, self.context.now));
            let ticks = if name == "_start" { start } else { end };
            return Ok(Scalar::literal(Value::Datetime(ticks), Type::Datetime));
        }
        if let Some(ty) = scope.input.and_then(|input| input.may_have(name)) {
            self.note(Diagnostic::note(
                format!("column `{name}` is known only when the data has it; it is null otherwise"),
                span,
            ));
            return Ok(Scalar::null(ty).named(Some(name.to_owned())));
        }
        Err(self.unknown_name(name, span, scope))
    }

    fn unknown_name(&self, name: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
        let columns: Vec<&str> =
            scope.input.iter().flat_map(|input| &input.columns).map(|col| col.name.as_str()).collect();
        let bound = scope.env.names();
        let what = if scope.input.is_some() { "column" } else { "name" };
        let problem = Diagnostic::error(format!("unknown {what} `{name}`"), span);
        match nearest(name, columns.iter().chain(&bound).copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if columns.is_empty() => problem.help("bind it with `let` first"),
            None => {
                let shown: Vec<&str> = columns.iter().filter(|c| !c.starts_with('_')).take(8).copied().collect();
                let more = if columns.len() > shown.len() { ", …" } else { "" };
                problem.help(format!("the columns here are {}{more}", shown.join(", ")))
            }
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr, span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
        if let BinaryOp::Text(op, negated) = op {
            if matches!(left.kind, ExprKind::Star) {
                return operators::search::any_column(self, op, negated, right, scope);
            }
            let left = self.scalar(left, scope)?;
            let right = self.scalar(right, scope)?;
            return text::compile(op, negated, left, right, span);
        }
        if matches!(left.kind, ExprKind::Star) {
            return Err(Diagnostic::error("`*` can only be searched with has, contains and the like", left.span));
        }
        let left_value = self.scalar(left, scope)?;
        let right_value = self.scalar(right, scope)?;
        match op {
            BinaryOp::And | BinaryOp::Or => compare::logical(op, left_value, right_value, left.span, right.span),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                arithmetic::compile(op, left_value, right_value, span)
            }
            _ => compare::compile(op, left_value, right_value, span),
        }
    }

    fn membership(&self, op: InOp, value: &Expr, items: &[Expr], scope: &Scope<'_>) -> Compiled<Scalar> {
        let mut list = Vec::new();
        for item in items {
            if self.is_tabular(item, &scope.env) {
                list.extend(self.first_column(item, scope)?.into_iter().map(|(value, ty)| Scalar::literal(value, ty)));
            } else {
                list.push(self.scalar(item, scope)?);
            }
        }
        if matches!(value.kind, ExprKind::Star) {
            return operators::search::any_column_in(op, list, value.span, scope);
        }
        let value_span = value.span;
        let value = self.scalar(value, scope)?;
        membership::compile(op, value, list, value_span)
    }

    /// The values of a table's first column, without repetition.
    fn first_column(&self, expr: &Expr, scope: &Scope<'_>) -> Compiled<Vec<(Value<'static>, Type)>> {
        let relation = match &expr.kind {
            ExprKind::Pipeline(pipeline) => self.relation(pipeline, &scope.env)?,
            _ => operators::source::table(self, expr, &scope.env)?,
        };
        let Some(first) = relation.columns.first().cloned() else {
            return Err(Diagnostic::error("the table has no column", expr.span));
        };
        self.windowed();
        let relation = relation.keep(std::slice::from_ref(&first.name));
        let frame = self.collect(&relation, expr.span)?;
        let answer =
            super::Answer { columns: vec![(first.name, first.ty)], frame, origins: Vec::new(), notes: Vec::new() };
        Ok((0..answer.rows()).map(|row| (answer.cell(row, 0).into_owned(), first.ty)).collect())
    }

    /// `toscalar(…)`: the first cell of a table.
    pub fn first_cell(&self, pipeline: &Pipeline, scope: &Scope<'_>) -> Compiled<Scalar> {
        let relation = self.relation(pipeline, &scope.env)?;
        let Some(first) = relation.columns.first().cloned() else {
            return Err(Diagnostic::error("the table has no column", pipeline.span));
        };
        self.windowed();
        let mut relation = relation.keep(std::slice::from_ref(&first.name));
        relation.frame = relation.frame.limit(1);
        let frame = self.collect(&relation, pipeline.span).map_err(|problem| {
            // A parameter that stands for a column of the caller's row is no column in here.
            if problem.message.contains("unable to find column") {
                return Diagnostic::error("`toscalar` does not see the row around it", pipeline.span)
                    .help("its value is one for the whole query: join or look up what depends on the row");
            }
            problem
        })?;
        let answer =
            super::Answer { columns: vec![(first.name, first.ty)], frame, origins: Vec::new(), notes: Vec::new() };
        Ok(Scalar::literal(answer.cell(0, 0).into_owned(), first.ty))
    }

    fn user_scalar(
        &self,
        lambda: &super::ast::Lambda,
        captured: &super::compiler::Env,
        arguments: &[Argument],
        span: Span,
        scope: &Scope<'_>,
    ) -> Compiled<Scalar> {
        let env = self.enter(lambda, captured, arguments, scope, span)?;
        let body =
            lambda.body.body.as_ref().ok_or_else(|| Diagnostic::error("the function has no result", lambda.span))?;
        match body.as_expr() {
            Some(expr) if !self.is_tabular(expr, &env) => {
                let inner = Scope { env, ..scope.clone() };
                Ok(self.scalar(expr, &inner)?.named(None))
            }
            _ => {
                let problem = Diagnostic::error("the function gives a table, not a value", span);
                Err(problem.help("use toscalar(…) around the call"))
            }
        }
    }

    fn call(&self, name: &Name, arguments: &[Argument], span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
        if let Some(Binding::Function(lambda, captured)) = scope.env.find(&name.text) {
            let (lambda, captured) = (lambda.clone(), captured.clone());
            return self.user_scalar(&lambda, &captured, arguments, span, scope);
        }
        self.usage.borrow_mut().functions.insert(name.text.clone());
        if name.text == "toscalar" {
            return self.toscalar(arguments, span, scope);
        }
        if name.text == "column_names_of" {
            return self.column_names(arguments, span, scope);
        }
        if scope.aggregates.is_some()
            && let Some(aggregate) = aggregates::find(&name.text)
            // `hll_merge(a)` aggregates, `hll_merge(a, b)` does not.
            && (aggregate.takes.1 >= arguments.len() || functions::find(&name.text).is_none())
        {
            return aggregates::compile(self, aggregate, name, arguments, span, scope);
        }
        // `int(x)`, `datetime(x)`: the type's name around an expression converts as `to…()` does.
        let cast = || Type::parse(&name.text).and_then(|ty| functions::find(&format!("to{ty}")));
        let Some(function) = functions::find(&name.text).or_else(cast) else {
            return Err(self.unknown_function(name));
        };
        let values = arguments
            .iter()
            .map(|argument| match &argument.value.kind {
                ExprKind::Star | ExprKind::Typeof(_) => Ok(Scalar::null(Type::Dynamic)),
                _ => self.scalar(&argument.value, scope),
            })
            .collect::<Compiled<Vec<Scalar>>>()?;
        self.check_arity(function, arguments.len(), span)?;
        let call = Call { compiler: self, scope, name, arguments: values, written: arguments, span };
        let result = call_function(function, &call)?;
        Ok(match function.naming {
            Naming::None => result.named(None),
            Naming::First => {
                // `round(Share = a / b)`: a name given to the argument is lent as well.
                let given = arguments.first().and_then(|first| first.name.as_ref()).map(|name| name.text.clone());
                result.named(given.or_else(|| call.arguments.first().and_then(|first| first.name.clone())))
            }
            Naming::Prefixed => {
                let first = call.arguments.first().and_then(|first| first.name.clone()).unwrap_or_default();
                let prefix = function.names.first().copied().unwrap_or_default();
                result.named(Some(format!("{prefix}_{first}")))
            }
            Naming::Called(prefix) => {
                let first = call.arguments.first().and_then(|first| first.name.clone()).unwrap_or_default();
                result.named(Some(format!("{prefix}_{first}")))
            }
            Naming::Own => result,
            Naming::Fixed(name) => result.named(Some(name.to_owned())),
        })
    }

    fn toscalar(&self, arguments: &[Argument], span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
        let [argument] = arguments else {
            return Err(Diagnostic::error("`toscalar` takes one argument", span));
        };
        match &argument.value.kind {
            ExprKind::Pipeline(pipeline) => self.first_cell(pipeline, scope),
            _ if self.is_tabular(&argument.value, &scope.env) => {
                let operator = super::ast::Operator {
                    kind: super::ast::OperatorKind::Source(argument.value.clone()),
                    span: argument.value.span,
                };
                let pipeline = Pipeline { operators: vec![operator], span: argument.value.span };
                self.first_cell(&pipeline, scope)
            }
            _ => self.scalar(&argument.value, scope),
        }
    }

    /// `column_names_of(table)`: the names as an array.
    fn column_names(&self, arguments: &[Argument], span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
        let [argument] = arguments else {
            return Err(Diagnostic::error("`column_names_of` takes one table", span));
        };
        let relation = match &argument.value.kind {
            ExprKind::Pipeline(pipeline) => self.relation(pipeline, &scope.env)?,
            _ => operators::source::table(self, &argument.value, &scope.env)?,
        };
        let names: Vec<&str> = relation.columns.iter().map(|col| col.name.as_str()).collect();
        Ok(Scalar::literal(Value::json(&serde_json::Value::from(names)), Type::Dynamic))
    }

    fn check_arity(&self, function: &Function, given: usize, span: Span) -> Compiled<()> {
        let most = function.takes.len();
        let least = most - function.optional;
        if given >= least && (given <= most || function.rest.is_some()) {
            return Ok(());
        }
        let problem = Diagnostic::error(format!("`{}` does not take {given} arguments", function.names[0]), span);
        Err(problem.help(format!("usage: {}", function.usage)))
    }

    fn unknown_function(&self, name: &Name) -> Diagnostic {
        let problem = Diagnostic::error(format!("unknown function `{}`", name.text), name.span);
        if let Some(aggregate) = aggregates::find(&name.text) {
            return Diagnostic::error(format!("`{}` is an aggregate", name.text), name.span)
                .help(format!("use it in summarize: {}", aggregate.usage));
        }
        let names = functions::all().flat_map(|function| function.names.iter().copied());
        match nearest(&name.text, names) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("`let` defines functions of your own"),
        }
    }
}

/// Applies a declared function to compiled arguments.
fn call_function(function: &Function, call: &Call<'_, '_>) -> Compiled<Scalar> {
    let ty = match function.gives {
        Gives::Type(ty) => ty,
        Gives::Argument(position) => call.argument(position).map_or(Type::Dynamic, |argument| argument.ty),
        Gives::Common(from) => compare::common(call.arguments.iter().skip(from).filter(|a| !a.is_null()).map(|a| a.ty)),
    };
    let accepts: Vec<Accepts> = function.takes.iter().copied().chain(function.rest).collect();
    match function.body {
        Body::Values(function) => {
            let kernel = std::sync::Arc::new(move |values: &[Value<'_>]| function(values).into_owned());
            Ok(apply(kernel, &call.arguments, &accepts, ty))
        }
        Body::Prepared(prepare) => Ok(apply(prepare(call)?, &call.arguments, &accepts, ty)),
        Body::Scalar(build) => build(call),
    }
}

/// The condition of a `where` or of `iff`: bool, or what the service takes for one.
pub fn condition(scalar: Scalar, span: Span) -> Compiled<Scalar> {
    match scalar.ty {
        Type::Bool => Ok(scalar),
        Type::Dynamic | Type::String => {
            let kernel = std::sync::Arc::new(|values: &[Value<'_>]| {
                values.first().map_or(Value::Null, |v| super::convert::cast(v, Type::Bool).into_owned())
            });
            Ok(apply(kernel, &[scalar], &[Accepts::Any], Type::Bool))
        }
        ty if ty.is_number() => Ok(Scalar::computed(scalar.expr.neq(lit(0)), Type::Bool)),
        ty => {
            Err(Diagnostic::error(format!("expected a condition, found {ty}"), span).help("compare it with something"))
        }
    }
}
