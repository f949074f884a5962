//! What to do about a finding, in the words of its rule.

/// The heading in a rule's description below which the steps stand.
const HEADING: &str = "what to do";

/// The steps of a rule's description, one text each, without marks of emphasis and code; none where it names none.
///
/// ```
/// use entrail::report::advice;
/// let description = "## What it finds\n- a thing\n\n## What to do\n1. Revoke `sessions`.\n2. Reset the\n   password.\n\n## More\n- x";
/// assert_eq!(advice(description), ["Revoke sessions.", "Reset the password."]);
/// ```
pub fn advice(description: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let (mut within, mut open) = (false, false);
    for line in description.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('#') {
            within = heading.trim_matches(['#', ' ', ':']).to_lowercase() == HEADING;
            open = false;
        } else if !within || line.is_empty() {
            open = false;
        } else {
            let plain = line.replace("**", "").replace('`', "");
            match (step(&plain), steps.last_mut()) {
                (None, Some(last)) if open => *last = format!("{last} {plain}"),
                (begun, _) => steps.push(begun.unwrap_or(&plain).to_owned()),
            }
            open = true;
        }
    }
    steps
}

/// The text of an item of a list.
fn step(line: &str) -> Option<&str> {
    let dash = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    dash.or_else(|| {
        let (number, rest) = line.split_once(". ")?;
        (!number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
    })
}
