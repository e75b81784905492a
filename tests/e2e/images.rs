//! What is in the images that were built: nothing that is secret, in production nothing that only development needs, and
//! files that belong to whom they should.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::compose::{Stack, docker};
use crate::support::running::SECRET;
use crate::support::{everything_said, repository, say, succeed, tool};

/// What stands in files of a project that no image should have.
pub(crate) const PLANTED: &str = "planted-and-not-to-be-found";

/// Where people keep such things.
const PLACES: [&str; 6] =
    [".env", ".env.local", ".git/config", "src/.env", "src/nested/.git/config", "some/where/.env.production"];

/// Programs that make programs. (What of them comes from npm is among the packages, of which the lock file says who needs it:
/// an optional peer of something that production needs stays.)
const COMPILERS: [&str; 10] =
    ["gcc", "cc", "g++", "c++", "clang", "make", "rustc", "cargo", "go", "x86_64-linux-gnu-gcc"];

/// How packages are installed.
const INSTALLATIONS: [&str; 4] = ["npm ci", "uv sync", "/opt/venv/bin/python install", "pnpm install"];

/// An image, and what was added to the one that it begins with.
pub(crate) struct Image {
    /// Its name.
    pub(crate) name: String,
    /// What the engine tells of it and of how it was built.
    pub(crate) told: String,
    /// Its own layers, the last one last.
    pub(crate) layers: Vec<Layer>,
}

/// What one layer adds. See `tests/oracles/layers.py`.
#[derive(Clone, Deserialize)]
pub(crate) struct Layer {
    bytes: u64,
    /// The files with a secret in them.
    pub(crate) secrets: Vec<String>,
    packages: BTreeSet<String>,
    names: BTreeSet<String>,
    owners: BTreeMap<String, Vec<String>>,
}

/// How a service is built.
struct Built {
    service: String,
    image: String,
    /// Where its Dockerfile is, and so its source.
    source: PathBuf,
    context: PathBuf,
    dockerfile: PathBuf,
    production: bool,
    /// The directories that volumes are mounted at in any service of this Dockerfile, as an archive names them.
    mounts: BTreeSet<String>,
}

/// The services of a project that are built.
fn built(project: &str, config: &Value) -> Vec<Built> {
    let services = config["services"].as_object().expect("services").iter();
    let services: Vec<_> = services.filter(|(_, spec)| spec["build"].is_object()).collect();
    let context = |spec: &Value| PathBuf::from(spec["build"]["context"].as_str().expect("a context"));
    let dockerfile = |spec: &Value| context(spec).join(spec["build"]["dockerfile"].as_str().unwrap_or("Dockerfile"));
    let mut mounts: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for (_, spec) in &services {
        let volumes = spec["volumes"].as_array().into_iter().flatten().filter(|mount| mount["type"] == "volume");
        let targets = volumes.filter_map(|mount| Some(mount["target"].as_str()?.trim_start_matches('/').to_owned()));
        mounts.entry(dockerfile(spec)).or_default().extend(targets);
    }
    services
        .into_iter()
        .map(|(service, spec)| {
            let (build, context, dockerfile) = (&spec["build"], context(spec), dockerfile(spec));
            Built {
                service: service.clone(),
                image: spec["image"].as_str().map_or(format!("{project}-{service}"), str::to_owned),
                source: dockerfile.parent().expect("a directory").to_owned(),
                context,
                production: build["target"] == "production",
                mounts: mounts.get(&dockerfile).cloned().unwrap_or_default(),
                dockerfile,
            }
        })
        .collect()
}

/// Leaves secrets where people leave them, before anything is built.
pub(crate) fn plant(stack: &Stack) {
    for built in built("", &stack.config()) {
        let places =
            [&built.context, &built.source].into_iter().flat_map(|folder| PLACES.map(|place| folder.join(place)));
        for path in places {
            if !path.exists() {
                fs::create_dir_all(path.parent().expect("a directory")).expect("a writable folder");
                fs::write(path, format!("PASSWORD={PLANTED}\n")).expect("a writable folder");
            }
        }
    }
}

/// That what was built for these projects holds no secret, and otherwise what it should.
///
/// # Panics
/// With the image and what is wrong with it.
pub(crate) fn are_as_they_should_be(projects: &[(&str, &Stack)]) {
    let all: Vec<Built> = projects.iter().flat_map(|(project, stack)| built(project, &stack.config())).collect();
    let names: Vec<&str> = all.iter().map(|built| built.image.as_str()).collect();
    let bases: BTreeSet<String> = all.iter().flat_map(|built| bases(&built.dockerfile)).collect();
    let secrets: BTreeSet<String> = projects.iter().flat_map(|(_, stack)| stack.secrets()).collect();
    assert!(secrets.contains(SECRET), "the env files have other secrets: {} of them", secrets.len());
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).chain([PLANTED]).collect();
    let images = look(&names, &bases, &secrets);
    for (built, image) in all.iter().zip(&images) {
        let secret = image.secrets(&secrets);
        assert_eq!(secret, [""; 0], "{} holds a secret", image.name);
        assert!(image.bytes() > 0, "{} has nothing of its own, or nothing is read here", image.name);
        let env = image.names().into_iter().filter(|name| name.starts_with(".env")).collect::<Vec<_>>();
        assert_eq!(env, [""; 0], "{} has an env file", image.name);
        if built.production {
            has_only_what_it_needs(built, image);
            belongs_to_root(built, image);
        } else {
            source_belongs_to_its_user(image);
        }
        say(&format!("{:>8.1} MB are added by {}", image.megabytes(), image.name));
    }
}

/// Nothing that development alone needs, and no compiler.
fn has_only_what_it_needs(built: &Built, image: &Image) {
    let packages: BTreeSet<&String> = image.layers.iter().flat_map(|layer| &layer.packages).collect();
    let dev = of_development(&built.source);
    let found: Vec<_> = packages.iter().filter(|name| dev.contains(name.as_str())).collect();
    assert!(found.is_empty(), "{} has what only development needs: {found:?}", image.name);
    let compilers: Vec<_> = COMPILERS.into_iter().filter(|name| image.names().contains(name)).collect();
    assert_eq!(compilers, [""; 0], "{} can build programs", image.name);
}

/// The program cannot change itself: what is not root's is a volume's, a home directory, or what Next.js keeps anew.
fn belongs_to_root(built: &Built, image: &Image) {
    let is_next = image.names().contains(".next");
    for (path, owner) in image.owners() {
        let is_mount = built.mounts.iter().any(|mount| mount == path || mount.starts_with(&format!("{path}/")));
        let may = is_mount || path.starts_with("home/") || (is_next && (path == "app" || path.starts_with("app/")));
        assert!(may || owner.starts_with("0:"), "{}: /{path} belongs to {owner}", image.name);
    }
    for mount in built.mounts.iter().filter(|mount| image.owners().contains_key(mount.as_str())) {
        assert_eq!(image.owners()[mount.as_str()], "1000:1000", "{}: the volume at /{mount}", image.name);
    }
}

/// What is edited is replaced by the user, so it is theirs; what is installed is not.
fn source_belongs_to_its_user(image: &Image) {
    let owners = image.owners();
    let source = owners.iter().filter(|(path, _)| path.starts_with("app/") && !path.contains("node_modules"));
    let foreign: Vec<_> = source.filter(|(_, owner)| **owner != "1000:1000").map(|(path, _)| path).collect();
    assert!(foreign.is_empty(), "{}: root has source: {foreign:?}", image.name);
}

impl Image {
    /// Where a secret is found, be it in a layer or in what the engine tells.
    pub(crate) fn secrets(&self, secrets: &[&str]) -> Vec<&str> {
        let told = secrets.iter().any(|secret| self.told.contains(secret)).then_some("its history or configuration");
        told.into_iter().chain(self.layers.iter().flat_map(|layer| &layer.secrets).map(String::as_str)).collect()
    }

    fn names(&self) -> BTreeSet<&str> {
        self.layers.iter().flat_map(|layer| &layer.names).map(String::as_str).collect()
    }

    /// Each path with its owner in the last layer that has it.
    fn owners(&self) -> BTreeMap<&str, &str> {
        let each = self.layers.iter().flat_map(|layer| &layer.owners);
        each.flat_map(|(owner, paths)| paths.iter().map(|path| (path.as_str(), owner.as_str()))).collect()
    }

    fn bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.bytes).sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    fn megabytes(&self) -> f64 {
        self.bytes() as f64 / 1e6
    }
}

/// The images that a Dockerfile begins with.
fn bases(dockerfile: &Path) -> Vec<String> {
    let text = fs::read_to_string(dockerfile).unwrap_or_else(|error| panic!("{}: {error}", dockerfile.display()));
    let from = text.lines().filter_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
    from.filter(|image| image.contains(':')).map(str::to_owned).collect()
}

/// Reads these images, each as far as it is not one of the `bases`.
pub(crate) fn look(names: &[&str], bases: &BTreeSet<String>, secrets: &[&str]) -> Vec<Image> {
    let inspected = |name: &str| -> Value {
        let output = succeed(docker().args(["image", "inspect", name]));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON from docker image inspect")[0].clone()
    };
    let layers_of = |inspected: &Value| -> Vec<String> {
        serde_json::from_value(inspected["RootFS"]["Layers"].clone()).expect("digests of layers")
    };
    let skip: BTreeSet<String> = bases.iter().flat_map(|base| layers_of(&inspected(base))).collect();
    let mut save = docker().arg("save").args(names).stdout(Stdio::piped()).spawn().expect("docker starts");
    let mut oracle = Command::new(tool("python3").expect("the caller has looked for python3"));
    oracle.arg("-B").arg(repository().join("tests/oracles/layers.py"));
    oracle.arg(json!({ "secrets": secrets, "skip": skip }).to_string());
    let output = succeed(oracle.stdin(save.stdout.take().expect("a pipe")));
    assert!(save.wait().expect("docker ends").success(), "docker save {names:?}");
    let mut found: Value = serde_json::from_slice(&output.stdout).expect("JSON from the oracle");
    let documents = found["documents"]["secrets"].to_string();
    let layers: BTreeMap<String, Layer> = serde_json::from_value(found["layers"].take()).expect("layers");
    let image = |name: &&str| {
        let inspected = inspected(name);
        let history = everything_said(&succeed(docker().args(["history", "--no-trunc", name])));
        let own = layers_of(&inspected).into_iter().filter(|digest| !skip.contains(digest));
        Image {
            name: (*name).to_owned(),
            layers: own
                .map(|digest| layers.get(&digest).unwrap_or_else(|| panic!("{name}: {digest} is not read")).clone())
                .collect(),
            told: format!("{inspected}{history}{documents}"),
        }
    };
    names.iter().map(image).collect()
}

/// The packages that only development needs, as the lock file or the manifest of a source says.
fn of_development(source: &Path) -> BTreeSet<String> {
    let read = |name: &str| fs::read_to_string(source.join(name)).unwrap_or_default();
    let mut found = BTreeSet::new();
    if let Ok(lock) = serde_json::from_str::<Value>(&read("package-lock.json")) {
        let packages = lock["packages"].as_object().expect("packages");
        let name = |path: &String| path.rsplit("node_modules/").next().unwrap_or_default().to_owned();
        let (dev, needed): (Vec<_>, Vec<_>) = packages.iter().partition(|(_, package)| package["dev"] == true);
        found.extend(dev.into_iter().map(|(path, _)| name(path)));
        for (path, _) in needed {
            found.remove(&name(path));
        }
    }
    let groups = toml::from_str::<toml::Table>(&read("pyproject.toml")).expect("TOML");
    let group = groups.get("dependency-groups").and_then(|groups| groups.get("dev")?.as_array());
    let group = group.into_iter().flatten().filter_map(toml::Value::as_str).map(str::to_owned);
    let lines = read("requirements-dev.txt");
    let lines = lines.lines().filter(|line| line.starts_with(|c: char| c.is_alphanumeric())).map(str::to_owned);
    for wanted in group.chain(lines) {
        let name = wanted.split(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)).next().unwrap_or_default();
        found.insert(name.to_lowercase().replace('-', "_"));
    }
    found
}

/// A text that no earlier build of this engine has seen.
pub(crate) fn never_seen() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("a time after 1970");
    format!("{}-{}", process::id(), now.as_nanos())
}

/// Builds services anew after a change of their sources: what was installed is still there. Gives what the build said.
///
/// # Panics
/// Where something is installed again, or the change made no difference.
pub(crate) fn are_rebuilt_upon_the_same_packages(project: &str, stack: &Stack, changed: &[(&str, &str)]) {
    let config = stack.config();
    let built = built(project, &config);
    for (service, path) in changed {
        let source = &built.iter().find(|built| built.service == *service).expect("a built service").source;
        let path = source.join(path);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let comment = if path.extension().is_some_and(|extension| extension == "py") { "#" } else { "//" };
        fs::write(&path, format!("{text}\n{comment} {}\n", never_seen())).expect("a writable source");
    }
    let services: Vec<&str> = changed.iter().map(|(service, _)| *service).collect();
    let said = everything_said(&stack.run(&[&["build"], services.as_slice()].concat()));
    for service in services {
        is_cached(service, &said, changed.len() > 1);
    }
}

/// That in what a build says all installations of a service are taken from the cache, and not everything is.
pub(crate) fn is_cached(service: &str, said: &str, is_one_of_several: bool) {
    // `#12 [service stage 1/2] RUN …`, later `#12 CACHED` or `#12 DONE 0.1s`; without the service where it is alone.
    let steps = said.lines().filter_map(|line| {
        let (number, title) = line.split_once(" [")?;
        let (place, command) = title.split_once("] ")?;
        (!is_one_of_several || place.split(' ').next() == Some(service)).then_some((number, command))
    });
    let steps: BTreeMap<&str, &str> = steps.collect();
    let cached = |number: &str| said.lines().any(|line| line == format!("{number} CACHED"));
    let installs = |command: &str| INSTALLATIONS.iter().any(|installation| command.contains(installation));
    let (installed, others): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(_, command)| installs(command));
    assert!(!installed.is_empty(), "{service} installs nothing:\n{said}");
    for (number, command) in installed {
        assert!(cached(number), "{service} installs again: {command}\n{said}");
    }
    let copies = |command: &str| command.starts_with("COPY ") && !command.contains("--from=");
    let changed = others.into_iter().any(|(number, command)| copies(command) && !cached(number));
    assert!(changed, "{service}: the change made no difference:\n{said}");
}
