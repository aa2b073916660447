//! `umbral tail`: a derived stream, one JSON object a line.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::service::kafka;
use crate::service::signals::Stop;
use crate::site::{self, Found, Site};
use std::ops::ControlFlow;
use std::time::Duration;
use umbral_history::{History, Tail, TailFilter};
use umbral_model::event::Stream;
use umbral_model::ids::AccountId;
use umbral_runtime::partitioner::partition_of_account;

/// Time between two looks at what was committed.
const PAUSE: Duration = Duration::from_millis(200);

/// Print a derived stream, one JSON object a line.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral tail --data prod --stream credit
  umbral tail --data prod --stream rated --account A1
  umbral tail --data prod --stream quarantine --follow
  umbral tail --data prod | head -3              all streams, the first three
  umbral tail --config umbral.toml --follow      of a deployment on Kafka, partition after partition

Reads beside a running engine. Each output has an out_id, by which a reader knows repeats.")]
pub(crate) struct Args {
    #[command(flatten)]
    site: Site,
    /// Only this stream, may be given several times [default: all]
    #[arg(long, value_enum)]
    stream: Vec<StreamKind>,
    /// Only this account
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Leave out what was copied from another data directory, which published it already
    #[arg(long)]
    new: bool,
    /// Go on with what is committed from now on, until told to stop
    #[arg(short, long)]
    follow: bool,
}

/// The streams.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StreamKind {
    /// Rated usage and charges
    Rated,
    /// Thresholds, limits, restrictions
    Credit,
    /// Cases and steps
    Collections,
    /// Points, tiers, cards
    Loyalty,
    /// Records that could not be taken
    Quarantine,
    /// What only changes state, for those who look inside
    Internal,
}

impl StreamKind {
    fn stream(self) -> Stream {
        match self {
            StreamKind::Rated => Stream::Rated,
            StreamKind::Credit => Stream::Credit,
            StreamKind::Collections => Stream::Collections,
            StreamKind::Loyalty => Stream::Loyalty,
            StreamKind::Quarantine => Stream::Quarantine,
            StreamKind::Internal => Stream::Internal,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let stop = match args.follow {
        true => Some(
            Stop::listening()
                .map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))?,
        ),
        false => None,
    };
    match args.site.find(out)? {
        Found::Data(data) => {
            let parts = [site::open(&data)?];
            print(args, &parts, stop.as_ref(), &mut || Ok(()), out)
        }
        Found::Kafka(found) => {
            let account = args.account.as_deref().map(AccountId::new);
            let partitions = match &account {
                Some(account) => vec![partition_of_account(account, found.deployment.partitions)],
                None => found.partitions(),
            };
            let mirrors = found.mirrors()?;
            site::extend(&mirrors, &partitions, out)?;
            let parts = site::histories(&mirrors, &partitions)?;
            let following = mirrors.follow(partitions);
            let mut following = following.map_err(|error| kafka::failure(&error))?;
            let mut extend = || following.extend().map_err(|error| kafka::failure(&error));
            print(args, &parts, stop.as_ref(), &mut extend, out)
        }
    }
}

fn filter(args: &Args) -> TailFilter {
    let streams: Vec<Stream> = args.stream.iter().map(|kind| kind.stream()).collect();
    TailFilter {
        internal_too: streams.contains(&Stream::Internal),
        streams,
        account: args.account.as_deref().map(AccountId::new),
        new_only: args.new,
    }
}

/// Prints one part after the other, and then what comes; `extend` has more come.
fn print(
    args: &Args,
    parts: &[History],
    stop: Option<&Stop>,
    extend: &mut dyn FnMut() -> Result<(), Failure>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let tails: Result<Vec<Tail>, _> = parts.iter().map(|part| part.tail(filter(args))).collect();
    let mut tails = tails.map_err(|error| Failure::history(&error))?;
    loop {
        tails.iter_mut().try_for_each(|tail| poll(tail, out))?;
        out.flush()?;
        if stop.is_none_or(|stop| stop.rest(PAUSE)) {
            return Ok(Exit::Done);
        }
        extend()?;
    }
}

/// Prints what came.
fn poll(tail: &mut Tail, out: &mut Out) -> Result<(), Failure> {
    let mut written = Ok(());
    let polled = tail.poll(&mut |_, line| {
        written = out.bytes(line.as_bytes()).and_then(|()| out.bytes(b"\n"));
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    written?;
    polled.map(|_| ()).map_err(|error| Failure::history(&error))
}
