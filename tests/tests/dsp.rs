//! The runtime's build script finds out whether the core has the DSP extension. (`firmware.rs` runs
//! what comes of it on a Cortex-M33.)
#![forbid(unsafe_code)]

#[path = "../../runtime/build/dsp.rs"]
mod dsp;

use dsp::{Build, Dsp, decide};

const MAINLINE: [&str; 2] = ["thumbv8m.main-none-eabi", "thumbv8m.main-none-eabihf"];

/// A build with a stable rustc, which reports no features of Cortex-M.
fn by(target: &str, flags: &[&str], is_asked: bool) -> Result<Dsp, String> {
    decide(Build {
        target,
        reported: "",
        flags: &flags.join("\u{1f}"),
        abi: if target.ends_with("-eabihf") {
            "eabihf"
        } else {
            "eabi"
        },
        is_asked,
    })
}

/// Whether the kernels for the DSP extension are used, alone or with those for Helium.
fn at_least_dsp(decided: Result<Dsp, String>) -> bool {
    matches!(decided, Ok(Dsp::OfCore | Dsp::Helium))
}

#[test]
fn every_cortex_m4_has_it() {
    for target in ["thumbv7em-none-eabi", "thumbv7em-none-eabihf"] {
        for is_asked in [false, true] {
            assert_eq!(by(target, &[], is_asked), Ok(Dsp::OfTarget));
            let cpu = ["-C", "target-cpu=cortex-m7"];
            assert_eq!(by(target, &cpu, is_asked), Ok(Dsp::OfTarget));
        }
        assert_eq!(by(target, &["-Ctarget-feature=-dsp"], false), Ok(Dsp::No));
    }
}

#[test]
fn flags_say_it_of_a_cortex_m33() {
    for target in MAINLINE {
        for flags in [
            &[][..],
            &["-C", "link-arg=-Tlink.x"],
            &["-Ctarget-cpu=generic"],
            &["-Ctarget-cpu=cortex-m33+nodsp"],
            &["-Ctarget-cpu=cortex-m33", "-Ctarget-cpu=generic"],
            &["-Ctarget-cpu=cortex-m33", "-C", "target-feature=-dsp"],
            &["-Ctarget-feature=-dsp", "-C", "target-cpu=cortex-m33"],
            &["-Ctarget-feature=+dsp,-dsp"],
            &["-Ctarget-feature=+mve,-dsp"],
            // The name of something else, and a flag that is cut off.
            &["--cfg", "target-cpu=cortex-m33"],
            &["target-feature=+dsp", "-C"],
        ] {
            assert_eq!(by(target, flags, false), Ok(Dsp::No), "{flags:?}");
        }
        for flags in [
            &["-C", "target-cpu=cortex-m33"][..],
            &["-Ctarget-cpu=cortex-m35p"],
            &["--codegen", "target-cpu=cortex-m55"],
            &["--codegen=target_cpu=cortex-m85"],
            &["-C", "link-arg=-Tlink.x", "-C", "target-feature=+dsp"],
            &["-Ctarget-feature=-dsp,+dsp"],
            &["-Ctarget-feature=-dsp", "-Ctarget-feature=+mve.fp"],
            &["-Ctarget-cpu=generic", "-Ctarget-feature=-fp64,+dsp"],
        ] {
            for is_asked in [false, true] {
                assert!(at_least_dsp(by(target, flags, is_asked)), "{flags:?}");
            }
        }
    }
}

#[test]
fn helium_needs_its_registers() {
    let [soft, hard] = MAINLINE;
    for flags in [
        &["-Ctarget-cpu=cortex-m55"][..],
        &["-Ctarget-cpu=cortex-m85", "-Ctarget-feature=-mve.fp"],
        &["-Ctarget-feature=+mve"],
        &["-Ctarget-cpu=cortex-m33", "-Ctarget-feature=+mve.fp"],
    ] {
        assert_eq!(by(hard, flags, false), Ok(Dsp::Helium), "{flags:?}");
        // Nothing turns them on at the start of such a program.
        assert_eq!(by(soft, flags, false), Ok(Dsp::OfCore), "{flags:?}");
    }
    for flags in [
        &["-Ctarget-cpu=cortex-m33"][..],
        &["-Ctarget-cpu=cortex-m55", "-Ctarget-feature=-mve"],
        &["-Ctarget-feature=+dsp"],
    ] {
        assert_eq!(by(hard, flags, true), Ok(Dsp::OfCore), "{flags:?}");
    }
    let without = ["-Ctarget-cpu=cortex-m55", "-Ctarget-feature=-dsp"];
    assert_eq!(by(hard, &without, false), Ok(Dsp::No));
}

#[test]
fn the_feature_says_it_where_flags_do_not() {
    for target in MAINLINE {
        assert_eq!(by(target, &[], true), Ok(Dsp::OfCore));
        let error = by(target, &["-Ctarget-feature=-dsp"], true).expect_err("both are said");
        assert!(
            error.contains("leave") || error.contains("Leave"),
            "{error}"
        );
    }
}

#[test]
fn the_feature_is_refused_where_no_core_has_it() {
    for target in [
        "thumbv6m-none-eabi",
        "thumbv7m-none-eabi",
        "thumbv8m.base-none-eabi",
    ] {
        assert_eq!(by(target, &["-Ctarget-feature=+dsp"], false), Ok(Dsp::No));
        let error = by(target, &[], true).expect_err("it cannot have it");
        assert!(
            error.contains(target) && error.contains("thumbv8m.main"),
            "{error}"
        );
    }
}

#[test]
fn the_feature_does_nothing_elsewhere() {
    for target in [
        "x86_64-unknown-linux-gnu",
        "aarch64-apple-darwin",
        "riscv32imc-unknown-none-elf",
        "thumbv7neon-unknown-linux-gnueabihf",
        "armv7-unknown-linux-gnueabihf",
        "",
    ] {
        assert_eq!(by(target, &["-Ctarget-cpu=native"], true), Ok(Dsp::No));
    }
}

#[test]
fn targets_of_ones_own_are_what_an_unstable_rustc_reports() {
    let by = |reported: &str, is_asked: bool| {
        decide(Build {
            target: "my-board",
            reported,
            flags: "",
            abi: "eabihf",
            is_asked,
        })
    };
    for (reported, has) in [
        ("dsp,mclass,thumb2,v7", Ok(Dsp::OfCore)),
        ("mclass,thumb2,v7", Ok(Dsp::No)),
        ("mclass,v6", Ok(Dsp::No)),
        ("aclass,dsp,thumb2", Ok(Dsp::No)),
    ] {
        assert_eq!(by(reported, false), has, "{reported}");
    }
    assert_eq!(by("mclass,thumb2", true), Ok(Dsp::OfCore));
    assert!(by("mclass,v6", true).is_err());
    assert_eq!(by("aclass,dsp,thumb2", true), Ok(Dsp::No));
}
