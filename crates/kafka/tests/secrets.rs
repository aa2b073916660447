//! Secrets are planted wherever they may stand, and looked for in everything that may be shown.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use umbral_kafka::{Admin, Role, Settings, Watch};

const INLINE: &str = "zebra-inline-1";
const IN_FILE: &str = "zebra-file-2";
const IN_ENV: &str = "zebra-env-3";
const TOKEN: &str = "zebra-token-4";
const BEARER: &str = "zebra-bearer-5";

/// The variable is set by the test that runs the other again.
const VARIABLE: &str = "UMBRAL_PLANTED_SECRET";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn assert_none(what: &str, text: &str) {
    assert!(!text.contains("zebra"), "a secret in {what}: {text}");
}

/// Everything happens in a process of its own, of which the environment has a secret.
#[test]
fn no_secret_is_ever_shown() {
    if std::env::var_os(VARIABLE).is_some() {
        return search();
    }
    let output = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "no_secret_is_ever_shown", "--nocapture"])
        .env(VARIABLE, IN_ENV)
        .output()
        .expect("run again");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    assert_none("the output", &text);
}

fn planted(port: u16, file: &str, more: &str) -> Settings {
    toml::from_str(&format!(
        r#"
        bootstrap = "127.0.0.1:{port}"
        [librdkafka]
        "debug" = "all"
        "security.protocol" = "SASL_SSL"
        "sasl.mechanism" = "SCRAM-SHA-512"
        "sasl.username" = "somebody"
        "sasl.password" = "{INLINE}"
        "ssl.key.password" = {{ file = "{file}" }}
        "ssl.keystore.password" = {{ env = "{VARIABLE}" }}
        "sasl.oauthbearer.config" = "{TOKEN}"
        {more}
        "#
    ))
    .expect("settings")
}

fn search() {
    let logs = Captured::default();
    let writer = logs.clone();
    tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key-password");
    std::fs::write(&file, format!("{IN_FILE}\n")).expect("written");
    let file = file.to_string_lossy();
    // A port on which somebody listens who never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its address").port();

    let settings = planted(port, &file, "");
    settings.check().expect("good settings");
    let config = settings.client(Role::Admin).expect("a configuration");
    for (name, planted) in [
        ("sasl.password", INLINE),
        ("ssl.key.password", IN_FILE),
        ("ssl.keystore.password", IN_ENV),
        ("sasl.oauthbearer.config", TOKEN),
    ] {
        assert_eq!(config.get(name), Some(planted), "{name} reaches librdkafka");
    }
    assert_none("Debug", &format!("{settings:?} {settings:#?}"));
    let veil = settings.veil().expect("a veil");
    assert_none("Debug", &format!("{veil:?} {:?}", Watch::new(veil.clone())));

    // librdkafka takes these settings, and fails to connect.
    let Err(error) = Admin::connect(&settings) else {
        panic!("nobody answers, and connected all the same");
    };
    assert_none("an error", &format!("{error} {error:?}"));
    assert!(
        error.to_string().starts_with("no broker of 127.0.0.1"),
        "{error}"
    );

    for refused in [
        format!("\"ssl.endpoint.identification.algorithm\" = \"{INLINE}\""),
        format!("\"ssl.key.pem\" = \"{INLINE}\""),
        format!("\"no.such.password\" = \"{INLINE}\""),
        format!("\"sasl.oauthbearer.client.secret\" = {{ env = \"{VARIABLE}\" }}"),
        format!("\"socket.timeout.ms\" = {{ env = \"{VARIABLE}\" }}"),
        "\"ssl.keystore.location\" = \"/none\"".to_owned(),
    ] {
        let settings = planted(port, &file, &refused);
        let Err(error) = Admin::connect(&settings) else {
            panic!("taken: {refused}");
        };
        assert_none(&refused, &format!("{error} {error:?}"));
    }

    for wrong in [
        format!("librdkafka = \"{INLINE}\""),
        format!("[librdkafka]\n\"sasl.password\" = [\"{INLINE}\"]"),
        format!("[librdkafka]\n\"sasl.password\" = {{ text = \"{INLINE}\" }}"),
        format!("[librdkafka]\n\"sasl.password\" = {{ file = \"f\", env = \"{INLINE}\" }}"),
    ] {
        let parsed = toml::from_str::<Settings>(&format!("bootstrap = \"localhost\"\n{wrong}"));
        let error = parsed.expect_err("not a source of a secret");
        assert_none(&wrong, error.message());
    }

    tokens(port, folder.path());

    let text = logs.text();
    assert!(
        text.contains("librdkafka"),
        "the logs of librdkafka: {text}"
    );
    assert!(
        text.contains("sasl.mechanism"),
        "with its configuration: {text}"
    );
    assert_none("the logs", &text);
}

/// Tokens from a file and from a command: they reach nobody but brokers.
fn tokens(port: u16, folder: &std::path::Path) {
    let file = folder.join("token");
    std::fs::write(&file, format!("{BEARER}\n")).expect("written");
    let of_file = format!("token_file = \"{}\"", file.display());
    let of_command = format!("token_command = [\"echo\", \"{BEARER}\"]");
    let fails = format!("token_command = [\"false\", \"{BEARER}\"]");
    let no_token = format!("token_command = [\"echo\", \"Bearer {BEARER}\"]");
    for (oauth, said) in [
        (of_file, "no broker of 127.0.0.1"),
        (of_command, "no broker of 127.0.0.1"),
        (fails, "token_command false of [kafka.oauth] failed"),
        (
            no_token,
            "token_command echo of [kafka.oauth] gives something that is no token",
        ),
    ] {
        let text = format!(
            "bootstrap = \"127.0.0.1:{port}\"\n[oauth]\nlifetime_seconds = 60\n{oauth}\n[librdkafka]\n\"debug\" = \"all\"\n\
             \"security.protocol\" = \"SASL_PLAINTEXT\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n"
        );
        let settings: Settings = toml::from_str(&text).expect("settings");
        settings.check().expect("good settings");
        assert_none("Debug", &format!("{settings:?} {settings:#?}"));
        let Err(error) = Admin::connect(&settings) else {
            panic!("nobody answers, and connected all the same");
        };
        assert_none("an error", &format!("{error} {error:?}"));
        assert!(error.to_string().starts_with(said), "{error}");
    }
}
