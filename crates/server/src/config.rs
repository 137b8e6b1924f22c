//! The configuration of `trent serve`: a TOML file, and on top of it the environment. Every mistake
//! is told with its place.

use crate::audit::{AGE_MAX, AuditSettings, Durability, FILE_BYTES_MAX};
use crate::data_dir::DataDir;
use crate::events::Events;
use crate::hardening::MemoryLock;
use crate::http::Limits;
use crate::log;
use crate::oidc::OidcIssuer;
use crate::root_key::RootKeyConfig;
use crate::start::RequestQuotas;
use crate::store::StoreConfig;
use crate::tls::TlsFiles;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use bytesize::ByteSize;
use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trent_core::Region;
use trent_service::{CACHED_KEYS_MAX, KEYS_PER_REGION_MAX};

/// What `trent serve` is told. `docs/trent.toml` says what each setting means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) allow_plaintext_on_any_address: bool,
    pub(crate) data_dir: PathBuf,
    #[serde(deserialize_with = "regions")]
    pub(crate) regions: Vec<Region>,
    pub(crate) root_key: RootKeyConfig,
    pub(crate) store: StoreConfig,
    tls: Tls,
    pub(crate) http: Limits,
    pub(crate) memory: Memory,
    pub(crate) cache: Cache,
    pub(crate) quotas: Quotas,
    pub(crate) attestation: Attestation,
    pub(crate) oidc: Oidc,
    pub(crate) audit: Audit,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    pub(crate) log: Log,
}

/// `[tls]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tls {
    certificate: Option<PathBuf>,
    private_key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
}

/// `[memory]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) lock: MemoryLock,
}

/// `[cache]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) keys: u64,
}

/// `[quotas]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quotas {
    pub(crate) keys_per_region: u32,
    pub(crate) requests: RequestQuotas,
}

/// `[attestation]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Attestation {
    pub(crate) roots: Option<PathBuf>,
}

/// `[oidc]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    pub(crate) issuer: Vec<OidcIssuer>,
}

/// `[audit]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    dir: Option<PathBuf>,
    durability: Durability,
    #[serde(deserialize_with = "size")]
    max_file_size: usize,
    #[serde(deserialize_with = "duration")]
    max_age: Duration,
    compress: bool,
    dangerously_off: bool,
}

impl Audit {
    /// How the audit log is written; none if it is off.
    pub(crate) fn settings(&self, data_dir: &Path) -> Option<AuditSettings> {
        (!self.dangerously_off).then(|| AuditSettings {
            folder: self.dir.clone().unwrap_or_else(|| DataDir::audit_in(data_dir)),
            durability: self.durability,
            file_bytes_max: self.max_file_size as u64,
            age_max: self.max_age,
            compress: self.compress,
        })
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) listen: Option<SocketAddr>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: log::Format,
}

impl Config {
    /// Reads the file, if there is one, and the variables whose names begin with `TRENT_SERVE__`.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let text = file.map(|path| crate::files::read(path, CONFIG_BYTES_MAX)).transpose()?;
        let source = file.map_or("configuration".to_owned(), |path| path.display().to_string());
        let config = Self::parse(&text.unwrap_or_default(), &source, environment)?;
        config.check().with_context(|| source)?;
        Ok(config)
    }

    /// The files of TLS, unless it is off.
    pub(crate) fn tls(&self) -> Result<Option<TlsFiles>> {
        let Tls { certificate, private_key, client_ca } = self.tls.clone();
        match (certificate, private_key) {
            (Some(certificate), Some(private_key)) => {
                Ok(Some(TlsFiles { certificate, private_key, client_ca }))
            }
            (None, None) if client_ca.is_none() => Ok(None),
            (None, _) => bail!("`tls.certificate` is missing"),
            (_, None) => bail!("`tls.private_key` is missing"),
        }
    }

    fn parse(
        text: &str,
        source: &str,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let told = |error| anyhow!("{source}: {}", told(&error, text));
        let mut config = toml::from_str(text).map_err(told)?;
        let mut table: toml::Table = toml::from_str(text).map_err(told)?;
        let mut variables: Vec<(String, String)> = environment
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => bail!("environment variable {name}: not UTF-8"),
            })
            .collect::<Result<_>>()?;
        variables.sort();
        for (name, value) in &variables {
            (config, table) = with_variable(&table, &name[PREFIX.len()..], value)
                .with_context(|| format!("environment variable {name}"))?;
        }
        Ok(config)
    }

    /// What the types do not say.
    fn check(&self) -> Result<()> {
        let loopback = self.listen.ip().is_loopback();
        ensure!(
            self.tls()?.is_some() || loopback || self.allow_plaintext_on_any_address,
            "`listen`: {} is not a loopback address, and plain HTTP is for these alone; give \
             `tls.certificate` and `tls.private_key`, or set `allow_plaintext_on_any_address` \
             where something in front of Trent speaks TLS",
            self.listen
        );
        let http = &self.http;
        for (name, value) in [
            ("header_timeout", http.header_timeout),
            ("body_timeout", http.body_timeout),
            ("idle_timeout", http.idle_timeout),
            ("handshake_timeout", http.handshake_timeout),
            ("shutdown_timeout", http.shutdown_timeout),
        ] {
            let is_fine = TIMEOUTS.contains(&value);
            let (least, most) = (TIMEOUTS.start(), TIMEOUTS.end());
            ensure!(is_fine, "`http.{name}`: {value:?} is not between {least:?} and {most:?}");
        }
        let delay = http.shutdown_delay;
        let most = TIMEOUTS.end();
        ensure!(delay <= *most, "`http.shutdown_delay`: {delay:?} is more than {most:?}");
        within("http.connections_max", http.connections_max, &CONNECTIONS)?;
        within("http.http2_streams_max", http.http2_streams_max, &HTTP2_STREAMS)?;
        within("http.request_bytes_max", http.request_bytes_max, &REQUEST_BYTES)?;
        within("quotas.keys_per_region", self.quotas.keys_per_region, &(1..=u32::MAX))?;
        let all = http.request_bytes_max..=ALL_REQUESTS_BYTES_MAX;
        within("http.all_requests_bytes_max", http.all_requests_bytes_max, &all)?;
        within("audit.max_file_size", self.audit.max_file_size, &AUDIT_FILE_BYTES)?;
        let (age, least, most) = (self.audit.max_age, AUDIT_AGE.start(), AUDIT_AGE.end());
        let is_fine = AUDIT_AGE.contains(&age);
        ensure!(is_fine, "`audit.max_age`: {age:?} is not between {least:?} and {most:?}");
        self.store.source()?;
        let (bound, least, most) =
            (self.store.staleness_bound, STALENESS_BOUND.start(), STALENESS_BOUND.end());
        let is_fine = STALENESS_BOUND.contains(&bound);
        ensure!(
            is_fine,
            "`store.staleness_bound`: {bound:?} is not between {least:?} and {most:?}"
        );
        log::filter(&self.log.level).context("`log.level`")?;
        Ok(())
    }
}

/// Sets one key, named in the environment's way, and reads the whole again.
fn with_variable(table: &toml::Table, name: &str, text: &str) -> Result<(Config, toml::Table)> {
    let path = name.to_ascii_lowercase();
    let with = |value: toml::Value| {
        let mut table = table.clone();
        set(&mut table, &path, value)?;
        let config =
            Config::deserialize(table.clone()).map_err(|error| anyhow!(told(&error, "")))?;
        anyhow::Ok((config, table))
    };
    // A text where a text is wanted; what is no text is written as in the file.
    with(toml::Value::String(text.to_owned())).or_else(|error| match text.parse() {
        Ok(toml::Value::String(_)) | Err(_) => Err(error),
        Ok(value) => with(value),
    })
}

fn set(table: &mut toml::Table, path: &str, value: toml::Value) -> Result<()> {
    match path.split_once("__") {
        None => {
            table.insert(path.to_owned(), value);
            Ok(())
        }
        Some((section, rest)) => {
            let section = table
                .entry(section)
                .or_insert_with(|| toml::Table::new().into())
                .as_table_mut()
                .with_context(|| format!("`{section}` is not a section"))?;
            set(section, rest, value)
        }
    }
}

/// What is wrong and where in `text`, in one line. The text itself is not shown, nor a value of a
/// kind that is not wanted: it may have a password in it.
fn told(error: &toml::de::Error, text: &str) -> String {
    let what = without_value(error.message()).trim_end().replace('\n', ", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return what };
    let line = before.split('\n').count();
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("line {line}, column {column}: {what}")
}

/// serde's `invalid type: string "secret", expected a map` without the value.
fn without_value(message: &str) -> String {
    let is_invalid = ["invalid type: ", "invalid value: "].iter().any(|it| message.starts_with(it));
    let value = message.find(['"', '`']).filter(|_| is_invalid);
    match (value, message.rfind(", expected ")) {
        (Some(value), Some(expected)) if value < expected => {
            format!("{}{}", message[..value].trim_end(), &message[expected..])
        }
        _ => message.to_owned(),
    }
}

fn within<T: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    bounds: &RangeInclusive<T>,
) -> Result<()> {
    let (least, most) = (bounds.start(), bounds.end());
    ensure!(bounds.contains(&value), "`{name}`: {value} is not between {least} and {most}");
    Ok(())
}

/// A text such as `5s`, `1m 30s` or `PT5S`.
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = text.parse::<SignedDuration>().ok();
    read.and_then(|duration| Duration::try_from(duration).ok()).ok_or_else(|| {
        D::Error::custom(format_args!("`{text}` is not a duration such as \"5s\" or \"1m 30s\""))
    })
}

/// A number of bytes, or a text such as `64 KiB`.
pub(crate) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let size = ByteSize::deserialize(deserializer).map_err(|_| {
        D::Error::custom("it is not a number of bytes or a text such as \"64 KiB\"")
    })?;
    usize::try_from(size.as_u64()).map_err(D::Error::custom)
}

fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Region>, D::Error> {
    let read = |text: String| {
        Region::parse(&text).ok_or_else(|| {
            D::Error::custom(format_args!("`{text}` is not a Region such as \"eu-central-1\""))
        })
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::UNSPECIFIED, PORT).into(),
            allow_plaintext_on_any_address: false,
            data_dir: PathBuf::from("/var/lib/trent"),
            regions: Vec::new(),
            root_key: RootKeyConfig::default(),
            store: StoreConfig::default(),
            tls: Tls::default(),
            http: Limits::default(),
            memory: Memory::default(),
            cache: Cache::default(),
            quotas: Quotas::default(),
            attestation: Attestation::default(),
            oidc: Oidc::default(),
            audit: Audit::default(),
            events: Events::default(),
            metrics: Metrics::default(),
            log: Log::default(),
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { keys: CACHED_KEYS_MAX }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self { keys_per_region: KEYS_PER_REGION_MAX, requests: RequestQuotas::Off }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            dir: None,
            durability: Durability::Written,
            max_file_size: FILE_BYTES_MAX,
            max_age: AGE_MAX,
            compress: true,
            dangerously_off: false,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: log::Format::Text }
    }
}

/// What the names of variables begin with; `__` stands between section and key.
const PREFIX: &str = "TRENT_SERVE__";

const PORT: u16 = 8443;

const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);

const CONNECTIONS: RangeInclusive<u32> = 1..=1_000_000;

const HTTP2_STREAMS: RangeInclusive<u32> = 1..=10_000;

/// From a few records to what still is handy.
const AUDIT_FILE_BYTES: RangeInclusive<usize> = 16 * 1024..=1024 * 1024 * 1024;

/// Less is lost to every hiccup of the database. More is too long for a key that was disabled, and
/// for an old store key: what is begun under it is written long before it may be forgotten.
const STALENESS_BOUND: RangeInclusive<Duration> =
    Duration::from_millis(500)..=Duration::from_secs(10);

const AUDIT_AGE: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24 * 366);

/// From the largest request of Encrypt to more than anybody needs.
const REQUEST_BYTES: RangeInclusive<usize> = 16 * 1024..=16 * 1024 * 1024;

const ALL_REQUESTS_BYTES_MAX: usize = 1024 * 1024 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../docs/trent.toml");

    fn parsed(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        let config = Config::parse(text, "trent.toml", environment)?;
        config.check().context("trent.toml")?;
        Ok(config)
    }

    fn refused(text: &str, environment: &[(&str, &str)]) -> String {
        format!("{:#}", parsed(text, environment).unwrap_err())
    }

    #[test]
    fn the_sample_is_a_configuration() {
        let config = parsed(SAMPLE, &[]).unwrap();
        let tls = config.tls().unwrap().unwrap();
        assert_eq!(tls.certificate, Path::new("/etc/trent/tls.crt"));
    }

    /// The lines of the sample that are commented out, as if they were not; those that are
    /// indented are examples of what has no default.
    fn uncommented(with_examples: bool) -> String {
        let is_setting = |line: &str| line.starts_with('[') || line.contains(" = ");
        let is_example = |line: &str| line.starts_with("  ");
        let lines = SAMPLE.lines().map(|line| line.strip_prefix("#").unwrap_or(line));
        lines
            .filter(|line| !line.starts_with(' ') || with_examples && is_example(line))
            .map(str::trim)
            .filter(|line| is_setting(line))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_sample_tells_every_setting_with_its_default() {
        let text = uncommented(false);
        let said = Config { tls: Tls::default(), ..parsed(&text, &[]).unwrap() };
        assert_eq!(said, Config { regions: said.regions.clone(), ..Config::default() });
        // A key that it lacks would be named in the error.
        let table: toml::Table = uncommented(true).parse().unwrap();
        let mut keys = 0;
        for (name, value) in &table {
            let section = value.as_table();
            keys += section.map_or(1, toml::Table::len);
            let unknown = match section {
                Some(_) => format!("[{name}]\nunknown = 1"),
                None => "unknown = 1".to_owned(),
            };
            let known = refused(&unknown, &[]);
            let known = known.split("expected").nth(1).unwrap();
            let named: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            for key in named {
                // What has no default is set in and shows an example.
                let shown =
                    [format!("\n#  {key} = "), format!("\n#  [[{key}."), format!("\n#  {key}.")];
                let is_told = section.unwrap_or(&table).contains_key(key)
                    || shown.iter().any(|example| SAMPLE.contains(example));
                assert!(is_told, "{name}.{key} is not told");
            }
        }
        assert!(keys > 15, "{text}");
    }

    #[test]
    fn without_file_and_environment_only_the_address_is_wrong() {
        assert!(refused("", &[]).contains("`tls.certificate`"));
        let config = parsed("", &[("TRENT_SERVE__LISTEN", "127.0.0.1:1")]).unwrap();
        assert_eq!(config, Config { listen: ([127, 0, 0, 1], 1).into(), ..Config::default() });
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let file = "listen = \"127.0.0.1:1\"\n[http]\nbody_timeout = \"1s\"\nconnections_max = 1";
        let config = parsed(
            file,
            &[
                ("TRENT_SERVE__HTTP__BODY_TIMEOUT", "2s"),
                ("TRENT_SERVE__HTTP__CONNECTIONS_MAX", "7"),
                ("TRENT_SERVE__HTTP__REQUEST_BYTES_MAX", "2 MiB"),
                ("TRENT_SERVE__REGIONS", "[\"eu-west-1\", \"us-east-1\"]"),
                ("TRENT_SERVE__DATA_DIR", "123"),
                ("TRENT_SERVE__ALLOW_PLAINTEXT_ON_ANY_ADDRESS", "true"),
                ("TRENT_SERVE__LOG__FORMAT", "json"),
                ("TRENT_SERVE__METRICS__LISTEN", "127.0.0.1:9464"),
                ("TRENT_OTHER", "x"),
            ],
        )
        .unwrap();
        assert_eq!(config.http.body_timeout, Duration::from_secs(2));
        assert_eq!(config.http.connections_max, 7);
        assert_eq!(config.http.request_bytes_max, 2 * 1024 * 1024);
        assert_eq!(config.regions.len(), 2);
        assert_eq!(config.data_dir, Path::new("123"));
        assert!(config.allow_plaintext_on_any_address);
        assert_eq!(config.log.format, log::Format::Json);
        assert_eq!(config.metrics.listen, Some(([127, 0, 0, 1], 9464).into()));
    }

    #[test]
    fn mistakes_in_the_file_are_told_with_their_place() {
        for (text, place, what) in [
            ("listn = 1", "line 1, column 1", "unknown field `listn`"),
            (
                "\n[http]\nheader_timeout = \"soon\"",
                "line 3, column 18",
                "`soon` is not a duration",
            ),
            ("[http]\nheader_timeout = 5", "line 2, column 18", "expected a string"),
            ("[http]\nheader_timeout = \"-5s\"", "line 2", "`-5s` is not a duration"),
            ("[http]\nconnections_max = -1", "line 2, column 19", "expected u32"),
            ("[http]\nrequest_bytes_max = \"1 x\"", "line 2, column 21", "such as \"64 KiB\""),
            ("regions = [\"nowhere\"]", "line 1, column 11", "`nowhere` is not a Region"),
            ("[log]\nformat = \"xml\"", "line 2, column 10", "expected `text` or `json`"),
            ("listen = \"0.0.0.0\"", "line 1, column 10", "invalid socket address"),
            ("listen", "line 1", ""),
            ("[tls]\n[tls]", "line 2", "duplicate"),
        ] {
            let said = refused(text, &[]);
            for part in ["trent.toml", place, what] {
                assert!(said.contains(part), "{part:?} is not in {said}");
            }
        }
    }

    #[test]
    fn no_text_of_the_file_is_told() {
        for text in [
            "url = \"postgres://u:secret@h/d",
            "url = postgres://u:secret@h/d",
            "url = 'postgres://u:secret@h/d' # \u{7}",
            "url = \"postgres://u:secret@h/\\d\"",
            "url = \"postgres://u:secret@h/d\" \"x\"",
            "url = [\"postgres://u:secret@h/d\"]",
            "url = \"postgres://u:secret@h/d\"\nurl = \"postgres://u:secret@h/d\"",
            "uri = \"postgres://u:secret@h/d\"",
            "url \"postgres://u:secret@h/d\"",
            "staleness_bound = { \"is\" = \"secret\" }",
        ] {
            let said = refused(&format!("[store]\n{text}"), &[]);
            assert!(
                said.starts_with("trent.toml: line 2, ") || said.contains("line 3, "),
                "{said}"
            );
            assert!(!said.contains("secret") && !said.contains('\n'), "{text}: {said}");
        }
        let urls = ["postgres://u:secret@h/d", "postgres://u:\"secret\", expected `secret`@h/d"];
        for url in urls {
            for (text, variable) in [
                (format!("store = {url:?}"), ("TRENT_OTHER", "")),
                ("[root_key]\npassphrase = 1234567890123".to_owned(), ("TRENT_OTHER", "")),
                (String::new(), ("TRENT_SERVE__STORE", url)),
            ] {
                let said = refused(&text, &[variable]);
                assert!(said.contains("invalid type: ") && said.contains(", expected "), "{said}");
                assert!(!said.contains("secret") && !said.contains("123456"), "{said}");
            }
        }
    }

    #[test]
    fn values_out_of_bounds_are_told_with_their_key() {
        let local = "listen = \"[::1]:1\"\n";
        for (text, key) in [
            ("[http]\nheader_timeout = \"0s\"", "`http.header_timeout`"),
            ("[http]\nidle_timeout = \"2h\"", "`http.idle_timeout`"),
            ("[http]\nshutdown_delay = \"2h\"", "`http.shutdown_delay`"),
            ("[http]\nconnections_max = 0", "`http.connections_max`"),
            ("[http]\nhttp2_streams_max = 0", "`http.http2_streams_max`"),
            ("[http]\nrequest_bytes_max = 1", "`http.request_bytes_max`"),
            ("[http]\nall_requests_bytes_max = 1", "`http.all_requests_bytes_max`"),
            ("[audit]\nmax_file_size = 1", "`audit.max_file_size`"),
            ("[audit]\nmax_age = \"1s\"", "`audit.max_age`"),
            ("[store]\nstaleness_bound = \"100ms\"", "`store.staleness_bound`"),
            ("[store]\nstaleness_bound = \"1m\"", "`store.staleness_bound`"),
            ("[log]\nlevel = \"a=b=c\"", "`log.level`"),
            ("[tls]\ncertificate = \"x\"", "`tls.private_key` is missing"),
            ("[tls]\nprivate_key = \"x\"", "`tls.certificate` is missing"),
            ("[tls]\nclient_ca = \"x\"", "`tls.certificate` is missing"),
        ] {
            let said = refused(&format!("{local}{text}"), &[]);
            assert!(said.starts_with("trent.toml: ") && said.contains(key), "{said}");
        }
    }

    #[test]
    fn mistakes_in_the_environment_are_told_with_the_variable() {
        for (name, value, what) in [
            ("TRENT_SERVE__LISTN", "1", "unknown field `listn`"),
            ("TRENT_SERVE__HTTP__NOTHING", "1", "unknown field `nothing`"),
            ("TRENT_SERVE__HTTP", "1", "expected struct Limits"),
            ("TRENT_SERVE__LISTEN__X", "1", "`listen` is not a section"),
            ("TRENT_SERVE__HTTP__CONNECTIONS_MAX", "many", "expected u32"),
            ("TRENT_SERVE__HTTP__CONNECTIONS_MAX", "-1", "expected u32"),
            ("TRENT_SERVE__HTTP__BODY_TIMEOUT", "soon", "`soon` is not a duration"),
        ] {
            let said = refused("listen = \"127.0.0.1:1\"", &[(name, value)]);
            assert!(said.starts_with(&format!("environment variable {name}: ")), "{said}");
            assert!(said.contains(what) && !said.contains('\n'), "{said}");
        }
    }
}
