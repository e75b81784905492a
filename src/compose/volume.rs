//! Mounts in Compose's short syntax: `[SOURCE:]TARGET[:MODE]` (compose-spec, "volumes", short syntax).

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mount {
    /// What is mounted.
    pub source: Source,
    /// Where, in the container.
    pub target: String,
    /// `ro`, `rw`, `z` and so on, separated by commas; empty where nothing is said.
    pub mode: String,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A named volume.
    Volume(String),
    /// A path of the host; relative ones begin with `.`.
    Bind(String),
    /// A volume without a name.
    Anonymous,
}

impl Mount {
    /// Whether nothing can be written to it.
    pub fn is_read_only(&self) -> bool {
        self.mode.split(',').any(|word| word == "ro")
    }

    /// The named volume, where it is one.
    pub fn volume(&self) -> Option<&str> {
        match &self.source {
            Source::Volume(name) => Some(name),
            _ => None,
        }
    }
}

/// Why a text is no mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Nothing where a path must be.
    #[error("a mount is `volume:/path`, `./directory:/path` or `/path`, with an optional `:ro`")]
    Form,
    /// The whole file system of the container as a target.
    #[error("nothing can be mounted onto `/`, the whole file system of the container")]
    Root,
    /// A target that is no absolute path.
    #[error("`{0}` is where it is mounted in the container, so it must be an absolute path")]
    Target(String),
}

/// Parses the short syntax.
///
/// # Errors
/// Where Compose, or the engine at the start of the container, would reject it.
pub fn parse(text: &str) -> Result<Mount, MountError> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, mode] => (Some(*source), *target, *mode),
        _ => return Err(MountError::Form),
    };
    if target.is_empty() || source == Some("") {
        return Err(MountError::Form);
    }
    if !target.starts_with('/') {
        return Err(MountError::Target(target.to_owned()));
    }
    if target.bytes().all(|byte| byte == b'/') {
        return Err(MountError::Root);
    }
    let source = match source {
        None => Source::Anonymous,
        Some(path) if path.starts_with(['.', '/', '~']) => Source::Bind(path.to_owned()),
        Some(name) => Source::Volume(name.to_owned()),
    };
    Ok(Mount { source, target: target.to_owned(), mode: mode.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_directories_and_modes() {
        assert_eq!(parse("data:/data").unwrap().volume(), Some("data"));
        assert_eq!(parse("./src:/app/src:ro").unwrap().source, Source::Bind("./src".into()));
        assert!(parse("./src:/app/src:ro,z").unwrap().is_read_only());
        assert_eq!(parse("/data").unwrap().source, Source::Anonymous);
    }

    #[test]
    fn what_is_no_mount_says_why() {
        assert_eq!(parse("data:data"), Err(MountError::Target("data".into())));
        assert_eq!(parse("data:/"), Err(MountError::Root));
        assert_eq!(parse(":/data"), Err(MountError::Form));
        assert_eq!(parse("a:b:c:d"), Err(MountError::Form));
    }
}
