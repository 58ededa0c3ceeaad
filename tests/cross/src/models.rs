//! Models on pseudo-random inputs.

use super::cases::Random;

/// The outputs of a few runs in one number, by model.
pub type Checksum = fn() -> u32;

macro_rules! models {
    ($($name:ident = $path:literal, $($input:ident)*;)*) => {
        #[allow(dead_code, unreachable_pub, reason = "generated models")]
        mod nets {
            $(niello::include_model! { pub fn $name = $path, inputs = arena })*
        }

        vec![$((stringify!($name), || {
            let mut sum = 0x811c_9dc5_u32;
            for seed in 0..3 {
                let mut arena = Box::new(nets::$name::Arena::new());
                $({
                    let input = arena.$input().as_mut_slice();
                    input.copy_from_slice(&Random(seed).bytes(input.len()));
                })*
                let output = nets::$name::run_in(&mut arena);
                for byte in format!("{output:?}").bytes() {
                    sum = (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
                }
            }
            sum
        }),)*]
    };
}

/// The models of this project.
pub fn own() -> Vec<(&'static str, Checksum)> {
    models! {
        digit_pair = "../../models/digit_pair_i8.tflite", left right;
        photo_locator = "../../models/photo_locator_i8.tflite", hint image;
    }
}

/// The models that lie beside the repository.
#[cfg(shared)]
pub fn shared() -> Vec<(&'static str, Checksum)> {
    models! {
        kws = "../../../../shared/models/kws_i8.tflite", input_1;
        vww = "../../../../shared/models/vww_i8.tflite", input_1_int8;
        resnet8 = "../../../../shared/models/resnet8_i8.tflite", input_1_int8;
    }
}

/// Models beside the repository, which are not there.
#[cfg(not(shared))]
pub fn shared() -> Vec<(&'static str, Checksum)> {
    Vec::new()
}
