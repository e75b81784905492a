//! What starts a package of a workspace. Its image has the whole workspace in `/app` and no package manager but npm, which
//! Node.js' own image brings: so a start script is taken apart into a command of the root, where that runs the same.

use serde_json::Value;

use super::node::spelled;
use super::scripts::{Script, is_build};
use super::{Fact, Program, Workspace};
use crate::init::judgement::is_shown_command;
use crate::init::snapshot::{file_name, is_code, joined};
use crate::kinds::Kind;

/// Where Vite writes what it builds, where nothing says another place.
const DIST: &str = "dist";

/// Calls whose relative path begins where the program was started, and not where its file lies.
const FROM_HERE: [&str; 7] =
    ["static(", "readFile(", "readFileSync(", "createReadStream(", "writeFile(", "writeFileSync(", "readdirSync("];

/// Gives a package of a workspace its command.
pub(super) fn look(kind: &Kind, package: &Value, sources: &[(&str, &str)], program: &mut Program) {
    let Some(workspace) = program.workspace.clone() else { return };
    let script = |name: &str| package.pointer(&format!("/scripts/{name}")).and_then(Value::as_str);
    let from = format!("the `start` script of {}", program.from);
    // The kind that builds it alone is not the one that builds the workspace.
    program.obstacle = None;
    let text = script("start").filter(|text| kind.name != "vite" || !is_of_vite(text));
    program.command = match text {
        Some(text) => Some(started(&workspace, text, sources, program, &from)),
        None if kind.name == "vite" => Some(page(&workspace, program)),
        None if kind.name == "nextjs" => {
            let run = format!("{} start {} --port ${{service.port}}", tool(&workspace, "next"), workspace.inner);
            Some(Fact::guess(run, "Next.js' own server"))
        }
        None => {
            let main = package.get("main").and_then(Value::as_str).map(|main| format!("node {main}"));
            let known = program.command.take().map(|command| command.value).or(main);
            let file = known.as_deref().and_then(|text| text.strip_prefix("node "));
            if file.is_none() {
                let what = "what starts it: its package.json has neither a `start` script nor `main`; write `command`";
                program.remarks.push(what.to_owned());
            }
            file.map(|file| Fact::guess(format!("node {}", within(&workspace, file)), "nothing says what starts it"))
        }
    };
}

/// Whether a script runs Vite and nothing else, which serves its page in more than one way.
fn is_of_vite(text: &str) -> bool {
    Script::of(text).is_some_and(|script| script.words.first().is_some_and(|word| word == "vite"))
}

/// The command that a start script stands for.
fn started(
    workspace: &Workspace,
    text: &str,
    sources: &[(&str, &str)],
    program: &mut Program,
    from: &str,
) -> Fact<String> {
    let managed = |why: &str| Fact::guess(managed(workspace), format!("{why} {from}"));
    let Some(script) = Script::of(text) else { return managed("only a shell could run") };
    if script.before.iter().any(|words| !is_build(words)) {
        return managed("something else runs first in");
    }
    if !is_shown_command(&script.words) {
        return managed("a secret may be in");
    }
    let run: Vec<String> = match script.words.as_slice() {
        [next, start, rest @ ..] if next == "next" && start == "start" => {
            let Some(rest) = without_port(rest) else { return managed("it is not known what is meant by") };
            let port = ["--port".to_owned(), "${service.port}".to_owned()];
            let words = [tool(workspace, "next"), start.clone(), workspace.inner.clone()];
            words.into_iter().chain(rest).chain(port).collect()
        }
        [node, rest @ ..] if node == "node" && !is_from_here(sources, program) => match from_root(workspace, rest) {
            Some(rest) => std::iter::once(node.clone()).chain(rest).collect(),
            None => return managed("it is not known which paths are in"),
        },
        _ => return managed("it has to run where its package is:"),
    };
    for (variable, value) in &script.env {
        if variable != "NODE_ENV" || value != "production" {
            program.env.push((variable.clone(), Fact::seen(value.clone(), from)));
        }
    }
    for file in &script.env_files {
        program.remarks.push(format!(
            "what it reads of {file} ({from}): no image has it; the names that are known are in its `env`"
        ));
    }
    Fact::seen(spelled(&run).replace("'$${service.port}'", "${service.port}"), from)
}

/// What any image of Node.js can run: its npm, in the directory of the package.
fn managed(workspace: &Workspace) -> String {
    let inner = &workspace.inner;
    match workspace.manager {
        "npm" => format!("npm run start --workspace {inner}"),
        _ => format!("npm --prefix {inner} run start"),
    }
}

/// The page that Vite has built, as Vite itself serves it. Without its configuration, from which it would want to write.
fn page(workspace: &Workspace, program: &Program) -> Fact<String> {
    let output = program.build_output.as_ref().map_or(DIST, |output| output.value.as_str());
    let output = joined(&workspace.inner, output);
    let vite = tool(workspace, "vite");
    let run = format!("{vite} preview --outDir {output} --host 0.0.0.0 --port ${{service.port}} --strictPort");
    Fact::guess(run, "what Vite has built; a web server of your own may serve it as well")
}

/// The program of a package: pnpm has it beside who depends on it, the others gather all of them at the root.
fn tool(workspace: &Workspace, name: &str) -> String {
    let bin = format!("node_modules/.bin/{name}");
    if workspace.manager == "pnpm" { within(workspace, &bin) } else { bin }
}

/// A path of the package, from the root of the workspace.
fn within(workspace: &Workspace, path: &str) -> String {
    joined(&workspace.inner, path.trim_start_matches("./"))
}

/// The words behind `node`, with its file from the root; none where another one of them may be a path.
fn from_root(workspace: &Workspace, words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| !word.starts_with('-'))?;
    let file = &words[at];
    let is_file = is_code(file) || !file_name(file).contains('.');
    let may_be_path = |word: &String| word.contains(['/', '$']) || is_code(word);
    // What stands behind one of these is no file.
    let takes_value = |word: &String| {
        matches!(word.as_str(), "-r" | "--require" | "--import" | "--loader" | "--experimental-loader" | "-e" | "-p")
    };
    let others = words.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, word)| word);
    if !is_file || file.starts_with(['/', '.']) && !file.starts_with("./") || words[..at].iter().any(takes_value) {
        return None;
    }
    if others.into_iter().any(may_be_path) {
        return None;
    }
    let mut all = words.to_vec();
    all[at] = within(workspace, file);
    Some(all)
}

/// Words without those that name a port, which the service says; none where one may be a directory.
fn without_port(words: &[String]) -> Option<Vec<String>> {
    let mut rest = words.iter();
    let mut kept = Vec::new();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-p" | "--port" => {
                rest.next()?;
            }
            word if word.starts_with("--port=") => {}
            "-H" | "--hostname" | "--keepAliveTimeout" => kept.extend([word.clone(), rest.next()?.clone()]),
            word if word.starts_with('-') => kept.push(word.to_owned()),
            _ => return None,
        }
    }
    Some(kept)
}

/// Whether something is looked for where the program was started, which a package manager does in its own directory.
fn is_from_here(sources: &[(&str, &str)], program: &Program) -> bool {
    let asks = |text: &str| {
        text.contains("process.cwd(")
            || FROM_HERE.iter().any(|call| {
                text.match_indices(call).any(|(at, _)| {
                    let inside = text[at + call.len()..].trim_start();
                    let inside = inside.strip_prefix(['"', '\'', '`']);
                    inside.is_some_and(|path| !path.starts_with('/'))
                })
            })
            || ["\"./", "'./", "`./", "\"../", "'../"].iter().any(|start| {
                text.match_indices(start).any(|(at, _)| {
                    let before = text[..at].trim_end();
                    !["from", "import", "import(", "require(", "URL(", "resolve("]
                        .iter()
                        .any(|end| before.ends_with(end))
                })
            })
    };
    let is_program = |path: &str| !file_name(path).contains(".config.");
    !program.writes.is_empty() || sources.iter().any(|(path, text)| is_program(path) && asks(text))
}
