//! One service of a plan, put together.

use indexmap::IndexMap;

use super::member::Member;
use super::proxy::Ways;
use super::resolve::{At, Resolver};
use super::{Build, Logging, Metrics, ProblemKind, Resources, Service, Target, Text, recipe, reload, secrets};
use crate::compose::amount;
use crate::manifest::types;
use crate::manifest::unions::{BoolOr, EnvValue, Health, OneOrMany, Toggle};
use crate::source::KeyPath;
use crate::sources::Sources;

/// What a user is.
pub(super) const USER_HELP: &str =
    "write a number up to 2147483647, or a name of the image, perhaps with a group: `1000:1000`";

/// A service on its way into the plan.
pub(super) struct Assembly<'r, 'a, 'f> {
    pub(super) resolver: &'r mut Resolver<'a, 'f>,
    pub(super) member: &'r Member<'a>,
    /// Services that this one refers to, and where.
    pub(super) edges: Vec<(String, KeyPath)>,
    /// Secrets that it reads as files.
    pub(super) secrets: Vec<String>,
    pub(super) output: &'r str,
    pub(super) sources: &'r Sources,
}

impl Assembly<'_, '_, '_> {
    pub(super) fn service(&mut self, ways: Option<&Ways>) -> Service {
        let member = self.member;
        let written = member.service;
        let production = self.resolver.frame.production;
        self.check_options();
        self.check_values();
        self.refer_by_options();
        let mut volumes = self.mounts();
        let build = self.build(&volumes);
        volumes.extend(self.mounted_source(build.as_ref()));
        let image = self.image(build.is_some());
        let entrypoint = self.entrypoint(build.as_ref());
        let command = self.command(build.as_ref());
        self.check_reload(build.as_ref(), command.as_deref());
        let watch = reload::watch(member, build.as_ref(), command.as_deref());
        let debug_port = self.debug_port();
        let command = self.debugged(command, build.as_ref());
        let command = self.reloaded(command);
        let container_name = self.container_name();
        let environment = self.environment();
        let labels = self.labels();
        let mut ports = self.resolver.published(member);
        ports.extend(debug_port.and_then(|port| self.resolver.published_debugger(member, port)));
        let mut proxy = None;
        if let Some(ways) = ways.filter(|ways| ways.proxy == member.name) {
            ports.splice(0..0, ways.ports.iter().cloned());
            proxy = Some(self.resolver.proxy(member, ways));
        }
        let routers = self.resolver.routers(member, ways);
        let health = self.resolver.probe(member);
        let hardened = written.hardening.unwrap_or(member.kind.is_some());
        let kind = member.kind;
        // Files are synchronised into what is developed.
        let is_fixed = hardened && member.target == Target::Production && kind.is_some_and(|kind| kind.read_only);
        let user = self.user(build.as_ref(), image.as_ref());
        let depends_on = self.depends_on();
        let files = self.files();
        let one_shot = written.one_shot.unwrap_or_default();
        Service {
            name: member.name.to_owned(),
            kind: written.kind.clone(),
            class: member.class(),
            help: written.help.clone().or_else(|| kind.map(|kind| kind.help.clone())),
            archives: build.is_none() && written.image.is_none() && kind.is_some_and(|kind| kind.archives),
            extends: written.extends.clone(),
            container_name,
            profiles: written.profiles.clone().unwrap_or_default(),
            replicas: written.replicas,
            one_shot,
            entrypoint,
            secrets: self.secrets.clone(),
            listeners: member.listeners.clone(),
            debug_port,
            ready: written.ready.clone(),
            metrics: metrics(member),
            produces: written.produces.clone().unwrap_or_default(),
            consumes: written.consumes.clone().unwrap_or_default(),
            default_queues: self.default_queues(),
            single: self.is_single(),
            passthrough: IndexMap::new(),
            watch,
            health_path: super::health::path(written).map(str::to_owned),
            image,
            build,
            // What ends by design would be started again.
            restart: written.restart.clone().or_else(|| (production && !one_shot).then(|| "unless-stopped".to_owned())),
            init: hardened,
            user,
            drop_capabilities: hardened,
            capabilities: kind.filter(|_| hardened).map(|kind| kind.capabilities.clone()).unwrap_or_default(),
            no_new_privileges: written.hardening.unwrap_or(true),
            read_only: is_fixed && !self.has_made_files(),
            tmpfs: kind.filter(|_| is_fixed).map(|kind| kind.tmpfs.clone()).unwrap_or_default(),
            command,
            environment,
            port: member.port,
            ports,
            health,
            depends_on,
            references: Vec::new(),
            data: self.data_path(),
            volumes,
            files,
            networks: Vec::new(),
            stop_grace: written
                .stop_grace
                .clone()
                .or_else(|| kind.and_then(|kind| kind.stop_grace.clone()))
                .unwrap_or_else(|| "10s".to_owned()),
            logging: logging(written, production),
            limits: resources(written.limits.as_ref()),
            reservations: resources(written.reservations.as_ref()),
            labels,
            routers,
            proxy,
        }
    }

    /// The user that the container starts as, where the image does not say it.
    fn user(&self, build: Option<&Build>, image: Option<&Text>) -> Option<String> {
        let image_name = image.and_then(Text::with_defaults).unwrap_or_default();
        match (&self.member.service.user, build) {
            (Some(user), None) => Some(recipe::user_text(user)),
            // What a generated Dockerfile says, unless that is another's.
            (Some(user), Some(build)) if build.recipe.is_none() || self.member.is_another_process() => {
                Some(recipe::user_text(user))
            }
            (None, None) => {
                self.member.kind.and_then(|kind| kind.user.as_ref()).map(|user| user.of(&image_name).to_owned())
            }
            (_, Some(_)) => None,
        }
    }

    fn container_name(&mut self) -> Option<Text> {
        let name = self.member.service.container_name.as_ref()?;
        Some(self.text(name, &self.member.path().key("container-name")))
    }

    /// Resolves a text of this service and remembers what it refers to.
    pub(super) fn text(&mut self, raw: &str, path: &KeyPath) -> Text {
        let resolved = self.resolver.text(raw, At::manifest(path, Some(self.member.name)));
        // A variable's default may refer to the very service that reads it.
        let others = resolved.edges.into_iter().filter(|edge| edge != self.member.name);
        self.edges.extend(others.map(|edge| (edge, path.clone())));
        resolved.text
    }

    /// Durations, sizes and policies, which Compose would reject, or worse, take.
    fn check_values(&mut self) {
        let written = self.member.service;
        let path = self.member.path();
        let mut wrong: Vec<(KeyPath, String, &'static str)> = Vec::new();
        let mut duration = |path: KeyPath, text: Option<&String>| {
            if let Some(text) = text.filter(|text| !amount::is_duration(text)) {
                wrong.push((
                    path,
                    format!("`{text}` is no duration"),
                    "write numbers with units, such as `10s` or `1m30s`",
                ));
            }
        };
        duration(path.key("stop-grace"), written.stop_grace.as_ref());
        if let Some(Health::Table(table)) = written.health.as_ref().and_then(Toggle::on) {
            let path = path.key("health");
            duration(path.key("interval"), table.interval.as_ref());
            duration(path.key("timeout"), table.timeout.as_ref());
            duration(path.key("start-period"), table.start_period.as_ref());
        }
        let size_help = "write a number and its unit, such as `512m` or `2g`";
        for (key, resources) in [("limits", &written.limits), ("reservations", &written.reservations)] {
            let Some(resources) = resources else { continue };
            if let Some(text) = resources.memory.as_ref().filter(|text| !amount::is_size(text)) {
                wrong.push((path.key(key).key("memory"), format!("`{text}` is no size"), size_help));
            }
            if let Some(cpus) = resources.cpus.filter(|cpus| !cpus.is_finite() || *cpus <= 0.0) {
                let message = format!("`{cpus}` is no number of processors");
                wrong.push((path.key(key).key("cpus"), message, "write a number above 0; fractions are shares of one"));
            }
        }
        if let Some(Toggle::On(types::Logging { max_size: Some(text), .. })) = &written.logging
            && !amount::is_size(text)
        {
            wrong.push((path.key("logging").key("max-size"), format!("`{text}` is no size"), size_help));
        }
        if let Some(user) = written.user.as_ref().map(written_user).filter(|user| !amount::is_user(user)) {
            wrong.push((path.key("user"), format!("`{user}` is no user"), USER_HELP));
        }
        for (path, message, help) in wrong {
            self.resolver.problem(path, ProblemKind::Value { message, help });
        }
    }

    fn image(&mut self, is_built: bool) -> Option<Text> {
        let member = self.member;
        let written = member.service.image.as_deref();
        if is_built && written.is_none() {
            return None;
        }
        if let Some(image) = written {
            let path = member.path().key("image");
            return Some(self.text(image, &path));
        }
        let image = self.resolver.image(member).map(|resolved| resolved.text);
        let is_passed = ["image", "build"].iter().any(|key| member.service.compose.contains_key(*key));
        let is_by_hand = member.service.source.is_some() && member.service.dockerfile.is_some();
        let base = member.kind.and_then(|kind| kind.built_on.as_deref());
        if let (Some(base), None, false, false) = (base, &member.service.extends, is_passed, is_built) {
            let kind = member.kind.map_or("", |kind| kind.name.as_str());
            let message = format!("a `{kind}` service is another process of a `{base}` service, and names none");
            let help = "add `extends = \"<service>\"`".to_owned();
            let missing = member.path().key("extends");
            self.resolver.problem(member.path(), ProblemKind::Incomplete { message, help, missing });
            return image;
        }
        // A Dockerfile that cannot be used is told on its own.
        if image.is_none() && member.kind.is_none() && !is_passed && !is_built && !is_by_hand {
            let message = format!("nothing says what `{}` runs", member.name);
            let help = "add `image = \"name:tag\"`, or `kind` and `source`".to_owned();
            let missing = member.path().key("image");
            self.resolver.problem(member.path(), ProblemKind::Incomplete { message, help, missing });
        }
        image
    }

    /// Another process of a program does not run what stands before the first one's start.
    fn entrypoint(&self, build: Option<&Build>) -> Option<Vec<Text>> {
        let has_steps = build?.recipe.as_ref().is_some_and(|recipe| !recipe.before_start.is_empty());
        (self.member.is_another_process() && has_steps).then(Vec::new)
    }

    fn command(&mut self, build: Option<&Build>) -> Option<Vec<Text>> {
        let member = self.member;
        // The image of a generated Dockerfile has its command in it; another process of it needs its own.
        let is_built = build.is_some_and(|build| build.recipe.is_some()) && !member.is_another_process();
        if let Some(command) = &member.service.command {
            let path = member.path().key("command");
            return match super::command_line::written_words(command) {
                Ok(words) => {
                    let whole = match command {
                        OneOrMany::One(text) => Some(text.as_str()),
                        OneOrMany::Many(_) => None,
                    };
                    let words = self.resolver.each_word(&words, whole, &path, member.name);
                    let mut out = Vec::with_capacity(words.len());
                    for word in words {
                        self.edges.extend(word.edges.into_iter().map(|edge| (edge, path.clone())));
                        out.push(word.text);
                    }
                    Some(out)
                }
                Err(flaw) => {
                    self.resolver.problem(path, ProblemKind::Command(flaw));
                    None
                }
            };
        }
        let kind = member.kind.filter(|_| !is_built)?;
        let command = kind.command.iter().find(|command| member.holds(command.when.as_ref(), member.target));
        // A hand-written Dockerfile says what its image runs.
        let command = command.filter(|_| !super::other_process::is_in_image(self.resolver.frame, member))?;
        let arguments = kind.argument.iter().filter(|argument| member.holds(argument.when.as_ref(), member.target));
        let mut words = Vec::new();
        for part in std::iter::once(command).chain(arguments) {
            if let crate::kinds::Words::Words(part) = &part.run {
                for word in part {
                    let resolved = self.resolver.kind_text(member, word);
                    self.edges.extend(resolved.edges.into_iter().map(|edge| (edge, member.path())));
                    words.push(resolved.text);
                }
            } else if let crate::kinds::Words::Text(part) = &part.run {
                let text = self.resolver.kind_text(member, part).text;
                let split = text.as_literal().and_then(|text| super::command_line::split(text).ok());
                words.extend(split.into_iter().flatten().map(Text::literal));
            }
        }
        Some(words)
    }

    /// The command as its kind starts it anew after a change of the source.
    fn reloaded(&self, command: Option<Vec<Text>>) -> Option<Vec<Text>> {
        let member = self.member;
        let reloader = member.kind.and_then(|kind| kind.reloader.as_ref());
        let reloader = reloader.filter(|reloader| member.holds(Some(&reloader.when), member.target));
        let (Some(reloader), None) = (reloader, &member.service.command) else { return command };
        let mut whole = Text::default();
        for word in command? {
            if !whole.is_empty() {
                whole.push_str(" ");
            }
            let quoted = word.as_literal().and_then(|word| Some(Text::literal(shlex::try_quote(word).ok()?)));
            whole.push(quoted.unwrap_or(word));
        }
        Some(reloader.run.iter().map(Text::literal).chain([whole]).collect())
    }

    /// Whether a second process of the kind would do everything twice.
    fn is_single(&self) -> bool {
        let when = self.member.kind.and_then(|kind| kind.single.as_ref());
        when.is_some_and(|when| self.member.holds(Some(when), self.member.target))
    }

    /// The queues that a service of the kind works on, where it names none.
    fn default_queues(&self) -> Vec<String> {
        let queues = self.member.kind.and_then(|kind| kind.default_queues.as_ref());
        let queues = queues.filter(|queues| self.member.holds(Some(&queues.when), self.member.target));
        queues.map(|queues| queues.names.clone()).unwrap_or_default()
    }

    fn environment(&mut self) -> IndexMap<String, Text> {
        let member = self.member;
        let mut out: IndexMap<String, Text> = IndexMap::new();
        for (name, resolved, file) in self.resolver.kind_env(member) {
            self.edges.extend(resolved.edges.into_iter().map(|edge| (edge, member.path())));
            let place = self.place_of(&resolved.text);
            let (name, text) = self.variable(&name, resolved.text, file, &place);
            out.insert(name, text);
        }
        // A hand-written Dockerfile knows nothing of the port.
        if let (Some(port), Some(_)) = (member.port, &member.service.dockerfile) {
            out.insert("PORT".to_owned(), Text::literal(port.to_string()));
        }
        let path = member.path().key("env");
        for (name, value) in &member.service.env {
            match value {
                EnvValue::Scalar(crate::manifest::unions::Scalar::Text(text)) => {
                    let path = path.key(name);
                    let text = self.text(text, &path);
                    let (name, text) = self.variable(name, text, Some(secrets::file_name(name)), &path);
                    out.insert(name, text);
                }
                EnvValue::Scalar(scalar) => {
                    out.insert(name.clone(), Text::literal(scalar.to_string()));
                }
                EnvValue::Unset(_) => {
                    out.shift_remove(name);
                }
                // Hoisted before: a table that is no variable any more.
                EnvValue::Variable(_) => {}
            }
        }
        out
    }

    fn labels(&mut self) -> IndexMap<String, Text> {
        let path = self.member.path().key("labels");
        let mut labels = IndexMap::new();
        for (name, value) in &self.member.service.labels {
            let text = self.text(&value.to_string(), &path.key(name));
            labels.insert(name.clone(), text);
        }
        self.resolver.passed_labels(self.member, labels)
    }
}

fn logging(written: &types::Service, production: bool) -> Option<Logging> {
    let (size, files) = match written.logging.as_ref() {
        Some(Toggle::Off(_)) => return None,
        Some(Toggle::On(logging)) => (logging.max_size.clone(), logging.max_file),
        None => {
            if !production {
                return None;
            }
            (None, None)
        }
    };
    Some(Logging { max_size: size.unwrap_or_else(|| "10m".to_owned()), max_file: files.unwrap_or(3) })
}

/// Where Prometheus finds metrics: as the service says, else as its kind does.
pub(super) fn metrics(member: &Member<'_>) -> Option<Metrics> {
    let kind = member.kind.and_then(|kind| kind.metrics.as_ref());
    let port = || kind.and_then(|kind| kind.port).or(member.port);
    match &member.service.metrics {
        Some(BoolOr::Bool(false)) => None,
        Some(BoolOr::Value(path)) => Some(Metrics { path: path.clone(), port: port() }),
        Some(BoolOr::Bool(true)) => {
            Some(Metrics { path: kind.map_or_else(|| "/metrics".to_owned(), |kind| kind.path.clone()), port: port() })
        }
        // Those of the first process are its own.
        None if member.is_another_process() => None,
        None => kind.filter(|kind| !kind.opt_in).map(|kind| Metrics { path: kind.path.clone(), port: port() }),
    }
}

fn resources(written: Option<&types::Resources>) -> Option<Resources> {
    let written = written.filter(|resources| resources.memory.is_some() || resources.cpus.is_some())?;
    Some(Resources { memory: written.memory.clone(), cpus: written.cpus })
}

/// The user as somebody wrote it.
fn written_user(user: &types::UserId) -> String {
    match user {
        crate::manifest::unions::IntOrString::Int(id) => id.to_string(),
        crate::manifest::unions::IntOrString::Text(text) => text.clone(),
    }
}
