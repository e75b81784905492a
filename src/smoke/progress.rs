//! How far a smoke test is, as lines for people.

use std::time::Duration;

/// How far a smoke test is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The environment.
    pub environment: String,
    /// How long it has been at it.
    pub elapsed: Duration,
    /// How each service is.
    pub services: Vec<Standing>,
    /// How many requests are still without an answer that will do, once it asks.
    pub asking: Option<usize>,
}

/// How a service is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The service.
    pub service: String,
    /// One word.
    pub state: String,
    /// Whether it is as it should be.
    pub is_fine: bool,
}

impl Progress {
    /// One line for each service and one for the requests, none wider than `width`: for a terminal, where they take the
    /// place of each other.
    pub fn block(&self, width: usize) -> Vec<String> {
        let widest = self.services.iter().map(|standing| standing.service.chars().count()).max().unwrap_or_default();
        let line = |standing: &Standing| {
            let sign = if standing.is_fine { "✓" } else { "…" };
            format!("  {sign} {:widest$}  {}", standing.service, standing.state)
        };
        let head = match self.asking {
            Some(open) => format!("{}: asking, {open} to go ({})", self.environment, seconds(self.elapsed)),
            None => format!("{}: waiting until all are healthy ({})", self.environment, seconds(self.elapsed)),
        };
        let lines = std::iter::once(head).chain(self.services.iter().map(line));
        lines.map(|line| line.chars().take(width.saturating_sub(1)).collect()).collect()
    }

    /// What has changed since `before`, for where lines stay.
    pub fn changes(&self, before: Option<&Self>) -> Vec<String> {
        let environment = &self.environment;
        let Some(before) = before else {
            let open: Vec<String> = self
                .services
                .iter()
                .filter(|standing| !standing.is_fine)
                .map(|standing| format!("{} ({})", standing.service, standing.state))
                .collect();
            if open.is_empty() {
                return Vec::new();
            }
            return vec![format!("{environment}: waiting for {}", crate::diagnostics::words::and(&open))];
        };
        let was = |service: &str| before.services.iter().find(|standing| standing.service == service);
        let changed = self.services.iter().filter(|standing| was(&standing.service) != Some(standing));
        changed
            .map(|standing| {
                format!("{environment}: {} is {} ({})", standing.service, standing.state, seconds(self.elapsed))
            })
            .collect()
    }
}

/// `1.2 s`.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(states: &[(&str, &str, bool)]) -> Progress {
        let services = states.iter().map(|(service, state, is_fine)| Standing {
            service: (*service).to_owned(),
            state: (*state).to_owned(),
            is_fine: *is_fine,
        });
        let elapsed = Duration::from_millis(1250);
        Progress { environment: "dev".to_owned(), elapsed, services: services.collect(), asking: None }
    }

    #[test]
    fn a_block_fits_the_terminal() {
        let progress = progress(&[("api", "starting", false), ("database", "healthy", true)]);
        let block = progress.block(80);
        assert_eq!(block[1..], ["  … api       starting", "  ✓ database  healthy"]);
        assert!(progress.block(12).iter().all(|line| line.chars().count() < 12));
    }

    #[test]
    fn elsewhere_only_what_changes_is_said() {
        let before = progress(&[("api", "starting", false), ("web", "healthy", true)]);
        assert_eq!(before.changes(None), ["dev: waiting for api (starting)"]);
        let after = progress(&[("api", "healthy", true), ("web", "healthy", true)]);
        assert_eq!(after.changes(Some(&before)), ["dev: api is healthy (1.2 s)"]);
        assert_eq!(after.changes(None), Vec::<String>::new());
    }
}
