//! The credentials inside an application or a service principal: each is a row of its own, as in a collector's list, so
//! that an audit's key id leads to it.

use super::lookup_directory::CREDENTIALS;
use super::{Plan, Record, Sink};

/// Lists of credentials and what they hold.
const LISTS: [(&str, &str); 2] = [("passwordCredentials", "secret"), ("keyCredentials", "certificate")];

/// Adds a row for each credential of the object; `owner` says what the object is.
pub fn load(record: &Record<'_>, owner: &str, sink: &mut Sink) {
    if LISTS.iter().all(|(list, _)| record.get(list).as_str().len() < 3) {
        return;
    }
    let plan = sink.plan("credentials of objects", || Plan::bare(CREDENTIALS.table, CREDENTIALS.shape));
    for (list, kind) in LISTS {
        let held = record.get(list);
        for credential in held.array() {
            let Some(credential) = credential.object() else { continue };
            let mut row = sink.row(&plan);
            row.set("AppDisplayName", record.any(&["displayName", "appDisplayName"]));
            row.set("AppObjectId", record.any(&["id", "objectId"]));
            row.set("KeyId", credential.get("keyId"));
            row.text("CredentialType", &format!("{owner} {kind}"));
            row.set("KeyType", credential.get("type"));
            row.set("StartDateTime", credential.any(&["startDateTime", "startDate"]));
            row.set("EndDateTime", credential.any(&["endDateTime", "endDate"]));
            row.close();
        }
    }
}
