//! `entrail rules`: list, show and test.

use std::io::Write;

use anyhow::bail;
use serde_json::json;

use super::screen::{Screen, clean, grid};
use super::{Exit, check, given};
use crate::cli::{ListFormat, PackArgs, Rules, RulesList, RulesShow, RulesTest};
use crate::detect::{Proof, abreast, prove};
use crate::rules::{Broken, Filter, Pack, Rule};

pub(super) fn run(command: Rules, screen: &Screen) -> anyhow::Result<Exit> {
    match command {
        Rules::List(args) => list(&args, screen),
        Rules::Show(args) => show(&args),
        Rules::Check(args) => check::run(&args, screen),
        Rules::Test(args) => test(&args, screen),
    }
}

fn list(args: &RulesList, screen: &Screen) -> anyhow::Result<Exit> {
    let pack = given::pack(&args.pack)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        ListFormat::Json => {
            let rules: Vec<_> = pack.rules.iter().map(described).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&rules)?)?;
        }
        ListFormat::Text => {
            let mut table = grid(["severity", "rule", "name", "tactics", "techniques"]);
            for rule in &pack.rules {
                let (tactics, techniques) = (rule.tactics.join(" "), rule.techniques.join(" "));
                table.add_row([rule.severity.word(), rule.stem(), &rule.name, &tactics, &techniques].map(clean));
            }
            writeln!(out, "{table}")?;
            writeln!(out, "{} rules", pack.rules.len())?;
        }
    }
    Ok(broken(&pack.broken, screen))
}

fn described(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id, "name": rule.name, "severity": rule.severity.word(), "kind": rule.kind.word(),
        "tactics": rule.tactics, "techniques": rule.techniques, "version": rule.version, "path": rule.path,
        "tests": rule.test.is_some(), "description": rule.description,
    })
}

/// Tells of the rule files that cannot be used.
pub(super) fn broken(files: &[Broken], screen: &Screen) -> Exit {
    for file in files {
        let message = format!("{}: this rule file cannot be used", clean(&file.path));
        screen.error(&message);
        screen.diagnostics(&file.diagnostics, &file.path, &file.source);
    }
    if files.is_empty() { Exit::Done } else { Exit::Incomplete }
}

fn show(args: &RulesShow) -> anyhow::Result<Exit> {
    let pack = Pack::embedded().and(&args.queries);
    let Some(rule) = pack.find(&args.rule) else {
        let names = pack.rules.iter().map(Rule::stem);
        let near = crate::error::nearest(&args.rule, names).map(|near| format!("did you mean {near}?"));
        bail!("no rule {:?}; {}", args.rule, near.unwrap_or("`entrail rules list` shows them all".into()));
    };
    let text = if args.kql { &rule.query } else { &rule.source };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(Exit::Done)
}

fn test(args: &RulesTest, screen: &Screen) -> anyhow::Result<Exit> {
    let pack = given::pack(&PackArgs { queries: args.queries.clone(), ..PackArgs::default() })?;
    let (pack, idle) = pack.choose(&Filter { only: args.rules.clone(), ..Filter::default() });
    if let Some(pattern) = idle.first() {
        bail!("{pattern:?} matches no rule; `entrail rules list` shows them all");
    }
    let proofs: Vec<(&Rule, Proof)> = abreast(&pack.rules, rayon::current_num_threads(), |rule| (rule, prove(rule)));
    let mut out = std::io::stdout().lock();
    let (mut cases, mut failed, mut untested) = (0, 0, Vec::new());
    for (rule, proof) in &proofs {
        let Some(file) = &rule.test else {
            untested.push(rule.stem());
            continue;
        };
        cases += proof.cases.len();
        failed += proof.cases.iter().filter(|case| !case.wrong.is_empty()).count();
        let word = if proof.holds() { "ok" } else { "FAILED" };
        if args.verbose || !proof.holds() {
            writeln!(out, "{word:<7} {} ({})", clean(&rule.name), rule.path)?;
        }
        for case in &proof.cases {
            if args.verbose || !case.wrong.is_empty() {
                let word = if case.wrong.is_empty() { "ok" } else { "FAILED" };
                writeln!(out, "  {word:<7} {:<9} {}", case.kind.word(), clean(&case.name))?;
            }
            for wrong in &case.wrong {
                writeln!(out, "            {}", clean(wrong))?;
            }
        }
        for wrong in &proof.dangling {
            writeln!(out, "  FAILED  {}", clean(wrong))?;
        }
        for problem in &proof.problems {
            failed += 1;
            writeln!(out, "{}", problem.render(&file.path, &file.text, screen.color_out))?;
        }
        for problem in &proof.broken {
            failed += 1;
            writeln!(out, "{}", problem.render(&rule.path, &rule.source, screen.color_out))?;
        }
        failed += proof.dangling.len();
    }
    let tested = proofs.len() - untested.len();
    writeln!(out, "{tested} rules, {cases} cases, {failed} failed")?;
    if !untested.is_empty() {
        writeln!(out, "without tests: {}", untested.join(", "))?;
    }
    let files = broken(&pack.broken, screen);
    Ok(if failed > 0 { Exit::Incomplete } else { files })
}
