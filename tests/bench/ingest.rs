//! Intake beside a bare JSON parser, over the same bytes on the same threads in one run.
//!
//! `cargo bench --bench ingest -- --megabytes 256 [--threads N]... [--repeat 5]` writes sign-ins and audits of that size
//! below `target/tmp`, reads them as `entrail analyze` does, then parses each line into a tree with sonic-rs and throws it
//! away. Without `--threads` it measures all cores, then one.

mod arguments;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use arguments::{Arguments, median};
use entrail::ingest::{Options, ingest};
use rayon::prelude::*;

/// How a record is made from its number.
type Line = fn(u64) -> String;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(&["megabytes", "threads", "repeat"])?;
    let (megabytes, repeat) = (arguments.number("megabytes", 4, 256), arguments.number("repeat", 1, 5));
    let mut pools = arguments.all("threads");
    if pools.is_empty() {
        // No number of threads stands for all cores.
        pools = vec![0, 1];
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ingest-{megabytes}"));
    let files = generate(&folder, (megabytes as u64) << 20)?;
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |meta| meta.len())).sum();
    let megabytes = bytes as f64 / f64::from(1 << 20);
    println!("{megabytes:.0} MiB in {} files below {}", files.len(), folder.display());
    println!("{:>7}  {:>14}  {:>14}  {:>5}  {:>12}", "threads", "ingest MiB/s", "parse MiB/s", "ratio", "peak MiB");
    for threads in pools {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        // Ingest first: the peak is the process's, and the parser must not raise it.
        let loaded = pool.install(|| timed(repeat, || load(&files)))?;
        let peak = peak().map_or("unknown".into(), |kib| format!("{:.0}", kib as f64 / 1024.0));
        let parsed = pool.install(|| timed(repeat, || parse(&files)))?;
        println!(
            "{:>7}  {:>14.0}  {:>14.0}  {:>5.2}  {peak:>12}",
            pool.current_num_threads(),
            megabytes / loaded,
            megabytes / parsed,
            loaded / parsed,
        );
    }
    println!("ratio: time of ingest over time of parsing, medians of {repeat}; peak: of the process up to then");
    Ok(())
}

/// Seconds of one run: the median of some.
fn timed(repeat: usize, mut run: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut seconds = Vec::with_capacity(repeat);
    for _ in 0..repeat {
        let begun = Instant::now();
        run()?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(seconds))
}

fn load(files: &[PathBuf]) -> anyhow::Result<()> {
    let read = ingest(files, &Options::default(), &|_| {}).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let rejected: u64 = read.manifest.evidence.iter().map(|entry| entry.rejected).sum();
    if rejected > 0 {
        bail!("{rejected} generated records were rejected: {:?}", read.manifest.evidence);
    }
    Ok(())
}

/// Every line into a tree, block by block, so that no more than a few blocks are held.
fn parse(files: &[PathBuf]) -> anyhow::Result<()> {
    const BLOCK: usize = 4 << 20;
    for file in files {
        let mut input = File::open(file)?;
        let mut rest: Vec<u8> = Vec::new();
        loop {
            let want = BLOCK * rayon::current_num_threads();
            let before = rest.len();
            Read::by_ref(&mut input).take(want as u64).read_to_end(&mut rest)?;
            let last = rest.len() == before;
            let whole =
                if last { rest.len() } else { rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) };
            let (lines, tail) = rest.split_at(whole);
            let parsed = lines.par_split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            parsed.try_for_each(|line| sonic_rs::from_slice::<sonic_rs::Value>(line).map(drop))?;
            if last {
                break;
            }
            rest = tail.to_vec();
        }
    }
    Ok(())
}

/// The most memory that the process has held, in KiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Sign-ins to nine tenths of the size, audits to the rest. Files of the right size are taken as they are.
fn generate(folder: &Path, bytes: u64) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let kinds: [(&str, u64, Line); 2] = [("signins.json", bytes / 10 * 9, signin), ("audits.json", bytes / 10, audit)];
    kinds
        .into_iter()
        .map(|(name, size, line)| {
            let path = folder.join(name);
            if path.metadata().is_ok_and(|meta| meta.len() >= size) {
                return Ok(path);
            }
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&path)?);
            let (mut written, mut number) = (0, 0);
            while written < size {
                let line = line(number);
                out.write_all(line.as_bytes())?;
                out.write_all(b"\n")?;
                written += line.len() as u64 + 1;
                number += 1;
            }
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            Ok(path)
        })
        .collect()
}

/// Spreads numbers, the same in every run: what repeats in logs repeats here, but not in step.
fn spread(number: u64, salt: u64) -> u64 {
    let mixed = (number ^ (salt << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

fn guid(number: u64, salt: u64) -> String {
    let (a, b) = (spread(number, salt), spread(number, salt + 1));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// Three in a second, over days.
fn at(number: u64) -> String {
    let seconds = number / 3;
    let (day, hour, minute) = (seconds / 86_400 % 28 + 1, seconds / 3600 % 24, seconds / 60 % 60);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:{:02}.{:07}Z", seconds % 60, spread(number, 3) % 10_000_000)
}

/// A sign-in as Graph beta writes it, about 5.9 KB: 2,000 users, 400 devices, 60 user agents, 5 policies.
fn signin(number: u64) -> String {
    let user = spread(number, 5) % 2000;
    let device = user % 400;
    let agent = user % 60;
    let failed = spread(number, 6).is_multiple_of(20);
    let (code, reason) = if failed {
        (50126, "Error validating credentials due to invalid username or password.")
    } else {
        (0, "Other.")
    };
    let policies: Vec<String> = (0..5)
        .map(|policy| {
            let result = if (policy + user).is_multiple_of(3) { "success" } else { "notApplied" };
            format!(
                r#"{{"id":"{}","displayName":"CA{policy:03} Require multifactor authentication for group {policy}","enforcedGrantControls":["Mfa","RequireCompliantDevice"],"enforcedSessionControls":[],"sessionControlsNotSatisfied":[],"result":"{result}","conditionsSatisfied":"application,users","conditionsNotSatisfied":"none","includeRulesSatisfied":[{{"conditionalAccessCondition":"application","ruleSatisfied":"allApps"}}],"excludeRulesSatisfied":[]}}"#,
                guid(policy, 50)
            )
        })
        .collect();
    format!(
        r#"{{"id":"{}","createdDateTime":"{}","userDisplayName":"Example User {user}","userPrincipalName":"user{user}@example.com","userId":"{}","appId":"{}","appDisplayName":"Example Application {}","ipAddress":"203.0.113.{}","ipAddressFromResourceProvider":null,"clientAppUsed":"Browser","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36","correlationId":"{}","conditionalAccessStatus":"success","originalRequestId":"{}","isInteractive":true,"tokenIssuerName":"","tokenIssuerType":"AzureAD","clientCredentialType":"none","processingTimeInMilliseconds":{},"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none","riskEventTypes_v2":[],"resourceDisplayName":"Microsoft Graph","resourceId":"00000003-0000-0000-c000-000000000000","resourceTenantId":"{tenant}","homeTenantId":"{tenant}","homeTenantName":"","authenticationMethodsUsed":[],"authenticationRequirement":"multiFactorAuthentication","signInIdentifier":"","signInIdentifierType":null,"servicePrincipalName":null,"signInEventTypes":["interactiveUser"],"servicePrincipalId":"","federatedCredentialId":"","userType":"member","flaggedForReview":false,"isTenantRestricted":false,"autonomousSystemNumber":64496,"crossTenantAccessType":"none","servicePrincipalCredentialKeyId":null,"servicePrincipalCredentialThumbprint":"","uniqueTokenIdentifier":"{}","incomingTokenType":"none","authenticationProtocol":"none","resourceServicePrincipalId":"{}","signInTokenProtectionStatus":"none","originalTransferMethod":"none","isThroughGlobalSecureAccess":false,"sessionId":"{}","appOwnerTenantId":"{tenant}","resourceOwnerTenantId":"{tenant}","status":{{"errorCode":{code},"failureReason":"{reason}","additionalDetails":"MFA requirement satisfied by claim in the token"}},"deviceDetail":{{"deviceId":"{}","displayName":"EX-{device:04}","operatingSystem":"Windows10","browser":"Chrome {}.0.0","isCompliant":true,"isManaged":true,"trustType":"Hybrid Azure AD joined"}},"location":{{"city":"Exampleton","state":"Exampleshire","countryOrRegion":"GB","geoCoordinates":{{"altitude":null,"latitude":51.5,"longitude":-0.12}}}},"mfaDetail":null,"appliedConditionalAccessPolicies":[{}],"authenticationContextClassReferences":[],"authenticationProcessingDetails":[{{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"}},{{"key":"Is CAE Token","value":"False"}}],"networkLocationDetails":[],"authenticationDetails":[{{"authenticationStepDateTime":"{}","authenticationMethod":"Previously satisfied","authenticationMethodDetail":"","succeeded":true,"authenticationStepResultDetail":"First factor requirement satisfied by claim in the token","authenticationStepRequirement":"Primary authentication"}}],"authenticationRequirementPolicies":[{{"requirementProvider":"multiConditionalAccess","detail":"Conditional Access"}}],"sessionLifetimePolicies":[],"privateLinkDetails":{{"policyId":"","policyName":"","resourceId":"","policyTenantId":""}},"appliedEventListeners":[],"authenticationAppDeviceDetails":null,"tokenProtectionStatusDetails":{{"signInSessionStatus":"none","signInSessionStatusCode":null}}}}"#,
        guid(number, 1),
        at(number),
        guid(user, 20),
        guid(user % 40, 21),
        user % 40,
        user % 254 + 1,
        100 + agent,
        guid(number, 30),
        guid(number, 31),
        spread(number, 7) % 900,
        guid(number, 32),
        guid(user % 40, 33),
        guid(number / 8, 34),
        guid(device, 35),
        100 + agent,
        policies.join(","),
        at(number),
        tenant = guid(1, 40),
    )
}

/// A directory audit as Graph writes it.
fn audit(number: u64) -> String {
    let (user, target) = (spread(number, 8) % 200, spread(number, 9) % 2000);
    let id = guid(number, 60);
    format!(
        r#"{{"id":"Directory_{id}_AAAAA_{number}","category":"UserManagement","correlationId":"{id}","result":"success","resultReason":"","activityDisplayName":"Update user","activityDateTime":"{}","loggedByService":"Core Directory","operationType":"Update","userAgent":null,"initiatedBy":{{"app":null,"user":{{"id":"{}","displayName":null,"userPrincipalName":"user{user}@example.com","ipAddress":"203.0.113.{}","userType":null,"homeTenantId":null,"homeTenantName":null}}}},"targetResources":[{{"id":"{}","displayName":null,"type":"User","userPrincipalName":"user{target}@example.com","groupType":null,"modifiedProperties":[{{"displayName":"JobTitle","oldValue":"[\"Clerk\"]","newValue":"[\"Manager\"]"}},{{"displayName":"Included Updated Properties","oldValue":null,"newValue":"\"JobTitle\""}}]}}],"additionalDetails":[{{"key":"UserType","value":"Member"}}]}}"#,
        at(number),
        guid(user, 20),
        user + 1,
        guid(target, 20),
    )
}
