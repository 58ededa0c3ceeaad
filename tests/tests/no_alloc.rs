//! A whole inference without one allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

niello::include_model! { fn digit_pair = "../examples/models/digit_pair_f32.tflite", dataset = "../examples/models/digit_pair_calibration.npz" }
niello::include_model! { fn locator = "models/photo_locator_i8.tflite" }
niello::include_model! { fn stream = "models/ops/stream_i8.tflite" }
niello::include_model! { fn kept -> { y: f32 } = "models/ops/conv_i8.tflite", tensors("y": float) }

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn inference_does_not_allocate() {
    let (left, right) = (
        digit_pair::Left::default(),
        digit_pair::Right([[[0.7]; 8]; 8]),
    );
    let (hint, image) = (locator::Hint::default(), locator::Image([[[3; 3]; 32]; 32]));
    let mut arena = locator::Arena::new();
    let mut state = stream::State::default();
    let (frame, image_in_float) = (stream::X::default(), kept::X::default());
    let before = COUNT.get();
    black_box(digit_pair(black_box(&left), black_box(&right)));
    black_box(locator::run_in(
        &mut arena,
        black_box(&hint),
        black_box(&image),
    ));
    black_box(stream(black_box(&mut state), black_box(&frame)));
    black_box(kept(black_box(&image_in_float)));
    assert_eq!(COUNT.get() - before, 0);
    // The counter counts.
    black_box(vec![1_u8; 100]);
    assert_eq!(COUNT.get() - before, 1);
}
