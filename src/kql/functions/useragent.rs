//! `parse_user_agent`: browser, operating system and device of the usual programs. The rules are our own and few;
//! the families bear the names that are customary in the field. What no rule knows is `Other`.

use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use serde_json::{Map, Value as Json};

use super::arguments::{constant_texts, text, texts};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    names: &["parse_user_agent"],
    usage: "parse_user_agent(text, 'browser', 'os', 'device' or an array of them)",
    summary: "What a user agent tells of browser, operating system and device, as a bag.",
    takes: &[Accepts::Text, Accepts::Any],
    gives: Gives::Type(Type::Dynamic),
    body: Body::Prepared(prepare),
    examples: &[
        (
            "parse_user_agent('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91', 'browser')",
            "{\"Browser\":{\"Family\":\"Edge\",\"MajorVersion\":\"120\",\"MinorVersion\":\"0\",\"Patch\":\"2210\"}}",
        ),
        (
            "parse_user_agent('Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X)', 'os').OperatingSystem.Family",
            "iOS",
        ),
        ("parse_user_agent('python-requests/2.31.0', dynamic(['device','browser'])).Device.Family", "Other"),
    ],
    ..Function::NEW
}];

/// A pattern, the family it shows (`$f` for its group of that name), and its version where no `{v}` reads it.
struct Rule {
    pattern: &'static str,
    family: &'static str,
    version: &'static [&'static str],
}

const fn rule(pattern: &'static str, family: &'static str) -> Rule {
    Rule { pattern, family, version: &[] }
}

const fn fixed(pattern: &'static str, family: &'static str, version: &'static [&'static str]) -> Rule {
    Rule { pattern, family, version }
}

/// The first that fits counts: what names another browser for compatibility stands before that browser.
const BROWSERS: &[Rule] = &[
    rule(
        r"(?i)\b(?P<f>googlebot|bingbot|yandexbot|baiduspider|applebot|ahrefsbot|semrushbot|duckduckbot|slurp|facebookexternalhit|twitterbot|petalbot|mj12bot|gptbot|claudebot)(?:[/ ]{v})?",
        "$f",
    ),
    rule(r"AdobeAIR/{v}", "AdobeAIR"),
    rule(r"\b(?:Edg|Edge)/{v}", "Edge"),
    rule(r"\b(?:EdgA|EdgiOS)/{v}", "Edge Mobile"),
    rule(r"\bOPR/{v}.*Mobile|Mobile.*\bOPR/{v}", "Opera Mobile"),
    rule(r"\bOPR/{v}", "Opera"),
    rule(r"Opera Mini/{v}", "Opera Mini"),
    rule(r"Opera.*Version/{v}|Opera[/ ]{v}", "Opera"),
    rule(r"SamsungBrowser/{v}", "Samsung Internet"),
    rule(r"Vivaldi/{v}", "Vivaldi"),
    rule(r"YaBrowser/{v}", "Yandex Browser"),
    rule(r"UCBrowser[ /]{v}", "UC Browser"),
    rule(r"DuckDuckGo/{v}", "DuckDuckGo"),
    rule(r"Electron/{v}", "Electron"),
    rule(r"CriOS/{v}", "Chrome Mobile iOS"),
    rule(r"FxiOS/{v}", "Firefox iOS"),
    rule(r"Focus/{v}", "Firefox Focus"),
    rule(r"SeaMonkey/{v}", "SeaMonkey"),
    rule(r"Thunderbird/{v}", "Thunderbird"),
    rule(r"Mobile.*Firefox/{v}|Android.*Firefox/{v}", "Firefox Mobile"),
    rule(r"Firefox/{v}", "Firefox"),
    rule(r"HeadlessChrome/{v}", "HeadlessChrome"),
    rule(r"Chromium/{v}", "Chromium"),
    rule(r"; wv\).*Chrome/{v}", "Chrome Mobile WebView"),
    rule(r"Chrome/{v}.*\bMobile\b", "Chrome Mobile"),
    rule(r"Chrome/{v}", "Chrome"),
    rule(r"Series60/{v}", "Nokia OSS Browser"),
    rule(r"Android.*Version/{v}.*Safari", "Android"),
    rule(r"BlackBerry.*Version/{v}|BB10.*Version/{v}", "BlackBerry WebKit"),
    rule(r"(?:iPhone|iPad|iPod).*Version/{v}.*Safari", "Mobile Safari"),
    rule(r"(?:iPhone|iPad|iPod).*AppleWebKit", "Mobile Safari UI/WKWebView"),
    rule(r"Version/{v}.*Safari", "Safari"),
    rule(r"Safari/\d", "Safari"),
    rule(r"(?:Microsoft Outlook|Outlook)[ /-]{v}", "Outlook"),
    rule(r"Trident/7\.0.*rv:{v}", "IE"),
    rule(r"IEMobile[ /]{v}", "IE Mobile"),
    rule(r"MSIE {v}", "IE"),
    rule(r"(?i)python-requests/{v}", "Python Requests"),
    rule(r"Python-urllib/{v}", "Python-urllib"),
    rule(r"(?i)aiohttp/{v}", "aiohttp"),
    rule(r"(?i)python-httpx/{v}", "httpx"),
    rule(r"okhttp/{v}", "okhttp"),
    rule(r"axios/{v}", "axios"),
    rule(r"node-fetch/{v}", "node-fetch"),
    rule(r"Go-http-client/{v}", "Go-http-client"),
    rule(r"Apache-HttpClient/{v}", "Apache-HttpClient"),
    rule(r"(?i)\bcurl/{v}", "curl"),
    rule(r"(?i)\bwget/{v}", "Wget"),
    rule(r"PostmanRuntime/{v}", "PostmanRuntime"),
    rule(r"WindowsPowerShell/{v}|PowerShell/{v}", "PowerShell"),
    rule(r"\bJava/{v}", "Java"),
];

const SYSTEMS: &[Rule] = &[
    rule(r"(?:Windows Phone|Windows Phone OS) {v}", "Windows Phone"),
    fixed(r"Windows NT 10\.0", "Windows", &["10"]),
    fixed(r"Windows NT 6\.3", "Windows", &["8", "1"]),
    fixed(r"Windows NT 6\.2", "Windows", &["8"]),
    fixed(r"Windows NT 6\.1", "Windows", &["7"]),
    fixed(r"Windows NT 6\.0", "Windows", &["Vista"]),
    fixed(r"Windows NT 5\.[12]|Windows XP", "Windows", &["XP"]),
    fixed(r"Windows NT 5\.0|Windows 2000", "Windows", &["2000"]),
    rule(r"Windows|Win32|Win64", "Windows"),
    rule(r"(?:CPU (?:iPhone )?OS|iPhone OS|iOS)[ /]{v}", "iOS"),
    rule(r"iPhone|iPad|iPod", "iOS"),
    rule(r"CFNetwork/[\d.]+ Darwin/{v}", "Darwin"),
    rule(r"Mac OS X {v}", "Mac OS X"),
    rule(r"Mac OS X|Macintosh|macOS", "Mac OS X"),
    rule(r"Android[ /-]{v}", "Android"),
    rule(r"Android", "Android"),
    rule(r"SymbianOS/{v}|Symbian/{v}", "Symbian OS"),
    rule(r"BB10.*Version/{v}|BlackBerry.*Version/{v}", "BlackBerry OS"),
    rule(r"Tizen[ /]{v}", "Tizen"),
    rule(r"CrOS \w+ {v}", "Chrome OS"),
    rule(r"Ubuntu/{v}", "Ubuntu"),
    rule(r"Ubuntu", "Ubuntu"),
    rule(r"Fedora", "Fedora"),
    rule(r"Debian", "Debian"),
    rule(r"FreeBSD", "FreeBSD"),
    rule(r"Linux|X11", "Linux"),
];

/// Family, brand and model; `$1` stands for the first group.
const DEVICES: &[(&str, [&str; 3])] = &[
    (r"(?i)bot\b|spider|crawler|slurp|facebookexternalhit", ["Spider", "Spider", "Desktop"]),
    (r"iPad", ["iPad", "Apple", "iPad"]),
    (r"iPod", ["iPod", "Apple", "iPod"]),
    (r"iPhone", ["iPhone", "Apple", "iPhone"]),
    (r"Macintosh|Mac OS X", ["Mac", "Apple", "Mac"]),
    (r"Nokia([A-Z]\d+)(-\d+)?", ["Nokia $1", "Nokia", "$1$2"]),
    (r"Android.*; (?:SAMSUNG )?((?:SM|GT|SCH|SGH|SHV)-[\w-]+)", ["Samsung $1", "Samsung", "$1"]),
    (r"Android.*; (Pixel[^;)]*?)(?: Build|\)|;)", ["$1", "Google", "$1"]),
    (r"Android.*; (Nexus [^;)]*?)(?: Build|\)|;)", ["$1", "Google", "$1"]),
    (r"Android.*; (ONEPLUS [^;)]*?)(?: Build|\)|;)", ["OnePlus $1", "OnePlus", "$1"]),
    (r"Android.*; ((?:Mi|Redmi|POCO) [^;)]*?)(?: Build|\)|;)", ["XiaoMi $1", "XiaoMi", "$1"]),
    (r"Android [\d.]+; K\)", ["K", "Generic_Android", "K"]),
    (r"Android.*; ([^;)]+?) Build", ["$1", "Generic_Android", "$1"]),
    (r"Android.*Mobile", ["Generic Smartphone", "Generic", "Smartphone"]),
    (r"Android", ["Generic Tablet", "Generic", "Tablet"]),
];

/// Up to four numbers between dots or underscores; `{v}` in a pattern.
const VERSION: &str = r"(\d+)(?:[._](\d+))?(?:[._](\d+))?(?:[._](\d+))?";

static BROWSER_RULES: LazyLock<Vec<(Regex, &Rule)>> = LazyLock::new(|| compiled(BROWSERS));
static SYSTEM_RULES: LazyLock<Vec<(Regex, &Rule)>> = LazyLock::new(|| compiled(SYSTEMS));
static DEVICE_RULES: LazyLock<Vec<(Regex, [&str; 3])>> =
    LazyLock::new(|| DEVICES.iter().filter_map(|(pattern, names)| Some((Regex::new(pattern).ok()?, *names))).collect());

fn compiled(rules: &'static [Rule]) -> Vec<(Regex, &'static Rule)> {
    rules.iter().filter_map(|rule| Some((Regex::new(&rule.pattern.replace("{v}", VERSION)).ok()?, rule))).collect()
}

fn prepare(call: &Call<'_, '_>) -> Compiled<Kernel> {
    for asked in constant_texts(call, 1).unwrap_or_default() {
        if !["browser", "os", "device"].contains(&asked.to_lowercase().as_str()) {
            let problem = call.error(1, format!("`{asked}` is nothing that a user agent tells"));
            return Err(problem.help("'browser', 'os', 'device', or a dynamic array of them"));
        }
    }
    Ok(Arc::new(|values| {
        let agent = text(values, 0);
        let asked: Vec<String> = texts(values.get(1..).unwrap_or_default()).iter().map(|w| w.to_lowercase()).collect();
        let wanted = |what: &str| asked.iter().any(|word| word == what);
        let mut bag = Map::new();
        if wanted("browser") {
            bag.insert("Browser".into(), described(agent, &BROWSER_RULES, &["MajorVersion", "MinorVersion", "Patch"]));
        }
        if wanted("os") {
            let names = ["MajorVersion", "MinorVersion", "Patch", "PatchMinor"];
            bag.insert("OperatingSystem".into(), described(agent, &SYSTEM_RULES, &names));
        }
        if wanted("device") {
            bag.insert("Device".into(), device(agent));
        }
        Value::json(&Json::Object(bag))
    }))
}

fn described(agent: &str, rules: &[(Regex, &Rule)], names: &[&str]) -> Json {
    let found = rules.iter().find_map(|(regex, rule)| Some((regex.captures(agent)?, rule)));
    let mut bag = Map::new();
    let family = match &found {
        None => "Other".to_owned(),
        Some((captures, rule)) if rule.family == "$f" => captures.name("f").map_or("Other", |m| m.as_str()).to_owned(),
        Some((_, rule)) => rule.family.to_owned(),
    };
    bag.insert("Family".into(), family.into());
    let version: Vec<String> = match &found {
        None => Vec::new(),
        Some((_, rule)) if !rule.version.is_empty() => rule.version.iter().map(|part| (*part).to_owned()).collect(),
        Some((captures, rule)) => numbers(captures, usize::from(rule.family == "$f")),
    };
    for (position, name) in names.iter().enumerate() {
        bag.insert((*name).into(), version.get(position).cloned().unwrap_or_default().into());
    }
    Json::Object(bag)
}

/// The version of the alternative that fitted: each has the four groups of [`VERSION`], behind `skip` others.
fn numbers(captures: &Captures<'_>, skip: usize) -> Vec<String> {
    let groups: Vec<&str> = captures.iter().skip(1 + skip).map(|part| part.map_or("", |m| m.as_str())).collect();
    let fitted = groups.chunks(4).find(|version| version.first().is_some_and(|major| !major.is_empty()));
    fitted.unwrap_or_default().iter().map(|part| (*part).to_owned()).collect()
}

fn device(agent: &str) -> Json {
    let found = DEVICE_RULES.iter().find_map(|(regex, names)| Some((regex.captures(agent)?, *names)));
    let mut bag = Map::new();
    for (position, key) in ["Family", "Brand", "Model"].into_iter().enumerate() {
        let value = match &found {
            None => {
                if position == 0 {
                    "Other".to_owned()
                } else {
                    String::new()
                }
            }
            Some((captures, names)) => {
                let group = |at: usize| captures.get(at).map_or("", |m| m.as_str());
                let template = names.get(position).copied().unwrap_or("");
                template.replace("$1", group(1)).replace("$2", group(2))
            }
        };
        bag.insert(key.into(), value.into());
    }
    Json::Object(bag)
}
