//! Words and help of the command line; what they do stands in `commands`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::{FORMATS, GROUPS};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "entrail", version, about = "Exported Entra ID, Microsoft 365 and Azure logs in, timeline report out. Offline.", after_help = EXIT_CODES)]
pub struct Cli {
    /// When to use colors (NO_COLOR switches them off as well)
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// No colors and no links: the same as --color never
    #[arg(long, global = true)]
    pub no_color: bool,
    /// No progress bars and no summary; errors are still shown
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Worker threads (default: one a core)
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all read and run; 1 done, but something was unreadable or failed; \
    2 could not start; 3 findings at or above --fail-on.\n\n\
    Example:\n  entrail analyze exports/ -o report/";

/// When to color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read exports, run the rules, write the report
    Analyze(Analyze),
    /// Run a KQL query over exports
    Query(Query),
    /// Show all that is known of a value, across all tables in order of time
    Hunt(Hunt),
    /// Write a commented case file, with suggestions from the evidence
    Init(Init),
    /// Show what each file was recognised as, what the tables hold, and which rules they allow
    Tables(TablesArgs),
    /// Write the tables themselves, for other engines
    Convert(Convert),
    /// List, show, check and test rules
    Rules {
        /// What to do with them.
        #[command(subcommand)]
        command: Rules,
    },
    /// Describe a function, aggregate, operator, plugin, table or column
    Explain(Explain),
    /// Hash the evidence again and compare with a manifest
    Verify(Verify),
}

/// What the responder knows: the case file, and points of time.
#[derive(Debug, Clone, Default, Args)]
pub struct CaseArgs {
    /// Case file: break-glass accounts, trusted networks, thresholds, … (docs/writing-queries.md)
    #[arg(long, value_name = "FILE")]
    pub case: Option<PathBuf>,
    /// What now() means, for example 2026-05-04T12:00:00Z (default: the time of the last event)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Password of encrypted zip and 7-Zip archives; repeatable, each is tried
    #[arg(long, value_name = "TEXT")]
    pub password: Vec<String>,
    /// Memory that the run may take, for example 6G or 800M (default: half of the machine's); what the tables hold beyond
    /// that goes to temporary files, and a query that would take more fails alone
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Folder for temporary files (default: the system's)
    #[arg(long, value_name = "DIR")]
    pub temp: Option<PathBuf>,
}

/// Which rules.
#[derive(Debug, Clone, Default, Args)]
pub struct PackArgs {
    /// Folder or file with further rules (Sentinel YAML, .kql); repeatable
    #[arg(long, value_name = "PATH")]
    pub queries: Vec<PathBuf>,
    /// Leave the built-in rules out
    #[arg(long)]
    pub no_pack: bool,
    /// Only rules whose id, name or tactic matches this pattern (* and ?); repeatable
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// Leave out rules whose id, name or tactic matches this pattern; repeatable
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Only rules of at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub min_severity: Option<String>,
}

/// `entrail analyze`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  entrail analyze exports/ -o report/\n  \
    entrail analyze signins.json audit.csv -o report/ --case case.toml --fail-on high\n  \
    entrail analyze exports/ -o report/ --queries my-rules/ --only 'InitialAccess' --min-severity medium\n  \
    entrail analyze exports/ -o report/ --formats default,stix,markdown --pseudonymize key.json")]
pub struct Analyze {
    /// Files and folders with exports
    #[arg(required = true, value_name = "EXPORTS")]
    pub exports: Vec<PathBuf>,
    /// Folder to write the report to
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Overwrite an existing report; files of it that are not written again are removed
    #[arg(long)]
    pub force: bool,
    /// Outputs to write, for example html,stix or default,markdown
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = formats())]
    pub formats: Vec<String>,
    /// Time zone of the terminal and the page, for example Europe/Berlin; other files stay in UTC
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// Replace names, accounts, addresses and ids in every output; the key that leads back goes to this new file
    #[arg(long, value_name = "KEYFILE")]
    pub pseudonymize: Option<PathBuf>,
    /// Run each rule once over all of the evidence instead of replaying its schedule
    #[arg(long)]
    pub no_replay: bool,
    /// List of values to look for: addresses, networks, accounts, applications, sessions, user agents; one a line
    #[arg(long, value_name = "FILE")]
    pub ioc: Option<PathBuf>,
    /// Exit with 3 if there is a finding of at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<String>,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
    /// The rules.
    #[command(flatten)]
    pub pack: PackArgs,
}

/// The words that `--formats` takes, with their meaning, as the report declares them.
fn formats() -> PossibleValuesParser {
    let one =
        FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format!("{}: {}", format.file, format.what)));
    let groups = GROUPS.iter().map(|(name, meaning)| PossibleValue::new(*name).help(*meaning));
    PossibleValuesParser::new(groups.chain(one))
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// Aligned, for people
    Table,
    /// RFC 4180, text cells safe against formulas
    Csv,
    /// One array of objects
    Json,
    /// One object a line
    Jsonl,
}

/// `entrail query`
#[derive(Debug, Args)]
#[command(
    override_usage = "entrail query [OPTIONS] <KQL> [EXPORTS]...\n       entrail query [OPTIONS] -f <FILE> [EXPORTS]...\n       entrail query [OPTIONS] - [EXPORTS]...",
    after_help = "Examples:\n  entrail query 'SigninLogs | where ResultType == 50126 | summarize count() by UserPrincipalName' exports/\n  \
    entrail query -f hunt.kql exports/ --format csv > hits.csv\n  \
    entrail query 'print ipv4_is_private(\"10.1.2.3\")'\n  \
    echo 'range n from 1 to 3 step 1' | entrail query - --format jsonl\n\n\
    A query may answer with several tables: statements parted by ;, fork, facet. Each then has a heading, and each row of\n\
    json and jsonl the table's name in _Table."
)]
pub struct Query {
    /// The query (or - for standard input), then files and folders with exports
    #[arg(value_name = "KQL EXPORTS")]
    pub arguments: Vec<PathBuf>,
    /// Read the query from this file; every argument is then an export
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to write the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    pub format: RowFormat,
    /// Add the records each row was made from, as a last column `_Records`
    #[arg(long)]
    pub lineage: bool,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
}

/// `entrail hunt`
#[derive(Debug, Args)]
#[command(
    override_usage = "entrail hunt [OPTIONS] <VALUE> <EXPORTS>...\n       entrail hunt [OPTIONS] --ioc <FILE> <EXPORTS>...",
    after_help = "A value matches as a whole term in any letter case, in any text column and inside JSON; an address also \
    by its other spellings, a network by the addresses in it.\n\n\
    Examples:\n  entrail hunt 203.0.113.7 exports/\n  \
    entrail hunt mara@example.com exports/ --format csv > mara.csv\n  \
    entrail hunt --ioc iocs.txt exports/ --format jsonl"
)]
pub struct Hunt {
    /// The value (an address, network, account, application, session or correlation id, …), then files and folders
    /// with exports
    #[arg(required = true, value_name = "VALUE EXPORTS")]
    pub arguments: Vec<PathBuf>,
    /// List of values, one a line; every argument is then an export
    #[arg(long, value_name = "FILE")]
    pub ioc: Option<PathBuf>,
    /// How to write the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    pub format: RowFormat,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
}

/// `entrail init`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  entrail init > case.toml\n  entrail init exports/ -o case.toml")]
pub struct Init {
    /// Files and folders with exports to take suggestions from
    #[arg(value_name = "EXPORTS")]
    pub exports: Vec<PathBuf>,
    /// File to write (default: standard output); one that exists is never overwritten
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How lists for people or scripts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Text,
    /// For scripts
    Json,
}

/// `entrail tables`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  entrail tables exports/\n  entrail tables exports/ --format json | jq '.files[] | select(.format == null)'"
)]
pub struct TablesArgs {
    /// Files and folders with exports
    #[arg(required = true, value_name = "EXPORTS")]
    pub exports: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
    /// The rules whose evaluability is told.
    #[command(flatten)]
    pub pack: PackArgs,
}

/// How converted tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// One object a line, every value as it was loaded
    Jsonl,
    /// RFC 4180; text cells that begin like a formula get an apostrophe
    Csv,
    /// Typed columns, compressed; dynamic values as JSON text
    Parquet,
}

/// `entrail convert`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  entrail convert exports/ -o tables/\n  \
    entrail convert exports/ -o tables/ --format parquet\n  entrail convert exports/ -o tables/ --kusto")]
pub struct Convert {
    /// Files and folders with exports
    #[arg(required = true, value_name = "EXPORTS")]
    pub exports: Vec<PathBuf>,
    /// Folder to write to: one file a table, and the manifest
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Write although there is something in the folder; tables of an earlier run in it are removed
    #[arg(long)]
    pub force: bool,
    /// How to write the tables
    #[arg(long, value_enum, default_value_t = TableFormat::Jsonl)]
    pub format: TableFormat,
    /// Also write load.kql: the commands that load the tables into an Azure Data Explorer cluster
    #[arg(long)]
    pub kusto: bool,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
}

/// `entrail rules …`
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List the rules
    #[command(
        after_help = "Examples:\n  entrail rules list\n  entrail rules list --only Persistence --min-severity high"
    )]
    List(RulesList),
    /// Print one rule as it is written, ready to paste into Sentinel
    #[command(after_help = "Example:\n  entrail rules show password-spray")]
    Show(RulesShow),
    /// Compile rules and say what they read
    #[command(after_help = "Examples:\n  entrail rules check my-rules/\n  \
        entrail rules check rule.yaml hunt.kql --format json\n  \
        entrail rules check my-rules/ --run exports/")]
    Check(RulesCheck),
    /// Run the tests that stand beside the rules (`RULE.test.yaml`)
    #[command(after_help = "Examples:\n  entrail rules test\n  entrail rules test password-spray --queries my-rules/")]
    Test(RulesTest),
}

/// `entrail rules list`
#[derive(Debug, Args)]
pub struct RulesList {
    /// The rules.
    #[command(flatten)]
    pub pack: PackArgs,
    /// How to write it
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// `entrail rules show`
#[derive(Debug, Args)]
pub struct RulesShow {
    /// Id, name or file stem of the rule
    pub rule: String,
    /// Folder or file with further rules
    #[arg(long, value_name = "PATH")]
    pub queries: Vec<PathBuf>,
    /// Only the KQL
    #[arg(long)]
    pub kql: bool,
}

/// `entrail rules check`
#[derive(Debug, Args)]
pub struct RulesCheck {
    /// .kql files, Sentinel YAML (analytic, hunting, NRT) and folders of them; the built-in rules if none
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to write it: text, or JSON Lines with path, name, ok, diagnostics, tables, columns, functions
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// Also run each rule once over these exports
    #[arg(long, value_name = "EXPORTS", num_args = 1..)]
    pub run: Vec<PathBuf>,
    /// The case.
    #[command(flatten)]
    pub case: CaseArgs,
}

/// `entrail rules test`
#[derive(Debug, Args)]
pub struct RulesTest {
    /// Ids, names or patterns of rules (default: all)
    #[arg(value_name = "RULE")]
    pub rules: Vec<String>,
    /// Folder or file with further rules
    #[arg(long, value_name = "PATH")]
    pub queries: Vec<PathBuf>,
    /// Show every case, not only those that fail
    #[arg(short, long)]
    pub verbose: bool,
}

/// `entrail explain`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  entrail explain SigninLogs\n  entrail explain ConditionalAccessStatus\n  \
    entrail explain bag_unpack\n  entrail explain matches regex")]
pub struct Explain {
    /// A name of KQL, of a table or of a column
    #[arg(required = true)]
    pub name: Vec<String>,
}

/// `entrail verify`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all match; 1 something differs or is missing; 2 could not start.\n\n\
    Example:\n  entrail verify report/manifest.json --evidence exports/")]
pub struct Verify {
    /// manifest.json of a report
    pub manifest: PathBuf,
    /// The folders or files that were analysed, in the same order; default: the current folder
    #[arg(long, value_name = "PATH")]
    pub evidence: Vec<PathBuf>,
}
