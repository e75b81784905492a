//! The table of files with secrets, which somebody has to put in their places.

use super::across::across;
use super::{markdown, union};
use crate::plan::{Plan, Secret};

pub(super) fn table(plans: &[Plan]) -> Vec<String> {
    let found = union(plans, |plan| {
        plan.secrets.iter().filter_map(|(name, secret)| match secret {
            Secret::File(path) => Some((name.as_str(), path.as_str())),
            Secret::Variable => None,
        })
    });
    let row = |(name, paths): (&str, Vec<Option<&str>>)| {
        let values = plans.iter().zip(&paths);
        let files = values.clone().map(|(plan, path)| (plan.environment.as_str(), path.map(markdown::code)));
        let readers = values.map(|(plan, path)| (plan.environment.as_str(), path.map(|_| readers(plan, name))));
        vec![markdown::text(name), across(&files.collect::<Vec<_>>()), across(&readers.collect::<Vec<_>>())]
    };
    let rows: Vec<Vec<String>> = found.into_iter().map(row).collect();
    markdown::table(&["Secret", "File", "Read by"], &rows)
}

fn readers(plan: &Plan, secret: &str) -> String {
    let services = plan.services.values().filter(|service| {
        let in_build = service.build.iter().flat_map(|build| build.secrets.values()).any(|name| name == secret);
        in_build || service.secrets.iter().any(|name| name == secret)
    });
    services.map(|service| markdown::text(&service.name)).collect::<Vec<_>>().join(", ")
}
