//! Brokers that belong to the process that started them.

use crate::library::{Library, library, tail};
use crate::node::Node;
use crate::ports;
use crate::properties::{self, Ports};
use crate::security::{Secured, Stores};
use crate::settings::Settings;
use crate::{BrokerError, home};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The name of an existing broker.
const EXISTING: &str = "KAFKA_BOOTSTRAP";

/// Another process may have taken a port between the look and the start.
const TRIES: usize = 3;

/// Of each broker.
const PORTS: usize = 5;

/// Every cluster may have the same: none ever meets another.
const CLUSTER_ID: &str = "dW1icmFsLWZvci10ZXN0cw";

static CLUSTERS: AtomicU32 = AtomicU32::new(0);

/// Brokers that belong to this process: they end when it drops them, and when it ends.
pub struct Cluster {
    bootstrap: String,
    owned: Option<Owned>,
}

/// Brokers that were started here.
struct Owned {
    files: Files,
    library: Library,
    heap: u32,
}

impl Cluster {
    /// Starts brokers and waits until they take requests; or takes the existing one that `KAFKA_BOOTSTRAP` names,
    /// where any single broker does.
    pub fn start(settings: &Settings) -> Result<Cluster, BrokerError> {
        if let Ok(bootstrap) = std::env::var(EXISTING)
            && !bootstrap.is_empty()
            && settings.is_plain()
        {
            return Ok(Cluster {
                bootstrap,
                owned: None,
            });
        }
        let mut tries = 1;
        loop {
            match Cluster::try_start(settings) {
                Err(error) if tries < TRIES && is_port_taken(&error) => tries += 1,
                ended => return ended,
            }
        }
    }

    fn try_start(settings: &Settings) -> Result<Cluster, BrokerError> {
        let library = library()?;
        sweep(&home().join("run"));
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let folder = home().join(format!("run/{}-{number}", std::process::id()));
        let mut files = Files::create(settings, &library, folder)?;
        for node in &mut files.nodes {
            node.start(&library, settings.heap_megabytes)?;
        }
        for node in &mut files.nodes {
            node.ready()?;
        }
        Ok(Cluster {
            bootstrap: files.bootstrap(),
            owned: Some(Owned {
                files,
                library,
                heap: settings.heap_megabytes,
            }),
        })
    }

    /// The addresses that clients begin with.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Whether the brokers were started here, and may be killed.
    pub fn is_ours(&self) -> bool {
        self.owned.is_some()
    }

    /// How clients get in by TLS, where that was asked for.
    pub fn secured(&self) -> Option<Secured> {
        self.owned.as_ref()?.files.secured()
    }

    /// The addresses for clients with a token, where that was asked for.
    pub fn tokens(&self) -> Option<String> {
        let files = &self.owned.as_ref()?.files;
        files
            .has_tokens
            .then(|| files.addresses(|ports| ports.tokens))
    }

    /// The process of a broker, from 1, if it runs.
    pub fn pid(&self, node: usize) -> Option<u32> {
        let nodes = &self.owned.as_ref()?.files.nodes;
        nodes.get(node.checked_sub(1)?)?.pid()
    }

    /// Ends a broker at once, as a power cut would; its data stays.
    pub fn kill(&mut self, node: usize) -> Result<(), BrokerError> {
        let owned = self.owned.as_mut().ok_or(BrokerError::NotOurs("kill"))?;
        owned.files.node(node)?.kill();
        Ok(())
    }

    /// Starts a broker again with its data, after killing it where it runs.
    pub fn restart(&mut self, node: usize) -> Result<(), BrokerError> {
        let owned = self.owned.as_mut().ok_or(BrokerError::NotOurs("restart"))?;
        let (heap, library) = (owned.heap, &owned.library);
        let node = owned.files.node(node)?;
        node.kill();
        node.start(library, heap)?;
        node.ready()
    }

    /// Runs one of Kafka's own tools, by its class, with the address and these arguments; what it writes.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String, BrokerError> {
        let owned = self.owned.as_ref();
        let owned = owned.ok_or(BrokerError::NotOurs("run Kafka's tools on"))?;
        let mut java = java_in_short(&owned.library);
        java.args([class, "--bootstrap-server", &self.bootstrap]);
        let output = java.args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(BrokerError::io("run", Path::new("java")))?;
        let written = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(written);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(BrokerError::Failed {
            what: "a tool of Kafka",
            output: tail(&(written + &errors)),
        })
    }

    /// Ends the brokers that were started here and removes their data, as dropping it does.
    pub fn stop(self) {
        drop(self);
    }
}

/// Brokers with their files, which are removed with it.
pub(crate) struct Files {
    folder: PathBuf,
    ports: Vec<Ports>,
    pub(crate) nodes: Vec<Node>,
    stores: Option<Stores>,
    has_tokens: bool,
}

impl Files {
    /// Everything that brokers need before their start.
    pub(crate) fn create(
        settings: &Settings,
        library: &Library,
        folder: PathBuf,
    ) -> Result<Files, BrokerError> {
        let free = ports::free(PORTS * settings.nodes)?;
        let ports: Vec<Ports> = free
            .chunks_exact(PORTS)
            .map(|some| Ports {
                clients: some[0],
                controllers: some[1],
                mutual: some[2],
                scram: some[3],
                tokens: some[4],
            })
            .collect();
        fs::create_dir_all(&folder).map_err(BrokerError::io("create", &folder))?;
        let mut files = Files {
            folder,
            ports,
            nodes: Vec::with_capacity(settings.nodes),
            stores: None,
            has_tokens: settings.tokens,
        };
        if settings.user.is_some() {
            files.stores = Some(Stores::create(&files.folder)?);
        }
        for index in 0..settings.nodes {
            let number = index + 1;
            let data = files.folder.join(format!("node-{number}"));
            let stores = files.stores.as_ref();
            let text = properties::text(settings, &files.ports, index, &data, stores);
            let mut format = storage_tool(library, settings.user.as_ref());
            let node = Node::create(number, &files.folder, &text, &mut format)?;
            files.nodes.push(node);
        }
        Ok(files)
    }

    /// The addresses that clients begin with.
    pub(crate) fn bootstrap(&self) -> String {
        self.addresses(|ports| ports.clients)
    }

    fn secured(&self) -> Option<Secured> {
        let mutual = self.addresses(|ports| ports.mutual);
        let scram = self.addresses(|ports| ports.scram);
        Some(self.stores.as_ref()?.secured(mutual, scram))
    }

    fn addresses(&self, port: impl Fn(&Ports) -> u16) -> String {
        let addresses = self
            .ports
            .iter()
            .map(|ports| format!("127.0.0.1:{}", port(ports)));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// Leaves the files where they are and the brokers running; their processes.
    pub(crate) fn leave(mut self) -> Vec<u32> {
        self.folder = PathBuf::new();
        self.nodes.iter_mut().filter_map(Node::leave).collect()
    }

    fn node(&mut self, number: usize) -> Result<&mut Node, BrokerError> {
        let node = number
            .checked_sub(1)
            .and_then(|index| self.nodes.get_mut(index));
        node.ok_or(BrokerError::NoSuchNode(number))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.nodes.clear();
        if !self.folder.as_os_str().is_empty() {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

/// What formats the storage of a broker.
fn storage_tool(library: &Library, user: Option<&(String, String)>) -> Command {
    let mut command = java_in_short(library);
    command.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID]);
    if let Some((name, password)) = user {
        let scram = format!("SCRAM-SHA-512=[name={name},password={password}]");
        command.args(["--add-scram", &scram]);
    }
    command
}

/// A `java` for what is soon over.
fn java_in_short(library: &Library) -> Command {
    let java = library.java(128);
    let mut command = Command::new(&java[0]);
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
    command.args(&java[1..]);
    command
}

fn is_port_taken(error: &BrokerError) -> bool {
    matches!(error, BrokerError::NotReady { tail, .. } if tail.contains("Address already in use"))
}

/// Removes what processes left that could not remove it themselves.
fn sweep(run: &Path) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .split('-')
            .next()
            .and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
