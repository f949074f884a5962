//! Pieces of work side by side, each finished before its thread begins another.
//!
//! A pool that steals work does not do here: a thread of it that waits for a query begins another rule meanwhile, on top
//! of the first, and so on; every rule that was begun keeps its rows in memory until all above it have ended.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, scope};

/// Stack of a thread that compiles queries, in bytes: a query of a hundred operators is a plan of some hundred
/// levels. Only what is used of it is taken from memory.
pub const STACK: usize = 256 << 20;

/// What `work` gives for each item, in their order, on at most so many threads, each with [`STACK`].
///
/// A panic of `work` is passed on once the others have ended. Where the system refuses further threads, those that run do
/// all of it; where it refuses every one, the caller's has to do.
///
/// ```
/// let squares = entrail::detect::abreast(&[1, 2, 3], 2, |n| n * n);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn abreast<'t, T: Sync, R: Send>(items: &'t [T], threads: usize, work: impl Fn(&'t T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done: Vec<(usize, R)> = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            done.push((at, work(item)));
        }
        done
    };
    let mut done = scope(|scope| {
        let spawn = |_| Builder::new().stack_size(STACK).spawn_scoped(scope, share).ok();
        let running: Vec<_> = (0..threads.clamp(1, items.len().max(1))).filter_map(spawn).collect();
        let own = if running.is_empty() { share() } else { Vec::new() };
        let others =
            running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|payload| resume_unwind(payload)));
        own.into_iter().chain(others).collect::<Vec<_>>()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(abreast(&items, 8, |n| n + 1), (1..=1000).collect::<Vec<_>>());
        assert!(abreast(&[] as &[usize], 8, |n| n + 1).is_empty());
        assert_eq!(abreast(&items, 0, |n| *n), items);
    }

    #[test]
    fn no_more_run_at_once_than_there_are_threads() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        abreast(&[(); 200], 3, |()| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // What a rule does: work in a pool of its own, for which the thread has to wait.
            rayon::join(std::thread::yield_now, std::thread::yield_now);
            running.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.into_inner() <= 3);
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let broken = catch_unwind(AssertUnwindSafe(|| abreast(&[1, 2, 3], 2, |n| assert_ne!(*n, 2))));
        assert!(broken.is_err());
    }
}
