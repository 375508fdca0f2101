//! Figures of a run: printed, kept as JSON with the machine they are from, and two of them side by side.

use std::fs;
use std::process::Command;

use serde_json::{json, Value};

/// What has been measured so far.
pub struct Report {
    sections: Vec<Value>,
    rows: Vec<Value>,
}

impl Report {
    pub fn new() -> Report {
        Report {
            sections: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Begins a section. `unit`: of its figures.
    pub fn section(&mut self, title: &str, unit: &str) {
        if !self.sections.is_empty() {
            println!();
        }
        println!("{title}, {unit}");
        self.end_section();
        self.sections.push(json!({ "title": title, "unit": unit }));
    }

    /// A figure of this section. `ratio`: to what the section compares with.
    pub fn row(&mut self, name: &str, value: f64, ratio: Option<f64>) {
        match ratio {
            Some(ratio) => println!("  {name:<44} {value:>10.1}  {ratio:>7.2}x"),
            None => println!("  {name:<44} {value:>10.1}"),
        }
        self.rows
            .push(json!({ "name": name, "value": value, "ratio": ratio }));
    }

    fn end_section(&mut self) {
        if let Some(section) = self.sections.last_mut() {
            section["rows"] = std::mem::take(&mut self.rows).into();
        }
    }

    /// Writes all figures to `bench/COMMIT.json`.
    pub fn write(mut self) {
        self.end_section();
        let commit = output("git", &["describe", "--always", "--dirty", "--exclude", "*"]);
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name"));
        let report = json!({
            "commit": commit,
            "date": output("date", &["--utc", "+%FT%TZ"]),
            "kernel": output("uname", &["-r"]),
            "machine": model.map(|model| model.trim_start_matches([' ', '\t', ':'])),
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "sections": self.sections,
        });
        let path = format!("bench/{commit}.json");
        let written = fs::create_dir_all("bench").and_then(|()| fs::write(&path, format!("{report:#}\n")));
        match written {
            Ok(()) => println!("\nwritten to {path}; make bench-compare A={path} B=… compares it"),
            Err(error) => println!("\n{path} cannot be written: {error}"),
        }
    }
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().into(),
    )
}

/// Prints two reports side by side: ratios where both have them, since two runs are not the same machine.
pub fn compare(a: &str, b: &str) -> Result<(), String> {
    let (a, b) = (read(a)?, read(b)?);
    for (name, report) in [("A", &a), ("B", &b)] {
        println!(
            "{name}: {} on {} of {}",
            report["commit"], report["kernel"], report["date"]
        );
    }
    for section in list(&b, "sections") {
        println!("\n{}", text(section, "title"));
        let before = list(&a, "sections").find(|other| other["title"] == section["title"]);
        for row in list(section, "rows") {
            let other =
                before.and_then(|before| list(before, "rows").find(|other| other["name"] == row["name"]));
            let (figure, unit) = match row["ratio"].is_null() {
                true => ("value", text(section, "unit")),
                false => ("ratio", "x"),
            };
            let number = |row: &Value| row[figure].as_f64().unwrap_or(f64::NAN);
            let new = number(row);
            let name = text(row, "name");
            match other.map(number) {
                Some(old) => println!(
                    "  {name:<60} {old:>10.2} {new:>10.2} {unit}  {:+.0}%",
                    (new / old - 1.0) * 100.0
                ),
                None => println!("  {name:<60} {:>10} {new:>10.2} {unit}", "-"),
            }
        }
    }
    Ok(())
}

fn read(path: &str) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}
