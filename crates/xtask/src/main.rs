//! Tools of the repository: `cargo xtask test|tidy|lint|bench|kafka|stories|soak`.

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::Command;

mod kafka;
mod layers;
mod tidy;

/// Tools of the repository.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    after_help = "Examples:\n  cargo xtask test\n  cargo xtask bench --quick"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// All tests: layers and habits of the code, then every test of the workspace.
    Test {
        /// Fewer random cases and fewer kills.
        #[arg(long)]
        quick: bool,
    },
    /// Layers of the crates and habits of the code, without running a test.
    Tidy,
    /// Formatting and clippy; needs the components rustfmt and clippy.
    Lint,
    /// Benchmarks as rows of name, value, unit, floor and ratio.
    Bench {
        /// Smaller inputs and shorter runs.
        #[arg(long)]
        quick: bool,
        /// `table` or `json`.
        #[arg(long, short, default_value = "table")]
        output: String,
        /// Runs the criterion benchmarks of single steps as well.
        #[arg(long)]
        criterion: bool,
        /// Only one group of rows: `rating`, `batch`, `embedded`, `latency`, `csv`, `restart` or `kafka`.
        #[arg(long)]
        only: Option<String>,
        /// The rows of Kafka as well, on a broker that is started for them, or that `KAFKA_BOOTSTRAP` names.
        #[arg(long)]
        kafka: bool,
    },
    /// A real Apache Kafka on this machine.
    Kafka {
        /// What to do with it.
        #[command(subcommand)]
        command: kafka::Kafka,
    },
    /// Runs for as long as one likes: every decoder against made bytes, or instances on Kafka that are killed.
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Soak {
        /// Fuzzes every decoder and parser.
        #[arg(long, group = "what")]
        fuzz: bool,
        /// Kills instances on three brokers so often, with pauses, cuts and lost brokers between.
        #[arg(long, group = "what")]
        kills: Option<u32>,
        /// Bytes for each target: 1G, 250M, 64k.
        #[arg(long, default_value = "1G")]
        bytes: String,
        /// The seed of the made inputs.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only this target; may be given several times.
        #[arg(long)]
        target: Vec<String>,
        /// Only the input of this number, to see it fail again.
        #[arg(long)]
        only: Option<u64>,
    },
    /// Runs stories of credit control (`*.txt`, see `tests/stories/README.md`) from a folder.
    Stories {
        /// The folder with `base.json` and the stories.
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    let root = workspace_root()?;
    match Cli::parse().task {
        Task::Test { quick } => test(&root, quick),
        Task::Tidy => tidy(&root),
        Task::Lint => lint(&root),
        Task::Bench {
            quick,
            output,
            criterion,
            only,
            kafka,
        } => {
            let mut arguments = vec!["--output".to_owned(), output];
            arguments.extend(quick.then(|| "--quick".to_owned()));
            arguments.extend(kafka.then(|| "--kafka".to_owned()));
            arguments.extend(
                only.into_iter()
                    .flat_map(|only| ["--only".to_owned(), only]),
            );
            bench(&root, criterion, &arguments)
        }
        Task::Kafka { command } => kafka::kafka(&root, &command),
        Task::Stories { folder } => stories(&root, &folder),
        Task::Soak {
            kills: Some(kills),
            seed,
            ..
        } => soak_kills(&root, kills, seed),
        Task::Soak {
            kills: None,
            fuzz: _,
            bytes,
            seed,
            target,
            only,
        } => {
            let mut arguments = vec!["--bytes".into(), bytes, "--seed".into(), seed.to_string()];
            for name in target {
                arguments.extend(["--target".into(), name]);
            }
            if let Some(number) = only {
                arguments.extend(["--only".into(), number.to_string()]);
            }
            soak(&root, &arguments)
        }
    }
}

fn workspace_root() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("find the workspace root")
}

fn tidy(root: &Path) -> Result<()> {
    let mut problems = layers::check(&layers::read(root)?);
    problems.extend(tidy::check(root)?);
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} problems found by tidy", problems.len());
    }
    println!("tidy: layers and habits hold");
    Ok(())
}

fn test(root: &Path, quick: bool) -> Result<()> {
    tidy(root)?;
    kafka::announce();
    let mut command = cargo(root);
    command.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    if quick {
        command.env("UMBRAL_TEST_QUICK", "1");
    }
    run(command)
}

fn lint(root: &Path) -> Result<()> {
    let mut format = cargo(root);
    format.args(["fmt", "--all", "--check"]);
    run(format)?;
    let mut clippy = cargo(root);
    clippy.args([
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    run(clippy)
}

fn bench(root: &Path, criterion: bool, arguments: &[String]) -> Result<()> {
    if criterion {
        let mut micro = cargo(root);
        micro.args(["bench", "-p", "umbral-benches"]);
        run(micro)?;
    }
    // The command as well: some rows time whole processes of it.
    let mut build = cargo(root);
    build.args(["build", "--quiet", "--release", "--workspace", "--bins"]);
    run(build)?;
    let here = std::env::current_exe().context("find this command")?;
    let mut rows = Command::new(here.with_file_name("umbral-bench"));
    rows.current_dir(root).args(arguments);
    run(rows)
}

fn stories(root: &Path, folder: &Path) -> Result<()> {
    let folder = folder
        .canonicalize()
        .with_context(|| format!("open {}", folder.display()))?;
    let mut command = cargo(root);
    command.args([
        "test",
        "--release",
        "-p",
        "umbral-tests",
        "--test",
        "stories",
    ]);
    command.env("UMBRAL_STORIES", folder);
    run(command)
}

fn soak(root: &Path, arguments: &[String]) -> Result<()> {
    let mut command = cargo(root);
    command.args(["run", "--quiet", "--release", "-p", "umbral-tests"]);
    command.args(["--bin", "soak", "--"]).args(arguments);
    run(command)
}

fn soak_kills(root: &Path, kills: u32, seed: u64) -> Result<()> {
    let mut build = cargo(root);
    build.args(["build", "--quiet", "--release", "--workspace", "--bins"]);
    run(build)?;
    let here = std::env::current_exe().context("find this command")?;
    let mut soak = Command::new(here.with_file_name("kills"));
    soak.current_dir(root).arg(here.with_file_name("umbral"));
    soak.args([kills.to_string(), seed.to_string()]);
    run(soak)
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn run(mut command: Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
