//! Where the root key is: what is said in the configuration or on the command line, and reading
//! secrets from where they are said to be. No secret is ever an argument.

use crate::files;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use percent_encoding::percent_decode_str;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use trent_crypto::random;
use trent_keystore::root_key::{Access, TokenAccess};
use zeroize::Zeroizing;

/// `[root_key]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RootKeyConfig {
    provider: Kind,
    file: PathBuf,
    #[serde(deserialize_with = "secret_source")]
    passphrase: SecretSource,
    credential: String,
    module: PathBuf,
    token: String,
    #[serde(deserialize_with = "secret_source")]
    pin: SecretSource,
}

/// The kinds of providers.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Passphrase,
    Systemd,
    Pkcs11,
}

/// Where a root key is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RootKeySource {
    /// A file; a relative path is one in the data directory.
    File(PathBuf),
    Passphrase(SecretSource),
    /// The name of a credential.
    Systemd(String),
    Pkcs11 {
        module: PathBuf,
        token: String,
        pin: SecretSource,
    },
}

/// Where a passphrase or PIN is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SecretSource {
    Environment(String),
    Descriptor(u32),
    File(PathBuf),
    Prompt,
}

impl RootKeyConfig {
    /// Where the root key is.
    pub(crate) fn source(&self) -> RootKeySource {
        match self.provider {
            Kind::File => RootKeySource::File(self.file.clone()),
            Kind::Passphrase => RootKeySource::Passphrase(self.passphrase.clone()),
            Kind::Systemd => RootKeySource::Systemd(self.credential.clone()),
            Kind::Pkcs11 => RootKeySource::Pkcs11 {
                module: self.module.clone(),
                token: self.token.clone(),
                pin: self.pin.clone(),
            },
        }
    }
}

impl RootKeySource {
    /// The file of the root key, if it is in a file.
    pub(crate) fn file(&self, data_dir: &Path) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(data_dir.join(path)),
            Self::Passphrase(_) | Self::Systemd(_) | Self::Pkcs11 { .. } => None,
        }
    }

    /// Whether it is in a file in the data directory.
    pub(crate) fn is_in_data_dir(&self) -> bool {
        matches!(self, Self::File(path) if path.is_relative())
    }

    /// What the root key is, for whoever has to keep it.
    pub(crate) fn advice(&self, data_dir: &Path) -> String {
        match self {
            Self::File(path) => data_dir.join(path).display().to_string(),
            Self::Passphrase(_) => "the passphrase".to_owned(),
            Self::Systemd(name) => format!("the credential `{name}`"),
            Self::Pkcs11 { token, .. } => format!("on the token `{token}`"),
        }
    }

    /// Reads what is needed to use the root key.
    pub(crate) fn access(&self, data_dir: &Path) -> Result<Access> {
        match self {
            Self::File(path) => read_file(&data_dir.join(path)).map(Access::File),
            Self::Passphrase(source) => source.read("passphrase").map(Access::Passphrase),
            Self::Systemd(name) => read_credential(name),
            Self::Pkcs11 { module, token, pin } => {
                let pin = pin.read("PIN")?;
                Ok(Access::Pkcs11(TokenAccess {
                    module: module.clone(),
                    token: token.clone(),
                    pin,
                }))
            }
        }
    }

    /// As [`RootKeySource::access`], of a root key that is new: a file that is not there is made,
    /// a passphrase that is typed is typed twice.
    pub(crate) fn new_access(&self, data_dir: &Path) -> Result<Access> {
        if let Some(path) = self.file(data_dir)
            && !path.try_exists()?
        {
            write_file(&path)?;
        }
        if *self == Self::Passphrase(SecretSource::Prompt) {
            let [first, second] = ["new passphrase", "new passphrase again"]
                .map(|what| SecretSource::Prompt.read(what));
            let first = first?;
            ensure!(first == second?, "the passphrases are not the same");
            return Ok(Access::Passphrase(first));
        }
        self.access(data_dir)
    }
}

impl Default for RootKeyConfig {
    fn default() -> Self {
        Self {
            provider: Kind::File,
            file: PathBuf::from(FILE),
            passphrase: SecretSource::Prompt,
            credential: CREDENTIAL.to_owned(),
            module: PathBuf::from(MODULE),
            token: TOKEN.to_owned(),
            pin: SecretSource::Prompt,
        }
    }
}

impl Default for RootKeySource {
    fn default() -> Self {
        Self::File(PathBuf::from(FILE))
    }
}

/// `file`, `file:PATH`, `passphrase`, `passphrase:SOURCE`, `systemd`, `systemd:NAME`, `pkcs11:` with
/// the attributes `token`, `module-path` and `pin-source` of RFC 7512.
impl FromStr for RootKeySource {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let usual = RootKeyConfig::default();
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (kind, rest) {
            ("file", "") => Self::default(),
            ("file", path) => Self::File(std::path::absolute(path)?),
            ("passphrase", "") => Self::Passphrase(usual.passphrase),
            ("passphrase", source) => Self::Passphrase(source.parse()?),
            ("systemd", "") => Self::Systemd(usual.credential),
            ("systemd", name) => Self::Systemd(name.to_owned()),
            ("pkcs11", uri) => pkcs11(uri, usual)?,
            _ => bail!("a root key provider is file, passphrase, systemd or pkcs11"),
        })
    }
}

impl FromStr for SecretSource {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("fd", number)) => {
                let number = number.parse().map_err(|_| anyhow!("fd: must have a number"))?;
                Ok(Self::Descriptor(number))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            // What was given is not repeated: it may be the secret.
            _ => bail!("a secret is read from env:NAME, fd:NUMBER, file:PATH or prompt"),
        }
    }
}

impl SecretSource {
    /// Reads the secret; `what` it is stands in messages.
    fn read(&self, what: &str) -> Result<Zeroizing<String>> {
        let mut secret = match self {
            Self::Environment(name) => {
                let value = std::env::var_os(name)
                    .with_context(|| format!("{what}: there is no variable {name}"))?;
                let value = value.into_string();
                value.map(Zeroizing::new).map_err(|_| anyhow!("{what}: {name} is not UTF-8"))?
            }
            Self::Descriptor(number) => {
                // Opened anew by its name: a number alone cannot be known to be ours to close.
                let read = || {
                    let mut text = Zeroizing::new(String::with_capacity(ROOM));
                    let file = File::open(format!("/dev/fd/{number}"))?;
                    file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text)?;
                    std::io::Result::Ok(text)
                };
                read().with_context(|| format!("{what}: reading descriptor {number}"))?
            }
            Self::File(path) => {
                files::read_secret(path, SECRET_BYTES_MAX).with_context(|| what.to_owned())?
            }
            Self::Prompt => {
                let typed = rpassword::prompt_password(format!("{}: ", capitalized(what)));
                typed.map(Zeroizing::new).with_context(|| {
                    format!("{what}: there is no terminal to ask for it; say where it is")
                })?
            }
        };
        let is_long = secret.len() as u64 > SECRET_BYTES_MAX;
        ensure!(!is_long, "{what}: longer than {SECRET_BYTES_MAX} bytes");
        let end = secret.trim_end_matches(['\r', '\n']).len();
        secret.truncate(end);
        ensure!(!secret.is_empty(), "{what}: it is empty");
        Ok(secret)
    }
}

/// The text of a new root key, as it stands in files and credentials.
pub(crate) fn new_text() -> Result<Zeroizing<String>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random::fill(key.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(ROOM));
    text.push_str(PREFIX);
    text.push_str(&Zeroizing::new(hex::encode(key.as_slice())));
    text.push('\n');
    Ok(text)
}

/// The root key in a file; refused when others than its owner can read it.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let text = files::read_secret(path, FILE_BYTES_MAX).context("root key")?;
    read_text(&text).with_context(|| format!("`{}` is not a root key file", path.display()))
}

/// Makes a root key and its file, durable before anything is sealed under it.
pub(crate) fn write_file(path: &Path) -> Result<()> {
    let write = || {
        let text = new_text()?;
        // A file that is there under its name is whole.
        let unfinished = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        anyhow::Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    };
    write().with_context(|| format!("writing root key `{}`", path.display()))
}

/// systemd keeps credentials from everybody but the service, in ways that modes do not show.
fn read_credential(name: &str) -> Result<Access> {
    let is_name = !name.is_empty() && !name.contains('/') && ![".", ".."].contains(&name);
    ensure!(is_name, "`{name}` is not a name of a credential");
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").context(
        "there is no variable CREDENTIALS_DIRECTORY: systemd has handed over no credential \
         (LoadCredentialEncrypted)",
    )?;
    let path = Path::new(&folder).join(name);
    let text = Zeroizing::new(files::read(&path, FILE_BYTES_MAX).context("credential")?);
    let key = read_text(&text);
    let key = key.with_context(|| format!("the credential `{name}` is not a root key"))?;
    Ok(Access::Systemd { name: name.to_owned(), key })
}

fn read_text(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
    hex::decode_to_slice(text.trim().strip_prefix(PREFIX)?, &mut key).ok()?;
    Some(key)
}

fn pkcs11(uri: &str, usual: RootKeyConfig) -> Result<RootKeySource> {
    let RootKeyConfig { mut module, mut token, mut pin, .. } = usual;
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let attributes = path.split(';').chain(query.split('&')).filter(|text| !text.is_empty());
    for attribute in attributes {
        let (name, value) = attribute.split_once('=').context("an attribute has no value")?;
        let value = percent_decode_str(value).decode_utf8().context("an attribute is not UTF-8")?;
        match name {
            "token" => token = value.into_owned(),
            "module-path" => module = PathBuf::from(value.as_ref()),
            "pin-source" => pin = value.parse()?,
            "pin-value" => bail!("a PIN is not given on the command line; use pin-source"),
            _ => bail!("`{name}` is none of the attributes token, module-path, pin-source"),
        }
    }
    Ok(RootKeySource::Pkcs11 { module, token, pin })
}

fn secret_source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretSource, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What a root key file begins with; the key follows in hexadecimal digits.
const PREFIX: &str = "trent-root-key-1:";

const KEY_BYTES: usize = 32;

const FILE_BYTES_MAX: u64 = 256;

/// Passphrases and PINs.
const SECRET_BYTES_MAX: u64 = 1024;

/// For every secret, so that none is left behind by a text that grows.
const ROOM: usize = 2048;

/// The root key file in a data directory.
const FILE: &str = "root.key";

const CREDENTIAL: &str = "trent-root-key";

/// The module of p11-kit, which finds the tokens of all modules that the system knows.
const MODULE: &str = "p11-kit-proxy.so";

const TOKEN: &str = "trent";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read() {
        let pkcs11 = |module: &str, token: &str, pin| RootKeySource::Pkcs11 {
            module: module.into(),
            token: token.to_owned(),
            pin,
        };
        for (text, expected) in [
            ("file", RootKeySource::File("root.key".into())),
            ("file:/etc/trent/root.key", RootKeySource::File("/etc/trent/root.key".into())),
            ("passphrase", RootKeySource::Passphrase(SecretSource::Prompt)),
            (
                "passphrase:env:A_B",
                RootKeySource::Passphrase(SecretSource::Environment("A_B".to_owned())),
            ),
            ("passphrase:fd:3", RootKeySource::Passphrase(SecretSource::Descriptor(3))),
            ("passphrase:file:a:b", RootKeySource::Passphrase(SecretSource::File("a:b".into()))),
            ("systemd", RootKeySource::Systemd("trent-root-key".to_owned())),
            ("systemd:other", RootKeySource::Systemd("other".to_owned())),
            ("pkcs11", pkcs11("p11-kit-proxy.so", "trent", SecretSource::Prompt)),
            (
                "pkcs11:token=My%20token?module-path=/usr/lib/x.so&pin-source=file:/etc/pin",
                pkcs11("/usr/lib/x.so", "My token", SecretSource::File("/etc/pin".into())),
            ),
        ] {
            assert_eq!(text.parse::<RootKeySource>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_refused_and_secrets_not_repeated() {
        for text in [
            "",
            "nothing",
            "passphrase:hunter2",
            "passphrase:env:",
            "passphrase:fd:hunter2",
            "pkcs11:pin-value=hunter2",
            "pkcs11:pin-source=hunter2",
            "pkcs11:token",
            "pkcs11:other=1",
            "pkcs11:token=%ff",
        ] {
            let error = format!("{:#}", text.parse::<RootKeySource>().unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn secrets_are_read_without_their_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let source = SecretSource::File(path.clone());
        let write = |text: &[u8], mode| {
            let _ = std::fs::remove_file(&path);
            let mut options = OpenOptions::new();
            options.write(true).create(true).mode(mode);
            options.open(&path).unwrap().write_all(text).unwrap();
        };
        for text in ["a b", "a b\n", "a b\r\n"] {
            write(text.as_bytes(), 0o600);
            assert_eq!(*source.read("PIN").unwrap(), "a b");
        }
        for (text, mode) in [
            (&b"a b"[..], 0o640),
            (b"", 0o600),
            (b"\n", 0o600),
            (b"\xff", 0o600),
            (&[b'x'; 1025], 0o600),
        ] {
            write(text, mode);
            let error = format!("{:#}", source.read("PIN").unwrap_err());
            assert!(error.starts_with("PIN"), "{error}");
        }
        let error = SecretSource::Environment("TRENT_NO_SUCH_VARIABLE".to_owned()).read("PIN");
        assert!(error.unwrap_err().to_string().contains("TRENT_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn a_new_file_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let source = RootKeySource::default();
        let Access::File(first) = source.new_access(directory.path()).unwrap() else {
            panic!("not a file")
        };
        let Access::File(again) = source.new_access(directory.path()).unwrap() else {
            panic!("not a file")
        };
        assert_eq!(first, again);
        assert_eq!(first.len(), 32);
    }
}
