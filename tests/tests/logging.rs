//! Generated types are logged by the crate `defmt` with the feature of its name (QEMU).

use std::process::{Command, Stdio};

use niello_tests::firmware::target_folder;
use niello_tests::{flat, here, tools};

niello::include_model! { fn digit_pair = "models/digit_pair_i8.tflite" }

#[test]
fn names_and_values_are_logged() {
    if !tools::have(&["thumbv7em-none-eabihf", "qemu-system-arm"]) {
        return;
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(here().join("logging"))
        .args(["build", "--release", "--quiet", "--locked", "--target-dir"])
        .arg(target_folder())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let logged = Command::new("qemu-system-arm")
        .args(["-M", "netduinoplus2", "-nographic", "-semihosting-config"])
        .args(["enable=on,target=native", "-kernel"])
        .arg(target_folder().join("thumbv7em-none-eabihf/release/niello-logging"))
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
        .stdout;

    // Formats are numbers whose texts are in the program's file; names and values are bytes, in
    // the order in which they were written.
    let out = digit_pair(
        &digit_pair::Left([[[40]; 8]; 8]),
        &digit_pair::Right([[[-128]; 8]; 8]),
    );
    let bytes = |values: Vec<i8>| values.into_iter().map(|q| q as u8).collect::<Vec<u8>>();
    let mut rest = &logged[..];
    for wanted in [
        b"Left".to_vec(),
        vec![40],
        b"Arena".to_vec(),
        b"Output".to_vec(),
        b"sum".to_vec(),
        bytes(flat(&out.sum)),
        b"left_greater".to_vec(),
        bytes(flat(&out.left_greater)),
        64_u32.to_le_bytes().to_vec(),
        3_u32.to_le_bytes().to_vec(),
    ] {
        let at = rest.windows(wanted.len()).position(|w| w == wanted);
        let at = at.unwrap_or_else(|| panic!("no {wanted:?} in {rest:?}"));
        rest = &rest[at + wanted.len()..];
    }
}
