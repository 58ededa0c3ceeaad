//! The command line.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

/// The exit code if a model could not be read, compiled or measured, or a file not be written.
pub(crate) const FAILED: u8 = 1;

/// The exit code if a model became worse, or does not reach what is asked for.
pub(crate) const WORSE: u8 = 3;

/// The exit code if the user has stopped it before anything was computed.
pub(crate) const STOPPED: u8 = 130;

/// Analyse models and their int8 programs, as niello::include_model! compiles them.
///
/// Without a model, commands work on the include_model! calls of the crate in this folder, with
/// the options of each call. Results of calibration are shared with the macro by its cache.
#[derive(Parser)]
#[command(name = "cargo niello", bin_name = "cargo niello", version)]
#[command(
    after_help = "Exit codes: 0 done; 1 a model could not be read, compiled or measured; \
2 wrong usage; 3 a model became worse (check) or no setting meets the target (search); 130 stopped by Ctrl-C before there was a result.\n\
NO_COLOR switches colours off. NIELLO_CACHE names the cache's folder, or `off`."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show inputs, outputs, operators and memory; needs no dataset
    Inspect(Inspect),
    /// Analyse tensors, operators, outputs and memory on samples
    Report(Report),
    /// Report again whenever a model, its dataset or its call changes
    Watch(Report),
    /// Compare calibration methods and options side by side
    Compare(Compare),
    /// Exchange one operator at a time between int8 and float
    Sensitivity(Sensitivity),
    /// Find options that meet a target at the least cost
    Search(Search),
    /// Write the int8 program as a .tflite file
    Export(Export),
    /// Write the part of a model between tensors as a .tflite file with its dataset
    Cut(Cut),
    /// Compare accuracy, memory and work with a file that is under version control
    Check(Check),
}

/// What a command works on.
#[derive(Group)]
pub(crate) struct Target {
    /// A .tflite file, or the function of an include_model! call; by default all calls of the
    /// crate
    pub model: Option<String>,

    /// The representative dataset, as for the macro
    #[arg(long, value_name = "PATH")]
    pub dataset: Option<PathBuf>,

    /// The file with the labels, if it is not the dataset
    #[arg(long, value_name = "PATH")]
    pub labels: Option<PathBuf>,

    /// Options in the macro's syntax, which go before those of a call:
    /// --with 'samples = 100, calibration = minmax'
    #[arg(long, value_name = "OPTIONS")]
    pub with: Option<String>,

    /// The Cargo.toml of the crate whose calls are meant
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,

    /// Print one JSON document instead of text; docs/workflow.md describes it
    #[arg(long)]
    pub json: bool,
}

#[derive(Group)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub target: Target,
}

#[derive(Group)]
pub(crate) struct Report {
    #[command(flatten)]
    pub target: Target,

    /// Write everything into one page without links to other files
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// How many rows the terminal's lists have
    #[arg(long, default_value_t = 10)]
    pub rows: usize,
}

#[derive(Group)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub target: Target,

    /// A setting in the macro's syntax, again for each; replaces the usual list
    #[arg(long, value_name = "OPTIONS")]
    pub setting: Vec<String>,
}

#[derive(Group)]
pub(crate) struct Sensitivity {
    #[command(flatten)]
    pub target: Target,

    /// How many samples are measured at most
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub measure: usize,
}

#[derive(Group)]
pub(crate) struct Search {
    #[command(flatten)]
    pub target: Target,

    /// What an output is to reach, as in require(..), again for each; by default what the call
    /// requires: --target 'scores: sqnr_db >= 30'
    #[arg(long = "target", value_name = "CLAUSE")]
    pub targets: Vec<String>,

    /// After so many seconds no further setting is tried; the same command goes on
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<u64>,

    /// On how many samples a setting is measured at most while the search goes on
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub measure: usize,

    /// Put the options that were found into the call
    #[arg(long)]
    pub write: bool,
}

#[derive(Group)]
pub(crate) struct Export {
    #[command(flatten)]
    pub target: Target,

    /// The file to write, for one model; by default `<function or file>_int8.tflite` in this
    /// folder
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The runtime that is to give the emitted code's bytes
    #[arg(long = "for", value_enum, default_value_t = Runtime::Micro)]
    pub runtime: Runtime,
}

#[derive(Group)]
pub(crate) struct Cut {
    #[command(flatten)]
    pub target: Target,

    /// The tensors that the part begins with: its inputs
    #[arg(long, value_name = "TENSOR", num_args = 1.., required = true)]
    pub from: Vec<String>,

    /// The tensors that the part ends with: its outputs
    #[arg(long, value_name = "TENSOR", num_args = 1.., required = true)]
    pub to: Vec<String>,

    /// The file to write; the part's dataset goes beside it, with the extension .npz
    #[arg(long, short, value_name = "FILE", default_value = "part.tflite")]
    pub output: PathBuf,
}

/// Runtimes that read exported files.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Runtime {
    /// TensorFlow Lite Micro
    Micro,
    /// LiteRT, with its reference kernels
    Litert,
}

#[derive(Group)]
pub(crate) struct Check {
    #[command(flatten)]
    pub target: Target,

    /// The file; by default niello.toml beside the crate's Cargo.toml
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// Write what was measured into the file
    #[arg(long)]
    pub write: bool,

    /// A metric of your own: runs the command with the path of a .npz as last argument, which has
    /// the outputs `float:<output>` and `int8:<output>` of the measuring samples, and keeps the
    /// number that it prints; docs/workflow.md has an example
    #[arg(long, value_name = "COMMAND")]
    pub evaluate: Option<String>,

    /// Lower numbers of --evaluate are better
    #[arg(long, requires = "evaluate")]
    pub evaluate_lower: bool,
}
