//! The rooms one after the other: from a directory with a services.toml to its plans and everything that is wrong.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use crate::audit::Audit;
use crate::diagnostics::{Report, Severity};
use crate::host::Host;
use crate::manifest::{self, Read, ReadError};
use crate::plan::{self, Materials, Plan};
use crate::readback::Readback;
use crate::render::{self, COMPOSE_TEMPLATE};
use crate::rules;
use crate::siblings::{Beside, Sibling};
use crate::source::{KeyPath, Source};
use crate::sources::{SourceError, Sources};
use crate::templates::{Templates, TemplatesError};

/// A services.toml and the directory around it.
#[derive(Debug)]
pub struct Project {
    source: Source,
    /// Where the text was read; none where it was already there.
    file: Option<PathBuf>,
    templates: Templates,
    beside: Beside,
    host: Option<Host>,
}

/// What a stack is, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Analysis {
    /// One plan per environment, in their order; empty where the file could not be understood.
    pub plans: Vec<Plan>,
    /// Everything that is wrong.
    pub report: Report,
    /// Why the engine of the host could not be asked, where it should have been.
    pub silence: Option<String>,
    /// What the services' sources read from their environment.
    pub audit: Audit,
    /// The other stacks that it is compared with.
    pub siblings: Vec<Sibling>,
}

impl Analysis {
    /// The names of the environments, in their order.
    pub fn environments(&self) -> Vec<String> {
        self.plans.iter().map(|plan| plan.environment.clone()).collect()
    }
}

/// stackgen could not look at the project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no such file.
    #[error(
        "there is no {0}; run stackgen where it is, or name it with `-C DIR` or `-f FILE`; a new one begins with `[stack]`, `name = \"…\"` and a `[services.NAME]`"
    )]
    Missing(String),
    /// A directory where the file should be.
    #[error("{0} is a directory; name the file in it with `-f {0}/services.toml`")]
    Directory(String),
    /// The file is there and cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file, as the user named it.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error(
        "{path} is not UTF-8: the byte at offset {offset} (line {line}) begins no character; save the file as UTF-8"
    )]
    Encoding {
        /// The file, as the user named it.
        path: String,
        /// The first byte that is wrong, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// A source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A template of the project cannot be read.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// The manifest could not be read, through no fault of its author.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Project {
    /// Opens `file`, and shows it as `file` in findings.
    ///
    /// # Errors
    /// Where the file is missing, unreadable or no UTF-8.
    pub fn open(file: &Path) -> Result<Self, ProjectError> {
        let shown = shown(file);
        let bytes = std::fs::read(file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProjectError::Missing(shown.clone()),
            io::ErrorKind::IsADirectory => ProjectError::Directory(shown.clone()),
            _ => ProjectError::Unreadable { path: shown.clone(), source: error },
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..offset];
            let line = before.split(|byte| *byte == b'\n').count();
            ProjectError::Encoding { path: shown.clone(), offset, line }
        })?;
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let templates = Templates::take(&directory)?;
        let source = Source::new(shown, directory, text);
        Ok(Self { source, file: Some(file.to_owned()), templates, beside: Beside::default(), host: None })
    }

    /// A project whose text is already there, with the built-in templates alone.
    pub fn from_source(source: Source) -> Self {
        Self::with(source, Templates::default())
    }

    /// A project whose text and templates are already there.
    pub(crate) fn with(source: Source, templates: Templates) -> Self {
        Self { source, file: None, templates, beside: Beside::default(), host: None }
    }

    /// The text and its place.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same project with another text in its services.toml.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        let source = Source::new(self.source.name(), self.source.directory(), text);
        let (templates, beside, host) = (self.templates.clone(), self.beside.clone(), self.host.clone());
        Self { source, file: self.file.clone(), templates, beside, host }
    }

    /// Whether the file still has the text that was read. Where it has not, somebody has saved it since, or was about to
    /// when it was read: then that may have been half a text, and what follows from it means nothing.
    pub fn is_current(&self) -> bool {
        let Some(file) = &self.file else { return true };
        // A pipe says it only once.
        if std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
            return true;
        }
        std::fs::read(file).is_ok_and(|bytes| bytes == self.source.text().as_bytes())
    }

    /// The project's own templates and kinds.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The text and its place alone.
    pub(crate) fn into_source(self) -> Source {
        self.source
    }

    /// Compares it with other stacks than those that it names as its siblings, and not with some of those.
    #[must_use]
    pub fn beside(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }

    /// Judges it as what would run on this host, which has something already.
    #[must_use]
    pub fn on(self, host: Host) -> Self {
        Self { host: Some(host), ..self }
    }

    /// Plans every environment.
    pub(crate) fn planned(&self, document: &Spanned<DeTable<'_>>) -> Result<Planned, ProjectError> {
        let mut read = manifest::read(document.get_ref(), &self.templates)?;
        read.problems.extend(manifest::newer(&self.source));
        self.source.set_origins(std::mem::take(&mut read.origins));
        let sources = Sources::take(self.source.directory(), &read)?;
        let materials = Materials { kinds: &read.kinds, sources: &sources, environments: &read.environments };
        let mut plans: Vec<Plan> =
            read.environments.iter().map(|(name, manifest)| plan::build(materials, name, manifest)).collect();
        plan::settle(&mut plans);
        Ok(Planned { read, sources, plans })
    }

    /// Plans every environment and runs every rule.
    ///
    /// # Errors
    /// Where stackgen itself cannot work; a user's mistake is a finding.
    pub fn analyse(&self) -> Result<Analysis, ProjectError> {
        Ok(self.analyse_beside(|_| ())?.0)
    }

    /// The same, while another thread goes on with the plans: rules and rendering need nothing of each other. What
    /// `work` made of plans that turn out to have errors means nothing. None where there were no plans.
    ///
    /// # Errors
    /// As [`Self::analyse`].
    pub fn analyse_beside<T: Send>(
        &self,
        work: impl FnOnce(&[Plan]) -> T + Send,
    ) -> Result<(Analysis, Option<T>), ProjectError> {
        let (document, syntax) = manifest::parse(&self.source);
        if !syntax.is_empty() {
            let findings = rules::syntax(&self.source, &syntax);
            let report = Report::new(&self.source, &document, findings);
            return Ok((Analysis { report, ..Analysis::default() }, None));
        }
        let Planned { read, mut sources, plans } = self.planned(&document)?;
        let siblings = Sibling::all(&self.source, &read, &sources, &self.beside)?;
        let rendered = render::own_dockerfiles(&plans, self.source.file_name(), &self.templates);
        sources.look_around(self.source.directory(), &plans, rendered);
        let host = self.host.as_ref().map(|host| host.view(self.source.directory(), &plans));
        let host = host.as_ref();
        // Rendering needs nothing of what the sources read.
        let (mut outcome, done) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| work(&plans));
            sources.audit_sources(self.source.directory(), &plans, &read.kinds);
            let context = rules::Context { read: &read, plans: &plans, sources: &sources, siblings: &siblings, host };
            (rules::run(&context), beside.join().ok())
        });
        // What could not work is not rendered.
        let has_errors = outcome.findings.iter().any(|finding| finding.severity == Severity::Error);
        if !has_errors && self.templates.shadows(COMPOSE_TEMPLATE) {
            let is_written =
                |path: &KeyPath, layer: Option<&str>| self.source.written(&document, path, layer).is_some();
            let manifest = self.source.file_name();
            let readback = Readback { read: read.clone(), sources: &sources, manifest, templates: &self.templates };
            let found = readback.findings(&plans, &outcome, &is_written);
            outcome.findings.extend(found);
        }
        let mut report = Report::new(&self.source, &document, outcome.findings);
        let sibling = |path: &str| siblings.iter().find(|sibling| sibling.path == path);
        report = report.with_files(|path| sources.text_of(path).or_else(|| Some(sibling(path)?.source().text())));
        for path in report.files.keys() {
            let secrets = sources.audit().secrets(path);
            if !secrets.is_empty() {
                report.redacted_in.entry(path.clone()).or_default().extend(secrets);
            }
        }
        // A finding that is allowed is silent, but what it keeps secret stays secret.
        report.redacted.extend(Report::new(&self.source, &document, outcome.silenced).redacted);
        // What a variable calls secret is one, also where its default is allowed and another finding shows the line.
        for (name, manifest) in &read.environments {
            for (variable, _) in manifest.variables.iter().filter(|(_, variable)| variable.secret) {
                let path = KeyPath::of(["variables", variable, "default"]);
                let layers = [Some(name.as_str()), None];
                report.redacted.extend(layers.iter().filter_map(|layer| self.source.written(&document, &path, *layer)));
            }
        }
        report.secrets = plans.iter().flat_map(Plan::secret_names).collect();
        let silence = host.and_then(|host| host.silence.clone());
        Ok((Analysis { plans, report, silence, audit: sources.into_audit(), siblings }, done))
    }
}

/// A services.toml, planned.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) read: Read,
    pub(crate) sources: Sources,
    /// In the order of the environments.
    pub(crate) plans: Vec<Plan>,
}

fn shown(file: &Path) -> String {
    let text = file.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
