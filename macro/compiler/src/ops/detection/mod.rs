//! Boxes of object detectors.

pub(crate) mod detection_post_process;
pub(crate) mod non_max_suppression;
