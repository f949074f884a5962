//! A case file to fill in. What the evidence suggests stands in it as comments, each with the figure that led to it:
//! a suggestion becomes an assumption only when a person takes the `#` away.

use crate::usual::{Share, Usual};

/// Suggestions of one kind.
const MOST: usize = 15;

/// The file. Without `usual`, only the template.
pub fn template(usual: Option<&Usual>) -> String {
    let none = Usual::default();
    let found = usual.unwrap_or(&none);
    let mut text = String::from(HEAD);
    if usual.is_some() {
        text.push_str(&format!(
            "# Suggestions below are from {} with a successful sign-in on {}.\n\n",
            many(found.users as u64, "account"),
            many(found.days as u64, "day")
        ));
    }
    text.push_str(TENANT);
    let domains = usual.map(domains).unwrap_or_default();
    section(&mut text, usual.is_some(), "Domains that given roles and synchronisation name", &domains);
    text.push_str(LISTS);
    text.push_str(
        "\n# Offices, VPN, proxies: sign-ins from there are not from outside, and they join no findings to incidents.\n\
         # TrustedNetworks = [\"192.0.2.0/24\"]\n",
    );
    let addresses = found.shared().map(|one| {
        let figure = format!(
            "{}, {}, more than one account on {} of {}",
            many(one.signins, "sign-in"),
            many(one.users as u64, "account"),
            one.shared_days,
            many(found.days as u64, "day")
        );
        (one.address.to_string(), figure)
    });
    section(&mut text, usual.is_some(), "Likely the organisation's addresses", &addresses.collect::<Vec<_>>());
    let shares = |of: &Share<String>| (of.what.clone(), figures(of.signins, of.users));
    let networks = found.networks.iter().map(|of| (of.what.to_string(), figures(of.signins, of.users)));
    section(&mut text, usual.is_some(), "Networks with most successful sign-ins", &networks.collect::<Vec<_>>());
    text.push_str(
        "\n# Countries where people work: a first sign-in from there is no finding.\n# Countries = [\"DE\", \"NL\"]\n",
    );
    section(
        &mut text,
        usual.is_some(),
        "Countries with most successful sign-ins",
        &found.countries.iter().map(shares).collect::<Vec<_>>(),
    );
    text.push_str(
        "\n# Accounts of directory synchronisation, beside those named Sync_...: they sign in for nothing else.\n# SyncAccounts = [\"Sync_DC1_0123456789ab@example.com\"]\n",
    );
    section(
        &mut text,
        usual.is_some(),
        "Accounts named like synchronisation",
        &found.sync.iter().map(shares).collect::<Vec<_>>(),
    );
    text.push_str("\n# Accounts with administrative roles.\n# PrivilegedAccounts = [\"admin@example.com\"]\n");
    let roles = found.roles.iter().map(|(account, roles)| {
        let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
        let named = if roles.is_empty() { "a role that the record does not name".to_owned() } else { roles.join(", ") };
        (account.clone(), format!("was given: {named}; whether it should have been is for you to judge"))
    });
    section(
        &mut text,
        usual.is_some(),
        "Accounts that the directory audit shows being given a role",
        &roles.collect::<Vec<_>>(),
    );
    text.push_str(TAIL);
    text
}

const HEAD: &str = "\
# Case file of entrail: what only you know. Every key may stay out; a misspelt one is refused.
# Use it with: entrail analyze exports/ -o report/ --case case.toml

# name = \"Contoso, March\"
# marking = \"TLP:AMBER\"
# timezone = \"Europe/Berlin\"       # for times that an export writes without a zone
# as_of = \"2026-03-31T00:00:00Z\"   # now() of rules without a schedule; default: the last event

";

const TENANT: &str = "\
[tenant]
# ids = [\"00000000-0000-4000-8000-000000000000\"]
# domains = [\"example.com\"]
";

const LISTS: &str = "
# Lists reach rules as watchlists. A rule that cannot do without a list that is not given is not evaluable; it does
# not guess.
[lists]
# Accounts for emergencies: any use is a finding.
# BreakGlass = [\"breakglass1@example.com\"]

# People an intruder would pretend to be.
# VIP = [\"ceo@example.com\"]

# Applications known to be good, by id.
# KnownApplications = [\"22222222-0000-4000-8000-000000000001\"]

# Domains whose passwords another server checks: wrong ones never reach Entra, and rules that count them say so.
# FederatedDomains = [\"corp.example.com\"]
";

const TAIL: &str = "
# A longer list is a CSV file with a header, beside this file.
# [watchlists.KnownEgress]
# file = \"egress.csv\"
# search_key = \"Network\"

# A threshold replaces a rule's top-level let of that name; text is KQL.
[thresholds]
# failures = 10
# window = \"2h\"
";

/// Suggestions as comments: value, figure.
fn section(text: &mut String, asked: bool, what: &str, rows: &[(String, String)]) {
    if !asked {
        return;
    }
    if rows.is_empty() {
        text.push_str(&format!("# {what}: none in this evidence.\n"));
        return;
    }
    text.push_str(&format!("# {what}:\n"));
    for (value, figure) in rows.iter().take(MOST) {
        text.push_str(&format!("#   {},  # {}\n", quoted(value), plain(figure)));
    }
    if rows.len() > MOST {
        text.push_str(&format!("#   and {} more\n", rows.len() - MOST));
    }
}

/// Domains of accounts that play a part in administration, with the number of such accounts.
fn domains(usual: &Usual) -> Vec<(String, String)> {
    let accounts = usual.sync.iter().map(|share| &share.what).chain(usual.roles.keys());
    let mut counted: std::collections::BTreeMap<&str, u64> = Default::default();
    for domain in accounts.filter_map(|account| account.rsplit_once('@')).map(|(_, domain)| domain) {
        *counted.entry(domain).or_default() += 1;
    }
    counted.into_iter().map(|(domain, n)| (domain.to_owned(), many(n, "account"))).collect()
}

fn figures(signins: u64, users: usize) -> String {
    format!("{}, {}", many(signins, "successful sign-in"), many(users as u64, "account"))
}

fn many(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A TOML string: names from logs may hold anything, a line break included.
fn quoted(text: &str) -> String {
    toml::Value::from(plain(text)).to_string()
}

/// On one line, for a comment ends where its line does.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::case::Case;
    use crate::usual::Address;

    #[test]
    fn the_template_is_a_case_file_and_says_nothing() {
        let case = Case::read(&template(None), Path::new(".")).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(case, Case::default());
    }

    #[test]
    fn every_example_in_it_is_valid() {
        let bare: String = template(None)
            .lines()
            .map(|line| {
                let keyed = line
                    .strip_prefix("# ")
                    .filter(|rest| rest.split_once(" = ").is_some_and(|(k, _)| !k.contains(' ')));
                keyed
                    .filter(|rest| !rest.starts_with("file") && !rest.starts_with("search_key"))
                    .unwrap_or(line)
                    .to_owned()
                    + "\n"
            })
            .collect();
        let case = Case::read(&bare, Path::new(".")).unwrap_or_else(|problems| panic!("{problems:?}\n{bare}"));
        assert_eq!(case.watchlists.len(), 10);
        assert_eq!(case.thresholds.len(), 2);
        assert_eq!(case.networks().len(), 1);
    }

    #[test]
    fn suggestions_stay_comments_with_their_figures() {
        let usual = Usual {
            users: 40,
            days: 10,
            addresses: vec![Address {
                address: "192.0.2.10".parse().unwrap_or(std::net::IpAddr::from([0, 0, 0, 0])),
                signins: 900,
                users: 31,
                shared_days: 9,
            }],
            sync: vec![Share { what: "sync_dc1\n[tenant]@example.com".into(), signins: 5, users: 1 }],
            ..Usual::default()
        };
        let text = template(Some(&usual));
        assert!(
            text.contains("#   \"192.0.2.10\",  # 900 sign-ins, 31 accounts, more than one account on 9 of 10 days"),
            "{text}"
        );
        assert_eq!(Case::read(&text, Path::new(".")).unwrap_or_default(), Case::default());
        assert!(text.contains("Countries with most successful sign-ins: none in this evidence."));
    }
}
