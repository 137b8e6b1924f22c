//! `trent init`: the data directory of a server, with a new root key and an empty store.

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::log;
use crate::start::{block_on, open_service, say};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// The options of `trent init`.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to make; refused when it is a data directory already
    #[arg(long, env = "TRENT_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

impl Init {
    /// Makes the data directory.
    pub(crate) fn run(self, log: Option<&str>) -> Result<()> {
        log::start(super::log_filter(log.unwrap_or("warn"))?, log::Format::Text);
        block_on(self.make())
    }

    async fn make(self) -> Result<()> {
        let directory = DataDir::make(&self.data_dir)?;
        let settings = super::serve::settings(&Config::default())?;
        open_service(Some(&directory), settings, None).await?.close().await;
        let path = directory.path().display();
        say(&format!(
            "Made the data directory {path}.\n\
             Its root key is {path}/root.key. Keep a copy of it, apart from the copies of the \
             store:\nwithout it the store cannot be read, and whoever has both has your keys.\n"
        ))
    }
}
