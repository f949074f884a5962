#!/usr/bin/env python3
"""Writes the sample exports: one month of a fictitious tenant, and the breach that README.md tells.

    python3 samples/generate.py            # writes samples/exports/

Standard library only, one seed, no clock: every run writes the same bytes. Names are invented, domains are
example.* and addresses come from the documentation ranges.
"""

import csv
import io
import json
import random
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

OUT = Path(__file__).resolve().parent / "exports"
rng = random.Random(20260302)
TENANT = "3f1c7a52-0b64-4d8e-9a11-5c2e7d904b10"
PARTNER_TENANT = "8d20b6c4-71fe-4a3d-8c55-1be0f6a94e02"
ATTACKER_TENANT = "c9e4d1a7-52b3-4f60-b7d8-90a6e3c1f5d4"
WORKSPACE = "5b7e90d2-3c41-4e86-a0f9-d27c18b3e645"
FIRST, LAST = datetime(2026, 3, 2, tzinfo=timezone.utc), datetime(2026, 3, 31, 23, tzinfo=timezone.utc)


def guid():
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def at(day, clock):
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return datetime(2026, 3, day, hour, minute, second[0] if second else 0, rng.randrange(1000) * 1000, timezone.utc)


def iso(time, digits=0):
    text = time.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time.microsecond:06d}0Z" if digits == 7 else text + "Z"


def us(time):
    """`3/12/2026, 1:10:04.120 AM`, as Log Analytics' portal writes a CSV."""
    hour = time.hour % 12 or 12
    half = "AM" if time.hour < 12 else "PM"
    return f"{time.month}/{time.day}/{time.year}, {hour}:{time:%M:%S}.{time.microsecond // 1000:03d} {half}"


def us_short(time):
    """`3/12/2026 1:10:04 AM`, as PowerShell and Identity Protection write it."""
    return us(time).replace(",", "").replace(f".{time.microsecond // 1000:03d}", "")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ------------------------------------------------------------------------------------------------ places and people

PLACES = {
    "Hamburg": ("Hamburg", "Hamburg", "DE", 53.55, 9.99, 64500),
    "Rotterdam": ("Rotterdam", "Zuid-Holland", "NL", 51.92, 4.48, 64500),
    "Gothenburg": ("Gothenburg", "Vastra Gotaland", "SE", 57.71, 11.97, 64500),
    "VPN": ("Frankfurt am Main", "Hessen", "DE", 50.11, 8.68, 64501),
    "Carrier": ("Berlin", "Berlin", "DE", 52.52, 13.41, 64502),
    "Sofia": ("Sofia", "Sofia-Grad", "BG", 42.7, 23.32, 64510),
    "Chisinau": ("Chisinau", "Chisinau", "MD", 47.01, 28.86, 64511),
    "Lisbon": ("Lisbon", "Lisboa", "PT", 38.72, -9.14, 64503),
}
OFFICES = {"Hamburg": "192.0.2.10", "Rotterdam": "192.0.2.20", "Gothenburg": "192.0.2.30"}
VPN, CARRIER = "192.0.2.40", [f"203.0.113.{n}" for n in range(2, 10)]
SPRAY, SESSION = "198.51.100.77", "198.51.100.23"
PLACE_OF = {ip: city for city, ip in OFFICES.items()} | {VPN: "VPN", SPRAY: "Sofia", SESSION: "Chisinau"}
PLACE_OF |= {ip: "Carrier" for ip in CARRIER}

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
CLIENTS = [
    (CHROME.format(145), "Chrome 145.0.0", "Windows10"),
    (CHROME.format(144), "Chrome 144.0.0", "Windows10"),
    (CHROME.format(145) + " Edg/145.0.0.0", "Edge 145.0.0", "Windows10"),
    (CHROME.format(144) + " Edg/144.0.0.0", "Edge 144.0.0", "Windows10"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15", "Safari 18.3", "MacOs"),
]
PHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "Mobile Safari", "Ios 18.3")
ATTACKER = (CHROME.format(109), "Chrome 109.0.0", "Windows10")

APPS = {
    "Office 365 Exchange Online": "00000002-0000-0ff1-ce00-000000000000",
    "Office 365 SharePoint Online": "00000003-0000-0ff1-ce00-000000000000",
    "OfficeHome": "4765445b-32c6-49b0-83e6-1d93765276ca",
    "Microsoft Teams Web Client": "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
    "Microsoft Office": "d3590ed6-52b3-4102-aeff-aad2292ab01c",
    "Azure Portal": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    "One Outlook Web": "9199bf20-a13f-4107-85dc-02114787ef48",
    "Microsoft Azure Active Directory Connect": "cb1056e2-e479-49de-ae31-7812af012ed8",
}
GRAPH = ("Microsoft Graph", "00000003-0000-0000-c000-000000000000")
REASONS = {
    50126: "Error validating credentials due to invalid username or password.",
    50053: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    50057: "The user account is disabled.",
    500121: "Authentication failed during strong authentication request.",
    50074: "Strong Authentication is required.",
    50140: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    7000215: "Invalid client secret is provided.",
}
GIVEN = "Ana Bo Carla Dirk Elin Felix Greta Hugo Ida Jan Karin Lars Mara Nils Olga Per Quirin Rosa Sven Tilda Udo Vera Wim Ylva Zeno".split()
FAMILY = "Akker Berg Claassen Dahl Evers Falk Groot Holm Iversen Jansen Kraft Lind Maas Nyberg Oster Prins Quist Roth Smit Thorn Ulrich Vos Winter Ystad Zander".split()


class User:
    def __init__(self, upn, name, office, guest=False, home_tenant=TENANT):
        self.upn, self.name, self.office, self.guest, self.home_tenant = upn, name, office, guest, home_tenant
        self.id = guid()
        self.client = rng.choice(CLIENTS)
        self.device = guid()
        self.home = f"2001:db8:{rng.randrange(1, 0xffff):x}:{rng.randrange(1, 0xffff):x}::{rng.randrange(2, 0xff):x}"
        self.home_place = office
        PLACE_OF[self.home] = office


def people():
    users, taken = [], set()
    while len(users) < 210:
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        if (given, family) in taken:
            continue
        taken.add((given, family))
        office = rng.choices(list(OFFICES), weights=(5, 3, 2))[0]
        users.append(User(f"{given}.{family}@example.com".lower(), f"{given} {family}", office))
    return users


USERS = people()
BY_UPN = {user.upn: user for user in USERS}


def member(upn, name, office="Hamburg"):
    user = BY_UPN.setdefault(upn, User(upn, name, office))
    return user


MARA = member("mara.lindqvist@example.com", "Mara Lindqvist", "Gothenburg")
TOMAS = member("adm.tomas.eide@example.com", "Tomas Eide (admin)")
INES = member("adm.ines.roth@example.com", "Ines Roth (admin)")
HELPDESK = member("helpdesk@example.com", "Service desk")
SYNC = member("Sync_HH-AADC01_5e1f0a9c7b2d@example.com", "On-Premises Directory Synchronization Service Account")
BREAKGLASS = member("breakglass1@example.com", "Emergency access 1")
LEFT = member("jan.former@example.com", "Jan Former")
GUESTS = [User(f"{n}_example.org#EXT#@example.com", n.title(), "Rotterdam", True, PARTNER_TENANT) for n in ("kim.partner", "lee.partner", "noa.partner")]
ROGUE = User("support.desk_example.net#EXT#@example.com", "Support Desk", "Rotterdam", True, ATTACKER_TENANT)
ADMINS = [TOMAS, INES]

# ------------------------------------------------------------------------------------------------ sign-ins

SIGNINS = []


def signin(time, user, ip, app="OfficeHome", result=0, interactive=True, client=None, mfa=None, session=None, correlation=None, client_app="Browser", managed=None, risk="none", ca=None, resource=None, protocol="none"):
    place = PLACES[PLACE_OF[ip]]
    mfa = mfa if mfa is not None else ip not in OFFICES.values()
    browser = client or user.client
    resource = resource or rng.choice([GRAPH, ("Office 365 Exchange Online", APPS["Office 365 Exchange Online"])])
    event = dict(
        id=guid(), time=time, user=user, ip=ip, place=place, app=app, app_id=APPS[app], result=result, interactive=interactive,
        client=browser, mfa=mfa, session=session or guid(), correlation=correlation or guid(), client_app=client_app,
        managed=managed if managed is not None else browser is user.client, risk=risk, resource=resource, protocol=protocol,
        ca=ca or ("failure" if result in (53003,) else "success" if result == 0 and mfa else "notApplied"),
        token=compact(rng.getrandbits(96)), milliseconds=rng.randrange(60, 900),
    )
    SIGNINS.append(event)
    return event


def workday(day):
    return datetime(2026, 3, day).weekday() < 5


def where(user):
    kind = rng.random()
    return OFFICES[user.office] if kind < 0.55 else user.home if kind < 0.8 else VPN if kind < 0.9 else rng.choice(CARRIER)


def ordinary_signins():
    work_apps = ["OfficeHome", "Microsoft Teams Web Client", "Office 365 SharePoint Online", "One Outlook Web", "Microsoft Office"]
    for day in range(2, 32):
        for user in USERS:
            if rng.random() > (0.38 if workday(day) else 0.03):
                continue
            ip, time = where(user), at(day, f"{rng.choice([6, 6, 7, 7, 7, 8, 8, 9, 12, 13])}:{rng.randrange(60)}:{rng.randrange(60)}")
            app, session = rng.choice(work_apps), guid()
            phone = ip in CARRIER
            client = PHONE if phone else user.client
            if rng.random() < 0.03:
                for n in range(rng.choice((1, 1, 2))):
                    signin(time - timedelta(seconds=50 - 20 * n), user, ip, app, 50126, client=client)
            if ip not in OFFICES.values() and rng.random() < 0.15:
                signin(time - timedelta(seconds=15), user, ip, app, 50074, client=client, session=session)
            signin(time, user, ip, app, client=client, session=session)
            for _ in range(rng.choice((0, 0, 1, 1)) if day < 26 else rng.choice((0, 1))):
                later = time + timedelta(minutes=rng.randrange(20, 480))
                signin(later, user, ip, rng.choice(work_apps), interactive=False, client=client, session=session, client_app="Mobile Apps and Desktop clients")
        for admin in ADMINS + [HELPDESK]:
            if workday(day):
                signin(at(day, f"7:{rng.randrange(10, 50)}"), admin, OFFICES["Hamburg"], "Azure Portal", mfa=True)
        for hour in range(0, 24, 6):
            signin(at(day, f"{hour}:{rng.randrange(3, 9)}"), SYNC, OFFICES["Hamburg"], "Microsoft Azure Active Directory Connect", interactive=False, client=("", "Rich Client", "Windows Server"), mfa=False, client_app="Mobile Apps and Desktop clients", resource=("Windows Azure Active Directory", "00000002-0000-0000-c000-000000000000"))
        if workday(day) and day % 3 == 0:
            guest = rng.choice(GUESTS)
            signin(at(day, f"10:{rng.randrange(60)}"), guest, guest.home, "Microsoft Teams Web Client")


def ordinary_trouble():
    """What real people do that looks bad: each of it is in story.json with its reason, or must stay quiet."""
    forgetful = USERS[17]
    for n in range(6):
        signin(at(10, f"18:{10 + 3 * n}"), forgetful, forgetful.home, "One Outlook Web", 50126)
    signin(at(10, "18:40"), forgetful, forgetful.home, "One Outlook Web")
    slow = USERS[40]
    for n in range(2):
        signin(at(17, f"6:{20 + n}"), slow, slow.home, "OfficeHome", 500121)
    signin(at(17, "6:24"), slow, slow.home, "OfficeHome")
    locked = USERS[55]
    for n in range(3):
        signin(at(19, f"7:{5 + n}"), locked, OFFICES[locked.office], "OfficeHome", 50053)
    for day in (4, 9, 16, 24):
        signin(at(day, "5:30"), LEFT, LEFT.home, "Office 365 Exchange Online", 50057, client=PHONE, client_app="Mobile Apps and Desktop clients")
    for traveller in (USERS[70], USERS[71]):
        ip = f"203.0.113.{200 + USERS.index(traveller) % 50}"
        PLACE_OF[ip] = "Lisbon"
        for day in (23, 24, 25):
            signin(at(day, f"8:{rng.randrange(60)}"), traveller, ip, "OfficeHome")


# ------------------------------------------------------------------------------------------------ directory audit

AUDITS = []


def by_user(user, ip):
    return {"user": {"id": user.id, "displayName": user.name, "userPrincipalName": user.upn, "ipAddress": ip, "userType": "Guest" if user.guest else "Member", "homeTenantId": None, "homeTenantName": None}, "app": None}


def by_app(name, sp, app_id=None):
    return {"user": None, "app": {"appId": app_id, "displayName": name, "servicePrincipalId": sp, "servicePrincipalName": None}}


def target(kind, name, identity, upn=None, props=()):
    return {"id": identity, "displayName": name, "type": kind, "userPrincipalName": upn, "groupType": None,
            "modifiedProperties": [{"displayName": n, "oldValue": old, "newValue": new} for n, old, new in props]}


def to_user(user, props=()):
    return target("User", user.name, user.id, user.upn, props)


def audit(time, operation, initiator, targets, category="UserManagement", service="Core Directory", kind="Update", result="success", reason="", details=(), correlation=None, agent=None):
    correlation = correlation or guid()
    AUDITS.append(dict(
        id=f"{'Directory' if service == 'Core Directory' else service.replace(' ', '')}_{correlation}_{rng.randrange(16 ** 5):05X}_{rng.randrange(10 ** 8)}",
        time=time, operation=operation, initiator=initiator, targets=targets, category=category, service=service, kind=kind,
        result=result, reason=reason, details=[{"key": k, "value": v} for k, v in details], correlation=correlation, agent=agent))


def key(identity, kind, name):
    return f"[KeyIdentifier={identity},KeyType={kind},KeyUsage=Verify,DisplayName={name}]"


APP_NAMES = ["Freight Tracker", "Dock Scheduler", "Customs Forms"]
NEW_APPS = {name: (guid(), guid(), guid()) for name in APP_NAMES}
PAYROLL_SP, PAYROLL_APP, PAYROLL_CERT, PAYROLL_SECRET = guid(), guid(), guid(), guid()
BACKUP_SP, BACKUP_APP, BACKUP_OLD, BACKUP_NEW = guid(), guid(), guid(), guid()
ROGUE_SP, ROGUE_APP = guid(), guid()
SECRETS = "Update application – Certificates and secrets management "


def ordinary_audit():
    office = OFFICES["Hamburg"]
    for day in range(2, 32):
        if not workday(day):
            continue
        for _ in range(rng.randrange(2, 6)):
            user, group = rng.choice(USERS), rng.choice(["Logistics DE", "Finance", "Warehouse", "All staff", "Project Delta"])
            audit(at(day, f"{rng.randrange(7, 16)}:{rng.randrange(60)}"), "Add member to group", by_user(HELPDESK, office), [to_user(user, [("Group.DisplayName", None, f'"{group}"')])], "GroupManagement", kind="Assign")
        for _ in range(rng.randrange(1, 4)):
            user = rng.choice(USERS)
            audit(at(day, f"{rng.randrange(7, 16)}:{rng.randrange(60)}"), "Update user", by_app("Microsoft Azure AD Group-Based Licensing", guid()), [to_user(user, [("AssignedLicense", "[]", '["SPE_E3"]'), ("Included Updated Properties", None, '"AssignedLicense"')])])
        if rng.random() < 0.5:
            user = rng.choice(USERS)
            audit(at(day, f"{rng.randrange(8, 15)}:{rng.randrange(60)}"), "Reset user password", by_user(HELPDESK, office), [to_user(user)], reason="Successfully completed reset.")
        if rng.random() < 0.45:
            user = rng.choice(USERS)
            audit(at(day, f"{rng.randrange(8, 15)}:{rng.randrange(60)}"), "Register device", by_app("Device Registration Service", guid()), [target("Device", f"HH-{rng.randrange(10000):04d}", guid()), to_user(user)], "Device", "Device Registration Service", "Add")
        if rng.random() < 0.4:  # a new phone, registered in the office
            user, correlation = rng.choice(USERS), guid()
            ip, time = OFFICES[user.office], at(day, f"{rng.randrange(8, 15)}:{rng.randrange(50)}")
            signin(time - timedelta(minutes=3), user, ip, "OfficeHome")
            audit(time, "User started security info registration", by_user(user, ip), [to_user(user)], service="Authentication Methods", correlation=correlation, reason="User started the registration for Microsoft Authenticator")
            audit(time + timedelta(minutes=2), "User registered security info", by_user(user, ip), [to_user(user)], service="Authentication Methods", correlation=correlation, kind="Add", reason="User registered Authenticator App with Notification and Code")
        if day % 5 == 0:  # forgotten password, reset in the office, second factor renewed there
            user = rng.choice(USERS)
            ip, time = OFFICES[user.office], at(day, "9:30")
            for minute, operation, service in ((0, "Self-service password reset flow activity progress", "Self-service Password Management"), (3, "Reset password (self-service)", "Self-service Password Management"), (9, "User registered security info", "Authentication Methods")):
                audit(time + timedelta(minutes=minute), operation, by_user(user, ip), [to_user(user)], service=service)
        if rng.random() < 0.6:  # PIM activation: asked for by the admin, carried out by MS-PIM
            admin, role = rng.choice(ADMINS), rng.choice(["Global Administrator", "Exchange Administrator", "Cloud Application Administrator"])
            time = at(day, f"{rng.randrange(7, 15)}:{rng.randrange(50)}")
            audit(time, "Add member to role completed (PIM activation)", by_user(admin, office), [target("Role", role, guid()), to_user(admin)], "RoleManagement", "PIM", "Add", reason="Change window")
            audit(time + timedelta(seconds=3), "Add member to role", by_app("MS-PIM", guid(), "01fc33a7-78ba-4d2f-a4b7-768e336e890e"), [to_user(admin, [("Role.ObjectID", None, f'"{guid()}"'), ("Role.DisplayName", None, f'"{role}"'), ("Role.TemplateId", None, f'"{guid()}"')]), target("Role", None, guid())], "RoleManagement", kind="Assign")
            audit(time + timedelta(hours=4), "Remove member from role", by_app("MS-PIM", guid(), "01fc33a7-78ba-4d2f-a4b7-768e336e890e"), [to_user(admin, [("Role.DisplayName", f'"{role}"', None)]), target("Role", None, guid())], "RoleManagement", kind="Unassign")
    for day, name in zip((4, 11, 25), APP_NAMES):
        app_id, object_id, sp = NEW_APPS[name]
        audit(at(day, "8:40"), "Add application", by_user(TOMAS, office), [target("Application", name, object_id, props=[("DisplayName", "[]", f'["{name}"]'), ("AppId", "[]", f'["{app_id}"]')])], "ApplicationManagement", kind="Add")
        audit(at(day, "8:40:02"), "Add service principal", by_user(TOMAS, office), [target("ServicePrincipal", name, sp)], "ApplicationManagement", kind="Add")
    first = NEW_APPS["Freight Tracker"][1]
    audit(at(4, "9:10"), SECRETS, by_user(TOMAS, office), [target("Application", "Freight Tracker", first, props=[("KeyDescription", "[]", compact([key(guid(), "Password", "first")])), ("Included Updated Properties", None, '"KeyDescription"')])], "ApplicationManagement")
    old, new = key(BACKUP_OLD, "AsymmetricX509Cert", "CN=backup-2024"), key(BACKUP_NEW, "AsymmetricX509Cert", "CN=backup-2026")
    backup = lambda before, after: [target("Application", "Backup Vault", BACKUP_APP, props=[("KeyDescription", compact(before), compact(after)), ("Included Updated Properties", None, '"KeyDescription"')])]
    audit(at(18, "9:00"), SECRETS, by_user(INES, office), backup([old], [old, new]), "ApplicationManagement")
    audit(at(20, "9:00"), SECRETS, by_user(INES, office), backup([old, new], [new]), "ApplicationManagement")
    for day, guest in zip((5, 12, 24), GUESTS):
        inviter = rng.choice(USERS[:20])
        mail = guest.upn.split("#")[0].replace("_", "@")
        signin(at(day, "8:05"), inviter, OFFICES[inviter.office], "Microsoft Teams Web Client")
        audit(at(day, "10:00"), "Invite external user", by_user(inviter, OFFICES[inviter.office]), [target("User", guest.name, guest.id, guest.upn)], service="Invited Users", kind="Add", details=[("invitedUserEmailAddress", mail)])
        audit(at(day, "11:30"), "Redeem external user invite", by_user(guest, guest.home), [target("User", guest.name, guest.id, guest.upn)], service="Invited Users")
    for day, name, scope in ((6, "Route Planner", "openid profile User.Read offline_access"), (19, "Meeting Notes", "User.Read Calendars.Read")):
        consent(at(day, "12:15"), rng.choice(USERS), None, name, guid(), guid(), scope)
    audit(at(26, "9:20"), "Update conditional access policy", by_user(INES, office), [ca_policy([], [], "Require MFA outside the offices", "Require MFA outside of our offices")], "Policy", "Conditional Access")
    joiner = USERS[-1]
    audit(at(16, "7:30"), "Add user", by_app("Microsoft.Azure.SyncFabric", guid()), [to_user(joiner)], kind="Add")


def consent(time, user, ip, name, sp, app_id, scope, correlation=None):
    props = [("ConsentContext.IsAdminConsent", None, '"False"'), ("ConsentContext.IsAppOnly", None, '"False"'), ("ConsentContext.OnBehalfOfAll", None, '"False"'), ("ConsentContext.Tags", None, '"WindowsAzureActiveDirectoryIntegratedApp"'),
             ("ConsentAction.Permissions", None, compact(f"[] => [[Id: {guid()}, CreatedDateTime: {iso(time)}, ClientId: {sp}, PrincipalId: {user.id}, ResourceId: {guid()}, ConsentType: Principal, Scope: {scope}, LastModifiedDateTime: ]]; ")),
             ("TargetId.ServicePrincipalNames", None, compact(app_id))]
    # The portal's CSV carries five properties a target: the application id comes after them.
    audit(time, "Consent to application", by_user(user, ip or OFFICES[user.office]), [target("ServicePrincipal", name, sp, props=props)], "ApplicationManagement", kind="Assign", correlation=correlation)


def ca_policy(exclude_before, exclude_after, name_before, name_after=None):
    def policy(name, excluded):
        return compact({"id": "b6d0f3a1-9c27-4e58-8a43-2f7e5d1c0b96", "displayName": name, "createdDateTime": "2024-05-14T08:00:00.0000000+00:00", "state": "enabled",
                        "conditions": {"applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
                                       "users": {"includeUsers": ["All"], "excludeUsers": excluded, "includeGroups": [], "excludeGroups": ["4b1d9e70-6a35-4c82-b9f4-e83c7a20d516"], "includeRoles": [], "excludeRoles": []},
                                       "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}, "clientAppTypes": ["all"]},
                        "grantControls": {"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": []}})
    return target("Policy", name_after or name_before, "b6d0f3a1-9c27-4e58-8a43-2f7e5d1c0b96", props=[("ConditionalAccessPolicy", policy(name_before, exclude_before), policy(name_after or name_before, exclude_after))])


# ------------------------------------------------------------------------------------------------ service principals

SP_SIGNINS = []


def sp_signin(time, name, sp, app_id, ip, credential, result=0):
    SP_SIGNINS.append(dict(id=guid(), time=time, name=name, sp=sp, app_id=app_id, ip=ip, credential=credential, result=result, correlation=guid(), token=compact(rng.getrandbits(96))))


def ordinary_service_principals():
    for day in range(2, 32):
        for hour in range(0, 24, 4):
            sp_signin(at(day, f"{hour}:{rng.randrange(5)}"), "Backup Vault", BACKUP_SP, BACKUP_APP, VPN, BACKUP_OLD if day < 20 else BACKUP_NEW)
        for hour in (5, 17):
            sp_signin(at(day, f"{hour}:{rng.randrange(5)}"), "Payroll Connector", PAYROLL_SP, PAYROLL_APP, OFFICES["Rotterdam"], PAYROLL_CERT)
        if day == 27:
            for n in range(3):
                sp_signin(at(day, f"9:{30 + n}"), "Freight Tracker", NEW_APPS["Freight Tracker"][2], NEW_APPS["Freight Tracker"][0], OFFICES["Hamburg"], "", 7000215)


# ------------------------------------------------------------------------------------------------ unified audit log

UAL = []
RECORD_TYPES = {"ExchangeAdmin": 1, "ExchangeItem": 2, "SharePointFileOperation": 6, "AzureActiveDirectory": 8, "SharePointSharingOperation": 14, "MicrosoftTeams": 25, "ExchangeItemAggregated": 50}


def ual(time, record, operation, user, ip, workload, **fields):
    data = {"CreationTime": time.strftime("%Y-%m-%dT%H:%M:%S"), "Id": guid(), "Operation": operation, "OrganizationId": TENANT, "RecordType": RECORD_TYPES[record], "ResultStatus": "Succeeded",
            "UserKey": f"1003{rng.randrange(16 ** 12):012X}", "UserType": 0, "Version": 1, "Workload": workload, "ClientIP": ip, "UserId": user.upn}
    data.update(fields)
    UAL.append((time, record, operation, user.upn, data))


def mail_fields(user):
    return {"MailboxOwnerUPN": user.upn, "LogonType": 0, "InternalLogonType": 0, "ClientInfoString": "Client=OWA;Action=ViaProxy", "MailboxGuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, user.upn))}


def ordinary_ual():
    for day in range(2, 32):
        for user in USERS:
            if rng.random() > (0.2 if workday(day) else 0.01):
                continue
            ip, time = where(user), at(day, f"{rng.randrange(7, 16)}:{rng.randrange(60)}:{rng.randrange(60)}")
            kind = rng.random()
            if kind < 0.35:
                ual(time, "ExchangeItemAggregated", "MailItemsAccessed", user, ip, "Exchange", ClientIPAddress=ip, OperationProperties=[{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}], OperationCount=1, **mail_fields(user))
            elif kind < 0.5:
                ual(time, "ExchangeItem", "Send", user, ip, "Exchange", ClientIPAddress=ip, Item={"Subject": f"Shipment {rng.randrange(10000, 99999)}"}, **mail_fields(user))
            elif kind < 0.6:
                ual(time, "ExchangeItem", "MoveToDeletedItems", user, ip, "Exchange", ClientIPAddress=ip, **mail_fields(user))
            elif kind < 0.95:
                name = f"{rng.choice(['Waybill', 'Plan', 'Roster', 'Offer'])} {rng.randrange(1000)}.{rng.choice(['xlsx', 'docx', 'pdf'])}"
                ual(time, "SharePointFileOperation", rng.choice(["FileAccessed", "FileModified", "FileDownloaded"]), user, ip, "SharePoint", ObjectId=f"https://example.sharepoint.com/sites/ops/Shared Documents/{name}", SiteUrl="https://example.sharepoint.com/sites/ops/", SourceFileName=name, SourceFileExtension=name.rsplit(".")[-1], ItemType="File", EventSource="SharePoint", UserAgent=user.client[0])
            else:
                ual(time, "MicrosoftTeams", "TeamsSessionStarted", user, ip, "MicrosoftTeams")
    for n, (day, params) in enumerate(((3, [("Name", "Newsletters"), ("FromAddressContainsWords", "news@example.org"), ("MoveToFolder", "Newsletters")]), (11, [("Name", "Project Delta"), ("SubjectContainsWords", "Delta"), ("MoveToFolder", "Delta"), ("StopProcessingRules", "True")]), (20, [("Name", "Old shop"), ("From", "offers@example.org"), ("DeleteMessage", "True")]))):
        rule(at(day, "9:45"), USERS[80 + n], OFFICES[USERS[80 + n].office], params)
    ual(at(23, "8:30"), "ExchangeAdmin", "Set-Mailbox", INES, OFFICES["Hamburg"] + ":50411", "Exchange", ResultStatus="True", UserType=2, ObjectId="EURPR01A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/example.com/warehouse", Parameters=[{"Name": "Identity", "Value": "warehouse@example.com"}, {"Name": "ProhibitSendQuota", "Value": "99 GB (106,300,440,576 bytes)"}])


def rule(time, user, ip, params):
    ual(time, "ExchangeAdmin", "New-InboxRule", user, f"{ip}:{rng.randrange(20000, 60000)}" if ":" not in ip else f"[{ip}]:{rng.randrange(20000, 60000)}", "Exchange", ResultStatus="True", UserType=2,
        ObjectId=f"EURPR01A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/example.com/{user.upn.split('@')[0]}\\{dict(params)['Name']}",
        Parameters=[{"Name": n, "Value": v} for n, v in [("AlwaysDeleteOutlookRulesBlob", "False"), ("Force", "False")] + params], ClientAppId="", SessionId=guid(), OriginatingServer="AM0PR01MB0001 (15.20.9000.010)\r\n")


# ------------------------------------------------------------------------------------------------ the breach

RISKS = []


def breach():
    targets = rng.sample([user for user in USERS if user.office != "Hamburg"], 46) + [MARA]
    time = at(12, "1:10")
    for lap in range(2):
        for user in sorted(targets, key=lambda user: user.upn):
            signin(time, user, SPRAY, "Office 365 Exchange Online", 50126, client=ATTACKER, mfa=False, managed=False, risk="medium")
            time += timedelta(seconds=rng.randrange(40, 75))
    mara_in = at(12, "3:52")
    signin(mara_in, MARA, SPRAY, "Office 365 Exchange Online", 0, client=ATTACKER, mfa=False, managed=False, risk="high")
    session = guid()
    signin(at(12, "4:05"), MARA, SESSION, "OfficeHome", 0, client=ATTACKER, mfa=False, managed=False, session=session, risk="medium")
    correlation = guid()
    audit(at(12, "4:11"), "User started security info registration", by_user(MARA, SESSION), [to_user(MARA)], service="Authentication Methods", correlation=correlation, reason="User started the registration for Mobile App")
    audit(at(12, "4:13"), "User registered security info", by_user(MARA, SESSION), [to_user(MARA)], service="Authentication Methods", correlation=correlation, kind="Add", reason="User registered Authenticator App with Notification and Code")
    RISKS.extend([
        dict(time=at(12, "3:58"), user=MARA, ip=SPRAY, event="passwordSpray", level="high", timing="offline"),
        dict(time=at(12, "4:05:20"), user=MARA, ip=SESSION, event="unfamiliarFeatures", level="medium", timing="realtime"),
        dict(time=at(24, "8:20"), user=USERS[70], ip=f"203.0.113.{200 + 70 % 50}", event="unlikelyTravel", level="low", timing="offline"),
    ])
    for day in (12, 13, 13, 16, 17, 19):
        signin(at(day, f"{rng.randrange(5, 22)}:{rng.randrange(60)}"), MARA, SESSION, "One Outlook Web", interactive=False, client=ATTACKER, session=session, managed=False, client_app="Browser")
    granted = guid()
    consent(at(13, "8:15"), MARA, SESSION, "Micros0ft Mail Sync", ROGUE_SP, ROGUE_APP, "openid offline_access Mail.Read MailboxSettings.ReadWrite Contacts.Read", granted)
    ual(at(13, "8:15"), "AzureActiveDirectory", "Consent to application.", MARA, SESSION, "AzureActiveDirectory", ResultStatus="Success", AzureActiveDirectoryEventType=1, ObjectId=ROGUE_APP, InterSystemsId=granted,
        ModifiedProperties=[{"Name": "ConsentContext.IsAdminConsent", "NewValue": "False", "OldValue": ""}, {"Name": "ConsentAction.Permissions", "NewValue": f"[] => [[Id: x, ClientId: {ROGUE_SP}, PrincipalId: {MARA.id}, ResourceId: y, ConsentType: Principal, Scope:  openid offline_access Mail.Read MailboxSettings.ReadWrite Contacts.Read]]; ", "OldValue": ""}],
        Target=[{"ID": f"ServicePrincipal_{ROGUE_SP}", "Type": 2}, {"ID": "Micros0ft Mail Sync", "Type": 1}])
    ual(at(16, "18:20"), "ExchangeItem", "Send", MARA, SESSION, "Exchange", ClientIPAddress=SESSION, SessionId=session, Item={"Subject": "Payroll connector: please sign in to confirm"}, **mail_fields(MARA))
    stolen = guid()
    signin(at(16, "20:05"), TOMAS, SESSION, "OfficeHome", 50074, client=ATTACKER, managed=False, session=stolen)
    signin(at(16, "20:06"), TOMAS, SESSION, "OfficeHome", 0, client=ATTACKER, managed=False, session=stolen)
    signin(at(16, "20:18"), TOMAS, SESSION, "Azure Portal", interactive=False, client=ATTACKER, managed=False, session=stolen, client_app="Browser")
    before, after = key(PAYROLL_CERT, "AsymmetricX509Cert", "CN=payroll"), key(PAYROLL_SECRET, "Password", "sync")
    audit(at(16, "20:31"), SECRETS, by_user(TOMAS, SESSION), [target("Application", "Payroll Connector", PAYROLL_APP, props=[("KeyDescription", compact([before]), compact([before, after])), ("Included Updated Properties", None, '"KeyDescription"')])], "ApplicationManagement", agent=ATTACKER[0])
    for clock in ("21:02", "21:40"):
        sp_signin(at(16, clock), "Payroll Connector", PAYROLL_SP, PAYROLL_APP, SESSION, PAYROLL_SECRET)
    sp_signin(at(17, "20:08"), "Payroll Connector", PAYROLL_SP, PAYROLL_APP, SESSION, PAYROLL_SECRET)
    audit(at(17, "19:40"), "Invite external user", by_user(TOMAS, SESSION), [target("User", ROGUE.name, ROGUE.id, ROGUE.upn)], service="Invited Users", kind="Add", details=[("invitedUserEmailAddress", "support.desk@example.net")])
    PLACE_OF[ROGUE.home] = "Chisinau"
    audit(at(17, "19:55"), "Redeem external user invite", by_user(ROGUE, SESSION), [target("User", ROGUE.name, ROGUE.id, ROGUE.upn)], service="Invited Users")
    audit(at(17, "20:10"), "Add member to role", by_app("Payroll Connector", PAYROLL_SP, PAYROLL_APP), [target("User", ROGUE.name, ROGUE.id, ROGUE.upn, [("Role.ObjectID", None, f'"{guid()}"'), ("Role.DisplayName", None, '"Global Administrator"'), ("Role.TemplateId", None, '"62e90394-69f5-4237-9190-012177145e10"'), ("Role.WellKnownObjectName", None, '"TenantAdmins"')]), target("Role", None, guid())], "RoleManagement", kind="Assign")
    signin(at(18, "18:10"), BREAKGLASS, SESSION, "Azure Portal", 50126, client=ATTACKER, mfa=False, managed=False)
    portal = guid()
    signin(at(18, "18:22"), ROGUE, SESSION, "Azure Portal", 0, client=ATTACKER, managed=False, correlation=portal)
    audit(at(18, "18:30"), "Update conditional access policy", by_user(ROGUE, SESSION), [ca_policy([], [MARA.id, ROGUE.id], "Require MFA outside the offices")], "Policy", "Conditional Access", correlation=portal)
    rule(at(19, "6:45"), MARA, SESSION, [("Name", "."), ("SubjectOrBodyContainsWords", "invoice;payment;iban"), ("ForwardTo", "collector@example.net"), ("MarkAsRead", "True"), ("MoveToFolder", "RSS Feeds")])
    for minute in (50, 52, 57):
        ual(at(19, f"6:{minute}"), "ExchangeItemAggregated", "MailItemsAccessed", MARA, SESSION, "Exchange", ClientIPAddress=SESSION, SessionId=session, OperationProperties=[{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}], OperationCount=1, **mail_fields(MARA))


# ------------------------------------------------------------------------------------------------ shapes: sign-ins

def device(e):
    return {"deviceId": e["user"].device if e["managed"] else "", "displayName": None, "operatingSystem": e["client"][2], "browser": e["client"][1], "isCompliant": e["managed"], "isManaged": e["managed"], "trustType": "Azure AD joined" if e["managed"] else ""}


def location(e):
    city, state, country, latitude, longitude, _ = e["place"]
    return {"city": city, "state": state, "countryOrRegion": country, "geoCoordinates": {"latitude": latitude, "longitude": longitude}}


def status(e):
    done = "MFA requirement satisfied by claim in the token" if e["mfa"] else ""
    return {"errorCode": e["result"], "failureReason": REASONS.get(e["result"], "Other."), "additionalDetails": done if not e["result"] else None}


def requirement(e):
    return "multiFactorAuthentication" if e["mfa"] else "singleFactorAuthentication"


def graph_signin(e):
    user = e["user"]
    return {
        "id": e["id"], "createdDateTime": iso(e["time"]), "userDisplayName": user.name, "userPrincipalName": user.upn, "userId": user.id, "appId": e["app_id"], "appDisplayName": e["app"],
        "ipAddress": e["ip"], "ipAddressFromResourceProvider": None, "clientAppUsed": e["client_app"], "userAgent": e["client"][0], "correlationId": e["correlation"],
        "conditionalAccessStatus": e["ca"], "originalRequestId": e["id"], "isInteractive": e["interactive"], "tokenIssuerName": "", "tokenIssuerType": "AzureAD", "clientCredentialType": "none",
        "processingTimeInMilliseconds": e["milliseconds"], "riskDetail": "none", "riskLevelAggregated": e["risk"], "riskLevelDuringSignIn": e["risk"], "riskState": "none" if e["risk"] == "none" else "atRisk", "riskEventTypes_v2": [],
        "resourceDisplayName": e["resource"][0], "resourceId": e["resource"][1], "resourceTenantId": TENANT, "homeTenantId": user.home_tenant, "homeTenantName": "", "authenticationMethodsUsed": [],
        "authenticationRequirement": requirement(e), "signInIdentifier": user.upn, "signInIdentifierType": None, "servicePrincipalName": None, "signInEventTypes": ["interactiveUser" if e["interactive"] else "nonInteractiveUser"],
        "servicePrincipalId": "", "userType": "guest" if user.guest else "member", "flaggedForReview": False, "isTenantRestricted": False, "autonomousSystemNumber": e["place"][5],
        "crossTenantAccessType": "b2bCollaboration" if user.guest else "none", "uniqueTokenIdentifier": e["token"], "incomingTokenType": "none" if e["interactive"] else "refreshToken", "authenticationProtocol": e["protocol"],
        "originalTransferMethod": "none", "sessionId": e["session"], "mfaDetail": None, "status": status(e), "deviceDetail": device(e), "location": location(e),
        "appliedConditionalAccessPolicies": [], "authenticationProcessingDetails": [], "networkLocationDetails": [], "authenticationDetails": [], "authenticationRequirementPolicies": [], "sessionLifetimePolicies": [],
    }


PORTAL = ["Date (UTC)", "Request ID", "User agent", "Correlation ID", "User ID", "User", "Username", "User type", "Cross tenant access type", "Incoming token type", "Authentication Protocol", "Unique token identifier", "Original transfer method", "Client credential type", "Token Protection - Sign In Session", "Token Protection - Sign In Session StatusCode", "Application", "Application ID ", "App owner tenant ID", "Resource", "Resource ID ", "Resource tenant ID", "Resource owner tenant ID", "Home tenant ID", "Home tenant name", "IP address", "Location", "Status", "Sign-in error code", "Failure reason", "Client app", "Device ID", "Browser", "Operating System", "Compliant", "Managed", "Join Type", "Multifactor authentication result", "Multifactor authentication auth method", "Multifactor authentication auth detail", "Authentication requirement", "Sign-in identifier", "Session ID", "IP address (seen by resource)", "Through Global Secure Access", "Global Secure Access IP address", "Autonomous system  number", "Flagged for review", "Token issuer type", "Incoming token type", "Token issuer name", "Latency", "Conditional Access", "Managed Identity type", "Associated Resource Id", "Federated Token Id", "Federated Token Issuer"]
INTERRUPTS = {50074, 50140}


def portal_signin(e):
    user, shown = e["user"], device(e)
    state = "Success" if e["result"] == 0 else "Interrupted" if e["result"] in INTERRUPTS else "Failure"
    values = {
        "Date (UTC)": iso(e["time"]), "Request ID": e["id"], "User agent": e["client"][0], "Correlation ID": e["correlation"], "User ID": user.id, "User": user.name, "Username": user.upn, "User type": "guest" if user.guest else "member",
        "Cross tenant access type": "b2bCollaboration" if user.guest else "none", "Incoming token type": "none", "Authentication Protocol": e["protocol"], "Unique token identifier": e["token"], "Original transfer method": "none", "Client credential type": "none",
        "Application": e["app"], "Application ID ": e["app_id"], "Resource": e["resource"][0], "Resource ID ": e["resource"][1], "Resource tenant ID": TENANT, "Home tenant ID": user.home_tenant, "IP address": e["ip"],
        "Location": ", ".join(e["place"][:3]), "Status": state, "Sign-in error code": e["result"] or "", "Failure reason": REASONS.get(e["result"], "Other."), "Client app": e["client_app"], "Device ID": shown["deviceId"], "Browser": shown["browser"], "Operating System": shown["operatingSystem"],
        "Compliant": str(shown["isCompliant"]).lower(), "Managed": str(shown["isManaged"]).lower(), "Join Type": shown["trustType"], "Multifactor authentication result": status(e)["additionalDetails"] or "", "Authentication requirement": "Multifactor authentication" if e["mfa"] else "Single-factor authentication",
        "Sign-in identifier": user.upn, "Session ID": e["session"], "Through Global Secure Access": "false", "Autonomous system  number": e["place"][5], "Flagged for review": "false", "Token issuer type": "AzureAD", "Latency": e["milliseconds"],
        "Conditional Access": {"success": "Success", "failure": "Failure", "notApplied": "Not Applied"}[e["ca"]],
    }
    return [values.get(name, "") for name in PORTAL]


def diagnostic_signin(e):
    user = e["user"]
    properties = {
        "id": e["id"], "createdDateTime": iso(e["time"], 7).replace("Z", "+00:00"), "userDisplayName": user.name, "userPrincipalName": user.upn, "userId": user.id, "appId": e["app_id"], "appDisplayName": e["app"], "ipAddress": e["ip"],
        "status": {k: v for k, v in status(e).items() if v is not None and (k != "failureReason" or e["result"])}, "clientAppUsed": e["client_app"], "userAgent": e["client"][0], "deviceDetail": {k: v for k, v in device(e).items() if v is not None}, "location": location(e),
        "correlationId": e["correlation"], "conditionalAccessStatus": e["ca"], "appliedConditionalAccessPolicies": [], "isInteractive": e["interactive"], "tokenIssuerType": "AzureAD", "authenticationProcessingDetails": [], "networkLocationDetails": [],
        "processingTimeInMilliseconds": e["milliseconds"], "riskLevelAggregated": e["risk"], "riskLevelDuringSignIn": e["risk"], "riskState": "none", "resourceDisplayName": e["resource"][0], "resourceId": e["resource"][1], "resourceTenantId": TENANT,
        "homeTenantId": user.home_tenant, "tenantId": TENANT, "authenticationDetails": [], "authenticationRequirement": requirement(e), "userType": "Guest" if user.guest else "Member", "autonomousSystemNumber": e["place"][5],
        "crossTenantAccessType": "none", "uniqueTokenIdentifier": e["token"], "incomingTokenType": "refreshToken", "authenticationProtocol": e["protocol"], "originalTransferMethod": "none", "sessionId": e["session"], "signInEventTypes": ["nonInteractiveUser"],
    }
    return {"time": iso(e["time"], 7), "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Sign-in activity", "operationVersion": "1.0", "category": "NonInteractiveUserSignInLogs", "tenantId": TENANT,
            "resultType": str(e["result"]), "resultSignature": "SUCCESS" if e["result"] == 0 else "FAILURE", "durationMs": 0, "callerIpAddress": e["ip"], "correlationId": e["correlation"], "identity": user.name, "Level": 4, "location": e["place"][2], "properties": properties}


def diagnostic_sp(e):
    city, state, country, latitude, longitude, asn = PLACES[PLACE_OF[e["ip"]]]
    properties = {
        "id": e["id"], "createdDateTime": iso(e["time"], 7).replace("Z", "+00:00"), "appId": e["app_id"], "ipAddress": e["ip"], "status": {"errorCode": e["result"]}, "location": {"city": city, "state": state, "countryOrRegion": country, "geoCoordinates": {"latitude": latitude, "longitude": longitude}},
        "correlationId": e["correlation"], "servicePrincipalId": e["sp"], "servicePrincipalName": e["name"], "servicePrincipalCredentialKeyId": e["credential"], "resourceDisplayName": GRAPH[0], "resourceId": GRAPH[1], "resourceTenantId": TENANT, "homeTenantId": TENANT,
        "conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": [], "clientCredentialType": "clientAssertion" if e["credential"] in (PAYROLL_CERT, BACKUP_OLD, BACKUP_NEW) else "clientSecret", "autonomousSystemNumber": asn, "uniqueTokenIdentifier": e["token"], "tenantId": TENANT, "signInEventTypes": ["servicePrincipal"],
    }
    return {"time": iso(e["time"], 7), "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Sign-in activity", "operationVersion": "1.0", "category": "ServicePrincipalSignInLogs", "tenantId": TENANT, "resultType": str(e["result"]),
            "resultSignature": "SUCCESS" if e["result"] == 0 else "FAILURE", "resultDescription": REASONS.get(e["result"], ""), "durationMs": 0, "correlationId": e["correlation"], "Level": 4, "location": country, "properties": properties}


LA_TYPES = {"TimeGenerated": "datetime", "CreatedDateTime": "datetime", "DurationMs": "long", "IsInteractive": "bool"}
DYNAMIC = {"ConditionalAccessPolicies", "DeviceDetail", "LocationDetails", "Status"}


def workspace_row(e):
    """One row as a Log Analytics workspace holds it."""
    user = e["user"]
    return {
        "TenantId": WORKSPACE, "SourceSystem": "Azure AD", "TimeGenerated": e["time"], "ResourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "OperationName": "Sign-in activity", "OperationVersion": "1.0",
        "Category": "SignInLogs" if e["interactive"] else "NonInteractiveUserSignInLogs", "ResultType": str(e["result"]), "ResultSignature": "SUCCESS" if e["result"] == 0 else "FAILURE", "ResultDescription": REASONS.get(e["result"], ""), "DurationMs": 0,
        "CorrelationId": e["correlation"], "ResourceGroup": "Microsoft.aadiam", "Identity": user.name, "Location": e["place"][2], "AppDisplayName": e["app"], "AppId": e["app_id"], "AuthenticationDetails": "[]", "AuthenticationRequirement": requirement(e),
        "ClientAppUsed": e["client_app"], "ConditionalAccessPolicies": [], "ConditionalAccessStatus": e["ca"], "CreatedDateTime": e["time"], "DeviceDetail": device(e), "IsInteractive": e["interactive"], "Id": e["id"], "IPAddress": e["ip"], "LocationDetails": location(e),
        "RiskLevelAggregated": e["risk"], "RiskLevelDuringSignIn": e["risk"], "RiskState": "none", "ResourceDisplayName": e["resource"][0], "ResourceIdentity": e["resource"][1], "Status": {k: v for k, v in status(e).items() if v is not None and (k != "failureReason" or e["result"])},
        "TokenIssuerType": "AzureAD", "UserAgent": e["client"][0], "UserDisplayName": user.name, "UserId": user.id, "UserPrincipalName": user.upn, "AADTenantId": TENANT, "UserType": "Guest" if user.guest else "Member", "ResourceTenantId": TENANT, "HomeTenantId": user.home_tenant,
        "UniqueTokenIdentifier": e["token"], "SessionId": e["session"], "AutonomousSystemNumber": str(e["place"][5]), "AuthenticationProtocol": e["protocol"], "CrossTenantAccessType": "b2bCollaboration" if user.guest else "none", "IncomingTokenType": "none" if e["interactive"] else "refreshToken",
        "OriginalTransferMethod": "none", "Type": "SigninLogs" if e["interactive"] else "AADNonInteractiveUserSignInLogs",
    }


def workspace_csv(events):
    rows = [workspace_row(e) for e in events]
    header = [name + " [UTC]" if LA_TYPES.get(name) == "datetime" else name for name in rows[0]]
    cell = lambda v: us(v) if isinstance(v, datetime) else compact(v) if isinstance(v, (dict, list)) else str(v).lower() if isinstance(v, bool) else v
    return table([header] + [[cell(v) for v in row.values()] for row in rows], bom=True)


def workspace_tables(events):
    rows = [workspace_row(e) for e in events]
    for row in rows:
        del row["ResourceId"]
    cell = lambda v: iso(v, 7) if isinstance(v, datetime) else compact(v) if isinstance(v, (dict, list)) else v
    columns = [{"name": name, "type": LA_TYPES.get(name, "string")} for name in rows[0]]
    return compact({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [[cell(v) for v in row.values()] for row in rows]}]})


# ------------------------------------------------------------------------------------------------ shapes: the rest

def graph_audit(e):
    return {"id": e["id"], "category": e["category"], "correlationId": e["correlation"], "result": e["result"], "resultReason": e["reason"], "activityDisplayName": e["operation"], "activityDateTime": iso(e["time"], 7),
            "loggedByService": e["service"], "operationType": e["kind"], "userAgent": e["agent"], "initiatedBy": e["initiator"], "targetResources": e["targets"], "additionalDetails": e["details"]}


def portal_audit_header():
    header = ["Date (UTC)", "CorrelationId", "Service", "Category", "Activity", "Result", "ResultReason", "User Agent", "ActorType", "ActorDisplayName", "ActorObjectId", "ActorUserPrincipalName", "IPAddress", "ActorHomeTenantId", "ActorHomeTenantName", "ActorServicePrincipalId", "ActorServicePrincipalName"]
    for t in (1, 2, 3):
        header += [f"Target{t}Type", f"Target{t}DisplayName", f"Target{t}ObjectId", f"Target{t}UserPrincipalName"]
        header += [f"Target{t}ModifiedProperty{p}{part}" for p in range(1, 6) for part in ("Name", "OldValue", "NewValue")]
    return header + [f"AdditionalDetail{k}{part}" for k in range(1, 7) for part in ("Key", "Value")]


def portal_audit(e):
    user, app = e["initiator"]["user"], e["initiator"]["app"]
    row = [iso(e["time"], 7), e["correlation"], e["service"], e["category"], e["operation"], e["result"], e["reason"], e["agent"] or "", "User" if user else "Application"]
    row += [user["displayName"], user["id"], user["userPrincipalName"], user["ipAddress"], "", "", "", ""] if user else [app["displayName"], "", "", "", "", "", app["servicePrincipalId"], app["displayName"]]
    for t in range(3):
        one = e["targets"][t] if t < len(e["targets"]) else None
        row += [one["type"], one["displayName"] or "", one["id"], one["userPrincipalName"] or ""] if one else [""] * 4
        for p in range(5):
            prop = one["modifiedProperties"][p] if one and p < len(one["modifiedProperties"]) else None
            row += [prop["displayName"], prop["oldValue"] or "", prop["newValue"] or ""] if prop else [""] * 3
    for k in range(6):
        row += [e["details"][k]["key"], e["details"][k]["value"]] if k < len(e["details"]) else ["", ""]
    return row


def risk_records():
    records = []
    for e in RISKS:
        properties = {"id": guid().replace("-", "") * 2, "requestId": guid(), "correlationId": guid(), "riskType": e["event"], "riskEventType": e["event"], "riskState": "atRisk", "riskLevel": e["level"], "riskDetail": "none", "source": "IdentityProtection",
                      "detectionTimingType": e["timing"], "activity": "signin", "ipAddress": e["ip"], "location": {"city": PLACES[PLACE_OF[e["ip"]]][0], "countryOrRegion": PLACES[PLACE_OF[e["ip"]]][2]}, "activityDateTime": iso(e["time"], 7), "detectedDateTime": iso(e["time"], 7),
                      "lastUpdatedDateTime": iso(e["time"] + timedelta(minutes=4), 7), "userId": e["user"].id, "userDisplayName": e["user"].name, "userPrincipalName": e["user"].upn, "additionalInfo": "[]", "tokenIssuerType": "AzureAD"}
        records.append({"time": us_short(e["time"] + timedelta(minutes=4)), "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "User Risk Detection", "operationVersion": "1.0", "category": "UserRiskEvents", "tenantId": TENANT, "resultSignature": "None", "durationMs": 0, "callerIpAddress": e["ip"], "correlationId": properties["id"], "identity": e["user"].name, "Level": "Information", "location": "md", "properties": properties})
    properties = {"id": MARA.id, "userDisplayName": MARA.name, "userPrincipalName": MARA.upn, "riskLastUpdatedDateTime": iso(at(12, "4:10"), 7), "riskLevel": "high", "riskState": "atRisk", "riskDetail": "none", "isDeleted": False, "isProcessing": False}
    records.append({"time": us_short(at(12, "4:10")), "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Risky user", "operationVersion": "1.0", "category": "RiskyUsers", "tenantId": TENANT, "resultSignature": "None", "durationMs": 0, "correlationId": MARA.id, "identity": MARA.name, "Level": "Information", "properties": properties})
    return records


def table(rows, bom=False):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerows(rows)
    return ("\ufeff" if bom else "") + buffer.getvalue()


def unified_csv():
    rows = [["RecordType", "CreationDate", "UserIds", "Operations", "AuditData", "ResultIndex", "ResultCount", "Identity", "IsValid", "ObjectState"]]
    for n, (time, record, operation, user, data) in enumerate(sorted(UAL, key=lambda item: item[0], reverse=True), 1):
        rows.append([record, us_short(time), user, operation, compact(data), n, len(UAL), data["Id"], "True", "Unchanged"])
    return table(rows)


def page(events, link):
    body = {"@odata.context": "https://graph.microsoft.com/beta/$metadata#auditLogs/signIns"}
    if link:
        body["@odata.nextLink"] = "https://graph.microsoft.com/beta/auditLogs/signIns?$skiptoken=2"
    return compact(body | {"value": [graph_signin(e) for e in events]})


def write(name, text):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def main():
    ordinary_signins()
    ordinary_trouble()
    ordinary_audit()
    ordinary_service_principals()
    ordinary_ual()
    breach()
    SIGNINS.sort(key=lambda e: (e["time"], e["id"]))
    AUDITS.sort(key=lambda e: (e["time"], e["id"]))
    between = lambda events, first, last: [e for e in events if first <= e["time"].day <= last]
    interactive = [e for e in SIGNINS if e["interactive"]]
    quiet = [e for e in SIGNINS if not e["interactive"]]
    graph = between(interactive, 2, 12)
    half = len(graph) // 2
    write("graph/signins-page1.json", page(graph[:half], True))
    write("graph/signins-page2.json", page(graph[half:], False))
    # The portal download begins a day earlier than the Graph export ends: these sign-ins are there twice.
    write("portal/InteractiveSignIns_2026-03-12_2026-03-25.csv", table([PORTAL] + [portal_signin(e) for e in reversed(between(interactive, 12, 25))], bom=True))
    write("sentinel/query_data.csv", workspace_csv(between(interactive, 26, 31)))
    write("diagnostic/insights-logs-noninteractiveusersigninlogs/PT1H.json", "".join(compact(diagnostic_signin(e)) + "\n" for e in between(quiet, 2, 25)))
    write("sentinel/noninteractive.json", workspace_tables(between(quiet, 26, 31)))
    write("diagnostic/serviceprincipals.json", compact({"records": [diagnostic_sp(e) for e in sorted(SP_SIGNINS, key=lambda e: e["time"])]}))
    write("graph/directoryAudits.json", json.dumps([graph_audit(e) for e in AUDITS], ensure_ascii=False, indent=1))
    write("portal/AuditLogs_2026-03-20.csv", table([portal_audit_header()] + [portal_audit(e) for e in reversed(between(AUDITS, 12, 20))], bom=True))
    write("purview/UnifiedAuditLog.csv", unified_csv())
    write("identity-protection/risk.json", compact({"records": risk_records()}))


if __name__ == "__main__":
    main()
