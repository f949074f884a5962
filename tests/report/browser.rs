//! The page in a real browser, where one is installed: it is quiet, it works, and what logs say stays text.

use std::path::PathBuf;

use entrail::finding::Severity;
use entrail::report::{chosen, prepare, write_all};
use entrail::table::time;
use entrail::timeline::{Event, Fact};
use serde_json::json;

use crate::case::{self, Story};
use crate::driver::Browser;
use crate::hostile::{PAYLOADS, hostile};

/// The page of a story as a file.
fn written(name: &str, story: &Story) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{name}"));
    let output = prepare(&dir, true, &[]).unwrap();
    write_all(&story.report(), &output, &chosen(&[])).unwrap();
    dir.join("report.html")
}

/// Opens a page, and fails where it complains or asks for anything but itself.
fn quiet(browser: &Browser, page: &std::path::Path) {
    browser.open(page);
    browser.wait("return document.documentElement.classList.contains('live')");
    let requests = browser.requests();
    assert!(requests.iter().all(|url| url.starts_with("file://") && url.ends_with("report.html")), "{requests:?}");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// The line under the filters.
fn shown(browser: &Browser) -> String {
    browser.text("return document.getElementById('shown').textContent")
}

/// Sets one filter, waits until it is applied, and gives how many events are left.
fn filter(browser: &Browser, id: &str, value: &str) -> u64 {
    browser.run(&format!(
        "document.getElementById('shown').textContent = ''; const e = document.getElementById('{id}'); e.value = {}; e.dispatchEvent(new Event('input', {{bubbles: true}}));",
        json!(value)
    ));
    browser.wait("return document.getElementById('shown').textContent !== ''");
    let left = shown(browser).split(' ').next().unwrap_or_default().parse().unwrap();
    browser.run("document.getElementById('f-clear').click()");
    browser.wait("return document.getElementById('shown').textContent.startsWith('141 of 141')");
    left
}

#[test]
fn the_page_is_quiet_and_its_filters_work() {
    let Some(browser) = Browser::start() else { return };
    quiet(&browser, &written("breach", &case::breach()));
    assert!(shown(&browser).starts_with("141 of 141 events"), "{}", shown(&browser));

    let report = case::breach();
    let report = report.report();
    let count =
        |wanted: &dyn Fn(&Event) -> bool| report.timeline.events.iter().filter(|event| wanted(event)).count() as u64;
    let has = |event: &Event, fact, text: &str| event.facts.get(fact).contains(text);
    assert_eq!(filter(&browser, "f-severity", "0"), count(&|event| event.severity == Severity::Critical));
    assert_eq!(filter(&browser, "f-user", "EVA@"), count(&|event| has(event, Fact::User, "eva@")));
    assert_eq!(filter(&browser, "f-src_ip", "203.0.113.78"), count(&|event| has(event, Fact::Ip, "203.0.113.78")));
    assert_eq!(filter(&browser, "f-app", "exchange online"), count(&|event| has(event, Fact::App, "Exchange Online")));
    let technique = |event: &Event| event.techniques.iter().any(|id| id.contains("T1110"));
    assert_eq!(filter(&browser, "f-technique", "T1110"), count(&technique));
    assert_eq!(filter(&browser, "f-finding", "F2"), count(&|event| event.findings.contains(&1)));
    assert_eq!(filter(&browser, "f-text", "new-inboxrule"), 1);
    let at = |text: &str| time::parse_iso(text).unwrap();
    assert_eq!(filter(&browser, "f-from", "2026-05-19"), count(&|e| e.time.is_some_and(|t| t >= at("2026-05-19"))));
    let until = at("2026-05-18T01:31:00Z");
    assert_eq!(filter(&browser, "f-to", "2026-05-18 01:30"), count(&|e| e.time.is_some_and(|t| t < until)));
    let members = |event: &Event| event.findings.iter().any(|at| report.incidents[0].findings.contains(at));
    assert_eq!(filter(&browser, "f-incident", "0"), count(&members));
    let rules = browser.run("return [...document.getElementById('f-rule').options].map((option) => option.text)");
    let spray = rules.as_array().unwrap().iter().position(|name| name == &json!("Password spray")).unwrap();
    assert_eq!(filter(&browser, "f-rule", &(spray - 1).to_string()), report.findings[0].events.len() as u64);

    // Sorting, both ways.
    browser.run("document.querySelectorAll('#events-table thead button')[5].click()");
    assert_eq!(browser.text("return document.querySelector('#events-table th[aria-sort]').textContent"), "Account");
    let first = browser.text("return document.querySelector('#rows tr[data-at] td:nth-child(6)').textContent");
    browser.run("document.querySelectorAll('#events-table thead button')[5].click()");
    let last = browser.text("return document.querySelector('#rows tr[data-at] td:nth-child(6)').textContent");
    assert!(first < last, "{first} {last}");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_span_is_brushed_and_an_event_opens_its_record() {
    let Some(browser) = Browser::start() else { return };
    quiet(&browser, &written("brush", &case::breach()));
    browser.run("document.getElementById('brush').scrollIntoView({block: 'center', behavior: 'instant'})");
    let area = browser.run("const r = document.querySelector('#brush svg').getBoundingClientRect(); return [r.left, r.top, r.width, r.height].map(Math.round)");
    let side = |i: usize| area[i].as_i64().unwrap();
    let y = side(1) + side(3) / 2;
    browser.drag((side(0) + side(2) / 2, y), (side(0) + side(2) - 1, y));
    browser.wait("return document.getElementById('shown').textContent.includes('between')");
    let told = shown(&browser);
    assert!(!told.starts_with("141 of"), "{told}");
    // A click takes the span back.
    browser.drag((side(0) + 20, y), (side(0) + 20, y));
    browser.wait("return document.getElementById('shown').textContent.startsWith('141 of 141')");

    // The list is worked with the keyboard, and an event says where its record stands.
    browser.run("document.getElementById('viewport').focus()");
    browser.key('\u{e015}');
    browser.key('\u{e007}');
    browser.wait("return !document.getElementById('detail').hidden");
    let detail = browser.text("return document.getElementById('detail').textContent");
    assert!(detail.contains("InteractiveSignIns_2026-05-01_2026-05-31.json, record "), "{detail}");
    assert!(detail.contains("SHA-256 ") && detail.contains("UserPrincipalName"), "{detail}");

    // What is saved are the rows that are shown, and no cell of it is a formula.
    browser.run("window.saved = null; const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return make(blob); }");
    browser.run("const e = document.getElementById('f-finding'); e.value = 'F2'; e.dispatchEvent(new Event('input', {bubbles: true}))");
    browser.wait("return document.getElementById('shown').textContent.startsWith('1 of')");
    browser.run("document.getElementById('f-export').click()");
    browser.wait("return window.saved !== null");
    let saved = browser.text("return window.saved");
    assert_eq!(saved.lines().count(), 2, "{saved}");
    assert!(saved.contains("Add member to role"));

    // An entity opens by its link, and leads to its events.
    browser.run("location.hash = '#E1'");
    browser.wait("return document.querySelector('#E1 details').open");
    browser.run("document.querySelector('#E1 button[data-filter]').click()");
    browser.wait("return document.getElementById('f-user').value !== ''");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn hostile_text_stays_inert() {
    let Some(browser) = Browser::start() else { return };
    // Four to a page: each payload stands within what a table shows of a value.
    let mut payloads: Vec<String> = PAYLOADS.chunks(4).map(|four| four.join(" ")).collect();
    payloads.extend(["javascript:alert(5)".to_owned(), "A".repeat(1_000_000)]);
    for (number, payload) in payloads.iter().enumerate() {
        let payload: String = payload.chars().take(80).collect();
        quiet(&browser, &written(&format!("hostile-{number}"), &hostile(&payloads[number])));
        browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true; })");
        browser.run("document.querySelector('#rows tr[data-at]').click()");
        assert!(!browser.alerts(), "{payload:?}");
        let odd = browser.run(
            "return [...document.querySelectorAll('img, iframe, object, embed, link, base, form[action], [onmouseover], [onerror], [onload]')].length \
             + [...document.querySelectorAll('a')].filter((a) => !a.getAttribute('href').startsWith('#')).length \
             + Math.abs(document.querySelectorAll('script').length - 2)",
        );
        assert_eq!(odd, json!(0), "{payload:?}");
        assert_eq!(browser.console(), Vec::<String>::new(), "{payload:?}");
    }
    // The page's own policy stops what would slip through.
    browser.run("const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i)");
    browser.wait("return true");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(browser.console().iter().any(|line| line.contains("Content Security Policy")));
}

#[test]
fn everybody_can_read_it() {
    let Some(browser) = Browser::start() else { return };
    quiet(&browser, &written("access", &case::breach()));
    let list = |script: &str| {
        browser.run(&format!("return [...document.querySelectorAll('{script}')].map((n) => n.outerHTML.slice(0, 160))"))
    };
    assert_eq!(browser.run("return [document.documentElement.lang, document.querySelectorAll('main').length, document.querySelectorAll('h1').length]"), json!(["en", 1, 1]));
    for (what, none) in [
        (
            "a picture without a title",
            "svg[role=img]:not(:has(> title)), svg:not([role=img], [aria-hidden=true], [aria-hidden=true] *)",
        ),
        ("a table without a caption", "table:not(:has(> caption))"),
        ("a field without a label", "input:not(label *), select:not(label *)"),
        ("a section without a heading", "main section:not([aria-labelledby])"),
        ("a region without a name", "[role=region]:not([aria-label])"),
        ("a button without a word", "button:empty"),
    ] {
        assert_eq!(list(none), json!([]), "{what}");
    }
    // Headings go down one step at a time.
    let leaps = browser.run(
        "let before = 0; const bad = []; for (const h of document.querySelectorAll('h1,h2,h3,h4,h5')) { const n = +h.tagName[1]; if (n > before + 1) bad.push(h.textContent.slice(0, 80)); before = n; } return bad",
    );
    assert_eq!(leaps, json!([]));
    // The first stop of the keyboard skips the contents, and whatever has the focus shows it.
    browser.key('\u{e004}');
    assert_eq!(browser.text("return document.activeElement.className"), "skip");
    for _ in 0..4 {
        browser.key('\u{e004}');
    }
    assert_ne!(browser.text("return getComputedStyle(document.activeElement).outlineStyle"), "none");
    // Nothing runs out of a narrow window.
    browser.cdp(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": true}),
    );
    let wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert!(wide.as_i64().unwrap() <= 1, "{wide} pixels too wide");
    browser.cdp("Emulation.clearDeviceMetricsOverride", json!({}));
    assert!(browser.pdf().starts_with(b"%PDF"));
}

/// Without its script the page shows the same, but for the filters.
#[test]
fn it_reads_without_its_script() {
    let Some(browser) = Browser::start() else { return };
    browser.cdp("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&written("plain", &case::breach()));
    let rows = browser.run("return document.querySelectorAll('#rows tr').length");
    assert_eq!(rows, json!(141));
    assert_eq!(browser.run("return document.getElementById('filters').hidden"), json!(true));
}

/// What a large timeline costs: run with `cargo test --test report -- --ignored --nocapture large_timeline`.
#[test]
#[ignore = "a measurement"]
fn a_large_timeline_stays_quick() {
    let Some(browser) = Browser::start() else { return };
    let page = written("large", &case::large(100_000));
    let begin = std::time::Instant::now();
    quiet(&browser, &page);
    println!("opened in {} ms, {} bytes", begin.elapsed().as_millis(), std::fs::metadata(&page).unwrap().len());
    let spent = |what: &str, script: &str| {
        println!(
            "{what}: {} ms",
            browser.run(&format!("const t = performance.now(); {script}; return Math.round(performance.now() - t)"))
        );
    };
    spent("sort by account", "document.querySelectorAll('#events-table thead button')[5].click()");
    spent(
        "scroll",
        "const v = document.getElementById('viewport'); v.scrollTop = v.scrollHeight / 2; v.dispatchEvent(new Event('scroll')); void v.offsetHeight",
    );
    let begin = std::time::Instant::now();
    browser.run("const e = document.getElementById('f-text'); e.value = 'zzz'; e.dispatchEvent(new Event('input', {bubbles: true}))");
    browser.wait("return document.getElementById('shown').textContent.startsWith('0 of')");
    println!("filter by text, with the pause before it: {} ms", begin.elapsed().as_millis());
}

/// Pictures for the docs: run with `cargo test --test report -- --ignored pictures_for_the_docs`.
#[test]
#[ignore = "writes into docs/images"]
fn pictures_for_the_docs() {
    let Some(browser) = Browser::start() else { return };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    browser.open(&written("docs", &case::breach()));
    for (name, anchor, scheme) in [
        ("report-summary-light", "summary", "light"),
        ("report-timeline-light", "timeline", "light"),
        ("report-incident-dark", "I1", "dark"),
        ("report-signins-light", "signins", "light"),
    ] {
        browser.cdp(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        browser.run(&format!("document.documentElement.style.scrollBehavior = 'auto'; document.getElementById('{anchor}').scrollIntoView({{block: 'start'}})"));
        std::thread::sleep(std::time::Duration::from_millis(400));
        std::fs::write(folder.join(format!("{name}.png")), browser.screenshot()).unwrap();
    }
}
