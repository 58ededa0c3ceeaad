//! Where tensors live: inputs in the arena, one arena for several models, runs
//! operator by operator, and how much the planner needs.
#![forbid(unsafe_code)]

use niello_compiler::Options;
use niello_compiler::model::{Model, Profile};
use niello_tests::cases::request;
use niello_tests::{here, read_npz, sample_i8};

niello::include_model! { fn locate = "models/photo_locator_i8.tflite" }
niello::include_model! { fn locate_in_place = "models/photo_locator_i8.tflite", inputs = arena, arena_limit = 21 * 1024 }
niello::include_model! {
    fn sums = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    inputs = arena,
}
niello::include_model! {
    fn sums_of_arguments = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    inputs = arguments,
}
niello::include_model! { fn stream = "models/ops/stream_i8.tflite", inputs = arena }
niello::include_model! { fn stream_of_arguments = "models/ops/stream_i8.tflite" }

/// What the larger of two models needs.
const SHARED: usize = if locate_in_place::ARENA_BYTES > sums::ARENA_BYTES {
    locate_in_place::ARENA_BYTES
} else {
    sums::ARENA_BYTES
};

fn sample_of(name: &str, run: usize) -> Vec<i8> {
    let record = read_npz(&here().join("models/photo_locator_i8.npz"));
    sample_i8(&record, &format!("in:{name}"), run)
}

#[test]
fn inputs_can_live_in_a_shared_arena() {
    let mut shared = niello::Arena::<SHARED>::new();
    for run in 0..3 {
        let (hint, image) = (sample_of("hint", run), sample_of("image", run));
        let want = locate(
            locate::Hint::from_slice(&hint).expect("whole"),
            locate::Image::from_slice(&image).expect("whole"),
        );
        let arena = locate_in_place::Arena::within(&mut shared);
        arena.hint().as_mut_slice().copy_from_slice(&hint);
        arena.image().as_mut_slice().copy_from_slice(&image);
        assert_eq!(arena.hint().as_slice(), hint, "inputs lie apart");
        let got = locate_in_place::run_in(arena);
        assert_eq!((got.photo, got.position), (want.photo, want.position));
        assert_eq!(got.brightness_map, want.brightness_map);

        let (left, right) = (sums::Left([[[0.3]; 8]; 8]), sums::Right([[[0.8]; 8]; 8]));
        let arena = sums::Arena::within(&mut shared);
        (*arena.left(), *arena.right()) = (left, right);
        let got = sums::run_in(arena);
        let want = sums_of_arguments(
            &sums_of_arguments::Left(left.0),
            &sums_of_arguments::Right(right.0),
        );
        assert_eq!(got.sum, want.sum);
        assert_eq!(sums(&left, &right).sum, want.sum, "arguments are copied in");
        let part: &mut sums_of_arguments::Arena = shared.part();
        let again = sums_of_arguments::run_in(
            part,
            &sums_of_arguments::Left(left.0),
            &sums_of_arguments::Right(right.0),
        );
        assert_eq!(again, want);
    }
}

#[test]
fn states_stay_outside_of_the_arena() {
    let mut arena = stream::Arena::new();
    let mut state = stream::State::default();
    let mut other = stream_of_arguments::State::default();
    for run in 0..4_i8 {
        let x = stream_of_arguments::X([[run * 9; 4]]);
        arena.x().as_mut_slice().copy_from_slice(x.as_slice());
        let got = stream::run_in(&mut arena, &mut state);
        assert_eq!(got.y, stream_of_arguments(&mut other, &x).y);
    }
}

#[test]
fn a_run_goes_operator_by_operator() {
    let (hint, image) = (sample_of("hint", 1), sample_of("image", 1));
    let hint = locate::Hint::from_slice(&hint).expect("whole");
    let image = locate::Image::from_slice(&image).expect("whole");
    let want = locate(hint, image);
    let (mut arena, mut output) = (locate::Arena::new(), locate::Output::ZERO);
    let mut run = locate::begin(&mut arena, hint, image, &mut output);
    let mut steps = 0;
    while run.step() {
        steps += 1;
        assert_eq!(run.position(), steps);
    }
    assert!(!run.step(), "nothing is left");
    run.finish();
    assert_eq!((output, steps), (want, locate::STEPS));
    let mut half = locate::begin(&mut arena, hint, image, &mut output);
    half.step();
    half.finish();
    assert_eq!(output, want);
}

#[test]
fn concatenated_tensors_are_written_side_by_side() {
    assert!(!locate::STEP_NAMES.contains(&"CONCATENATION"));
    let picture = locate::ARENA_PICTURE;
    assert!(
        picture.contains("CONCATENATION, its operands lie side by side"),
        "{picture}"
    );
    assert!(picture.starts_with(&format!("{} bytes", locate::ARENA_BYTES)));
    let lines = picture.lines().filter(|line| line.contains('|'));
    assert_eq!(lines.count(), locate::STEPS + 1, "a line per operator");
}

niello::include_model! { fn branches = "models/ops/branches_i8.tflite" }

/// What is left to copy are channels of pools, and those that others read, too.
#[test]
fn concatenated_channels_are_written_by_convolutions() {
    let count = |name: &str| {
        let names = branches::STEP_NAMES.iter();
        names.filter(|&&step| step == name).count()
    };
    assert_eq!(count("CONV_2D, CONCATENATION"), 5);
    assert_eq!(count("CONCATENATION"), 3);
    assert!(
        branches::ARENA_PICTURE.contains("in place"),
        "{}",
        branches::ARENA_PICTURE
    );
}

/// Bytes of the arena, so that a change of the planner shows.
#[test]
fn arenas_are_as_small_as_they_were() {
    let own = here().join("models");
    let mut sizes = vec![
        (own.join("digit_pair_i8.tflite"), 1792),
        (own.join("photo_locator_i8.tflite"), 21_092),
    ];
    if cfg!(shared) {
        let models = niello_tests::shared().join("models");
        let recorded = [
            ("kws", 8432),
            ("vww", 50_980),
            ("resnet8", 34_016),
            ("ad", 264),
            ("micro_speech", 4400),
        ];
        sizes.extend(
            recorded.map(|(name, bytes)| (models.join(format!("{name}_i8.tflite")), bytes)),
        );
    }
    for (path, bytes) in sizes {
        let model = Model::read(&path, &Options::default()).expect("a model");
        let quantized = model.quantize(&request(&path, None)).expect("int8");
        assert_eq!(quantized.arena_bytes(), bytes, "{}", path.display());
    }
}

niello::include_model! { fn conv_framed = "models/ops/conv_framed_i8.tflite" }
niello::include_model! { fn conv_framed_twice = "models/ops/conv_framed_twice_i8.tflite" }

#[test]
fn padding_is_the_convolutions_unless_others_read_it() {
    assert_eq!(conv_framed::STEP_NAMES, ["CONV_2D"]);
    assert_eq!(
        conv_framed_twice::STEP_NAMES,
        ["PAD", "CONV_2D", "CONV_2D, ADD"]
    );
}

/// How many channels each operator computes of how many.
#[test]
fn channels_that_do_nothing_are_taken_out() {
    let computed = |name: &str, targets: Profile| {
        let path = here().join(format!("models/ops/idle_{name}_i8.tflite"));
        let model = Model::read(&path, &Options::default()).expect("a model");
        let quantized = model.quantize(&request(&path, None)).expect("int8");
        let operators = quantized.pruned_channels(targets);
        operators.into_iter().map(|(_, of)| of).collect::<Vec<_>>()
    };
    // Constant ones where a window reaches over the border, too, and unread ones; in fours.
    let separable = [[16, 24], [16, 24], [24, 38], [24, 38], [20, 20]];
    assert_eq!(computed("separable", Profile::Mcu), separable);
    // Both operands of an ADD have the same channels.
    let residual = [[40, 44], [40, 44], [40, 44], [21, 21]];
    assert_eq!(computed("residual", Profile::Mcu), residual);
    // An image made flat.
    let flat = [[28, 40], [28, 40], [24, 34], [88, 130], [7, 7]];
    assert_eq!(computed("flat", Profile::Mcu), flat);
    // What one reader needs is kept for both.
    let twice = [[24, 36], [24, 36], [18, 18], [18, 18]];
    assert_eq!(computed("read_twice", Profile::Mcu), twice);
    // In sixteens for wide registers.
    let separable = [[16, 24], [16, 24], [32, 38], [32, 38], [20, 20]];
    assert_eq!(computed("separable", Profile::Simd), separable);
    assert_eq!(computed("residual", Profile::Simd), [[0; 2]; 0]);
}
