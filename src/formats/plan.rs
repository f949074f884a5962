//! Which column of a table takes which field of a record, compiled once and looked up by field name.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::table::{Schema, Shape};

/// Columns that no export carries for itself, or that are set for every row: never "not judged".
const NEVER: [&str; 22] = [
    "TenantId",
    "SourceSystem",
    "Type",
    "MG",
    "ManagementGroupName",
    "Computer",
    "RawData",
    "IsRisky",
    "RootActorID",
    "SourceAppClientId",
    "AuthenticatorAppLocation",
    "AppliedConditionalAccessPolicies",
    "RiskLevel",
    "ConditionalAccessPoliciesV2",
    "ResourceProvider",
    "ResourceGroup",
    "Resource",
    "Level",
    "OperationVersion",
    "DurationMs",
    "ResultSignature",
    "AADTenantId",
];

/// The mapping of one export shape into one table.
#[derive(Debug)]
pub struct Plan {
    /// The table's columns.
    pub schema: Arc<Schema>,
    /// The name of the shape and what it cannot carry.
    pub shape: Shape,
    fields: FxHashMap<String, Vec<usize>>,
    constants: Vec<(usize, &'static str)>,
    /// Dates stand as .NET's invariant culture writes them, the month first, whatever the file's others look like.
    pub month_first: bool,
}

impl Plan {
    /// Every field goes to the column of the same name in any letter case, except hidden columns, which only an
    /// export of the table itself knows.
    pub fn new(table: &str, shape: &str) -> Plan {
        let mut plan = Plan::bare(table, shape);
        for (position, field) in plan.schema.fields.iter().enumerate() {
            let hidden =
                field.name.starts_with('_') || ["TenantId", "Type", "SourceSystem"].contains(&field.name.as_str());
            if !hidden {
                plan.fields.entry(field.name.to_ascii_lowercase()).or_default().push(position);
            }
        }
        plan
    }

    /// No field goes anywhere yet.
    pub fn bare(table: &str, shape: &str) -> Plan {
        let mut plan = Plan::of(Schema::new(table, Vec::new()), shape);
        if let Some(known) = Schema::known(table) {
            plan.schema = known;
        }
        plan
    }

    /// The same for columns that are not those of a known table.
    pub fn of(schema: Schema, shape: &str) -> Plan {
        let shape = Shape { name: shape.to_owned(), missing: Vec::new() };
        Plan {
            schema: Arc::new(schema),
            shape,
            fields: FxHashMap::default(),
            constants: Vec::new(),
            month_first: false,
        }
    }

    /// Every column of the table by its own name, hidden ones included.
    pub fn own(table: &str, shape: &str) -> Plan {
        let mut plan = Plan::bare(table, shape);
        for (position, field) in plan.schema.fields.iter().enumerate() {
            if !["Type", "_ItemId"].contains(&field.name.as_str()) {
                plan.fields.entry(field.name.to_ascii_lowercase()).or_default().push(position);
            }
        }
        plan
    }

    /// Fields that go to columns of other names. A field named here no longer goes to the column of its own name;
    /// columns that the table does not have are passed over, so that sibling tables can share a list.
    pub fn alias(mut self, pairs: &[(&str, &str)]) -> Plan {
        for (field, _) in pairs {
            self.fields.remove(&field.to_ascii_lowercase());
        }
        for (field, column) in pairs {
            if let Some(position) = self.schema.position(column) {
                self.fields.entry(field.to_ascii_lowercase()).or_default().push(position);
            }
        }
        self
    }

    /// Fields that the loader places itself.
    pub fn skip(mut self, fields: &[&str]) -> Plan {
        fields.iter().for_each(|field| {
            self.fields.remove(&field.to_ascii_lowercase());
        });
        self
    }

    /// Columns that hold the same in every row where the record says nothing else.
    pub fn constants(mut self, pairs: &[(&str, &'static str)]) -> Plan {
        let known = pairs.iter().filter_map(|(column, value)| Some((self.schema.position(column)?, *value)));
        let known: Vec<_> = known.collect();
        self.constants.extend(known);
        self
    }

    /// Dates such as 2/12/2026 have the month first: a service wrote them, not a person's computer.
    pub fn month_first(mut self) -> Plan {
        self.month_first = true;
        self
    }

    /// Columns that this shape cannot carry.
    pub fn missing(mut self, columns: &[&str]) -> Plan {
        let known = columns.iter().filter(|c| self.schema.position(c).is_some());
        self.shape.missing = known.map(|c| (*c).to_owned()).collect();
        self
    }

    /// All columns that neither these fields, nor constants, nor `also` fill are missing: for shapes whose header
    /// says exactly what they carry.
    pub fn missing_beyond<'a>(mut self, names: impl Iterator<Item = &'a str>, also: &[&str]) -> Plan {
        let mut filled = vec![false; self.schema.fields.len()];
        let positions = names
            .filter_map(|name| self.fields.get(&name.to_ascii_lowercase()))
            .flatten()
            .copied()
            .chain(self.constants.iter().map(|c| c.0))
            .chain(also.iter().filter_map(|column| self.schema.position(column)));
        let positions: Vec<usize> = positions.collect();
        for position in positions {
            if let Some(slot) = filled.get_mut(position) {
                *slot = true;
            }
        }
        let blank = self.schema.fields.iter().zip(&filled).filter(|(_, filled)| !**filled).map(|(f, _)| &f.name);
        let missing = blank.filter(|name| !name.starts_with('_') && !NEVER.contains(&name.as_str()));
        self.shape.missing = missing.cloned().collect();
        self
    }

    /// Columns of a field name given in lower case.
    pub fn columns(&self, lower: &str) -> &[usize] {
        self.fields.get(lower).map_or(&[], Vec::as_slice)
    }

    /// Columns with one value for all rows.
    pub fn constant_cells(&self) -> &[(usize, &'static str)] {
        &self.constants
    }
}
