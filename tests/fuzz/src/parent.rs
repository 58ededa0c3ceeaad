//! Starts workers, sees them die or hang, and keeps what they found.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use niello_fuzz::{Target, cpu_seconds, inputs, scratch};

use crate::Arguments;

/// Seconds of CPU time after which an input hangs.
const HANG: f64 = 15.0;
/// Inputs that are kept of one fault.
const KEPT: usize = 3;

/// What was tried and found.
#[derive(Default)]
struct Report {
    /// By target: taken, refused.
    tried: BTreeMap<&'static str, [u64; 2]>,
    /// By fault: how often, and the first inputs.
    found: BTreeMap<String, (u64, Vec<PathBuf>)>,
    /// The most memory of an input without a finding, in MB.
    peak: u64,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    let report = Arc::new(Mutex::new(Report::default()));
    let jobs: Vec<_> = (0..arguments.jobs)
        .map(|job| {
            let report = report.clone();
            let arguments = Arguments {
                first: arguments.first + job,
                step: arguments.jobs,
                ..arguments.clone()
            };
            std::thread::spawn(move || watch(arguments, job, end, &report))
        })
        .collect();
    for job in jobs {
        let _ = job.join();
    }
    let report = report.lock().unwrap_or_else(|e| e.into_inner());
    let mut total = 0;
    for (target, [taken, refused]) in &report.tried {
        println!(
            "{target:<10} {:>8} inputs: {taken} compiled, {refused} refused",
            taken + refused
        );
        total += taken + refused;
    }
    // What inputs are made of may have needed a folder, too.
    let _ = std::fs::remove_dir_all(scratch("own"));
    println!(
        "{total} inputs of seed {} in {} s; at most {} MB",
        arguments.seed, arguments.seconds, report.peak
    );
    for (fault, (count, files)) in &report.found {
        println!("{count} x {fault}");
        for file in files {
            println!("    {}", file.display());
        }
    }
    println!("{} findings", report.found.len());
    // Nothing was found only where something was looked for, until the end.
    if report.found.is_empty() && total > 0 && Instant::now() >= end {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A worker with what it says.
struct Worker {
    child: Child,
    lines: Receiver<String>,
    errors: Arc<Mutex<String>>,
}

impl Worker {
    fn start(arguments: &Arguments, scratch: &PathBuf) -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--worker")
            .args(["--seed", &arguments.seed.to_string()])
            .args(["--first", &arguments.first.to_string()])
            .args(["--step", &arguments.step.to_string()])
            .env("NIELLO_FUZZ_SCRATCH", scratch)
            // What there was no memory for is in the trace.
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(target) = arguments.target {
            command.args(["--target", target.name()]);
        }
        let mut child = command.spawn()?;
        let (sender, lines) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let errors = Arc::new(Mutex::new(String::new()));
        if let Some(out) = child.stderr.take() {
            let errors = errors.clone();
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = out.take(1 << 16).read_to_string(&mut text);
                if let Ok(mut errors) = errors.lock() {
                    *errors = text;
                }
            });
        }
        Ok(Self {
            child,
            lines,
            errors,
        })
    }

    fn stop(mut self) -> String {
        let _ = self.child.kill();
        let status = self.child.wait();
        // What it said last is still on its way.
        std::thread::sleep(Duration::from_millis(50));
        let errors = self.errors.lock().map(|e| e.clone()).unwrap_or_default();
        let first = errors.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
        // Numbers vary from input to input.
        let first: String = first.chars().filter(|c| !c.is_ascii_digit()).collect();
        let place = errors
            .lines()
            .find_map(|l| Some(l.split_once("niello_compiler::")?.1));
        let status = status.map_or(String::new(), |s| s.to_string());
        format!("{status} {first} in {}", place.unwrap_or("?"))
    }
}

/// Keeps one worker busy until `end`.
fn watch(mut arguments: Arguments, job: u64, end: Instant, report: &Mutex<Report>) {
    let scratch = scratch(&job.to_string());
    let mut idle = 0;
    while Instant::now() < end && idle < 3 {
        idle += 1;
        let mut worker = match Worker::start(&arguments, &scratch) {
            Ok(worker) => worker,
            Err(error) => {
                eprintln!("cannot start a worker: {error}");
                break;
            }
        };
        let process = worker.child.id().to_string();
        // The input that it is at, and its CPU time when it began.
        let mut current = None;
        let fault = loop {
            match worker.lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    idle = 0;
                    if let Some(number) = line.strip_prefix("try ") {
                        current = number.parse().ok().map(|n: u64| (n, cpu_seconds(&process)));
                    } else if let (Some(result), Some((number, _))) =
                        (line.strip_prefix("end "), current)
                    {
                        ended(&arguments, number, result, report);
                        current = None;
                        arguments.first = number + arguments.step;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some((_, start)) = current
                        && cpu_seconds(&process) - start > HANG
                    {
                        break Some(format!("hang: more than {HANG} s"));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            if Instant::now() >= end {
                break Some(String::new());
            }
            if matches!(worker.child.try_wait(), Ok(Some(_))) && current.is_none() {
                break None;
            }
        };
        let said = worker.stop();
        let Some((number, _)) = current else {
            if fault.is_none() {
                eprintln!("a worker ended: {said}");
                std::thread::sleep(Duration::from_secs(1));
            }
            continue;
        };
        arguments.first = number + arguments.step;
        match fault {
            // Out of time in the middle of an input.
            Some(fault) if fault.is_empty() => {}
            Some(fault) => found(&arguments, number, &fault, report),
            None => found(&arguments, number, &format!("death: {said}"), report),
        }
    }
    let _ = std::fs::remove_dir_all(&scratch);
}

fn target_of(arguments: &Arguments, number: u64) -> Target {
    arguments
        .target
        .unwrap_or_else(|| Target::of_number(number))
}

/// `<peak in MB> taken`, `.. refused`, `.. found <what>`.
fn ended(arguments: &Arguments, number: u64, result: &str, report: &Mutex<Report>) {
    let (peak, result) = result.split_once(' ').unwrap_or(("0", result));
    let target = target_of(arguments, number);
    if let Some(fault) = result.strip_prefix("found ") {
        found(arguments, number, fault, report);
    }
    if let Ok(mut report) = report.lock() {
        let counts = report.tried.entry(target.name()).or_default();
        counts[usize::from(result != "taken")] += 1;
        if !result.starts_with("found ") {
            report.peak = report.peak.max(peak.parse().unwrap_or(0));
        }
    }
}

/// Keeps the input of a finding, the first few of each fault.
fn found(arguments: &Arguments, number: u64, fault: &str, report: &Mutex<Report>) {
    let target = target_of(arguments, number);
    // Numbers vary from input to input: one fault all the same.
    let kind = match fault.strip_prefix("slow: ") {
        Some(what) => format!("slow: {}", what.split(" took").next().unwrap_or(what)),
        None => fault.chars().take(300).collect(),
    };
    let place = kind.split(": ").next().unwrap_or("");
    let kind = if place.contains(".rs:") {
        let rest: String = kind[place.len()..]
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        format!("{}: {place}{}", target.name(), squeezed(&rest))
    } else {
        format!("{}: {kind}", target.name())
    };
    let Ok(mut report) = report.lock() else {
        return;
    };
    let (count, files) = report.found.entry(kind).or_default();
    *count += 1;
    if files.len() >= KEPT {
        return;
    }
    let (what, bytes) = inputs::generate(target, arguments.seed, number);
    let folder = PathBuf::from("target/fuzz");
    let ending = match target {
        Target::Models => "tflite",
        Target::Arguments => "txt",
        Target::Datasets | Target::Cache => "bin",
    };
    let name = format!("{}-{}-{number}", target.name(), arguments.seed);
    let file = folder.join(format!("{name}.{ending}"));
    let about = format!("{fault}\nmade of: {what}\n");
    let kept = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, bytes))
        .and_then(|()| std::fs::write(folder.join(format!("{name}.about")), about));
    if let Err(error) = kept {
        eprintln!("cannot keep {}: {error}", file.display());
    }
    println!("found {}: {fault} ({what})", file.display());
    files.push(file);
}

/// Runs of zeros as one.
fn squeezed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c != '0' || !out.ends_with('0') {
            out.push(c);
        }
    }
    out
}
