//! The same objects under other spellings: PowerShell's PascalCase, flattened CSV, Python's snake_case and repr.
//! Names are brought back to Graph's spelling, then the shape of that spelling loads them.

use super::nested::{Tree, path};
use super::record::{quote, shallow};
use super::{Form, Format, Record, Sink, Value, activity, audit_data, audit_graph, signin_graph};

/// PowerShell objects as JSON: names begin with a capital at every level.
pub static SDK: Format = Format {
    name: "PowerShell objects",
    shapes: &[],
    marks: |record| {
        (record.form == Form::Json && !record.has("TimeGenerated")).then(|| target(record)).flatten().map(Target::why)
    },
    load: |record, sink| {
        let Some(target) = target(record) else { return Err("unknown object".into()) };
        let text = camel(&Value::Json(record.raw.into()), 0);
        let fixed = Record::parse(&text)?;
        target.load(&fixed, sink)
    },
};

/// The same through Export-Csv: dotted columns, type names, or cells in Python's spelling.
pub static FLAT: Format = Format {
    name: "flattened objects CSV",
    shapes: &[],
    marks: |record| {
        (record.form == Form::Csv && !record.has("TimeGenerated")).then(|| target(record)).flatten().map(Target::why)
    },
    load: flat,
};

/// Sign-ins and audits under names with underscores, as tools that put Graph's answers into SQL tables list them.
pub static UNDERSCORES: Format = Format {
    name: "Graph records under names with underscores",
    shapes: &[],
    marks: |record| {
        let signin = ["created_date_time", "app_display_name", "conditional_access_status"];
        let audit = ["activity_date_time", "activity_display_name", "target_resources"];
        (record.has_all(&signin) || record.has_all(&audit))
            .then_some("has created_date_time or activity_date_time and further names of Graph with underscores")
    },
    load: |record, sink| {
        // Cells of a table hold nested values as text.
        let fields = record.fields.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
            let value = match value {
                Value::Text(text) if record.form != Form::Json => camel(&Value::Json(cell(text).into()), 0),
                other => camel(other, 0),
            };
            format!("{}:{value}", quote(&unsnake(name)))
        });
        let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        let fixed = Record::parse(&text)?;
        let Some(target) = target(&fixed) else { return Err("neither a sign-in nor an audit".into()) };
        target.load(&fixed, sink)
    },
};

/// Azure activity as Python's SDK writes it.
pub static SNAKE: Format = Format {
    name: "Azure SDK for Python activity",
    shapes: &[],
    marks: |record| {
        let seen = record.form == Form::Json && record.has_all(&["event_timestamp", "operation_name"]);
        seen.then_some("has event_timestamp and operation_name as the Azure SDK for Python")
    },
    load: |record, sink| {
        let fields = record.fields.iter().map(|(name, value)| {
            let value =
                if name == "properties" || name == "claims" { value.to_json().into_owned() } else { snake(value) };
            format!("{}:{value}", quote(&unsnake(name)))
        });
        let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        (activity::FORMAT.load)(&Record::parse(&text)?, sink)
    },
};

#[derive(Clone, Copy)]
enum Target {
    Signin,
    Audit,
    Ual,
    Activity,
}

impl Target {
    fn why(self) -> &'static str {
        match self {
            Target::Signin => "has CreatedDateTime, AppDisplayName and Status as PowerShell's sign-in objects",
            Target::Audit => {
                "has ActivityDateTime, ActivityDisplayName and TargetResources as PowerShell's audit objects"
            }
            Target::Ual => "has CreationTime, Operation and Workload as flattened AuditData",
            Target::Activity => "has eventTimestamp and operationName as flattened activity events",
        }
    }

    fn load(self, record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
        match self {
            Target::Signin => signin_graph::load_sdk(record, sink),
            Target::Audit => audit_graph::load_sdk(record, sink),
            Target::Ual => audit_data::load(record, sink, audit_data::SEARCH),
            Target::Activity => (activity::FORMAT.load)(record, sink),
        }
    }
}

fn target(record: &Record<'_>) -> Option<Target> {
    let begins = |prefix: &str| {
        record
            .fields
            .iter()
            .any(|(name, _)| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
    };
    match () {
        () if record.has("CreatedDateTime")
            && (record.has("AppDisplayName") || record.has("AppId"))
            && (begins("Status") || begins("DeviceDetail") || record.has("ConditionalAccessStatus"))
            && (record.has("UserPrincipalName") || record.has("ServicePrincipalId")) =>
        {
            Some(Target::Signin)
        }
        () if record.has_all(&["ActivityDateTime", "ActivityDisplayName"])
            && (begins("InitiatedBy") || begins("TargetResources")) =>
        {
            Some(Target::Audit)
        }
        () if record.form == Form::Csv && audit_data::is_audit_data(record) => Some(Target::Ual),
        () if record.form == Form::Csv && record.has_all(&["eventTimestamp", "operationName"]) => {
            Some(Target::Activity)
        }
        () => None,
    }
}

/// JSON with names in camelCase at every level.
fn camel(value: &Value<'_>, depth: u8) -> String {
    let Value::Json(raw) = value else { return value.to_json().into_owned() };
    if depth > 32 {
        return raw.to_string();
    }
    if raw.trim_start().starts_with('{') {
        let Some(record) = value.object() else { return raw.to_string() };
        let fields =
            record.fields.iter().map(|(name, value)| format!("{}:{}", quote(&lower(name)), camel(value, depth + 1)));
        return format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    }
    if raw.starts_with('[') {
        let items = value.array().iter().map(|item| camel(item, depth + 1)).collect::<Vec<_>>();
        return format!("[{}]", items.join(","));
    }
    raw.to_string()
}

/// `IPAddress` is `ipAddress`, `UserId` is `userId`, `RiskEventTypesV2` is `riskEventTypes_v2`.
fn lower(name: &str) -> String {
    match name {
        "IPAddress" => return "ipAddress".into(),
        "RiskEventTypesV2" => return "riskEventTypes_v2".into(),
        "AdditionalProperties" => return "additionalProperties".into(),
        _ => {}
    }
    let mut letters = name.chars();
    letters.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn unsnake(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        if c == '_' {
            raise = true;
        } else if raise {
            out.extend(c.to_uppercase());
            raise = false;
        } else {
            out.push(c);
        }
    }
    out
}

fn snake(value: &Value<'_>) -> String {
    let Value::Json(raw) = value else { return value.to_json().into_owned() };
    match value.object() {
        Some(record) if raw.starts_with('{') => {
            let fields =
                record.fields.iter().map(|(name, value)| format!("{}:{}", quote(&unsnake(name)), snake(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        _ => raw.to_string(),
    }
}

fn flat(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let Some(target) = target(record) else { return Err("unknown object".into()) };
    let ual = matches!(target, Target::Ual);
    let mut tree = Tree::default();
    let mut lost = false;
    for (name, value) in &record.fields {
        if value.is_empty() {
            continue;
        }
        if type_name(value.as_str()) {
            lost = true;
            continue;
        }
        let parts = if ual { vec![name.to_string()] } else { path(name).iter().map(|part| lower(part)).collect() };
        tree.insert(&parts, cell(value.as_str()));
    }
    if lost {
        sink.note("records with .NET type names in cells: Export-Csv lost nested values (status, device, location); export with ConvertTo-Json instead");
    }
    let text = tree.to_json();
    target.load(&Record::parse(&text)?, sink)
}

/// Whether a cell holds the name of a .NET type instead of a value.
fn type_name(text: &str) -> bool {
    let heads = [
        "Microsoft.Graph.PowerShell.Models.",
        "Microsoft.Graph.Beta.PowerShell.Models.",
        "Microsoft.Open.MSGraph.Model.",
        "System.Object[]",
        "System.Collections.",
    ];
    heads.iter().any(|head| text.starts_with(head))
}

/// A cell as JSON: as it is where it is JSON, translated from PowerShell's or Python's spelling, else as text.
pub fn cell(text: &str) -> String {
    let body = text.trim();
    if body.starts_with(['{', '[']) && shallow(body) {
        if sonic_rs::from_str::<sonic_rs::LazyValue<'_>>(body).is_ok() {
            return body.to_owned();
        }
        if let Some(json) = python(body) {
            return json;
        }
    }
    if let Some(json) = powershell(body) {
        return json;
    }
    match body {
        "True" | "TRUE" | "true" => "true".into(),
        "False" | "FALSE" | "false" => "false".into(),
        _ => quote(text),
    }
}

/// `@{errorCode=0; failureReason=Other.}`: names and texts, one level.
fn powershell(text: &str) -> Option<String> {
    let inner = text.strip_prefix("@{")?.strip_suffix('}')?;
    let pairs = inner.split("; ").map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        format!("{}:{}", quote(&lower(name.trim())), quote(value))
    });
    Some(format!("{{{}}}", pairs.collect::<Vec<_>>().join(",")))
}

/// Python's repr of dicts and lists as JSON: single quotes, True, False, None.
fn python(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut word = String::new();
    while let Some(c) = rest.next() {
        if c.is_ascii_alphabetic() {
            word.push(c);
            continue;
        }
        match std::mem::take(&mut word).as_str() {
            "" => {}
            "True" => out.push_str("true"),
            "False" => out.push_str("false"),
            "None" | "nan" => out.push_str("null"),
            _ => return None,
        }
        match c {
            '\'' | '"' => {
                let mut inner = String::new();
                loop {
                    match rest.next()? {
                        '\\' => match rest.next()? {
                            'n' => inner.push('\n'),
                            't' => inner.push('\t'),
                            'r' => inner.push('\r'),
                            other => inner.push(other),
                        },
                        end if end == c => break,
                        other => inner.push(other),
                    }
                }
                out.push_str(&quote(&inner));
            }
            _ => out.push(c),
        }
    }
    sonic_rs::from_str::<sonic_rs::LazyValue<'_>>(&out).is_ok().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        assert_eq!(
            python("{'errorCode': 0, 'ok': True, 'x': None}").as_deref(),
            Some("{\"errorCode\": 0, \"ok\": true, \"x\": null}")
        );
        assert_eq!(python("{'it': \"it's\"}").as_deref(), Some("{\"it\": \"it's\"}"));
        assert_eq!(
            powershell("@{errorCode=0; failureReason=Other.}").as_deref(),
            Some("{\"errorCode\":\"0\",\"failureReason\":\"Other.\"}")
        );
        let raw = "{\"Status\":{\"ErrorCode\":0},\"IPAddress\":\"x\"}";
        assert_eq!(camel(&Value::Json(raw.into()), 0), "{\"status\":{\"errorCode\":0},\"ipAddress\":\"x\"}");
    }
}
