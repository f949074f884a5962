//! The outputs, each declared once: the command line's help, the documentation and the writing follow this list.

use std::io::{self, Write};

use super::{
    Report, coverage_layer, csv, findings, html, jsonl, l2tcsv, manifest, markdown, navigator, ocsf, schema, stix,
    timesketch, tln, xlsx,
};

/// Writes one output.
pub type Writer = fn(&Report<'_>, &mut dyn Write) -> io::Result<()>;

/// When an output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always: a report without its chain of custody proves nothing.
    Always,
    /// Unless `--formats` chooses others.
    Default,
    /// When `--formats` names it.
    Asked,
}

/// One output: a file in the report's folder.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Word on the command line.
    pub name: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// What it is and for whom, without a full stop.
    pub what: &'static str,
    /// When it is written.
    pub when: When,
    /// Writes it.
    pub write: Writer,
}

const fn format(name: &'static str, file: &'static str, when: When, what: &'static str, write: Writer) -> Format {
    Format { name, file, what, when, write }
}

/// The outputs of a report; beside them stands `run.log`, which tells of the run and not of the evidence.
pub static FORMATS: [Format; 15] = [
    format(
        "manifest",
        "manifest.json",
        When::Always,
        "chain of custody: every file with its SHA-256 and what became of its records; entrail verify reads it",
        manifest::write,
    ),
    format(
        "findings",
        "findings.json",
        When::Default,
        "every finding with rule, row and sources, and how every rule ended; for programs",
        findings::write,
    ),
    format(
        "csv",
        "timeline.csv",
        When::Default,
        "the timeline, one line for each event; for spreadsheets and Timeline Explorer",
        csv::write,
    ),
    format(
        "jsonl",
        "timeline.jsonl",
        When::Default,
        "the timeline with values exactly as logged; for Timesketch and scripts",
        jsonl::write,
    ),
    format(
        "attack",
        "attack-layer.json",
        When::Default,
        "techniques that findings name, ATT&CK Navigator layer 4.5",
        navigator::write,
    ),
    format(
        "xlsx",
        "report.xlsx",
        When::Default,
        "workbook: summary, timeline, findings, incidents, accounts, indicators, coverage",
        xlsx::write,
    ),
    format(
        "html",
        "report.html",
        When::Default,
        "the report itself: one page that opens from disk in any browser and prints to PDF",
        html::write,
    ),
    format(
        "markdown",
        "summary.md",
        When::Asked,
        "the report in short, to paste into a ticket or a report of your own",
        markdown::write,
    ),
    format(
        "attack-coverage",
        "attack-coverage.json",
        When::Asked,
        "techniques that the rules could and could not judge, ATT&CK Navigator layer 4.5",
        coverage_layer::write,
    ),
    format(
        "stix",
        "iocs.stix.json",
        When::Asked,
        "indicators as a STIX 2.1 bundle; for threat intelligence platforms",
        stix::write,
    ),
    format(
        "ocsf",
        "findings.ocsf.jsonl",
        When::Asked,
        "findings as OCSF Detection Finding (class 2004), one a line; for data lakes",
        ocsf::write,
    ),
    format(
        "timesketch-csv",
        "timesketch.csv",
        When::Asked,
        "the timeline as Timesketch imports it from CSV; timeline.jsonl is the safer import",
        timesketch::write,
    ),
    format("l2tcsv", "timeline.l2t.csv", When::Asked, "the timeline in the 17 columns of log2timeline", l2tcsv::write),
    format("tln", "timeline.tln", When::Asked, "the timeline in the 5 fields of TLN", tln::write),
    format("schema", "findings.schema.json", When::Asked, "JSON Schema of findings.json", schema::write),
];

/// Words of `--formats` that stand for several outputs, with their meaning.
pub static GROUPS: [(&str, &str); 2] =
    [("default", "what is written without this option"), ("all", "everything that there is")];

/// The outputs that these words choose, in the order of [`FORMATS`]; without a word, those written by default. A
/// word that names none chooses none: the command line has refused it.
pub fn chosen(words: &[String]) -> Vec<&'static Format> {
    let wanted = |format: &&Format| {
        let group = |word: &str| words.iter().any(|given| given == word);
        match format.when {
            When::Always => true,
            When::Default if words.is_empty() || group("default") => true,
            _ => group("all") || group(format.name),
        }
    };
    FORMATS.iter().filter(wanted).collect()
}
