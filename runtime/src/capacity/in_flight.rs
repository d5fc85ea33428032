//! How many calls run at once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Owner;

/// The calls that run.
#[derive(Debug)]
pub(crate) struct InFlight {
    total: usize,
    per_grant: usize,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    total: usize,
    grants: HashMap<ById, usize>,
}

/// A grant by its id, without a copy of that.
#[derive(Debug)]
struct ById(Arc<dyn Owner>);

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        self.0.id()
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &ById) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for ById {}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id().hash(state);
    }
}

/// A call that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct RunningCall {
    calls: Arc<InFlight>,
    grant: Option<Arc<dyn Owner>>,
}

/// Why a call does not run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// So many of the same grant run.
    OfGrant(usize),
    /// So many run.
    OfAll,
}

impl InFlight {
    /// Lets `total` calls run at once, and `per_grant` of each grant.
    pub(crate) fn new(total: usize, per_grant: usize) -> Arc<InFlight> {
        Arc::new(InFlight {
            total,
            per_grant,
            running: Mutex::default(),
        })
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call run, of a grant or of who did not sign in.
    ///
    /// # Errors
    /// Where too many run already.
    pub(crate) fn enter(
        self: &Arc<Self>,
        grant: Option<Arc<dyn Owner>>,
    ) -> Result<RunningCall, TooMany> {
        let mut running = self.running();
        if running.total >= self.total {
            return Err(TooMany::OfAll);
        }
        if let Some(grant) = &grant {
            match running.grants.get_mut(grant.id()) {
                Some(count) if *count >= self.per_grant => {
                    return Err(TooMany::OfGrant(self.per_grant));
                }
                Some(count) => *count += 1,
                None => {
                    running.grants.insert(ById(Arc::clone(grant)), 1);
                }
            }
        }
        running.total += 1;
        Ok(RunningCall {
            calls: Arc::clone(self),
            grant,
        })
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut running = self.calls.running();
        running.total -= 1;
        let Some(grant) = &self.grant else {
            return;
        };
        match running.grants.get_mut(grant.id()) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                running.grants.remove(grant.id());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(id: &'static str) -> Option<Arc<dyn Owner>> {
        Some(Arc::new(id))
    }

    #[test]
    fn a_grant_has_its_own_number_of_calls() {
        let calls = InFlight::new(10, 2);
        let first = calls.enter(grant("a")).unwrap();
        let _second = calls.enter(grant("a")).unwrap();
        assert_eq!(calls.enter(grant("a")).unwrap_err(), TooMany::OfGrant(2));
        assert!(calls.enter(grant("b")).is_ok());
        drop(first);
        assert!(calls.enter(grant("a")).is_ok());
    }

    #[test]
    fn all_calls_together_have_theirs_and_nothing_is_kept_of_them() {
        let calls = InFlight::new(2, 2);
        let first = calls.enter(grant("a")).unwrap();
        let second = calls.enter(None).unwrap();
        assert_eq!(calls.enter(grant("b")).unwrap_err(), TooMany::OfAll);
        drop((first, second));
        let running = calls.running();
        assert_eq!((running.total, running.grants.len()), (0, 0));
    }
}
