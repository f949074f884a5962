//! Portal downloads in other languages: header names brought back to English, by name where the language is known, by
//! place where only the number of columns gives the download away.

/// English names of known localised headers.
const NAMES: [(&str, &str); 36] = [
    ("Fecha (UTC)", "Date (UTC)"),
    ("Fecha", "Date"),
    ("Id. de solicitud", "Request ID"),
    ("Id. de usuario", "User ID"),
    ("Usuario", "User"),
    ("Nombre de usuario", "Username"),
    ("Tipo de usuario", "User type"),
    ("Dirección IP", "IP address"),
    ("Ubicación", "Location"),
    ("Número de sistema autónomo", "Autonomous system number"),
    ("Sistema operativo", "Operating System"),
    ("Explorador", "Browser"),
    ("Aplicación cliente", "Client app"),
    ("Id. de correlación", "Correlation ID"),
    ("Estado", "Status"),
    ("Código de error de inicio de sesión", "Sign-in error code"),
    ("Tipo de credencial de cliente", "Client credential type"),
    ("Protocolo de autenticación", "Authentication Protocol"),
    ("Requisito de autenticación", "Authentication requirement"),
    ("Motivo del error", "Failure reason"),
    ("Aplicación", "Application"),
    ("Id. de aplicación", "Application ID"),
    ("Recurso", "Resource"),
    ("Id. de recurso", "Resource ID"),
    ("Acceso condicional", "Conditional Access"),
    ("Agente de usuario", "User agent"),
    ("Categoría", "Category"),
    ("Resultado", "Result"),
    ("Servicio", "Service"),
    ("Actividad", "Activity"),
    ("Motivo del resultado", "ResultReason"),
    ("Objetivo1NombrePrincipalDeUsuario", "Target1UserPrincipalName"),
    ("Objetivo1NombreParaMostrar", "Target1DisplayName"),
    ("Id. de dispositivo", "Device ID"),
    ("Administrado", "Managed"),
    ("Compatible", "Compliant"),
];

/// Words of the Status column.
const STATUS: [(&str, &str); 6] = [
    ("Correcto", "Success"),
    ("Error", "Failure"),
    ("Interrumpido", "Interrupted"),
    ("Erfolg", "Success"),
    ("Réussite", "Success"),
    ("Succès", "Success"),
];

/// The current header of the user sign-in download, in order.
const SIGNINS: [&str; 57] = [
    "Date (UTC)",
    "Request ID",
    "User agent",
    "Correlation ID",
    "User ID",
    "User",
    "Username",
    "User type",
    "Cross tenant access type",
    "Incoming token type",
    "Authentication Protocol",
    "Unique token identifier",
    "Original transfer method",
    "Client credential type",
    "Token Protection - Sign In Session",
    "Token Protection - Sign In Session StatusCode",
    "Application",
    "Application ID",
    "App owner tenant ID",
    "Resource",
    "Resource ID",
    "Resource tenant ID",
    "Resource owner tenant ID",
    "Home tenant ID",
    "Home tenant name",
    "IP address",
    "Location",
    "Status",
    "Sign-in error code",
    "Failure reason",
    "Client app",
    "Device ID",
    "Browser",
    "Operating System",
    "Compliant",
    "Managed",
    "Join Type",
    "Multifactor authentication result",
    "Multifactor authentication auth method",
    "Multifactor authentication auth detail",
    "Authentication requirement",
    "Sign-in identifier",
    "Session ID",
    "IP address (seen by resource)",
    "Through Global Secure Access",
    "Global Secure Access IP address",
    "Autonomous system number",
    "Flagged for review",
    "Token issuer type",
    "Incoming token type",
    "Token issuer name",
    "Latency",
    "Conditional Access",
    "Managed Identity type",
    "Associated Resource Id",
    "Federated Token Id",
    "Federated Token Issuer",
];

/// The current header of the application sign-in download, in order.
const APPLICATIONS: [&str; 22] = [
    "Date (UTC)",
    "Request ID",
    "Correlation ID",
    "Service principal ID",
    "Service principal name",
    "Credential key ID",
    "Credential thumbprint",
    "Application",
    "Application ID",
    "App owner tenant ID",
    "Resource",
    "Resource ID",
    "Resource tenant ID",
    "Resource owner tenant ID",
    "Home tenant ID",
    "Home tenant name",
    "IP address",
    "Location",
    "Status",
    "Sign-in error code",
    "Failure reason",
    "Conditional Access",
];

/// A header in English, and what was done to it; none where it is English already or cannot be told.
pub fn english(header: &[String]) -> Option<(Vec<String>, String)> {
    let name =
        |found: &String| NAMES.iter().find(|(local, _)| local.eq_ignore_ascii_case(found)).map(|(_, name)| *name);
    let known = header.iter().filter_map(name).count();
    if known >= 5 && known * 3 >= header.len() {
        let names = header.iter().map(|found| name(found).map_or_else(|| found.clone(), str::to_owned));
        return Some((names.collect(), "a localised header: its names were read as their English ones".into()));
    }
    // By place only where a date stands first and nothing of the header is known: a guess that is stated.
    let dated = header.first().is_some_and(|first| first.contains("UTC"));
    let whole: &[&str] = match header.len() {
        57 => &SIGNINS,
        22 => &APPLICATIONS,
        _ => return None,
    };
    let foreign = header.iter().zip(whole).filter(|(found, name)| !found.eq_ignore_ascii_case(name)).count();
    (dated && foreign * 2 > header.len()).then(|| {
        let what = format!("a header in an unknown language with the {} columns of a portal download: read by the place of each column", whole.len());
        (whole.iter().map(|name| (*name).to_owned()).collect(), what)
    })
}

/// A localised word of the Status column in English.
pub fn status(word: &str) -> &str {
    STATUS.iter().find(|(local, _)| *local == word).map_or(word, |(_, name)| *name)
}
