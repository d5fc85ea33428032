//! Who is connected: how many connections there may be, in all and from one address, and which of
//! them is closed for a new one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use crate::limit::Source;

/// How often it is logged at most that connections were refused.
const QUIET: Duration = Duration::from_mins(1);

/// The connections of this server.
#[derive(Debug)]
pub(super) struct Registry {
    limits: Limits,
    connected: Mutex<Connected>,
}

#[derive(Debug, Default)]
struct Connected {
    next_id: u64,
    states: HashMap<u64, Arc<State>>,
    /// How many there are from each network.
    counts: HashMap<IpNet, usize>,
    /// How many were refused since that was last logged.
    refused: u64,
    logged: Option<Instant>,
}

/// The place of one connection; dropping it leaves the place to another.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    state: Arc<State>,
    registry: Arc<Registry>,
}

/// What one connection is doing.
#[derive(Debug)]
pub(super) struct State {
    network: IpNet,
    opened: Instant,
    /// How many of its requests are not answered yet.
    requests: AtomicUsize,
    /// Since when there is none, in milliseconds since it was opened.
    idle_since: AtomicU64,
    evicted: CancellationToken,
}

/// A request whose answer is not handed on as a whole yet.
#[derive(Debug)]
pub(super) struct OpenRequest(Arc<State>);

impl Registry {
    pub(super) fn new(limits: Limits) -> Registry {
        Registry {
            limits,
            connected: Mutex::default(),
        }
    }

    fn connected(&self) -> MutexGuard<'_, Connected> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection from `peer` in, where there is room or a connection that has no request
    /// open is closed: the one that had none for the longest time, of the same address where that
    /// has too many, or else of the address with the most connections.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let source = Source::of(peer, &self.limits.shared);
        let network = source.network();
        let any_number = source.is_shared() || self.limits.proxies.trusts(peer.to_canonical());
        let mut connected = self.connected();
        let here = connected.counts.get(&network).copied().unwrap_or_default();
        let crowded = !any_number && here >= self.limits.per_address;
        let full = connected.states.len() >= self.limits.total;
        if (crowded || full) && !connected.make_room(crowded.then_some(network)) {
            connected.refuse(peer, crowded);
            return None;
        }
        let id = connected.next_id;
        connected.next_id += 1;
        let state = Arc::new(State {
            network,
            opened: Instant::now(),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            evicted: CancellationToken::new(),
        });
        connected.states.insert(id, Arc::clone(&state));
        *connected.counts.entry(network).or_default() += 1;
        let registry = Arc::clone(self);
        Some(Place {
            id,
            state,
            registry,
        })
    }
}

impl Connected {
    /// Has an idle connection give way, of `network` or of any. `false`: there is none.
    fn make_room(&mut self, network: Option<IpNet>) -> bool {
        let idle = self.states.iter().filter_map(|(id, state)| {
            let fits = network.is_none_or(|network| network == state.network);
            let since = state.idle_since()?;
            fits.then(|| {
                let count = self.counts.get(&state.network);
                (count.copied().unwrap_or_default(), since.elapsed(), *id)
            })
        });
        let Some((.., id)) = idle.max() else {
            return false;
        };
        if let Some(state) = self.remove(id) {
            state.evicted.cancel();
        }
        true
    }

    fn remove(&mut self, id: u64) -> Option<Arc<State>> {
        let state = self.states.remove(&id)?;
        if let Some(count) = self.counts.get_mut(&state.network) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&state.network);
            }
        }
        Some(state)
    }

    fn refuse(&mut self, peer: IpAddr, crowded: bool) {
        self.refused += 1;
        if self.logged.is_some_and(|logged| logged.elapsed() < QUIET) {
            return;
        }
        self.logged = Some(Instant::now());
        let refused = std::mem::take(&mut self.refused);
        let setting = match crowded {
            true => "server.max_connections_per_address",
            false => "server.max_connections",
        };
        tracing::warn!(
            %peer, refused, setting,
            "connections are refused: there are too many with a request open; a proxy before this \
             server belongs into server.trusted_proxies"
        );
    }
}

impl Place {
    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.connected().remove(self.id);
    }
}

impl State {
    /// Notes a request, which is open until what is returned is dropped.
    pub(super) fn request(self: &Arc<Self>) -> OpenRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    /// Since when it has no request open; `None` where it has one.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        if self.requests.load(Ordering::Acquire) > 0 {
            return None;
        }
        let since = Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
        Some(self.opened + since)
    }

    /// Waits until it had no request open for as long as `patience`.
    pub(super) async fn idle(&self, patience: Duration) {
        loop {
            let checked = Instant::now();
            let over = self.idle_since().unwrap_or(checked) + patience;
            if over <= checked {
                return;
            }
            tokio::time::sleep_until(over).await;
        }
    }

    /// Waits until it has to give way to another connection.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let OpenRequest(state) = self;
        let now = u64::try_from(state.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        state.idle_since.store(now, Ordering::Relaxed);
        state.requests.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Ranges;
    use crate::app::proxies::Proxies;

    fn registry(total: usize, per_address: usize) -> Arc<Registry> {
        let trusted = ["10.0.0.1".to_owned()];
        Arc::new(Registry::new(Limits {
            patience: Duration::from_secs(1),
            total,
            per_address,
            proxies: Proxies(Ranges::parse(&trusted).unwrap()),
            shared: Ranges::parse(&["198.51.100.0/24".to_owned()]).unwrap(),
        }))
    }

    /// A connection that does nothing.
    fn idle(registry: &Arc<Registry>, peer: &str) -> Option<Place> {
        registry.admit(peer.parse().unwrap())
    }

    /// A connection with a request open.
    fn busy(registry: &Arc<Registry>, peer: &str) -> Option<(Place, OpenRequest)> {
        let place = idle(registry, peer)?;
        let request = place.state().request();
        Some((place, request))
    }

    fn is_evicted(place: &Place) -> bool {
        place.state().evicted.is_cancelled()
    }

    #[test]
    fn one_address_has_so_many_connections_and_others_have_theirs() {
        let registry = registry(10, 2);
        let first = busy(&registry, "192.0.2.1").unwrap();
        let _second = busy(&registry, "::ffff:192.0.2.1").unwrap();
        assert!(busy(&registry, "192.0.2.1").is_none());
        assert!(busy(&registry, "192.0.2.2").is_some());
        drop(first);
        assert!(busy(&registry, "192.0.2.1").is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let registry = registry(10, 1);
        let _first = busy(&registry, "2001:db8:0:1::1").unwrap();
        assert!(busy(&registry, "2001:db8:0:1:ffff::2").is_none());
        assert!(busy(&registry, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn a_trusted_proxy_and_an_assistant_have_connections_up_to_the_total() {
        for peer in ["10.0.0.1", "198.51.100.7"] {
            let registry = registry(3, 1);
            let places: Vec<_> = (0..4).map(|_| busy(&registry, peer)).collect();
            let admitted: Vec<_> = places.iter().map(Option::is_some).collect();
            assert_eq!(admitted, [true, true, true, false], "{peer}");
        }
    }

    #[test]
    fn a_connection_without_a_request_is_closed_for_another() {
        let registry = registry(10, 2);
        let oldest = idle(&registry, "192.0.2.1").unwrap();
        let _busy = busy(&registry, "192.0.2.1").unwrap();
        assert!(!is_evicted(&oldest));
        let _newest = idle(&registry, "192.0.2.1").unwrap();
        assert!(is_evicted(&oldest));
        // It left its place when it was closed, and not once more when it ends.
        drop(oldest);
        assert_eq!(registry.connected().counts.values().sum::<usize>(), 2);
    }

    #[test]
    fn the_address_with_the_most_connections_makes_room_for_the_others() {
        let registry = registry(4, 3);
        let few = idle(&registry, "192.0.2.1").unwrap();
        let many: Vec<_> = (0..3).map(|_| idle(&registry, "192.0.2.2")).collect();
        let _new = idle(&registry, "192.0.2.3").unwrap();
        assert!(!is_evicted(&few));
        let evicted = many.iter().flatten().filter(|place| is_evicted(place));
        assert_eq!(evicted.count(), 1);
    }
}
