//! Sign-ins of people: the ordinary days, and what ordinary people do that looks bad.

use crate::people::{
    AGENTS, Agent, BOSTON, CARRIER, Company, From, HANOI, LYON, MADRID, NONE, PARTNER, Person, RELAY, SCRIPT, TENANT,
    from, headquarters, vpn,
};
use crate::random::Random;
use crate::time::{DAY, at, workday};

/// One sign-in record.
#[derive(Debug, Clone)]
pub struct Signin {
    pub time: i64,
    pub person: Person,
    pub from: From,
    pub app: (&'static str, &'static str),
    pub resource: (&'static str, &'static str),
    pub code: u32,
    pub interactive: bool,
    pub agent: Agent,
    /// The device's id; empty for one that is not registered.
    pub device: String,
    pub strong: bool,
    pub session: String,
    pub id: String,
    pub correlation: String,
    pub client: &'static str,
    pub risk: &'static str,
    pub token: String,
    pub protocol: &'static str,
}

impl Signin {
    pub fn home_tenant(&self) -> &'static str {
        if self.person.guest { PARTNER } else { TENANT }
    }
}

pub const PORTAL: (&str, &str) = ("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca");
pub const TEAMS: (&str, &str) = ("Microsoft Teams Web Client", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346");
pub const OUTLOOK: (&str, &str) = ("One Outlook Web", "9199bf20-a13f-4107-85dc-02114787ef48");
pub const OFFICE: (&str, &str) = ("Microsoft Office", "d3590ed6-52b3-4102-aeff-aad2292ab01c");
pub const SHAREPOINT: (&str, &str) = ("Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000");
pub const EXCHANGE: (&str, &str) = ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000");
pub const AZURE: (&str, &str) = ("Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c");
pub const CLI: (&str, &str) = ("Microsoft Azure CLI", "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
pub const SHELL: (&str, &str) = ("Microsoft Graph Command Line Tools", "14d82eec-204b-4c2f-b7e8-296a70dab67e");
pub const SIGNIN: (&str, &str) = ("Windows Sign In", "38aa3b87-a06d-4817-b275-7a316988d93b");
pub const SYNC: (&str, &str) = ("Microsoft Azure Active Directory Connect", "cb1056e2-e479-49de-ae31-7812af012ed8");
pub const BROKER: (&str, &str) = ("Microsoft Authentication Broker", "29d9ed98-a469-4536-ade2-f981bc1d605e");
pub const GRAPH: (&str, &str) = ("Microsoft Graph", "00000003-0000-0000-c000-000000000000");
pub const DIRECTORY: (&str, &str) = ("Windows Azure Active Directory", "00000002-0000-0000-c000-000000000000");
const WORK: [(&str, &str); 6] = [PORTAL, TEAMS, OUTLOOK, OFFICE, SHAREPOINT, SIGNIN];

pub struct Signins<'a> {
    random: &'a mut Random,
    pub all: Vec<Signin>,
}

impl<'a> Signins<'a> {
    pub fn new(random: &'a mut Random) -> Signins<'a> {
        Signins { random, all: Vec::new() }
    }

    /// An interactive sign-in with the person's own computer; the caller changes what is different.
    pub fn add(
        &mut self,
        time: i64,
        person: &Person,
        from: &From,
        app: (&'static str, &'static str),
        code: u32,
    ) -> &mut Signin {
        let random = &mut *self.random;
        let office = from.ip.starts_with("192.0.2.") && from.ip != "192.0.2.40";
        let resource = *random.pick(&[GRAPH, EXCHANGE, SHAREPOINT]);
        let (session, id, correlation) = (random.guid(), random.guid(), random.guid());
        let token = format!("{:016x}{:06x}", random.next(), random.below(1 << 24));
        let jitter = random.below(50_000) as i64;
        self.all.push(Signin {
            time: time + jitter,
            person: person.clone(),
            from: from.clone(),
            app,
            resource,
            code,
            interactive: true,
            agent: person.agent,
            device: person.device.clone(),
            strong: !office,
            session,
            id,
            correlation,
            client: "Browser",
            risk: "none",
            token,
            protocol: "none",
        });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// A refresh of a session on the person's computer.
    fn refresh(&mut self, time: i64, of: &Signin, code: u32) {
        let app = *self.random.pick(&WORK);
        let (from, agent, device, session, strong) =
            (of.from.clone(), of.agent, of.device.clone(), of.session.clone(), of.strong);
        let person = of.person.clone();
        let quiet = self.add(time, &person, &from, app, code);
        quiet.interactive = false;
        quiet.client = "Mobile Apps and Desktop clients";
        (quiet.agent, quiet.device, quiet.session, quiet.strong) = (agent, device, session, strong);
    }

    fn phone(
        &mut self,
        time: i64,
        person: &Person,
        from: &From,
        app: (&'static str, &'static str),
        code: u32,
    ) -> &mut Signin {
        let signin = self.add(time, person, from, app, code);
        signin.agent = signin.person.phone;
        signin.device = String::new();
        signin.client = "Mobile Apps and Desktop clients";
        signin
    }

    pub fn ordinary(&mut self, company: &Company) {
        for day in 1..=31 {
            for (number, person) in company.staff.iter().enumerate() {
                // Newcomers begin on the 9th, two people leave on the 20th.
                let here = (number < 56 || day >= 9) && (number >= 2 || day <= 20);
                if here && self.random.percent(if workday(day) { 90 } else { 18 }) {
                    self.day(day, number, person);
                }
            }
            for admin in company.admins.iter().filter(|_| workday(day)) {
                let (hour, minute) = (8 + self.random.below(2) as i64, self.random.below(60) as i64);
                self.add(at(day, hour, minute), admin, admin.desk(day), AZURE, 0).strong = true;
            }
            for desk in company.helpdesk.iter().filter(|_| workday(day)) {
                self.add(at(day, 7, 45), desk, desk.desk(day), AZURE, 0).strong = true;
                self.add(at(day, 12, 50), desk, desk.desk(day), PORTAL, 0).strong = true;
            }
            for hour in (0..24).step_by(4).filter(|_| !company.remote) {
                let sync = self.add(at(day, hour, 12), &company.sync, &headquarters(), SYNC, 0);
                (sync.interactive, sync.agent, sync.device) = (false, NONE, String::new());
                (sync.client, sync.resource) = ("Mobile Apps and Desktop clients", DIRECTORY);
            }
            for hour in [9, 14].into_iter().filter(|_| workday(day) && !company.remote) {
                let scan = self.add(at(day, hour, 20), &company.scanner, &headquarters(), EXCHANGE, 0);
                (scan.client, scan.agent, scan.device, scan.resource) =
                    ("Authenticated SMTP", NONE, String::new(), EXCHANGE);
                scan.agent = Agent { text: "", browser: "", system: "" };
            }
            if workday(day) && day % 2 == 0 {
                let guest = self.random.pick(&company.guests).clone();
                let visit = self.add(at(day, 10, 5), &guest, &guest.home, TEAMS, 0);
                visit.device = String::new();
            }
        }
    }

    /// One day of one person.
    fn day(&mut self, day: i64, number: usize, person: &Person) {
        let home = person.home(day);
        // Telephones come out where their carrier does; at home in eight countries each has another one.
        let mobile = match person.remote {
            true => from(format!("203.0.113.{}", 20 + number), home.place),
            false => from(format!("203.0.113.{}", 2 + self.random.below(12)), &CARRIER),
        };
        let place = match self.random.below(100) {
            0..50 => person.desk(day).clone(),
            50..78 => home.clone(),
            78..90 if person.remote => home.clone(),
            78..90 => vpn(),
            // A relay of the telephone's maker, in the next country.
            90..93 if person.remote => from(format!("2001:db8:face::{:x}", self.random.below(4096)), &RELAY),
            _ => mobile.clone(),
        };
        let start = at(day, 7 + self.random.below(3) as i64, self.random.below(60) as i64);
        let app = *self.random.pick(&WORK);
        // Typing errors, and the interrupts that Entra writes before a success.
        if self.random.percent(5) {
            for n in 0..1 + self.random.below(2) as i64 {
                self.add(start - 90_000 + n * 30_000, person, &place, app, 50126);
            }
        }
        if self.random.percent(2) {
            self.add(start - 120_000, person, &place, app, 50034);
        }
        let first = self.add(start, person, &place, app, 0).clone();
        if first.strong && self.random.percent(30) {
            let code = *self.random.pick(&[50074, 50076, 50140, 50058, 50097]);
            let (time, session, correlation) = (first.time - 25_000, first.session.clone(), first.correlation.clone());
            let interrupt = self.add(time, person, &place, app, code);
            (interrupt.time, interrupt.session, interrupt.correlation) = (time, session, correlation);
        }
        for _ in 0..1 + self.random.below(2) {
            let later = first.time + (20 + self.random.below(420) as i64) * 60_000;
            let code = if self.random.percent(4) { *self.random.pick(&[70044, 50058, 700082, 65001]) } else { 0 };
            self.refresh(later, &first, code);
        }
        // A phone all day long: the carrier, or the wireless network at hand.
        if number.is_multiple_of(2) {
            let place = if self.random.percent(50) { mobile } else { place };
            let minute = self.random.below(60) as i64;
            let signin = self.phone(at(day, 12, minute), person, &place, OUTLOOK, 0).clone();
            self.refresh(signin.time + 3 * 3_600_000, &signin, 0);
        }
        if self.random.percent(1) {
            self.add(at(day, 16, 10), person, home, TEAMS, 500121).strong = true;
            self.add(at(day, 16, 12), person, home, TEAMS, 0).strong = true;
        }
    }

    /// What looks bad and is not.
    pub fn trouble(&mut self, company: &Company) {
        let staff = &company.staff;
        // Monday after the holidays: eight people mistype at the office within the hour, and then get in.
        for (n, person) in staff[10..18].iter().enumerate() {
            for attempt in 0..1 + n as i64 % 3 {
                self.add(at(9, 8, 5 + 4 * n as i64 + attempt), person, person.desk(9), SIGNIN, 50126);
            }
            self.add(at(9, 8, 9 + 4 * n as i64), person, person.desk(9), SIGNIN, 0);
        }
        // Somebody has forgotten the new password, at home, and resets it.
        for n in 0..7 {
            self.add(at(10, 18, 10 + 2 * n), &staff[20], &staff[20].home, PORTAL, 50126);
        }
        self.add(at(10, 18, 26), &staff[20], &staff[20].home, PORTAL, 50053);
        self.add(at(10, 18, 50), &staff[20], &staff[20].home, PORTAL, 0);
        // A password was changed; the telephone goes on with the old one until its owner comes out of the meeting.
        let carrier =
            if company.remote { from("203.0.113.42", staff[22].home.place) } else { from("203.0.113.5", &CARRIER) };
        for n in 0..36 {
            let code = if n % 9 > 6 { 50053 } else { 50126 };
            let place = if n < 20 { staff[22].desk(17).clone() } else { carrier.clone() };
            let retry = self.phone(at(17, 9, 0) + n * 7 * 60_000, &staff[22], &place, EXCHANGE, code);
            retry.client = "Exchange ActiveSync";
        }
        self.phone(at(17, 13, 30), &staff[22], &carrier, EXCHANGE, 0).client = "Exchange ActiveSync";
        // Expired password, changed at the prompt.
        self.add(at(11, 8, 0), &staff[23], staff[23].desk(11), PORTAL, 50055);
        self.add(at(11, 8, 2), &staff[23], staff[23].desk(11), PORTAL, 0);
        // The second factor times out twice, on the way.
        for minute in [0, 2] {
            self.add(at(18, 7, minute), &staff[24], &staff[24].later, OUTLOOK, 500121);
        }
        self.add(at(18, 7, 5), &staff[24], &staff[24].later, OUTLOOK, 0);
        // Who has left still owns a telephone.
        for day in 21..=31 {
            for hour in [6, 18] {
                self.phone(at(day, hour, 30), &staff[0], &staff[0].later, EXCHANGE, 50057);
            }
        }
        self.travel(company);
        // Newcomers: first day at home, password changed at first sign-in, second factor enrolled.
        for person in &staff[56..60] {
            self.add(at(9, 7, 20), person, person.desk(9), PORTAL, 50055).strong = false;
            self.add(at(9, 7, 24), person, person.desk(9), PORTAL, 50072).strong = false;
            self.add(at(9, 7, 31), person, person.desk(9), PORTAL, 0).strong = true;
            self.phone(at(9, 18, 2), person, &person.home, OUTLOOK, 0).strong = true;
        }
        // A new telephone, set up at home over the carrier's network.
        let person = &staff[30];
        self.add(at(13, 19, 0), person, &person.home, PORTAL, 0);
        let mut renewed = person.clone();
        renewed.phone = crate::people::PHONES[1];
        let network =
            if company.remote { from("203.0.113.50", person.home.place) } else { from("203.0.113.9", &CARRIER) };
        self.phone(at(13, 19, 25), &renewed, &network, OUTLOOK, 0);
        // Developers and administrators with command line tools.
        for day in (2..=31).filter(|day| workday(*day)) {
            for developer in &staff[40..43] {
                let place = if day % 3 == 0 { developer.home(day).clone() } else { developer.desk(day).clone() };
                let cli = self.add(at(day, 10, 15), developer, &place, CLI, 0);
                (cli.client, cli.resource) = (
                    "Mobile Apps and Desktop clients",
                    ("Azure Resource Manager", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
                );
                cli.strong = true;
            }
        }
        for day in [5, 19] {
            let shell = self.add(at(day, 9, 30), &company.admins[0], company.admins[0].desk(day), SHELL, 0);
            (shell.strong, shell.client, shell.resource) = (true, "Mobile Apps and Desktop clients", GRAPH);
        }
        // A meeting-room device signs in with a code that somebody types in the office.
        let room = self.add(at(12, 9, 0), &staff[33], staff[33].desk(12), BROKER, 0);
        (room.protocol, room.client, room.device) = ("deviceCode", "Mobile Apps and Desktop clients", String::new());
        // A script on a build machine with a developer's session.
        let script = self.add(at(24, 11, 0), &staff[41], staff[41].desk(24), CLI, 0);
        (script.agent, script.interactive, script.client) = (SCRIPT, false, "Mobile Apps and Desktop clients");
        // An application that needs an administrator's consent.
        self.add(
            at(16, 10, 0),
            &staff[35],
            staff[35].desk(16),
            ("Diagram Studio", "3d1f5b7c-2a94-4c60-8e1b-6f0a9d27c485"),
            90094,
        );
        self.add(
            at(16, 10, 30),
            &staff[36],
            staff[36].desk(16),
            ("Diagram Studio", "3d1f5b7c-2a94-4c60-8e1b-6f0a9d27c485"),
            65001,
        );
        // The internet knocks: single guesses from anywhere, none of them right.
        for (n, day) in (2..31).step_by(3).enumerate() {
            let guess = self.add(
                at(day, 3, 7),
                &staff[5 + n],
                &from(format!("203.0.113.{}", 240 + n), &HANOI),
                EXCHANGE,
                50126,
            );
            (guess.strong, guess.device, guess.agent) = (false, String::new(), AGENTS[1]);
        }
    }

    /// Three people travel; their telephones roam and come out at home.
    fn travel(&mut self, company: &Company) {
        let journeys = [
            (44, 10..=12, from("203.0.113.100", &MADRID)),
            (45, 16..=20, from("203.0.113.110", &BOSTON)),
            (46, 24..=25, from("2001:db8:7e57::44", &LYON)),
        ];
        for (number, days, hotel) in journeys {
            let person = &company.staff[number];
            for day in days {
                let first = self.add(at(day, 7, 40), person, &hotel, PORTAL, 0);
                // Entra finds the place unusual; the second factor answers.
                first.risk = if day % 3 == 1 { "medium" } else { "low" };
                let first = first.clone();
                self.refresh(first.time + 1_800_000, &first, 0);
                let roaming = if company.remote {
                    from(format!("203.0.113.{}", 20 + number), person.home.place)
                } else {
                    from("203.0.113.7", &CARRIER)
                };
                // The tunnel is switched on: the same session goes on from the organisation's exit.
                if !company.remote {
                    let tunnelled = Signin { from: vpn(), ..first.clone() };
                    self.refresh(first.time + 2_400_000, &tunnelled, 0);
                    self.refresh(first.time + 6_000_000, &tunnelled, 0);
                }
                // The roaming telephone, a session of its own, through its carrier at home.
                let roaming = self.phone(first.time + 600_000, person, &roaming, OUTLOOK, 0).clone();
                self.refresh(roaming.time + 900_000, &roaming, 0);
                let evening = self.add(at(day, 19, 5), person, &hotel, OUTLOOK, 0).clone();
                self.refresh(evening.time + DAY / 48, &evening, 0);
            }
        }
    }
}
