//! `server.properties` of a broker.

use crate::security::Stores;
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Ports of one broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ports {
    /// For clients and other brokers.
    pub(crate) clients: u16,
    /// For controllers.
    pub(crate) controllers: u16,
    /// For clients with a certificate.
    pub(crate) mutual: u16,
    /// For clients with a password.
    pub(crate) scram: u16,
    /// For clients with a token.
    pub(crate) tokens: u16,
}

/// The text of the file for the broker at this index.
pub(crate) fn text(
    settings: &Settings,
    ports: &[Ports],
    index: usize,
    data: &Path,
    stores: Option<&Stores>,
) -> String {
    let mut all = common(ports);
    let own = ports[index];
    let at = |name: &str, port: u16| format!("{name}://127.0.0.1:{port}");
    let mut advertised = vec![at("PLAIN", own.clients)];
    if let Some(stores) = stores {
        all.extend(stores.properties());
        advertised.extend([at("MUTUAL", own.mutual), at("SCRAM", own.scram)]);
    }
    if settings.tokens {
        advertised.push(at("TOKENS", own.tokens));
        all.extend(of_tokens());
    }
    let advertised = advertised.join(",");
    let listeners = format!("{advertised},{}", at("CONTROLLER", own.controllers));
    for (name, value) in [
        ("node.id", (index + 1).to_string()),
        ("listeners", listeners),
        ("advertised.listeners", advertised),
        ("log.dirs", data.display().to_string()),
    ] {
        all.insert(name.to_owned(), value);
    }
    all.extend(settings.properties.clone());
    let of_node = settings.of_node.get(&(index + 1));
    all.extend(of_node.cloned().unwrap_or_default());
    let mut text = String::new();
    for (name, value) in all {
        // Writing to a string cannot fail.
        let value = value
            .replace("{clients}", &own.clients.to_string())
            .replace("{controllers}", &own.controllers.to_string())
            .replace('\\', "\\\\");
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// Sessions of clients with a token end with the token, unless they show another one.
fn of_tokens() -> impl Iterator<Item = (String, String)> {
    let login = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
                 unsecuredLoginStringClaim_sub=\"broker\";";
    [
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
        ("oauthbearer.sasl.jaas.config", login),
        ("oauthbearer.connections.max.reauth.ms", "3600000"),
    ]
    .into_iter()
    .map(|(name, value)| (format!("listener.name.tokens.{name}"), value.to_owned()))
}

fn common(ports: &[Ports]) -> BTreeMap<String, String> {
    let voters: Vec<_> = (1..)
        .zip(ports)
        .map(|(id, ports)| format!("{id}@127.0.0.1:{}", ports.controllers))
        .collect();
    let (copies, in_sync) = if ports.len() < 3 {
        ("1", "1")
    } else {
        ("3", "2")
    };
    let fixed = [
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        ("inter.broker.listener.name", "PLAIN"),
        (
            "listener.security.protocol.map",
            "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,MUTUAL:SSL,SCRAM:SASL_SSL,TOKENS:SASL_PLAINTEXT",
        ),
        ("controller.quorum.voters", &voters.join(",")),
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
        ("auto.create.topics.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("group.min.session.timeout.ms", "1000"),
        ("group.consumer.min.session.timeout.ms", "1000"),
        ("group.consumer.min.heartbeat.interval.ms", "100"),
        (
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            "500",
        ),
        ("message.max.bytes", "67108864"),
        ("replica.fetch.max.bytes", "67108864"),
        ("log.segment.bytes", "134217728"),
        ("log.index.size.max.bytes", "1048576"),
        ("log.cleaner.dedupe.buffer.size", "16777216"),
        ("min.insync.replicas", in_sync),
        ("default.replication.factor", copies),
        ("offsets.topic.num.partitions", "4"),
        ("offsets.topic.replication.factor", copies),
        ("transaction.state.log.num.partitions", "4"),
        ("transaction.state.log.replication.factor", copies),
        ("transaction.state.log.min.isr", in_sync),
        ("share.coordinator.state.topic.num.partitions", "1"),
        ("share.coordinator.state.topic.replication.factor", copies),
        ("share.coordinator.state.topic.min.isr", in_sync),
    ];
    fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_brokers_know_each_other_and_keep_three_copies() {
        let ports = [(1, 2), (3, 4), (5, 6)].map(|(clients, controllers)| Ports {
            clients,
            controllers,
            mutual: 0,
            scram: 0,
            tokens: 0,
        });
        let settings = Settings::three().with("log.segment.bytes", "1048576");
        let text = text(&settings, &ports, 1, Path::new("/d"), None);
        for line in [
            "node.id=2",
            "listeners=PLAIN://127.0.0.1:3,CONTROLLER://127.0.0.1:4",
            "controller.quorum.voters=1@127.0.0.1:2,2@127.0.0.1:4,3@127.0.0.1:6",
            "transaction.state.log.min.isr=2",
            "offsets.topic.replication.factor=3",
            "log.segment.bytes=1048576",
            "log.dirs=/d",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
