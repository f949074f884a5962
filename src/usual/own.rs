//! Microsoft's own applications: they are seen in every tenant, so they tell nobody apart.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize, Default)]
struct Own {
    apps: BTreeMap<String, String>,
}

static OWN: LazyLock<Own> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../table/reference/first_party_apps.json")).unwrap_or_default()
});

/// The name of one of Microsoft's applications by its id; none for any other.
pub fn name(id: &str) -> Option<&'static str> {
    OWN.apps.get(&id.trim().to_lowercase()).map(String::as_str)
}

/// Ids and names, in lower case.
pub fn keys() -> impl Iterator<Item = String> {
    OWN.apps.iter().flat_map(|(id, name)| [id.clone(), name.to_lowercase()])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_read() {
        assert_eq!(super::name("00000003-0000-0000-C000-000000000000"), Some("Microsoft Graph"));
        assert!(super::name("22222222-0000-4000-8000-000000000001").is_none());
    }
}
