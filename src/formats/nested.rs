//! Names that hold a path, as tools write that flatten nested objects into one level: `properties.status.errorCode`,
//! `targetResources.0.id`, `initiatedBy/user/id`. They are put back into objects and lists.

use super::record::quote;

/// Deeper paths than this are no log's.
const DEPTH: usize = 16;

/// An object under construction: names in the order in which they came.
#[derive(Debug, Default)]
pub struct Tree(Vec<(String, Node)>);

#[derive(Debug)]
enum Node {
    Json(String),
    Inner(Tree),
}

impl Tree {
    /// Sets the value at a path to JSON text; what is there already stays.
    pub fn insert(&mut self, path: &[String], json: String) {
        let Some((name, rest)) = path.split_first() else { return };
        let known = self.0.iter().position(|(known, _)| known == name);
        if rest.is_empty() || path.len() > DEPTH {
            if known.is_none() {
                self.0.push((path.join("."), Node::Json(json)));
            }
            return;
        }
        let place = known.unwrap_or_else(|| {
            self.0.push((name.clone(), Node::Inner(Tree::default())));
            self.0.len() - 1
        });
        match self.0.get_mut(place) {
            Some((_, Node::Inner(inner))) => inner.insert(rest, json),
            // A value and a path below it: both are kept, under the name that tells them apart.
            _ => self.0.push((path.join("."), Node::Json(json))),
        }
    }

    /// JSON text; numbers from 0 on as names make a list.
    pub fn to_json(&self) -> String {
        let value = |node: &Node| match node {
            Node::Json(json) => json.clone(),
            Node::Inner(tree) => tree.to_json(),
        };
        let at = |at: usize| self.0.iter().find(|(name, _)| *name == at.to_string()).map(|(_, node)| node);
        let items: Option<Vec<String>> = (0..self.0.len()).map(|place| at(place).map(value)).collect();
        if let Some(items) = items.filter(|items| !items.is_empty()) {
            return format!("[{}]", items.join(","));
        }
        let fields: Vec<String> =
            self.0.iter().map(|(name, node)| format!("{}:{}", quote(name), value(node))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// The parts of a name; one part where it holds no path. Claims are named by addresses, which hold dots and slashes.
pub fn path(name: &str) -> Vec<String> {
    if name.starts_with('@') || name.contains("odata.") || name.contains(char::is_whitespace) {
        return vec![name.to_owned()];
    }
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(end) =
        rest.find(['.', '/', '[']).filter(|_| !rest.starts_with("http:") && !rest.starts_with("https:"))
    {
        let (part, behind) = rest.split_at(end);
        if !part.is_empty() {
            parts.push(part.trim_end_matches(']').to_owned());
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    parts.push(rest.trim_end_matches(']').to_owned());
    if parts.iter().any(String::is_empty) { vec![name.to_owned()] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_objects_and_lists() {
        let mut tree = Tree::default();
        for (name, json) in [
            ("id", "1"),
            ("a.b.c", "2"),
            ("a.b.d", "3"),
            ("list.1.x", "5"),
            ("list.0.x", "4"),
            ("more[0].x", "6"),
            ("claims.http://example.com/claims/upn", "7"),
            ("@odata.type", "8"),
            ("id.below", "9"),
        ] {
            tree.insert(&path(name), json.into());
        }
        assert_eq!(
            tree.to_json(),
            "{\"id\":1,\"a\":{\"b\":{\"c\":2,\"d\":3}},\"list\":[{\"x\":4},{\"x\":5}],\"more\":[{\"x\":6}],\
             \"claims\":{\"http://example.com/claims/upn\":7},\"@odata.type\":8,\"id.below\":9}"
        );
    }
}
