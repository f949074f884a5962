//! `parse_xml`: elements become bags, attributes members with `@`, text beside them `#text`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value as Json};

use super::arguments::text;
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

/// Elements nested deeper are refused, as null.
const MAX_DEPTH: usize = 256;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    names: &["parse_xml"],
    usage: "parse_xml(text)",
    summary: "XML as a dynamic value; null for what is no XML.",
    takes: &[Accepts::Text],
    gives: Gives::Type(Type::Dynamic),
    naming: Naming::First,
    body: Body::Values(|values| parse(text(values, 0)).map_or(Value::Null, |json| Value::json(&json))),
    examples: &[
        ("parse_xml('<e a=\"1\">x</e>')", "{\"e\":{\"@a\":\"1\",\"#text\":\"x\"}}"),
        ("parse_xml('<e><i>1</i><i>2</i><n/></e>')", "{\"e\":{\"i\":[\"1\",\"2\"],\"n\":null}}"),
        ("isnull(parse_xml('<e>'))", "true"),
    ],
    ..Function::NEW
}];

/// An element that is being read.
struct Open {
    name: String,
    members: Map<String, Json>,
    text: Option<String>,
}

impl Open {
    fn new(name: String) -> Open {
        Open { name, members: Map::new(), text: None }
    }

    /// Several members of one name are an array.
    fn add(&mut self, name: String, value: Json) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Json::Array(several)) => several.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
        }
    }

    fn write(&mut self, text: &str) {
        self.text.get_or_insert_default().push_str(text);
    }

    fn close(mut self) -> (String, Json) {
        let text = self.text.filter(|text| !text.trim().is_empty());
        let value = match (self.members.is_empty(), text) {
            (true, None) => Json::Null,
            (true, Some(text)) => Json::String(text),
            (false, None) => Json::Object(self.members),
            (false, Some(text)) => {
                self.members.insert("#text".into(), text.trim().into());
                Json::Object(self.members)
            }
        };
        (self.name, value)
    }
}

fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader::from_str(text);
    let mut stack = vec![Open::new(String::new())];
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if stack.len() > MAX_DEPTH {
                    return None;
                }
                stack.push(open(&tag)?);
            }
            Event::Empty(tag) => {
                let (name, value) = open(&tag)?.close();
                stack.last_mut()?.add(name, value);
            }
            Event::End(_) => {
                let (name, value) = stack.pop()?.close();
                stack.last_mut()?.add(name, value);
            }
            Event::Text(piece) => {
                let piece = piece.decode().ok()?;
                // Outside of the root only white space may stand.
                if stack.len() == 1 && !piece.trim().is_empty() {
                    return None;
                }
                stack.last_mut()?.write(&piece);
            }
            Event::CData(piece) => stack.last_mut()?.write(&piece.decode().ok()?),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&entity.decode().ok()?)?.to_owned(),
                };
                stack.last_mut()?.write(&resolved);
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    let root = stack.pop().filter(|_| stack.is_empty())?;
    (root.members.len() == 1).then_some(Json::Object(root.members))
}

fn open(tag: &BytesStart<'_>) -> Option<Open> {
    let mut element = Open::new(String::from_utf8(tag.name().as_ref().to_vec()).ok()?);
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let name = String::from_utf8(attribute.key.as_ref().to_vec()).ok()?;
        let value = attribute.unescape_value().ok()?;
        element.add(format!("@{name}"), value.into_owned().into());
    }
    Some(element)
}
