//! A wake word on a microcontroller, with Embassy: one task records, another one listens.
//!
//!     cargo run --release
//!
//! runs it on an emulated STM32F405 (QEMU's `netduinoplus2`). The microphone is a recording in flash
//! memory; on a board, its task waits for the DMA of your converter instead. The model keeps what it
//! has heard in `State`, and yields to other tasks between two operators.
#![no_std]
#![no_main]

use cortex_m_semihosting::{debug, hprintln};
use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, Ticker};
use panic_halt as _;
use systick_timer::SystickDriver;

niello::include_model! {
    /// How sure the model is that the last half second was the wake word.
    fn wake_word(frame: i8) -> { score: i8 } = "../models/wake_word_f32.tflite",
    dataset = "../models/wake_word_calibration.npz",
    samples_follow = true,
    // Samples of eight bits: from -1.0 to 1.0 in 255 steps.
    tensors("frame": range(-1.0, 1.0)),
}

/// 16-bit samples, behind a header of 44 bytes.
static RECORDING: &[u8] = include_bytes!("../../wake_word.wav");

/// Frames on their way from the microphone to the model.
static FRAMES: Channel<CriticalSectionRawMutex, wake_word::Frame, 2> = Channel::new();

/// The processor's clock after reset.
const CLOCK: u64 = 16_000_000;

embassy_time_driver::time_driver_impl!(static TIME: SystickDriver<4> = SystickDriver::new(CLOCK, 15_999));

#[cortex_m_rt::exception]
fn SysTick() {
    TIME.systick_interrupt();
}

#[embassy_executor::task]
async fn microphone() {
    let mut every_20_ms = Ticker::every(Duration::from_millis(20));
    for bytes in RECORDING[44..].chunks_exact(2 * wake_word::Frame::LEN) {
        let mut frame = wake_word::Frame::ZERO;
        for (to, sample) in frame.as_mut_slice().iter_mut().zip(bytes.chunks_exact(2)) {
            *to = sample[1] as i8; // the upper eight bits
        }
        every_20_ms.next().await;
        FRAMES.send(frame).await;
    }
    debug::exit(debug::EXIT_SUCCESS);
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let mut core = cortex_m::Peripherals::take().unwrap();
    TIME.start(&mut core.SYST);
    spawner.spawn(microphone().unwrap());

    // What lives longer than an `.await` lies in the task's static memory, not on the stack.
    let mut arena = wake_word::Arena::new();
    let mut state = wake_word::State::new();
    let mut output = wake_word::Output::ZERO;
    let mut was_heard = false;
    for number in 1_u32.. {
        let frame = FRAMES.receive().await;
        let mut run = wake_word::begin(&mut arena, &mut state, &frame, &mut output);
        while run.step() {
            embassy_futures::yield_now().await;
        }
        let is_heard = output.score[0] > 0; // more than one half
        if is_heard && !was_heard {
            hprintln!("heard after {} ms", number * 20);
        }
        was_heard = is_heard;
    }
}
