//! What may be wrong with a data directory, its configuration and its store, and what to do about
//! it. Nothing is changed, a server may be running meanwhile.

mod audit;
mod files;
mod store;

use crate::config::Config;
use crate::root_key::RootKeySource;
use crate::store::StoreSource;
use serde::Serialize;
use std::path::PathBuf;

/// What is looked at.
pub(crate) struct Subject {
    pub(crate) data_dir: PathBuf,
    pub(crate) root_key: RootKeySource,
    pub(crate) store: StoreSource,
    /// Other root keys that are to open the store.
    pub(crate) others: Vec<RootKeySource>,
    /// If one was named.
    pub(crate) config: Option<Config>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// Something does not work, or will not.
    Problem,
}

/// The outcome of a check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) status: Status,
    pub(crate) text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

/// The outcomes of all checks.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { check, status: Status::Ok, text: text.into(), advice: None });
    }

    fn warning(&mut self, check: &'static str, text: impl Into<String>, advice: &str) {
        let (text, advice) = (text.into(), Some(advice.to_owned()));
        self.0.push(Finding { check, status: Status::Warning, text, advice });
    }

    fn problem(&mut self, check: &'static str, text: impl Into<String>, advice: &str) {
        let (text, advice) = (text.into(), Some(advice.to_owned()));
        self.0.push(Finding { check, status: Status::Problem, text, advice });
    }

    /// How many have this status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.0.iter().filter(|finding| finding.status == status).count()
    }
}

/// Checks everything.
pub(crate) async fn examine(subject: &Subject) -> Findings {
    let mut findings = Findings::default();
    files::check(subject, &mut findings);
    store::check(subject, &mut findings).await;
    findings
}
