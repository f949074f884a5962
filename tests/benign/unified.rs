//! The unified audit log: mail, files, Teams, Exchange's administration.

use serde_json::{Map, Value, json};

use crate::people::{BOSTON, Company, From, MADRID, Person, TENANT, from, vpn};
use crate::random::Random;
use crate::time::{DAY, at, iso, workday};

/// One record: when, its kind, and what it holds.
#[derive(Debug, Clone)]
pub struct Record {
    pub time: i64,
    pub kind: &'static str,
    pub data: Map<String, Value>,
}

pub struct Unified<'a> {
    random: &'a mut Random,
    pub all: Vec<Record>,
}

/// Names of record types with their numbers.
const KINDS: [(&str, u32); 10] = [
    ("ExchangeAdmin", 1),
    ("ExchangeItem", 2),
    ("ExchangeItemGroup", 3),
    ("SharePointFileOperation", 6),
    ("AzureActiveDirectory", 8),
    ("SharePointSharingOperation", 14),
    ("AzureActiveDirectoryStsLogon", 15),
    ("MicrosoftTeams", 25),
    ("MicrosoftFlow", 30),
    ("ExchangeItemAggregated", 50),
];

impl<'a> Unified<'a> {
    pub fn new(random: &'a mut Random) -> Unified<'a> {
        Unified { random, all: Vec::new() }
    }

    pub fn add(&mut self, time: i64, kind: &'static str, operation: &str, person: &Person, from: &From, more: Value) {
        let time = time + self.random.below(50_000) as i64;
        let number = KINDS.iter().find(|(name, _)| *name == kind).map_or(0, |(_, number)| *number);
        let workload = match kind {
            "ExchangeAdmin" | "ExchangeItem" | "ExchangeItemGroup" | "ExchangeItemAggregated" => "Exchange",
            "SharePointFileOperation" | "SharePointSharingOperation" => "SharePoint",
            "MicrosoftTeams" => "MicrosoftTeams",
            "MicrosoftFlow" => "MicrosoftFlow",
            _ => "AzureActiveDirectory",
        };
        let Value::Object(mut data) = json!({"CreationTime": iso(time, 0).trim_end_matches('Z'), "Id": self.random.guid(), "Operation": operation,
            "OrganizationId": TENANT, "RecordType": number, "ResultStatus": "Succeeded", "UserKey": format!("1003{:012X}", self.random.next() >> 16),
            "UserType": 0, "Version": 1, "Workload": workload, "ClientIP": from.ip, "UserId": person.upn})
        else {
            return;
        };
        if let Value::Object(more) = more {
            data.extend(more);
        }
        self.all.push(Record { time, kind, data });
    }

    fn mailbox(person: &Person, from: &From) -> Map<String, Value> {
        let fields = json!({"MailboxOwnerUPN": person.upn, "LogonType": 0, "InternalLogonType": 0, "ClientInfoString": "Client=OWA;Action=ViaProxy",
            "ClientIPAddress": from.ip, "MailboxGuid": person.id});
        fields.as_object().cloned().unwrap_or_default()
    }

    fn mail(&mut self, time: i64, operation: &str, person: &Person, from: &From) {
        let mut more = Self::mailbox(person, from);
        let kind = match operation {
            "MailItemsAccessed" => {
                more.insert("OperationCount".into(), json!(1));
                more.insert(
                    "OperationProperties".into(),
                    json!([{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}]),
                );
                "ExchangeItemAggregated"
            }
            "Send" => {
                more.insert("Item".into(), json!({"Subject": format!("Order {}", 10_000 + self.random.below(80_000))}));
                "ExchangeItem"
            }
            _ => "ExchangeItemGroup",
        };
        self.add(time, kind, operation, person, from, Value::Object(more));
    }

    fn file(&mut self, time: i64, operation: &str, person: &Person, from: &From, site: &str, name: &str) {
        let kind = if operation.contains("Link") || operation.contains("Sharing") {
            "SharePointSharingOperation"
        } else {
            "SharePointFileOperation"
        };
        let extension = name.rsplit('.').next().unwrap_or_default();
        let agent = person.agent.text;
        self.add(time, kind, operation, person, from, json!({"ObjectId": format!("https://alderfinch.sharepoint.example/sites/{site}/Shared Documents/{name}"),
            "SiteUrl": format!("https://alderfinch.sharepoint.example/sites/{site}/"), "SourceFileName": name, "SourceFileExtension": extension,
            "ItemType": "File", "EventSource": "SharePoint", "UserAgent": agent}));
    }

    pub fn ordinary(&mut self, company: &Company) {
        for day in 1..=31 {
            for (number, person) in company.staff.iter().enumerate() {
                let here = (number < 56 || day >= 9) && (number >= 2 || day <= 20);
                if !here || !self.random.percent(if workday(day) { 85 } else { 8 }) {
                    continue;
                }
                let away = if company.remote { person.home(day).clone() } else { vpn() };
                let place = if self.random.percent(60) {
                    person.desk(day).clone()
                } else if self.random.percent(60) {
                    person.home(day).clone()
                } else {
                    away
                };
                for _ in 0..2 + self.random.below(3) {
                    let time = at(day, 7 + self.random.below(10) as i64, self.random.below(60) as i64);
                    let name = format!(
                        "{} {}.{}",
                        self.random.pick(&["Offer", "Invoice", "Plan", "Minutes"]),
                        self.random.below(400),
                        self.random.pick(&["docx", "xlsx", "pdf"])
                    );
                    match self.random.below(100) {
                        0..30 => self.mail(time, "MailItemsAccessed", person, &place),
                        30..42 => self.mail(time, "Send", person, &place),
                        42..50 => self.mail(time, "MoveToDeletedItems", person, &place),
                        50..53 => self.mail(time, "SoftDelete", person, &place),
                        53..73 => self.file(time, "FileAccessed", person, &place, "sales", &name),
                        73..83 => self.file(time, "FileModified", person, &place, "sales", &name),
                        83..90 => self.file(time, "FileDownloaded", person, &place, "finance", &name),
                        90..93 => self.file(time, "CompanyLinkCreated", person, &place, "sales", &name),
                        93..94 => self.file(time, "SecureLinkCreated", person, &place, "sales", &name),
                        _ => self.add(time, "MicrosoftTeams", "TeamsSessionStarted", person, &place, json!({})),
                    }
                }
                if self.random.percent(25) {
                    let more = json!({"ResultStatus": "Success", "ExtendedProperties": [{"Name": "ResultStatusDetail", "Value": "Success"}, {"Name": "UserAgent", "Value": person.agent.text}], "ErrorNumber": "0"});
                    self.add(at(day, 8, 1), "AzureActiveDirectoryStsLogon", "UserLoggedIn", person, &place, more);
                }
                if self.random.percent(3) {
                    let more = json!({"ResultStatus": "Failed", "LogonError": "InvalidUserNameOrPassword", "ErrorNumber": "50126", "ExtendedProperties": [{"Name": "UserAgent", "Value": person.agent.text}]});
                    self.add(at(day, 8, 0), "AzureActiveDirectoryStsLogon", "UserLoginFailed", person, &place, more);
                }
            }
        }
    }

    fn rule(&mut self, time: i64, operation: &str, person: &Person, parameters: &[(&str, &str)]) {
        let desk = person.desk(time / DAY + 1);
        let port = 20_000 + self.random.below(40_000);
        let written =
            if desk.ip.contains(':') { format!("[{}]:{port}", desk.ip) } else { format!("{}:{port}", desk.ip) };
        let client = from(written, desk.place);
        let parameters: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        self.add(time, "ExchangeAdmin", operation, person, &client, json!({"ResultStatus": "True", "UserType": 2, "ObjectId": format!("alderfinch.example/{}", person.upn), "Parameters": parameters}));
    }

    /// What looks bad and is not.
    pub fn trouble(&mut self, company: &Company) {
        let staff = &company.staff;
        self.rule(
            at(3, 9, 45),
            "New-InboxRule",
            &staff[14],
            &[
                ("Name", "Newsletters"),
                ("FromAddressContainsWords", "news@supplier.example"),
                ("MoveToFolder", "Newsletters"),
            ],
        );
        self.rule(
            at(5, 10, 5),
            "New-InboxRule",
            &staff[15],
            &[
                ("Name", "Project Heron"),
                ("SubjectContainsWords", "Heron"),
                ("MoveToFolder", "Heron"),
                ("StopProcessingRules", "True"),
            ],
        );
        self.rule(
            at(11, 14, 5),
            "New-InboxRule",
            &staff[16],
            &[("Name", "Old shop"), ("From", "offers@shop.example"), ("DeleteMessage", "True")],
        );
        self.rule(at(12, 8, 31), "Set-InboxRule", &staff[14], &[("Identity", "Newsletters"), ("MarkAsRead", "True")]);
        self.rule(
            at(20, 16, 30),
            "New-InboxRule",
            &staff[26],
            &[
                ("Name", "Invoices"),
                ("SubjectContainsWords", "Invoice"),
                ("MoveToFolder", "Accounting"),
                ("MarkAsRead", "False"),
            ],
        );
        self.rule(at(19, 15, 0), "Set-MailboxAutoReplyConfiguration", &staff[27], &[("AutoReplyState", "Scheduled")]);
        // The colleague takes over the mail of who has left; shared mailboxes get new readers.
        let admin = &company.admins[2];
        self.rule(
            at(20, 17, 30),
            "Set-Mailbox",
            admin,
            &[
                ("Identity", "alma.ashby@alderfinch.example"),
                ("ForwardingAddress", "chloe.brook"),
                ("DeliverToMailboxAndForward", "True"),
            ],
        );
        self.rule(
            at(20, 17, 32),
            "Add-MailboxPermission",
            admin,
            &[("Identity", "alma.ashby@alderfinch.example"), ("User", &staff[3].upn), ("AccessRights", "FullAccess")],
        );
        self.rule(
            at(4, 10, 40),
            "Add-MailboxPermission",
            admin,
            &[("Identity", "sales@alderfinch.example"), ("User", &staff[6].upn), ("AccessRights", "FullAccess")],
        );
        self.rule(
            at(4, 10, 41),
            "Add-RecipientPermission",
            admin,
            &[("Identity", "sales@alderfinch.example"), ("Trustee", &staff[6].upn), ("AccessRights", "SendAs")],
        );
        self.rule(
            at(19, 10, 0),
            "Set-Mailbox",
            admin,
            &[("Identity", "warehouse@alderfinch.example"), ("ProhibitSendQuota", "99 GB")],
        );
        self.rule(
            at(19, 10, 20),
            "New-TransportRule",
            admin,
            &[("Name", "Disclaimer"), ("ApplyHtmlDisclaimerText", "Confidential"), ("FromScope", "InOrganization")],
        );
        self.rule(at(26, 10, 20), "New-DistributionGroup", admin, &[("Name", "Export team"), ("Members", "a,b")]);
        // A new computer fetches the library; the accountants fetch a quarter; the project's folder is tidied.
        for n in 0..260 {
            self.file(
                at(13, 9, 0) + n * 9_000,
                "FileSyncDownloadedFull",
                &staff[30],
                staff[30].desk(13),
                "sales",
                &format!("Archive {n}.docx"),
            );
        }
        for n in 0..70 {
            self.file(
                at(30, 9, 0) + n * 25_000,
                "FileDownloaded",
                &staff[9],
                staff[9].desk(30),
                "finance",
                &format!("Q1 statement {n}.pdf"),
            );
        }
        for n in 0..90 {
            self.file(
                at(27, 14, 0) + n * 12_000,
                "FileRecycled",
                &staff[8],
                staff[8].desk(27),
                "heron",
                &format!("Draft {n}.docx"),
            );
        }
        for n in 0..6 {
            self.file(
                at(4 + n * 4, 11, 0),
                "AnonymousLinkCreated",
                &staff[28],
                staff[28].desk(4 + n * 4),
                "brochures",
                &format!("Brochure {n}.pdf"),
            );
            self.file(
                at(5 + n * 4, 11, 0),
                "SharingInvitationCreated",
                &staff[29],
                staff[29].desk(5 + n * 4),
                "heron",
                &format!("Heron {n}.docx"),
            );
        }
        for person in &staff[4..7] {
            self.add(
                at(17, 10, 30),
                "MicrosoftTeams",
                "MemberAdded",
                person,
                person.desk(17),
                json!({"TeamName": "Project Heron", "Members": [{"UPN": company.guests[0].upn, "Role": 1}]}),
            );
        }
        self.add(
            at(18, 13, 0),
            "MicrosoftFlow",
            "CreateFlow",
            &staff[37],
            staff[37].desk(18),
            json!({"FlowDetailsUrl": "https://flow.example/1", "FlowConnectorNames": "SharePoint, Office 365 Outlook"}),
        );
        // Travellers read their mail at the hotel.
        for (number, day, hotel) in [(44, 10, from("203.0.113.100", &MADRID)), (45, 16, from("203.0.113.110", &BOSTON))]
        {
            for minute in [45, 50, 58] {
                self.mail(at(day, 7, minute), "MailItemsAccessed", &staff[number], &hotel);
            }
        }
        // Roles and secrets as the directory audit tells them, mirrored.
        for (day, admin) in [(4, 0), (11, 1), (18, 2)] {
            let admin = &company.admins[admin];
            self.add(at(day, 8, 50), "AzureActiveDirectory", "Update user.", admin, admin.desk(day), json!({"ResultStatus": "Success", "ObjectId": staff[6].upn, "ModifiedProperties": [{"Name": "Department", "NewValue": "[\"Sales\"]", "OldValue": "[]"}]}));
        }
    }
}
