//! `umbral tail`: a derived stream, one JSON object a line.

use crate::args::DataDir;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::service::signals::Stop;
use std::ops::ControlFlow;
use std::time::Duration;
use umbral_history::{History, TailFilter};
use umbral_model::event::Stream;
use umbral_model::ids::AccountId;

/// Time between two looks at what was committed.
const PAUSE: Duration = Duration::from_millis(200);

/// Print a derived stream, one JSON object a line.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral tail --data prod --stream credit
  umbral tail --data prod --stream rated --account A1
  umbral tail --data prod --stream quarantine --follow
  umbral tail --data prod | head -3              all streams, the first three

Reads beside a running engine. Each output has an out_id, by which a reader knows repeats.")]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataDir,
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
    let history = History::open(&args.data.data).map_err(|error| Failure::history(&error))?;
    let streams: Vec<Stream> = args.stream.iter().map(|kind| kind.stream()).collect();
    let filter = TailFilter {
        internal_too: streams.contains(&Stream::Internal),
        streams,
        account: args.account.as_deref().map(AccountId::new),
        new_only: args.new,
    };
    let mut tail = history
        .tail(filter)
        .map_err(|error| Failure::history(&error))?;
    let stop = if args.follow {
        Some(
            Stop::listening()
                .map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))?,
        )
    } else {
        None
    };
    loop {
        let mut written = Ok(());
        let polled = tail.poll(&mut |_, line| {
            written = out.bytes(line.as_bytes()).and_then(|()| out.bytes(b"\n"));
            if written.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        written?;
        let _ = polled.map_err(|error| Failure::history(&error))?;
        out.flush()?;
        if stop.as_ref().is_none_or(|stop| stop.rest(PAUSE)) {
            return Ok(Exit::Done);
        }
    }
}
