//! Says what the other tests have left out because a tool is not installed.

use std::io::{Write, stderr};

use niello_tests::tools::{TOOLS, are_required};

#[test]
fn what_is_left_out_is_said() {
    let mut lines = String::new();
    for tool in TOOLS.iter().filter(|tool| tool.found().is_none()) {
        let (name, tests, install) = (tool.names[0], tool.tests, tool.install());
        lines += &format!("LEFT OUT without {name}: {tests} ({install})\n");
    }
    // Not by `eprint!`, which tests that pass do not show.
    stderr()
        .write_all(lines.as_bytes())
        .expect("an open terminal");
    assert!(lines.is_empty() || !are_required(), "{lines}");
}
