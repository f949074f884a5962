//! Operations that leave something behind, and those that take it away, as the logs spell them.

/// A way to stay: how the logs name setting it up, how they name taking it away, and what to do about it.
pub(super) struct Kind {
    /// What it is, for people.
    pub what: &'static str,
    /// Beginnings of the operations that set it up, in lower case; `*` stands before a part that may be anywhere.
    pub made: &'static [&'static str],
    /// Words of which the row's details must hold one, in lower case; empty where the operation says enough.
    pub needs: &'static [&'static str],
    /// Beginnings of the operations that take it away, in lower case.
    pub undone: &'static [&'static str],
    /// What to do, with the things listed after it.
    pub advice: &'static str,
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        what: "Inbox rule",
        made: &["new-inboxrule", "set-inboxrule", "enable-inboxrule", "updateinboxrules"],
        needs: &[],
        undone: &["remove-inboxrule", "disable-inboxrule"],
        advice: "Remove the inbox rules, and read what they moved or forwarded:",
    },
    Kind {
        what: "Mailbox forwarding",
        made: &["set-mailbox"],
        needs: &["forwarding"],
        undone: &[],
        advice: "Switch the forwarding of these mailboxes off:",
    },
    Kind {
        what: "Mailbox permission",
        made: &["add-mailboxpermission", "add-recipientpermission", "add-mailboxfolderpermission"],
        needs: &[],
        undone: &["remove-mailboxpermission", "remove-recipientpermission", "remove-mailboxfolderpermission"],
        advice: "Remove the permissions given on these mailboxes:",
    },
    Kind {
        what: "Mail flow rule",
        made: &["new-transportrule", "set-transportrule", "enable-transportrule"],
        needs: &[],
        undone: &["remove-transportrule", "disable-transportrule"],
        advice: "Remove these mail flow rules:",
    },
    Kind {
        what: "Consent",
        made: &["consent to application", "add delegated permission grant", "add oauth2permissiongrant"],
        needs: &[],
        undone: &["remove delegated permission grant", "remove oauth2permissiongrant", "revoke consent"],
        advice: "Revoke the consent and remove these applications from the tenant:",
    },
    Kind {
        what: "Permission of an application",
        made: &["add app role assignment to service principal"],
        needs: &[],
        undone: &["remove app role assignment from service principal"],
        advice: "Take these application permissions back:",
    },
    Kind {
        what: "Credential of an application",
        made: &[
            "*certificates and secrets management",
            "add service principal credentials",
            "*add federated identity credential",
        ],
        needs: &[],
        undone: &["remove service principal credentials", "*delete federated identity credential"],
        advice: "Remove the added credentials, and rotate all others of these applications:",
    },
    Kind {
        what: "Owner of an application",
        made: &["add owner to application", "add owner to service principal"],
        needs: &[],
        undone: &["remove owner from application", "remove owner from service principal"],
        advice: "Remove the owners added to these applications:",
    },
    Kind {
        what: "Role",
        made: &["add member to role", "add eligible member to role", "add scoped member to role"],
        needs: &[],
        undone: &["remove member from role", "remove eligible member from role", "remove scoped member from role"],
        advice: "Take the roles from these accounts:",
    },
    Kind {
        what: "New account",
        made: &["invite external user", "add user", "create user"],
        needs: &[],
        undone: &["disable account"],
        advice: "Disable these accounts, and delete them once they are documented:",
    },
    Kind {
        what: "Sign-in method",
        made: &[
            "user registered security info",
            "user registered all required security info",
            "user changed default security info",
            "admin registered security info",
            "admin updated security info",
            "create application password",
            "*temporary access pass",
        ],
        needs: &[],
        undone: &["user deleted security info", "admin deleted security info"],
        advice: "Remove the sign-in methods that were registered for these accounts, and register anew in person:",
    },
    Kind {
        what: "Device",
        made: &["add device", "register device", "add registered owner to device"],
        needs: &[],
        undone: &["delete device", "unregister device", "remove registered owner from device"],
        advice: "Disable these devices:",
    },
    Kind {
        what: "Conditional Access",
        made: &[
            "update conditional access policy",
            "add conditional access policy",
            "delete conditional access policy",
            "add named location",
            "update named location",
        ],
        needs: &[],
        undone: &[],
        advice: "Put these policies and locations back as they were; the old values stand in the record:",
    },
    Kind {
        what: "Sign-in of a domain",
        made: &[
            "set domain authentication",
            "set federation settings on domain",
            "add unverified domain",
            "verify domain",
            "add partner to company",
            "*cross-tenant access setting",
        ],
        needs: &[],
        undone: &["remove unverified domain", "remove verified domain", "delete partner specific cross-tenant"],
        advice: "Check these domains and partner settings against what was agreed:",
    },
    Kind {
        what: "Tenant setting",
        made: &[
            "authentication methods policy update",
            "update authorization policy",
            "disable strong authentication",
            "disable security defaults",
            "update security defaults",
            "set-adminauditlogconfig",
            "set-mailboxauditbypassassociation",
        ],
        needs: &[],
        undone: &[],
        advice: "Put these settings back as they were:",
    },
    Kind {
        what: "Role in Azure",
        made: &["microsoft.authorization/roleassignments/write", "create role assignment"],
        needs: &[],
        undone: &["microsoft.authorization/roleassignments/delete", "delete role assignment"],
        advice: "Remove these role assignments in Azure:",
    },
];

/// Taking away the thing as a whole, whatever was set up on it.
pub(super) const GONE: [&str; 8] = [
    "delete user",
    "hard delete user",
    "delete application",
    "hard delete application",
    "remove service principal",
    "hard delete service principal",
    "delete device",
    "remove-mailbox",
];

/// Whether an operation is one of these.
pub(super) fn is(operation: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| match beginning.strip_prefix('*') {
        Some(part) => operation.contains(part),
        // "set-mailbox" is not "set-mailboxfolderpermission", and "add user" not "add user role".
        None if beginning.contains('-') && !beginning.contains(' ') => operation == *beginning,
        None => operation.starts_with(beginning),
    })
}

/// An operation in the spelling of this list.
pub(super) fn plain(operation: &str) -> String {
    operation.trim().trim_end_matches('.').to_lowercase()
}

/// The kind that an operation sets up.
pub(super) fn kind(operation: &str, details: &str) -> Option<&'static Kind> {
    let (operation, details) = (plain(operation), details.to_lowercase());
    KINDS
        .iter()
        .filter(|kind| kind.needs.is_empty() || kind.needs.iter().any(|word| details.contains(word)))
        .find(|kind| is(&operation, kind.made))
}

#[cfg(test)]
mod tests {
    use super::{kind, plain};

    #[test]
    fn operations_are_told_apart() {
        let what = |operation: &str, details: &str| kind(operation, details).map(|kind| kind.what);
        assert_eq!(what("Set-Mailbox", "ForwardingSmtpAddress: x"), Some("Mailbox forwarding"));
        assert_eq!(what("Set-Mailbox", "Language: x"), None);
        assert_eq!(
            what("Update application – Certificates and secrets management ", ""),
            Some("Credential of an application")
        );
        assert_eq!(what("Add member to role completed (PIM activation)", ""), Some("Role"));
        assert_eq!(plain(" Disable Strong Authentication. "), "disable strong authentication");
    }
}
