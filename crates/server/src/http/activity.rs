//! Whether something happens on a connection: a request that runs, headers that are being read, or
//! nothing; and until when that is to be borne.

use super::Limits;
use hyper::Version;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What happens on one connection.
pub(super) struct Activity {
    state: Mutex<State>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

struct State {
    doing: Doing,
    /// Since when, unless requests run.
    since: Instant,
    /// HTTP/2 has frames that are no request: there, what comes in is no beginning of headers.
    is_http2: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    ReadingHeaders,
    Requests(usize),
}

impl Activity {
    /// Of a connection that begins now.
    pub(super) fn new(limits: &Limits) -> Self {
        let state = State { doing: Doing::Nothing, since: Instant::now(), is_http2: false };
        Self {
            state: Mutex::new(state),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
        }
    }

    /// Bytes have come in.
    pub(super) fn received(&self) {
        self.with(|state| {
            if state.doing == Doing::Nothing && !state.is_http2 {
                *state = State { doing: Doing::ReadingHeaders, since: Instant::now(), ..*state };
            }
        });
    }

    /// The headers of a request are read; it runs as long as what is returned lives.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> Running {
        self.with(|state| {
            state.is_http2 = version == Version::HTTP_2;
            state.doing = match state.doing {
                Doing::Requests(others) => Doing::Requests(others + 1),
                Doing::Nothing | Doing::ReadingHeaders => Doing::Requests(1),
            };
        });
        Running(Arc::clone(self))
    }

    /// Whether headers have begun and not ended.
    pub(super) fn is_reading_headers(&self) -> bool {
        self.with(|state| state.doing == Doing::ReadingHeaders)
    }

    /// Ends when the client has been idle, or slow with its headers, for too long. To be polled
    /// after the connection, in the same task.
    pub(super) async fn expired(&self) {
        let mut timer = pin!(sleep_until(self.deadline().unwrap_or_else(|| self.later())));
        poll_fn(|context| {
            // A timer that goes off early costs less than one that is set for every request.
            if let Some(deadline) = self.deadline().filter(|one| *one < timer.deadline()) {
                timer.as_mut().reset(deadline);
            }
            while timer.as_mut().poll(context).is_ready() {
                let deadline = self.deadline().unwrap_or_else(|| self.later());
                if deadline <= timer.deadline() {
                    return std::task::Poll::Ready(());
                }
                timer.as_mut().reset(deadline);
            }
            std::task::Poll::Pending
        })
        .await;
    }

    /// None while requests run, which have limits of their own.
    fn deadline(&self) -> Option<Instant> {
        self.with(|state| match state.doing {
            Doing::Nothing => Some(state.since + self.idle_timeout),
            Doing::ReadingHeaders => Some(state.since + self.header_timeout),
            Doing::Requests(_) => None,
        })
    }

    /// When to look again while requests run.
    fn later(&self) -> Instant {
        Instant::now() + self.idle_timeout
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that runs.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.with(|state| match state.doing {
            Doing::Requests(running) if running > 1 => state.doing = Doing::Requests(running - 1),
            _ => *state = State { doing: Doing::Nothing, since: Instant::now(), ..*state },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(100);

    fn activity() -> Arc<Activity> {
        let limits = Limits { header_timeout: HEADER, idle_timeout: IDLE, ..Limits::default() };
        Arc::new(Activity::new(&limits))
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    async fn has_expired(activity: &Activity) -> bool {
        tokio::time::timeout(Duration::from_millis(2), activity.expired()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle() {
        let activity = activity();
        pass(99).await;
        assert!(!has_expired(&activity).await);
        pass(1).await;
        assert!(has_expired(&activity).await);
        assert!(!activity.is_reading_headers());
    }

    #[tokio::test(start_paused = true)]
    async fn headers_have_their_time_from_the_first_byte() {
        let activity = activity();
        pass(50).await;
        activity.received();
        pass(9).await;
        activity.received();
        assert!(!has_expired(&activity).await);
        pass(1).await;
        assert!(has_expired(&activity).await);
        assert!(activity.is_reading_headers());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_expires_while_a_request_runs() {
        let activity = activity();
        activity.received();
        let one = activity.begin(Version::HTTP_11);
        let other = activity.begin(Version::HTTP_11);
        pass(1000).await;
        assert!(!has_expired(&activity).await);
        drop(one);
        pass(1000).await;
        assert!(!has_expired(&activity).await);
        drop(other);
        pass(99).await;
        assert!(!has_expired(&activity).await);
        pass(1).await;
        assert!(has_expired(&activity).await);
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_http_2_that_are_no_request_do_not_count() {
        let activity = activity();
        drop(activity.begin(Version::HTTP_2));
        for _ in 0..9 {
            pass(11).await;
            activity.received();
            assert!(!has_expired(&activity).await);
        }
        pass(1).await;
        assert!(has_expired(&activity).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_notices_a_deadline_that_comes_nearer() {
        let activity = activity();
        let waiting = async {
            let began = Instant::now();
            let mut expired = pin!(activity.expired());
            assert!(futures_util::poll!(expired.as_mut()).is_pending());
            activity.received();
            expired.await;
            began.elapsed()
        };
        assert!(waiting.await < HEADER + Duration::from_secs(1));
    }
}
