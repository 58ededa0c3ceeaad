//! Semihosting: the debugger (here QEMU) prints, and reads and writes files.
//! Arm, "Semihosting for AArch32 and AArch64"; RISC-V uses the same calls.

use core::arch::asm;

/// One semihosting call to the debugger.
fn call(operation: usize, argument: *const usize) -> isize {
    let result: isize;
    #[cfg(target_arch = "arm")]
    // SAFETY: the debugger reads the argument block and returns in r0.
    unsafe {
        asm!("bkpt #0xAB", inlateout("r0") operation => result, in("r1") argument, options(nostack));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: the three instructions are the call, which must not be compressed.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result, in("a1") argument, options(nostack),
        );
    }
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    let result = (operation as isize).min(argument as isize);
    result
}

/// A file's name, with a zero behind it.
pub struct Path {
    text: [u8; 512],
    len: usize,
}

/// A file of the host.
pub struct File(usize);

impl File {
    /// Opens it to read, or makes it anew to write.
    pub fn open(path: &Path, write: bool) -> Option<Self> {
        let mode = if write { 5 } else { 1 };
        let block = [path.text.as_ptr() as usize, mode, path.len];
        let handle = call(0x01, block.as_ptr());
        usize::try_from(handle).ok().map(Self)
    }

    /// Fills all of it; false at the end of the file.
    pub fn read(&self, to: &mut [i8]) -> bool {
        let block = [self.0, to.as_mut_ptr() as usize, to.len()];
        call(0x06, block.as_ptr()) == 0
    }

    /// Appends bytes to the file.
    pub fn write(&self, from: &[i8]) {
        let block = [self.0, from.as_ptr() as usize, from.len()];
        call(0x05, block.as_ptr());
    }

    /// Closes the file's handle on the host.
    pub fn close(self) {
        let block = [self.0];
        call(0x02, block.as_ptr());
    }
}

static PATHS: crate::Owned<[Path; 2]> = crate::Owned::new(
    [const {
        Path {
            text: [0; 512],
            len: 0,
        }
    }; 2],
);

/// Two files, if the command line names them behind the program.
pub fn arguments() -> Option<(&'static Path, &'static Path)> {
    // SAFETY: called once, from the one thread.
    let paths = unsafe { PATHS.take() };
    let mut line = [0_u8; 1024];
    let block = [line.as_mut_ptr() as usize, line.len()];
    if call(0x15, block.as_ptr()) != 0 {
        return None;
    }
    let mut words = line
        .split(|&b| b == b' ' || b == 0)
        .filter(|word| !word.is_empty());
    words.next();
    for path in paths.iter_mut() {
        let word = words.next()?;
        path.len = word.len().min(511);
        for (to, from) in path.text.iter_mut().zip(word) {
            *to = *from;
        }
    }
    let [from, to] = paths;
    Some((from, to))
}

/// Text, which ends with its first zero or its end.
pub fn print(text: &str) {
    for byte in text.bytes() {
        let byte = [byte];
        call(0x03, byte.as_ptr().cast());
    }
}

/// A line of name and number.
pub fn value(name: &str, number: u32) {
    print(name);
    let mut digits = [b'0'; 10];
    let mut rest = number;
    let mut count = 1;
    for (i, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b'0' + (rest % 10) as u8;
        if rest > 0 {
            count = i + 1;
        }
        rest /= 10;
    }
    print(" ");
    for digit in digits.iter().skip(10 - count) {
        let byte = [*digit];
        call(0x03, byte.as_ptr().cast());
    }
    print("\n");
}

/// The end of the program.
pub fn exit() -> ! {
    // ADP_Stopped_ApplicationExit
    #[cfg(target_arch = "arm")]
    call(0x18, 0x20026 as *const usize);
    #[cfg(not(target_arch = "arm"))]
    {
        let block = [0x20026_usize, 0];
        call(0x18, block.as_ptr());
    }
    loop {
        core::hint::spin_loop();
    }
}
