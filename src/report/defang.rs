//! Addresses and links that nobody follows by accident.

/// A value that no mail program or chat turns into a link: `203.0.113[.]7`, `hxxps://example[.]com`, `a[@]b[.]c`.
///
/// ```
/// use entrail::report::defang;
/// assert_eq!(defang("203.0.113.7"), "203.0.113[.]7");
/// assert_eq!(defang("https://login.example.com/a.b"), "hxxps://login[.]example[.]com/a.b");
/// assert_eq!(defang("2001:db8::1"), "2001[:]db8::1");
/// assert_eq!(defang("eve@example.org"), "eve[@]example[.]org");
/// ```
pub fn defang(value: &str) -> String {
    if let Some((scheme, rest)) = value.split_once("://") {
        let scheme = scheme.replace("http", "hxxp").replace("ftp", "fxp");
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        return format!("{scheme}://{}{path}", host.replace('.', "[.]"));
    }
    if value.parse::<std::net::Ipv6Addr>().is_ok() {
        return value.replacen(':', "[:]", 1);
    }
    if value.parse::<std::net::Ipv4Addr>().is_ok()
        && let Some((network, host)) = value.rsplit_once('.')
    {
        return format!("{network}[.]{host}");
    }
    value.replace('@', "[@]").replace('.', "[.]")
}
