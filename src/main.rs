//! The entrail program.

fn main() {}
