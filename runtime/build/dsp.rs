//! Whether the core has the DSP extension: multiplications of two 16-bit numbers at once, and what
//! widens bytes for them. Every Cortex-M4 and M7 has it. In Armv8-M Mainline (Cortex-M33 and later) it
//! is optional, so that the name of the target does not say it; what the user tells rustc does, or
//! the feature `dsp`.

/// What a build script knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build<'a> {
    /// The target's name: `TARGET`.
    pub(crate) target: &'a str,
    /// What rustc says of it, with commas: `CARGO_CFG_TARGET_FEATURE`. A stable rustc does not say
    /// unstable features, such as those of Arm's M profile.
    pub(crate) reported: &'a str,
    /// rustc's flags, with U+001F between them: `CARGO_ENCODED_RUSTFLAGS`.
    pub(crate) flags: &'a str,
    /// How floats are passed: `CARGO_CFG_TARGET_ABI`. With `eabihf`, the program's start turns on the
    /// registers that floats and vectors share.
    pub(crate) abi: &'a str,
    /// Whether the feature `dsp` is on.
    pub(crate) is_asked: bool,
}

/// Whether the kernels for the DSP extension are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dsp {
    /// They are not.
    No,
    /// They are, on a target all of whose cores have it.
    OfTarget,
    /// They are, on a target some of whose cores have it: assembly has to name one.
    OfCore,
    /// The same, and some of them for Helium, whose registers hold eight numbers of 16 bits.
    Helium,
}

/// Cores for which the extension is optional and which have it, by rustc's names. (One that was made
/// without is written `-C target-feature=-dsp`.)
const CORES: [&str; 7] = [
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
    "star-mc1",
    "star-mc3",
];

/// Those of them with Helium, the M-Profile Vector Extension; it includes DSP.
const HELIUM_CORES: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

/// What a target says of the extension.
enum Target {
    /// All cores have it.
    Has,
    /// Armv8-M Mainline.
    MayHave,
    HasNot,
    /// Not of Arm's M profile.
    Other,
}

/// Decides for a build.
///
/// # Errors
/// If the feature `dsp` asks for what the core does not have.
pub(crate) fn decide(build: Build<'_>) -> Result<Dsp, String> {
    let said_helium = said(
        build.flags,
        &HELIUM_CORES,
        &["+mve", "+mve.fp"],
        &["-mve", "-dsp"],
    );
    let of_core = match said_helium {
        Some(true) if build.abi == "eabihf" => Dsp::Helium,
        _ => Dsp::OfCore,
    };
    let said = said(build.flags, &CORES, &["+dsp", "+mve", "+mve.fp"], &["-dsp"]);
    let (has, kernels) = match target(build) {
        Target::Has => (said.unwrap_or(true), Dsp::OfTarget),
        Target::MayHave => (
            said.unwrap_or(build.is_asked || reports(build, "dsp")),
            of_core,
        ),
        Target::HasNot if build.is_asked => {
            return Err(format!(
                "the feature `dsp` of niello is on, but no core of the target {} has the DSP extension: leave the \
                 feature out for this target, or build for the target of the core, which is thumbv7em-none-eabi or \
                 -eabihf for Cortex-M4 and M7, thumbv8m.main-none-eabi or -eabihf for Cortex-M33 and later",
                build.target
            ));
        }
        // Elsewhere the feature does nothing: tests of a firmware's crate run on desktops.
        Target::HasNot | Target::Other => return Ok(Dsp::No),
    };
    match (has, build.is_asked) {
        (true, _) => Ok(kernels),
        (false, false) => Ok(Dsp::No),
        (false, true) => Err(
            "the feature `dsp` of niello is on, but rustc's flags have `-dsp`: the core has no DSP extension. Leave \
             out one of both"
                .to_owned(),
        ),
    }
}

fn target(build: Build<'_>) -> Target {
    match build.target.split('-').next() {
        Some("thumbv7em") => Target::Has,
        Some("thumbv8m.main") => Target::MayHave,
        Some("thumbv6m" | "thumbv7m" | "thumbv8m.base") => Target::HasNot,
        // A target of the user's own needs an unstable rustc, which reports all features.
        _ if reports(build, "mclass") && reports(build, "thumb2") => Target::MayHave,
        _ if reports(build, "mclass") => Target::HasNot,
        _ => Target::Other,
    }
}

fn reports(build: Build<'_>, name: &str) -> bool {
    build.reported.split(',').any(|feature| feature == name)
}

/// What rustc's flags say of an extension, if they do: by the core's name, or by features that turn it
/// on or off. Features count more than the core, and of several the last.
fn said(flags: &str, cores: &[&str], on: &[&str], off: &[&str]) -> Option<bool> {
    let (mut by_core, mut by_feature) = (None, None);
    let mut flags = flags.split('\u{1f}');
    while let Some(flag) = flags.next() {
        let option = match flag {
            "-C" | "--codegen" => flags.next(),
            _ => flag
                .strip_prefix("-C")
                .or_else(|| flag.strip_prefix("--codegen=")),
        };
        let Some((name, value)) = option.and_then(|option| option.split_once('=')) else {
            continue;
        };
        match name.replace('_', "-").as_str() {
            "target-cpu" => by_core = cores.contains(&value).then_some(true),
            "target-feature" => {
                for feature in value.split(',') {
                    if on.contains(&feature) {
                        by_feature = Some(true);
                    } else if off.contains(&feature) {
                        by_feature = Some(false);
                    }
                }
            }
            _ => {}
        }
    }
    by_feature.or(by_core)
}
