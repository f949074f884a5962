//! Text as a whole: length, case, joining, repeating, order.

use super::arguments::{array, long, plain, text};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::Type;

/// Bytes that `strrep` may make of one value; the service's values end at a megabyte.
const MAX_REPEATED: usize = 1 << 24;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["strlen"],
        usage: "strlen(text)",
        summary: "Number of Unicode code points.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Long),
        naming: Naming::Prefixed,
        body: Body::Values(|values| Value::Long(text(values, 0).chars().count() as i64)),
        examples: &[("strlen('über')", "4")],
        ..Function::NEW
    },
    Function {
        names: &["string_size"],
        usage: "string_size(text)",
        summary: "Number of bytes in UTF-8.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Long),
        naming: Naming::Prefixed,
        body: Body::Values(|values| Value::Long(text(values, 0).len() as i64)),
        examples: &[("string_size('über')", "5")],
        ..Function::NEW
    },
    Function {
        names: &["tolower"],
        usage: "tolower(text)",
        summary: "The text in lower case.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(text(values, 0).to_lowercase())),
        examples: &[("tolower('AbC')", "abc")],
        ..Function::NEW
    },
    Function {
        names: &["toupper"],
        usage: "toupper(text)",
        summary: "The text in upper case.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(text(values, 0).to_uppercase())),
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
        examples: &[("strcat('a', 1, 'b')", "a1b"), ("strcat('at ', 1h)", "at 01:00:00")],
        ..Function::NEW
    },
    Function {
        names: &["strcat_delim"],
        usage: "strcat_delim(delimiter, value [, value …])",
        summary: "The values as text, with a delimiter between them.",
        takes: &[Accepts::Text, Accepts::Text],
        rest: Some(Accepts::Text),
        body: Body::Values(|values| {
            let parts: Vec<_> = values.iter().skip(1).map(|value| value.to_text()).collect();
            Value::text(parts.join(text(values, 0)))
        }),
        examples: &[("strcat_delim('/', 'a', 2, true)", "a/2/True")],
        ..Function::NEW
    },
    Function {
        names: &["strcat_array", "array_strcat"],
        usage: "strcat_array(array, delimiter)",
        summary: "The elements of an array as text, with a delimiter between them; a null element is empty, and what is no array \
                  is the text.",
        takes: &[Accepts::Dynamic, Accepts::Text],
        body: Body::Values(|values| {
            let Some(elements) = values.first().and_then(array) else {
                return Value::text(values.first().map(Value::to_text).unwrap_or_default().into_owned());
            };
            Value::text(elements.iter().map(plain).collect::<Vec<_>>().join(text(values, 1)))
        }),
        examples: &[("strcat_array(dynamic(['a', 1, {\"b\":2}]), '; ')", "a; 1; {\"b\":2}")],
        ..Function::NEW
    },
    Function {
        names: &["strrep"],
        usage: "strrep(value, count [, delimiter])",
        summary: "The value as text, several times, with a delimiter between.",
        takes: &[Accepts::Text, Accepts::Long, Accepts::Text],
        optional: 1,
        body: Body::Prepared(strrep),
        examples: &[("strrep('ab', 3)", "ababab"), ("strrep(7, 2, '-')", "7-7"), ("strrep('a', -1)", "")],
        ..Function::NEW
    },
    Function {
        names: &["reverse"],
        usage: "reverse(value)",
        summary: "The characters of the value's text, last first.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(text(values, 0).chars().rev().collect::<String>())),
        examples: &[("reverse('für')", "rüf"), ("reverse(120)", "021")],
        ..Function::NEW
    },
    Function {
        names: &["strcmp"],
        usage: "strcmp(left, right)",
        summary: "-1, 0 or 1 as the first text stands before, with or behind the second, byte by byte.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| Value::Long(text(values, 0).cmp(text(values, 1)) as i64)),
        examples: &[("strcmp('B', 'a')", "-1"), ("strcmp('ab', 'a')", "1")],
        ..Function::NEW
    },
];

fn strrep(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let size = |argument: usize| {
        call.argument(argument).and_then(|a| a.constant.as_ref()).map_or(0, |value| value.to_text().len())
    };
    if let Some(Value::Long(count)) = call.argument(1).and_then(|count| count.constant.as_ref())
        && (size(0) + size(2)).max(1).saturating_mul(usize::try_from(*count).unwrap_or(0)) > MAX_REPEATED
    {
        let problem = Diagnostic::error("`strrep` would make more than 16 MB of one value", call.span_of(1));
        return Err(problem.help("repeat it less often"));
    }
    Ok(std::sync::Arc::new(|values| {
        let count = usize::try_from(long(values, 1).unwrap_or(0)).unwrap_or(0);
        let (source, delimiter) = (text(values, 0), text(values, 2));
        if count.saturating_mul(source.len() + delimiter.len()) > MAX_REPEATED {
            return Value::text("");
        }
        Value::text(vec![source; count].join(delimiter))
    }))
}
