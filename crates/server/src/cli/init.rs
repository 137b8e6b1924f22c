//! `trent init`: the data directory of a server, with a new root key, an account and an
//! administrator.

use super::admin::{Output, RootKeyOption, account, block_on, name};
use super::view::NewAccessKeyView;
use crate::data_dir::DataDir;
use crate::store::StoreOption;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;
use trent_core::AccountId;
use trent_core::identity::{AccessKey, IdentityName};
use trent_service::identity::admin::{Identities, Owner};
use trent_service::root_keys::RootKeys;

/// The options of `trent init`.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to make; refused when it is a data directory already
    #[arg(long, env = "TRENT_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
    /// The 12 digits of the first account; random ones if not given
    #[arg(long, env = "TRENT_ACCOUNT", value_name = "DIGITS", value_parser = account)]
    account: Option<AccountId>,
    /// The name of the user who may do everything
    #[arg(long, value_name = "NAME", default_value = "admin", value_parser = name)]
    admin: IdentityName,
    #[command(flatten)]
    store: StoreOption,
    #[command(flatten)]
    root_key: RootKeyOption,
    #[command(flatten)]
    output: Output,
}

/// What was made.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    data_dir: String,
    #[serde(skip)]
    root_key: String,
    account_id: String,
    user_arn: String,
    access_key: NewAccessKeyView,
}

impl Init {
    /// Makes the data directory.
    pub(crate) fn run(self) -> Result<()> {
        block_on(async {
            let source = self.root_key.source();
            let place = self.store.source(None)?;
            if place.file(&self.data_dir).is_none() {
                // What is a file is looked for by the data directory.
                let store = place.open(&self.data_dir).await?;
                let is_empty = store.scan(None, 1).await?.is_empty();
                store.close().await;
                let url = place.url(&self.data_dir);
                ensure!(is_empty, "the store `{url}` is not empty; nothing was changed");
            }
            let directory = DataDir::make(&self.data_dir, &source, &place)?;
            let access = source.new_access(&self.data_dir)?;
            let store = place.open(&self.data_dir).await?;
            let root_keys = match RootKeys::open_new(store, access).await {
                Ok(root_keys) => root_keys,
                Err(error) => {
                    // With nothing in it, it would only be in the way of the next attempt.
                    directory.remove_store(&place)?;
                    return Err(error.into());
                }
            };
            let identities = Identities::open(&root_keys);
            let made = self.populate(&identities).await;
            identities.close().await;
            self.output.say(&made?)
        })
    }

    async fn populate(&self, identities: &Identities) -> Result<Made> {
        let account = identities.create_account(self.account, "").await?.id;
        let admin = identities.create_user(account, &self.admin, "/", BTreeMap::new()).await?;
        let owner = Owner::User(account, self.admin.clone());
        let policy = IdentityName::parse(POLICY_NAME).context("no name for a policy")?;
        identities
            .change_permissions(&owner, |permissions| {
                permissions.policies.insert(policy.clone(), ADMINISTRATOR.to_owned());
            })
            .await?;
        let key: AccessKey = identities.create_access_key(account, Some(&self.admin)).await?;
        Ok(Made {
            data_dir: self.data_dir.display().to_string(),
            root_key: self.root_key.source().advice(&self.data_dir),
            account_id: account.to_string(),
            user_arn: admin.arn("aws"),
            access_key: NewAccessKeyView::of(key),
        })
    }
}

impl Display for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data_dir, root_key, account_id, user_arn, access_key } = self;
        write!(
            formatter,
            "# Made the data directory {data_dir}.\n\
             # Its root key is {root_key}. Keep a copy of it, apart from the copies of the \
             store:\n\
             # without it the store cannot be read, and whoever has both has your keys.\n\
             # Account {account_id}, administrator {user_arn}.\n{access_key}"
        )
    }
}

/// What the policy of the administrator is called.
const POLICY_NAME: &str = "administrator";

/// The policy of the administrator.
const ADMINISTRATOR: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": ["kms:*", "sts:*"], "Resource": "*" }
  ]
}"#;
