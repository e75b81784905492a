//! Dockerfiles of people that stackgen could write instead: tried, since not all that they say is known otherwise.

use std::collections::BTreeSet;
use std::path::Path;

use super::proof::{Proven, analysed};
use super::proposal::{Proposal, Service};
use super::snapshot::joined;
use super::written::written;
use crate::project::ProjectError;
use crate::templates::Templates;

/// The file that a running service is built with.
pub(super) fn file(service: &Service) -> Option<String> {
    let source = service.text("source").filter(|_| service.obstacle.is_none())?.trim_start_matches('.');
    Some(joined(source, service.text("dockerfile")?))
}

/// Which of them it could write; of the others the text promises nothing any more.
pub(super) fn settle(
    root: &Path,
    templates: &Templates,
    proposal: &mut Proposal,
    proven: &mut Proven,
) -> Result<BTreeSet<String>, ProjectError> {
    let has_kind = |service: &&Service| service.kind().is_some();
    let candidates: BTreeSet<String> = proposal.services.values().filter(has_kind).filter_map(file).collect();
    let mut replaceable = BTreeSet::new();
    let mut changed = false;
    for path in candidates {
        let mut without = proposal.clone();
        let built = |service: &Service| file(service).as_deref() == Some(&path);
        for service in without.services.values_mut().filter(|service| built(service)) {
            service.keys.shift_remove("dockerfile");
            service.keys.shift_remove("target");
        }
        let (_, analysis) = analysed(root, templates, written(&without).text)?;
        if !analysis.report.has_errors() {
            replaceable.insert(path);
            continue;
        }
        for service in proposal.services.values_mut().filter(|service| built(service)) {
            if let Some(entry) = service.keys.get_mut("dockerfile") {
                entry.note = Some("yours".to_owned());
                changed = true;
            }
        }
    }
    if changed {
        proven.text = written(proposal).text;
    }
    Ok(replaceable)
}
