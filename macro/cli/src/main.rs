//! `cargo niello`.

use niello_compiler::analysis::{Analysis, Quiet};
use niello_compiler::{Options, Request};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let request = Request {
        model: args[2].clone().into(),
        dataset: args.get(3).map(Into::into),
        options: Options::default(),
        cache: None,
    };
    let analysis = Analysis::open(request).unwrap();
    let text = match args[1].as_str() {
        "inspect" => serde_json::to_string_pretty(&analysis.inspect().unwrap()),
        "report" => serde_json::to_string_pretty(&analysis.report(&Quiet).unwrap()),
        "compare" => serde_json::to_string_pretty(
            &analysis
                .compare(
                    &niello_compiler::analysis::Setting::usual(&Options::default()),
                    &Quiet,
                )
                .unwrap(),
        ),
        _ => serde_json::to_string_pretty(&analysis.sensitivity(16, &Quiet).unwrap()),
    };
    println!("{}", text.unwrap());
}
