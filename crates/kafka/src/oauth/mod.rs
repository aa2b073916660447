//! Tokens for brokers that ask for them (SASL OAUTHBEARER): the content of a file that somebody renews, or what a
//! command prints. Whether a token is genuine is for brokers to say; here is only read until when it lasts.

mod command;
mod jwt;
mod native;

pub(crate) use native::hand_over;

use crate::secret::{Secret, Veil};
use crate::settings::SettingsError;
use rdkafka::client::OAuthToken;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use umbral_model::time::Timestamp;
use umbral_runtime::{SystemTime, TimeSource};

/// Whose token it is where it does not say so itself: brokers are not told, librdkafka wants a name.
const SOMEBODY: &str = "umbral";

/// The section `[kafka.oauth]`: where tokens come from.
#[derive(Deserialize, Clone, PartialEq, Eq, Default)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// A file that holds the token and nothing else; read again whenever a token is wanted.
    pub token_file: Option<PathBuf>,
    /// A program with its arguments that prints the token.
    pub token_command: Option<Vec<String>>,
    /// How long a token lasts that does not say so itself.
    pub lifetime_seconds: Option<u32>,
}

/// Arguments of commands may hold secrets, so they are not shown.
impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("token_file", &self.token_file)
            .field("token_command", &self.program())
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish()
    }
}

impl OAuth {
    fn program(&self) -> Option<&str> {
        let command = self.token_command.as_ref()?;
        Some(command.first()?)
    }

    /// Takes paths as meant from this folder; a program without a folder is looked for where the system looks.
    pub(crate) fn resolve(&mut self, base: &Path) {
        self.token_file = self.token_file.take().map(|file| base.join(file));
        let program = self.token_command.as_mut().and_then(|all| all.first_mut());
        if let Some(program) = program.filter(|program| program.contains('/')) {
            *program = base.join(&*program).to_string_lossy().into_owned();
        }
    }

    /// Checks everything that can be checked without a token.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |what: &str, mend: &str| Err(SettingsError::new(what, mend));
        match (&self.token_file, &self.token_command) {
            (None, None) => wrong(
                "[kafka.oauth] has neither token_file nor token_command",
                "give the one from which tokens come",
            ),
            (Some(_), Some(_)) => wrong(
                "[kafka.oauth] has both token_file and token_command",
                "give the one from which tokens come",
            ),
            (None, Some(_)) if self.program().is_none_or(str::is_empty) => wrong(
                "token_command of [kafka.oauth] is empty",
                "give a program and its arguments, as in [\"get-token\", \"--for\", \"kafka\"]",
            ),
            _ if self.lifetime_seconds == Some(0) => wrong(
                "lifetime_seconds of [kafka.oauth] is 0",
                "give at least 1, or leave it out where tokens say themselves when they expire",
            ),
            _ => Ok(()),
        }
    }

    /// The place of tokens, as errors name it.
    fn place(&self) -> String {
        match (&self.token_file, self.program()) {
            (Some(file), _) => format!("token_file {} of [kafka.oauth]", file.display()),
            (None, program) => format!(
                "token_command {} of [kafka.oauth]",
                program.unwrap_or_default()
            ),
        }
    }

    fn fetch(&self) -> Result<Secret, SettingsError> {
        let place = self.place();
        if let Some(file) = &self.token_file {
            let read = std::fs::read_to_string(file);
            return read.map(Secret::new).map_err(|error| {
                let mend = "whoever renews tokens has to write the first one before the start";
                SettingsError::new(format!("{place} cannot be read: {error}"), mend)
            });
        }
        let command = self.token_command.as_deref().unwrap_or_default();
        command::output(command).map_err(|why| {
            let mend = "run it by hand to see what it says";
            SettingsError::new(format!("{place} {why}"), mend)
        })
    }

    /// What there is to know of a token; refuses what cannot be one, and one that is over.
    fn judge(&self, text: &Secret, now: Timestamp) -> Result<OAuthToken, SettingsError> {
        let place = self.place();
        let token = text.expose().trim();
        if token.is_empty() {
            let mend = "the token has to be there, and nothing else";
            return Err(SettingsError::new(format!("{place} gives nothing"), mend));
        }
        let may_be_in_one =
            |letter: char| letter.is_ascii_alphanumeric() || "-._~+/=".contains(letter);
        if !token.chars().all(may_be_in_one) {
            let mend = "the token has to stand alone, without quotes, JSON or Bearer around it";
            let what = format!("{place} gives something that is no token");
            return Err(SettingsError::new(what, mend));
        }
        let claims = jwt::claims(token);
        let now_ms = now.nanos() / 1_000_000;
        let lasting = self
            .lifetime_seconds
            .map(|seconds| i64::from(seconds) * 1000);
        let expires_ms = claims
            .expires_ms
            .or(lasting.map(|lasting| now_ms + lasting));
        let Some(lifetime_ms) = expires_ms else {
            let what = format!("the token of {place} does not say when it expires");
            let mend = "set lifetime_seconds there";
            return Err(SettingsError::new(what, mend));
        };
        if lifetime_ms <= now_ms {
            let ago = (now_ms - lifetime_ms) / 1000;
            let what = format!("the token of {place} expired {ago} s ago");
            let mend = "whatever renews it does not; see to that";
            return Err(SettingsError::new(what, mend));
        }
        Ok(OAuthToken {
            token: token.to_owned(),
            principal_name: claims.subject.unwrap_or_else(|| SOMEBODY.to_owned()),
            lifetime_ms,
        })
    }
}

/// A token that clients share until they have to have a newer one.
struct Kept {
    token: OAuthToken,
    until: Instant,
}

/// The tokens of all clients of a deployment.
pub(crate) struct Tokens {
    oauth: OAuth,
    veil: Veil,
    /// What a command printed: it is not run again for each client.
    kept: Mutex<Option<Kept>>,
}

impl Tokens {
    /// Tokens from there, which the veil covers from then on.
    pub(crate) fn new(oauth: OAuth, veil: Veil) -> Tokens {
        Tokens {
            oauth,
            veil,
            kept: Mutex::default(),
        }
    }

    /// A token for a client that wants one now.
    ///
    /// # Errors
    /// Where there is none, or none that is good; nothing of the token is in it.
    pub(crate) fn current(&self) -> Result<OAuthToken, SettingsError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let still = kept.as_ref().filter(|kept| Instant::now() < kept.until);
        if let Some(still) = still {
            return Ok(copy(&still.token));
        }
        let text = self.oauth.fetch()?;
        let now = SystemTime.now();
        self.veil.cover_also(Secret::new(text.expose().trim()));
        let token = self.oauth.judge(&text, now)?;
        if self.oauth.token_command.is_some() {
            // Clients ask when 80 % of a token's time are over, each by the time at which it got it.
            let left = (token.lifetime_ms - now.nanos() / 1_000_000).unsigned_abs();
            let until = Instant::now() + Duration::from_millis(left / 4 * 3);
            let token = copy(&token);
            *kept = Some(Kept { token, until });
        }
        Ok(token)
    }
}

fn copy(token: &OAuthToken) -> OAuthToken {
    OAuthToken {
        token: token.token.clone(),
        principal_name: token.principal_name.clone(),
        lifetime_ms: token.lifetime_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"none"}`.
    const HEAD: &str = "eyJhbGciOiJub25lIn0";

    fn judged(token: &str, lifetime_seconds: Option<u32>) -> Result<(String, i64), String> {
        let oauth = OAuth {
            token_file: Some(PathBuf::from("t")),
            lifetime_seconds,
            ..OAuth::default()
        };
        let now = Timestamp::from_nanos(1_000_000_000_000);
        let token = oauth.judge(&Secret::new(token), now);
        token
            .map(|token| (token.principal_name, token.lifetime_ms))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_says_whose_it_is_and_until_when() {
        // {"sub":"umbral-a","exp":2000}
        let full = format!("{HEAD}.eyJzdWIiOiJ1bWJyYWwtYSIsImV4cCI6MjAwMH0.");
        // {"exp":2000.5}
        let nameless = format!("{HEAD}.eyJleHAiOjIwMDAuNX0.c2ln");
        // {"sub":"a","exp":999}
        let over = format!("{HEAD}.eyJzdWIiOiJhIiwiZXhwIjo5OTl9.");
        let good = |name: &str, until| Ok((name.to_owned(), until));
        assert_eq!(judged(&full, None), good("umbral-a", 2_000_000));
        assert_eq!(
            judged(&format!("{full}\n"), Some(5)),
            good("umbral-a", 2_000_000)
        );
        assert_eq!(judged(&nameless, None), good("umbral", 2_000_000));
        assert_eq!(judged("opaque", Some(5)), good("umbral", 1_005_000));
        for (token, said) in [
            (over.as_str(), "expired 1 s ago"),
            ("opaque", "set lifetime_seconds"),
            (" \n", "gives nothing"),
            ("{\"access_token\":\"zebra\"}", "has to stand alone"),
            ("Bearer zebra", "has to stand alone"),
        ] {
            let why = judged(token, None).expect_err(token);
            assert!(why.contains(said) && why.contains("token_file t"), "{why}");
            assert!(!why.contains("zebra"), "{why}");
        }
    }

    #[test]
    fn a_command_is_run_once_for_many_clients() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("runs");
        let script = format!("echo . >> '{}'; echo opaque", runs.display());
        let oauth = OAuth {
            token_command: Some(["sh", "-c", &script].map(str::to_owned).to_vec()),
            lifetime_seconds: Some(3600),
            ..OAuth::default()
        };
        let veil = Veil::default();
        let tokens = Tokens::new(oauth, veil.clone());
        for _ in 0..3 {
            assert_eq!(tokens.current().expect("a token").token, "opaque");
        }
        assert_eq!(std::fs::read_to_string(&runs).expect("runs"), ".\n");
        assert_eq!(veil.cover("an opaque text"), "an *** text");
    }
}
