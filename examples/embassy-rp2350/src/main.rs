//! A wake word on a Raspberry Pi Pico 2, with Embassy: its LED lights up when the word is heard.
//!
//!     cargo run --release
//!
//! with `probe-rs` and a debug probe; a microphone with an amplifier (such as MAX4466) is at GP26.
//! `.cargo/config.toml` says which core the RP2350 has, so that niello takes the kernels for its DSP
//! extension.
#![no_std]
#![no_main]

use defmt::info;
use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_rp::adc::{self, Adc, Channel};
use embassy_rp::gpio::{Level, Output, Pull};
use embassy_rp::{bind_interrupts, dma, peripherals};
use panic_halt as _;

niello::include_model! {
    /// How sure the model is that the last half second was the wake word.
    fn wake_word(frame: i8) -> { score: i8 } = "../models/wake_word_f32.tflite",
    dataset = "../models/wake_word_calibration.npz",
    samples_follow = true,
    // Samples of eight bits: from -1.0 to 1.0 in 255 steps.
    tensors("frame": range(-1.0, 1.0)),
}

bind_interrupts!(struct Irqs {
    ADC_IRQ_FIFO => adc::InterruptHandler;
    DMA_IRQ_0 => dma::InterruptHandler<peripherals::DMA_CH0>;
});

/// The converter's clock of 48 MHz, divided by 6000: 8000 samples per second.
const DIVIDER: u16 = 5999;

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let board = embassy_rp::init(Default::default());
    let mut adc = Adc::new(board.ADC, Irqs, adc::Config::default());
    let mut microphone = Channel::new_pin(board.PIN_26, Pull::None);
    let mut dma = dma::Channel::new(board.DMA_CH0, Irqs);
    let mut led = Output::new(board.PIN_25, Level::Low);

    // What lives longer than an `.await` lies in the task's static memory, not on the stack.
    let (mut samples, mut next) = ([0_u16; wake_word::Frame::LEN], [0; wake_word::Frame::LEN]);
    let mut frame = wake_word::Frame::ZERO;
    let mut arena = wake_word::Arena::new();
    let mut state = wake_word::State::new();
    loop {
        // The DMA records one frame while the model listens to the one before.
        let record = adc.read_many(&mut microphone, &mut next, DIVIDER, &mut dma);
        let listen = async {
            for (to, sample) in frame.as_mut_slice().iter_mut().zip(samples) {
                *to = ((sample >> 4) as u8 ^ 0x80) as i8; // 12 bits around 2048 -> 8 bits around 0
            }
            let output = wake_word::run_in(&mut arena, &mut state, &frame);
            let is_heard = output.score[0] > 0; // more than one half
            if is_heard {
                info!("heard: {}", output);
            }
            led.set_level(is_heard.into());
        };
        if join(record, listen).await.0.is_err() {
            info!("the converter has lost samples");
        }
        samples = next;
    }
}
