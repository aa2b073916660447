//! Names that nobody defined.

use crate::codes;
use crate::draft::Draft;
use crate::draft::services::DraftService;
use crate::problem::Report;
use crate::source::At;
use crate::text::suggest::did_you_mean;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// Reports a service that is not defined.
pub(crate) fn unknown_service(name: &At<SmolStr>, services: &[DraftService], report: &mut Report) {
    let known = services.iter().map(|service| service.name.as_str());
    unknown(codes::UNKNOWN_SERVICE, "service", name, known, report)
        .note(format!("define it as [service.{}]", name.value));
}

/// Reports a name that is not defined.
pub(crate) fn unknown<'n, 'r>(
    code: &'static str,
    kind: &str,
    name: &At<SmolStr>,
    known: impl IntoIterator<Item = &'n str>,
    report: &'r mut Report,
) -> &'r mut crate::problem::Problem {
    let hint = did_you_mean(&name.value, known).unwrap_or_default();
    report.error(
        code,
        name.spot,
        format!("there is no {kind} {}", name.value),
        hint,
    )
}

/// Numbers of names; names that are not defined are reported once each place.
pub(crate) struct Names<'d> {
    draft: &'d Draft,
    bands: FxHashMap<&'d str, u16>,
    rates: FxHashMap<&'d str, u32>,
}

impl<'d> Names<'d> {
    /// Over a draft.
    pub(crate) fn new(draft: &'d Draft) -> Self {
        let bands = draft
            .bands
            .iter()
            .zip(0..)
            .map(|(b, n)| (b.name.value.as_str(), n))
            .collect();
        let rates = draft
            .rates
            .iter()
            .zip(0..)
            .map(|(r, n)| (r.name.value.as_str(), n))
            .collect();
        Names {
            draft,
            bands,
            rates,
        }
    }

    /// A service's number.
    pub(crate) fn service(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u8> {
        let services = &self.draft.services;
        let found = services
            .iter()
            .position(|service| service.name == name.value);
        if found.is_none() {
            unknown_service(name, services, report);
        }
        found.map(|index| index as u8)
    }

    /// A zone's number.
    pub(crate) fn zone(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u16> {
        let zones = &self.draft.zones;
        let found = zones.by_name.get(&name.value).copied();
        if found.is_none() {
            let known = zones.names.iter().map(|zone| zone.value.as_str());
            unknown(codes::UNKNOWN_ZONE, "zone", name, known, report)
                .note("give it a prefix in the folder zones, or a table [zone.NAME] if records name it themselves");
        }
        found
    }

    /// A band's number.
    pub(crate) fn band(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u16> {
        let found = self.bands.get(name.value.as_str()).copied();
        if found.is_none() {
            let known = self.draft.bands.iter().map(|band| band.name.value.as_str());
            unknown(codes::UNKNOWN_BAND, "band", name, known, report)
                .note(format!("define it as [band.{}]", name.value));
        }
        found
    }

    /// A rate's number.
    pub(crate) fn rate(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u32> {
        let found = self.rates.get(name.value.as_str()).copied();
        if found.is_none() {
            let known = self.draft.rates.iter().map(|rate| rate.name.value.as_str());
            unknown(codes::UNKNOWN_RATE, "rate", name, known, report)
                .note(format!("define it as [rate.{}]", name.value));
        }
        found
    }

    /// A network group's number.
    pub(crate) fn network(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u16> {
        let groups = &self.draft.networks.names;
        let found = groups.iter().position(|group| *group == name.value);
        if found.is_none() {
            let known = groups.iter().map(SmolStr::as_str);
            unknown(codes::UNKNOWN_NETWORK, "network group", name, known, report)
                .note(format!("define it as [network.{}]", name.value));
        }
        found.map(|index| index as u16)
    }

    /// Reports a plan that is not defined; its number otherwise.
    pub(crate) fn plan(&self, name: &At<SmolStr>, report: &mut Report) -> Option<u32> {
        let plans = &self.draft.plans;
        let found = plans.iter().position(|plan| plan.name.value == name.value);
        if found.is_none() {
            let known = plans.iter().map(|plan| plan.name.value.as_str());
            unknown(codes::UNKNOWN_PLAN, "plan", name, known, report)
                .note(format!("define it as [plan.{}]", name.value));
        }
        found.map(|index| index as u32)
    }

    /// Reports a class that is not defined.
    pub(crate) fn class(&self, name: &At<SmolStr>, report: &mut Report) -> bool {
        let classes = &self.draft.classes;
        let found = classes.iter().any(|class| class.name == name.value);
        if !found {
            let known = classes.iter().map(|class| class.name.as_str());
            unknown(codes::UNKNOWN_CLASS, "class", name, known, report)
                .note(format!("define it as [class.{}]", name.value));
        }
        found
    }

    /// Reports a profile that is not defined: as an error in a case, as a warning among fallbacks.
    pub(crate) fn profile(&self, name: &At<SmolStr>, as_error: bool, report: &mut Report) {
        let profiles = &self.draft.profiles;
        let any = name
            .value
            .rsplit_once('/')
            .map(|(rest, _)| format!("{rest}/*any"));
        let known = |wanted: &str| profiles.iter().any(|p| p.profile.value == wanted);
        if known(&name.value) || (as_error && any.is_some_and(|any| known(&any))) {
            return;
        }
        let names = profiles
            .iter()
            .map(|profile| profile.profile.value.as_str());
        let problem = unknown(codes::UNKNOWN_PROFILE, "profile", name, names, report);
        if !as_error {
            problem.severity = crate::problem::Severity::Warning;
            problem.note("the fallback is never used");
        } else {
            problem.note("name a profile of the files in the folder profiles");
        }
    }
}
