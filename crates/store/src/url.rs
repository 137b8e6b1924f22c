//! Where a store is, as one text.

use std::fmt::{self, Debug, Display};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use url::Url;

use crate::Store;
use crate::error::StoreError;
use crate::postgres::{Login, PostgresStore};
use crate::sqlite::SqliteStore;

/// Where a store is: `sqlite:PATH`, or `postgres://USER@HOST:PORT/DATABASE` with the parameters that
/// libpq knows: `host` (also the folder of a socket), `port`, `user`, `dbname`, `sslmode`,
/// `sslrootcert`, `sslcert`, `sslkey`.
///
/// It may have a password in it, which is never shown.
#[derive(Clone)]
pub struct StoreUrl(Place);

/// Why a text is not a [`StoreUrl`]. Does not have the password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not where a store is (`sqlite:PATH` or `postgres://USER@HOST/DATABASE`): {0}")]
pub struct UrlError(String);

#[derive(Clone)]
enum Place {
    Sqlite(PathBuf),
    Postgres { shown: String, login: Box<Login> },
}

impl StoreUrl {
    /// A SQLite database in a file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Place::Sqlite(path.into()))
    }

    /// Opens the store, after creating what is missing, and brings its schema up to date. It belongs
    /// to the tokio runtime of the caller; dropping it closes it, in the background.
    ///
    /// # Errors
    /// [`StoreError::Foreign`], [`StoreError::Newer`], [`StoreError::Damaged`] and
    /// [`StoreError::Unavailable`].
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match &self.0 {
            Place::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path).await?)),
            Place::Postgres { login, .. } => Ok(Arc::new(PostgresStore::open(login).await?)),
        }
    }

    /// As [`open`](Self::open), but a database in which no store was ever made is refused, as it is.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); [`StoreError::Foreign`] if there is nothing.
    pub async fn open_existing(&self) -> Result<Arc<dyn Store>, StoreError> {
        match &self.0 {
            Place::Sqlite(_) => self.open().await,
            Place::Postgres { login, .. } => {
                let store = PostgresStore::open_existing(login).await?;
                if store.scan(None, 1).await?.is_empty() {
                    store.close().await;
                    return Err(StoreError::nothing());
                }
                Ok(Arc::new(store))
            }
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Place::Sqlite(path) => Some(path),
            Place::Postgres { .. } => None,
        }
    }

    /// With this password for the login, in place of another. A file needs none.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        match self.0 {
            Place::Postgres { shown, login } => {
                Self(Place::Postgres { shown, login: Box::new(login.with_password(password)) })
            }
            place @ Place::Sqlite(_) => Self(place),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let error = |what: &str| UrlError(what.to_owned());
        match text.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() {
                    Err(error("the path is missing"))
                } else {
                    Ok(Self::sqlite(path))
                }
            }
            Some(("postgres" | "postgresql", rest)) => {
                // The errors of the URL's syntax do not repeat it.
                let url = Url::parse(&format!("postgres:{rest}"))
                    .map_err(|cause| UrlError(cause.to_string()))?;
                if url.cannot_be_a_base() || !rest.starts_with("//") {
                    return Err(error("`//` is missing after `postgres:`"));
                }
                let login = Box::new(Login::parse(&url).map_err(UrlError)?);
                Ok(Self(Place::Postgres { shown: without_password(url), login }))
            }
            _ => Err(error("it begins neither with `sqlite:` nor with `postgres:`")),
        }
    }
}

fn without_password(mut url: Url) -> String {
    if url.password().is_some() && url.set_password(None).is_err() {
        return "postgres:".to_owned();
    }
    url.into()
}

impl Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Place::Postgres { shown, .. } => formatter.write_str(shown),
        }
    }
}

impl Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreUrl({self})")
    }
}

/// As they are written; a password makes a difference that is not seen.
impl PartialEq for StoreUrl {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for StoreUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_path() {
        for (text, path) in [
            ("sqlite:/var/lib/trent/store.db", "/var/lib/trent/store.db"),
            ("sqlite:///var/lib/trent/store.db", "/var/lib/trent/store.db"),
            ("sqlite:a b%20?.db", "a b%20?.db"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.path(), Some(std::path::Path::new(path)));
            assert_eq!(url.to_string(), format!("sqlite:{path}"));
        }
    }

    #[test]
    fn no_password_is_shown() {
        for (text, shown) in [
            ("postgres://u:secret@h:1/d", "postgres://u@h:1/d"),
            ("postgresql://u:sec%20ret@h/d?sslmode=require", "postgres://u@h/d?sslmode=require"),
            ("postgres://u@%2Frun%2Fpostgresql/d", "postgres://u@%2Frun%2Fpostgresql/d"),
        ] {
            let url = text.parse::<StoreUrl>().unwrap().with_password("secret");
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("StoreUrl({shown})"));
        }
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        for (text, what) in [
            ("", "neither"),
            ("store.db", "neither"),
            ("mysql://u:secret@h/d", "neither"),
            ("sqlite:", "path"),
            ("sqlite://", "path"),
            ("postgres:u:secret", "`//`"),
            ("postgres://u:secret@h:99999/d", "port"),
            ("postgres://u:secret@h/d?password=secret", "`password` is not known"),
        ] {
            let error = text.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
