//! Custom detections of Defender, the form in which published rules are also given since they run there.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use super::rule::{Comparison, EntityMapping, Kind, Override, Rule, Schedule, stem};
use super::sentinel::{offset, parse, span, unquoted};
use super::{attack, duration};
use crate::error::{Diagnostic, Diagnostics};
use crate::finding::Severity;
use crate::table::TICKS_PER_SECOND;

#[derive(Deserialize)]
struct File {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    id: Option<String>,
    display_name: Option<String>,
    query_condition: Condition,
    schedule: Option<Runs>,
    detection_action: Option<Action>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    query_text: Spanned<String>,
}

#[derive(Deserialize)]
struct Runs {
    #[serde(alias = "period")]
    frequency: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    alert_template: Template,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    title: Option<String>,
    description: Option<String>,
    severity: Option<Spanned<String>>,
    #[serde(default)]
    tactics: Vec<Tactic>,
    entity_mappings: Option<Json>,
}

#[derive(Deserialize)]
struct Tactic {
    tactic: String,
    #[serde(default)]
    techniques: Vec<Technique>,
}

#[derive(Deserialize)]
struct Technique {
    technique: String,
}

/// Reads one file.
///
/// # Errors
/// What keeps the rule from running, with spans into `source`.
pub(super) fn read(path: &str, source: &str) -> Result<Rule, Diagnostics> {
    let file: File = parse(source).map_err(|problem| vec![problem])?;
    let Properties { id, display_name, query_condition, schedule, detection_action } = file.properties;
    let mut problems = Diagnostics::new();
    let frequency = schedule.and_then(|runs| runs.frequency).and_then(|written| {
        let ticks = duration(&written.value);
        if ticks.is_none() {
            let problem = Diagnostic::error(format!("{:?} is not a duration", written.value), span(&written));
            problems.push(problem.help("write it as PT1H, PT12H, P1D"));
        }
        ticks
    });
    let template = detection_action.map(|action| action.alert_template);
    let severity = template.as_ref().and_then(|template| template.severity.as_ref()).and_then(|written| {
        let severity = Severity::parse(&written.value);
        if severity.is_none() {
            let help = "the severities are informational, low, medium and high";
            problems.push(Diagnostic::error(format!("{:?} is no severity", written.value), span(written)).help(help));
        }
        severity
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let tactics = template.iter().flat_map(|template| &template.tactics);
    let techniques = tactics.clone().flat_map(|tactic| &tactic.techniques);
    let title = template.as_ref().and_then(|template| template.title.clone());
    let name = display_name.or(title).unwrap_or_else(|| stem(path).to_string());
    Ok(Rule {
        id: id.unwrap_or_else(|| stem(path).to_string()),
        name,
        description: template.as_ref().and_then(|t| t.description.as_deref()).map(unquoted).unwrap_or_default(),
        severity: severity.unwrap_or_default(),
        kind: if frequency.is_some() { Kind::Scheduled } else { Kind::Nrt },
        schedule: frequency.map(|frequency| Schedule {
            frequency,
            period: looks_back(frequency),
            comparison: Comparison::Greater,
            threshold: 0,
        }),
        techniques: techniques.map(|technique| attack::current(&technique.technique)).collect(),
        tactics: tactics.map(|tactic| tactic.tactic.clone()).collect(),
        connectors: Vec::new(),
        query_at: offset(&query_condition.query_text),
        query: query_condition.query_text.value,
        entities: template.as_ref().map(|t| entities(t.entity_mappings.as_ref())).unwrap_or_default(),
        details: Vec::new(),
        overrides: Override::default(),
        tags: Vec::new(),
        version: String::new(),
        path: path.to_string(),
        source: source.to_string(),
        test: None,
    })
}

/// How far back a run looks, which its frequency decides
/// (<https://learn.microsoft.com/defender-xdr/custom-detection-rules>).
fn looks_back(frequency: i64) -> i64 {
    const HOUR: i64 = 3600 * TICKS_PER_SECOND;
    match frequency / HOUR {
        ..=1 => 4 * HOUR,
        2..=3 => 12 * HOUR,
        4..=12 => 48 * HOUR,
        _ => frequency.max(30 * 24 * HOUR),
    }
}

/// `accounts: [{nameColumn: …}]` in the words of Sentinel: entities of the type Account with the identifier Name.
fn entities(written: Option<&Json>) -> Vec<EntityMapping> {
    let Some(Json::Object(groups)) = written else { return Vec::new() };
    let one = |group: &String, mapping: &Json| {
        let fields: Vec<(String, String)> = mapping
            .as_object()?
            .iter()
            .filter_map(|(key, column)| Some((identifier(key.strip_suffix("Column")?), column.as_str()?.to_string())))
            .collect();
        (!fields.is_empty()).then(|| EntityMapping { kind: kind(group), fields })
    };
    let listed = groups.iter().flat_map(|(group, list)| list.as_array().into_iter().flatten().map(move |m| (group, m)));
    listed.filter_map(|(group, mapping)| one(group, mapping)).collect()
}

fn kind(group: &str) -> String {
    match group {
        "ips" => "IP".into(),
        "urls" => "URL".into(),
        "processes" => "Process".into(),
        "mailboxes" => "Mailbox".into(),
        other => capital(other.strip_suffix('s').unwrap_or(other)),
    }
}

fn identifier(name: &str) -> String {
    if name == "upnSuffix" { "UPNSuffix".into() } else { capital(name) }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::finding::Severity;
    use crate::table::TICKS_PER_SECOND;

    #[test]
    fn a_custom_detection_is_a_rule() {
        let source = "kind: CustomDetection\nproperties:\n  id: made-up\n  displayName: Many deletions\n  queryCondition:\n    \
            queryText: |-\n      AzureActivity\n      | take 1\n  schedule:\n    frequency: P1D\n  detectionAction:\n    \
            alertTemplate:\n      severity: medium\n      entityMappings:\n        accounts:\n        - id: a\n          \
            nameColumn: Name\n          upnSuffixColumn: Suffix\n        ips:\n        - addressColumn: Ip\n      \
            tactics:\n      - tactic: Impact\n        techniques:\n        - technique: T1485\n";
        let rule = read("a.yaml", source).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!((rule.name.as_str(), rule.query.as_str()), ("Many deletions", "AzureActivity\n| take 1"));
        assert_eq!((rule.severity, rule.tactics.join(" ")), (Severity::Medium, "Impact".into()));
        let day = 86_400 * TICKS_PER_SECOND;
        assert_eq!(rule.schedule.map(|s| (s.frequency, s.period)), Some((day, 30 * day)));
        let mapped: Vec<String> = rule
            .entities
            .iter()
            .flat_map(|entity| entity.fields.iter().map(|(key, column)| format!("{}.{key}={column}", entity.kind)))
            .collect();
        assert_eq!(mapped, ["Account.Name=Name", "Account.UPNSuffix=Suffix", "IP.Address=Ip"]);
    }
}
