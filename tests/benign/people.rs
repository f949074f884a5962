//! Who works at Alderfinch, from where and with what.

use crate::random::Random;

pub const TENANT: &str = "6d3a0f52-8c1b-4e7a-b5d9-20f4c7e81a36";
pub const PARTNER: &str = "a41c7e90-35d2-4f68-9b0e-7c8d12e6f043";

/// A place as sign-ins name it.
#[derive(Debug)]
pub struct Place {
    pub city: &'static str,
    pub state: &'static str,
    pub country: &'static str,
    pub at: (f64, f64),
    pub network: u32,
}

const fn place(city: &'static str, state: &'static str, country: &'static str, at: (f64, f64), network: u32) -> Place {
    Place { city, state, country, at, network }
}

pub static LEEDS: Place = place("Leeds", "Leeds", "GB", (53.8, -1.55), 64600);
pub static DUBLIN: Place = place("Dublin", "Dublin", "IE", (53.34, -6.26), 64601);
pub static LONDON: Place = place("London", "London", "GB", (51.5, -0.12), 64602);
pub static CARRIER: Place = place("Manchester", "Manchester", "GB", (53.48, -2.24), 64603);
pub static MADRID: Place = place("Madrid", "Madrid", "ES", (40.41, -3.7), 64604);
pub static BOSTON: Place = place("Boston", "Massachusetts", "US", (42.36, -71.05), 64605);
pub static LYON: Place = place("Lyon", "Rhone", "FR", (45.75, 4.85), 64606);
pub static BERLIN: Place = place("Berlin", "Berlin", "DE", (52.52, 13.41), 64610);
pub static LISBON: Place = place("Lisbon", "Lisboa", "PT", (38.72, -9.14), 64611);
pub static DATACENTRE: Place = place("Amsterdam", "Noord-Holland", "NL", (52.37, 4.9), 64607);
pub static RELAY: Place = place("Paris", "Paris", "FR", (48.86, 2.35), 64609);
pub static HANOI: Place = place("Hanoi", "Ha Noi", "VN", (21.03, 105.85), 64608);

/// An address with its place.
#[derive(Debug, Clone)]
pub struct From {
    pub ip: String,
    pub place: &'static Place,
}

pub fn from(ip: impl Into<String>, place: &'static Place) -> From {
    From { ip: ip.into(), place }
}

pub fn headquarters() -> From {
    from("192.0.2.10", &LEEDS)
}

pub fn vpn() -> From {
    from("192.0.2.40", &LONDON)
}

/// A browser or program as sign-ins name it.
#[derive(Debug, Clone, Copy)]
pub struct Agent {
    pub text: &'static str,
    pub browser: &'static str,
    pub system: &'static str,
}

pub const AGENTS: [Agent; 3] = [
    Agent {
        text: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0",
        browser: "Edge 145.0.0",
        system: "Windows10",
    },
    Agent {
        text: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36",
        browser: "Chrome 145.0.0",
        system: "Windows10",
    },
    Agent {
        text: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
        browser: "Safari 18.4",
        system: "MacOs",
    },
];
pub const PHONES: [Agent; 2] = [
    Agent {
        text: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        browser: "Mobile Safari",
        system: "Ios 18.4",
    },
    Agent {
        text: "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/145.0.0.0 Mobile Safari/537.36 PKeyAuth/1.0",
        browser: "Chrome Mobile 145.0.0",
        system: "Android 15",
    },
];
pub const SCRIPT: Agent =
    Agent { text: "azsdk-python-identity/1.19.0 Python/3.12.3", browser: "Python Requests 2.32", system: "Linux" };
pub const NONE: Agent = Agent { text: "", browser: "Rich Client", system: "Windows Server" };

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub upn: String,
    pub name: String,
    pub id: String,
    pub office: From,
    pub home: From,
    /// The home's address after the provider changed it.
    pub later: From,
    pub agent: Agent,
    pub phone: Agent,
    pub device: String,
    pub guest: bool,
    /// Works at home always.
    pub remote: bool,
}

impl Person {
    /// Where the person works on a day: at the office, or at home where there is none.
    pub fn desk(&self, day: i64) -> &From {
        if self.remote && day >= MOVED { &self.later } else { &self.office }
    }

    /// The home's address on a day.
    pub fn home(&self, day: i64) -> &From {
        if day < MOVED { &self.home } else { &self.later }
    }
}

/// The day on which providers give homes other addresses.
pub const MOVED: i64 = 16;

const GIVEN: [&str; 20] = [
    "Alma", "Ben", "Chloe", "Dev", "Esme", "Finn", "Grace", "Harvey", "Isla", "Jude", "Kit", "Leila", "Milo", "Nora",
    "Owen", "Priya", "Rhys", "Sana", "Theo", "Uma",
];
const FAMILY: [&str; 9] = ["Ashby", "Brook", "Carver", "Dalton", "Ellery", "Farrow", "Garrick", "Hollis", "Ingram"];

/// Everybody.
pub struct Company {
    /// Nobody has an office: everybody works at home, in eight countries.
    pub remote: bool,
    pub staff: Vec<Person>,
    pub admins: Vec<Person>,
    pub helpdesk: Vec<Person>,
    pub guests: Vec<Person>,
    pub sync: Person,
    pub scanner: Person,
}

impl Company {
    pub fn new(random: &mut Random, remote: bool) -> Company {
        let mut person = |number: usize, upn: String, name: String| {
            let homes: &'static Place = match (remote, number % 3) {
                (true, _) => [&LEEDS, &DUBLIN, &MADRID, &BOSTON, &LYON, &LONDON, &BERLIN, &LISBON][number % 8],
                (false, 2) => &DUBLIN,
                (false, _) => &LEEDS,
            };
            let (home, later) = if number.is_multiple_of(4) {
                (
                    from(format!("2001:db8:{:x}::{:x}", 0x100 + number, number + 2), homes),
                    from(format!("2001:db8:{:x}::a{:x}", 0x900 + number, number), homes),
                )
            } else {
                (from(format!("198.51.100.{}", 10 + number), homes), from(format!("198.18.{number}.7"), homes))
            };
            let office = match (remote, number % 3) {
                (true, _) => home.clone(),
                (false, 2) => from("192.0.2.20", &DUBLIN),
                (false, _) => headquarters(),
            };
            let (agent, phone) = (*random.pick(&AGENTS), *random.pick(&PHONES));
            Person {
                upn,
                name,
                id: random.guid(),
                office,
                home,
                later,
                agent,
                phone,
                device: random.guid(),
                guest: false,
                remote,
            }
        };
        let staff = (0..60).map(|n| {
            let (given, family) = (GIVEN[n % 20], FAMILY[(n * 7 + n / 20) % 9]);
            person(n, format!("{given}.{family}@alderfinch.example").to_lowercase(), format!("{given} {family}"))
        });
        let staff: Vec<Person> = staff.collect();
        let mut of = |number: usize, local: &str, name: &str| {
            person(number, format!("{local}@alderfinch.example"), name.to_owned())
        };
        let admins = vec![
            of(60, "adm.nora", "Nora (admin)"),
            of(61, "adm.theo", "Theo (admin)"),
            of(63, "adm.rhys", "Rhys (admin)"),
        ];
        let helpdesk = vec![of(64, "hd.kit", "Kit (service desk)"), of(66, "hd.sana", "Sana (service desk)")];
        let sync = of(67, "Sync_LDS-AADC02_9c41e07b55d2", "On-Premises Directory Synchronization Service Account");
        let scanner = of(69, "scan-to-mail", "Scan to mail");
        let guests = ["pat.lowe", "ravi.nair", "tess.oduya", "ivo.marek"].iter().enumerate().map(|(n, name)| Person {
            guest: true,
            home: from(format!("198.51.100.{}", 200 + n), &LYON),
            ..of(70 + n, &format!("{name}_partner.example#EXT#"), &name.replace('.', " "))
        });
        let guests = guests.collect();
        Company { remote, staff, admins, helpdesk, guests, sync, scanner }
    }
}
