//! What official images do not have, as far as probes would want it.

use crate::compose::image;

/// A program that an image does not have, and what brings it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct Lacking {
    /// The package manager's command, with the package; none where there is no package manager.
    pub(in crate::rules) install: Option<&'static str>,
}

/// What images have besides their programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Debian without what makes it comfortable.
    Slim,
    /// Busybox and apk.
    Alpine,
    /// One program, and no shell.
    Bare,
}

/// Official images that exist in a slim variant of Debian, and in one of Alpine.
const RUNTIMES: [&str; 2] = ["node", "python"];

/// Official images of which only the variant of Alpine is known to lack something.
const ON_ALPINE: [&str; 3] = ["golang", "redis", "ruby"];

/// Whether an image is known not to have a program. `scratch` is no image, and has nothing.
pub(in crate::rules) fn lacks(image: &str, program: &str) -> Option<Lacking> {
    let package = |install| Some(Lacking { install: Some(install) });
    match (family(image)?, program) {
        (Family::Bare, _) => Some(Lacking { install: None }),
        (Family::Slim, "curl") => package("apt-get install --no-install-recommends -y curl"),
        (Family::Slim, "wget") => package("apt-get install --no-install-recommends -y wget"),
        (Family::Slim, "nc") => package("apt-get install --no-install-recommends -y netcat-openbsd"),
        (Family::Slim, "pgrep" | "ps") => package("apt-get install --no-install-recommends -y procps"),
        (Family::Alpine, "curl") => package("apk add --no-cache curl"),
        (Family::Alpine, "bash") => package("apk add --no-cache bash"),
        _ => None,
    }
}

/// A probe that an image can run whichever variant it is of: with its own runtime.
pub(super) fn asking(image: &str, url: &str) -> Option<String> {
    let reference = image::parse(image).ok()?;
    match reference.name.trim_start_matches("docker.io/").trim_start_matches("library/") {
        "node" => Some(format!(
            "[\"node\", \"-e\", \"fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"]"
        )),
        "python" => {
            Some(format!("[\"python\", \"-c\", \"import urllib.request as u; u.urlopen('{url}', timeout=4)\"]"))
        }
        _ => None,
    }
}

fn family(image: &str) -> Option<Family> {
    if image == "scratch" {
        return Some(Family::Bare);
    }
    let reference = image::parse(image).ok()?;
    let name = reference.name.trim_start_matches("docker.io/").trim_start_matches("library/");
    let tag = reference.tag.unwrap_or_default();
    if name.starts_with("gcr.io/distroless/") {
        // Those for debugging have a shell.
        return (!tag.contains("debug") && !tag.contains(image::UNKNOWN)).then_some(Family::Bare);
    }
    let is_alpine = name == "alpine" || tag.contains("alpine");
    match name {
        "alpine" => Some(Family::Alpine),
        "debian" => Some(Family::Slim),
        name if is_alpine && (RUNTIMES.contains(&name) || ON_ALPINE.contains(&name)) => Some(Family::Alpine),
        name if RUNTIMES.contains(&name) && tag.contains("slim") => Some(Family::Slim),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_can_ask_in_every_variant() {
        for (image, program) in [
            ("node:22-slim", Some("node")),
            ("docker.io/library/python:3.13-alpine", Some("python")),
            ("nginx:1.28", None),
        ] {
            let command = asking(image, "http://127.0.0.1:80/");
            let words = command.map(|command| format!("health = {command}").parse::<toml::Table>().unwrap());
            let first = words.as_ref().map(|words| words["health"][0].as_str().unwrap());
            assert_eq!(first, program, "{image}");
        }
    }

    #[test]
    fn what_images_lack_depends_on_their_variant() {
        for (image, program, expected) in [
            ("node:22-slim", "curl", true),
            ("node:22", "curl", false),
            ("docker.io/library/python:3.13-slim-bookworm", "wget", true),
            ("node:22-alpine", "wget", false),
            ("node:22-alpine", "curl", true),
            ("alpine:3.22", "bash", true),
            ("nginx:1.28-alpine", "curl", false),
            ("gcr.io/distroless/nodejs22-debian12", "sh", true),
            ("gcr.io/distroless/base:debug", "sh", false),
            ("scratch", "curl", true),
            ("example.com/node:22-slim", "curl", false),
            ("node:\u{fffc}", "curl", false),
        ] {
            assert_eq!(lacks(image, program).is_some(), expected, "{image} {program}");
        }
    }
}
