//! Other runtimes, as programs beside this one.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The folder of this crate.
pub const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// A program that runs models on request.
pub struct Peer {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// LiteRT with one thread.
    ///
    /// # Errors
    /// If Python or LiteRT is missing, or a model does not load.
    pub fn litert(paths: &[String]) -> Result<Self, String> {
        let python = std::env::var("NIELLO_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut command = Command::new(&python);
        command.arg(format!("{FOLDER}/peers/litert.py")).args(paths);
        Self::start(&mut command).map_err(|e| {
            format!(
                "{python} does not run LiteRT: pip install ai-edge-litert, or set NIELLO_PYTHON ({e})"
            )
        })
    }

    /// The program of tract, if it has been built.
    pub fn tract(paths: &[String]) -> Option<Self> {
        let program = format!("{FOLDER}/peers/tract/target/release/tract-peer");
        Self::start(Command::new(program).args(paths)).ok()
    }

    fn start(command: &mut Command) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        let ask = process.stdin.take().ok_or("no stdin")?;
        let mut answers = BufReader::new(process.stdout.take().ok_or("no stdout")?);
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|e| e.to_string())?;
        if line.trim() != "ready" {
            return Err(format!("it says {:?}", line.trim()));
        }
        Ok(Self {
            process,
            ask,
            answers,
        })
    }

    /// Measures the nanoseconds of one run.
    ///
    /// # Errors
    /// What the program says in place of a number.
    pub fn time(&mut self, model: usize, count: usize) -> Result<f64, String> {
        writeln!(self.ask, "{model} {count}").map_err(|e| e.to_string())?;
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        let total: f64 = line
            .trim()
            .parse()
            .map_err(|_| format!("it says {line:?}"))?;
        Ok(total / count as f64)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
