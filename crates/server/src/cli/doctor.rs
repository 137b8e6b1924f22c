//! `trent doctor`: what is wrong, and what to do about it.

use super::admin::{Administration, Place, block_on, root_key_source};
use super::serve;
use crate::doctor::{Finding, Findings, Status, Subject, examine};
use crate::root_key::RootKeySource;
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::cell::Cell;
use std::fmt::{self, Display};
use std::process::ExitCode;

/// The options of `trent doctor`.
#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    shared: Administration,
    /// Where another root key is that is to open the store, too, as for `root-key add`; may be given
    /// several times
    #[arg(long, value_name = "WHERE", value_parser = root_key_source)]
    provider: Vec<RootKeySource>,
}

/// The findings, shown.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    problems: usize,
    warnings: usize,
    checks: Vec<Finding>,
}

impl Doctor {
    /// Checks everything; the status is 1 if there is a problem.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Self { shared, provider } = self;
        let problems = Cell::new(0);
        block_on(async {
            let configuration = shared.place();
            let mut told = Vec::new();
            let mut findings = Findings::default();
            match configuration {
                Err(error) if error.downcast_ref::<clap::Error>().is_some() => return Err(error),
                Err(error) => told.push(of_configuration(Err(&error))),
                Ok(Place { data_dir, root_key, store, config }) => {
                    if let Some(config) = &config {
                        told.push(of_configuration(
                            serve::check_settings(config).as_ref().copied(),
                        ));
                    }
                    let subject = Subject { data_dir, root_key, store, others: provider, config };
                    findings = examine(&subject).await;
                }
            }
            told.append(&mut findings.0);
            let findings = Findings(told);
            problems.set(findings.count(Status::Problem));
            shared.say(&Told {
                problems: findings.count(Status::Problem),
                warnings: findings.count(Status::Warning),
                checks: findings.0,
            })
        })?;
        Ok(if problems.get() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn of_configuration(checked: Result<(), &anyhow::Error>) -> Finding {
    let check = "configuration";
    match checked {
        Ok(()) => Finding {
            check,
            status: Status::Ok,
            text: "it can be served with".to_owned(),
            advice: None,
        },
        Err(error) => Finding {
            check,
            status: Status::Problem,
            text: format!("{error:#}"),
            advice: Some("docs/trent.toml explains every setting".to_owned()),
        },
    }
}

impl Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { check, status, text, advice } in &self.checks {
            let status = match status {
                Status::Ok => "ok",
                Status::Warning => "warning",
                Status::Problem => "PROBLEM",
            };
            writeln!(formatter, "{status:<8} {check:<15} {text}")?;
            if let Some(advice) = advice {
                writeln!(formatter, "{:<8} {:<15} -> {advice}", "", "")?;
            }
        }
        writeln!(formatter, "{} problems, {} warnings", self.problems, self.warnings)
    }
}
