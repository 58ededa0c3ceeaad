//! Entries of the cache: a good one, with a few changes to its bytes.

use crate::random::Random;
use crate::targets::good_entry;

pub(super) fn generate(random: &mut Random) -> (String, Vec<u8>) {
    let mut entry = good_entry().to_vec();
    if random.one_in(4) {
        // One byte, any of them.
        let at = random.below(entry.len());
        let old = entry[at];
        entry[at] = random.bits() as u8;
        return (format!("byte {at} was {old}"), entry);
    }
    random.damage(&mut entry);
    ("entry".to_owned(), entry)
}
