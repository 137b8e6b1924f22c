//! A `postgres:` URL as options of a connection. Only what is known is taken, so that nothing that
//! somebody wanted is missing in silence.

use std::path::Path;

use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::{Host, Url};

/// The options, or what is wrong, which never has the password in it.
///
/// What the URL does not say is taken from the variables `PGHOST`, `PGPORT`, `PGUSER`,
/// `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`, `PGSSLCERT` and `PGSSLKEY`. A file
/// `.pgpass` is not read: the reader of sqlx logs lines that it does not understand.
pub(super) fn options(url: &Url) -> Result<PgConnectOptions, String> {
    let mut options = PgConnectOptions::new_without_pgpass()
        .application_name("trent")
        .disable_statement_logging();
    if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
        options = at(options, &decoded(host)?);
    }
    if let Some(port) = url.port() {
        options = options.port(port);
    }
    if !url.username().is_empty() {
        options = options.username(&decoded(url.username())?);
    }
    if let Some(password) = url.password() {
        options = options.password(&decoded(password)?);
    }
    let database = decoded(url.path().trim_start_matches('/'))?;
    if !database.is_empty() {
        options = options.database(&database);
    }
    let mut mode = None;
    for (key, value) in url.query_pairs() {
        match &*key {
            "host" => options = at(options, &value),
            "port" => {
                let port = value.parse().map_err(|_| "`port` is not a port".to_owned())?;
                options = options.port(port);
            }
            "user" => options = options.username(&value),
            "dbname" => options = options.database(&value),
            "sslmode" => mode = Some(ssl_mode(&value)?),
            "sslrootcert" => options = options.ssl_root_cert(Path::new(&*value)),
            "sslcert" => options = options.ssl_client_cert(Path::new(&*value)),
            "sslkey" => options = options.ssl_client_key(Path::new(&*value)),
            _ => return Err(format!("`{key}` is not known")),
        }
    }
    let mode = match mode {
        Some(mode) => mode,
        None => usual_ssl_mode(&options)?,
    };
    Ok(options.ssl_mode(mode))
}

/// `allow` and `prefer` do without TLS whenever somebody in between wants it, and `verify-ca`
/// trusts all hosts, since sqlx adds the given authorities to the public ones.
fn ssl_mode(text: &str) -> Result<PgSslMode, String> {
    match text {
        "disable" => Ok(PgSslMode::Disable),
        "require" => Ok(PgSslMode::Require),
        "verify-full" => Ok(PgSslMode::VerifyFull),
        _ => Err("`sslmode` is not `disable`, `require` or `verify-full`".to_owned()),
    }
}

/// Without TLS only where nobody is in between.
fn usual_ssl_mode(options: &PgConnectOptions) -> Result<PgSslMode, String> {
    let host = options.get_host();
    let is_loopback = match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => host == "::1",
    };
    match options.get_ssl_mode() {
        PgSslMode::Prefer if options.get_socket().is_some() || host.starts_with('/') => {
            Ok(PgSslMode::Disable)
        }
        PgSslMode::Prefer if is_loopback => Ok(PgSslMode::Disable),
        PgSslMode::Prefer => Ok(PgSslMode::VerifyFull),
        mode @ (PgSslMode::Disable | PgSslMode::Require | PgSslMode::VerifyFull) => Ok(mode),
        PgSslMode::Allow | PgSslMode::VerifyCa => {
            Err("PGSSLMODE is not `disable`, `require` or `verify-full`".to_owned())
        }
    }
}

/// A host, or the folder of a socket.
fn at(options: PgConnectOptions, host: &str) -> PgConnectOptions {
    if host.starts_with('/') { options.socket(host) } else { options.host(host) }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| "it is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<PgConnectOptions, String> {
        options(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_url_says_where_and_who() {
        let options = parsed("postgres://us%20er:p%40ss@db.example:6543/tr%C3%A9nt").unwrap();
        assert_eq!(options.get_host(), "db.example");
        assert_eq!(options.get_port(), 6543);
        assert_eq!(options.get_username(), "us er");
        assert_eq!(options.get_database(), Some("trént"));
        assert!(format!("{options:?}").contains("p@ss"));
        for url in [
            "postgres://u@%2Frun%2Fpostgresql/trent",
            "postgres:///trent?host=/run/postgresql&user=u",
        ] {
            let options = parsed(url).unwrap();
            assert_eq!(
                options.get_socket().map(|path| &**path),
                Some(Path::new("/run/postgresql"))
            );
            assert_eq!(options.get_username(), "u");
            assert_eq!(options.get_database(), Some("trent"));
        }
    }

    #[test]
    fn tls_is_only_off_where_nobody_is_in_between() {
        for (url, expected) in [
            ("postgres://db.example/trent", "VerifyFull"),
            ("postgres://10.0.0.1/trent", "VerifyFull"),
            ("postgres://localhost.example/trent", "VerifyFull"),
            ("postgres://db.example/trent?sslmode=require", "Require"),
            ("postgres://db.example/trent?sslmode=disable", "Disable"),
            ("postgres://localhost/trent", "Disable"),
            ("postgres://127.0.0.1/trent", "Disable"),
            ("postgres://[::1]/trent", "Disable"),
            ("postgres://%2Frun%2Fpostgresql/trent", "Disable"),
            ("postgres://localhost/trent?sslmode=verify-full", "VerifyFull"),
        ] {
            let mode = parsed(url).unwrap().get_ssl_mode();
            assert_eq!(format!("{mode:?}"), expected, "{url}");
        }
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        for (url, what) in [
            ("postgres://u:secret@h/d?sslmode=prefer", "`sslmode` is not"),
            ("postgres://u:secret@h/d?sslmode=verify-ca", "`sslmode` is not"),
            ("postgres://u:secret@h/d?sslmod=require", "`sslmod` is not known"),
            ("postgres://u:secret@h/d?port=x", "`port` is not a port"),
            ("postgres://u:secret%ff@h/d", "not UTF-8"),
        ] {
            let error = parsed(url).unwrap_err();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
