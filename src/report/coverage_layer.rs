//! `attack-coverage.json`: what the rules could and could not judge, for the ATT&CK Navigator. Beside the layer of
//! findings it tells a white cell that was looked at from one that nobody could look at.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Report, navigator};
use crate::finding::Outcome;

/// How the rules of one technique ended.
#[derive(Debug, Clone, Default)]
struct Ended {
    /// Found something.
    hit: Vec<String>,
    /// Looked and found nothing.
    clean: Vec<String>,
    /// Looked at a part and found nothing in it.
    partly: Vec<String>,
    /// Could not look, or failed.
    blind: Vec<String>,
}

/// The four states in words and colours, the one that outranks the others first.
const STATES: [(&str, &str); 4] = [
    ("a rule found something", "#c0392b"),
    ("judged: no rule found anything", "#7fb58a"),
    ("judged in part", "#e8d27a"),
    ("no rule could look", "#9aa3ab"),
];

impl Ended {
    fn state(&self) -> (&'static str, &'static str) {
        let [hit, clean, partly, blind] = STATES;
        match self {
            ended if !ended.hit.is_empty() => hit,
            ended if ended.clean.is_empty() && ended.partly.is_empty() => blind,
            ended if ended.partly.is_empty() && ended.blind.is_empty() => clean,
            _ => partly,
        }
    }

    /// Per cent of its rules that could look at all they wanted to or found something.
    fn score(&self) -> usize {
        let all = self.hit.len() + self.clean.len() + self.partly.len() + self.blind.len();
        (self.hit.len() + self.clean.len()) * 100 / all.max(1)
    }

    fn comment(&self) -> String {
        let parts = [
            ("found something", &self.hit),
            ("found nothing", &self.clean),
            ("judged in part", &self.partly),
            ("could not look", &self.blind),
        ];
        let told = parts.iter().filter(|(_, rules)| !rules.is_empty());
        told.map(|(word, rules)| format!("{word}: {}", rules.join(", "))).collect::<Vec<_>>().join("; ")
    }
}

/// Writes the layer.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let techniques: Vec<Value> = ended(report)
        .iter()
        .map(|(id, ended)| {
            json!({
                "techniqueID": id,
                "score": ended.score(),
                "color": ended.state().1,
                "comment": ended.comment(),
                "enabled": true,
                "metadata": [{ "name": "state", "value": ended.state().0 }],
            })
        })
        .collect();
    let legend: Vec<Value> = STATES.iter().map(|(label, color)| json!({ "label": label, "color": color })).collect();
    let mut layer = navigator::layer(
        report,
        "entrail coverage",
        "Techniques that rules look for, by how these rules ended on the evidence supplied. The score is the share of \
         a technique's rules that could look. A white cell means that no rule looks for the technique.",
        techniques,
    );
    layer["gradient"] = json!({ "colors": ["#9aa3ab", "#e8d27a", "#7fb58a"], "minValue": 0, "maxValue": 100 });
    layer["legendItems"] = json!(legend);
    serde_json::to_writer_pretty(&mut *out, &layer)?;
    out.write_all(b"\n")
}

fn ended(report: &Report<'_>) -> BTreeMap<String, Ended> {
    let mut techniques: BTreeMap<String, Ended> = BTreeMap::new();
    let rules: BTreeMap<&str, _> = report.input.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    for verdict in report.input.verdicts {
        let Some(rule) = rules.get(verdict.rule.as_str()) else { continue };
        for id in &rule.techniques {
            let ended = techniques.entry(id.clone()).or_default();
            let list = match &verdict.outcome {
                Outcome::Hits(_) => &mut ended.hit,
                Outcome::Clean if verdict.unjudged == 0 && verdict.limits.is_empty() => &mut ended.clean,
                Outcome::Clean => &mut ended.partly,
                Outcome::NotEvaluable { .. } | Outcome::Failed(_) => &mut ended.blind,
            };
            list.push(rule.name.clone());
        }
    }
    techniques
}
