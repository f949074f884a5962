//! The fold from tree to plan: names, scopes, calls and pipelines.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use polars::prelude::{DataFrame, Expr as Plan, IntoLazy};

use super::aggregates::Aggregation;
use super::ast::{
    Argument, DeclaredPattern, Expr, ExprKind, Lambda, LetValue, Name, Operator, OperatorKind, Pipeline, Query,
    Statement,
};
use super::context::{Context, Usage};
use super::lineage::Lineage;
use super::relation::Relation;
use super::scalar::Scalar;
use super::{Value, operators};
use crate::error::{Diagnostic, Diagnostics, Span};
use crate::table::Type;

/// What compiling gives: one diagnostic ends the part that cannot be compiled.
pub type Compiled<T> = Result<T, Diagnostic>;

/// Calls of user functions nested deeper are refused: KQL has no recursion.
const MAX_CALLS: usize = 64;

/// Compiles one query against one context.
pub struct Compiler<'a> {
    /// Tables, time and lists.
    pub context: &'a Context<'a>,
    /// What has been read so far.
    pub usage: RefCell<Usage>,
    /// Accepted, but worth saying.
    pub notes: RefCell<Diagnostics>,
    /// Errors behind which compiling went on.
    pub problems: RefCell<Diagnostics>,
    /// What the numbers in [`crate::table::RECORD`] mean.
    pub lineage: Lineage,
    fresh: Cell<usize>,
    calls: Cell<usize>,
    now: Cell<i64>,
    failed: RefCell<BTreeMap<String, Diagnostics>>,
}

/// What a name is bound to by `let`, a parameter or `as`.
#[derive(Clone)]
pub enum Binding {
    /// A scalar: a constant, or an argument that depends on the caller's row.
    Scalar(Box<Scalar>),
    /// A table.
    Table(Box<Relation>),
    /// A lambda and the names it sees.
    Function(Arc<Lambda>, Env),
    /// A pattern and the names its queries see.
    Pattern(Arc<DeclaredPattern>, Env),
    /// No name: behind it, only tables that fit are seen of what was bound before and of the evidence.
    Restriction(Arc<Vec<super::ast::Pattern>>),
}

/// Bound names, innermost first. Cheap to clone.
#[derive(Clone, Default)]
pub struct Env(Option<Rc<Bound>>);

struct Bound {
    name: String,
    binding: Binding,
    outer: Env,
}

impl Env {
    /// This environment with one more name.
    pub fn bind(&self, name: impl Into<String>, binding: Binding) -> Env {
        Env(Some(Rc::new(Bound { name: name.into(), binding, outer: self.clone() })))
    }

    /// What a name is bound to.
    pub fn find(&self, name: &str) -> Option<&Binding> {
        let mut env = self;
        let mut hidden = false;
        while let Some(bound) = env.0.as_deref() {
            match &bound.binding {
                Binding::Restriction(allowed) => hidden |= !allowed.iter().any(|pattern| pattern.matches(name)),
                Binding::Table(_) | Binding::Pattern(..) if hidden => {}
                Binding::Function(lambda, _) if hidden && lambda.view => {}
                binding if bound.name == name => return Some(binding),
                _ => {}
            }
            env = &bound.outer;
        }
        None
    }

    /// Whether a table of the evidence may be read here.
    pub fn sees(&self, table: &str) -> bool {
        let mut env = self;
        while let Some(bound) = env.0.as_deref() {
            if let Binding::Restriction(allowed) = &bound.binding
                && !allowed.iter().any(|pattern| pattern.matches(table))
            {
                return false;
            }
            env = &bound.outer;
        }
        true
    }

    /// All bound names, innermost first.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut env = self;
        while let Some(bound) = env.0.as_deref() {
            names.push(bound.name.as_str());
            env = &bound.outer;
        }
        names
    }
}

/// Aggregates met inside an expression: hidden column, and how it is made.
pub type Aggregates = RefCell<Vec<(String, Aggregation)>>;

/// What a scalar expression can see.
#[derive(Clone)]
pub struct Scope<'s> {
    /// Bound names.
    pub env: Env,
    /// The input's columns; none in a constant expression.
    pub input: Option<&'s Relation>,
    /// The right side's columns in a join condition.
    pub right: Option<&'s Relation>,
    /// Where aggregates are allowed, the place that collects them.
    pub aggregates: Option<&'s Aggregates>,
}

impl<'s> Scope<'s> {
    /// A scope without columns.
    pub fn constant(env: &Env) -> Scope<'s> {
        Scope { env: env.clone(), input: None, right: None, aggregates: None }
    }

    /// A scope over the columns of a relation.
    pub fn over(env: &Env, input: &'s Relation) -> Scope<'s> {
        Scope { env: env.clone(), input: Some(input), right: None, aggregates: None }
    }
}

/// A call of a builtin, with its arguments compiled.
pub struct Call<'c, 'a> {
    /// The compiler.
    pub compiler: &'c Compiler<'a>,
    /// What the arguments saw.
    pub scope: &'c Scope<'c>,
    /// Function name as written.
    pub name: &'c Name,
    /// Compiled arguments; a `*` or a table is a null.
    pub arguments: Vec<Scalar>,
    /// The arguments as written.
    pub written: &'c [Argument],
    /// Bytes of the whole call.
    pub span: Span,
}

impl Call<'_, '_> {
    /// An argument.
    pub fn argument(&self, position: usize) -> Option<&Scalar> {
        self.arguments.get(position)
    }

    /// Bytes of an argument, or of the call when there is none.
    pub fn span_of(&self, position: usize) -> Span {
        self.written.get(position).map_or(self.span, |argument| argument.value.span)
    }

    /// The constant value of an argument.
    ///
    /// # Errors
    /// When it is missing or depends on the row.
    pub fn constant(&self, position: usize, what: &str) -> Compiled<&Value<'static>> {
        let found = self.argument(position).and_then(|argument| argument.constant.as_ref());
        found.ok_or_else(|| {
            Diagnostic::error(format!("`{}` needs a constant {what}", self.name.text), self.span_of(position))
                .label("depends on the row")
        })
    }

    /// A result as an expression of polars, computed at once where no argument depends on a row.
    ///
    /// # Errors
    /// When the expression of constants cannot be computed.
    pub fn folded(&self, expr: Plan, ty: Type) -> Compiled<Scalar> {
        let scalar = Scalar::computed(expr, ty);
        if self.arguments.iter().all(|argument| argument.constant.is_some()) {
            return self.compiler.settle(scalar, self.span);
        }
        Ok(scalar)
    }

    /// An error at an argument.
    pub fn error(&self, position: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message, self.span_of(position))
    }
}

impl<'a> Compiler<'a> {
    /// A compiler for one query.
    pub fn new(context: &'a Context<'a>) -> Compiler<'a> {
        Compiler {
            context,
            usage: RefCell::default(),
            notes: RefCell::default(),
            problems: RefCell::default(),
            lineage: Lineage::default(),
            fresh: Cell::new(0),
            calls: Cell::new(0),
            now: Cell::new(context.now),
            failed: RefCell::default(),
        }
    }

    /// Whether a `let` of this name could not be compiled.
    pub fn has_failed(&self, name: &str) -> bool {
        self.failed.borrow().contains_key(name)
    }

    /// What was wrong with a `let` of this name.
    pub fn told(&self, name: &str) -> Option<Diagnostic> {
        self.failed.borrow().get(name).and_then(|told| told.first().cloned())
    }

    /// Takes back the errors of a `let` that a fuzzy union does without.
    pub fn forgive(&self, name: &str) {
        if let Some(told) = self.failed.borrow().get(name) {
            self.problems.borrow_mut().retain(|problem| !told.contains(problem));
        }
    }

    /// What `now()` answers, in ticks: the context's, or what `set query_now` says.
    pub fn now(&self) -> i64 {
        self.now.get()
    }

    /// A hidden column name that no other has.
    pub fn hidden(&self, what: &str) -> String {
        self.fresh.set(self.fresh.get() + 1);
        format!("#{what}{}", self.fresh.get())
    }

    /// Records a note, once.
    pub fn note(&self, note: Diagnostic) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Records an error behind which compiling goes on, once.
    pub fn report(&self, problem: Diagnostic) {
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Marks the answer as depending on where a window begins or ends.
    pub fn windowed(&self) {
        self.usage.borrow_mut().windowed = true;
    }

    /// The statements of a query, bound in order.
    pub fn statements(&self, query: &Query, env: &Env, top: bool) -> Compiled<Env> {
        let mut env = env.clone();
        for statement in &query.statements {
            match statement {
                Statement::Ignored { word } => {
                    self.note(Diagnostic::note(format!("`{}` has no effect here", word.text), word.span));
                }
                Statement::Restrict(allowed) => {
                    env = env.bind("", Binding::Restriction(Arc::new(allowed.clone())));
                }
                Statement::Parameters(parameters) => {
                    for parameter in parameters {
                        let scope = Scope::constant(&env);
                        let value = match &parameter.default {
                            Some(default) => self.scalar(default, &scope)?,
                            None => Scalar::null(parameter.ty.unwrap_or(Type::Dynamic)),
                        };
                        env = env.bind(&parameter.name.text, Binding::Scalar(Box::new(value)));
                    }
                }
                Statement::Pattern(pattern) => {
                    env = env.bind(&pattern.name.text, Binding::Pattern(pattern.clone(), env.clone()));
                }
                Statement::Let { name, value } => {
                    let threshold = self.context.thresholds.get(&name.text).filter(|_| top);
                    let replaced = threshold.map(|text| self.threshold(name, text, &env)).transpose()?;
                    let binding = match (replaced, value) {
                        (Some(value), _) => Binding::Scalar(Box::new(value)),
                        (None, LetValue::Function(lambda)) => Binding::Function(lambda.clone(), env.clone()),
                        (None, LetValue::Expression(pipeline)) => match self.bind_value(pipeline, &env) {
                            Ok(binding) => binding,
                            // The error is told once; whatever uses the name goes on with a null.
                            Err(problem) => {
                                self.failed.borrow_mut().entry(name.text.clone()).or_default().push(problem.clone());
                                self.report(problem);
                                Binding::Scalar(Box::new(Scalar::null(Type::Dynamic)))
                            }
                        },
                    };
                    if let ("query_now", true, Binding::Scalar(value)) = (name.text.as_str(), top, &binding)
                        && let Some(Value::Datetime(ticks)) = value.constant
                    {
                        self.now.set(ticks);
                    }
                    env = env.bind(&name.text, binding);
                }
            }
        }
        Ok(env)
    }

    fn threshold(&self, name: &Name, text: &str, env: &Env) -> Compiled<Scalar> {
        let wrong = || {
            Diagnostic::error(format!("the case file's threshold {} = {text} is not a KQL value", name.text), name.span)
        };
        let query = super::parse(&format!("print {text}")).map_err(|_| wrong())?;
        let Some(Operator { kind: OperatorKind::Print(columns), .. }) =
            query.body.as_ref().and_then(|b| b.operators.first())
        else {
            return Err(wrong());
        };
        let first = columns.first().ok_or_else(wrong)?;
        self.scalar(&first.expr, &Scope::constant(env)).map_err(|_| wrong())
    }

    fn bind_value(&self, pipeline: &Pipeline, env: &Env) -> Compiled<Binding> {
        if let Some(expr) = pipeline.as_expr() {
            if let ExprKind::Name(name) = &expr.kind
                && let Some(binding) = env.find(name)
            {
                return Ok(binding.clone());
            }
            if !self.is_tabular(expr, env) {
                let scalar = self.scalar(expr, &Scope::constant(env))?;
                // Inside a function an argument may stand for a column of the caller's row.
                let varies = scalar.expr.into_iter().any(|part| matches!(part, Plan::Column(_)));
                let scalar = if varies { scalar } else { self.settle(scalar, expr.span)? };
                return Ok(Binding::Scalar(Box::new(scalar)));
            }
        }
        let relation = self.relation(pipeline, env)?;
        Ok(Binding::Table(Box::new(Relation { called: None, ..relation })))
    }

    /// Whether an expression stands for a table.
    pub fn is_tabular(&self, expr: &Expr, env: &Env) -> bool {
        if operators::pattern::invoked(expr, env).is_some() {
            return true;
        }
        match &expr.kind {
            ExprKind::Pipeline(_) | ExprKind::Wildcard(_) => true,
            ExprKind::Name(name) => match env.find(name) {
                Some(Binding::Scalar(_) | Binding::Pattern(..) | Binding::Restriction(_)) => false,
                Some(Binding::Table(_)) => true,
                Some(Binding::Function(lambda, captured)) => self.returns_table(lambda, captured),
                None => operators::source::is_table(self, name),
            },
            ExprKind::Member(base, _) => {
                matches!(&base.kind, ExprKind::Call(call, _) if operators::source::is_scope(&call.text))
            }
            ExprKind::Call(name, _) => match env.find(&name.text) {
                Some(Binding::Function(lambda, captured)) => self.returns_table(lambda, captured),
                _ => operators::source::is_table_function(&name.text),
            },
            _ => false,
        }
    }

    fn returns_table(&self, lambda: &Lambda, captured: &Env) -> bool {
        let Some(body) = &lambda.body.body else { return false };
        let Some(expr) = body.as_expr() else { return true };
        // Names bound inside the body decide as well; what they stand for is told by their form.
        let mut env = captured.clone();
        for parameter in &lambda.parameters {
            let scalar = Binding::Scalar(Box::new(Scalar::null(parameter.ty.unwrap_or(Type::Dynamic))));
            let binding = if parameter.ty.is_some() { scalar } else { Binding::Table(Box::new(empty())) };
            env = env.bind(&parameter.name.text, binding);
        }
        for statement in &lambda.body.statements {
            if let Statement::Let { name, value } = statement {
                let binding = match value {
                    LetValue::Function(inner) => Binding::Function(inner.clone(), env.clone()),
                    LetValue::Expression(pipeline) => match pipeline.as_expr() {
                        Some(expr) if !self.is_tabular(expr, &env) => {
                            Binding::Scalar(Box::new(Scalar::null(Type::Dynamic)))
                        }
                        _ => Binding::Table(Box::new(empty())),
                    },
                };
                env = env.bind(&name.text, binding);
            }
        }
        self.is_tabular(expr, &env)
    }

    /// Compiles a pipeline that stands on its own.
    pub fn relation(&self, pipeline: &Pipeline, env: &Env) -> Compiled<Relation> {
        self.fold(None, &pipeline.operators, env)
    }

    /// Compiles operators over an input.
    pub fn fold(&self, input: Option<Relation>, operators: &[Operator], env: &Env) -> Compiled<Relation> {
        let mut env = env.clone();
        let mut current = input;
        for (at, operator) in operators.iter().enumerate() {
            if let (OperatorKind::As(name), Some(relation)) = (&operator.kind, &current) {
                env = env.bind(&name.text, Binding::Table(Box::new(relation.clone())));
                current = Some(Relation { called: Some(name.text.clone()), ..relation.clone() });
                continue;
            }
            if let (OperatorKind::Join { .. }, Some(input)) = (&operator.kind, &current) {
                current = Some(operators::narrow(self, &operators[at..], input.clone(), &env)?);
            }
            let next = operators::compile(self, operator, current, &env)?;
            // The parenthesis of `(T | as Name)` is a source.
            let called = next.called.clone().filter(|_| matches!(operator.kind, OperatorKind::Source(_)));
            current = Some(Relation { called, ..next });
        }
        current.ok_or_else(|| Diagnostic::plain("an empty pipeline has no rows"))
    }

    /// Calls a user function; the caller knows whether it wants a table or a scalar.
    pub fn enter(
        &self,
        lambda: &Lambda,
        captured: &Env,
        arguments: &[Argument],
        scope: &Scope<'_>,
        span: Span,
    ) -> Compiled<Env> {
        if self.calls.get() >= MAX_CALLS {
            return Err(
                Diagnostic::error("functions are nested too deep", span).help("KQL functions cannot call themselves")
            );
        }
        let mut env = captured.clone();
        for (position, parameter) in lambda.parameters.iter().enumerate() {
            let by_name = arguments.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == parameter.name.text));
            let given = by_name.or_else(|| arguments.get(position).filter(|a| a.name.is_none()));
            let binding = match (given, &parameter.default) {
                (Some(argument), _) if parameter.ty.is_none() => {
                    let relation = match &argument.value.kind {
                        ExprKind::Pipeline(pipeline) => self.relation(pipeline, &scope.env)?,
                        _ => operators::source::table(self, &argument.value, &scope.env)?,
                    };
                    Binding::Table(Box::new(relation))
                }
                (Some(argument), _) => {
                    let value = self.scalar(&argument.value, scope)?;
                    Binding::Scalar(Box::new(self.retype(value, parameter.ty.unwrap_or(Type::Dynamic))))
                }
                (None, Some(default)) => Binding::Scalar(Box::new(self.scalar(default, &Scope::constant(captured))?)),
                (None, None) => {
                    let problem = Diagnostic::error(format!("argument `{}` is missing", parameter.name.text), span);
                    return Err(problem.help(format!("the function takes {} arguments", lambda.parameters.len())));
                }
            };
            env = env.bind(&parameter.name.text, binding);
        }
        if arguments.len() > lambda.parameters.len() {
            let problem = Diagnostic::error(
                format!("{} arguments, but {} parameters", arguments.len(), lambda.parameters.len()),
                span,
            );
            return Err(problem);
        }
        self.calls.set(self.calls.get() + 1);
        let env = self.statements(&lambda.body, &env, false);
        self.calls.set(self.calls.get() - 1);
        env
    }

    /// An argument as the declared type of its parameter, where the two differ and a conversion is exact.
    fn retype(&self, value: Scalar, ty: Type) -> Scalar {
        if value.ty == ty || ty == Type::Dynamic {
            return value;
        }
        match &value.constant {
            Some(constant) => Scalar::literal(super::convert::cast(constant, ty), ty),
            None if value.ty.is_number() && ty.is_number() => Scalar { expr: value.expr.cast(ty.dtype()), ty, ..value },
            None => value,
        }
    }

    /// A scalar without rows as a constant: computed now when it is not one yet.
    pub fn settle(&self, scalar: Scalar, span: Span) -> Compiled<Scalar> {
        if scalar.constant.is_some() || !scalar.parts.is_empty() {
            return Ok(scalar);
        }
        let frame = DataFrame::empty_with_height(1)
            .lazy()
            .select([scalar.expr.cast(scalar.ty.dtype()).alias("value")])
            .collect();
        let frame =
            frame.map_err(|error| Diagnostic::error(format!("the expression cannot be computed: {error}"), span))?;
        let columns = vec![("value".to_owned(), scalar.ty)];
        let answer = super::Answer { columns, frame, origins: Vec::new(), notes: Vec::new() };
        Ok(Scalar::literal(answer.cell(0, 0).into_owned(), scalar.ty))
    }

    /// The constant value of an expression that sees no columns.
    pub fn constant(&self, expr: &Expr, env: &Env) -> Compiled<(Value<'static>, Type)> {
        let scalar = self.scalar(expr, &Scope::constant(env))?;
        let scalar = self.settle(scalar, expr.span)?;
        let value = scalar.constant.ok_or_else(|| Diagnostic::error("expected a constant", expr.span))?;
        Ok((value, scalar.ty))
    }

    /// A constant count, as of `take` and `top`.
    pub fn count(&self, expr: &Expr, env: &Env) -> Compiled<u32> {
        let (value, _) = self.constant(expr, env)?;
        let count = value.as_i64().filter(|count| *count >= 0);
        let count = count.ok_or_else(|| Diagnostic::error("expected a number of rows", expr.span))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Runs a plan now, for what must be known before compiling goes on.
    pub fn collect(&self, relation: &Relation, span: Span) -> Compiled<DataFrame> {
        relation
            .frame
            .clone()
            .collect()
            .map_err(|error| Diagnostic::error(format!("this part of the query could not be run: {error}"), span))
    }

    /// A relation over rows already computed.
    pub fn settled(&self, relation: Relation, span: Span) -> Compiled<Relation> {
        let frame = self.collect(&relation, span)?;
        Ok(Relation { frame: frame.lazy(), ..relation })
    }
}

fn empty() -> Relation {
    Relation::new(DataFrame::empty().lazy(), Vec::new())
}
