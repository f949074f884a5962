//! Text: length, case, pieces, joining.

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["strlen"],
        usage: "strlen(text)",
        summary: "Number of Unicode code points.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Long),
        naming: Naming::Prefixed,
        body: Body::Values(|values| match values {
            [Value::String(text)] => Value::Long(text.chars().count() as i64),
            _ => Value::Null,
        }),
        examples: &[("strlen('über')", "4")],
        ..Function::NEW
    },
    Function {
        names: &["tolower"],
        usage: "tolower(text)",
        summary: "The text in lower case.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| values.first().map_or(Value::Null, |v| Value::text(v.to_text().to_lowercase()))),
        examples: &[("tolower('AbC')", "abc")],
        ..Function::NEW
    },
    Function {
        names: &["toupper"],
        usage: "toupper(text)",
        summary: "The text in upper case.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| values.first().map_or(Value::Null, |v| Value::text(v.to_text().to_uppercase()))),
        examples: &[("toupper('AbC')", "ABC")],
        ..Function::NEW
    },
    Function {
        names: &["strcat"],
        usage: "strcat(value [, value …])",
        summary: "The values as text, one behind the other.",
        takes: &[Accepts::Text],
        rest: Some(Accepts::Text),
        body: Body::Values(|values| Value::text(values.iter().map(|v| v.to_text()).collect::<String>())),
        examples: &[("strcat('a', 1, 'b')", "a1b")],
        ..Function::NEW
    },
];
