//! The AWS KMS operations, their pipeline, the jobs, the cache.
//!
//! It knows no HTTP types, sockets or environment: a request comes in as method, path, headers and
//! body, an answer goes out as a status and a body. Time comes from one [`Clock`].

pub mod audit;
mod authenticate;
mod authorize;
pub mod backup;
mod cache;
mod change_set;
pub mod clock;
mod context;
mod dispatch;
mod error;
pub mod events;
pub mod examine;
mod following;
mod freshness;
pub mod identity;
pub mod jobs;
mod key_quota;
mod last_usage;
mod material;
pub mod measures;
mod operations;
mod paging;
pub mod pipeline;
mod records;
pub mod root_keys;
pub mod seed;
mod service;
mod sts;
mod throttle;
pub mod time_travel;
mod token;
pub mod web_identity;

pub use authenticate::{Credential, Credentials};
pub use authorize::explain::{ExplainedStatement, Explanation, Question};
pub use clock::Clock;
pub use error::ServiceError;
pub use pipeline::{Answer, Origin, Tls};
pub use service::{
    AWS_NITRO_ROOT, CACHED_KEYS_MAX, KEYS_PER_REGION_MAX, STALENESS_BOUND, Service, Settings,
};
pub use sts::has_action;
