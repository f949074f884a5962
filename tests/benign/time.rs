//! Times of March 2026 in UTC, in milliseconds since its begin.

pub const DAY: i64 = 86_400_000;

/// A time of a day from 1 to 31.
pub fn at(day: i64, hour: i64, minute: i64) -> i64 {
    (day - 1) * DAY + (hour * 60 + minute) * 60_000
}

/// `2026-03-04T08:15:30.120Z`, with as many digits as are asked for.
pub fn iso(time: i64, digits: usize) -> String {
    let (day, rest) = (time / DAY + 1, time % DAY);
    let base = format!("2026-03-{day:02}T{:02}:{:02}:{:02}", rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    match digits {
        0 => format!("{base}Z"),
        _ => format!("{base}.{:0<digits$}Z", format!("{:03}", rest % 1000)),
    }
}

/// `3/4/2026 8:15:30 AM`, as the unified log's export writes it.
pub fn american(time: i64) -> String {
    let (day, rest) = (time / DAY + 1, time % DAY);
    let hour = rest / 3_600_000;
    let half = if hour < 12 { "AM" } else { "PM" };
    let shown = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("3/{day}/2026 {shown}:{:02}:{:02} {half}", rest / 60_000 % 60, rest / 1000 % 60)
}

/// Monday to Friday: 1 March 2026 is a Sunday.
pub fn workday(day: i64) -> bool {
    !matches!(day % 7, 0 | 1)
}
