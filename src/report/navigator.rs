//! `attack-layer.json`: what was found, for the ATT&CK Navigator (layer format 4.5).

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Report, attack};
use crate::finding::Severity;
use crate::rules::attack::ATTACK_VERSION;

/// Writes the layer. Techniques carry no tactic: the layer then fits every version of the matrix, whatever its
/// tactics are called.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = report.findings.iter().enumerate().map(|(position, found)| (position, found.finding));
    let techniques = attack::techniques(found, report.input.techniques);
    let techniques: Vec<Value> = techniques
        .iter()
        .map(|technique| {
            let labels: Vec<String> = technique.findings.iter().map(|position| format!("F{}", position + 1)).collect();
            json!({
                "techniqueID": technique.id,
                "score": score(technique.severity, technique.findings.len()),
                "comment": format!("{}: {}", technique.severity.word(), labels.join(", ")),
                "enabled": true,
                "metadata": [{ "name": "findings", "value": technique.findings.len().to_string() }],
            })
        })
        .collect();
    let layer = layer(
        report,
        "entrail findings",
        "Techniques named by findings. A white cell means that no finding names the technique, not that it was not used.",
        techniques,
    );
    serde_json::to_writer_pretty(&mut *out, &layer)?;
    out.write_all(b"\n")
}

/// A layer with what all layers of a report share.
pub(super) fn layer(report: &Report<'_>, name: &str, description: &str, techniques: Vec<Value>) -> Value {
    let name = match report.input.case.name.as_str() {
        "" => name.to_owned(),
        case => format!("{name}: {case}"),
    };
    json!({
        "name": name,
        "versions": { "attack": ATTACK_VERSION, "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,
        "layout": {
            "layout": "side", "showName": true, "showID": true, "showAggregateScores": true,
            "countUnscored": false, "aggregateFunction": "max", "expandedSubtechniques": "annotated",
        },
        "hideDisabled": false,
        "gradient": { "colors": ["#f6e7c8", "#d98b2b", "#8c1d18"], "minValue": 0, "maxValue": 100 },
        "legendItems": [],
        "metadata": [{ "name": "program", "value": report.input.manifest.program }],
        "techniques": techniques,
    })
}

/// Weight of the severity, raised by the number of findings, at most 100.
fn score(severity: Severity, findings: usize) -> usize {
    let weight = match severity {
        Severity::Critical => 80,
        Severity::High => 60,
        Severity::Medium => 40,
        Severity::Low => 20,
        Severity::Informational => 5,
    };
    (weight + findings.saturating_sub(1) * 4).min(100)
}
