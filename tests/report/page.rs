//! The page as a whole.

use std::path::Path;

use entrail::report::{prepare, write_all};

use crate::case;

/// Leaves a page to look at in the build folder: open it in a browser when the design changes.
#[test]
fn a_page_to_look_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let story = case::breach();
    let output = prepare(&folder, true, &[]).unwrap();
    let written = write_all(&story.report(), &output).unwrap();
    assert_eq!(written.len(), 7);
    assert!(written.iter().all(|file| file.bytes > 0));
}
