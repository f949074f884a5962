//! Applications and managed identities, and their sign-ins.

use crate::people::{DATACENTRE, From, from, headquarters};
use crate::random::Random;
use crate::time::at;

/// An application of the company's own.
#[derive(Debug, Clone)]
pub struct App {
    pub name: String,
    pub app: String,
    pub object: String,
    pub principal: String,
    /// Its secret of last year, and the one that replaces it.
    pub old: String,
    pub new: String,
    pub from: From,
}

/// A sign-in of an application or a managed identity.
#[derive(Debug, Clone)]
pub struct AppSignin {
    pub time: i64,
    pub name: String,
    pub app: String,
    pub principal: String,
    pub key: String,
    pub from: From,
    pub resource: (&'static str, &'static str),
    pub code: u32,
    pub managed: bool,
    pub id: String,
    pub token: String,
}

pub struct Apps {
    pub own: Vec<App>,
    pub identity: App,
    pub signins: Vec<AppSignin>,
}

pub const MANAGER: (&str, &str) = ("Azure Resource Manager", "797f4846-ba00-4fd7-ba43-dac1f8f63013");
pub const VAULT: (&str, &str) = ("Azure Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093");
pub const STORAGE: (&str, &str) = ("Azure Storage", "e406a681-f3d4-42a8-90b6-c2b029497af1");
const GRAPH: (&str, &str) = ("Microsoft Graph", "00000003-0000-0000-c000-000000000000");

impl Apps {
    pub fn new(random: &mut Random) -> Apps {
        let mut app = |name: &str, from: From| App {
            name: name.to_owned(),
            app: random.guid(),
            object: random.guid(),
            principal: random.guid(),
            old: random.guid(),
            new: random.guid(),
            from,
        };
        let own = vec![
            app("Customer Portal", from("203.0.113.200", &DATACENTRE)),
            app("Release Pipeline", from("203.0.113.210", &DATACENTRE)),
            app("Staff Directory Export", headquarters()),
            app("Parcel Labels", from("203.0.113.201", &DATACENTRE)),
        ];
        let identity = app("afx-prod-web", from("", &DATACENTRE));
        Apps { own, identity, signins: Vec::new() }
    }

    pub fn ordinary(&mut self, random: &mut Random) {
        for day in 1..=31 {
            for (n, app) in self.own.clone().iter().enumerate() {
                if n == 3 && day < 17 {
                    continue;
                }
                // The new secret is in use from the day after it was made.
                let renewed = 10 + n as i64 * 2 + 1;
                let key = if n == 3 || day > renewed { &app.new } else { &app.old };
                for hour in (0..24).step_by(if n == 2 { 24 } else { 6 }) {
                    let resource = if n == 1 { MANAGER } else { GRAPH };
                    // Build machines come from a pool of addresses.
                    let place = if n == 1 {
                        from(format!("203.0.113.{}", 210 + random.below(8)), &DATACENTRE)
                    } else {
                        app.from.clone()
                    };
                    self.add(random, at(day, hour, 3), app, key, place, resource, 0);
                }
            }
            for hour in (0..24).step_by(8) {
                let identity = self.identity.clone();
                let resource = if hour == 8 { STORAGE } else { VAULT };
                self.add(random, at(day, hour, 11), &identity, "", identity.from.clone(), resource, 0);
                if let Some(last) = self.signins.last_mut() {
                    last.managed = true;
                }
            }
        }
        // A secret typed wrong while the new application is set up.
        let labels = self.own[3].clone();
        for minute in [2, 4, 9] {
            self.add(random, at(16, 14, minute), &labels, "", headquarters(), GRAPH, 7_000_215);
        }
        self.add(random, at(16, 14, 20), &labels, &labels.new, headquarters(), GRAPH, 0);
    }

    #[allow(clippy::too_many_arguments)] // a record has that many fields
    fn add(
        &mut self,
        random: &mut Random,
        time: i64,
        app: &App,
        key: &str,
        from: From,
        resource: (&'static str, &'static str),
        code: u32,
    ) {
        self.signins.push(AppSignin {
            time: time + random.below(50_000) as i64,
            name: app.name.clone(),
            app: app.app.clone(),
            principal: app.principal.clone(),
            key: key.to_owned(),
            from,
            resource,
            code,
            managed: false,
            id: random.guid(),
            token: format!("{:016x}{:06x}", random.next(), random.below(1 << 24)),
        });
    }
}
