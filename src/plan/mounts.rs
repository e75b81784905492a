//! Mounts: what the kind needs, its data, and what the service names.

use super::assembly::Assembly;
use super::{PlannedMount, Problem, ProblemKind, Text, files, path};
use crate::compose::volume;
use crate::kinds::Data;
use crate::manifest::unions::{BoolOr, Toggle};
use crate::source::KeyPath;

impl<'a> Assembly<'_, 'a, '_> {
    pub(super) fn mounts(&mut self) -> Vec<PlannedMount> {
        let member = self.member;
        let mut mounts = Vec::new();
        for (text, path) in self.kind_mounts() {
            mounts.extend(self.mount(Text::literal(text), &path));
        }
        if let Some(text) = self.data_mount() {
            let is_written = matches!(member.service.persist, Some(Toggle::On(BoolOr::Value(_))));
            let path = if is_written { member.path().key("persist") } else { member.path() };
            mounts.extend(self.mount(text, &path));
        }
        let path = member.path().key("volumes");
        for (index, written) in member.service.volumes.iter().flatten().enumerate() {
            let path = path.index(index);
            let text = self.text(written, &path);
            mounts.extend(self.mount(text, &path));
        }
        mounts
    }

    /// What the kind mounts: what it cannot do without, the files that are generated for it, and those that options name.
    fn kind_mounts(&self) -> Vec<(String, KeyPath)> {
        let member = self.member;
        let Some(kind) = member.kind else { return Vec::new() };
        let mut out = Vec::new();
        let files = kind.files.iter().filter(|file| member.holds(file.when.as_ref(), member.target));
        for (file, target) in files.filter_map(|file| Some((file, file.target.as_deref()?))) {
            let path = files::path(self.output, None, member.name, target);
            let origin = file.options.first().map_or_else(|| member.path(), |option| member.path().key(option));
            out.push((format!("./{path}:{target}:ro"), origin));
        }
        for mount in &kind.mounts {
            let mode = if mount.read_only { ":ro" } else { "" };
            if let Some(source) = &mount.source {
                out.push((format!("{source}:{}{mode}", mount.target), member.path()));
            }
            let Some(option) = &mount.each else { continue };
            let value = member.option(option);
            let items = match value {
                Some(toml::Value::Array(items)) => items.as_slice(),
                value => value.map_or(&[][..], std::slice::from_ref),
            };
            let path = |index| {
                let path = member.path().key(option);
                if value.is_some_and(toml::Value::is_array) { path.index(index) } else { path }
            };
            for (index, item) in items.iter().enumerate() {
                // What is no path inside of the project is told as a wrong option.
                let Some(source) = item.as_str().and_then(path::clean_path) else { continue };
                let name = source.rsplit('/').next().unwrap_or_default();
                let order = format!("{:02}", index + 1);
                let target = mount.target.replace("${item.order}", &order).replace("${item.name}", name);
                out.push((format!("./{source}:{target}{mode}"), path(index)));
            }
        }
        out
    }

    /// Where the kind keeps its data.
    fn data(&self) -> Option<&'a Data> {
        let member = self.member;
        member.kind?.data.iter().find(|data| member.holds(data.when.as_ref(), member.target))
    }

    /// The directory of the container in which the kind keeps its data.
    pub(super) fn data_path(&self) -> Option<String> {
        self.data().map(|data| data.path.clone())
    }

    fn data_mount(&self) -> Option<Text> {
        let member = self.member;
        let data = self.data()?;
        let source = match member.service.persist.as_ref() {
            Some(Toggle::Off(_) | Toggle::On(BoolOr::Bool(false))) => return None,
            Some(Toggle::On(BoolOr::Value(source))) => source.clone(),
            _ => data.volume.clone().unwrap_or_else(|| format!("{}-data", member.name)),
        };
        Some(Text::literal(format!("{source}:{}", data.path)))
    }

    pub(super) fn mount(&mut self, text: Text, path: &KeyPath) -> Option<PlannedMount> {
        let flat = text.with_defaults().unwrap_or_else(|| text.to_compose());
        match volume::parse(&flat) {
            Ok(mount) => {
                let text = self.seen_from_output(text, &mount);
                Some(PlannedMount { text, mount, origin: path.clone() })
            }
            Err(error) => {
                // Bytes of the text as it is written.
                let is_verbatim =
                    path.key_at(2) == Some("volumes") && !flat.contains('$') && text.as_literal().is_some();
                let range = Some(error.range.clone()).filter(|range| is_verbatim && !range.is_empty());
                let problem = Problem { path: path.clone(), range, kind: ProblemKind::Mount(error) };
                self.resolver.notes.problems.push(problem);
                None
            }
        }
    }

    /// Paths in services.toml are relative to it; Compose reads them relative to the compose file.
    fn seen_from_output(&self, text: Text, mount: &volume::Mount) -> Text {
        let volume::Source::Bind(source) = &mount.source else { return text };
        if self.output.is_empty() || !source.starts_with('.') {
            return text;
        }
        if text.as_literal().is_some() {
            let mode = if mount.mode.is_empty() { String::new() } else { format!(":{}", mount.mode) };
            return Text::literal(format!("{}:{}{mode}", path::relative(self.output, source), mount.target));
        }
        let up = "../".repeat(self.output.split('/').count());
        text.with_start(&|start| {
            if start.starts_with('.') { format!("{up}{}", start.trim_start_matches("./")) } else { start.to_owned() }
        })
    }
}
