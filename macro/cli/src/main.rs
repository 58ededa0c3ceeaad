//! `cargo niello`: analyses models and their int8 programs, as `niello::include_model!` compiles
//! them.
#![forbid(unsafe_code)]

mod args;
mod call_edit;
mod calls;
mod commands;
mod evaluate;
mod html;
mod json;
mod models;
mod npz;
mod progress;
mod summary_file;
mod text;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    // As cargo's subcommand, the first argument is `niello`.
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "niello") {
        words.remove(1);
    }
    let args = Args::parse_from(words);
    let result = match &args.command {
        Command::Inspect(options) => commands::inspect::run(options),
        Command::Report(options) => commands::report::run(options),
        Command::Compare(options) => commands::compare::run(options),
        Command::Check(options) => commands::check::run(options),
        Command::Cut(options) => commands::cut::run(options),
        Command::Export(options) => commands::export::run(options),
        Command::Watch(options) => commands::watch::run(options),
        Command::Search(options) => commands::search::run(options),
        Command::Sensitivity(options) => commands::sensitivity::run(options),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            text::error(&message);
            ExitCode::from(args::FAILED)
        }
    }
}
