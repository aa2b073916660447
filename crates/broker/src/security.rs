//! Keys and certificates for brokers that speak TLS, made by Java's own tool.

use crate::BrokerError;
use crate::library::tail;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Of every store of keys.
const STORE_PASSWORD: &str = "only-for-tests";

/// How clients get into a broker that speaks TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secured {
    /// The addresses where clients show a certificate.
    pub mutual: String,
    /// The addresses where clients show name and password by SCRAM-SHA-512.
    pub scram: String,
    /// The certificate of whom clients trust (PEM).
    pub authority: PathBuf,
    /// Key and certificate of a client that the broker trusts (PKCS#12).
    pub client: PathBuf,
    /// Its password.
    pub client_password: String,
}

/// Stores of keys in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    broker: PathBuf,
    trusted: PathBuf,
    authority: PathBuf,
    client: PathBuf,
}

impl Stores {
    /// Makes keys and certificates for the broker and for a client.
    pub(crate) fn create(folder: &Path) -> Result<Stores, BrokerError> {
        let at = |name: &str| folder.join(name);
        let stores = Stores {
            broker: at("broker.p12"),
            trusted: at("trusted.p12"),
            authority: at("authority.pem"),
            client: at("client.p12"),
        };
        key("CN=broker", &stores.broker)?;
        key("CN=umbral", &stores.client)?;
        let certificate = at("client.pem");
        export(&stores.broker, &stores.authority)?;
        export(&stores.client, &certificate)?;
        let mut import = keytool("-importcert", &stores.trusted);
        import.arg("-noprompt").arg("-file").arg(&certificate);
        run(import)?;
        Ok(stores)
    }

    /// What a broker is told to speak TLS on the listeners `MUTUAL` and `SCRAM`.
    pub(crate) fn properties(&self) -> Vec<(String, String)> {
        let path = |path: &Path| path.display().to_string();
        let login = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let fixed = [
            ("ssl.keystore.location", path(&self.broker)),
            ("ssl.keystore.type", "PKCS12".to_owned()),
            ("ssl.keystore.password", STORE_PASSWORD.to_owned()),
            ("ssl.truststore.location", path(&self.trusted)),
            ("ssl.truststore.type", "PKCS12".to_owned()),
            ("ssl.truststore.password", STORE_PASSWORD.to_owned()),
            (
                "listener.name.mutual.ssl.client.auth",
                "required".to_owned(),
            ),
            ("sasl.enabled.mechanisms", "SCRAM-SHA-512".to_owned()),
            (
                "listener.name.scram.scram-sha-512.sasl.jaas.config",
                login.to_owned(),
            ),
        ];
        let owned = fixed
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        owned.collect()
    }

    /// How clients get in.
    pub(crate) fn secured(&self, mutual: String, scram: String) -> Secured {
        Secured {
            mutual,
            scram,
            authority: self.authority.clone(),
            client: self.client.clone(),
            client_password: STORE_PASSWORD.to_owned(),
        }
    }
}

fn keytool(command: &str, store: &Path) -> Command {
    let mut keytool = Command::new("keytool");
    keytool.args([command, "-alias", "it", "-storetype", "PKCS12"]);
    keytool
        .args(["-storepass", STORE_PASSWORD, "-keystore"])
        .arg(store);
    keytool
}

fn key(name: &str, store: &Path) -> Result<(), BrokerError> {
    let mut make = keytool("-genkeypair", store);
    make.args([
        "-dname",
        name,
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-validity",
        "2",
    ]);
    make.args(["-ext", "san=ip:127.0.0.1,dns:localhost"]);
    run(make)
}

fn export(store: &Path, certificate: &Path) -> Result<(), BrokerError> {
    let mut export = keytool("-exportcert", store);
    export.arg("-rfc").arg("-file").arg(certificate);
    run(export)
}

fn run(mut keytool: Command) -> Result<(), BrokerError> {
    let output = keytool.stdin(Stdio::null()).output();
    let output = output.map_err(BrokerError::io("run", Path::new("keytool")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(BrokerError::Failed {
        what: "making keys with keytool",
        output: tail(&String::from_utf8_lossy(&text)),
    })
}
