//! What programs do that do not find what their source needs: variables, packages, interpreters.

use crate::attempt::Attempt;
use crate::support::compose::{has_compose, has_engine};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "build-tool-dev-only",
    "copy-source-missing",
    "entrypoint-unreferenced",
    "env-read-not-passed",
    "lockfile-mismatch",
    "runtime-engine-mismatch",
    "shebang-missing",
];

const NODE: &str = "node:22-slim";
const PYTHON: &str = "python:3.13-slim";

/// A project that builds one service in `app`, with this Dockerfile.
fn built(dockerfile: &str) -> Attempt {
    let compose = "services:\n  app:\n    build: ./app\n";
    Attempt::new(compose).with("app/Dockerfile", &dockerfile.replace("BASE", NODE))
}

#[test]
fn a_variable_that_only_the_operator_has_does_not_reach_the_program() {
    if !has_compose() || !has_engine() {
        return;
    }
    for (image, command, complaint) in [
        (PYTHON, "[python, -c, \"import os; os.environ['DATABASE_URL']\"]", "KeyError: 'DATABASE_URL'"),
        (NODE, "[node, -e, \"console.log('to ' + process.env.DATABASE_URL)\"]", "to undefined"),
        (NODE, "[sh, -c, 'echo \"$${DATABASE_URL:?is missing}\"']", "DATABASE_URL: is missing"),
    ] {
        let compose =
            |environment: &str| format!("services:\n  app:\n    image: {image}\n    command: {command}\n{environment}");
        let lacking = Attempt::new(&compose("")).with(".env", "DATABASE_URL=postgres://db.example.com/shop\n");
        let (_, said) = lacking.run(&["run", "--rm", "app"]);
        assert!(said.contains(complaint), "{command}\n{said}");
        let passed = compose("    environment: { DATABASE_URL: \"${DATABASE_URL}\" }\n");
        let passed = Attempt::new(&passed).with(".env", "DATABASE_URL=postgres://db.example.com/shop\n");
        let (works, said) = passed.run(&["run", "--rm", "app"]);
        assert!(works && !said.contains(complaint), "{command}\n{said}");
    }
}

#[test]
fn the_builder_sees_its_context_and_what_the_ignore_file_leaves_of_it() {
    if !has_compose() || !has_engine() {
        return;
    }
    for copied in ["app/package.json", "../shared", "secrets.txt"] {
        let attempt = built(&format!("FROM BASE\nCOPY {copied} /x/\n"))
            .with("app/package.json", "{}\n")
            .with("app/secrets.txt", "words\n")
            .with("app/.dockerignore", "secrets.txt\n")
            .with("shared/common.js", "\n");
        let (works, said) = attempt.run(&["build"]);
        assert!(!works && said.contains("not found"), "{copied}\n{said}");
    }
    let attempt = built("FROM BASE\nCOPY package.json /x/\n").with("app/package.json", "{}\n");
    let (works, said) = attempt.run(&["build"]);
    assert!(works, "{said}");
}

#[test]
fn an_installation_needs_the_lock_file_of_its_own_program() {
    if !has_compose() || !has_engine() {
        return;
    }
    let attempt = built("FROM BASE\nWORKDIR /app\nCOPY . ./\nRUN npm ci\n")
        .with("app/package.json", "{ \"name\": \"app\", \"version\": \"1.0.0\" }\n")
        .with("app/yarn.lock", "# yarn lockfile v1\n");
    let (works, said) = attempt.run(&["build"]);
    assert!(!works && said.contains("can only install with an existing package-lock.json"), "{said}");
}

#[test]
fn a_tool_for_development_is_not_there_behind_an_installation_without_it() {
    if !has_compose() || !has_engine() {
        return;
    }
    let project = |install: &str| {
        built(&format!("FROM BASE\nWORKDIR /app\nCOPY . ./\nRUN npm install --package-lock-only --offline\nRUN {install}\nRUN npm run build\n"))
            .with("app/package.json", "{ \"name\": \"app\", \"version\": \"1.0.0\", \"scripts\": { \"build\": \"tool\" }, \"devDependencies\": { \"tool\": \"file:./tool\" } }\n")
            .with("app/tool/package.json", "{ \"name\": \"tool\", \"version\": \"1.0.0\", \"bin\": { \"tool\": \"tool.js\" } }\n")
            .with("app/tool/tool.js", "#!/usr/bin/env node\nconsole.log('built');\n")
    };
    let (works, said) = project("npm ci --omit=dev --offline").run(&["build"]);
    assert!(!works && said.contains("tool: not found"), "{said}");
    let (works, said) = project("NODE_ENV=production npm ci --offline").run(&["build"]);
    assert!(!works && said.contains("tool: not found"), "{said}");
    let (works, said) = project("npm ci --offline && chmod +x node_modules/tool/tool.js").run(&["build"]);
    assert!(works, "{said}");
}

#[test]
fn a_package_refuses_a_runtime_that_it_excludes() {
    if !has_compose() || !has_engine() {
        return;
    }
    let project = |npmrc: &str| {
        built("FROM BASE\nWORKDIR /app\nCOPY . ./\nRUN npm install --offline\n")
            .with(
                "app/package.json",
                "{ \"name\": \"app\", \"version\": \"1.0.0\", \"engines\": { \"node\": \">=99\" } }\n",
            )
            .with("app/.npmrc", npmrc)
    };
    let (works, said) = project("engine-strict=true\n").run(&["build"]);
    assert!(!works && said.contains("EBADENGINE"), "{said}");
    let (works, _) = project("").run(&["build"]);
    assert!(works, "npm alone only warns");
}

#[test]
fn the_kernel_starts_a_script_by_its_first_line() {
    if !has_compose() || !has_engine() {
        return;
    }
    let project = |script: &str| {
        built("FROM BASE\nWORKDIR /app\nCOPY --chmod=755 start.sh ./\nENTRYPOINT [\"./start.sh\"]\n")
            .with("app/start.sh", script)
    };
    for (script, complaint) in [
        ("echo started\n", "exec format error"),
        ("#!/bin/sh\r\necho started\r\n", "no such file or directory"),
        ("#!/bin/zsh\necho started\n", "no such file or directory"),
    ] {
        let (works, said) = project(script).run(&["run", "--rm", "--build", "app"]);
        assert!(!works && said.contains(complaint), "{script}\n{said}");
    }
    let (works, said) = project("#!/bin/sh\necho started\n").run(&["run", "--rm", "--build", "app"]);
    assert!(works && said.contains("started"), "{said}");
    // An init process hands what the kernel does not know to a shell.
    let init = Attempt::new("services:\n  app:\n    build: ./app\n    init: true\n")
        .with("app/Dockerfile", &format!("FROM {NODE}\nCOPY --chmod=755 start.sh /\nENTRYPOINT [\"/start.sh\"]\n"))
        .with("app/start.sh", "echo started\n");
    let (works, said) = init.run(&["run", "--rm", "--build", "app"]);
    assert!(works && said.contains("started"), "{said}");
}

#[test]
fn a_script_that_nothing_names_is_not_run() {
    if !has_compose() || !has_engine() {
        return;
    }
    let project = |entry: &str| {
        built(&format!("FROM BASE\nWORKDIR /app\nCOPY --chmod=755 . ./\n{entry}CMD [\"echo\", \"served\"]\n"))
            .with("app/docker-entrypoint.sh", "#!/bin/sh\necho migrated\nexec \"$@\"\n")
    };
    // The image that it starts from has a script of that name, and another one.
    let (works, said) = project("").run(&["run", "--rm", "--build", "app"]);
    assert!(works && said.contains("served") && !said.contains("migrated"), "{said}");
    let (works, said) = project("ENTRYPOINT [\"./docker-entrypoint.sh\"]\n").run(&["run", "--rm", "--build", "app"]);
    assert!(works && said.contains("served") && said.contains("migrated"), "{said}");
}
