//! `entrail analyze`: collect → ingest → detect → timeline → report.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use comfy_table::Table as Terminal;

use super::screen::{Screen, link};
use super::{Exit, Told, given, load};
use crate::case::Case;
use crate::cli::Analyze;
use crate::detect::detect;
use crate::error::Diagnostic;
use crate::finding::{Outcome, Severity, Verdict};
use crate::hunt;
use crate::ingest::Ingested;
use crate::ioc::Iocs;
use crate::report::{self, Clock, FORMATS, Input, Look, Output, Pseudonyms, Report, RuleInfo};
use crate::rules::{Broken, Pack, Rule, attack};
use crate::table::{Tables, time};

pub(super) fn run(args: Analyze, screen: &Screen) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let fail_on = args.fail_on.as_deref().map(|word| given::severity("--fail-on", word)).transpose()?;
    let case = given::case(&args.case, screen)?;
    let pack = given::pack(&args.pack)?;
    let iocs = args.ioc.as_deref().map(|path| given::iocs(path, screen)).transpose()?;
    let formats = report::chosen(&args.formats);
    let clock = given::clock(args.timezone.as_deref())?;
    if let Some(key) = &args.pseudonymize {
        report::key_place(key, &args.output, &args.exports).map_err(|problem| told(screen, problem))?;
    }
    let output = report::prepare(&args.output, args.force, &args.exports).map_err(|problem| told(screen, problem))?;
    if args.pseudonymize.is_some() {
        alone(&output).map_err(|problem| told(screen, problem))?;
    }

    let evidence = load::exports(&args.exports, &case, screen)?;
    let options = given::options(&case, !args.no_replay);
    let mut verdicts = quietly(|| detect(&pack.rules, &evidence.tables, &options, &screen.progress));
    verdicts.extend(pack.broken.iter().map(unusable));
    let known = iocs.as_ref().map(|iocs| look_for(iocs, &evidence.tables, &mut verdicts)).unwrap_or_default();

    let rules: Vec<RuleInfo> = pack.rules.iter().map(described).chain(pack.broken.iter().map(named)).collect();
    let (heading, techniques) = (heading(&case, &args, &pack, clock), techniques(&pack.rules));
    let original = Input {
        case: &heading,
        manifest: &evidence.manifest,
        tables: &evidence.tables,
        verdicts: &verdicts,
        rules: &rules,
        techniques: &techniques,
        known: &known,
    };
    let pseudonyms = args.pseudonymize.as_ref().map(|_| Pseudonyms::of(&original));
    if let (Some(key), Some(pseudonyms)) = (&args.pseudonymize, &pseudonyms) {
        // Before the report, so that there never is a report whose key is missing.
        report::write_secret(key, pseudonyms.key().as_bytes()).map_err(|problem| told(screen, problem))?;
    }
    let report = Report::new(pseudonyms.as_ref().map_or(original, |pseudonyms| pseudonyms.input(&original)));
    let mut written = report::write_all(&report, &output, &formats).map_err(|problem| told(screen, problem))?;
    let log = log(&args, &report, begun);
    written.push(report::run_log(&output, &log).map_err(|problem| told(screen, problem))?);

    super::rules::broken(&pack.broken, screen);
    if !screen.quiet {
        let mut out = std::io::stdout().lock();
        let width = Terminal::new().width().map_or(Look::default().width, usize::from);
        for line in report::terminal(&report, Look { width, color: screen.color_out }) {
            writeln!(out, "{line}")?;
        }
        let bytes: u64 = written.iter().map(|file| file.bytes).sum();
        let (files, folder) = (written.len(), link(output.dir(), screen.links));
        writeln!(out, "\n{files} files, {:.1} MB, in {folder}", bytes as f64 / 1e6)?;
        if let Some(page) = written.iter().find(|file| file.path.extension().is_some_and(|end| end == "html")) {
            writeln!(out, "open {}", link(&page.path, screen.links))?;
        }
        if let (Some(key), Some(pseudonyms)) = (&args.pseudonymize, &pseudonyms) {
            writeln!(out, "{} replaced; the key is {}", pseudonyms.replaced().len(), link(key, screen.links))?;
        }
    }
    Ok(exit(&evidence, &verdicts, fail_on))
}

/// The work could not be finished: the reason is told here, the exit code says it.
fn told(screen: &Screen, problem: Diagnostic) -> anyhow::Error {
    screen.diagnostics(&[problem], "", "");
    Told.into()
}

/// A folder that holds anything but a report may hold what a pseudonymised report must not travel with.
fn alone(output: &Output) -> Result<(), Diagnostic> {
    let known = |name: &str| name == "run.log" || FORMATS.iter().any(|format| format.file == name);
    match output.foreign(known) {
        None => Ok(()),
        Some(name) => Err(Diagnostic::plain(format!("the output folder holds {name}, which is no file of a report"))
            .help("a pseudonymised report stands alone: name a new folder with -o")),
    }
}

/// What the tables know of the responder's values; the findings that touch one are marked.
fn look_for(iocs: &Iocs, tables: &Tables, verdicts: &mut [Verdict]) -> Vec<hunt::Known> {
    let sightings = hunt::search(tables, iocs);
    let findings = verdicts.iter_mut().filter_map(|verdict| match &mut verdict.outcome {
        Outcome::Hits(findings) => Some(findings),
        _ => None,
    });
    hunt::mark(findings.flatten(), iocs, &sightings);
    hunt::known(iocs, &sightings)
}

/// A fault inside one rule is told in its verdict, not across the progress bars.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = work();
    std::panic::set_hook(loud);
    done
}

/// A rule file that cannot be used fails like a rule that broke: it is told in the report.
fn unusable(file: &Broken) -> Verdict {
    Verdict {
        rule: file.path.clone(),
        outcome: Outcome::Failed(file.diagnostics.clone()),
        unjudged: 0,
        considered: 0,
        tables: Default::default(),
        limits: Vec::new(),
        millis: 0,
    }
}

fn named(file: &Broken) -> RuleInfo {
    RuleInfo { id: file.path.clone(), name: file.path.clone(), path: file.path.clone(), ..RuleInfo::default() }
}

fn described(rule: &Rule) -> RuleInfo {
    RuleInfo {
        id: rule.id.clone(),
        name: rule.name.clone(),
        severity: rule.severity,
        description: rule.description.clone(),
        tactics: rule.tactics.clone(),
        techniques: rule.techniques.clone(),
        query: rule.query.clone(),
        path: rule.path.clone(),
        version: rule.version.clone(),
    }
}

fn techniques(rules: &[Rule]) -> BTreeMap<String, String> {
    let ids = rules.iter().flat_map(|rule| &rule.techniques);
    ids.filter_map(|id| Some((id.clone(), attack::technique(id)?.to_string()))).collect()
}

/// The case as the report tells it, with everything that was assumed.
fn heading(case: &Case, args: &Analyze, pack: &Pack, clock: Clock) -> report::Case {
    let mut assumptions = case.assumptions();
    assumptions.push(match args.no_replay {
        true => "schedules were not replayed: each rule ran once over all of the evidence".into(),
        false => "scheduled rules were replayed over the evidence; ingestion_time() is TimeGenerated".into(),
    });
    for (word, list) in [("only", &args.pack.only), ("without", &args.pack.exclude)] {
        if !list.is_empty() {
            assumptions.push(format!("{word} rules that match {}", list.join(", ")));
        }
    }
    if let Some(least) = &args.pack.min_severity {
        assumptions.push(format!("only rules of at least {least} severity"));
    }
    assumptions.push(format!("{} rules", pack.rules.len()));
    if let Some(path) = &args.ioc {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        assumptions.push(format!("values looked for: {name}"));
    }
    let name = case.name.clone().unwrap_or_default();
    let marking = case.marking.clone().unwrap_or_default();
    report::Case { name, marking, assumptions, networks: case.networks(), clock }
}

/// `run.log`: what may differ between two runs over the same evidence.
fn log(args: &Analyze, report: &Report<'_>, begun: Instant) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let finished = time::from_unix(now.as_secs() as i64, 0).map(time::iso).unwrap_or_default();
    let words = command(std::env::args_os().map(|word| word.to_string_lossy().into_owned()));
    // Paths name people and organisations that are in no log.
    let hidden = args.pseudonymize.is_some();
    let command = if hidden { options_only(&words) } else { words.join(" ") };
    let output = if hidden { "…".to_owned() } else { args.output.display().to_string() };
    let mut lines = vec![
        format!("program   entrail {}", env!("CARGO_PKG_VERSION")),
        format!("command   {command}"),
        format!("output    {output}"),
        format!("finished  {finished}"),
        format!("elapsed   {} ms", begun.elapsed().as_millis()),
        format!("threads   {}", rayon::current_num_threads()),
    ];
    let verdicts = report.input.verdicts;
    lines.extend(verdicts.iter().map(|verdict| format!("rule      {} ms  {}", verdict.millis, verdict.rule)));
    lines
}

/// A command line with its options by name and `…` for every value.
fn options_only(words: &[String]) -> String {
    let shown = words.iter().skip(1).enumerate().map(|(at, word)| match word.split_once('=') {
        Some((option, _)) if option.starts_with("--") => format!("{option}=…"),
        _ if at == 0 || word.starts_with("--") => word.clone(),
        // A short option may carry its value with it.
        _ if word.starts_with('-') => word.chars().take(2).collect(),
        _ => "…".to_owned(),
    });
    ["entrail".to_owned()].into_iter().chain(shown).collect::<Vec<_>>().join(" ")
}

/// The command line without the passwords in it.
fn command(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut secret = false;
    words
        .map(|word| {
            let hidden = std::mem::replace(&mut secret, word == "--password");
            match () {
                () if hidden => "***".into(),
                () if word.starts_with("--password=") => "--password=***".into(),
                () => word,
            }
        })
        .collect()
}

fn exit(evidence: &Ingested, verdicts: &[Verdict], fail_on: Option<Severity>) -> Exit {
    let found = |least: Severity| {
        verdicts.iter().any(|verdict| match &verdict.outcome {
            Outcome::Hits(findings) => findings.iter().any(|finding| finding.severity >= least),
            _ => false,
        })
    };
    let failed = verdicts.iter().any(|verdict| matches!(verdict.outcome, Outcome::Failed(_)));
    if fail_on.is_some_and(found) {
        Exit::Found
    } else if failed || evidence.manifest.evidence.iter().any(load::incomplete) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
