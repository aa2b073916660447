//! What is to be started.

use std::collections::BTreeMap;

/// What is to be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Brokers, each a controller too: 1 or 3.
    pub nodes: usize,
    /// Heap of each, in megabytes.
    pub heap_megabytes: u32,
    /// More of `server.properties`, or other than they would be.
    pub properties: BTreeMap<String, String>,
    /// The same of single brokers, by number from 1. `{clients}` and `{controllers}` stand for their ports.
    pub of_node: BTreeMap<usize, BTreeMap<String, String>>,
    /// Name and password of somebody who comes in by SCRAM; with that, brokers speak TLS as well.
    pub user: Option<(String, String)>,
    /// Whether there is a listener for clients with a token (OAUTHBEARER), where brokers believe unsigned ones.
    pub tokens: bool,
}

impl Settings {
    /// One broker.
    pub fn one() -> Settings {
        Settings {
            nodes: 1,
            heap_megabytes: 512,
            properties: BTreeMap::new(),
            of_node: BTreeMap::new(),
            user: None,
            tokens: false,
        }
    }

    /// Three brokers; whatever is replicated lives through the loss of one.
    pub fn three() -> Settings {
        Settings {
            nodes: 3,
            heap_megabytes: 256,
            ..Settings::one()
        }
    }

    /// With this in `server.properties`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Settings {
        self.properties.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With this in `server.properties` of one broker, by number from 1.
    #[must_use]
    pub fn with_on(mut self, node: usize, name: &str, value: &str) -> Settings {
        let properties = self.of_node.entry(node).or_default();
        properties.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With TLS as well: for clients with a certificate, and for this user by SCRAM-SHA-512.
    #[must_use]
    pub fn secured(mut self, name: &str, password: &str) -> Settings {
        self.user = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// With a listener for clients with an unsigned token, whose name is that of its claim `sub`.
    #[must_use]
    pub fn with_tokens(mut self) -> Settings {
        self.tokens = true;
        self
    }

    /// Whether any single broker does.
    pub(crate) fn is_plain(&self) -> bool {
        let is_changed = !self.properties.is_empty() || !self.of_node.is_empty();
        self.nodes == 1 && !is_changed && self.user.is_none() && !self.tokens
    }
}
