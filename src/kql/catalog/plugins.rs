//! The plugins of `evaluate`.

use super::{Entry, known, refused};

const BRING_IT: &str = "queries run offline here: bring the data as a table or a watchlist";
const SERVICE: &str = "needs a web service";
const DATABASE: &str = "needs a database";
const CLUSTER: &str = "needs a cluster";
const STORAGE: &str = "needs a storage account";
const SANDBOX: &str = "needs an interpreter of another language";
const MODEL: &str = "needs a language model";

/// Every plugin of the language reference.
pub const PLUGINS: &[Entry] = &[
    known(
        &["active_users_count"],
        "T | evaluate active_users_count(id, time, start, end, lookback, period, active, bin, dimension, …)",
        "counts values that were active in several periods of a lookback window",
    ),
    known(
        &["activity_counts_metrics"],
        "T | evaluate activity_counts_metrics(id, time, start, end, step, dimension, …)",
        "counts events, distinct values, new values and all so far for each step of time",
    ),
    known(
        &["activity_engagement"],
        "T | evaluate activity_engagement(id, time, start, end, inner, outer, dimension, …)",
        "relates the values active in a short window to those active in a long one",
    ),
    known(
        &["activity_metrics"],
        "T | evaluate activity_metrics(id, time, start, end, step, dimension, …)",
        "distinct and new values, retention and churn for each step of time",
    ),
    refused(&["ai_chat_completion"], "evaluate ai_chat_completion(…)", "asks a language model", MODEL, BRING_IT),
    refused(
        &["ai_chat_completion_prompt"],
        "evaluate ai_chat_completion_prompt(…)",
        "asks a language model",
        MODEL,
        BRING_IT,
    ),
    refused(&["ai_embed_text"], "evaluate ai_embed_text(…)", "turns text into a vector", MODEL, BRING_IT),
    refused(&["ai_embeddings"], "evaluate ai_embeddings(…)", "turns text into a vector", MODEL, BRING_IT),
    known(
        &["autocluster"],
        "T | evaluate autocluster(weight, size, column, …)",
        "finds combinations of values that many rows share",
    ),
    refused(
        &["azure_digital_twins_query_request"],
        "evaluate azure_digital_twins_query_request(…)",
        "asks a cloud service",
        SERVICE,
        BRING_IT,
    ),
    known(
        &["bag_unpack"],
        "T | evaluate bag_unpack(column, prefix, conflict, ignored)",
        "turns the properties of a bag into columns",
    ),
    known(
        &["basket"],
        "T | evaluate basket(threshold, weight, dimensions, column, …)",
        "finds every combination of values that enough rows share",
    ),
    refused(&["cosmosdb_sql_request"], "evaluate cosmosdb_sql_request(…)", "asks a database", DATABASE, BRING_IT),
    refused(&["csharp"], "T | evaluate csharp(…)", "runs a C# program over the rows", SANDBOX, BRING_IT),
    known(
        &["dcount_intersect"],
        "T | evaluate dcount_intersect(hll, …)",
        "counts values that several sketches have in common",
    ),
    known(
        &["diffpatterns"],
        "T | evaluate diffpatterns(split, value, value, weight, threshold, dimensions, column, …)",
        "finds combinations of values that tell two sets of rows apart",
    ),
    known(&["estimate_rows_count"], "T | evaluate estimate_rows_count()", "counts the rows"),
    refused(&["execute_query"], "evaluate execute_query(…)", "runs a query elsewhere", CLUSTER, BRING_IT),
    refused(
        &["execute_show_command"],
        "evaluate execute_show_command(…)",
        "runs a management command",
        CLUSTER,
        BRING_IT,
    ),
    refused(
        &["funnel_sequence"],
        "T | evaluate funnel_sequence(id, time, start, end, window, step, state, sequence)",
        "counts what came before and after a sequence of states",
        "is not part of this engine",
        "use funnel_sequence_completion, sequence_detect or scan",
    ),
    known(
        &["funnel_sequence_completion"],
        "T | evaluate funnel_sequence_completion(id, time, start, end, step, state, sequence, windows, dimension, …)",
        "counts how many values completed each step of a sequence of states within a time",
    ),
    refused(&["http_request"], "evaluate http_request(…)", "fetches an address", SERVICE, BRING_IT),
    refused(&["http_request_post"], "evaluate http_request_post(…)", "sends to an address", SERVICE, BRING_IT),
    known(&["identity"], "T | evaluate identity()", "gives the rows as they are"),
    refused(
        &["infer_storage_schema"],
        "evaluate infer_storage_schema(…)",
        "reads the columns of files",
        STORAGE,
        BRING_IT,
    ),
    refused(
        &["infer_storage_schema_with_suggestions"],
        "evaluate infer_storage_schema_with_suggestions(…)",
        "reads the columns of files",
        STORAGE,
        BRING_IT,
    ),
    known(
        &["ipv4_lookup"],
        "T | evaluate ipv4_lookup(networks, address, network, key, …, return_unmatched)",
        "finds the networks of a table that hold an IPv4 address",
    ),
    known(
        &["ipv6_lookup"],
        "T | evaluate ipv6_lookup(networks, address, network, return_unmatched)",
        "finds the networks of a table that hold an IPv6 address",
    ),
    refused(&["mysql_request"], "evaluate mysql_request(…)", "asks a database", DATABASE, BRING_IT),
    known(&["narrow"], "T | evaluate narrow()", "gives a row for each cell: row number, column and value"),
    known(
        &["new_activity_metrics"],
        "T | evaluate new_activity_metrics(id, time, start, end, step, lookback, dimension, …)",
        "retention and churn of the values that were new in each step of time",
    ),
    known(&["pivot"], "T | evaluate pivot(column, aggregate, key, …)", "turns the values of a column into columns"),
    refused(&["postgresql_request"], "evaluate postgresql_request(…)", "asks a database", DATABASE, BRING_IT),
    known(&["preview"], "T | evaluate preview(n)", "gives the first n rows"),
    refused(&["python"], "T | evaluate python(…)", "runs a Python program over the rows", SANDBOX, BRING_IT),
    refused(&["r"], "T | evaluate r(…)", "runs an R program over the rows", SANDBOX, BRING_IT),
    known(
        &["rolling_percentile"],
        "T | evaluate rolling_percentile(value, percentile, index, bin, bins, dimension, …)",
        "a percentile over a moving number of bins",
    ),
    known(
        &["rows_near"],
        "T | evaluate rows_near(predicate, before, after)",
        "gives the rows around those that fit a predicate",
    ),
    known(&["schema_merge"], "T | evaluate schema_merge(preserve_order)", "merges the columns of several schemas"),
    known(
        &["sequence_detect"],
        "T | evaluate sequence_detect(time, step_span, sequence_span, name = predicate, …, dimension, …)",
        "finds predicates that come true one after the other within a time",
    ),
    known(
        &["session_count"],
        "T | evaluate session_count(id, time, start, end, bin, lookback, dimension, …)",
        "counts sessions: events of a value that are not further apart than a span",
    ),
    known(
        &["sliding_window_counts"],
        "T | evaluate sliding_window_counts(id, time, start, end, lookback, bin, dimension, …)",
        "counts rows and distinct values in a moving window",
    ),
    refused(&["sql_request"], "evaluate sql_request(…)", "asks a database", DATABASE, BRING_IT),
];
