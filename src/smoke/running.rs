//! A smoke test from its beginning to its end: wait (`waiting`), ask (`rounds`), and say what came of it.

use std::path::Path;
use std::time::Duration;

use super::Report;
use super::asking::{self, Asked};
use super::container::Container;
use super::engine::Engine;
use super::http::Client;
use super::progress::Progress;
use super::reach::Reach;
use super::redaction::Secrets;
use super::rounds::Stage;
use super::services::Is;
use super::url::Url;
use super::verdict::Scene;
use super::waiting::Waiting;
use crate::diagnostics::redaction::MASK;
use crate::plan::{PROJECT_VARIABLE, Plan, Service};
use crate::routing::{Lookup, Routing};

/// How long the proxy may take to lead to what is healthy.
const SETTLING: Duration = Duration::from_secs(5);
/// How many lines of a service that does not run are looked through for the last ones of its own.
const TAIL: usize = 50;

/// What a smoke test may do, and how long.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// How long services may take to be healthy.
    pub timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Whether any certificate will do.
    pub is_insecure: bool,
    /// A file with certificates that are trusted besides those of the system.
    pub ca: Option<&'a Path>,
    /// URLs under which the stack is reached, at most one for each scheme; none for the ports that containers publish here.
    pub base_urls: &'a [String],
    /// Whether the engine is asked.
    pub with_engine: bool,
}

/// Why a smoke test could not work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no engine, and no other way to the stack.
    #[error("no engine answers: {0}\n  = help: where the stack runs elsewhere, `--base-url https://…` asks it there")]
    NoEngine(String),
    /// The engine stopped answering.
    #[error("the engine cannot be asked: {0}")]
    Engine(String),
    /// Neither the engine nor a URL is to be asked.
    #[error("without the engine there is nothing to ask: say where with `--base-url https://…`")]
    NothingToAsk,
    /// No URL, or a second one of its scheme.
    #[error("`--base-url {0}` {1}")]
    BaseUrl(String, &'static str),
    /// A URL stands for no entry point.
    #[error(
        "`--base-url {url}` stands for no entry point of {environment}\n  = help: `https://…` is for those with TLS, and \
         `http://…` for those without; leave it out, or write the other scheme"
    )]
    UnusedUrl {
        /// The URL.
        url: String,
        /// The environment.
        environment: String,
    },
    /// The file of certificates cannot be used.
    #[error("cannot use the certificates in {0}: {1}")]
    Certificates(String, std::io::Error),
    /// The project's name depends on a variable without a value.
    #[error("the Compose project has no name: it needs {0}")]
    NoProject(String),
    /// The system gives no random numbers.
    #[error("no mark can be made for the requests: {0}")]
    Random(String),
}

/// Tests the first of these plans, which are all that are on its proxy; `tell` is told how far it is.
///
/// # Errors
/// Where nothing can be said about the stack. What is wrong with it is in the report.
pub fn run(
    plans: &[&Plan],
    values: Lookup<'_>,
    options: &Options<'_>,
    tell: &mut dyn FnMut(&Progress),
) -> Result<Report, Failure> {
    let Some(plan) = plans.first().copied() else { return Err(Failure::NothingToAsk) };
    let own = |name: &str| values(plan, name);
    let urls = base_urls(options.base_urls)?;
    let file = |error| Failure::Certificates(options.ca.map(|ca| ca.display().to_string()).unwrap_or_default(), error);
    let client = Client::new(options.request_timeout, options.is_insecure, options.ca).map_err(file)?;
    let project = project(plan, &own)?;
    let edge = match &plan.edge {
        Some(edge) => edge.evaluate(&own).map_err(|names| Failure::NoProject(names.join(", ")))?,
        None => project.clone(),
    };
    let routing = Routing::of(plans, values);
    let by_url = by_urls(&routing, &urls, options, plan)?;
    let (mut engine, mut without) = engine(options)?;
    let mut waiting = Waiting::new(plan);
    if engine.is_some() {
        match waiting.wait(&project, &edge, options.timeout, tell) {
            // A URL leads to the stack all the same.
            Err(Failure::Engine(why)) if !urls.is_empty() => {
                (engine, without) = (None, Some(why));
                (waiting.containers, waiting.states) = (Vec::new(), Vec::new());
            }
            waited => waited?,
        }
    }
    let is_running = waiting.containers.iter().any(|container| container.project == project);
    let has_engine = engine.is_some() && (is_running || urls.is_empty());
    if engine.is_some() && !has_engine {
        without = Some(format!("nothing of the project {project} is on it"));
    }
    let engine = engine.filter(|_| has_engine);
    let secrets = Secrets::of(plan, &own, &waiting.containers);
    waiting.containers.iter_mut().for_each(|container| hide(container, &secrets));
    let proxy = proxy_of(plan, &edge, &waiting.containers).cloned();
    let reach = by_url.unwrap_or_else(|| {
        let host = engine.as_ref().and_then(|engine| engine.host.as_deref());
        Reach::of_containers(plan, routing.entry_points(), &waiting.containers, proxy.as_ref(), host)
    });
    let is_there = |service: &Service| match engine {
        Some(_) => waiting.states.iter().any(|state| state.service == service.name && state.is != Is::Absent),
        None => service.profiles.is_empty(),
    };
    // What does not run at all has nothing to be asked.
    let asked = if engine.is_some() && !is_running {
        Asked::default()
    } else {
        asking::checks(plan, &routing, &reach, &is_there)
    };
    let public_ports = reach.public_ports();
    let stage = Stage {
        scene: Scene {
            plan,
            containers: engine.as_ref().map(|_| waiting.containers.as_slice()),
            proxy: proxy.as_ref().filter(|_| engine.is_some()),
            states: &waiting.states,
            log: "",
            project: &project,
            edge: &edge,
            secrets: &secrets,
            values: &own,
            public_ports: &public_ports,
        },
        engine: engine.as_ref(),
        client: &client,
        reach: &reach,
        asked: &asked,
    };
    let settling = SETTLING.min(options.timeout);
    let checks = stage.ask(settling, &mut |open| tell(&waiting.progress(Some(open))))?;
    let tail = |container: &str| Engine::tail(container, TAIL).unwrap_or_default();
    let services = if engine.is_some() { waiting.reports(&secrets, &tail) } else { Vec::new() };
    Ok(Report {
        environment: plan.environment.clone(),
        project,
        without_engine: without,
        services,
        checks,
        is_by_url: !urls.is_empty(),
    })
}

/// The Compose project: what is set for it counts before what is written.
fn project(plan: &Plan, values: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    if let Some(name) = values(PROJECT_VARIABLE).filter(|name| !name.is_empty()) {
        return Ok(name);
    }
    plan.project.evaluate(values).map_err(|names| Failure::NoProject(names.join(", ")))
}

fn base_urls(texts: &[String]) -> Result<Vec<Url>, Failure> {
    let mut urls: Vec<Url> = Vec::new();
    for text in texts {
        let bad = |why| Failure::BaseUrl(text.clone(), why);
        // A password may have any character; nothing of it is repeated.
        if let Some(at) = text.rfind('@') {
            let scheme = text.find("://").map_or("", |end| &text[..end + 3]);
            let shown = format!("{scheme}{MASK}{}", &text[at..]);
            return Err(Failure::BaseUrl(shown, "has a user, who would not be sent: leave it out"));
        }
        let url = Url::parse(text).ok_or_else(|| bad("is no URL: write `https://host`, or `https://host:port`"))?;
        if url.target != "/" {
            return Err(bad("has a path: the paths are those of the routes"));
        }
        if urls.iter().any(|known| known.is_secure == url.is_secure) {
            return Err(bad("is the second one of its scheme"));
        }
        urls.push(url);
    }
    Ok(urls)
}

/// What the URLs reach; none where there are none.
fn by_urls(routing: &Routing, urls: &[Url], options: &Options<'_>, plan: &Plan) -> Result<Option<Reach>, Failure> {
    if urls.is_empty() {
        return Ok(None);
    }
    let reach = Reach::default().with_urls(routing, urls);
    match urls.iter().position(|url| !reach.is_of_entry_point(url)) {
        None => Ok(Some(reach)),
        Some(number) => {
            Err(Failure::UnusedUrl { url: options.base_urls[number].clone(), environment: plan.environment.clone() })
        }
    }
}

/// The engine, and why none is asked.
fn engine(options: &Options<'_>) -> Result<(Option<Engine>, Option<String>), Failure> {
    match (options.with_engine, options.base_urls.is_empty()) {
        (false, true) => Err(Failure::NothingToAsk),
        (false, false) => Ok((None, Some("it was left out".to_owned()))),
        (true, is_alone) => match Engine::reach() {
            Ok(engine) => Ok((Some(engine), None)),
            Err(why) if is_alone => Err(Failure::NoEngine(why)),
            Err(why) => Ok((None, Some(why))),
        },
    }
}

/// What of a container is shown, without secrets.
fn hide(container: &mut Container, secrets: &Secrets) {
    container.error = secrets.hide(&container.error);
    if let Some((_, output)) = container.health.as_mut().and_then(|health| health.last.as_mut()) {
        *output = secrets.hide(output);
    }
}

/// The container of the proxy: of the stack's own, or of the one that it has joined.
fn proxy_of<'c>(plan: &Plan, edge: &str, containers: &'c [Container]) -> Option<&'c Container> {
    let own = plan.services.values().find(|service| service.proxy.is_some());
    let mut of_edge = containers.iter().filter(|container| container.project == edge);
    match own {
        Some(own) => of_edge.find(|container| container.service == own.name),
        None => of_edge.find(|container| {
            container.arguments.iter().any(|argument| argument.to_ascii_lowercase().starts_with("--entrypoints."))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_host_and_no_more() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            base_urls(&texts).map(|urls| urls.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read(&["https://a.example", "http://a.example:8080/"]), Ok(2));
        assert!(read(&["a.example"]).unwrap_err().contains("is no URL"));
        assert!(read(&["http://[::1"]).unwrap_err().contains("is no URL"));
        assert_eq!(read(&["http://[::1]:8080"]), Ok(1));
        let refused = read(&["https://ops:pa55/word@a.example"]).unwrap_err();
        assert!(refused.contains("`--base-url https://********@a.example` has a user"), "{refused}");
        assert!(read(&["https://a.example/b"]).unwrap_err().contains("has a path"));
        assert!(read(&["https://a.example", "https://b.example"]).unwrap_err().contains("second one"));
    }
}
