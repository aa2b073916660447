//! Killed while it serves a drop folder, into which files come while it lives and while it is dead.

use crate::disturb::{
    Seeded, Tally, Victim, assert_done, moment, rest, seed, succeed, text, umbral, wanted,
};
use crate::scene::{Form, Inputs, assert_same, checked, write_catalog, write_inputs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One deployment: a configuration, a drop folder, and the files that still have to come.
pub(crate) struct Service {
    root: PathBuf,
    pub(crate) data: PathBuf,
    folder: PathBuf,
    coming: std::vec::IntoIter<PathBuf>,
    settings: &'static str,
}

impl Service {
    pub(crate) fn new(root: &Path, name: &str, inputs: &Inputs) -> Service {
        let folder = root.join(format!("{name}-in"));
        std::fs::create_dir_all(&folder).expect("a drop folder");
        Service {
            root: root.to_owned(),
            data: root.join(name),
            folder,
            coming: inputs.files.clone().into_iter(),
            settings: "",
        }
    }

    /// With further settings in its configuration.
    pub(crate) fn with(self, settings: &'static str) -> Service {
        Service { settings, ..self }
    }

    /// Drops the next file: written under another name, then renamed, as `docs/ingest.md` asks for. Files come
    /// in the order of their names, so what is taken is always a beginning of all.
    pub(crate) fn drop_next(&mut self) -> bool {
        let Some(file) = self.coming.next() else {
            return false;
        };
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let aside = self.folder.join(format!("{name}.part"));
        std::fs::copy(&file, &aside).expect("write");
        std::fs::rename(&aside, self.folder.join(name)).expect("rename");
        true
    }

    pub(crate) fn start(&self, random: &mut Seeded) -> Victim {
        let config = self.root.join("umbral.toml");
        let content = format!(
            "data = {:?}\ncatalog = \"catalog\"\npartitions = 16\nclock = \"event\"\nthreads = {}\nbatch = {}\n\
             segment_bytes = {}\nlisten = \"127.0.0.1:0\"\n{}[[follow]]\nrest_seconds = 0\nfolder = {:?}\nmapping = \"mapping.toml\"\n",
            text(&self.data),
            random.pick(&[1, 2, 3]),
            random.pick(&[32, 100, 512]),
            random.pick(&[16_384, 32_768, 1_000_000]),
            self.settings,
            text(&self.folder),
        );
        std::fs::write(&config, content).expect("write");
        Victim::start(umbral(&["run", "--config", text(&config)]))
    }

    /// Octets of the log's segments.
    fn log_bytes(&self) -> u64 {
        let Ok(entries) = std::fs::read_dir(self.data.join("log")) else {
            return 0;
        };
        let sizes = entries.filter_map(|entry| entry.ok()?.metadata().ok());
        sizes.map(|metadata| metadata.len()).sum()
    }

    /// Lets the service live until it writes, and then a random moment longer; sometimes not that long.
    fn live_and_die(&mut self, random: &mut Seeded, busy: Duration, tally: &mut Tally) {
        let before = self.log_bytes();
        let mut victim = self.start(random);
        if random.below(2) == 0 {
            self.drop_next();
        }
        // A folder is looked at twice a second, so nothing is taken in the first moments.
        let patience = Instant::now() + moment(random, Duration::from_millis(1_200));
        while self.log_bytes() == before && Instant::now() < patience && !victim.has_ended() {
            rest(Duration::from_millis(1));
        }
        victim.work_for(moment(random, busy));
        assert!(victim.kill("run"), "the service ended by itself");
        tally.count(&self.data);
        if random.below(3) == 0 {
            self.drop_next();
        }
    }

    /// All files come, and the service lives until it has taken the last one.
    pub(crate) fn finish(mut self, random: &mut Seeded, inputs: &Inputs) -> PathBuf {
        while self.drop_next() {}
        let mut victim = self.start(random);
        let all = inputs.inputs_and_catalog();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.data.join("umbral.json").is_file() || inputs_of(&self.data) < all {
            if victim.has_ended() {
                victim.finish("the service");
                panic!("the service ended by itself");
            }
            assert!(
                Instant::now() < deadline,
                "the service took {} of {all} records",
                inputs_of(&self.data)
            );
            rest(Duration::from_millis(50));
        }
        assert!(victim.kill("run"), "the service ended by itself");
        std::fs::remove_dir_all(&self.folder).expect("clean up");
        self.data
    }
}

/// Inputs that the journal holds, as a reader beside the service sees them.
fn inputs_of(data: &Path) -> u64 {
    let shown = succeed(&["replay", "--verify", "--data", text(data), "-o", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    shown["inputs"].as_u64().expect("a count")
}

#[test]
fn killed_while_it_serves_nothing_is_lost_doubled_or_different() {
    let mut random = Seeded::new(seed(20_260_407));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Csv, 6, 9_000, &mut random);
    let calm = Service::new(root, "calm", &inputs).finish(&mut random, &inputs);
    let calm = checked(&calm, &inputs.expected);

    let mut tally = Tally::default();
    while tally.kills < wanted(70) {
        let mut service = Service::new(root, &format!("killed-{}", tally.rounds), &inputs);
        for _ in 0..10.min(wanted(70) - tally.kills) {
            service.live_and_die(&mut random, Duration::from_millis(120), &mut tally);
        }
        let data = service.finish(&mut random, &inputs);
        let what = format!("round {}", tally.rounds);
        assert_same(&calm, &checked(&data, &inputs.expected), &what);
        std::fs::remove_dir_all(&data).expect("clean up");
        tally.rounds += 1;
    }
    println!("{tally:?}");
}

#[test]
fn told_to_stop_it_ends_well_and_goes_on_later() {
    let mut random = Seeded::new(seed(20_260_408));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Json, 2, 3_000, &mut random);
    let mut service = Service::new(root, "data", &inputs);
    while service.drop_next() {}
    for _ in 0..3 {
        let mut victim = service.start(&mut random);
        victim
            .work_for(Duration::from_millis(300) + moment(&mut random, Duration::from_millis(600)));
        let pid = victim.id().to_string();
        let asked = std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .output();
        assert_done(&asked.expect("kill"), "kill -TERM");
        victim.finish("a service that was told to stop");
    }
    let data = service.finish(&mut random, &inputs);
    checked(&data, &inputs.expected);
}
