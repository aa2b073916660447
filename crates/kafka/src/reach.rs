//! Which brokers are spoken to, and whether that may be without TLS.

use crate::settings::{Settings, SettingsError};
use std::net::IpAddr;

/// Checks the addresses, and that what leaves the machine is encrypted.
pub(crate) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let addresses: Vec<&str> = settings.bootstrap.split(',').map(str::trim).collect();
    if settings.bootstrap.contains('@') {
        return Err(SettingsError::new(
            "bootstrap of [kafka] has an @ in it, which no address of a broker has",
            "give host:port; name and password are \"sasl.username\" and \"sasl.password\" of [kafka.librdkafka]",
        ));
    }
    for address in &addresses {
        if address.contains("://") {
            return Err(SettingsError::new(
                format!("bootstrap of [kafka] has {address} in it"),
                "give host:port; the protocol is \"security.protocol\" of [kafka.librdkafka]",
            ));
        }
        let (host, port) = split(address);
        if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(SettingsError::new(
                format!("bootstrap of [kafka] has {address:?} in it"),
                "give host:port of one or more brokers, as in \"kafka1:9093,kafka2:9093\"",
            ));
        }
    }
    addresses
        .iter()
        .try_for_each(|address| may_speak(settings, split(address).0))
}

/// Refuses a host that would be spoken to without TLS, unless that is allowed.
pub(crate) fn may_speak(settings: &Settings, host: &str) -> Result<(), SettingsError> {
    if settings.allow_plaintext || is_loopback(host) {
        return Ok(());
    }
    let protocol = settings.value("security.protocol")?;
    let protocol = protocol
        .as_ref()
        .map_or("plaintext", |value| value.expose());
    if ["ssl", "sasl_ssl"]
        .iter()
        .any(|tls| protocol.eq_ignore_ascii_case(tls))
    {
        return Ok(());
    }
    Err(SettingsError::new(
        format!("{host} is another machine, and nothing on the way to it would be encrypted"),
        "set \"security.protocol\" to \"SSL\" or \"SASL_SSL\" in [kafka.librdkafka], or allow_plaintext = true in [kafka] where the network is safe",
    ))
}

/// Host and port of an address.
fn split(address: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, rest.strip_prefix(':'));
    }
    match address.rsplit_once(':') {
        // An address of IPv6 without brackets has no port.
        Some((host, _)) if host.contains(':') => (address, None),
        Some((host, port)) => (host, Some(port)),
        None => (address, None),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (address, host, port, loopback) in [
            ("127.0.0.1:9092", "127.0.0.1", Some("9092"), true),
            ("127.3.2.1", "127.3.2.1", None, true),
            ("localhost:1", "localhost", Some("1"), true),
            ("[::1]:9092", "::1", Some("9092"), true),
            ("::1", "::1", None, true),
            (
                "kafka.example.com:9093",
                "kafka.example.com",
                Some("9093"),
                false,
            ),
            ("10.0.0.1:9092", "10.0.0.1", Some("9092"), false),
            (
                "localhost.example.com:9092",
                "localhost.example.com",
                Some("9092"),
                false,
            ),
        ] {
            assert_eq!(split(address), (host, port), "{address}");
            assert_eq!(is_loopback(host), loopback, "{address}");
        }
    }
}
