//! Converted tables: what is read back from Parquet is what was loaded, and no table of an earlier run stays behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::fs::File;
use std::path::{Path, PathBuf};

use entrail::ingest::{Ingested, Options, ingest};
use entrail::report::{self, Dataset};
use entrail::table::{Cell, RecordId, Schema, Shape, Table, TableBuilder, Type, UNIX_EPOCH_TICKS, time};
use polars::prelude::{AnyValue, DataFrame, DataType, SerReader, TimeUnit};
use polars_io::prelude::ParquetReader;

fn samples() -> Ingested {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/exports");
    ingest(&[folder], &Options::default(), &|_| {}).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> DataFrame {
    ParquetReader::new(File::open(path).unwrap()).finish().unwrap()
}

/// A value read back, in the terms of the table.
fn same(read: &AnyValue<'_>, cell: Cell<'_>, ty: Type) -> bool {
    match (read, cell) {
        (AnyValue::Null, Cell::Null) => true,
        (AnyValue::String(text), Cell::Null) => text.is_empty() && ty == Type::String,
        (AnyValue::String(text), Cell::Integer(ticks)) => ty == Type::Timespan && *text == time::span(ticks),
        (AnyValue::String(a), Cell::Text(b)) => *a == b,
        (AnyValue::Boolean(a), Cell::Bool(b)) => *a == b,
        (AnyValue::Float64(a), Cell::Real(b)) => a.to_bits() == b.to_bits(),
        (AnyValue::Int32(a), Cell::Integer(b)) => ty == Type::Int && i64::from(*a) == b,
        (AnyValue::Int64(a), Cell::Integer(b)) => *a == b,
        (AnyValue::Datetime(nanoseconds, TimeUnit::Nanoseconds, Some(_)), Cell::Integer(ticks)) => {
            *nanoseconds == (ticks - UNIX_EPOCH_TICKS) * 100
        }
        (AnyValue::Datetime(micros, TimeUnit::Microseconds, Some(_)), Cell::Integer(ticks)) => {
            *micros == time::unix_micros(ticks)
        }
        _ => false,
    }
}

fn compare(table: &Table, frame: &DataFrame) {
    assert_eq!(frame.height(), table.rows());
    for field in &table.schema().fields {
        let column = frame.column(&field.name).unwrap();
        for row in 0..table.rows() {
            let (found, cell) = (column.get(row).unwrap(), table.cell(row, &field.name));
            assert!(same(&found.as_borrowed(), cell, field.ty), "{} row {row}: {found:?}, loaded {cell:?}", field.name);
        }
    }
}

#[test]
fn parquet_gives_back_what_was_loaded() {
    let given = samples();
    let place = tempfile::tempdir().unwrap();
    let output = report::prepare(&place.path().join("tables"), false, &[]).unwrap();
    report::convert(&given.tables, &given.manifest, Dataset::Parquet, true, &output).unwrap();
    for (name, table) in given.tables.iter() {
        compare(table, &read(&output.dir().join(format!("{name}.parquet"))));
    }
    let script = std::fs::read_to_string(output.dir().join("load.kql")).unwrap();
    for part in ["ingestion parquet mapping", "SigninLogs.parquet", "format='parquet'", "\"Path\":\"$['ResultType']\""]
    {
        assert!(script.contains(part), "{part}: {script}");
    }
}

/// Times beyond the nanoseconds of 64 bits, and more rows than are written at once.
#[test]
fn parquet_types_follow_the_values() {
    let schema = Schema::known("SecurityAlert").unwrap();
    let (time, long) = (schema.position("TimeGenerated").unwrap(), schema.position("EndTime").unwrap());
    let mut builder = TableBuilder::new(schema.clone());
    let shape = builder.shape(&Shape::default());
    let rows = 70_000;
    for row in 0..rows {
        builder.set(time, Cell::Integer(UNIX_EPOCH_TICKS + row * 17));
        builder.set(long, Cell::Integer(if row == 3 { 3_155_378_975_999_999_990 } else { UNIX_EPOCH_TICKS }));
        builder.close(RecordId { evidence: 0, number: row as u64 + 1 }, shape);
    }
    let table = builder.finish();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("x.parquet");
    Dataset::Parquet.write(&table, &mut File::create(&path).unwrap()).unwrap();
    let frame = read(&path);
    compare(&table, &frame);
    let unit = |name: &str| match frame.column(name).unwrap().dtype() {
        DataType::Datetime(unit, Some(_)) => *unit,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!((unit("TimeGenerated"), unit("EndTime")), (TimeUnit::Nanoseconds, TimeUnit::Microseconds));
}

#[test]
fn an_earlier_run_leaves_no_table_behind() {
    let given = samples();
    let place = tempfile::tempdir().unwrap();
    let folder: PathBuf = place.path().join("tables");
    let output = report::prepare(&folder, false, &[]).unwrap();
    report::convert(&given.tables, &given.manifest, Dataset::JsonLines, true, &output).unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    std::fs::write(folder.join("Notes.csv"), "mine,too").unwrap();
    assert!(names(&folder).contains(&"AuditLogs.jsonl".to_owned()));

    let one = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/exports/purview");
    let fewer = ingest(&[one], &Options::default(), &|_| {}).unwrap();
    let output = report::prepare(&folder, true, &[]).unwrap();
    let written = report::convert(&fewer.tables, &fewer.manifest, Dataset::Parquet, false, &output).unwrap();
    let mut expected: Vec<String> =
        written.iter().map(|file| file.path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    expected.extend(["notes.txt".to_owned(), "Notes.csv".to_owned()]);
    expected.sort();
    assert_eq!(names(&folder), expected, "what is not ours stays, what an earlier run wrote does not");
}
