//! Files into the engine, for every command that takes some.

use crate::failure::{Exit, Failure};
use crate::output::problem::{Place, Problem};
use crate::output::{Out, complain};
use crate::text::count;
use std::path::Path;
use std::sync::Arc;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{
    Decoder, Format, Merged, Options, ReadError, RecordReader, SourceFile,
};
use umbral_runtime::{Engine, Go, IngestError, Ingested, Progress};

/// How files are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// The format, where the name does not tell it.
    pub(crate) format: Option<Format>,
    /// The mapping of CSV and fixed-width files.
    pub(crate) mapping: Option<Arc<Mapping>>,
    /// Read in the order of `occurred_at`.
    pub(crate) sorted: bool,
}

impl Reading {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(&self, name: &str) -> Result<SourceFile, ReadError> {
        SourceFile::open(name, &self.options(name))
    }

    fn options(&self, name: &str) -> Options {
        Options {
            format: self.format,
            mapping: self.mapping.clone().filter(|_| !names_its_format(name)),
            sorted: self.sorted,
            ..Options::default()
        }
    }

    /// Whether a file can be read, as far as that shows before it is: what an engine is opened for moves its clock.
    pub(crate) fn check(&self, name: &str) -> Result<(), Failure> {
        if name != "-" {
            let path = Path::new(name);
            let failed = |error: std::io::Error| Failure::file("read", path, &error);
            std::fs::File::open(path).map_err(failed)?;
            if path.is_dir() {
                return Err(failed(std::io::ErrorKind::IsADirectory.into()));
            }
        }
        SourceFile::is_known(name, &self.options(name)).map_err(|error| Failure::source(&error))
    }

    /// Opens a file behind the records that an earlier start took.
    fn open_behind(&self, engine: &Engine, name: &str) -> Result<SourceFile, ReadError> {
        let mut source = self.open(name)?;
        let taken = source
            .content_id()
            .and_then(|id| engine.source_position(id))
            .map_or(0, |position| position.records);
        source.skip_records(taken)?;
        Ok(source)
    }

    /// What decodes the records of a file.
    pub(crate) fn decoder(&self, name: &str) -> Result<Arc<Decoder>, Failure> {
        let source = self.open(name).map_err(|error| Failure::source(&error))?;
        Ok(source.decoder())
    }

    /// Reads a file into the engine.
    pub(crate) fn one(
        &self,
        engine: &Engine,
        name: &str,
        progress: &mut dyn FnMut(&Progress) -> Go,
    ) -> Result<Ingested, Failure> {
        let mut source = self.open(name).map_err(|error| Failure::source(&error))?;
        engine
            .ingest(&mut source, progress)
            .map_err(|error| failure(&error))
    }

    /// Reads files into the engine as one, in the order of `occurred_at`.
    pub(crate) fn merged(
        &self,
        engine: &Engine,
        names: &[String],
        progress: &mut dyn FnMut(&Progress) -> Go,
    ) -> Result<Ingested, Failure> {
        let sources: Result<Vec<SourceFile>, ReadError> = names
            .iter()
            .map(|name| self.open_behind(engine, name))
            .collect();
        let mut merged = sources
            .and_then(Merged::new)
            .map_err(|error| Failure::source(&error))?;
        engine
            .ingest_merged(&mut merged, progress)
            .map_err(|error| failure(&error))
    }
}

fn failure(error: &IngestError) -> Failure {
    match error {
        IngestError::Engine(error) => Failure::engine(error),
        IngestError::Read(error) => {
            Failure::source(error).note("the records before that place are taken")
        }
    }
}

/// Whether a file's name says that it is NDJSON or protobuf: no mapping is needed for it.
fn names_its_format(name: &str) -> bool {
    let plain = name
        .strip_suffix(".gz")
        .or(name.strip_suffix(".zst"))
        .unwrap_or(name);
    let ending = plain
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .unwrap_or_default();
    ["ndjson", "jsonl", "json", "pb", "binpb"].contains(&ending)
}

/// Reads a mapping file and shows all its problems.
pub(crate) fn mapping(path: &Path, out: &Out) -> Result<Arc<Mapping>, Failure> {
    let text = crate::folder::read_text(path)?;
    let name = path.to_string_lossy();
    Mapping::parse(&name, &text)
        .map(Arc::new)
        .map_err(|problems| {
            for found in &problems {
                let problem = Problem {
                    code: Some(found.code.to_owned()),
                    is_warning: false,
                    title: found.title().to_owned(),
                    place: Some(Place::new(&name, &text, found.span.clone(), &found.what)),
                    notes: vec![found.mend.clone()],
                };
                complain(&problem.render(out.paint_err()));
                complain("");
            }
            let number = count(problems.len() as u64, "problem", "problems");
            Failure::problems(format!("the mapping {name} has {number}"))
        })
}

/// The exit code of a command that took files.
pub(crate) fn exit(strict: bool, quarantined: u64) -> Exit {
    if strict && quarantined > 0 {
        Exit::Problems
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::names_its_format;

    #[test]
    fn a_mapping_is_for_files_whose_name_says_nothing() {
        for (name, known) in [
            ("a.ndjson", true),
            ("a.ndjson.gz", true),
            ("dir.json/a.csv", false),
            ("a.pb.zst", true),
            ("a.csv", false),
            ("a.txt.gz", false),
            ("-", false),
        ] {
            assert_eq!(names_its_format(name), known, "{name}");
        }
    }
}
