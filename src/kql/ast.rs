//! The tree of a query. Every node knows its bytes.

use super::Value;
use crate::error::Span;
use crate::table::Type;

/// A whole query text: statements and, last, what is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// `let`, `set`, `declare` and the like, in order.
    pub statements: Vec<Statement>,
    /// The tabular expression whose rows are the answer. Absent in a text of statements only.
    pub body: Option<Pipeline>,
}

/// One statement before the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `let name = …`.
    Let {
        /// The bound name.
        name: Name,
        /// What it is bound to.
        value: LetValue,
    },
    /// `set option = value`, `alias` and the like: accepted without effect.
    Ignored {
        /// The statement's first word.
        word: Name,
    },
    /// `restrict access to (name, …)`: the tables that what follows may read.
    Restrict(Vec<Pattern>),
    /// `declare query_parameters(name:type = default, …)`.
    Parameters(Vec<Parameter>),
    /// `declare pattern name = (a:string)[path:string] { ("x").["y"] = { … }; }`.
    Pattern(std::sync::Arc<DeclaredPattern>),
}

/// Queries named by the values of arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredPattern {
    /// Name.
    pub name: Name,
    /// Arguments.
    pub parameters: Vec<Parameter>,
    /// What stands behind the dot, if anything does.
    pub path: Option<Parameter>,
    /// The queries. None where the pattern is only announced.
    pub rules: Vec<PatternRule>,
}

/// One query of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternRule {
    /// Values of the arguments.
    pub values: Vec<Expr>,
    /// Value of the path.
    pub path: Option<Expr>,
    /// The query: a lambda without parameters.
    pub body: Lambda,
}

/// What a `let` binds.
#[derive(Debug, Clone, PartialEq)]
pub enum LetValue {
    /// A scalar or tabular expression: which, the compiler decides.
    Expression(Pipeline),
    /// A lambda.
    Function(std::sync::Arc<Lambda>),
}

/// `(x:long, T:(*)) { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// Statements and result.
    pub body: Query,
    /// Declared with `view`: wildcards of `union` and `search` see it.
    pub view: bool,
    /// Bytes.
    pub span: Span,
}

/// A parameter of a lambda or of the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name.
    pub name: Name,
    /// Scalar type; absent for a tabular parameter.
    pub ty: Option<Type>,
    /// Value when the caller gives none.
    pub default: Option<Expr>,
}

/// A name with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name without brackets and quotes.
    pub text: String,
    /// Bytes.
    pub span: Span,
}

/// Operators joined by pipes. The first is a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Operators in order.
    pub operators: Vec<Operator>,
    /// Bytes.
    pub span: Span,
}

impl Pipeline {
    /// The expression, when the pipeline is nothing but one.
    pub fn as_expr(&self) -> Option<&Expr> {
        match self.operators.as_slice() {
            [Operator { kind: OperatorKind::Source(expr), .. }] => Some(expr),
            _ => None,
        }
    }
}

/// One operator of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Which, with its arguments.
    pub kind: OperatorKind,
    /// Bytes.
    pub span: Span,
}

/// `name = expr`, `(a, b) = expr` or just `expr`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Names on the left: none, one or a tuple.
    pub names: Vec<Name>,
    /// Whether the names stood in parentheses.
    pub tuple: bool,
    /// Value.
    pub expr: Expr,
}

impl From<Expr> for Assignment {
    /// An expression under the name it brings along.
    fn from(expr: Expr) -> Assignment {
        Assignment { names: Vec::new(), tuple: false, expr }
    }
}

/// `expr asc nulls first`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What to sort by.
    pub expr: Expr,
    /// Ascending; descending unless said.
    pub ascending: bool,
    /// Nulls first; by default first when ascending, last when descending.
    pub nulls_first: bool,
}

/// A column name that may hold `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Text with `*` for any characters.
    pub text: String,
    /// Bytes.
    pub span: Span,
}

impl Pattern {
    /// Whether a column name fits.
    pub fn matches(&self, name: &str) -> bool {
        fn fits(pattern: &[u8], name: &[u8]) -> bool {
            match pattern.split_first() {
                None => name.is_empty(),
                Some((b'*', rest)) => (0..=name.len()).any(|i| fits(rest, &name[i..])),
                Some((c, rest)) => name.split_first().is_some_and(|(n, tail)| n == c && fits(rest, tail)),
            }
        }
        fits(self.text.as_bytes(), name.as_bytes())
    }

    /// Whether it holds a wildcard.
    pub fn is_wild(&self) -> bool {
        self.text.contains('*')
    }
}

/// Named settings such as `kind=inner` or `hint.strategy=shuffle`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings(pub Vec<(Name, Expr)>);

impl Settings {
    /// The word or text of a setting.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|expr| match &expr.kind {
            ExprKind::Name(word) => Some(word.as_str()),
            ExprKind::Literal(Value::String(text), _) => Some(text.as_ref()),
            _ => None,
        })
    }

    /// Whether a setting is `true` or 1.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|expr| matches!(&expr.kind, ExprKind::Literal(Value::Bool(true) | Value::Long(1), _)))
    }

    /// The expression of a setting.
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.0.iter().find(|(key, _)| key.text == name).map(|(_, expr)| expr)
    }
}

/// One piece of a `parse` pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum ParsePiece {
    /// Text to be found, or a regular expression in regex mode.
    Text(String),
    /// `*`: skipped.
    Skip,
    /// A new column; string unless typed.
    Column(Name, Type),
}

/// An operator and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorKind {
    /// A table, a let-bound name, a call, or a parenthesised pipeline.
    Source(Expr),
    /// `as name`.
    As(Name),
    /// `assert-schema` and `consume`, which change nothing here.
    Consume,
    /// `count`, `count as name`.
    Count(Option<Name>),
    /// `datatable (name:type, …) [values]`.
    Datatable {
        /// Columns.
        columns: Vec<(Name, Type)>,
        /// Cells in row order.
        values: Vec<Expr>,
    },
    /// `distinct a, b` or `distinct *`.
    Distinct(Vec<Assignment>),
    /// `evaluate plugin(…) : schema`.
    Evaluate {
        /// Plugin name.
        plugin: Name,
        /// Arguments.
        arguments: Vec<Argument>,
        /// Declared result columns; a leading `*` keeps those of the input.
        schema: Option<(bool, Vec<(Name, Type)>)>,
    },
    /// `extend`.
    Extend(Vec<Assignment>),
    /// `externaldata (name:type, …) [uris] with (…)`.
    Externaldata {
        /// Columns.
        columns: Vec<(Name, Type)>,
        /// Where the data lies.
        uris: Vec<Expr>,
        /// Settings.
        settings: Settings,
    },
    /// `facet by a, b with (…)`.
    Facet {
        /// Columns.
        by: Vec<Expr>,
        /// Subquery.
        with: Option<Pipeline>,
    },
    /// `find …`.
    Find {
        /// `withsource=name`.
        withsource: Option<Name>,
        /// Tables, possibly with wildcards; none for all.
        tables: Vec<Pipeline>,
        /// Predicate.
        predicate: Option<Expr>,
        /// `project`ed columns; none for `project-smart`.
        project: Option<Vec<FindColumn>>,
    },
    /// `fork name=(…) (…)`.
    Fork(Vec<(Option<Name>, Pipeline)>),
    /// `getschema`.
    Getschema,
    /// `invoke function(…)`.
    Invoke {
        /// Function name.
        function: Name,
        /// Arguments after the table.
        arguments: Vec<Argument>,
    },
    /// `join kind=… (right) on …`.
    Join {
        /// `kind`, hints.
        settings: Settings,
        /// Right side.
        right: Pipeline,
        /// Conditions.
        on: Vec<Expr>,
    },
    /// `lookup kind=… (right) on …`.
    Lookup {
        /// `kind`, hints.
        settings: Settings,
        /// Right side.
        right: Pipeline,
        /// Conditions.
        on: Vec<Expr>,
    },
    /// `make-series`.
    MakeSeries {
        /// Aggregates and their `default=`.
        aggregates: Vec<(Assignment, Option<Expr>)>,
        /// Axis column.
        axis: Assignment,
        /// Start.
        from: Option<Expr>,
        /// End.
        to: Option<Expr>,
        /// Step.
        step: Expr,
        /// Whether the end belongs to the series: the legacy `in range(start, end, step)` form.
        inclusive: bool,
        /// Group keys.
        by: Vec<Assignment>,
        /// `kind=nonempty`.
        settings: Settings,
    },
    /// `mv-apply items to typeof(t) limit n on (subquery)`.
    MvApply {
        /// What is expanded.
        items: Vec<Expansion>,
        /// `with_itemindex`.
        index: Option<Name>,
        /// Limit.
        limit: Option<Expr>,
        /// Subquery.
        on: Pipeline,
    },
    /// `mv-expand`.
    MvExpand {
        /// What is expanded.
        items: Vec<Expansion>,
        /// `kind=array` or `bagexpansion=array`.
        array: bool,
        /// `with_itemindex`.
        index: Option<Name>,
        /// Limit of rows for each input row.
        limit: Option<Expr>,
    },
    /// `parse` and `parse-where`.
    Parse {
        /// `simple`, `relaxed` or `regex`.
        kind: ParseKind,
        /// Regex flags: `i`, `s`, `m`, `U`.
        flags: String,
        /// What is parsed.
        expr: Expr,
        /// Pattern.
        pattern: Vec<ParsePiece>,
        /// `parse-where`: rows that do not fit are dropped.
        only: bool,
    },
    /// `parse-kv`.
    ParseKv {
        /// What is parsed.
        expr: Expr,
        /// Keys and types.
        keys: Vec<(Name, Type)>,
        /// Delimiters and the like.
        settings: Settings,
    },
    /// `partition by column (subquery)`.
    Partition {
        /// Column.
        by: Expr,
        /// Subquery.
        with: Pipeline,
    },
    /// `print`.
    Print(Vec<Assignment>),
    /// `project`.
    Project(Vec<Assignment>),
    /// `project-away`.
    ProjectAway(Vec<Pattern>),
    /// `project-by-names`: as `project-keep`, by computed names.
    ProjectByNames(Vec<Expr>),
    /// `project-keep`.
    ProjectKeep(Vec<Pattern>),
    /// `project-rename new = old`.
    ProjectRename(Vec<(Name, Name)>),
    /// `project-reorder a, b* asc`.
    ProjectReorder(Vec<(Pattern, Reorder)>),
    /// `range name from a to b step c`.
    Range {
        /// Column.
        name: Name,
        /// First.
        from: Expr,
        /// Last.
        to: Expr,
        /// Step.
        step: Option<Expr>,
    },
    /// `reduce by expr with threshold=…`.
    Reduce {
        /// What is reduced.
        by: Expr,
        /// Threshold, characters.
        settings: Settings,
    },
    /// `render …`: how an answer is drawn; no effect on it.
    Render,
    /// `sample n`.
    Sample(Expr),
    /// `sample-distinct n of column`.
    SampleDistinct {
        /// How many.
        count: Expr,
        /// Of what.
        of: Expr,
    },
    /// `scan with (step …)`.
    Scan(Box<Scan>),
    /// `search in (T) "term"`.
    Search {
        /// Tables, possibly with wildcards; none for the input or all.
        tables: Vec<Pipeline>,
        /// `kind=case_sensitive`.
        case_sensitive: bool,
        /// Predicate; a bare text is a term looked for in any column.
        predicate: Expr,
    },
    /// `serialize`.
    Serialize(Vec<Assignment>),
    /// `sort by`, `order by`.
    Sort(Vec<SortKey>),
    /// `summarize`.
    Summarize {
        /// Aggregates.
        aggregates: Vec<Assignment>,
        /// Group keys.
        by: Vec<Assignment>,
    },
    /// `take`, `limit`.
    Take(Expr),
    /// `top n by …`.
    Top {
        /// How many.
        count: Expr,
        /// By what.
        by: Vec<SortKey>,
    },
    /// `top-hitters n of x by y`.
    TopHitters {
        /// How many.
        count: Expr,
        /// Of what.
        of: Expr,
        /// Weight.
        by: Option<Expr>,
    },
    /// `top-nested …`.
    TopNested(Vec<NestedLevel>),
    /// `union`.
    Union {
        /// `kind`, `isfuzzy`, `withsource`.
        settings: Settings,
        /// Tables.
        tables: Vec<Pipeline>,
    },
    /// `where`, `filter`.
    Where(Expr),
}

/// Order of `project-reorder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reorder {
    /// As they stand.
    Keep,
    /// By name.
    Ascending,
    /// By name, backwards.
    Descending,
    /// By name, digits as numbers.
    GrannyAscending,
    /// By name, digits as numbers, backwards.
    GrannyDescending,
}

/// How `parse` treats its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseKind {
    /// Exact text, all or nothing.
    Simple,
    /// Exact text, a failed conversion blanks only its column.
    Relaxed,
    /// Regular expressions.
    Regex,
}

/// One item of `mv-expand` or `mv-apply`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// New name.
    pub name: Option<Name>,
    /// Array or bag.
    pub expr: Expr,
    /// `to typeof(t)`.
    pub ty: Option<Type>,
}

/// One level of `top-nested`.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedLevel {
    /// How many; all without.
    pub count: Option<Expr>,
    /// Of what.
    pub of: Assignment,
    /// `with others = …`.
    pub others: Option<Expr>,
    /// Aggregate.
    pub by: Assignment,
    /// Descending unless said.
    pub ascending: bool,
}

/// `scan`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// `with_match_id`.
    pub match_id: Option<Name>,
    /// `declare (name:type = default, …)`.
    pub declare: Vec<Parameter>,
    /// Steps in order.
    pub steps: Vec<ScanStep>,
}

/// A column that `find` projects.
#[derive(Debug, Clone, PartialEq)]
pub struct FindColumn {
    /// The column, or `pack_all()`.
    pub column: Assignment,
    /// The type asked for.
    pub ty: Option<Type>,
}

/// One step of `scan`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanStep {
    /// Name.
    pub name: Name,
    /// `optional`.
    pub optional: bool,
    /// `output = none`, `last` or `all`.
    pub output: String,
    /// Condition.
    pub condition: Expr,
    /// Assignments.
    pub assignments: Vec<(Name, Expr)>,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Name of a named argument.
    pub name: Option<Name>,
    /// Value.
    pub value: Expr,
}

/// A scalar expression, or a tabular one where the language allows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Bytes.
    pub span: Span,
}

impl Expr {
    /// Whether it names a column.
    pub fn reads(&self, column: &str) -> bool {
        match &self.kind {
            ExprKind::Name(name) => name == column,
            ExprKind::Member(base, _) | ExprKind::Minus(base) => base.reads(column),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => a.reads(column) || b.reads(column),
            ExprKind::In(_, value, items) => value.reads(column) || items.iter().any(|item| item.reads(column)),
            ExprKind::Between { value, low, high, .. } => [value, low, high].iter().any(|expr| expr.reads(column)),
            ExprKind::Call(_, arguments) => arguments.iter().any(|argument| argument.value.reads(column)),
            _ => false,
        }
    }
}

/// Kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal and its type, which a null needs.
    Literal(Value<'static>, Type),
    /// A column, a let-bound name or a table.
    Name(String),
    /// A name with `*`, as in `union Sign*`.
    Wildcard(String),
    /// `*`.
    Star,
    /// `base.member`.
    Member(Box<Expr>, Name),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `name(…)`.
    Call(Name, Vec<Argument>),
    /// `-x`.
    Minus(Box<Expr>),
    /// `a op b`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x in (…)` and its family.
    In(InOp, Box<Expr>, Vec<Expr>),
    /// `x between (a .. b)`.
    Between {
        /// `!between`.
        negated: bool,
        /// Value.
        value: Box<Expr>,
        /// Lower end.
        low: Box<Expr>,
        /// Upper end.
        high: Box<Expr>,
    },
    /// A parenthesised or argument pipeline.
    Pipeline(Box<Pipeline>),
    /// `typeof(long)`; a tabular schema has several columns.
    Typeof(Vec<(Option<String>, Type)>),
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    EqualTilde,
    NotEqualTilde,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    /// A string operator, negated or not.
    Text(TextOp, bool),
}

/// String operators without their negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TextOp {
    Has,
    HasCs,
    HasPrefix,
    HasPrefixCs,
    HasSuffix,
    HasSuffixCs,
    Contains,
    ContainsCs,
    StartsWith,
    StartsWithCs,
    EndsWith,
    EndsWithCs,
    Matches,
}

/// Membership operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum InOp {
    In,
    NotIn,
    InTilde,
    NotInTilde,
    HasAny,
    NotHasAny,
    HasAll,
    NotHasAll,
}

/// Spelling of the string operators; a `!` in front negates.
pub const TEXT_OPERATORS: [(&str, TextOp); 13] = [
    ("has", TextOp::Has),
    ("has_cs", TextOp::HasCs),
    ("hasprefix", TextOp::HasPrefix),
    ("hasprefix_cs", TextOp::HasPrefixCs),
    ("hassuffix", TextOp::HasSuffix),
    ("hassuffix_cs", TextOp::HasSuffixCs),
    ("contains", TextOp::Contains),
    ("contains_cs", TextOp::ContainsCs),
    ("startswith", TextOp::StartsWith),
    ("startswith_cs", TextOp::StartsWithCs),
    ("endswith", TextOp::EndsWith),
    ("endswith_cs", TextOp::EndsWithCs),
    ("matches", TextOp::Matches),
];

/// Spelling of the membership operators.
pub const IN_OPERATORS: [(&str, InOp); 8] = [
    ("in", InOp::In),
    ("!in", InOp::NotIn),
    ("in~", InOp::InTilde),
    ("!in~", InOp::NotInTilde),
    ("has_any", InOp::HasAny),
    ("!has_any", InOp::NotHasAny),
    ("has_all", InOp::HasAll),
    ("!has_all", InOp::NotHasAll),
];

/// Spelling of the other binary operators.
pub const BINARY_OPERATORS: [(&str, BinaryOp); 16] = [
    ("or", BinaryOp::Or),
    ("and", BinaryOp::And),
    ("==", BinaryOp::Equal),
    ("!=", BinaryOp::NotEqual),
    ("<>", BinaryOp::NotEqual),
    ("=~", BinaryOp::EqualTilde),
    ("!~", BinaryOp::NotEqualTilde),
    ("<", BinaryOp::Less),
    ("<=", BinaryOp::LessEqual),
    (">", BinaryOp::Greater),
    (">=", BinaryOp::GreaterEqual),
    ("+", BinaryOp::Add),
    ("-", BinaryOp::Subtract),
    ("*", BinaryOp::Multiply),
    ("/", BinaryOp::Divide),
    ("%", BinaryOp::Modulo),
];
