//! The agent service: an agent in Python with its neighbours, of which each is waited for as far as it can be.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stackgen::plan::Plan;

use crate::support::compose::{self, docker, service_of};
use crate::support::http::{Request, Response};
use crate::support::rendered::{Rendered, example};
use crate::support::running::Running;
use crate::support::{everything_said, has_tools, say, succeed};
use crate::{confined, edits, images};

/// A healthy service answers, and one that nothing keeps from starting starts: four processes at once, each of which
/// loads the program.
const PATIENCE: Duration = Duration::from_secs(30);

/// What production is told of, since it has no database of its own.
const DATABASE: &str = "not-a-real-password@database:5432/agent";

/// A database that is not there.
const NOWHERE: &str = "DATABASE_URL=postgresql+psycopg://nobody@127.0.0.1:1/nothing";

#[test]
fn an_agent_and_its_neighbours_run_in_dev_and_in_prod() {
    if !compose::has_engine() || !has_tools(&["python3"]) {
        return;
    }
    for index in 0..example("agent-service").plans.len() {
        // Each in a folder of its own, because some sources are changed.
        let rendered = example("agent-service");
        let plan = &rendered.plans[index];
        let agent = Agent::up(&rendered, plan);
        agent.is_well();
        agent.waits_for_others();
        confined::is_all_of(&agent.running.stack, plan.production, if plan.production { &["database"] } else { &[] });
        images::are_as_they_should_be(&[(&agent.running.project, &agent.running.stack)]);
        agent.running.smokes(&rendered, plan, &[], true, &[]);
        let token = agent.signs_up();
        agent.remembers(&token);
        agent.knows_it_after_a_kill_and_after_down_and_up(&token);
        agent.has_migrated();
        if plan.production {
            agent.serves_with_several_processes();
            agent.says_aloud_that_its_migration_failed();
            agent.stays_away_where_that_of_the_backend_fails();
        } else {
            agent.follows_edits(&rendered, &token);
        }
        // What needs longer than the engine gives it is killed, which its exit code says.
        agent.timed("stop", || agent.running.ends_in_time());
    }
}

/// One environment, up and healthy.
struct Agent<'p> {
    running: Running,
    plan: &'p Plan,
}

impl<'p> Agent<'p> {
    fn up(rendered: &Rendered, plan: &'p Plan) -> Self {
        let (alchemy, prisma) =
            (format!("postgresql+psycopg://agent:{DATABASE}"), format!("postgresql://agent:{DATABASE}"));
        let production = [
            ("COMPOSE_FILE", "docker-compose.prod.yml:database.yml"),
            ("DATABASE_URL", alchemy.as_str()),
            ("PRISMA_DATABASE_URL", prisma.as_str()),
            ("CORS_ORIGINS", "https://agent.example.com"),
            ("FRONTEND_URL", "https://agent.example.com"),
            ("BETTER_AUTH_URL", "https://auth.example.com"),
            ("NEXT_PUBLIC_AUTH_URL", "https://auth.example.com/api/auth"),
            ("NEXT_PUBLIC_API_URL", "https://api.example.com"),
            ("NEXT_PUBLIC_AI_AGENT_URL", "https://ai.example.com"),
        ];
        // Left to the database that development brings along.
        let development = [("DATABASE_URL", ""), ("PRISMA_DATABASE_URL", "")];
        let values: &[_] = if plan.production { &production } else { &development };
        if plan.production {
            fs::write(rendered.root().join("database.yml"), database().to_string()).expect("a writable folder");
        }
        let agent = Self { running: Running::prepared("systems", rendered, plan, values), plan };
        images::plant(&agent.running.stack);
        agent.timed("build", || agent.running.stack.run(&["build"]));
        // One after the other, and a development server of Next.js among them.
        agent.running.stack.up(180, &[]);
        agent
    }

    /// Each answers for itself where it is asked for its health, and the page knows of all.
    fn is_well(&self) {
        for service in ["auth-server", "backend", "agent"] {
            let answered = self.request(service, "GET", "/health").until(PATIENCE, |answer| answer.status == 200);
            assert_eq!(answered.json()["service"], service, "{}: {answered:#?}", self.plan.environment);
        }
        let knows_all = |answer: &Response| {
            let is_well = |service| answer.body.contains(&format!("<li>{service}: well</li>"));
            answer.status == 200 && ["auth-server", "backend", "agent"].into_iter().all(is_well)
        };
        self.request("frontend", "GET", "/").until(PATIENCE, knows_all);
        for container in self.running.stack.containers() {
            let (name, health) = (&container["Name"], &container["State"]["Health"]["Status"]);
            let has_none = name.as_str().is_some_and(|name| name.contains("mcp-server"));
            assert_eq!(*health, if has_none { Value::Null } else { json!("healthy") }, "{name}");
        }
    }

    /// Each waits for the others as far as it can; that it really does is looked at while they start.
    fn waits_for_others(&self) {
        let config = self.running.stack.config();
        let awaited =
            |service: &str, other: &str| config["services"][service]["depends_on"][other]["condition"].clone();
        let order = [
            ("mcp-server", "backend", "service_healthy"),
            ("agent", "auth-server", "service_healthy"),
            ("agent", "backend", "service_healthy"),
            ("agent", "mcp-server", "service_started"),
            ("frontend", "agent", "service_healthy"),
        ];
        for (later, earlier, condition) in order {
            assert_eq!(awaited(later, earlier), condition, "{}: {later}, {earlier}", self.plan.environment);
        }
    }

    /// A new user, by way of Prisma; gives their token.
    fn signs_up(&self) -> String {
        let user = json!({ "email": "ann@example.com", "password": "not-a-real-password" });
        let sign_up = |path: &str| self.request("auth-server", "POST", path).json(&user).send().expect("an answer");
        assert_eq!(sign_up("/api/auth/sign-up").status, 201, "{}", self.plan.environment);
        assert_eq!(sign_up("/api/auth/sign-up").status, 409, "{}: the table holds her", self.plan.environment);
        let signed_in = sign_up("/api/auth/sign-in");
        signed_in.json()["token"].as_str().unwrap_or_else(|| panic!("{signed_in:#?}")).to_owned()
    }

    /// From the agent by the MCP server to the backend and its database, and back.
    fn remembers(&self, token: &str) {
        assert_eq!(self.says("remember the milk", token), json!({ "answer": "noted", "kept": true }));
        assert_eq!(self.says("recall", token), json!({ "answer": "the milk", "kept": true }));
        let nobody = self.request("agent", "POST", "/chat").json(&json!({ "text": "recall" })).send();
        assert_eq!(nobody.expect("an answer").status, 401);
        let noted = "psql --username agent --tuples-only --no-align --command";
        let noted = noted.replace("agent", self.owner());
        let text = self.database(&format!("{noted} 'select text from notes' agent"));
        assert!(!text.is_empty() && !text.contains("milk"), "{}: {text:?} is not encrypted", self.plan.environment);
    }

    /// What it was told outlives its database, and everybody's containers.
    fn knows_it_after_a_kill_and_after_down_and_up(&self, token: &str) {
        let database = if self.plan.production { "database" } else { "postgres" };
        for steps in [&["kill", database], ["down", "--timeout=10"].as_slice()] {
            self.running.stack.run(steps);
            self.running.start();
            assert_eq!(self.says("recall", token), json!({ "answer": "the milk", "kept": true }), "after {steps:?}");
        }
    }

    /// Both have migrated, each for itself.
    fn has_migrated(&self) {
        for table in ["alembic_version", "agent_version"] {
            let query = format!("psql --username {} -tAc 'select version_num from {table}' agent", self.owner());
            assert_eq!(self.database(&query), "0001", "{}: {table}", self.plan.environment);
        }
    }

    /// Four processes, and one that looks after them.
    fn serves_with_several_processes(&self) {
        for service in ["backend", "agent"] {
            let top = succeed(docker().args(["top", &self.id(service), "-o", "pid,args"]));
            let top = everything_said(&top);
            let workers = top.lines().filter(|line| line.contains("spawn_main")).count();
            assert_eq!(workers, 4, "{service}: {top}");
            let user = self.exec(service, "id -u");
            assert_eq!(user, "1000", "{service}");
        }
    }

    /// It can do without its tables, so it starts, and the log says why they are missing.
    fn says_aloud_that_its_migration_failed(&self) {
        let arguments = self.without_a_database("agent");
        let started = succeed(docker().args(["run", "--detach", "--network", "none"]).args(arguments));
        let id = String::from_utf8(started.stdout).expect("an id").trim().to_owned();
        let start = Instant::now();
        let logs = loop {
            let logs = everything_said(&succeed(docker().args(["logs", &id])));
            if logs.contains("Application startup complete") || start.elapsed() > PATIENCE {
                break logs;
            }
            thread::sleep(Duration::from_millis(200));
        };
        succeed(docker().args(["rm", "--force", &id]));
        assert!(logs.contains("Application startup complete"), "{logs}");
        let warned = "docker-entrypoint: this failed, and the service starts all the same: alembic upgrade head";
        assert!(logs.contains(warned), "{logs}");
    }

    /// It cannot do without, so it does not begin.
    fn stays_away_where_that_of_the_backend_fails(&self) {
        let arguments = self.without_a_database("backend");
        let output =
            docker().args(["run", "--rm", "--network", "none"]).args(arguments).output().expect("docker starts");
        let said = everything_said(&output);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("connection failed") && !said.contains("Started server process"), "{said}");
    }

    /// What is bound is live without a build.
    fn follows_edits(&self, rendered: &Rendered, token: &str) {
        let edit = |path: &str, change: (&str, &str), is_seen: &dyn Fn() -> bool| {
            edits::is_live(&format!("agent-service, mounted: {path}"), &rendered.root().join(path), change, is_seen);
        };
        for (service, path) in [("backend", "backend/app/main.py"), ("agent", "ai-agent/agent/main.py")] {
            let health = || self.request(service, "GET", "/health").send();
            let is_changed = || health().is_ok_and(|answer| answer.json()["service"] == "changed");
            edit(path, (&format!("SERVICE = \"{service}\""), "SERVICE = \"changed\""), &is_changed);
        }
        let is_changed = || self.says("remember the bread", token)["answer"] == "written down";
        let path = "mcp-server/mcp_server/__main__.py";
        edit(path, ("return \"noted\"", "return \"written down\""), &is_changed);
        let listed = || self.request("backend", "GET", "/notes").header("authorization", "Bearer nobody").send();
        let is_changed = || listed().is_ok_and(|answer| answer.status == 401 && answer.body.contains("who is that?"));
        edit("shared/tokens.py", ("the token is not valid", "who is that?"), &is_changed);
        let (project, stack) = (&self.running.project, &self.running.stack);
        let changed = [("backend", "app/main.py"), ("auth-server", "src/server.ts"), ("frontend", "app/page.tsx")];
        images::are_rebuilt_upon_the_same_packages(project, stack, &changed);
    }

    /// What the agent answers a user.
    fn says(&self, text: &str, token: &str) -> Value {
        let request = self.request("agent", "POST", "/chat").json(&json!({ "text": text }));
        let mut request = request.header("authorization", &format!("Bearer {token}"));
        request.until(PATIENCE, |answer| answer.status == 200).json()
    }

    /// How to run the image of a service without its database, and without anything else.
    fn without_a_database(&self, service: &str) -> Vec<String> {
        let container = self.container(service);
        let known = container["Config"]["Env"].as_array().expect("variables").iter();
        let known = known.filter_map(Value::as_str).filter(|variable| !variable.starts_with("DATABASE_URL="));
        let environment = known.chain([NOWHERE]).flat_map(|variable| ["--env".to_owned(), variable.to_owned()]);
        let image = container["Config"]["Image"].as_str().expect("an image").to_owned();
        environment.chain([image]).collect()
    }

    /// Who the database belongs to.
    fn owner(&self) -> &'static str {
        if self.plan.production { "agent" } else { "postgres" }
    }

    fn database(&self, command: &str) -> String {
        self.exec(if self.plan.production { "database" } else { "postgres" }, command)
    }

    /// What a command says in the container of a service.
    fn exec(&self, service: &str, command: &str) -> String {
        let output = succeed(docker().args(["exec", &self.id(service), "sh", "-c", command]));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    fn id(&self, service: &str) -> String {
        self.container(service)["Id"].as_str().expect("an id").to_owned()
    }

    fn container(&self, service: &str) -> Value {
        let containers = self.running.stack.containers().into_iter();
        containers.into_iter().find(|container| service_of(container) == service).expect("a container")
    }

    fn request(&self, service: &str, method: &str, path: &str) -> Request {
        let port = self.running.port(&format!("{}_HOST_PORT", service.to_uppercase().replace('-', "_")));
        Request::new(method, &format!("http://localhost:{port}{path}"), port)
    }

    fn timed<T>(&self, step: &str, act: impl FnOnce() -> T) -> Duration {
        let start = Instant::now();
        act();
        let elapsed = start.elapsed();
        say(&format!("agent-service, {}: {step}: {:.1} s", self.plan.environment, elapsed.as_secs_f64()));
        elapsed
    }
}

/// A database beside production's stack, as an overlay of its compose file.
fn database() -> Value {
    let waits = json!({ "depends_on": { "database": { "condition": "service_healthy" } } });
    json!({ "services": {
        "database": {
            "image": "postgres:17-alpine",
            "environment": { "POSTGRES_USER": "agent", "POSTGRES_DB": "agent", "POSTGRES_PASSWORD": "not-a-real-password" },
            "healthcheck": { "test": ["CMD", "pg_isready", "-h", "127.0.0.1"], "interval": "1s", "retries": 60 },
            "networks": ["internal"],
            "volumes": ["kept:/var/lib/postgresql/data"],
        },
        "auth-server": waits,
        "backend": waits,
    }, "volumes": { "kept": {} } })
}
