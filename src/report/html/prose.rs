//! A rule's description: the small part of Markdown that rule authors use, as plain data for the template.

/// One block of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// A list.
    List(Vec<String>),
}

/// Longest line that a closing colon makes a heading.
const HEADING: usize = 60;

/// Splits a description into blocks. Marks of emphasis and code are dropped, links keep their text.
pub fn blocks(text: &str) -> Vec<Block> {
    let text = text.trim().trim_matches('\'');
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() {
            open = false;
        } else if let Some(heading) = heading(line, open) {
            blocks.push(Block::Heading(plain(heading)));
            open = false;
        } else if let Some(item) = item(line) {
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(plain(item)),
                _ => blocks.push(Block::List(vec![plain(item)])),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(text)) if open => *text = format!("{text} {}", plain(line)),
                Some(Block::List(items)) if open => {
                    if let Some(last) = items.last_mut() {
                        *last = format!("{last} {}", plain(line));
                    }
                }
                _ => blocks.push(Block::Paragraph(plain(line))),
            }
            open = true;
        }
    }
    blocks
}

/// A line that is a heading. A colon makes one only where a block begins, not within a paragraph.
fn heading(line: &str, open: bool) -> Option<&str> {
    let marked = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim());
    let bold = line.strip_prefix("**").and_then(|rest| rest.strip_suffix("**").or(rest.strip_suffix("**:")));
    let colon = line.strip_suffix(':').filter(|rest| !open && rest.len() <= HEADING && item(line).is_none());
    marked.or(bold).or(colon)
}

fn item(line: &str) -> Option<&str> {
    let dash = line.strip_prefix("- ").or(line.strip_prefix("* "));
    dash.or_else(|| {
        let (number, rest) = line.split_once(". ")?;
        (!number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
    })
}

fn plain(text: &str) -> String {
    text.replace("**", "").replace('`', "")
}
