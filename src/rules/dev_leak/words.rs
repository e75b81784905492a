//! What programs are told where they are to help a developer.

/// What a word or several of a command mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aid {
    /// Whoever reaches the port runs code in the process.
    Debugger,
    /// The program starts again when a file changes.
    Reload,
    /// A server that is made for one developer.
    Server,
}

impl Aid {
    /// What it does, as a label.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Debugger => "lets a debugger in",
            Self::Reload => "watches the files",
            Self::Server => "starts a server for development",
        }
    }
}

/// What production has in place of a setting for development, where there is a word for it.
pub(super) fn production(value: &str) -> Option<&'static str> {
    value.eq_ignore_ascii_case("development").then_some("production")
}

/// What runs the scripts of a package.json.
const RUNNERS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// Two words that start a development server or something that watches files, wherever they stand side by side
/// (the docs of Next.js, Nuxt, Astro, Vite, Angular, tsx and Node.js; Django's of `runserver`).
const PAIRS: [(&str, &str, Aid); 8] = [
    ("next", "dev", Aid::Server),
    ("nuxt", "dev", Aid::Server),
    ("astro", "dev", Aid::Server),
    ("vite", "dev", Aid::Server),
    ("ng", "serve", Aid::Server),
    ("manage.py", "runserver", Aid::Server),
    ("tsx", "watch", Aid::Reload),
    ("node", "--watch", Aid::Reload),
];

/// What stands in a command that is meant for development, and what it does.
pub(super) fn aid(words: &[String]) -> Option<(String, Aid)> {
    // A shell's command is one word to Compose.
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    for (index, word) in words.iter().enumerate() {
        if is_inspector(word) || name(word) == "debugpy" {
            return Some(((*word).to_owned(), Aid::Debugger));
        }
        if *word == "--reload" || matches!(name(word).as_str(), "nodemon" | "ts-node-dev") {
            return Some(((*word).to_owned(), Aid::Reload));
        }
        if *word == "--debug" && words[..index].iter().any(|word| name(word) == "flask") {
            return Some(("flask --debug".to_owned(), Aid::Debugger));
        }
        let Some(next) = words.get(index + 1) else { continue };
        if let Some((_, _, aid)) = PAIRS.iter().find(|(first, second, _)| name(word) == *first && next == second) {
            return Some((format!("{word} {next}"), *aid));
        }
        if RUNNERS.contains(&name(word).as_str()) {
            let rest = &words[index + 1..];
            let script = if rest[0] == "run" { rest.get(1) } else { rest.first() };
            if let Some(script) = script.filter(|script| is_for_development(script)) {
                let run = if rest[0] == "run" { " run" } else { "" };
                return Some((format!("{word}{run} {script}"), Aid::Server));
            }
        }
    }
    None
}

/// `--inspect`, `--inspect-brk=0.0.0.0:9229` and so on (Node.js docs, "Debugger").
pub(super) fn is_inspector(word: &str) -> bool {
    let flag = word.split('=').next().unwrap_or_default();
    matches!(flag, "--inspect" | "--inspect-brk" | "--inspect-wait")
}

/// `dev`, `develop`, `dev:web`, `start:dev`.
fn is_for_development(script: &str) -> bool {
    script.split([':', '-']).any(|word| matches!(word, "dev" | "develop" | "development"))
}

/// Variables that say what sort of environment it is, and what they say for development.
const MODES: [&str; 6] =
    ["NODE_ENV", "FLASK_ENV", "RAILS_ENV", "RACK_ENV", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

/// Variables that switch on what a developer wants to see.
const SWITCHES: [&str; 4] = ["DEBUG", "FLASK_DEBUG", "DJANGO_DEBUG", "APP_DEBUG"];

/// Whether a variable of the container says that it is one for development.
pub(super) fn is_setting(name: &str, value: &str) -> bool {
    let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    (MODES.contains(&name) && is(&["development", "dev"]))
        || (name == "APP_ENV" && is(&["development", "dev", "local"]))
        || (SWITCHES.contains(&name) && is(&["1", "true", "yes", "on"]))
        || (name == "NODE_OPTIONS" && value.split_whitespace().any(is_inspector))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(command: &str) -> Option<String> {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        aid(&words).map(|(words, _)| words)
    }

    #[test]
    fn commands_for_development() {
        for (command, expected) in [
            ("node --inspect=0.0.0.0:9229 a.js", "--inspect=0.0.0.0:9229"),
            ("uvicorn app:app --reload", "--reload"),
            ("npm run dev", "npm run dev"),
            ("yarn dev:web --host", "yarn dev:web"),
            ("pnpm run start:dev", "pnpm run start:dev"),
            ("/app/node_modules/.bin/next dev", "/app/node_modules/.bin/next dev"),
            ("python manage.py runserver 0.0.0.0:8000", "manage.py runserver"),
            ("flask --app x run --debug", "flask --debug"),
            ("python -m debugpy --listen 5678 a.py", "debugpy"),
            ("npx nodemon a.js", "nodemon"),
        ] {
            assert_eq!(found(command).as_deref(), Some(expected), "{command}");
        }
        let shell = ["sh", "-c", "migrate && npm run dev"].map(str::to_owned);
        assert_eq!(aid(&shell).unwrap().0, "npm run dev");
    }

    #[test]
    fn commands_that_only_look_like_it() {
        for command in [
            "node a.js --inspector",
            "npm start",
            "npm run build",
            "next start",
            "vite build",
            "caddy reload",
            "app --debug",
            "npm install --omit=dev",
            "yarn",
            "npm run device",
            "serve dev",
        ] {
            assert_eq!(found(command), None, "{command}");
        }
    }

    #[test]
    fn settings_for_development() {
        for (name, value) in
            [("NODE_ENV", "development"), ("DEBUG", "True"), ("APP_ENV", "local"), ("FLASK_DEBUG", "1")]
        {
            assert!(is_setting(name, value), "{name}={value}");
        }
        let others =
            [("NODE_ENV", "production"), ("DEBUG", "app:*"), ("DEBUG", "0"), ("LOG_LEVEL", "debug"), ("MODE", "dev")];
        for (name, value) in others {
            assert!(!is_setting(name, value), "{name}={value}");
        }
    }
}
