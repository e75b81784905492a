//! Whole projects, laid out as people lay them out: what each reads, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::project::Project;

const HEAD: &str = "[stack]\nname = 'shop'\n";
const LOCK: (&str, &str) = ("app/package-lock.json", "{}");
const UV: [(&str, &str); 2] = [
    ("app/pyproject.toml", "[project]\nname = 'app'\nversion = '0.1.0'\nrequires-python = '>=3.13'\n"),
    ("app/uv.lock", "version = 1\n\n[[package]]\nname = \"uvicorn\"\nversion = \"0.30.0\"\n"),
];
const NODE: &str = "[services.app]\nkind = 'node'\nversion = '22'\nsource = 'app'\nport = 3000\n";
const PYTHON: &str =
    "[services.app]\nkind = 'python'\nversion = '3.13'\nsource = 'app'\napp = 'main:app'\nport = 8000\n";

/// The variables that the service `app` of a project reads while it runs, each as `NAME need`.
fn running(services: &str, files: &[(&str, &str)]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("services.toml", &format!("{HEAD}{services}"));
    for (path, text) in files {
        write(path, text);
    }
    let analysis = Project::open(&folder.path().join("services.toml")).unwrap().analyse().unwrap();
    let plan = &analysis.plans[0];
    let usage = analysis.audit.usage(plan, &plan.services["app"]).unwrap();
    let is_running = |wanted: &&Wanted| wanted.places.iter().any(|place| place.role == Role::Running);
    usage.wanted.values().filter(is_running).map(|wanted| format!("{} {:?}", wanted.name, wanted.need)).collect()
}

fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    all.into_iter().map(str::to_owned).collect()
}

#[test]
fn express_with_a_module_for_its_configuration() {
    let found = running(
        NODE,
        &[
            LOCK,
            (
                "app/package.json",
                r#"{ "main": "dist/index.js", "scripts": { "build": "tsc" }, "devDependencies": { "typescript": "5" } }"#,
            ),
            (
                "app/src/config/env.ts",
                "export function requireEnv(name: string): string {\n  const value = process.env[name];\n  if (!value) throw new Error(`${name} is missing`);\n  return value;\n}\nexport const optionalEnv = (name: string, fallback: string) => process.env[name] ?? fallback;\n",
            ),
            (
                "app/src/db.ts",
                "import { requireEnv } from './config/env';\nexport const url = requireEnv('DATABASE_URL');\n",
            ),
            (
                "app/src/mail.ts",
                "import { optionalEnv } from './config/env';\nexport const host = optionalEnv('SMTP_HOST', 'localhost');\n",
            ),
            ("app/src/index.ts", "import express from 'express';\nexpress().listen(process.env.PORT || 3000);\n"),
            ("app/src/index.test.ts", "process.env.ONLY_IN_A_TEST!;\n"),
            ("app/test/setup.js", "run(process.env.ONLY_IN_TESTS);\n"),
            ("app/jest.config.js", "module.exports = { x: process.env.ONLY_FOR_JEST };\n"),
            ("app/scripts/seed.ts", "run(process.env.ONLY_TO_SEED);\n"),
            ("app/node_modules/lib/index.js", "run(process.env.ONLY_IN_A_LIBRARY);\n"),
            ("app/dist/index.js", "run(process.env.ONLY_WHAT_WAS_BUILT);\n"),
        ],
    );
    assert_eq!(found, names(["DATABASE_URL Demanded", "PORT Fallback", "SMTP_HOST Fallback"]));
}

#[test]
fn next_with_a_schema() {
    let services = "[services.app]\nkind = 'nextjs'\nversion = '22'\nsource = 'app'\n";
    let found = running(
        services,
        &[
            LOCK,
            ("app/package.json", r#"{ "scripts": { "build": "next build" } }"#),
            (
                "app/next.config.mjs",
                "export default { output: \"standalone\", env: { A: process.env.ONLY_TO_BUILD } };\n",
            ),
            (
                "app/src/env.mjs",
                "import { createEnv } from '@t3-oss/env-nextjs';\nimport { z } from 'zod';\nexport const env = createEnv({\n  server: { DATABASE_URL: z.string().url(), SMTP_PORT: z.coerce.number().default(25) },\n  client: { NEXT_PUBLIC_API: z.string().min(1) },\n  runtimeEnv: { DATABASE_URL: process.env.DATABASE_URL, SMTP_PORT: process.env.SMTP_PORT, NEXT_PUBLIC_API: process.env.NEXT_PUBLIC_API },\n});\n",
            ),
            (
                "app/src/app/page.tsx",
                "import { env } from '~/env.mjs';\nexport default function Page() { return <p>don't ask {env.DATABASE_URL} {process.env.GREETING}</p>; }\n",
            ),
            ("app/src/middleware.ts", "export const locale = process.env.DEFAULT_LOCALE ?? 'en';\n"),
        ],
    );
    assert_eq!(
        found,
        names([
            "DATABASE_URL Demanded",
            "DEFAULT_LOCALE Fallback",
            "GREETING Bare",
            "NEXT_PUBLIC_API Demanded",
            "SMTP_PORT Fallback"
        ])
    );
}

#[test]
fn nest_with_its_config_module() {
    let found = running(
        NODE,
        &[
            LOCK,
            ("app/package.json", r#"{ "main": "dist/main.js" }"#),
            (
                "app/src/app.module.ts",
                "import { ConfigModule } from '@nestjs/config';\nimport * as Joi from 'joi';\nConfigModule.forRoot({ validationSchema: Joi.object({ JWT_SECRET: Joi.string().required(), JWT_TTL: Joi.string().default('1h') }) });\n",
            ),
            (
                "app/src/database.config.ts",
                "export default registerAs('database', () => ({ host: process.env.DB_HOST, port: parseInt(process.env.DB_PORT, 10) || 5432 }));\n",
            ),
            (
                "app/src/auth.service.ts",
                "import { ConfigService } from '@nestjs/config';\nexport class Auth { constructor(private readonly configService: ConfigService) {}\n  key() { return this.configService.getOrThrow<string>('API_KEY'); }\n  url() { return this.configService.get<string>('API_URL', 'http://x'); } }\n",
            ),
        ],
    );
    assert_eq!(
        found,
        names([
            "API_KEY Demanded",
            "API_URL Fallback",
            "DB_HOST Bare",
            "DB_PORT Fallback",
            "JWT_SECRET Demanded",
            "JWT_TTL Fallback"
        ])
    );
}

#[test]
fn fastapi_with_settings_in_several_classes() {
    let mut files = UV.to_vec();
    files.extend([
        ("app/main.py", "from core.config import settings\napp = None\n"),
        ("app/core/base.py", "from pydantic_settings import BaseSettings, SettingsConfigDict\n\nclass Common(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env', extra='ignore')\n    log_level: str = 'info'\n"),
        ("app/core/config.py", "from pydantic import Field, PostgresDsn\nfrom .base import Common\n\nclass Database(Common):\n    model_config = {'env_prefix': 'DB_'}\n    host: str\n    pool: int = 5\n\nclass Settings(Common):\n    secret_key: str = Field(..., min_length=16)\n    sentry_dsn: str | None = None\n    token: str = Field(validation_alias='API_TOKEN')\n\n    @property\n    def name(self) -> str:\n        local: str = 'x'\n        return local\n\nsettings = Settings()\n"),
        ("app/alembic/env.py", "import os\nurl = os.environ['MIGRATION_URL']\n"),
        ("app/tests/conftest.py", "import os\nos.environ['ONLY_IN_TESTS']\n"),
        ("app/core/test_config.py", "import os\nos.getenv('ONLY_IN_A_TEST')\n"),
        ("app/.venv/lib/x.py", "import os\nos.environ['ONLY_IN_A_LIBRARY']\n"),
    ]);
    let found = running(PYTHON, &files);
    assert_eq!(
        found,
        names([
            "API_TOKEN Demanded",
            "DB_HOST Demanded",
            "DB_LOG_LEVEL Fallback",
            "DB_POOL Fallback",
            "LOG_LEVEL Fallback",
            "MIGRATION_URL Bare",
            "SECRET_KEY Demanded",
            "SENTRY_DSN Fallback",
        ])
        .into_iter()
        // Of a base class the fields are read with its own prefix.
        .filter(|name| name != "DB_LOG_LEVEL Fallback")
        .collect()
    );
}

#[test]
fn django_with_environ() {
    let mut files = UV.to_vec();
    files.extend([
        ("app/main.py", "app = None\n"),
        ("app/shop/settings/base.py", "import environ\n\nenv = environ.Env(DEBUG=(bool, False))\nDEBUG = env('DEBUG')\nSECRET_KEY = env('DJANGO_SECRET')\nDATABASES = {'default': env.db()}\nHOSTS = env.list('ALLOWED_HOSTS', default=[])\n"),
        ("app/shop/storage.py", "from decouple import config\nBUCKET = config('BUCKET')\nREGION = config('REGION', default='eu')\n"),
        ("app/manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
    ]);
    assert_eq!(
        running(PYTHON, &files),
        names([
            "ALLOWED_HOSTS Fallback",
            "BUCKET Demanded",
            "DATABASE_URL Demanded",
            "DEBUG Fallback",
            "DJANGO_SECRET Demanded",
            "DJANGO_SETTINGS_MODULE Fallback",
            "REGION Fallback",
        ])
    );
}

#[test]
fn scripts_count_where_something_runs_them() {
    let files = [
        LOCK,
        ("app/package.json", r#"{ "main": "server.js" }"#),
        ("app/server.js", "run(process.env.A_NAME);\n"),
        ("app/scripts/wait.sh", "#!/bin/sh\nset -u\necho \"$WAIT_FOR\" \"${WAIT_SECONDS:-5}\"\n./scripts/more.sh\n"),
        ("app/scripts/more.sh", "#!/bin/sh\necho \"${MORE:?}\"\n"),
        ("app/scripts/never.sh", "#!/bin/sh\necho \"$NEVER\"\n"),
    ];
    let services = format!("{NODE}before-start = ['sh scripts/wait.sh']\n");
    assert_eq!(
        running(&services, &files),
        names(["A_NAME Bare", "MORE Demanded", "WAIT_FOR Demanded", "WAIT_SECONDS Fallback"])
    );
    assert_eq!(running(NODE, &files), names(["A_NAME Bare"]));
}

#[test]
fn a_function_of_another_file_counts_where_it_is_imported() {
    let helper = "import os\ndef get(name):\n    return os.environ[name]\n";
    let python = |main: &str| {
        let main = ("app/main.py", main);
        running(PYTHON, &[UV[0], UV[1], ("app/conf.py", helper), main])
    };
    assert_eq!(python("cache.get('USER_KEY')\nC().get('ADMIN')\nget('OTHER')\n"), names([]));
    assert_eq!(python("from conf import get\nget('A_NAME')\ncache.get('USER_KEY')\n"), names(["A_NAME Bare"]));
    assert_eq!(python("from . import conf as c\nc.get('A_NAME')\nd.get('OTHER')\n"), names(["A_NAME Bare"]));
    assert_eq!(python("from other import get\nget('A_NAME')\n"), names([]));
    let helper = "export function get(name) { return process.env[name]; }";
    let node = |main: &str| {
        let main = ("app/server.js", main);
        running(NODE, &[LOCK, ("app/package.json", "{ \"main\": \"server.js\" }"), ("app/conf.js", helper), main])
    };
    assert_eq!(node("cache.get('USER_KEY'); get('OTHER');"), names([]));
    assert_eq!(node("import { get as g } from './conf.js'; run(g('A_NAME'), get('OTHER'));"), names(["A_NAME Bare"]));
    assert_eq!(
        node("const conf = require('./conf'); run(conf.get('A_NAME'), d.get('OTHER'));"),
        names(["A_NAME Bare"])
    );
    assert_eq!(node("import { get } from 'lodash'; get('OTHER');"), names([]));
}

#[test]
fn only_the_settings_that_django_is_told_count() {
    let files = [
        UV[0],
        UV[1],
        ("app/main.py", "app = None\n"),
        ("app/shop/settings/base.py", "import os\nA = os.environ['A_NAME']\n"),
        (
            "app/shop/settings/dev.py",
            "from .base import *\nfrom .extra import *\nimport os\nB = os.environ['B_NAME']\n",
        ),
        ("app/shop/settings/extra.py", "import os\nE = os.environ['E_NAME']\n"),
        ("app/shop/settings/prod.py", "from .base import *\nimport os\nC = os.environ['C_NAME']\n"),
        ("app/shop/settings/test.py", "import os\nD = os.environ['D_NAME']\n"),
        ("app/shop/management/commands/load.py", "import os\nF = os.environ['F_NAME']\n"),
    ];
    let dev = format!("{PYTHON}env = {{ DJANGO_SETTINGS_MODULE = 'shop.settings.dev' }}\n");
    assert_eq!(running(&dev, &files), names(["A_NAME Bare", "B_NAME Bare", "E_NAME Bare"]));
    let prod = format!(
        "{PYTHON}env = {{ DJANGO_SETTINGS_MODULE = 'shop.settings.prod' }}\nbefore-start = ['python manage.py load']\n"
    );
    assert_eq!(running(&prod, &files), names(["A_NAME Bare", "C_NAME Bare", "F_NAME Bare"]));
    // Nothing says which.
    assert_eq!(running(PYTHON, &files), names(["A_NAME Bare", "B_NAME Bare", "C_NAME Bare", "E_NAME Bare"]));
}

#[test]
fn what_only_a_file_that_is_run_itself_reads_is_not_needed() {
    let text = "import os\napp = os.environ['A_NAME']\nif __name__ == '__main__':\n    run(os.environ['B_NAME'])\n";
    let files = [UV[0], UV[1], ("app/main.py", text)];
    assert_eq!(running(PYTHON, &files), names(["A_NAME Bare", "B_NAME Fallback"]));
    for command in ["python main.py", "python -m main"] {
        let services = format!("{PYTHON}command = '{command}'\n").replace("app = 'main:app'\n", "");
        assert_eq!(running(&services, &files), names(["A_NAME Bare", "B_NAME Bare"]), "{command}");
    }
}

#[test]
fn what_git_ignores_and_what_other_services_own_does_not_count() {
    let services = "[services.app]\nkind = 'node'\nversion = '22'\nsource = '.'\n[services.other]\nkind = 'node'\nversion = '22'\nsource = 'other'\n";
    let files = [
        ("package.json", r#"{ "main": "server.js" }"#),
        ("package-lock.json", "{}"),
        (".gitignore", "generated/\n*.local.js\n"),
        ("server.js", "run(process.env.A_NAME);\n"),
        ("generated/client.js", "run(process.env.GENERATED);\n"),
        ("x.local.js", "run(process.env.LOCAL);\n"),
        ("other/package.json", r#"{ "main": "server.js" }"#),
        ("other/package-lock.json", "{}"),
        ("other/server.js", "run(process.env.OF_ANOTHER);\n"),
    ];
    assert_eq!(running(services, &files), names(["A_NAME Bare"]));
}

#[test]
fn what_stands_behind_the_name_of_a_secret_is_hidden() {
    let text = "const key = process.env.API_KEY ?? 'not-a-secret-but-hidden';\nconst host = process.env.API_HOST ?? 'shown';\n";
    let scan = scan(text, Language::JavaScript);
    let file = File { text: text.to_owned(), language: Language::JavaScript, scan };
    let audit = Audit { files: [("a.js".to_owned(), file)].into(), ..Audit::default() };
    let hidden: Vec<&str> = audit.secrets("a.js").into_iter().map(|range| &text[range]).collect();
    assert_eq!(hidden, ["not-a-secret-but-hidden"]);
}

#[test]
fn no_text_stops_a_scanner() {
    let pieces = [
        "process.env.",
        "process.env[",
        "`${",
        "}",
        "'",
        "\"",
        "/",
        "\\",
        "{",
        "(",
        ")",
        "é",
        "\n",
        "os.environ[",
        "f\"{",
        "class S(BaseSettings):\n  a",
        ": ",
        "$",
        "${",
        "<<E\n",
        "=",
        "import.meta.env",
        "import os\n",
        "def f(a",
        "const {",
    ];
    // A sequence that is the same on each run.
    let mut seed: u64 = 7;
    for _ in 0..4000 {
        let mut text = String::from("import os\nconst env = process.env; ");
        for _ in 0..14 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[usize::try_from(seed >> 33).unwrap() % pieces.len()]);
        }
        for language in [Language::JavaScript, Language::Python, Language::Shell, Language::Prisma] {
            let scan = super::scan(&text, language);
            let spans = scan.reads.iter().map(|read| &read.span).chain(&scan.unknown);
            assert!(spans.into_iter().all(|span| text.get(span.clone()).is_some()), "{text}");
        }
    }
}
