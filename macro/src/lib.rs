//! The procedural macro of niello. Use it as `niello::include_model!`, which is
//! also where it is documented; this crate only parses and reports.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod expand;
mod place;
mod warn;

use proc_macro::TokenStream;

/// Compiles a `.tflite` model into a typed int8 function.
///
/// ```text
/// niello::include_model! {
///     /// Documentation and other attributes of the function.
///     pub fn name(input: f32, "model's name" as other: i8) -> { output: f32 } = "model.tflite",
///     dataset = "samples.npz",
/// }
/// ```
///
/// Paths are relative to the folder of the crate's `Cargo.toml`, or else to the
/// source file, as with `include_bytes!`.
///
/// # What it makes
///
/// - `fn name(&name::Input, ..) -> name::Output`, which keeps its working memory
///   on the stack.
/// - `mod name` with a struct per input, `Output`, `Arena`, `ARENA_BYTES`,
///   `run_in(&mut Arena, ..) -> Output`, `run_into(&mut Arena, .., &mut Output)`,
///   `MACS`, `WEIGHT_BYTES`, and the names and shapes of all inputs and outputs.
/// - `ARENA_PICTURE`: which tensor lives where in the arena, as text.
/// - `begin(&mut Arena, .., &mut Output) -> Run`, to run one of `STEPS` operators
///   (their names: `STEP_NAMES`) at a time, by `Run::step`.
///
/// An input struct is a tuple struct over nested arrays of the input's shape
/// (without a batch dimension of 1): `Image(pub [[[f32; 3]; 32]; 32])`. It has
/// `from_slice` (borrows), `as_slice`, `as_mut_slice` and `Default` (zeros); an
/// int8 one also `SCALE`, `ZERO_POINT`, `quantize` and `dequantize`. `Output`
/// has a field per output; for an int8 output `x` it has `X_SCALE`,
/// `X_ZERO_POINT` and `x_dequantized()`.
///
/// # The parameter list
///
/// Left out, the function takes all inputs in the file's order with the file's
/// element types and returns all outputs. Written out, it fixes order, names and
/// element types, and is checked against the model. Both lists must be complete;
/// either may be left out.
///
/// - `image: f32`: the input called `image`, passed as `f32`. Names are those of
///   the model's signature, else tensor names without `serving_default_` and
///   `:0`, as Rust identifiers. Of a fused tensor's name (`a;b;c`) one part is
///   taken; tensors that nobody has named (`keras_tensor_531`) are called `input`
///   and `output`, or `input_0`, `input_1`, .. if there are several.
/// - `image`: with the file's element type.
/// - `"input_1:0" as image: i8`: by the model's own name, renamed.
///
/// The file's own name of a tensor is always understood, too. A Rust name may be a
/// keyword (`as r#type`).
///
/// Element types are `f32`, `i8` and `u8` for real numbers, `i16` where the model has int16 activations, `i32` for indices and `bool`.
///
/// A `u8` is an int8 shifted by 128, but for an input of a float model: there it is a
/// byte such as a camera's, and stands for `byte * scale + offset`. `images(..)` says
/// which, else a range that `tensors(..)` gives the input (its ends are the bytes 0 and
/// 255), else the model, if it begins by scaling bytes itself (Rescaling,
/// Normalization): then the byte is the input's value. A dataset of image files without
/// any of these has bytes from 0 to 1. In all other cases `u8` is an error. The input's
/// type has `SCALE` and `OFFSET`.
///
/// # Models with a state
///
/// A model that keeps variables, an LSTM or an SVDF also has `State`, and takes
/// one as its first argument: `fn name(&mut name::State, &name::Input, ..)`.
/// `State::default()` is where a stream begins; keep one per stream. `run_in`
/// takes it behind the arena.
///
/// # Options
///
/// All are optional; a model that is not int8 already needs `dataset`.
///
/// | option | default | meaning |
/// |---|---|---|
/// | `dataset = "path"` | | representative dataset, see below |
/// | `samples = 100` | all | how many samples calibrate, spread evenly over the dataset |
/// | `samples_follow = true` | `false` | the samples of a model with a state are consecutive calls of one stream; else each is a stream of its own and begins with a fresh state |
/// | `calibration = mse` | `mse` | how tensors' ranges are chosen: from the smallest to the largest value (`minmax`), without outliers (`percentile(99.99)`), for the least square error (`mse`) or the least divergence (`entropy`) |
/// | `activations = int8` | `int8` | what tensors between operators are held in, where the file does not say: `int16` is TFLite's 16x8 quantization, with weights of int8 |
/// | `tensors("name": method, ..)` | | the method for single tensors, by the model's names; also `range(-1.0, 1.0)`, `symmetric`, `int16`, and `float`: the operator that computes the tensor is not quantized |
/// | `weights = per_channel` | `per_channel` | one weight scale per output channel, for every operator with weights; or `per_tensor` |
/// | `equalization = true` | `true` | equalizes channel ranges where this leaves the float function as it is on the calibrating samples; behind a ReLU6, larger values than these samples have are clipped |
/// | `bias_correction = true` | `true` | lets biases take back the mean shift that rounding causes |
/// | `weight_rounding = false` | `true` | rounds each weight to its nearest step, instead of so that the sums which it is part of change least on the calibrating samples |
/// | `signature = "name"` | | which signature of the model, if it has several |
/// | `shapes("name": [1, 96, 96, 3], ..)` | the dataset's | shapes of inputs that the file leaves open, with the batch, by input name |
/// | `images(resize = true, scale = 1/255, offset = 0)` | as shown; `scale = 1` for a model that begins by scaling bytes itself | what the bytes of image files and of `u8` arguments stand for: `byte * scale + offset` |
/// | `require(output: metric >= bound, ..)` | | accuracy, int8 against float, below which the build fails |
/// | `labels = "path"` | the dataset | the file with the labels, `.npz`, `.csv` or a folder of `.npy` |
/// | `selftest = 4` | | embeds so many measuring samples, for `name::selftest()`, see below |
/// | `allow(few_samples, ..)` | | switches warnings off, see below |
/// | `inputs = arguments` | `arguments` | `arena`: inputs live in the arena and are written there, by `arena.image()` for an input `image`; a run reuses their memory |
/// | `arena_limit = 64 * 1024` | | bytes that the arena may have on small cores; a model that needs more does not compile, and the error names the tensors alive at the peak |
/// | `crate = ::path` | `::niello` | the runtime crate under another name |
///
/// # Datasets
///
/// - A `.npz` keyed by input name, with a leading sample axis. Keys may also be the
///   file's names (`x:0`, `serving_default_x:0`), or `arr_0` for a model of one input;
///   keys `label:<output>` are labels, see below.
/// - A folder of `<input>.npy`, or one `.npy` for a model of one input.
/// - A folder of PNG or JPEG files for one image input.
/// - A folder of `.wav` files for one input that is a row of elements: one channel of PCM
///   (8, 16, 24 or 32 bits, scaled to -1 to 1; as it is for an input of integers) or
///   float, as long as the input, all at one rate.
/// - A `.csv` with a header row for one-dimensional inputs: a row is a sample. Columns
///   are called `<input>_<i>`, from 0 on and in any order, or `<input>` where it has one
///   element; `label:<output>` and `label:<output>_<i>` are labels. If none is called
///   so, and the model has one input of as many elements, their order counts.
///
/// Arrays hold bool, float16, float32, float64 or integers of 8 to 64 bits, with and
/// without sign, in both byte orders, in C's and Fortran's order. Real inputs take
/// numbers as they are. Inputs of integers take what is whole and fits 32 bits; inputs
/// of bool take 0 and 1.
///
/// # `require`
///
/// Metrics are `sqnr_db` (signal to quantization noise ratio of all elements),
/// `top1` (share of samples with the same largest element), both with `>=`, and
/// `max_abs_error` with `<=`: they compare with the float model. Three compare with
/// labels: `accuracy` (share of samples whose class is the label's) with `>=`,
/// `accuracy_drop` (the float model's accuracy less that of the int8 program) and
/// `mean_abs_error` (mean absolute difference from the label, over all elements) with
/// `<=`. All are measured on every fifth sample of the dataset (numbers 4, 9, 14, ..),
/// which then are not used for calibration. If one is not met, the error shows what was
/// measured and the operators that lose most.
///
/// Labels lie beside the samples, by the key `label:<output>`: one class for each sample,
/// `[samples]` of any integer type, or values in the output's shape, which are one-hot
/// where a class is needed. The class of an output is the number of its largest element,
/// the first of several; an output of one element that LOGISTIC computes has the class 1
/// above 0.5, and 0 else. Labels that no clause needs are not read.
///
/// # `selftest`
///
/// With `selftest = 4` the module also has `selftest() -> Result<(), SelfTestError>`, which
/// runs four samples where the program runs, and compares all outputs with those that the
/// compiler has computed by the reference's plain loops; `selftest_in(&mut arena, &mut output)`
/// does so in memory of your own. Integers must be the same, f32 may differ by 1e-5 of the
/// output's largest absolute value. The samples are measuring ones (with `require` every fifth;
/// else those that do not calibrate, or all if there are none), spread evenly. Each begins
/// with a fresh state. A program that never calls the functions has none of it. A model in
/// which an integer follows from numbers that operators compute in float is refused: their
/// last bits differ between processors.
///
/// # Warnings
///
/// The compiler warns, at the path of the dataset, about what compiles and is probably not
/// meant: `few_samples` (fewer than 10 calibrate), `constant_input` (the same in all samples),
/// `mixed_units` (elements of an input stay within a tenth of the range of others),
/// `flat_output` (changes by less than 2 %), `uneven_join` (joined tensors whose ranges differ
/// by more than 16 times), `clipped` (more than 1 % of a tensor's values). `allow(..)` switches
/// them off by these names.
///
/// # In an editor
///
/// Under rust-analyzer the macro makes types and signatures alone, without calibrating: from the
/// cache, once the model has been compiled. What is wrong with a model, `cargo check` tells.
///
/// # Rebuilds and the cache
///
/// The model and every file of the dataset are tracked: editing one rebuilds. A
/// *new* file in a folder of images is not seen until something else changes.
/// Calibration results are kept by content in `target/niello`, or in the folder
/// that the environment variable `NIELLO_CACHE` names (`off`: nowhere), so that
/// only the first expansion calibrates.
///
/// Calibration is compiled without optimisation unless your workspace's
/// `Cargo.toml` says otherwise:
///
/// ```toml
/// [profile.dev.package]
/// niello-numeric = { opt-level = 3 }
/// matrixmultiply = { opt-level = 3 }
/// [profile.release.package]
/// niello-numeric = { opt-level = 3 }
/// matrixmultiply = { opt-level = 3 }
/// ```
#[proc_macro]
pub fn include_model(tokens: TokenStream) -> TokenStream {
    expand::expand(tokens.into()).into()
}
