//! The examples for microcontrollers and browsers compile, and run where there is an emulator of the
//! board or a browser. (Those for desktops have tests of their own.)

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use niello_tests::firmware::target_folder;
use niello_tests::{here, tools};

fn examples() -> PathBuf {
    here().join("../examples")
}

/// Builds a crate; its own `.cargo/config.toml` says for what.
fn build(folder: &Path, profile: &str) {
    let output = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target_folder())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// What a program prints, if it ends within a minute.
fn output(command: &mut Command) -> String {
    let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::null()).spawn().expect("it runs");
    let begin = Instant::now();
    let is_over = |child: &mut Child| child.try_wait().expect("a child").is_some();
    let mut stdout = child.stdout.take().expect("a pipe");
    let reader = thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap_or_default());
    while !is_over(&mut child) {
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().expect("a child");
        }
        thread::sleep(Duration::from_millis(20));
    }
    reader.join().expect("no panic")
}

#[test]
fn embassy_stm32f405_hears_both_whistles() {
    if !tools::have(&["thumbv7em-none-eabihf", "qemu-system-arm"]) {
        return;
    }
    build(&examples().join("embassy-stm32f405"), "release");
    let program = target_folder().join("thumbv7em-none-eabihf/release/niello-embassy-stm32f405");
    let said = output(
        Command::new("qemu-system-arm")
            .args(["-M", "netduinoplus2", "-nographic"])
            .args(["-semihosting-config", "enable=on,target=native"])
            .arg("-kernel")
            .arg(program),
    );
    let heard: Vec<u32> = said
        .lines()
        .filter_map(|line| line.strip_prefix("heard after "))
        .filter_map(|line| line.strip_suffix(" ms")?.parse().ok())
        .collect();
    // Where the whistles end, and at most 200 ms later.
    let is_right = matches!(heard[..], [1100..1300, 3100..3300]);
    assert!(is_right, "{said}");
}

/// The file that the debug build of an example gives, for which there is no emulated board.
fn built(example: &str, target: &str) -> Vec<u8> {
    build(&examples().join(example), "dev");
    let program = target_folder().join(target).join("debug");
    std::fs::read(program.join(format!("niello-{example}"))).expect("built")
}

fn has(program: &[u8], text: &str) -> bool {
    program.windows(text.len()).any(|w| w == text.as_bytes())
}

#[test]
#[ignore = "builds the macro once more, with what embassy-rp wants of its dependencies; CI runs it"]
fn embassy_rp2040_compiles() {
    let program = built("embassy-rp2040", "thumbv6m-none-eabi");
    // The program logs an output of the model by defmt, whose formats are names of symbols.
    assert!(has(&program, "heard: {}") && has(&program, "{=str}: {}, "));
    assert!(!has(&program, "armv7em"));
}

#[test]
#[ignore = "builds embassy-rp once more; CI runs it"]
fn embassy_rp2350_compiles() {
    let program = built("embassy-rp2350", "thumbv8m.main-none-eabihf");
    assert!(has(&program, "heard: {}") && has(&program, "{=str}: {}, "));
    // What the boot ROM looks for in the first 4 kB, behind the vectors at 0x1000_0000.
    let begins = 0xFFFF_DED3_u32.to_le_bytes();
    assert!(program.windows(4).any(|word| word == begins));
    // Kernels for the DSP extension, because of the core's name in the flags.
    assert!(has(&program, "armv7em"));
}

#[test]
#[ignore = "builds the macro once more, with what esp-hal wants of its dependencies; CI runs it"]
fn esp32c3_compiles() {
    let program = built("esp32c3", "riscv32imc-unknown-none-elf");
    // What the boot loader and `espflash` look for.
    assert!(has(&program, "esp_app_desc") && has(&program, "niello-esp32c3"));
    assert!(has(&program, "heard: "));
}

/// Draws with a pointer, as a person would, and leaves the answers in the page.
const DRAW: &str = r#"<script type="module">
  const canvas = document.querySelector("canvas");
  while (!canvas.onpointerup) await new Promise((ready) => setTimeout(ready, 10));
  const box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  const event = (kind, [x, y], buttons) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: box.left + 1 + x, clientY: box.top + 1 + y, buttons, bubbles: true }));
  const circle = Array.from({ length: 41 }, (_, i) =>
    [128 + 55 * Math.cos(i * Math.PI / 20), 128 + 85 * Math.sin(i * Math.PI / 20)]);
  const digits = [
    [circle],
    [[[95, 80], [135, 40], [135, 215]]],
    [[[140, 40], [70, 150], [190, 150]], [[150, 100], [150, 215]]],
  ];
  const answers = [];
  for (const strokes of digits) {
    document.querySelector("button").click();
    for (const points of strokes) {
      event("pointerdown", points[0], 1);
      for (const point of points) event("pointermove", point, 1);
      event("pointerup", points[points.length - 1], 0);
    }
    answers.push(document.querySelector("output").value);
  }
  document.title = "answers " + answers.join(" ");
</script>
"#;

/// Answers the requests of one browser.
fn serve(listener: &TcpListener, page: &str, module: &[u8]) {
    let answer = |mut stream: TcpStream| -> std::io::Result<()> {
        let mut lines = BufReader::new(&stream).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|l| !l.is_empty()) {}
        let (kind, content) = match first.split(' ').nth(1) {
            Some("/") => ("text/html", page.as_bytes()),
            Some("/niello_web.wasm") => ("application/wasm", module),
            _ => ("text/plain", &b""[..]),
        };
        let len = content.len();
        let head = format!("Content-Type: {kind}\r\nContent-Length: {len}\r\nConnection: close");
        write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n")?;
        stream.write_all(content)
    };
    // A browser may close a connection that it opened to be quick.
    listener.incoming().flatten().for_each(|stream| {
        answer(stream).unwrap_or_default();
    });
}

/// A copy of the example. Its lock file and one line more let it share what runs at build time with
/// the firmware: `tests/cross/Cargo.toml` says why.
fn copy_of_web(folder: &Path) {
    let (from, runtime) = (examples().join("web"), here().join("../runtime"));
    for folder_of_files in ["web/src", "web/.cargo", "models"] {
        std::fs::create_dir_all(folder.join(folder_of_files)).expect("writable");
    }
    for name in ["src/lib.rs", ".cargo/config.toml", "index.html"] {
        std::fs::copy(from.join(name), folder.join("web").join(name)).expect("copied");
    }
    for name in ["digit_f32.tflite", "digit_calibration.npz"] {
        let model = Path::new("models").join(name);
        std::fs::copy(examples().join(&model), folder.join(&model)).expect("copied");
    }
    let manifest = std::fs::read_to_string(from.join("Cargo.toml")).expect("a manifest");
    let manifest = manifest.replace("../../runtime", &runtime.display().to_string());
    let syn = "\n[build-dependencies]\nsyn = { version = \"3\", features = [\"full\", \"extra-traits\"] }\n";
    std::fs::write(folder.join("web/Cargo.toml"), manifest + syn).expect("writable");
    let lock = std::fs::read_to_string(here().join("cross/Cargo.lock")).expect("a lock file");
    let lock = lock.replace("niello-cross", "niello-web");
    std::fs::write(folder.join("web/Cargo.lock"), lock).expect("writable");
}

#[test]
fn the_web_page_reads_digits() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    if !tools::have(&["wasm32-unknown-unknown", "chromium"]) {
        return;
    }
    let browser = tools::TOOLS.iter().find(|t| t.names == browsers);
    let browser = browser.and_then(tools::Tool::found).expect("it is there");
    let folder = tempfile::tempdir().expect("a folder");
    copy_of_web(folder.path());
    build(&folder.path().join("web"), "release");
    let module = target_folder().join("wasm32-unknown-unknown/release/niello_web.wasm");
    let module = std::fs::read(module).expect("built");
    let page = std::fs::read_to_string(examples().join("web/index.html")).expect("a page") + DRAW;

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || serve(&listener, &page, &module));
    let said = output(
        Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .arg("--virtual-time-budget=20000")
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg(format!("http://{address}/")),
    );
    assert!(said.contains("<title>answers 0 1 4</title>"), "{said}");
}
