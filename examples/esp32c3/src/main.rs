//! A wake word on an ESP32-C3, with esp-hal and Embassy: the program prints when it hears the word.
//!
//!     cargo run --release
//!
//! with `espflash` and a cable. An I2S microphone (such as INMP441 or ICS-43434) is at GPIO4 (its clock
//! SCK), GPIO5 (WS) and GPIO6 (SD), with its pin for left or right at ground: the left channel.
//! No arithmetic of the model is in float: this processor has no unit for it.
#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp_backtrace as _;
use esp_hal::dma_rx_stream_buffer;
use esp_hal::i2s::master::{Channels, DataFormat, I2s, TdmConfig};
use esp_hal::time::Rate;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;

niello::include_model! {
    /// How sure the model is that the last half second was the wake word.
    fn wake_word(frame: i8) -> { score: i8 } = "../models/wake_word_f32.tflite",
    dataset = "../models/wake_word_calibration.npz",
    samples_follow = true,
    // Samples of eight bits: from -1.0 to 1.0 in 255 steps.
    tensors("frame": range(-1.0, 1.0)),
}

esp_bootloader_esp_idf::esp_app_desc!();

/// Bytes of one frame: 32 bits for each sample.
const BYTES: usize = 4 * wake_word::Frame::LEN;

#[esp_rtos::main]
async fn main(_spawner: Spawner) {
    let board = esp_hal::init(esp_hal::Config::default());
    let timers = TimerGroup::new(board.TIMG0);
    esp_rtos::start(timers.timer0, board.FROM_CPU_INTR0);

    let format = TdmConfig::new_tdm_philips()
        .with_sample_rate(Rate::from_hz(8000))
        .with_data_format(DataFormat::Data32Channel32)
        .with_channels(Channels::LEFT);
    let i2s = I2s::new(board.I2S0, board.DMA_CH0, format).expect("a format that I2S has");
    let microphone = i2s
        .into_async()
        .i2s_rx
        .with_bclk(board.GPIO4)
        .with_ws(board.GPIO5)
        .with_din(board.GPIO6)
        .build();

    // What lives longer than an `.await` lies in the task's static memory, not on the stack.
    let mut bytes = [0; BYTES];
    let mut frame = wake_word::Frame::ZERO;
    let mut arena = wake_word::Arena::new();
    let mut state = wake_word::State::new();
    // The DMA records up to seven frames while the model listens to the one before.
    let record = microphone.read(dma_rx_stream_buffer!(8 * BYTES, BYTES));
    let Ok(mut record) = record else {
        panic!("the DMA does not start");
    };
    let (mut filled, mut was_heard) = (0, false);
    loop {
        filled += record.pop(&mut bytes[filled..]);
        if filled < BYTES {
            if record.wait_for_available_async().await.is_err() {
                panic!("the DMA has lost samples");
            }
            continue;
        }
        filled = 0;
        for (to, sample) in frame.as_mut_slice().iter_mut().zip(bytes.as_chunks().0) {
            // 32 bits -> 8 bits, 16 times louder: such microphones leave room above a voice.
            *to = (i32::from_le_bytes(*sample) >> 20).clamp(-128, 127) as i8;
        }
        let output = wake_word::run_in(&mut arena, &mut state, &frame);
        let is_heard = output.score[0] > 0; // more than one half
        if is_heard && !was_heard {
            println!("heard: {}", output.score[0]);
        }
        was_heard = is_heard;
    }
}
