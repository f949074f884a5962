//! Pictures as SVG: drawn with the page's own colours, each with a title and a text that says the same.

use std::fmt::Write;

use super::escape::escaped;
use crate::finding::Severity;
use crate::report::Steps;
use crate::report::summary::count;
use crate::table::time;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 52.0;

/// A named series of a stacked chart: its word and the class that colours it.
pub type Series<'a> = (&'a str, &'a str);

/// Columns over time, each stacked from the series.
pub fn stacked(title: &str, steps: Steps, series: &[Series<'_>], values: &[Vec<u64>]) -> String {
    let height = 150.0;
    let total = |step: &Vec<u64>| step.iter().sum::<u64>();
    let most = values.iter().map(total).max().unwrap_or(0).max(1);
    let width = (WIDTH - LEFT) / steps.count.max(1) as f64;
    let mut svg = head(title, height + 26.0, &describe(steps, series, values));
    for part in [0.5, 1.0] {
        let y = 8.0 + (1.0 - part) * (height - 8.0);
        let label = count((most as f64 * part).round() as u64);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1}" y2="{y:.1}"/><text class="axis" text-anchor="end" x="{:.1}" y="{:.1}">{label}</text>"#,
            LEFT - 6.0,
            y + 4.0
        );
    }
    for (step, counts) in values.iter().enumerate() {
        let mut top = height;
        let x = LEFT + step as f64 * width;
        let _ = write!(svg, "<g><title>{}</title>", escaped(&step_text(steps, step, series, counts)));
        for ((_, class), n) in series.iter().zip(counts).filter(|(_, n)| **n > 0) {
            let tall = (*n as f64 / most as f64 * (height - 8.0)).max(1.0);
            top -= tall;
            let _ = write!(
                svg,
                r#"<rect class="{class}" x="{:.1}" y="{top:.1}" width="{:.1}" height="{tall:.1}"/>"#,
                x + width * 0.08,
                width * 0.84
            );
        }
        svg.push_str("</g>");
    }
    time_axis(&mut svg, steps, height);
    svg.push_str("</svg>");
    svg
}

/// One mark on a lane.
pub struct Mark {
    /// Begin and end in ticks.
    pub span: (i64, i64),
    /// Shape.
    pub severity: Severity,
    /// Class that colours it.
    pub class: &'static str,
    /// Text shown on hover.
    pub text: String,
    /// Anchor that it leads to.
    pub anchor: String,
}

/// One lane for each name: what happened to it when, within a span of ticks.
pub fn lanes(title: &str, window: (i64, i64), lanes: &[(String, Vec<Mark>)]) -> String {
    const NAMES: f64 = 250.0;
    const LANE: f64 = 34.0;
    let height = lanes.len() as f64 * LANE + 6.0;
    // A little air on both sides, so that the first and the last mark stand free.
    let air = ((window.1 - window.0) / 30).max(time::TICKS_PER_DAY / 48);
    let window = (window.0 - air, window.1 + air);
    let span = (window.1 - window.0) as f64;
    let place = |ticks: i64| NAMES + ((ticks - window.0) as f64 / span).clamp(0.0, 1.0) * (WIDTH - NAMES);
    let said: Vec<String> = lanes.iter().map(|(name, marks)| format!("{name}: {}", marks.len())).collect();
    let mut svg = head(title, height + 26.0, &format!("Findings per account. {}.", said.join("; ")));
    for (ticks, label) in instants(window) {
        let x = place(ticks);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="0" y2="{height}"/><text class="axis" text-anchor="middle" x="{x:.1}" y="{:.1}">{label}</text>"#,
            height + 18.0
        );
    }
    for (row, (name, marks)) in lanes.iter().enumerate() {
        let middle = 6.0 + LANE * (row as f64 + 0.5);
        let _ = write!(
            svg,
            r#"<text class="lane" x="0" y="{:.1}">{}</text><line class="grid" x1="{NAMES}" x2="{WIDTH}" y1="{middle:.1}" y2="{middle:.1}"/>"#,
            middle + 4.0,
            escaped(&ellipsis(name, 36))
        );
        let (mut before, mut level) = (f64::NEG_INFINITY, 0);
        for mark in marks {
            let (from, to) = (place(mark.span.0), place(mark.span.1));
            // Marks that would cover each other step aside.
            level = if from - before < 14.0 { (level + 1) % 3 } else { 0 };
            before = from;
            let y = middle + [0.0, -10.0, 10.0][level];
            let (class, shape) = (mark.class, mark.severity.word());
            let _ = write!(
                svg,
                r##"<a href="#{}"><title>{}</title><line class="s-{class}" x1="{from:.1}" x2="{to:.1}" y1="{y:.1}" y2="{y:.1}"/><use href="#m-{shape}" class="f-{class}" x="{:.1}" y="{:.1}" width="14" height="14"/></a>"##,
                escaped(&mark.anchor),
                escaped(&mark.text),
                from - 7.0,
                y - 7.0
            );
        }
    }
    let _ = write!(svg, r#"<line class="base" x1="{NAMES}" x2="{WIDTH}" y1="{height}" y2="{height}"/></svg>"#);
    svg
}

/// Round instants within a span, at most nine, with their labels: dates, or hours within a few days.
fn instants(window: (i64, i64)) -> Vec<(i64, String)> {
    const HOUR: i64 = time::TICKS_PER_DAY / 24;
    let lengths = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2160, 8760].map(|hours| hours * HOUR);
    let fits = |length: &i64| (window.1 - window.0) / length <= 8;
    let length = lengths.into_iter().find(fits).unwrap_or((window.1 - window.0) / 8 + 1);
    let first = window.0 + (length - window.0.rem_euclid(length)) % length;
    (0..9)
        .map(|i| first + i * length)
        .filter(|ticks| *ticks <= window.1)
        .map(|ticks| {
            let text = time::short(ticks);
            let (day, hour) = text.split_at(text.len().min(10));
            let hour: String = hour.chars().take(6).collect();
            (ticks, if ticks % time::TICKS_PER_DAY == 0 { day.to_owned() } else { hour.trim().to_owned() })
        })
        .collect()
}

/// Weekdays by hours, darker for more.
pub fn week(title: &str, counts: &[[u64; 24]; 7]) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const CELL: f64 = 24.0;
    let most = counts.iter().flatten().copied().max().unwrap_or(0);
    let per_day: Vec<String> =
        DAYS.iter().zip(counts).map(|(day, hours)| format!("{day} {}", hours.iter().sum::<u64>())).collect();
    let width = 40.0 + 24.0 * CELL;
    let mut svg = format!(
        r#"<svg class="week" viewBox="0 0 {width} {}" role="img"><title>{}</title><desc>Sign-ins by weekday: {}.</desc>"#,
        7.0 * CELL + 20.0,
        escaped(title),
        per_day.join(", ")
    );
    for (day, hours) in counts.iter().enumerate() {
        let y = day as f64 * CELL;
        let _ = write!(svg, r#"<text class="axis" x="0" y="{:.1}">{}</text>"#, y + 16.0, DAYS[day]);
        for (hour, n) in hours.iter().enumerate() {
            let _ = write!(
                svg,
                r#"<rect class="h{}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"><title>{} {hour:02}:00: {}</title></rect>"#,
                heat(*n, most),
                40.0 + hour as f64 * CELL,
                y,
                CELL - 2.0,
                CELL - 2.0,
                DAYS[day],
                count(*n)
            );
        }
    }
    for hour in (0..24).step_by(6) {
        let _ = write!(
            svg,
            r#"<text class="axis" x="{:.1}" y="{:.1}">{hour:02}:00</text>"#,
            40.0 + f64::from(hour) * CELL,
            7.0 * CELL + 14.0
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Shade of a heat map from 0 (nothing) to 5 (the most), on a logarithmic scale: ten rows differ visibly from none
/// beside a day of a million.
pub fn heat(n: u64, most: u64) -> usize {
    if n == 0 || most == 0 {
        return 0;
    }
    let share = ((n as f64).ln_1p() / (most as f64).ln_1p()).clamp(0.0, 1.0);
    ((share * 5.0).ceil() as usize).clamp(1, 5)
}

fn head(title: &str, height: f64, text: &str) -> String {
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{}</title><desc>{}</desc>"#,
        escaped(title),
        escaped(text)
    )
}

fn describe(steps: Steps, series: &[Series<'_>], values: &[Vec<u64>]) -> String {
    let busiest =
        values.iter().enumerate().max_by_key(|(step, counts)| (counts.iter().sum::<u64>(), std::cmp::Reverse(*step)));
    let busiest = busiest.map(|(step, counts)| format!("Most: {}.", step_text(steps, step, series, counts)));
    let totals: Vec<String> = series
        .iter()
        .enumerate()
        .map(|(i, (word, _))| {
            format!("{} {word}", count(values.iter().filter_map(|counts| counts.get(i)).sum::<u64>()))
        })
        .collect();
    format!("In all {}. {}", totals.join(", "), busiest.unwrap_or_default())
}

fn step_text(steps: Steps, step: usize, series: &[Series<'_>], counts: &[u64]) -> String {
    let parts = series.iter().zip(counts).filter(|(_, n)| **n > 0);
    let parts: Vec<String> = parts.map(|((word, _), n)| format!("{} {word}", count(*n))).collect();
    let parts = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
    format!("{}: {parts}", span_text(steps, step))
}

/// The day or days of a step.
pub fn span_text(steps: Steps, step: usize) -> String {
    let first = day(steps.begin(step));
    if steps.days == 1 {
        return first;
    }
    format!("{first} to {}", day(steps.begin(step + 1) - 1))
}

/// The date of a time.
pub fn day(ticks: i64) -> String {
    time::short(ticks).chars().take(10).collect()
}

fn time_axis(svg: &mut String, steps: Steps, height: f64) {
    let (left, right) = (LEFT, WIDTH);
    let _ = write!(svg, r#"<line class="base" x1="{left}" x2="{right}" y1="{height}" y2="{height}"/>"#);
    let width = (right - left) / steps.count.max(1) as f64;
    // A date needs about 84 units; more of them than fit would run together.
    let every = ((84.0 / width).ceil() as usize).max(1);
    for step in (0..steps.count).step_by(every) {
        let x = left + step as f64 * width;
        if x + 64.0 > right && step > 0 {
            break;
        }
        let _ = write!(
            svg,
            r#"<line class="base" x1="{x:.1}" x2="{x:.1}" y1="{height}" y2="{:.1}"/><text class="axis" x="{x:.1}" y="{:.1}">{}</text>"#,
            height + 4.0,
            height + 18.0,
            day(steps.begin(step))
        );
    }
}

/// The beginning of a text that is too long.
pub fn ellipsis(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}
