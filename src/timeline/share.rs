//! How much of the timeline each finding may take: a rule that hits on everything must not crowd out the others, nor take
//! more memory than there is.

use crate::finding::{Finding, Source};

/// Records that the timeline takes at most, over all findings. Beyond this many lines nobody reads on, a page opens
/// slowly, and the lines of millions of records would not fit into memory.
pub const MOST: usize = 100_000;

/// The records of a finding that get a line, and how many do not: where there are more than `each`, the first and the last
/// of them, in the order of the evidence.
pub(super) fn sources(finding: &Finding, each: usize) -> (impl Iterator<Item = &Source>, u64) {
    let all = finding.sources.as_slice();
    let left_out = all.len().saturating_sub(each);
    let head = if left_out > 0 { each.div_ceil(2) } else { all.len() };
    let (first, last) = (all.get(..head), all.get(head + left_out..));
    (first.into_iter().chain(last).flatten(), left_out as u64)
}

/// The largest number of records that each finding may have on the timeline so that all together have at most `most`;
/// never less than two, the first and the last.
pub(super) fn each(findings: &[&Finding], most: usize) -> usize {
    let mut sizes: Vec<usize> = findings.iter().map(|finding| finding.sources.len()).collect();
    if sizes.iter().sum::<usize>() <= most {
        return usize::MAX;
    }
    sizes.sort_unstable();
    let (mut room, mut findings) = (most, sizes.len());
    for size in sizes {
        // What a small finding does not need is left to the larger ones.
        if size.saturating_mul(findings) >= room {
            break;
        }
        room -= size;
        findings -= 1;
    }
    (room / findings.max(1)).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(records: u64) -> Finding {
        let sources: Vec<Source> = (1..=records).map(|record| Source { evidence: 0, record }).collect();
        let text = String::new;
        Finding {
            id: text(),
            rule: text(),
            title: text(),
            severity: crate::finding::Severity::Low,
            sentence: text(),
            first: None,
            last: None,
            entities: Vec::new(),
            tactics: Vec::new(),
            techniques: Vec::new(),
            row: Vec::new(),
            sources,
            alerts: 1,
            limits: Vec::new(),
            iocs: Vec::new(),
        }
    }

    #[test]
    fn small_findings_keep_all_and_large_ones_share_the_rest() {
        let all = [finding(3), finding(1000), finding(40), finding(1000)];
        let all: Vec<&Finding> = all.iter().collect();
        assert_eq!(each(&all, 5000), usize::MAX);
        assert_eq!(each(&all, 243), 100);
        let kept = |most| all.iter().map(|f| sources(f, each(&all, most)).0.count()).collect::<Vec<_>>();
        assert_eq!(kept(243), [3, 100, 40, 100]);
        assert_eq!(kept(0), [2, 2, 2, 2]);
    }

    #[test]
    fn the_first_and_the_last_are_kept_and_the_others_counted() {
        let long = finding(1000);
        let (kept, left_out) = sources(&long, 5);
        assert_eq!(kept.map(|source| source.record).collect::<Vec<_>>(), [1, 2, 3, 999, 1000]);
        assert_eq!(left_out, 995);
        let (kept, left_out) = sources(&long, usize::MAX);
        assert_eq!((kept.count(), left_out), (1000, 0));
    }
}
