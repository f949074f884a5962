//! `summary.md`: the report in short, to paste into a ticket or a report of one's own.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::summary::{count, many};
use super::{Report, advice, clipped, one_line};
use crate::finding::{Outcome, Severity};
use crate::rules;
use crate::table::time;

/// Characters of a value; the whole stands in `findings.json`.
const VALUE: usize = 400;
/// Rows of a table.
const ROWS: usize = 100;
/// Findings less severe than this ask for no steps.
const ADVISED: Severity = Severity::Medium;

/// Writes the summary.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out };
    head(report, &mut page)?;
    incidents(report, &mut page)?;
    findings(report, &mut page)?;
    accounts(report, &mut page)?;
    indicators(report, &mut page)?;
    recommendations(report, &mut page)?;
    coverage(report, &mut page)?;
    unjudged(report, &mut page)?;
    unseen(&mut page)
}

struct Page<'a> {
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n## {}\n", safe(text))
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "- {}", begun(text))
    }

    /// A table of the first rows; what is left out is said below it.
    fn table<const N: usize>(
        &mut self,
        heads: [&str; N],
        rows: impl ExactSizeIterator<Item = [String; N]>,
    ) -> io::Result<()> {
        let total = rows.len();
        writeln!(self.out, "| {} |", heads.join(" | "))?;
        writeln!(self.out, "|{}", "---|".repeat(N))?;
        for row in rows.take(ROWS) {
            writeln!(self.out, "| {} |", row.map(|cell| safe(&cell)).join(" | "))?;
        }
        if total > ROWS {
            writeln!(self.out, "\n{} more stand in findings.json.", count((total - ROWS) as u64))?;
        }
        Ok(())
    }
}

/// The same where a line begins: neither a list nor a rule.
fn begun(text: &str) -> String {
    let text = safe(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = text.get(digits..).and_then(|rest| rest.chars().next());
    match mark {
        Some('-' | '+' | '=') if digits == 0 => format!("\\{text}"),
        Some('.' | ')') if digits > 0 => {
            let (number, rest) = text.split_at(digits);
            format!("{number}\\{rest}")
        }
        _ => text,
    }
}

/// Text from logs as text: no markup, no link, no heading, no second line.
fn safe(text: &str) -> String {
    let text = one_line(text);
    let text = clipped(&text, VALUE);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '$' | '@' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    // Renderers make links of bare addresses of the web.
    out.replace("://", "\\[:\\]//").replace("www.", "www\\[.\\]").replace("WWW.", "WWW\\[.\\]")
}

fn at(ticks: Option<i64>) -> String {
    ticks.map(time::short).unwrap_or_default()
}

fn labels(positions: &[usize]) -> String {
    let shown: Vec<String> = positions.iter().take(12).map(|position| format!("F{}", position + 1)).collect();
    match positions.len().saturating_sub(12) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn head(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let title = match report.input.case.name.as_str() {
        "" => "What the logs show",
        name => name,
    };
    writeln!(page.out, "# {}\n", safe(title))?;
    let marking = &report.input.case.marking;
    if !marking.is_empty() {
        writeln!(page.out, "{}\n", begun(marking))?;
    }
    writeln!(page.out, "{}. All times are UTC.\n", safe(&report.input.manifest.program))?;
    for sentence in &report.summary.lead {
        writeln!(page.out, "{}\n", begun(sentence))?;
    }
    let events = report.timeline.events.len() as u64;
    page.item(&format!("{} read", many(report.counts.records, "record", "records")))?;
    page.item(&format!("{} on the timeline", many(events, "event", "events")))?;
    if let Some(gap) = report.timeline.gap() {
        page.item(&gap)?;
    }
    page.item(&format!("{} of {} rules could look", report.counts.judged, report.input.verdicts.len()))?;
    if let Some((first, last)) = report.timeline.span() {
        page.item(&format!("first event {}, last event {}", time::short(first), time::short(last)))?;
    }
    Ok(())
}

fn incidents(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if report.incidents.is_empty() {
        return Ok(());
    }
    page.heading("Incidents")?;
    let rows = report.incidents.iter().enumerate().map(|(number, incident)| {
        let tactics: Vec<&str> = incident.phases.iter().map(|tactic| tactic.name).collect();
        [
            format!("I{}", number + 1),
            incident.severity.word().to_owned(),
            incident.title.clone(),
            at(incident.first),
            at(incident.last),
            tactics.join(", "),
            labels(&incident.findings),
        ]
    });
    page.table(["Incident", "Severity", "What", "First", "Last", "Tactics", "Findings"], rows)
}

fn findings(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Findings")?;
    if report.findings.is_empty() {
        return page.item("none; what could not be judged stands below");
    }
    let rows = report.findings.iter().map(|found| {
        let finding = found.finding;
        let text = if finding.sentence.is_empty() { &finding.title } else { &finding.sentence };
        [
            found.label(),
            finding.severity.word().to_owned(),
            at(finding.first),
            text.clone(),
            finding.techniques.join(", "),
            finding.limits.join("; "),
        ]
    });
    page.table(["Finding", "Severity", "First", "What happened", "ATT&CK", "Limits"], rows)
}

fn accounts(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if report.accounts.is_empty() {
        return Ok(());
    }
    page.heading("Accounts that findings name")?;
    let rows = report.accounts.iter().map(|account| {
        let span = account.span.unzip();
        let addresses: Vec<String> = account.addresses.iter().take(5).map(|address| super::defang(address)).collect();
        [
            account.name.clone(),
            account.severity.word().to_owned(),
            at(span.0),
            at(span.1),
            addresses.join(", "),
            labels(&account.findings),
        ]
    });
    page.table(["Account", "Severity", "First", "Last", "From", "Findings"], rows)
}

fn indicators(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if report.indicators.is_empty() {
        return Ok(());
    }
    page.heading("Indicators (defanged)")?;
    let rows = report.indicators.iter().map(|indicator| {
        let span = indicator.span.unzip();
        [
            indicator.kind.clone(),
            indicator.defanged(),
            indicator.note.clone(),
            indicator.severity.word().to_owned(),
            at(span.0),
            at(span.1),
            labels(&indicator.findings),
        ]
    });
    page.table(["Type", "Value", "Note", "Severity", "First", "Last", "Findings"], rows)
}

/// The steps that the rules of severe findings name, each rule once, the most severe first.
fn recommendations(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut rules: Vec<(&str, &str, Vec<usize>)> = Vec::new();
    for (position, found) in report.findings.iter().enumerate() {
        let Some(rule) = found.rule.filter(|_| found.finding.severity >= ADVISED) else { continue };
        match rules.iter_mut().find(|(id, _, _)| *id == rule.id) {
            Some((_, _, positions)) => positions.push(position),
            None => rules.push((&rule.id, &rule.description, vec![position])),
        }
    }
    let steps: Vec<(Vec<String>, &Vec<usize>)> =
        rules.iter().map(|(_, description, positions)| (advice(description), positions)).collect();
    if steps.iter().all(|(steps, _)| steps.is_empty()) {
        return Ok(());
    }
    page.heading("Recommendations")?;
    for (steps, positions) in steps.iter().filter(|(steps, _)| !steps.is_empty()) {
        page.item(&format!("{}: {}", labels(positions), steps.join(" ")))?;
    }
    Ok(())
}

fn coverage(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Coverage")?;
    if report.coverage.tables.is_empty() {
        return page.item("no table has rows");
    }
    let rows = report.coverage.tables.iter().map(|covered| {
        let span = covered.span.unzip();
        [covered.table.clone(), count(covered.rows), at(span.0), at(span.1), covered.gaps.to_string()]
    });
    page.table(["Table", "Rows", "First", "Last", "Steps without a row"], rows)
}

/// What would have left no trace, whatever was supplied.
fn unseen(page: &mut Page<'_>) -> io::Result<()> {
    page.heading("What no export shows")?;
    for thing in rules::coverage().not_observable {
        page.item(&format!("{}: {}", thing.what, thing.why))?;
    }
    Ok(())
}

fn unjudged(report: &Report<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if report.summary.limits.is_empty() {
        return Ok(());
    }
    page.heading("Not judged")?;
    for limit in &report.summary.limits {
        page.item(limit)?;
    }
    // What most rules wait for comes first.
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    for verdict in report.input.verdicts {
        if let Outcome::NotEvaluable { remedy, .. } = &verdict.outcome {
            remedy.iter().for_each(|export| *missing.entry(export.clone()).or_default() += 1);
        }
    }
    let mut missing: Vec<(String, usize)> = missing.into_iter().collect();
    missing.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (export, rules) in missing.iter().take(ROWS) {
        page.item(&format!("{} would look with: {export}", many(*rules as u64, "rule", "rules")))?;
    }
    Ok(())
}
