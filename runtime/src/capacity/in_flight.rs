//! How many calls run at once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Owner;

/// How many calls may run at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MostCalls {
    /// In all.
    pub(crate) total: usize,
    /// Of one workspace.
    pub(crate) per_workspace: usize,
    /// Of one grant.
    pub(crate) per_grant: usize,
}

/// The calls that run.
#[derive(Debug)]
pub(crate) struct InFlight {
    most: MostCalls,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    total: usize,
    grants: Counts,
    workspaces: Counts,
}

/// How many calls run, by a text of who makes them.
#[derive(Debug, Default)]
struct Counts(HashMap<By, usize>);

/// An owner that a map finds by one of its texts, without a copy of that.
#[derive(Debug)]
struct By(Arc<dyn Owner>, Text);

/// Reads a text of an owner.
type Text = for<'a> fn(&'a (dyn Owner + 'static)) -> &'a str;

const GRANT: Text = <dyn Owner>::id;
const WORKSPACE: Text = <dyn Owner>::workspace;

impl Borrow<str> for By {
    fn borrow(&self) -> &str {
        (self.1)(&*self.0)
    }
}

impl PartialEq for By {
    fn eq(&self, other: &By) -> bool {
        Borrow::<str>::borrow(self) == Borrow::<str>::borrow(other)
    }
}

impl Eq for By {}

impl Hash for By {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<str>::borrow(self).hash(state);
    }
}

impl Counts {
    fn of(&self, owner: &(dyn Owner + 'static), text: Text) -> usize {
        self.0.get(text(owner)).copied().unwrap_or_default()
    }

    fn add(&mut self, owner: &Arc<dyn Owner>, text: Text) {
        match self.0.get_mut(text(&**owner)) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(By(Arc::clone(owner), text), 1);
            }
        }
    }

    fn remove(&mut self, owner: &(dyn Owner + 'static), text: Text) {
        match self.0.get_mut(text(owner)) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                self.0.remove(text(owner));
            }
        }
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
    /// So many of the grant run.
    Grant(usize),
    /// So many of its workspace run.
    Workspace(usize),
    /// So many run.
    All,
}

impl InFlight {
    /// Lets so many calls run at once.
    pub(crate) fn new(most: MostCalls) -> Arc<InFlight> {
        Arc::new(InFlight {
            most,
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
        let most = self.most;
        let mut running = self.running();
        if running.total >= most.total {
            return Err(TooMany::All);
        }
        if let Some(grant) = &grant {
            if running.grants.of(&**grant, GRANT) >= most.per_grant {
                return Err(TooMany::Grant(most.per_grant));
            }
            if running.workspaces.of(&**grant, WORKSPACE) >= most.per_workspace {
                return Err(TooMany::Workspace(most.per_workspace));
            }
            running.grants.add(grant, GRANT);
            running.workspaces.add(grant, WORKSPACE);
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
        if let Some(grant) = &self.grant {
            running.grants.remove(&**grant, GRANT);
            running.workspaces.remove(&**grant, WORKSPACE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(total: usize, per_workspace: usize, per_grant: usize) -> Arc<InFlight> {
        InFlight::new(MostCalls {
            total,
            per_workspace,
            per_grant,
        })
    }

    fn grant(id: &'static str) -> Option<Arc<dyn Owner>> {
        Some(Arc::new(id))
    }

    #[test]
    fn a_grant_has_its_own_number_of_calls() {
        let calls = calls(10, 10, 2);
        let first = calls.enter(grant("a")).unwrap();
        let _second = calls.enter(grant("a")).unwrap();
        assert_eq!(calls.enter(grant("a")).unwrap_err(), TooMany::Grant(2));
        assert!(calls.enter(grant("b")).is_ok());
        drop(first);
        assert!(calls.enter(grant("a")).is_ok());
    }

    #[test]
    fn grants_of_a_workspace_share_its_number_of_calls() {
        let calls = calls(10, 2, 2);
        let first = calls.enter(grant("a@w")).unwrap();
        let _second = calls.enter(grant("b@w")).unwrap();
        let refused = calls.enter(grant("c@w")).unwrap_err();
        assert_eq!(refused, TooMany::Workspace(2));
        assert!(calls.enter(grant("c@other")).is_ok());
        drop(first);
        assert!(calls.enter(grant("c@w")).is_ok());
    }

    #[test]
    fn all_calls_together_have_theirs_and_nothing_is_kept_of_them() {
        let calls = calls(2, 2, 2);
        let first = calls.enter(grant("a")).unwrap();
        let second = calls.enter(None).unwrap();
        assert_eq!(calls.enter(grant("b")).unwrap_err(), TooMany::All);
        drop((first, second));
        let running = calls.running();
        let kept = (running.grants.0.len(), running.workspaces.0.len());
        assert_eq!((running.total, kept), (0, (0, 0)));
    }
}
