//! `reload`: how a change of the source reaches the running service, and who starts its program again.

use super::assembly::Assembly;
use super::member::Member;
use super::path::{clean_path, relative};
use super::recipe::WORKDIR;
use super::{Build, PlannedMount, ProblemKind, Target, Text, WatchRule, command_start};
use crate::kinds::{Notice, Watch};

/// What `docker compose watch` does for a service that runs this command.
pub(super) fn watch(member: &Member<'_>, build: Option<&Build>, command: Option<&[Text]>) -> Vec<WatchRule> {
    let Some((build, watch)) = reloaded(member, build, "watch") else { return Vec::new() };
    // The context is at the source or above it, by this much.
    let prefix = build.recipe.as_ref().map_or("", |recipe| recipe.prefix.as_str());
    let path = |file: &str| joined(&build.context, &format!("{prefix}{file}"));
    // What Compose copies takes the place of the old file. What ends by design would run once more.
    let of_kind = member.kind.is_some_and(|kind| kind.watch.iter().any(|watch| watch.restart));
    let is_left_behind = matches!(notice(member, build, command), Some(Notice::Nothing | Notice::InPlace));
    let restarts = (of_kind || is_left_behind) && !member.service.one_shot.unwrap_or_default();
    let of_source = watch.sync.iter().map(|file| (path(file), file));
    let included = included(build, watch).map(|file| (joined(&build.context, file), file));
    let sync = of_source.chain(included).map(|(path, file)| WatchRule {
        path,
        sync_to: Some(inside(file)),
        restarts,
        ignore: watch.ignore.clone(),
    });
    let installs = build.recipe.iter().flat_map(|recipe| &recipe.install);
    let rebuild = installs.chain(&watch.rebuild);
    let rebuild =
        rebuild.map(|file| WatchRule { path: path(file), sync_to: None, restarts: false, ignore: Vec::new() });
    sync.chain(rebuild).collect()
}

impl Assembly<'_, '_, '_> {
    /// The source, where it is bound into the container.
    pub(super) fn mounted_source(&mut self, build: Option<&Build>) -> Vec<PlannedMount> {
        let member = self.member;
        let Some((build, watch)) = reloaded(member, build, "mount") else { return Vec::new() };
        let context = build.recipe.as_ref().map_or(build.source.as_str(), |recipe| {
            build.source.strip_suffix(recipe.prefix.trim_end_matches('/')).unwrap_or_default().trim_end_matches('/')
        });
        let sources = watch.sync.iter().map(|path| (build.source.as_str(), path));
        let included = included(build, watch).map(|path| (context, path));
        let texts: Vec<String> = sources
            .chain(included)
            .map(|(folder, path)| format!("{}:{}", relative("", &format!("{folder}/{path}")), inside(path)))
            .collect();
        // A volume without a name begins with what the image has there.
        let kept = watch.keep.iter().map(|path| inside(path));
        let place = member.path().key("reload");
        texts.into_iter().chain(kept).filter_map(|text| self.mount(Text::literal(text), &place)).collect()
    }

    /// Says where files reach the container, and the program that runs there reads them once.
    pub(super) fn check_reload(&mut self, build: Option<&Build>, command: Option<&[Text]>) {
        let member = self.member;
        let Some((build, _)) = reloaded(member, build, "mount") else { return };
        if notice(member, build, command) == Some(Notice::Nothing) && !member.service.one_shot.unwrap_or_default() {
            let program = started(build, command).first().map(Text::to_compose).unwrap_or_default();
            self.resolver.problem(member.path().key("reload"), ProblemKind::Unnoticed { program });
        }
    }
}

/// How the service is built, and what of its source is brought into the running one, where that happens in this way.
fn reloaded<'b, 'k>(member: &Member<'k>, build: Option<&'b Build>, way: &str) -> Option<(&'b Build, &'k Watch)> {
    let build = build.filter(|_| member.target == Target::Development && member.reload() == way)?;
    Some((build, member.watch()?))
}

/// What the image gets besides, but for what is brought along with all of the source.
fn included<'b>(build: &'b Build, watch: &Watch) -> impl Iterator<Item = &'b String> {
    let is_whole = watch.sync.iter().any(|path| path == ".");
    let recipe = build.recipe.iter();
    let all = recipe.flat_map(|recipe| recipe.include.iter().map(|path| (path, recipe.prefix.as_str())));
    all.filter(move |(path, prefix)| !(is_whole && path.starts_with(prefix))).map(|(path, _)| path)
}

/// What the program notices of changed files; none where that is not known.
fn notice(member: &Member<'_>, build: &Build, command: Option<&[Text]>) -> Option<Notice> {
    let (_, notice) = command_start::longest(&member.builder?.notices, &started(build, command))?;
    Some(*notice)
}

/// The words with which a container starts: its own command, else that of its image.
fn started(build: &Build, command: Option<&[Text]>) -> Vec<Text> {
    let of_image = || build.recipe.iter().flat_map(|recipe| recipe.development.iter().map(Text::literal)).collect();
    command.map_or_else(of_image, <[Text]>::to_vec)
}

/// A path of the source in the image.
fn inside(path: &str) -> String {
    match clean_path(path).as_deref() {
        None | Some("") => WORKDIR.to_owned(),
        Some(path) => format!("{WORKDIR}/{path}"),
    }
}

/// `file` in the directory `base`, which begins with `.`.
fn joined(base: &str, file: &str) -> String {
    match file {
        "." | "./" => base.to_owned(),
        file => format!("{base}/{}", file.trim_end_matches("/.")),
    }
}
