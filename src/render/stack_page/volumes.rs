//! Named volumes: what is in them, what the engine calls them, and the commands that save them.

use indexmap::IndexMap;
use serde::Serialize;

use super::across::across;
use super::markdown;
use crate::plan::{Plan, PlannedMount, Service};
use crate::render::shown::distinct;

/// A tiny image with `sh`, `tar` and `find`, for stacks of which no image is known to have them.
const ARCHIVER: &str = "busybox:1.37";

/// Who mounts a volume, and where.
type Mounts<'p> = Vec<(&'p Service, &'p PlannedMount)>;

/// Who mounts which volume, by environment.
pub(super) struct Volumes<'p> {
    by_plan: Vec<IndexMap<&'p str, Mounts<'p>>>,
}

/// The commands that save a volume and bring it back.
#[derive(Serialize)]
pub(super) struct Backup {
    /// Its name.
    title: String,
    /// A command's words: what the engine calls it.
    volume: String,
    /// A command's words: who writes to it, so has to stop for the time being.
    writers: String,
    /// A command's words: those of them that go on afterwards.
    lasting: String,
    /// A command's word: the image that packs and unpacks.
    image: String,
}

impl Backup {
    /// Whether the volume's name holds a variable that stands for itself.
    pub(super) fn has_placeholder(&self) -> bool {
        self.volume.contains("${")
    }
}

impl<'p> Volumes<'p> {
    pub(super) fn of(plans: &'p [Plan]) -> Self {
        let by_plan = plans.iter().map(|plan| {
            let mut mounts: IndexMap<&str, Mounts<'_>> = IndexMap::new();
            for service in plan.services.values() {
                for mount in &service.volumes {
                    if let Some(name) = mount.mount.volume() {
                        mounts.entry(name).or_default().push((service, mount));
                    }
                }
            }
            mounts
        });
        Self { by_plan: by_plan.collect() }
    }

    /// The lines of the table of volumes.
    pub(super) fn table(&self, plans: &[Plan]) -> Vec<String> {
        let names = distinct_names(&self.by_plan);
        let row = |name: &str| {
            let each = |cell: &dyn Fn(&Plan, &Mounts<'_>) -> String| {
                let values = plans.iter().zip(&self.by_plan).map(|(plan, mounts)| {
                    (plan.environment.as_str(), mounts.get(name).map(|mounts| cell(plan, mounts)))
                });
                across(&values.collect::<Vec<_>>())
            };
            vec![
                markdown::text(name),
                each(&|_, mounts| content(mounts)),
                each(&|plan, _| {
                    let note = if plan.volumes.get(name).is_some_and(|volume| volume.external) {
                        ", which has to exist before"
                    } else {
                        ""
                    };
                    format!("{}{note}", markdown::code(&plan.engine_name(name)))
                }),
            ]
        };
        let rows: Vec<Vec<String>> = names.into_iter().map(row).collect();
        markdown::table(&["Volume", "What is in it", "On the engine"], &rows)
    }

    /// How each volume of an environment is saved.
    pub(super) fn backups(&self, position: usize, plan: &'p Plan) -> Vec<Backup> {
        let Some(mounts) = self.by_plan.get(position) else { return Vec::new() };
        let image = |service: &'p Service| service.image.as_ref().filter(|_| service.archives)?.as_literal();
        let known = plan.services.values().find_map(image);
        let backup = |(name, mounts): (&&str, &Mounts<'p>)| {
            let writers = mounts.iter().filter(|(_, mount)| !mount.mount.is_read_only());
            let writers = distinct(writers.map(|(service, _)| (service.name.as_str(), service.one_shot)));
            let names = |writers: &mut dyn Iterator<Item = &(&str, bool)>| -> String {
                writers.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
            };
            Backup {
                title: markdown::text(name),
                volume: super::environment::word(&plan.engine_name(name)),
                writers: names(&mut writers.iter()),
                lasting: names(&mut writers.iter().filter(|(_, one_shot)| !one_shot)),
                // What has written it is there, and knows its owners.
                image: mounts.iter().find_map(|(service, _)| image(service)).or(known).unwrap_or(ARCHIVER).to_owned(),
            }
        };
        mounts.iter().map(backup).collect()
    }
}

fn distinct_names<'p, T>(by_plan: &[IndexMap<&'p str, T>]) -> indexmap::IndexSet<&'p str> {
    by_plan.iter().flat_map(|mounts| mounts.keys().copied()).collect()
}

/// What the services keep there.
fn content(mounts: &[(&Service, &PlannedMount)]) -> String {
    let line = |(service, mount): &(&Service, &PlannedMount)| {
        let (name, path) = (markdown::text(&service.name), markdown::code(&mount.mount.target));
        // What a kind keeps is asked for by the service as a whole, or by `persist`.
        let of_kind = matches!(mount.origin.key_at(2), None | Some("persist"));
        match (of_kind, mount.mount.is_read_only()) {
            (true, _) => format!("the data of {name}, {path}"),
            (false, true) => format!("{path} of {name}, read-only"),
            (false, false) => format!("{path} of {name}"),
        }
    };
    markdown::lines(&mounts.iter().map(line).collect::<Vec<_>>())
}
