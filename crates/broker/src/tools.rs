//! Java and Maven: found, or installed from the system's packages where that may be done.

use crate::BrokerError;
use std::process::{Command, Stdio};

/// A program, and the package that has it on Debian and its relatives.
struct Tool {
    name: &'static str,
    what: &'static str,
    package: &'static str,
}

const JAVA: Tool = Tool {
    name: "java",
    what: "Java 17 or newer (java)",
    package: "default-jre-headless",
};

const MAVEN: Tool = Tool {
    name: "mvn",
    what: "Maven (mvn)",
    package: "maven",
};

const OLDEST_JAVA: u32 = 17;

/// Makes sure that there is a Java that Kafka runs on; what had to be installed for it.
pub(crate) fn java() -> Result<Option<&'static str>, BrokerError> {
    had(&JAVA, || {
        java_version().is_some_and(|major| major >= OLDEST_JAVA)
    })
}

/// Makes sure that there is Maven; what had to be installed for it.
pub(crate) fn maven() -> Result<Option<&'static str>, BrokerError> {
    had(&MAVEN, || output(MAVEN.name, &["-v"]).is_some())
}

fn had(tool: &Tool, is_there: impl Fn() -> bool) -> Result<Option<&'static str>, BrokerError> {
    if is_there() {
        return Ok(None);
    }
    let missing = || BrokerError::Missing {
        what: tool.what,
        mend: format!(
            "the Kafka tests run a real broker; install it, for example: apt-get install {} (brew install openjdk maven, dnf install java-21-openjdk-headless maven)",
            tool.package
        ),
    };
    if !may_install() {
        return Err(missing());
    }
    eprintln!(
        "installing {} for the Kafka tests: apt-get install {}",
        tool.what, tool.package
    );
    apt(&["update"]);
    apt(&["install", "-y", "--no-install-recommends", tool.package]);
    if is_there() {
        Ok(Some(tool.package))
    } else {
        Err(missing())
    }
}

fn may_install() -> bool {
    let is_root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    is_root && output("apt-get", &["--version"]).is_some()
}

/// Whether it worked shows in what is there afterwards.
fn apt(arguments: &[&str]) {
    let mut command = Command::new("apt-get");
    command.args(["-qq", "-o", "DPkg::Lock::Timeout=120"]);
    command.args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    command.status().ok();
}

/// The first number of the version, which is 1 for those before Java 9.
fn java_version() -> Option<u32> {
    major(&output(JAVA.name, &["-version"])?)
}

fn major(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    version.split(['.', '-', '+']).next()?.parse().ok()
}

/// What a program writes, if it is there and succeeds.
fn output(name: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(name);
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_read() {
        for (text, expected) in [
            ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK", Some(17)),
            ("openjdk version \"25\" 2025-09-16", Some(25)),
            ("java version \"1.8.0_202\"", Some(1)),
            ("openjdk version \"21-ea\" 2023-09-19", Some(21)),
            ("no java here", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
