//! Topics of one run: under a name of its own, so that a broker that is there already may be used.

use super::PATIENCE;
use anyhow::{Context, Result, anyhow};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use std::sync::Mutex;
use tokio::runtime::{Builder, Runtime};

/// Makes topics, and removes them at the end.
pub struct Topics {
    admin: AdminClient<DefaultClientContext>,
    runtime: Runtime,
    prefix: String,
    made: Mutex<Vec<String>>,
}

impl Topics {
    /// On a broker.
    ///
    /// # Errors
    /// An address that is none.
    pub fn new(bootstrap: &str) -> Result<Topics> {
        let admin = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .create()
            .context("reach the broker")?;
        Ok(Topics {
            admin,
            runtime: Builder::new_current_thread().build()?,
            prefix: format!("umbral-bench-{}", std::process::id()),
            made: Mutex::default(),
        })
    }

    /// A name within this run.
    pub fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Makes a topic; its whole name.
    ///
    /// # Errors
    /// What the broker says.
    pub fn create(&self, name: &str, partitions: i32) -> Result<String> {
        let name = self.named(name);
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let answers = self
            .runtime
            .block_on(self.admin.create_topics([&topic], &options))
            .with_context(|| format!("make the topic {name}"))?;
        for answer in answers {
            answer.map_err(|(topic, code)| anyhow!("make the topic {topic}: {code}"))?;
        }
        self.made
            .lock()
            .map_err(|_| anyhow!("a thread that made topics broke"))?
            .push(name.clone());
        Ok(name)
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        let Ok(made) = self.made.lock() else { return };
        let names: Vec<&str> = made.iter().map(String::as_str).collect();
        let removed = self.admin.delete_topics(&names, &AdminOptions::new());
        // A broker of our own goes with them anyway.
        drop(self.runtime.block_on(removed));
    }
}
