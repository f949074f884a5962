//! Gives every identity its replacement. Numbers follow the order in which the evidence names them, so that the same
//! evidence gives the same replacements.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::book::{Book, Replaced};
use super::collect::{Found, Kind};
use crate::report::uuid;

/// Domains of services that everybody uses: they identify nobody, and endpoints stay readable. Names of tenants below
/// them are replaced by themselves.
const SERVICES: [&str; 13] = [
    "azure.com",
    "azure.net",
    "live.com",
    "microsoft.com",
    "microsoftonline.com",
    "office.com",
    "office.net",
    "office365.com",
    "outlook.com",
    "windows.com",
    "windows.net",
    "windowsazure.com",
    "w3.org",
];

/// Accounts that a product creates under a fixed name: what they are may be told, whose they are not.
const PRODUCTS: [&str; 2] = ["sync_", "adtoaadsyncserviceaccount"];

/// Names of accounts that are words of every text: they tell what somebody does, not who it is.
const ROLES: [&str; 18] = [
    "account",
    "admin",
    "administrator",
    "app",
    "application",
    "device",
    "guest",
    "info",
    "mail",
    "office",
    "password",
    "security",
    "service",
    "support",
    "sync",
    "system",
    "test",
    "user",
];

/// Letters or digits that a name must have to be looked for within text: shorter ones stand in every second word.
const SHORTEST: usize = 3;
/// Letters that the name of a tenant must have.
const SHORTEST_TENANT: usize = 4;

/// The replacements of all that was found. `public` holds GUIDs that are everybody's, in lower case.
pub fn book(found: &Found, public: &HashSet<String>) -> Book {
    let mut maker = Maker {
        found,
        book: Book::default(),
        terms: BTreeMap::new(),
        domains: HashMap::new(),
        users: HashMap::new(),
        count: 0,
    };
    maker.mails();
    maker.names();
    maker.tenants();
    maker.guids(public);
    maker.addresses();
    maker.sids();
    let mut terms: Vec<(String, String)> = Vec::new();
    for (original, replacement) in maker.terms {
        // Letter case is folded for ASCII only.
        for spelling in [original.to_uppercase(), original.clone()] {
            if terms.last().is_none_or(|(known, _)| !known.eq_ignore_ascii_case(&spelling)) {
                terms.push((spelling, replacement.clone()));
            }
        }
    }
    maker.book.set_terms(terms);
    maker.book
}

struct Maker<'f> {
    found: &'f Found,
    book: Book,
    /// Lower case → replacement.
    terms: BTreeMap<String, String>,
    domains: HashMap<String, String>,
    /// Number of each mail address.
    users: HashMap<String, usize>,
    count: usize,
}

impl Maker<'_> {
    fn note(&mut self, kind: &'static str, original: &str, replacement: &str) {
        let (original, replacement) = (original.to_owned(), replacement.to_owned());
        self.book.list.push(Replaced { kind, original, replacement });
    }

    /// A term that is looked for everywhere; the first replacement of one stays.
    fn term(&mut self, original: &str, replacement: &str) {
        let lower = original.to_lowercase();
        let letters = lower.chars().filter(|c| c.is_alphanumeric()).count();
        let digits_only = !lower.chars().any(char::is_alphabetic) && letters < 6;
        let word = ROLES.contains(&lower.as_str()) || self.found.vocabulary.contains(&lower);
        if letters >= SHORTEST && !digits_only && !word {
            self.terms.entry(lower).or_insert_with(|| replacement.to_owned());
        }
    }

    fn domain(&mut self, domain: &str) -> String {
        let served = |service: &str| domain == service || domain.ends_with(&format!(".{service}"));
        if SERVICES.into_iter().any(served) {
            return domain.to_owned();
        }
        if let Some(known) = self.domains.get(domain) {
            return known.clone();
        }
        let replacement = format!("domain-{}.example", self.domains.len() + 1);
        self.domains.insert(domain.to_owned(), replacement.clone());
        self.note("domain", domain, &replacement);
        self.term(domain, &replacement);
        self.term(&domain.replace(['.', '-'], "_"), &replacement.replace(['.', '-'], "_"));
        replacement
    }

    fn mails(&mut self) {
        let found = self.found;
        for (mail, spelled) in &found.mails {
            let Some((local, domain)) = mail.rsplit_once('@') else { continue };
            self.count += 1;
            let number = self.count;
            let name = match PRODUCTS.iter().find(|product| local.starts_with(**product)) {
                Some(product) => format!("{product}{number:04}"),
                None => format!("user-{number:04}"),
            };
            let domain = self.domain(domain);
            let replacement = format!("{name}@{domain}");
            self.users.insert(mail.clone(), number);
            self.book.mails.insert(mail.clone(), replacement.clone());
            self.note("account", spelled, &replacement);
            // As personal sites spell it, and without its domain.
            let site = |mail: &str| mail.replace(|c: char| !c.is_alphanumeric(), "_");
            self.term(&site(mail), &site(&replacement));
            self.term(local, &name);
            // A guest's name holds the address at home.
            if let Some(home) = local.strip_suffix("#ext#") {
                self.term(home, &name);
                if let Some((inner, _)) = home.rsplit_once('_') {
                    self.term(inner, &name);
                }
            }
        }
    }

    fn names(&mut self) {
        let found = self.found;
        let mut devices = 0;
        let mut ids = 0;
        for (kind, name, principal) in &found.names {
            let replacement = match kind {
                Kind::Device => {
                    devices += 1;
                    format!("device-{devices:04}")
                }
                Kind::Id => {
                    ids += 1;
                    format!("id-{ids:04}")
                }
                Kind::Person | Kind::Account => {
                    let known = principal.as_ref().and_then(|mail| self.users.get(mail)).copied();
                    let number = known.unwrap_or_else(|| {
                        self.count += 1;
                        self.count
                    });
                    if *kind == Kind::Person { format!("User {number:04}") } else { format!("user-{number:04}") }
                }
            };
            let lower = name.to_lowercase();
            if self.terms.contains_key(&lower) {
                continue;
            }
            self.term(name, &replacement);
            if self.terms.contains_key(&lower) {
                let word = match kind {
                    Kind::Person => "name",
                    Kind::Account => "account",
                    Kind::Device => "device",
                    Kind::Id => "id",
                };
                self.note(word, name, &replacement);
            }
        }
    }

    fn tenants(&mut self) {
        let found = self.found;
        let mut number = 0;
        for tenant in &found.tenants {
            if tenant.chars().count() < SHORTEST_TENANT || self.terms.contains_key(tenant) {
                continue;
            }
            let replacement = format!("tenant-{}", number + 1);
            self.term(tenant, &replacement);
            if self.terms.contains_key(tenant) {
                number += 1;
                self.note("tenant", tenant, &replacement);
            }
        }
    }

    fn guids(&mut self, public: &HashSet<String>) {
        /// Version 8 is left to the user by the standard, so that no directory makes such an id.
        const FIRST: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0000;
        let found = self.found;
        let own: HashSet<&String> = found.guids.iter().collect();
        let mut number = 0;
        for guid in &found.guids {
            // Ids of nothing but zeros and of the directory's own objects are everybody's.
            if public.contains(guid) || guid.bytes().all(|b| matches!(b, b'0' | b'-')) {
                continue;
            }
            let replacement = loop {
                number += 1;
                let made = uuid::text(FIRST + number);
                if !own.contains(&made) {
                    break made;
                }
            };
            self.book.guids.insert(guid.clone(), replacement.clone());
            self.note("guid", guid, &replacement);
        }
    }

    /// Addresses of one network stay in one network, those of private networks stay private.
    fn addresses(&mut self) {
        let found = self.found;
        let taken: HashSet<IpAddr> = found.addresses.iter().copied().collect();
        let mut four = Networks::default();
        let mut inside = Networks::default();
        let mut six = Networks::default();
        for address in &found.addresses {
            let made = match address {
                IpAddr::V4(v4) if v4.is_loopback() || v4.is_unspecified() || v4.is_broadcast() => None,
                // 240.0.0.0/4 was never given to anybody, so that no address of the evidence is mistaken for one.
                IpAddr::V4(v4) => {
                    let made = if local(*v4) {
                        inside.four(*v4, Ipv4Addr::new(10, 128, 0, 0), 1 << 15, &taken)
                    } else {
                        four.four(*v4, Ipv4Addr::new(240, 0, 0, 0), 1 << 20, &taken)
                    };
                    Some(made.unwrap_or_else(|| six.six(v4.to_ipv6_mapped(), &taken)))
                }
                IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => None,
                IpAddr::V6(v6) => Some(six.six(*v6, &taken)),
            };
            if let Some(made) = made {
                self.book.addresses.insert(*address, made);
                self.note("address", &address.to_string(), &made.to_string());
            }
        }
    }

    fn sids(&mut self) {
        let found = self.found;
        for (number, sid) in (1..).zip(&found.sids) {
            let replacement = format!("S-1-5-21-0-0-0-{number}");
            self.book.sids.insert(sid.clone(), replacement.clone());
            self.note("sid", sid, &replacement);
        }
    }
}

/// Private and link-local.
fn local(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local()
}

/// Networks by their first bits, each with the number of its addresses met so far.
#[derive(Default)]
struct Networks {
    known: HashMap<u128, (u32, u32)>,
}

impl Networks {
    /// Number of the network, from 0, and of the address in it, from 1.
    fn place(&mut self, network: u128) -> (u32, u32) {
        let next = self.known.len() as u32;
        let place = self.known.entry(network).or_insert((next, 0));
        place.1 += 1;
        *place
    }

    /// An address in the network's own /24 from `base` on; its number in the network is the last part, 0 stays 0. None
    /// when there are more than `most` networks.
    fn four(&mut self, address: Ipv4Addr, base: Ipv4Addr, most: u32, taken: &HashSet<IpAddr>) -> Option<IpAddr> {
        let bits = u32::from(address);
        let zero = bits & 0xff == 0;
        loop {
            let (network, host) = self.place(u128::from(bits >> 8));
            if network >= most || host > 255 {
                return None;
            }
            let made = u32::from(base) + network * 256 + if zero { 0 } else { host };
            let made = IpAddr::V4(Ipv4Addr::from(made));
            if !taken.contains(&made) {
                return Some(made);
            }
            if zero {
                return None;
            }
        }
    }

    /// An address in the network's own /64 of 3fff::/20, which is set aside for documentation (RFC 9637).
    fn six(&mut self, address: Ipv6Addr, taken: &HashSet<IpAddr>) -> IpAddr {
        loop {
            let (network, host) = self.place(u128::from(address) >> 64);
            let made = (0x3fff_u128 << 112) | (u128::from(network) << 64) | u128::from(host);
            let made = IpAddr::V6(Ipv6Addr::from(made));
            if !taken.contains(&made) {
                return made;
            }
        }
    }
}
