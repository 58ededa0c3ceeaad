//! Several settings side by side, on the same samples.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::memory::memory;
use super::outputs::{OutputReport, measured};
use super::progress::Progress;
use super::samples::SampleUse;
use crate::calibrate::{Method, Samples};
use crate::error::{Error, Result};
use crate::options::Options;

/// Options to try, under a name.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How it is called, in the syntax of the macro's options.
    pub name: String,
    /// All options.
    pub options: Options,
}

/// What each of several settings reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Which samples were used for what.
    pub samples: SampleUse,
    /// The settings in the order that they were given in; those are missing that the user's stop
    /// came before.
    pub settings: Vec<SettingResult>,
}

/// What a model reaches with one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingResult {
    /// The setting in the syntax of the macro's options.
    pub name: String,
    /// Why the model cannot be compiled with it.
    pub error: Option<String>,
    /// The outputs, int8 against float.
    pub outputs: Vec<OutputReport>,
    /// Bytes of the arena on small cores.
    pub arena_bytes: usize,
    /// Bytes of all constants on small cores.
    pub weight_bytes: usize,
}

impl Setting {
    /// The usual settings around those of a call: each differs from it in one option.
    pub fn usual(options: &Options) -> Vec<Setting> {
        let setting = |name: &str, change: &dyn Fn(&mut Options)| {
            let mut options = options.clone();
            change(&mut options);
            Setting {
                name: name.to_owned(),
                options,
            }
        };
        let methods = [
            ("calibration = minmax", Method::MinMax),
            ("calibration = percentile(99.9)", Method::Percentile(99.9)),
            ("calibration = percentile(99.99)", Method::Percentile(99.99)),
            ("calibration = mse", Method::Mse),
            ("calibration = entropy", Method::Entropy),
        ];
        let mut settings = vec![setting("as it is", &|_| {})];
        for (name, method) in methods {
            settings.push(setting(name, &|o| o.calibration = method));
        }
        settings.push(setting("weights = per_channel", &|o| o.per_channel = true));
        settings.push(setting("weights = per_tensor", &|o| o.per_channel = false));
        for on in [true, false] {
            settings.push(setting(&format!("equalization = {on}"), &|o| {
                o.equalize = on;
            }));
            settings.push(setting(&format!("bias_correction = {on}"), &|o| {
                o.bias_correction = on;
            }));
            settings.push(setting(&format!("weight_rounding = {on}"), &|o| {
                o.weight_rounding = on;
            }));
        }
        // What the call has already is there once.
        let mut distinct: Vec<Setting> = Vec::new();
        for setting in settings {
            if !distinct
                .iter()
                .any(|known| known.options == setting.options)
            {
                distinct.push(setting);
            }
        }
        distinct
    }
}

impl Analysis {
    /// Quantizes with each setting and measures all of them on the same samples: those that the
    /// call's own options measure on.
    pub fn compare(&self, settings: &[Setting], progress: &dyn Progress) -> Result<Comparison> {
        let options = &self.request.options;
        if !self.session.needs_dataset(options)? {
            return Err(Error::model(
                "the file has all ranges itself: there are no settings to compare",
            ));
        }
        let data = self.data()?;
        let sampled = self.split(&data, options)?;
        let samples = sampled.measuring(&data, options);
        progress.begin("comparing settings", settings.len() as u64);
        let mut results = Vec::new();
        for setting in settings {
            if progress.is_stopped() {
                break;
            }
            let result = self.setting(setting, &samples);
            results.push(result.unwrap_or_else(|error| SettingResult {
                name: setting.name.clone(),
                error: Some(error.message),
                outputs: Vec::new(),
                arena_bytes: 0,
                weight_bytes: 0,
            }));
            progress.advance(1);
        }
        if results.is_empty() && progress.is_stopped() {
            return Err(Error::dataset(
                "it was stopped before one setting was measured",
            ));
        }
        Ok(Comparison {
            samples: SampleUse::from(&sampled),
            settings: results,
        })
    }

    fn setting(&self, setting: &Setting, samples: &Samples<'_>) -> Result<SettingResult> {
        let quantized = self.quantize(&setting.options)?;
        let (graph, ports) = (&self.session.graph, &self.session.outputs);
        let quiet = &super::Quiet;
        let (outputs, _) = measured(graph, &quantized.program, ports, samples, None, quiet)?;
        let (mcu, _) = quantized.program.for_targets();
        let interface = self.session.interface(setting.options.inputs_in_arena)?;
        let memory = memory(&mcu, &interface)?;
        Ok(SettingResult {
            name: setting.name.clone(),
            error: None,
            outputs,
            arena_bytes: memory.arena_bytes,
            weight_bytes: memory.weight_bytes,
        })
    }
}
