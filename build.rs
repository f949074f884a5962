//! Rebuilds when a file is added to a folder that is embedded whole: the compiler alone sees only files it knows.

fn main() {
    println!("cargo::rerun-if-changed=queries");
    println!("cargo::rerun-if-changed=src/table/schema");
}
