//! What was observed of the float model, which serves all settings that have the same float model.

use std::cell::RefCell;
use std::rc::Rc;

use super::Search;
use crate::calibrate::{Method, RealRange, Samples, check as check_ways, counted, cut_inputs};
use crate::error::Result;
use crate::ir::graph::ValueId;
use crate::options::Options;
use crate::quantize::scales::calibrated_values;
use crate::session::{Observed, Session};

/// What settings share that differ only in ranges: the float model and what was observed of it.
pub(super) struct Base {
    pub session: Rc<Session>,
    pub observed: Rc<Observed>,
    pub cuts: Vec<Option<RealRange>>,
}

/// Values by name, that which was used last at the end.
type Recent<T> = Vec<(String, Rc<T>)>;

/// What is in use: what was observed, and the models with their types.
#[derive(Default)]
pub(super) struct Bases {
    observed: RefCell<Recent<Observed>>,
    sessions: RefCell<Recent<Session>>,
}

/// Things that are kept of each kind: each has the model's weights.
const KEPT: usize = 4;

impl Search<'_> {
    /// The base of these options, calibrated on these samples.
    pub(super) fn base(&self, options: &Options, calibrating: &[usize]) -> Result<Base> {
        let named = |wanted: Method| -> Vec<&str> {
            let clauses = options.tensors.iter();
            let named = clauses.filter(|(_, method)| *method == wanted);
            named.map(|(name, _)| name.as_str()).collect()
        };
        let (floats, int16) = (named(Method::Float), named(Method::Int16));
        let session = self.bases.session(&format!("{floats:?} {int16:?}"), || {
            let dataset = self.analysis.request.dataset.as_deref();
            Session::new(&self.analysis.bytes, options, dataset)
        })?;
        let methods = session.methods(options)?;
        let uncut = self.samples(calibrating);
        let cuts = cut_inputs(&session.graph, &uncut, &methods);
        let equalize = options.equalize && !methods.is_empty();
        // Methods differ in what they choose, and in what inputs are cut to; int16 changes nothing
        // of the float model.
        let rounds = options.weight_rounding && !methods.is_empty();
        let rounds = rounds.then_some(options.bias_correction);
        let number = calibrating.len();
        let key = format!("{floats:?} {cuts:?} {equalize} {rounds:?} {number}");
        let observed = self.bases.observed(&key, || {
            check_ways(&session.graph, &uncut, &methods)?;
            let samples = Samples {
                cuts: &cuts,
                ..uncut
            };
            // Methods of single tensors may differ later: all of them are counted.
            let values = calibrated_values(&session.graph);
            let all: Vec<(ValueId, Method)> = values.iter().map(|v| (*v, Method::Mse)).collect();
            session.observe(&samples, options, &methods, &counted(&all))
        })?;
        Ok(Base {
            session,
            observed,
            cuts,
        })
    }
}

impl Bases {
    /// What was observed under this name, or what `observe` gives.
    fn observed(
        &self,
        key: &str,
        observe: impl FnOnce() -> Result<Observed>,
    ) -> Result<Rc<Observed>> {
        let mut all = self.observed.borrow_mut();
        if let Some(observed) = found(&mut all, key) {
            return Ok(observed);
        }
        let observed = Rc::new(observe()?);
        keep(&mut all, key.to_owned(), &observed);
        Ok(observed)
    }

    /// The session of this name, or the one that `open` gives.
    fn session(&self, key: &str, open: impl FnOnce() -> Result<Session>) -> Result<Rc<Session>> {
        let mut sessions = self.sessions.borrow_mut();
        if let Some(session) = found(&mut sessions, key) {
            return Ok(session);
        }
        let session = Rc::new(open()?);
        keep(&mut sessions, key.to_owned(), &session);
        Ok(session)
    }
}

/// What is there under this name, which is used last now.
fn found<T>(list: &mut Recent<T>, key: &str) -> Option<Rc<T>> {
    let at = list.iter().position(|(known, _)| known == key)?;
    let used = list.remove(at);
    let value = Rc::clone(&used.1);
    list.push(used);
    Some(value)
}

/// Adds something in place of what was not used for the longest time.
fn keep<T>(list: &mut Recent<T>, key: String, value: &Rc<T>) {
    if list.len() == KEPT {
        list.remove(0);
    }
    list.push((key, Rc::clone(value)));
}
