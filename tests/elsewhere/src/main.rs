//! Prints a checksum of each kind of cases and of each model at every level.

mod cases;
mod models;

use niello::__private as rt;

fn main() {
    for level in rt::levels() {
        rt::force(level);
        for (kind, case) in cases::KINDS {
            println!("{level:?}\t{kind}\t{}", cases::checksum(case));
        }
        for (model, checksum) in models::own().into_iter().chain(models::shared()) {
            println!("{level:?}\t{model}\t{}", checksum());
        }
    }
}
