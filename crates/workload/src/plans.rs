//! Plans of the demo catalog as the billing system sees them: what they cost a month and about what usage
//! costs beyond the allowances. Bills need not be exact here; what is owed is the engine's business.

/// A plan of the demo catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    Libre,
    Basico,
    Norte20,
    Familia,
    Empresa,
    EmpresaVolumen,
}

/// What an account has used of its allowances in a month; what is beyond a counter's range is beyond any
/// allowance.
#[derive(Clone, Copy, Default)]
pub(crate) struct Used {
    /// Megabytes.
    pub(crate) megabytes: u16,
    /// Seconds of calls.
    pub(crate) seconds: u16,
    /// Messages.
    pub(crate) messages: u16,
}

impl Plan {
    /// The plan's name in the catalog.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Plan::Libre => "libre",
            Plan::Basico => "basico",
            Plan::Norte20 => "norte_20",
            Plan::Familia => "familia",
            Plan::Empresa => "empresa",
            Plan::EmpresaVolumen => "empresa_volumen",
        }
    }

    /// Its fee, in 10^-4 EUR.
    pub(crate) fn fee(self) -> u64 {
        match self {
            Plan::Libre | Plan::Basico | Plan::Empresa => 0,
            Plan::Norte20 => 199_000,
            Plan::Familia => 399_000,
            Plan::EmpresaVolumen => 600_000,
        }
    }

    /// Whether data, calls and messages are included.
    pub(crate) fn is_bundle(self) -> bool {
        matches!(self, Plan::Norte20 | Plan::Familia)
    }

    /// Included units of an account in a month.
    pub(crate) fn included(self) -> Used {
        match self {
            Plan::Norte20 => Used {
                megabytes: 20_000,
                seconds: 300 * 60,
                messages: 100,
            },
            Plan::Familia => Used {
                megabytes: 60_000,
                seconds: 1_000 * 60,
                messages: 250,
            },
            _ => Used::default(),
        }
    }

    /// Calls in Spain beyond the allowances: setup fee, and price of a second in 10^-6 EUR; the former in
    /// 10^-4 EUR.
    pub(crate) fn national(self) -> (u64, u64) {
        match self {
            Plan::Libre => (1_500, 1_500),
            Plan::Basico => (0, 2_000),
            Plan::Norte20 | Plan::Familia => (2_500, 3_333),
            Plan::Empresa => (0, 750),
            Plan::EmpresaVolumen => (0, 667),
        }
    }

    /// A gigabyte beyond the allowances, in 10^-4 EUR.
    pub(crate) fn gigabyte(self) -> u64 {
        match self {
            Plan::Libre => 30_000,
            Plan::Basico => 60_000,
            Plan::Norte20 | Plan::Familia => 50_000,
            Plan::Empresa => 15_000,
            Plan::EmpresaVolumen => 20_000,
        }
    }

    /// A message in Spain beyond the allowances, in 10^-4 EUR.
    pub(crate) fn message(self) -> u64 {
        match self {
            Plan::EmpresaVolumen => 600,
            Plan::Norte20 | Plan::Familia => 1_000,
            _ => 900,
        }
    }
}

/// Takes units from what is included, and gives those that are beyond it.
pub(crate) fn beyond(used: &mut u16, included: u16, units: u64) -> u64 {
    let before = u64::from(*used);
    let after = before + units;
    *used = after.min(u64::from(u16::MAX)) as u16;
    after.saturating_sub(u64::from(included)).min(units)
}

#[cfg(test)]
mod tests {
    use super::beyond;

    #[test]
    fn units_beyond_what_is_included_are_told() {
        let mut used = 0;
        let told: Vec<u64> = [40, 50, 20, 5]
            .into_iter()
            .map(|units| beyond(&mut used, 100, units))
            .collect();
        assert_eq!(told, [0, 0, 10, 5]);
        assert_eq!(used, 115);
        assert_eq!(
            beyond(&mut used, 100, u64::from(u16::MAX)),
            u64::from(u16::MAX)
        );
        assert_eq!(used, u16::MAX);
    }
}
