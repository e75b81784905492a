//! What the engine calls the named volumes of a stack (compose-spec, "volumes", `name`).

use super::model;
use crate::plan::{Plan, PlannedMount, Raw, Service, Text};

/// A named volume that is the stack's own.
#[derive(Debug, Clone, Copy)]
pub struct EngineVolume<'p> {
    /// The key of the compose file.
    pub key: &'p str,
    /// The service that mounts it; the first one, where there are several.
    pub service: &'p Service,
    /// How it is mounted there.
    pub mount: &'p PlannedMount,
}

/// The named volumes of a plan by the engine's names, in Compose's spelling; without those that exist already and are only
/// used, and without names that cannot be told.
pub fn volumes(plan: &Plan) -> Vec<(String, EngineVolume<'_>)> {
    let settings = model::sections(plan).get("volumes").and_then(Raw::as_map).cloned().unwrap_or_default();
    let mut volumes: Vec<(String, EngineVolume<'_>)> = Vec::new();
    for service in plan.services.values() {
        for mount in &service.volumes {
            let Some(key) = mount.mount.volume() else { continue };
            if volumes.iter().any(|(_, known)| known.key == key) {
                continue;
            }
            let get = |option: &str| settings.get(key).and_then(Raw::as_map).and_then(|map| map.get(option));
            if matches!(get("external").map(Raw::plain), Some(Raw::Bool(true))) {
                continue;
            }
            let name = get("name").and_then(Raw::to_text).unwrap_or_else(|| {
                let mut name = plan.project.clone();
                name.push_str("_");
                name.push_str(key);
                name
            });
            if let Some(name) = spelled(&name) {
                volumes.push((name, EngineVolume { key, service, mount }));
            }
        }
    }
    volumes
}

/// The name as one word; none where a part of it is not known, or where it could be no name.
fn spelled(name: &Text) -> Option<String> {
    let is_known = name.variables().into_iter().all(|variable| !variable.is_empty());
    let text = name.to_compose();
    (is_known && !text.is_empty() && !text.contains(char::is_whitespace)).then_some(text)
}
