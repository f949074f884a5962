//! Column names, types and meanings of the Azure Monitor tables.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::Type;

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Case-sensitive name.
    pub name: String,
    /// Kusto type.
    pub ty: Type,
    /// What it holds; empty where only the type is known.
    pub description: String,
}

/// The columns of one table, in the order of a live workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// Table name, for example `SigninLogs`.
    pub table: String,
    /// Columns in order.
    pub fields: Vec<Field>,
    index: HashMap<String, usize>,
}

#[derive(Deserialize)]
struct FileColumn {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct File {
    table: String,
    columns: Vec<FileColumn>,
}

/// One file a table: names, types and descriptions from Microsoft's table reference (CC-BY 4.0).
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/table/schema");
/// Column types of 944 Azure Monitor tables, from the same reference.
const OTHERS: &str = include_str!("reference/azure_monitor_types.json");

static DESCRIBED: LazyLock<BTreeMap<String, Arc<Schema>>> = LazyLock::new(|| {
    FILES
        .files()
        .filter_map(|file| serde_json::from_slice::<File>(file.contents()).ok())
        .map(|file| {
            let fields = file.columns.into_iter().filter_map(|column| {
                let ty = Type::parse(&column.ty)?;
                Some(Field { name: column.name, ty, description: column.description })
            });
            let mut fields: Vec<Field> = fields.collect();
            // Columns that only the list of types knows stand behind: those of Defender's form of a table, and
            // those that diagnostic settings add. `Timestamp` is TimeGenerated there.
            let more: Vec<Field> = typed(&file.table)
                .filter(|more| more.name != "Timestamp" && !fields.iter().any(|known| known.name == more.name))
                .collect();
            fields.extend(more);
            (file.table.clone(), Arc::new(Schema::new(file.table, fields)))
        })
        .collect()
});

static TYPED: LazyLock<BTreeMap<String, serde_json::Map<String, serde_json::Value>>> =
    LazyLock::new(|| serde_json::from_str(OTHERS).unwrap_or_default());

/// The columns that the list of types has for a table.
fn typed(table: &str) -> impl Iterator<Item = Field> {
    TYPED.get(table).into_iter().flatten().filter_map(|(name, ty)| {
        let ty = Type::parse(ty.as_str()?)?;
        Some(Field { name: name.clone(), ty, description: String::new() })
    })
}

impl Schema {
    /// A schema of these columns.
    pub fn new(table: impl Into<String>, fields: Vec<Field>) -> Schema {
        let index = fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
        Schema { table: table.into(), fields, index }
    }

    /// The schema of a known table: a described one first, else one of which only types are known.
    ///
    /// ```
    /// use entrail::table::{Schema, Type};
    /// let signins = Schema::known("SigninLogs").expect("described");
    /// assert_eq!(signins.field("ResultType").map(|f| f.ty), Some(Type::String));
    /// assert!(Schema::known("StorageBlobLogs").is_some());
    /// assert!(Schema::known("NoSuchTable").is_none());
    /// ```
    pub fn known(table: &str) -> Option<Arc<Schema>> {
        if let Some(schema) = DESCRIBED.get(table) {
            return Some(schema.clone());
        }
        TYPED.contains_key(table).then(|| Arc::new(Schema::new(table, typed(table).collect())))
    }

    /// The names of all known tables, described ones first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let others = TYPED.keys().filter(|name| !DESCRIBED.contains_key(*name));
        DESCRIBED.keys().chain(others).map(String::as_str)
    }

    /// The names of the described tables.
    pub fn described() -> impl Iterator<Item = &'static str> {
        DESCRIBED.keys().map(String::as_str)
    }

    /// Position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// A column by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.position(name).map(|i| &self.fields[i])
    }
}
