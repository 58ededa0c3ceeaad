//! What a search has measured, kept in the cache's folder: a search that was stopped goes on from
//! there, since it takes the same decisions from the same figures.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::cost::Cost;
use super::estimate::Estimate;
use super::rank::Rank;
use crate::cache::Slot;
use crate::error::{Error, Result};

/// The figures of one setting. JSON gives f32 back exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    /// One value for each clause on the samples that decide.
    pub deciding: Vec<f32>,
    /// One value for each clause on the samples that confirm, if they were used.
    pub confirming: Vec<f32>,
    pub cost: Cost,
}

/// All figures by the setting's name; of settings that cannot be compiled, why.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    exact: BTreeMap<String, Result<Figures, String>>,
    /// For each tensor, what other ranges would give.
    estimates: BTreeMap<String, Vec<Estimate>>,
    ranks: BTreeMap<String, Vec<Rank>>,
}

/// The figures known so far, and where they are kept.
pub(super) struct State {
    slot: Slot,
    known: Mutex<Known>,
    /// When they were written last, if they were.
    written: Mutex<Option<Instant>>,
}

/// Figures are written at most this often.
const PAUSE: Duration = Duration::from_secs(2);

impl State {
    /// The state in this slot, or a fresh one.
    pub(super) fn read(slot: Slot) -> Self {
        let text = slot.load_text();
        let known = text.and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            slot,
            known: Mutex::new(known.unwrap_or_default()),
            written: Mutex::new(None),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        f(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes all figures, unless that was done a moment ago.
    fn keep(&self) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.write();
            *written = Some(Instant::now());
        }
    }

    /// Writes all figures, whenever that was done last.
    pub(super) fn write(&self) {
        if let Some(text) = self.with(|known| serde_json::to_vec(known).ok()) {
            self.slot.store_text(&text);
        }
    }

    /// The figures of a setting: those that are known, else those that `measure` finds.
    pub(super) fn exact(
        &self,
        key: &str,
        measure: impl FnOnce() -> Result<Figures>,
    ) -> Result<Figures> {
        let known = self.with(|known| known.exact.get(key).cloned());
        let figures = known.unwrap_or_else(|| {
            let figures = measure().map_err(|e| e.message);
            self.with(|known| known.exact.insert(key.to_owned(), figures.clone()));
            self.keep();
            figures
        });
        figures.map_err(Error::model)
    }

    /// Why a setting cannot be compiled, if that is known.
    pub(super) fn error(&self, key: &str) -> Option<String> {
        self.with(|known| known.exact.get(key)?.as_ref().err().cloned())
    }

    /// How many settings were measured.
    pub(super) fn measured(&self) -> usize {
        self.with(|known| {
            let estimates = known.estimates.values().map(Vec::len);
            known.exact.len() + estimates.sum::<usize>()
        })
    }

    /// True if a setting was measured.
    pub(super) fn has(&self, key: &str) -> bool {
        self.with(|known| known.exact.contains_key(key))
    }

    /// The estimates under this name, if they are known.
    pub(super) fn estimates(&self, key: &str) -> Option<Vec<Estimate>> {
        self.with(|known| known.estimates.get(key).cloned())
    }

    /// Keeps the estimates of one tensor.
    pub(super) fn keep_estimates(&self, key: String, estimates: Vec<Estimate>) {
        self.with(|known| known.estimates.insert(key, estimates));
        self.keep();
    }

    /// True if a setting's operators were ranked.
    pub(super) fn has_ranks(&self, key: &str) -> bool {
        self.with(|known| known.ranks.contains_key(key))
    }

    /// The ranks of a setting's operators: those that are known, else those that `rank` finds,
    /// unless it was stopped.
    pub(super) fn ranks(
        &self,
        key: &str,
        rank: impl FnOnce() -> Result<Option<Vec<Rank>>>,
    ) -> Result<Option<Vec<Rank>>> {
        if let Some(ranks) = self.with(|known| known.ranks.get(key).cloned()) {
            return Ok(Some(ranks));
        }
        let ranks = rank()?;
        if let Some(ranks) = &ranks {
            self.with(|known| known.ranks.insert(key.to_owned(), ranks.clone()));
            self.keep();
        }
        Ok(ranks)
    }
}
