//! Programs in Python: what serves them, what they have themselves, and what a stack is made of besides.

use crate::described::{Described, line, written};

const REQUIREMENTS: (&str, &str) =
    ("requirements.txt", "fastapi==0.115.12\nuvicorn==0.34.2\npydantic-settings==2.8.1\n");

#[test]
fn an_application_that_a_function_makes_is_served() {
    let factory =
        "from fastapi import FastAPI\n\n\ndef create_app() -> FastAPI:\n    app = FastAPI()\n    return app\n";
    // Somewhere it is called, in whatever module.
    let wsgi = "from shop.factory import create_app\n\napp = create_app()\n";
    let (text, _) = written(&[REQUIREMENTS, ("shop/factory.py", factory), ("shop/asgi.py", wsgi)]);
    assert!(line(&text, "app").starts_with("app = \"shop.asgi:app\""), "{text}");
    // Nothing calls it: uvicorn does.
    let alone = Described::of(&[REQUIREMENTS, ("shop/main.py", factory)]);
    alone.says("command = \"uvicorn --factory shop.main:create_app --host 0.0.0.0 --port ${service.port}\"");
    alone.says("port = 8000");
    assert!(alone.rendered().contains("--factory"), "{}", alone.rendered());
    // The sources say which one of several.
    let other = "from fastapi import FastAPI\n\n\ndef admin():\n    return FastAPI()\n";
    let cli = "import uvicorn\n\n\ndef serve():\n    uvicorn.run(\"shop.main:create_app\", factory=True, port=8088)\n";
    Described::of(&[REQUIREMENTS, ("app.py", other), ("shop/main.py", factory), ("shop/cli.py", cli)])
        .says("uvicorn --factory shop.main:create_app ")
        .says("port = 8088");
}

#[test]
fn an_application_that_wants_more_than_a_call_is_told() {
    let factory = "from fastapi import FastAPI\n\n\ndef create_app(settings) -> FastAPI:\n    return FastAPI()\n";
    let cli = "import uvicorn\nfrom shop.main import create_app\n\n\ndef serve():\n    uvicorn.run(create_app(1), \
               host=\"0.0.0.0\", port=8088)\n";
    let project = "[project]\nname = \"shop\"\nversion = \"1\"\n\n[project.scripts]\nshop = \"shop.cli:serve\"\n";
    let files = [REQUIREMENTS, ("shop/main.py", factory), ("shop/cli.py", cli), ("pyproject.toml", project)];
    let described = Described::of(&files);
    described.says("command = \"python -c 'from shop.cli import serve; serve()'\"").says("port = 8088");
    described.tells("`create_app` in shop/main.py makes it, and wants arguments");
}

const CLASS: &str = "from fastapi import FastAPI\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass \
                     Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=\"LEDGER_\")\n    \
                     allowed_origins: list[str] = [\"http://localhost:3000\"]\n    max_jobs: int = 20\n    limits: \
                     dict[str, int] = Field(\n        default_factory=dict,\n    )\n    region: str\n\n\napp = FastAPI()\ns \
                     = Settings()\n";

#[test]
fn nothing_empty_stands_in_the_place_of_a_field_with_a_prefix() {
    let example =
        "LEDGER_ALLOWED_ORIGINS=[\"http://localhost:3000\"]\nLEDGER_MAX_JOBS=\nLEDGER_LIMITS=\nLEDGER_REGION=\n";
    let described = Described::of(&[REQUIREMENTS, ("main.py", CLASS), (".env.example", example)]);
    let rendered = described.rendered();
    assert!(!rendered.contains(":-}"), "{rendered}");
    assert!(line(&described.text, "LEDGER_ALLOWED_ORIGINS").contains("default = \"[\\\"http://localhost:3000\\\"]\""));
    assert!(line(&described.text, "LEDGER_MAX_JOBS").contains("default = 20"), "{}", described.text);
    assert!(line(&described.text, "LEDGER_REGION").contains("= {}"), "{}", described.text);
    described.says("# LEDGER_LIMITS: read in main.py:9, which has a value of its own without it");
    assert!(!described.said.contains("which service `LEDGER_ALLOWED_ORIGINS` is"), "{}", described.said);
}

#[test]
fn a_lock_file_that_nothing_installs_from_is_told_with_what_to_do() {
    let app = ("app.py", "from flask import Flask\napp = Flask(__name__)\n");
    let pipfile = ("Pipfile", "[packages]\nflask = \"*\"\ngunicorn = \"*\"\n");
    let (_, said) = written(&[app, pipfile, ("Pipfile.lock", "{\"default\": {}, \"develop\": {}}\n")]);
    assert!(said.contains("Pipfile.lock is a lock file of pipenv"), "{said}");
    assert!(
        said.contains("run `pipenv requirements > requirements.txt`") && !said.contains("has no lock file"),
        "{said}"
    );
    let (_, said) = written(&[app, pipfile]);
    assert!(
        said.contains("Pipfile has no lock file beside it: run `pipenv lock`") && !said.contains("uv lock"),
        "{said}"
    );
}

const OWN: (&str, &str) =
    ("Dockerfile", "FROM python:3.12-slim\nCOPY . .\nEXPOSE 8088\nCMD [\"python\", \"-m\", \"ledger\"]\n");

#[test]
fn clients_show_data_stores_beside_a_dockerfile_too() {
    let source =
        ("ledger/jobs.py", "import os\n\nTOKEN = os.environ[\"X_TOKEN\"]\nDSN = os.environ[\"DATABASE_URL\"]\n");
    let project = "[project]\nname = \"ledger\"\nversion = \"1\"\ndependencies = [\"asyncpg\", \"arq>=0.26\"]\n";
    let described = Described::of(&[OWN, source, ("pyproject.toml", project)]);
    described.says("kind = \"postgres\"").says("kind = \"redis\"").says("kind = \"python\"").says("version = \"3.12\"");
    described.says("DATABASE_URL = \"${services.postgres.url}\"").says("X_TOKEN");
    assert!(!described.said.contains("its language is none"), "{}", described.said);
}

#[test]
fn only_of_languages_that_nothing_reads_is_said_that_nothing_does() {
    let own = ("Dockerfile", "FROM debian:12\nCOPY . .\nEXPOSE 8088\nCMD [\"./run\"]\n");
    let python = ("run.py", "import os\n\nTOKEN = os.environ[\"X_TOKEN\"]\n");
    let described = Described::of(&[own, python]);
    described.says("X_TOKEN");
    assert!(!described.said.contains("its language is none"), "{}", described.said);
    Described::of(&[own, python, ("main.go", "package main\n")]).tells("its language is none that is looked at");
}

#[test]
fn a_health_path_is_the_whole_one_or_none() {
    let views = (
        "shop/views.py",
        "from flask import Blueprint\nbp = Blueprint(\"main\", __name__)\n\n\n@bp.get(\"/healthz\")\ndef healthz():\n    return \"ok\"\n",
    );
    let requirements = ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n");
    let of = |hung: &str| {
        let app = format!("from flask import Flask\nfrom shop.views import bp\n\napp = Flask(__name__)\n{hung}\n");
        Described::of(&[requirements, views, ("shop/__init__.py", &app)])
    };
    of("app.register_blueprint(bp, url_prefix=\"/shop\")").says("health = \"/shop/healthz\"");
    let unknown = of("app.register_blueprint(bp, url_prefix=read())");
    unknown
        .says("health = false")
        .says("`/healthz` in shop/views.py stands on a router, and nothing says where that hangs");
    unknown.tells("`/healthz` in shop/views.py is only the end of it");
}
