//! Rule files of Microsoft Sentinel: analytic rules (scheduled and NRT) and hunting queries in YAML, and the templates
//! that its portal exports.
//!
//! Published files are full of small liberties, so keys that do not matter here are not looked at, a list may be a
//! single value or missing, and only what decides whether and how a query runs is strict.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::rule::{Comparison, Connector, EntityMapping, Kind, Override, Rule, Schedule, stem};
use super::{attack, defender, duration};
use crate::error::{Diagnostic, Diagnostics, Span, nearest};
use crate::finding::Severity;

/// A template for Azure's resource manager, which the portal's export writes and some collections publish.
#[derive(Deserialize)]
struct Template {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: Option<String>,
    #[serde(rename = "type", default)]
    ty: String,
    kind: Option<Spanned<String>>,
    properties: Option<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    id: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    severity: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    query: Option<Spanned<String>>,
    /// A saved function's text, as parsers are published.
    #[serde(rename = "FunctionQuery")]
    function_query: Option<Spanned<String>>,
    #[serde(rename = "ParserQuery")]
    parser_query: Option<Spanned<String>>,
    #[serde(rename = "FunctionName")]
    function_name: Option<String>,
    #[serde(rename = "ParserName")]
    parser_name: Option<String>,
    query_frequency: Option<Spanned<String>>,
    query_period: Option<Spanned<String>>,
    trigger_operator: Option<Spanned<String>>,
    trigger_threshold: Option<Spanned<f64>>,
    version: Option<String>,
    tactics: Option<Json>,
    relevant_techniques: Option<Json>,
    techniques: Option<Json>,
    sub_techniques: Option<Json>,
    required_data_connectors: Option<Json>,
    entity_mappings: Option<Json>,
    custom_details: Option<Json>,
    alert_details_override: Option<Json>,
    tags: Option<Json>,
}

/// Ends the type of a resource that is a rule.
const ALERT_RULES: &str = "/alertRules";

/// Whether a text is a template with rules in it.
pub(super) fn is_template(source: &str) -> bool {
    source.trim_start().starts_with('{') && source.contains(ALERT_RULES)
}

/// Reads the rule of one file, or the rules of a template.
///
/// # Errors
/// What keeps a rule from running, with spans into `source`.
pub(super) fn read(path: &str, source: &str) -> Result<Vec<Rule>, Diagnostics> {
    let alone = |problem| vec![problem];
    if is_template(source) {
        let template: Template = parse(source).map_err(alone)?;
        let rules = template.resources.into_iter().filter(|resource| resource.ty.ends_with(ALERT_RULES));
        return rules.filter_map(|resource| resource.rule(path, source)).collect();
    }
    let file: File = parse(source).map_err(alone)?;
    if file.kind.as_ref().is_some_and(|kind| kind.value.trim().eq_ignore_ascii_case("CustomDetection")) {
        return Ok(vec![defender::read(path, source)?]);
    }
    Ok(vec![rule(path, source, file)?])
}

impl Resource {
    /// The rule, unless it is of a kind that has no query (Fusion, incidents of other products).
    fn rule(self, path: &str, source: &str) -> Option<Result<Rule, Diagnostics>> {
        let properties = self.properties.filter(|properties| properties.query.is_some())?;
        // `[concat(parameters('workspace'),'/Microsoft.SecurityInsights/GUID')]`
        let name = self.name.unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or_default().trim_end_matches(['\'', ')', ']']);
        let id = given(Some(last.to_string()));
        Some(rule(path, source, File { id, kind: self.kind, ..properties }))
    }
}

fn rule(path: &str, source: &str, file: File) -> Result<Rule, Diagnostics> {
    let mut problems = Diagnostics::new();
    let (query, query_at) = match file.query.or(file.function_query).or(file.parser_query) {
        Some(query) if !query.value.trim().is_empty() => {
            let at = offset(&query).unwrap_or_default();
            (query.value, Some(at))
        }
        Some(query) => {
            problems.push(Diagnostic::error("the query is empty", span(&query)).label("no KQL here"));
            (String::new(), None)
        }
        None => {
            problems.push(
                Diagnostic::plain("no `query` in this file")
                    .help("a rule file has the keys id, name, severity and query; see docs/writing-queries.md"),
            );
            (String::new(), None)
        }
    };
    let ticks = |written: &Option<Spanned<String>>, problems: &mut Diagnostics| {
        let written = written.as_ref()?;
        let ticks = duration(&written.value);
        if ticks.is_none() {
            problems.push(
                Diagnostic::error(format!("{:?} is not a duration", written.value), span(written))
                    .help("write it as 5m, 1h, 14d or as ISO 8601: PT5M, PT1H, P14D"),
            );
        }
        ticks
    };
    let frequency = ticks(&file.query_frequency, &mut problems);
    let period = ticks(&file.query_period, &mut problems);
    let severity = file.severity.as_ref().and_then(|written| {
        let severity = Severity::parse(&written.value);
        if severity.is_none() {
            let help = "the severities are informational, low, medium, high and critical";
            problems.push(Diagnostic::error(format!("{:?} is no severity", written.value), span(written)).help(help));
        }
        severity
    });
    let comparison = file.trigger_operator.as_ref().map_or(Some(Comparison::Greater), |written| {
        let comparison = Comparison::parse(&written.value);
        if comparison.is_none() {
            problems.push(
                Diagnostic::error(format!("{:?} is no trigger operator", written.value), span(written))
                    .help("write gt, lt, eq or ne, or GreaterThan, LessThan, Equal, NotEqual"),
            );
        }
        comparison
    });
    let kind = match file.kind.as_ref().map(|written| (written, written.value.trim().to_ascii_lowercase())) {
        Some((_, word)) if word == "nrt" => Kind::Nrt,
        Some((_, word)) if word == "scheduled" => Kind::Scheduled,
        Some((_, word)) if word.starts_with("hunting") => Kind::Hunting,
        Some((written, _)) => {
            let help = nearest(&written.value, ["Scheduled", "NRT", "Hunting"])
                .map_or("the kinds are Scheduled, NRT and Hunting; others have no query to run".into(), |near| {
                    format!("did you mean {near}?")
                });
            problems.push(
                Diagnostic::error(format!("{:?} is no kind of rule that runs here", written.value), span(written))
                    .help(help),
            );
            Kind::Hunting
        }
        None if frequency.is_some() || period.is_some() => Kind::Scheduled,
        None => Kind::Hunting,
    };
    let threshold = file.trigger_threshold.as_ref().map_or(0.0, |written| written.value).max(0.0) as u64;
    let schedule = match (kind, frequency.or(period), period.or(frequency), comparison) {
        (Kind::Scheduled, Some(frequency), Some(period), Some(comparison)) => {
            Some(Schedule { frequency, period, comparison, threshold })
        }
        _ => None,
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let overrides = file.alert_details_override.unwrap_or_default();
    let text = |key: &str| overrides.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_string);
    let mut techniques: Vec<String> = words(file.relevant_techniques.as_ref())
        .into_iter()
        .chain(words(file.techniques.as_ref()))
        .chain(words(file.sub_techniques.as_ref()))
        .map(|id| attack::current(&id))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    techniques.retain(|id| seen.insert(id.clone()));
    Ok(Rule {
        id: given(file.id).unwrap_or_else(|| stem(path).to_string()),
        name: given(file.name.or(file.display_name).or(file.function_name).or(file.parser_name))
            .unwrap_or_else(|| stem(path).to_string()),
        description: unquoted(&file.description.unwrap_or_default()),
        severity: severity.unwrap_or_default(),
        kind,
        schedule,
        tactics: words(file.tactics.as_ref()),
        techniques,
        connectors: connectors(file.required_data_connectors.as_ref()),
        query,
        entities: entities(file.entity_mappings.as_ref()),
        details: pairs(file.custom_details.as_ref()),
        overrides: Override {
            title: text("alertDisplayNameFormat"),
            sentence: text("alertDescriptionFormat"),
            severity: text("alertSeverityColumnName"),
            tactics: text("alertTacticsColumnName"),
        },
        tags: words(file.tags.as_ref()),
        version: file.version.unwrap_or_default(),
        path: path.to_string(),
        source: source.to_string(),
        query_at,
        test: None,
    })
}

/// The first document of the file; a repeated key counts as it was written last.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(source: &str) -> Result<T, Diagnostic> {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(source, options).map_err(|error| yaml_problem(source, &error))
}

/// A YAML error as a diagnostic: its first line, and the place that it names.
pub(super) fn yaml_problem(source: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or("not valid YAML");
    let diagnostic = Diagnostic::plain(format!("the YAML cannot be read: {message}"));
    let Some(location) = error.location() else { return diagnostic };
    let line = location.line().max(1) as usize - 1;
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let column = location.column().max(1) as usize - 1;
    let rest = source.get(start..).unwrap_or("");
    let at = start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    Diagnostic { span: Some(Span::new(at, at)), ..diagnostic }
}

/// First byte of a scalar in the file.
pub(super) fn offset<T>(value: &Spanned<T>) -> Option<usize> {
    value.defined.span().byte_offset().map(|at| at as usize)
}

pub(super) fn span<T>(value: &Spanned<T>) -> Span {
    let start = offset(value).unwrap_or_default();
    Span::new(start, start + value.defined.span().byte_len().unwrap_or_default() as usize)
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_string()).filter(|t| !t.is_empty())
}

/// Many published descriptions are block scalars that hold a text in quotes: `|` and then `'text'`.
pub(super) fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('\'').map(|rest| rest.strip_suffix('\'').unwrap_or(rest));
    inner.unwrap_or(text).trim().to_string()
}

/// A list of texts, written as a list, as one text, or as nothing. Tags may be maps: `{Name: value}`.
fn words(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(items)) => items.iter().flat_map(|item| words(Some(item))).collect(),
        Some(Json::String(text)) => {
            text.split(',').map(|word| word.trim().to_string()).filter(|word| !word.is_empty()).collect()
        }
        Some(Json::Object(map)) => map.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect(),
        Some(Json::Null) | None => Vec::new(),
        Some(other) => vec![other.to_string()],
    }
}

/// A scalar as text, without quotes.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn pairs(value: Option<&Json>) -> Vec<(String, String)> {
    let Some(Json::Object(map)) = value else { return Vec::new() };
    map.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn connectors(value: Option<&Json>) -> Vec<Connector> {
    let Some(Json::Array(items)) = value else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| {
            let id = item.get("connectorId").map(plain)?;
            Some(Connector { id, tables: words(item.get("dataTypes")) })
        })
        .collect()
}

fn entities(value: Option<&Json>) -> Vec<EntityMapping> {
    let Some(Json::Array(items)) = value else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| {
            let fields = item.get("fieldMappings")?.as_array()?.iter();
            let fields = fields
                .filter_map(|field| Some((plain(field.get("identifier")?), plain(field.get("columnName")?))))
                .collect();
            Some(EntityMapping { kind: plain(item.get("entityType")?), fields })
        })
        .collect()
}
