//! Names of MITRE ATT&CK tactics and techniques (Enterprise, v19), as far as logs of Entra ID, Microsoft 365 and
//! Azure can show them, and what became of the ids that v19 revoked. Ids and names are MITRE's
//! (<https://attack.mitre.org/resources/legal-and-branding/terms-of-use/>).

/// A tactic: a column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    /// MITRE's id.
    pub id: &'static str,
    /// Name as people write it.
    pub name: &'static str,
}

impl Tactic {
    /// The spelling of rule files: no spaces.
    pub fn compact(&self) -> String {
        self.name.replace(' ', "")
    }

    /// The spelling of Navigator layers and Sigma tags: lower case with hyphens.
    pub fn hyphenated(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}

/// Version of the matrix that these ids and names are of.
pub const ATTACK_VERSION: &str = "19";

/// The tactics in kill-chain order. v19 split Defense Evasion: TA0005 became Stealth, TA0112 is new.
pub const TACTICS: [Tactic; 15] = [
    Tactic { id: "TA0043", name: "Reconnaissance" },
    Tactic { id: "TA0042", name: "Resource Development" },
    Tactic { id: "TA0001", name: "Initial Access" },
    Tactic { id: "TA0002", name: "Execution" },
    Tactic { id: "TA0003", name: "Persistence" },
    Tactic { id: "TA0004", name: "Privilege Escalation" },
    Tactic { id: "TA0005", name: "Stealth" },
    Tactic { id: "TA0112", name: "Defense Impairment" },
    Tactic { id: "TA0006", name: "Credential Access" },
    Tactic { id: "TA0007", name: "Discovery" },
    Tactic { id: "TA0008", name: "Lateral Movement" },
    Tactic { id: "TA0009", name: "Collection" },
    Tactic { id: "TA0011", name: "Command and Control" },
    Tactic { id: "TA0010", name: "Exfiltration" },
    Tactic { id: "TA0040", name: "Impact" },
];

/// The tactic of a name in any of its spellings; the former Defense Evasion is Stealth, as its id went there.
///
/// ```
/// use entrail::rules::attack::tactic;
/// assert_eq!(tactic("CredentialAccess").map(|t| t.id), Some("TA0006"));
/// assert_eq!(tactic("DefenseEvasion").map(|t| t.name), Some("Stealth"));
/// ```
pub fn tactic(name: &str) -> Option<&'static Tactic> {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let letters = if letters == "defenseevasion" { "stealth" } else { letters.as_str() };
    TACTICS.iter().find(|t| t.compact().to_lowercase() == letters || t.id.to_lowercase() == letters)
}

/// Techniques by id, in order.
const TECHNIQUES: &[(&str, &str)] = &[
    ("T1020", "Automated Exfiltration"),
    ("T1021.007", "Remote Services: Cloud Services"),
    ("T1040", "Network Sniffing"),
    ("T1048", "Exfiltration Over Alternative Protocol"),
    ("T1059", "Command and Scripting Interpreter"),
    ("T1059.009", "Command and Scripting Interpreter: Cloud API"),
    ("T1069", "Permission Groups Discovery"),
    ("T1069.003", "Permission Groups Discovery: Cloud Groups"),
    ("T1070", "Indicator Removal"),
    ("T1070.008", "Indicator Removal: Clear Mailbox Data"),
    ("T1071", "Application Layer Protocol"),
    ("T1071.001", "Application Layer Protocol: Web Protocols"),
    ("T1072", "Software Deployment Tools"),
    ("T1078", "Valid Accounts"),
    ("T1078.001", "Valid Accounts: Default Accounts"),
    ("T1078.002", "Valid Accounts: Domain Accounts"),
    ("T1078.003", "Valid Accounts: Local Accounts"),
    ("T1078.004", "Valid Accounts: Cloud Accounts"),
    ("T1087", "Account Discovery"),
    ("T1087.003", "Account Discovery: Email Account"),
    ("T1087.004", "Account Discovery: Cloud Account"),
    ("T1090", "Proxy"),
    ("T1090.003", "Proxy: Multi-hop Proxy"),
    ("T1098", "Account Manipulation"),
    ("T1098.001", "Account Manipulation: Additional Cloud Credentials"),
    ("T1098.002", "Account Manipulation: Additional Email Delegate Permissions"),
    ("T1098.003", "Account Manipulation: Additional Cloud Roles"),
    ("T1098.005", "Account Manipulation: Device Registration"),
    ("T1110", "Brute Force"),
    ("T1110.001", "Brute Force: Password Guessing"),
    ("T1110.002", "Brute Force: Password Cracking"),
    ("T1110.003", "Brute Force: Password Spraying"),
    ("T1110.004", "Brute Force: Credential Stuffing"),
    ("T1111", "Multi-Factor Authentication Interception"),
    ("T1114", "Email Collection"),
    ("T1114.002", "Email Collection: Remote Email Collection"),
    ("T1114.003", "Email Collection: Email Forwarding Rule"),
    ("T1119", "Automated Collection"),
    ("T1133", "External Remote Services"),
    ("T1134", "Access Token Manipulation"),
    ("T1136", "Create Account"),
    ("T1136.003", "Create Account: Cloud Account"),
    ("T1137", "Office Application Startup"),
    ("T1137.003", "Office Application Startup: Outlook Forms"),
    ("T1137.005", "Office Application Startup: Outlook Rules"),
    ("T1140", "Deobfuscate/Decode Files or Information"),
    ("T1185", "Browser Session Hijacking"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1199", "Trusted Relationship"),
    ("T1201", "Password Policy Discovery"),
    ("T1204", "User Execution"),
    ("T1212", "Exploitation for Credential Access"),
    ("T1213", "Data from Information Repositories"),
    ("T1213.002", "Data from Information Repositories: Sharepoint"),
    ("T1484", "Domain or Tenant Policy Modification"),
    ("T1484.002", "Domain or Tenant Policy Modification: Trust Modification"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1489", "Service Stop"),
    ("T1490", "Inhibit System Recovery"),
    ("T1496", "Resource Hijacking"),
    ("T1496.001", "Resource Hijacking: Compute Hijacking"),
    ("T1498", "Network Denial of Service"),
    ("T1499", "Endpoint Denial of Service"),
    ("T1505", "Server Software Component"),
    ("T1526", "Cloud Service Discovery"),
    ("T1528", "Steal Application Access Token"),
    ("T1530", "Data from Cloud Storage"),
    ("T1531", "Account Access Removal"),
    ("T1534", "Internal Spearphishing"),
    ("T1535", "Unused/Unsupported Cloud Regions"),
    ("T1537", "Transfer Data to Cloud Account"),
    ("T1538", "Cloud Service Dashboard"),
    ("T1539", "Steal Web Session Cookie"),
    ("T1548", "Abuse Elevation Control Mechanism"),
    ("T1548.005", "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access"),
    ("T1550", "Use Alternate Authentication Material"),
    ("T1550.001", "Use Alternate Authentication Material: Application Access Token"),
    ("T1550.004", "Use Alternate Authentication Material: Web Session Cookie"),
    ("T1552", "Unsecured Credentials"),
    ("T1552.001", "Unsecured Credentials: Credentials In Files"),
    ("T1552.005", "Unsecured Credentials: Cloud Instance Metadata API"),
    ("T1555", "Credentials from Password Stores"),
    ("T1555.006", "Credentials from Password Stores: Cloud Secrets Management Stores"),
    ("T1556", "Modify Authentication Process"),
    ("T1556.006", "Modify Authentication Process: Multi-Factor Authentication"),
    ("T1556.007", "Modify Authentication Process: Hybrid Identity"),
    ("T1556.009", "Modify Authentication Process: Conditional Access Policies"),
    ("T1557", "Adversary-in-the-Middle"),
    ("T1564", "Hide Artifacts"),
    ("T1564.008", "Hide Artifacts: Email Hiding Rules"),
    ("T1566", "Phishing"),
    ("T1566.002", "Phishing: Spearphishing Link"),
    ("T1566.003", "Phishing: Spearphishing via Service"),
    ("T1567", "Exfiltration Over Web Service"),
    ("T1567.002", "Exfiltration Over Web Service: Exfiltration to Cloud Storage"),
    ("T1578", "Modify Cloud Compute Infrastructure"),
    ("T1578.001", "Modify Cloud Compute Infrastructure: Create Snapshot"),
    ("T1578.002", "Modify Cloud Compute Infrastructure: Create Cloud Instance"),
    ("T1578.003", "Modify Cloud Compute Infrastructure: Delete Cloud Instance"),
    ("T1580", "Cloud Infrastructure Discovery"),
    ("T1586", "Compromise Accounts"),
    ("T1586.003", "Compromise Accounts: Cloud Accounts"),
    ("T1589", "Gather Victim Identity Information"),
    ("T1606", "Forge Web Credentials"),
    ("T1606.002", "Forge Web Credentials: SAML Tokens"),
    ("T1609", "Container Administration Command"),
    ("T1610", "Deploy Container"),
    ("T1613", "Container and Resource Discovery"),
    ("T1619", "Cloud Storage Object Discovery"),
    ("T1621", "Multi-Factor Authentication Request Generation"),
    ("T1648", "Serverless Execution"),
    ("T1649", "Steal or Forge Authentication Certificates"),
    ("T1651", "Cloud Administration Command"),
    ("T1657", "Financial Theft"),
    ("T1666", "Modify Cloud Resource Hierarchy"),
    ("T1671", "Cloud Application Integration"),
    ("T1684", "Social Engineering"),
    ("T1684.001", "Social Engineering: Impersonation"),
    ("T1684.002", "Social Engineering: Email Spoofing"),
    ("T1685", "Disable or Modify Tools"),
    ("T1685.001", "Disable or Modify Tools: Disable or Modify Windows Event Log"),
    ("T1685.002", "Disable or Modify Tools: Disable or Modify Cloud Log"),
    ("T1686", "Disable or Modify System Firewall"),
    ("T1686.001", "Disable or Modify System Firewall: Cloud Firewall"),
];

/// Ids that v19 revoked, and what replaced them.
const REVOKED: &[(&str, &str)] = &[
    ("T1070.001", "T1685.005"),
    ("T1070.002", "T1685.006"),
    ("T1562", "T1685"),
    ("T1562.001", "T1685"),
    ("T1562.002", "T1685.001"),
    ("T1562.003", "T1690"),
    ("T1562.004", "T1686"),
    ("T1562.006", "T1685"),
    ("T1562.007", "T1686.001"),
    ("T1562.008", "T1685.002"),
    ("T1562.009", "T1688"),
    ("T1562.010", "T1689"),
    ("T1562.011", "T1685.003"),
    ("T1562.012", "T1685.004"),
    ("T1562.013", "T1686.002"),
    ("T1656", "T1684.001"),
    ("T1672", "T1684.002"),
];

/// The id that stands for a technique today: a revoked one is replaced, any other is upper-cased and kept.
///
/// ```
/// assert_eq!(entrail::rules::attack::current("t1562.008"), "T1685.002");
/// ```
pub fn current(id: &str) -> String {
    let id = id.trim().to_ascii_uppercase();
    REVOKED.iter().find(|(old, _)| *old == id).map_or(id, |(_, new)| (*new).to_string())
}

/// A technique's name; none where it is not in the table. A sub-technique carries its parent's name before a colon.
pub fn technique(id: &str) -> Option<&'static str> {
    let id = current(id);
    TECHNIQUES.binary_search_by(|(known, _)| (*known).cmp(id.as_str())).ok().map(|at| TECHNIQUES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_in_order_and_none_is_revoked() {
        assert!(TECHNIQUES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TECHNIQUES.iter().all(|(id, _)| current(id) == *id));
        assert_eq!(technique("T1110.003"), Some("Brute Force: Password Spraying"));
    }
}
