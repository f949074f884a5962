//! Directory audits as the Entra portal downloads them in CSV: at most three targets with five properties each.

use super::record::quote;
use super::{Form, Format, Plan, Rank, Record, Sink};

const SHAPE: &str = "portal audit CSV";

/// The portal's audit download.
pub static FORMAT: Format = Format {
    name: "portal audit CSV",
    shapes: &[(SHAPE, Rank::Csv)],
    marks: |record| {
        let has = |name: &str| record.fields.iter().any(|(key, _)| same(key, name));
        let seen = record.form == Form::Csv
            && has("Activity")
            && has("Service")
            && has("CorrelationId")
            && (has("ActorType") || has("Target1DisplayName"));
        seen.then_some("has the header of the portal's audit download")
    },
    load,
};

/// Whether two header names are the same but for spaces and letter case.
fn same(found: &str, wanted: &str) -> bool {
    let letters =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect::<String>();
    letters(found) == letters(wanted)
}

/// All header names without spaces, so that both spellings of the header read alike.
fn joined<'a>(record: &'a Record<'a>) -> Record<'a> {
    let fields = record.fields.iter().map(|(name, value)| {
        let name = if name.contains(' ') { name.replace(' ', "").into() } else { name.clone() };
        (name, value.clone())
    });
    Record { fields: fields.collect(), form: record.form, raw: "", tight: false }
}

fn plan() -> Plan {
    Plan::bare("AuditLogs", SHAPE)
        .alias(&[
            ("Date(UTC)", "TimeGenerated"),
            ("Date(UTC)", "ActivityDateTime"),
            ("Date", "TimeGenerated"),
            ("Date", "ActivityDateTime"),
            ("CorrelationId", "CorrelationId"),
            ("Service", "LoggedByService"),
            ("Category", "Category"),
            ("Activity", "OperationName"),
            ("Activity", "ActivityDisplayName"),
            ("ResultReason", "ResultReason"),
        ])
        .constants(&super::audit_graph::CONSTANTS)
        .missing(&["Id", "AADOperationType"])
}

fn load(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let record = joined(record);
    if (1..=3).all(|t| {
        !record.text(&format!("Target{t}DisplayName")).is_empty()
            || !record.text(&format!("Target{t}ObjectId")).is_empty()
    }) {
        sink.note("records with three targets: the download holds no more than three, further ones are lost");
    }
    let plan = sink.plan("AuditLogs", plan);
    let mut row = sink.row(&plan);
    let text = |name: &str| record.text(name);
    let object = |pairs: &[(&str, &str)]| {
        let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
        let parts: Vec<String> = filled.map(|(name, value)| format!("\"{name}\":{}", quote(value))).collect();
        format!("{{{}}}", parts.join(","))
    };
    let user = text("ActorType").eq_ignore_ascii_case("user")
        || (!text("ActorUserPrincipalName").is_empty() && text("ActorServicePrincipalId").is_empty());
    let by = if user {
        let user = object(&[
            ("id", text("ActorObjectId")),
            ("displayName", text("ActorDisplayName")),
            ("userPrincipalName", text("ActorUserPrincipalName")),
            ("ipAddress", text("IPAddress")),
            ("homeTenantId", text("ActorHomeTenantId")),
            ("homeTenantName", text("ActorHomeTenantName")),
        ]);
        row.text("Identity", text("ActorDisplayName"));
        format!("{{\"user\":{user}}}")
    } else {
        let name = if text("ActorServicePrincipalName").is_empty() {
            text("ActorDisplayName")
        } else {
            text("ActorServicePrincipalName")
        };
        row.text("Identity", name);
        let id = if text("ActorServicePrincipalId").is_empty() {
            text("ActorObjectId")
        } else {
            text("ActorServicePrincipalId")
        };
        format!("{{\"app\":{}}}", object(&[("displayName", name), ("servicePrincipalId", id)]))
    };
    row.json("InitiatedBy", &by);
    row.json("TargetResources", &targets(&record));
    row.json("AdditionalDetails", &details(&record));
    row.text("Result", &text("Result").to_ascii_lowercase());
    row.fill(&record);
    row.close();
    Ok(())
}

fn targets(record: &Record<'_>) -> String {
    let mut targets = Vec::new();
    for t in 1..=3 {
        let text = |name: &str| record.text(&format!("Target{t}{name}"));
        let names = [
            ("id", "ObjectId"),
            ("displayName", "DisplayName"),
            ("type", "Type"),
            ("userPrincipalName", "UserPrincipalName"),
        ];
        let mut parts: Vec<String> = names
            .iter()
            .filter(|(_, column)| !text(column).is_empty())
            .map(|(name, column)| format!("\"{name}\":{}", quote(text(column))))
            .collect();
        let mut properties = Vec::new();
        for p in 1..=5 {
            let cell = |name: &str| text(&format!("ModifiedProperty{p}{name}"));
            let value = |name: &str| if cell(name).is_empty() { "null".to_owned() } else { quote(cell(name)) };
            if !cell("Name").is_empty() {
                let name = quote(cell("Name"));
                let (old, new) = (value("OldValue"), value("NewValue"));
                properties.push(format!("{{\"displayName\":{name},\"oldValue\":{old},\"newValue\":{new}}}"));
            }
        }
        if parts.is_empty() && properties.is_empty() {
            continue;
        }
        parts.push(format!("\"modifiedProperties\":[{}]", properties.join(",")));
        targets.push(format!("{{{}}}", parts.join(",")));
    }
    format!("[{}]", targets.join(","))
}

fn details(record: &Record<'_>) -> String {
    let mut details = Vec::new();
    let mut push = |key: &str, value: &str| {
        if !key.is_empty() {
            details.push(format!("{{\"key\":{},\"value\":{}}}", quote(key), quote(value)));
        }
    };
    let named = (1..=6).map(|k| (format!("AdditionalDetail{k}Key"), format!("AdditionalDetail{k}Value")));
    let named: Vec<(String, String)> = named.collect();
    let agent = record.text("UserAgent");
    let has_agent = named.iter().any(|(key, _)| record.text(key) == "User-Agent");
    for (key, value) in &named {
        push(record.text(key), record.text(value));
    }
    if !agent.is_empty() && !has_agent {
        push("User-Agent", agent);
    }
    format!("[{}]", details.join(","))
}
