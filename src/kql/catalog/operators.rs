//! The operators between pipes.

use super::{Entry, ignored, known, refused};

const NO_GRAPHS: &str = "graphs are not part of this engine";
const INSTEAD_OF_A_GRAPH: &str = "rewrite with join, union or mv-apply";

/// Every keyword that begins an operator.
pub const OPERATORS: &[Entry] = &[
    known(&["as"], "T | as name", "binds the rows so far to a name that later operators of the query may use"),
    ignored(
        &["assert-schema"],
        "T | assert-schema (column:type, …)",
        "states which columns the rows have",
        "columns come from the schema already",
    ),
    ignored(
        &["consume"],
        "T | consume",
        "reads all rows and gives none",
        "it measures a service; here the rows are kept",
    ),
    known(&["count"], "T | count", "gives one row with the number of rows"),
    known(&["datatable"], "datatable (column:type, …) [value, …]", "a table written out in the query"),
    known(&["distinct"], "T | distinct column, …   or   T | distinct *", "gives each combination of values once"),
    known(
        &["evaluate"],
        "T | evaluate plugin(argument, …) : (column:type, …)",
        "calls a plugin; the columns behind the colon are what it is to give",
    ),
    ignored(
        &["execute-and-cache"],
        "T | execute-and-cache",
        "keeps the rows for a second query",
        "a query runs once here",
    ),
    known(&["extend"], "T | extend name = expression, …", "adds columns, or replaces those of the same name"),
    known(
        &["externaldata"],
        "externaldata (column:type, …) [\"address\", …] with (format=\"csv\")",
        "a file as a table: nothing is fetched, the case file names the local file of an address",
    ),
    known(
        &["facet"],
        "T | facet by column, … with (operators)",
        "counts the rows of each value, a table a column, behind that of the operators; `entrail query` prints all, where \
         one is wanted the first counts, with a note",
    ),
    known(
        &["find"],
        "find in (table, …) where predicate project column, …",
        "rows of several tables that fit, with the table's name",
    ),
    known(
        &["fork"],
        "T | fork name=(operators) (operators)",
        "several tables from the same rows; `entrail query` prints all, where one is wanted the first counts, with a note",
    ),
    known(&["getschema"], "T | getschema", "gives a row for each column: name, position and type"),
    refused(
        &["graph-mark-components"],
        "G | graph-mark-components",
        "numbers the connected parts of a graph",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    refused(
        &["graph-match"],
        "G | graph-match pattern where predicate project column, …",
        "finds paths of a graph that fit a pattern",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    refused(
        &["graph-shortest-paths"],
        "G | graph-shortest-paths pattern project column, …",
        "finds shortest paths of a graph",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    refused(
        &["graph-to-table"],
        "G | graph-to-table nodes as N, edges as E",
        "turns a graph back into tables",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    refused(
        &["graph-where-edges"],
        "G | graph-where-edges predicate",
        "keeps edges of a graph",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    refused(
        &["graph-where-nodes"],
        "G | graph-where-nodes predicate",
        "keeps nodes of a graph",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    known(&["invoke"], "T | invoke function(argument, …)", "gives the rows to a function as its first argument"),
    known(
        &["join"],
        "T | join kind=inner (U) on key, $left.a == $right.b",
        "pairs rows of two tables; kinds innerunique (unless said), inner, leftouter, rightouter, fullouter, leftsemi, \
         rightsemi, leftanti, rightanti and their other spellings",
    ),
    known(
        &["lookup"],
        "T | lookup kind=leftouter (U) on key",
        "adds columns of a second table by key; kinds leftouter (unless said) and inner",
    ),
    refused(
        &["macro-expand"],
        "macro-expand group as scope (query)",
        "runs a query in several clusters",
        "there are no clusters offline",
        "name the tables with union",
    ),
    refused(
        &["make-graph"],
        "T | make-graph source --> target with U on key",
        "builds a graph from edges and nodes",
        NO_GRAPHS,
        INSTEAD_OF_A_GRAPH,
    ),
    known(
        &["make-series"],
        "T | make-series name = aggregate default=0 on axis from start to end step width by key, …",
        "aggregates into arrays along an axis, with a value for every step",
    ),
    known(
        &["mv-apply", "mvapply"],
        "T | mv-apply item = array to typeof(type) on (operators)",
        "runs operators over the items of each row's array",
    ),
    known(
        &["mv-expand", "mvexpand"],
        "T | mv-expand item = array to typeof(type) limit n",
        "gives a row for each item of an array or property of a bag",
    ),
    known(
        &["parse"],
        "T | parse kind=simple expression with \"text\" column:type * …",
        "cuts a text into columns by the texts between them; kinds simple, relaxed and regex",
    ),
    known(
        &["parse-kv"],
        "T | parse-kv expression as (key:type, …) with (pair_delimiter=\" \", kv_delimiter=\"=\")",
        "takes the values of keys out of a text",
    ),
    known(
        &["parse-where"],
        "T | parse-where expression with \"text\" column:type * …",
        "as parse, and drops the rows that do not fit",
    ),
    known(&["partition"], "T | partition by column (operators)", "runs operators for each value of a column"),
    known(&["print"], "print name = expression, …", "gives one row of computed values"),
    known(&["project"], "T | project name = expression, …", "keeps or computes exactly these columns"),
    known(&["project-away"], "T | project-away column, prefix*", "drops columns"),
    known(
        &["project-by-names"],
        "T | project-by-names name, dynamic_array, prefix*",
        "keeps columns whose names are computed",
    ),
    known(&["project-keep"], "T | project-keep column, prefix*", "keeps columns in their order"),
    known(&["project-rename"], "T | project-rename new = old, …", "renames columns"),
    known(
        &["project-reorder"],
        "T | project-reorder column, prefix* asc",
        "puts columns first; asc, desc, granny-asc and granny-desc sort those of a pattern",
    ),
    known(&["range"], "range name from first to last step width", "a table of one column that counts up or down"),
    known(
        &["reduce"],
        "T | reduce kind=source by column with threshold=0.1",
        "groups texts that look alike and names each group's pattern; with `kind=source` every row names its own",
    ),
    ignored(
        &["render"],
        "T | render chart with (property=value)",
        "says how to draw the rows",
        "it does not change the rows",
    ),
    known(&["sample"], "T | sample n", "gives n rows: the same ones in every run"),
    known(
        &["sample-distinct"],
        "T | sample-distinct n of column",
        "gives n distinct values: the same ones in every run",
    ),
    known(
        &["scan"],
        "T | scan declare (name:type = value) with (step name: predicate => name = expression;)",
        "matches a sequence of steps over rows in order",
    ),
    known(
        &["search"],
        "search in (table, …) \"term\" and column:\"term\"",
        "finds rows by terms in any of their columns",
    ),
    known(
        &["serialize"],
        "T | serialize name = expression, …",
        "fixes the order of rows for prev, next, row_number and the like",
    ),
    known(&["sort", "order"], "T | sort by expression desc nulls last, …", "sorts the rows; descending unless said"),
    known(
        &["summarize"],
        "T | summarize name = aggregate(…), … by key = expression, …",
        "gives one row for each combination of keys",
    ),
    known(&["take", "limit"], "T | take n", "gives the first n rows at hand"),
    known(&["top"], "T | top n by expression desc nulls last", "gives the first n rows of the sorted table"),
    known(
        &["top-hitters"],
        "T | top-hitters n of expression by weight",
        "gives the n most frequent values, counted exactly",
    ),
    known(
        &["top-nested"],
        "T | top-nested n of a with others=\"rest\" by count(), top-nested m of b by count()",
        "gives the top values of each level within those of the level above",
    ),
    known(
        &["union"],
        "union kind=outer withsource=name isfuzzy=true table, prefix*, (operators)",
        "rows of several tables; kinds outer (unless said) and inner",
    ),
    known(&["where", "filter"], "T | where predicate", "keeps the rows whose predicate is true"),
];
