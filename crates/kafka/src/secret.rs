//! Values that nobody reads: never in `Debug`, in a log or in an error.

use crate::settings::SettingsError;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What stands in place of a secret.
const COVER: &str = "***";

/// A value that is shown to no one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a value from being shown.
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(value.into())
    }

    /// The value, for whom it is meant.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COVER)
    }
}

/// Where the value of a setting comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// It stands in the configuration.
    Inline(Secret),
    /// The content of a file, without the line end behind it.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
}

impl Source {
    /// The value as of now; what is wrong otherwise.
    pub(crate) fn read(&self) -> Result<Secret, String> {
        match self {
            Source::Inline(secret) => Ok(secret.clone()),
            Source::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Secret::new(text.trim_end_matches(['\n', '\r']))),
                Err(error) => Err(format!("cannot read {}: {error}", path.display())),
            },
            Source::Env(name) => match std::env::var(name) {
                Ok(value) => Ok(Secret::new(value)),
                Err(_) => Err(format!("there is no variable {name} in the environment")),
            },
        }
    }

    /// A path that is meant from this folder.
    pub(crate) fn resolve(&mut self, base: &Path) {
        if let Source::File(path) = self {
            *path = base.join(&*path);
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

/// Errors of this visitor name no values: any of them may be a password.
impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true or false, { file = \"…\" } or { env = \"…\" }")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Source, E> {
        Ok(Source::Inline(Secret::new(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Source, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Source, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Source, E> {
        Err(E::custom("write this value in quotes"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom(
                "empty: give { file = \"…\" } or { env = \"…\" }",
            ));
        };
        let source = match key.as_str() {
            "file" => Source::File(map.next_value()?),
            "env" => Source::Env(map.next_value()?),
            other => {
                return Err(A::Error::custom(format!(
                    "`{other}` is neither file nor env; a name with dots needs quotes, as in \"security.protocol\" = \"SSL\""
                )));
            }
        };
        match map.next_key::<String>()? {
            None => Ok(source),
            Some(_) => Err(A::Error::custom("either file or env, and nothing else")),
        }
    }
}

/// Settings of librdkafka by name, as they stand in the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Librdkafka(pub BTreeMap<String, Source>);

impl<'de> Deserialize<'de> for Librdkafka {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Librdkafka, D::Error> {
        deserializer.deserialize_any(LibrdkafkaVisitor)
    }
}

struct LibrdkafkaVisitor;

impl<'de> Visitor<'de> for LibrdkafkaVisitor {
    type Value = Librdkafka;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings of librdkafka")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Librdkafka, E> {
        Err(E::custom("not a text, but a table: [kafka.librdkafka]"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Librdkafka, A::Error> {
        let mut settings = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            settings.insert(name, value);
        }
        Ok(Librdkafka(settings))
    }
}

/// Whether what a setting of this name holds is nobody's business.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "password",
        "passphrase",
        "secret",
        "token",
        "pem",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.extensions",
    ];
    WORDS.iter().any(|word| name.contains(word)) && !name.ends_with(".url")
}

/// Refuses what can be no name of a setting of librdkafka, without showing it: somebody may have put a secret there.
pub(crate) fn check_names<'a>(
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), SettingsError> {
    const WITHOUT_DOTS: [&str; 4] = ["acks", "debug", "partitioner", "retries"];
    let is_of_names = |letter: char| letter.is_ascii_lowercase() || "._0123456789".contains(letter);
    let is_name = |name: &str| {
        WITHOUT_DOTS.contains(&name) || name.contains('.') && name.chars().all(is_of_names)
    };
    match names.into_iter().all(|name| is_name(name)) {
        true => Ok(()),
        false => Err(SettingsError::new(
            "[kafka.librdkafka] has a name in it that no setting has; it is not shown, for it may be a secret",
            "names are small letters with dots between words, on the left; values are on the right",
        )),
    }
}

/// Covers secrets in texts that others wrote: errors and logs of librdkafka and of brokers.
#[derive(Clone, Default)]
pub struct Veil {
    fixed: Arc<[Secret]>,
    /// Those that come and go, the newest first.
    fresh: Arc<Mutex<VecDeque<Secret>>>,
}

/// So many of the secrets that come and go are remembered: one that was replaced may still be in a text.
const FRESH_MOST: usize = 4;

impl Veil {
    /// A veil over these.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Veil {
        let mut secrets: Vec<Secret> = secrets.into_iter().collect();
        secrets.retain(|secret| !secret.0.is_empty());
        // A secret that is the beginning of another must not leave the rest of it.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Veil {
            fixed: secrets.into(),
            fresh: Arc::default(),
        }
    }

    /// Covers this secret, too, in this veil and in all that were cloned of it.
    pub(crate) fn cover_also(&self, secret: Secret) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if secret.0.is_empty() || fresh.contains(&secret) {
            return;
        }
        fresh.push_front(secret);
        fresh.truncate(FRESH_MOST);
    }

    /// The text without the secrets.
    pub fn cover<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut covered = Cow::Borrowed(text);
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        for Secret(secret) in fresh.iter().chain(self.fixed.iter()) {
            if covered.contains(secret.as_str()) {
                covered = Cow::Owned(covered.replace(secret.as_str(), COVER));
            }
        }
        covered
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Veil({})", self.fixed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_veil_covers_longer_secrets_first() {
        let veil = Veil::new(["pass", "password", ""].map(Secret::new));
        assert_eq!(veil.cover("password, pass and word"), "***, *** and word");
        assert_eq!(veil.cover("nothing"), "nothing");
        assert_eq!(format!("{veil:?} {:?}", Secret::new("pass")), "Veil(2) ***");
    }

    #[test]
    fn names_of_secrets_are_known() {
        for (name, expected) in [
            ("sasl.password", true),
            ("ssl.key.password", true),
            ("ssl.key.pem", true),
            ("sasl.oauthbearer.client.secret", true),
            ("sasl.oauthbearer.assertion.private.key.passphrase", true),
            ("sasl.oauthbearer.token.endpoint.url", false),
            ("sasl.username", false),
            ("security.protocol", false),
        ] {
            assert_eq!(is_secret(name), expected, "{name}");
        }
    }
}
