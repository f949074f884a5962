//! Statements before the query's answer, and the functions that give a table.

use super::{Entry, ignored, known, refused};

/// Every statement.
pub const STATEMENTS: &[Entry] = &[
    ignored(
        &["alias"],
        "alias database name = cluster(\"…\").database(\"…\")",
        "names a database",
        "all tables are those of the evidence",
    ),
    known(
        &["declare query_parameters"],
        "declare query_parameters (name:type = value, …)",
        "names values that a caller may give; here each has its default",
    ),
    known(
        &["declare pattern"],
        "declare pattern name = (argument:type)[path:type] { (\"value\").[\"path\"] = { query }; }",
        "names queries by the values of arguments: name(\"value\").path",
    ),
    known(
        &["let"],
        "let name = expression; let name = (parameter:type) { body };",
        "binds a value, a table or a function to a name",
    ),
    known(&["restrict"], "restrict access to (table, …)", "leaves only these tables and views to the rest of the text"),
    ignored(
        &["set"],
        "set option = value",
        "sets an option of the service; query_bin_auto_size and query_bin_auto_at have an effect",
        "options steer a service, not an answer",
    ),
];

/// Every function that gives a table.
pub const SOURCES: &[Entry] = &[
    known(
        &["_GetWatchlist", "_GetWatchlistAlias"],
        "_GetWatchlist(\"name\")",
        "a list of the case file as a table; empty, with a note, when the case file has none of that name",
    ),
    known(
        &["workspace", "app", "resource", "cluster", "database", "adx", "arg"],
        "workspace(\"name\").Table",
        "a table of another place: all tables are read from the evidence at hand, with a note",
    ),
    refused(
        &["external_table"],
        "external_table(\"name\")",
        "a table outside of the database",
        "it lies outside of the evidence",
        "bring it as a watchlist, or with externaldata",
    ),
    known(&["materialize"], "materialize(T | …)", "computes rows once for several uses"),
    refused(
        &["materialized_view"],
        "materialized_view(\"name\")",
        "a view that the service keeps",
        "views are not part of an export",
        "name its table",
    ),
    refused(
        &["stored_query_result"],
        "stored_query_result(\"name\")",
        "an answer that the service keeps",
        "stored answers are not part of an export",
        "name its table",
    ),
    known(&["table"], "table(\"name\")", "a table by a computed name"),
    known(&["toscalar"], "toscalar(T | …)", "the first cell of a table as a value"),
    known(&["column_names_of"], "column_names_of(T)", "the names of a table's columns as an array"),
    known(&["view"], "view () { body }", "a function that wildcards of union see"),
];
