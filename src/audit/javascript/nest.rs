//! What the `ConfigService` of `NestJS` is called in a file: by its type, by what a module injects, and by what an
//! application is asked for (docs of `NestJS`, "Configuration").

use super::Scanner;
use super::scopes::Alias;

/// The class, and the module that it is of.
const SERVICE: &str = "ConfigService";
const MODULE: &str = "@nestjs/config";

/// What gives an instance of a class that it is given.
const GIVERS: [&str; 3] = ["get", "resolve", "inject"];

/// What makes a parameter of a constructor a field of the class too.
const MODIFIERS: [&str; 5] = ["private", "public", "protected", "readonly", "override"];

/// The names of it in a file.
#[derive(Debug, Default)]
pub(super) struct Configs<'t> {
    /// What the class is called; none where another module has one of that name.
    class: Option<&'t str>,
    /// Variables and parameters.
    locals: Vec<Alias<'t>>,
    /// Fields, behind `this`: where the class is.
    fields: Vec<Alias<'t>>,
}

impl<'t> Scanner<'t> {
    /// Everything in the file that is a `ConfigService`.
    pub(super) fn configs(&self) -> Configs<'t> {
        let tokens = &self.tokens;
        let mut configs = Configs { class: self.class_of_configs(), ..Configs::default() };
        let Some(class) = configs.class else { return configs };
        for index in (0..tokens.len()).filter(|index| tokens.is_name(*index) && tokens.text(*index) == class) {
            match tokens.before(index, 1) {
                // `private readonly config: ConfigService`, `let config?: ConfigService`
                ":" => {
                    let name =
                        index.checked_sub(2).map(|at| if tokens.text(at) == "?" { at.wrapping_sub(1) } else { at });
                    if let Some(name) = name.filter(|at| tokens.is_name(*at)) {
                        self.add_typed(&mut configs, name);
                    }
                }
                "(" => {
                    if let Some(name) = self.given_by(index - 1).and_then(|start| self.assigned_at(start))
                        && let Some(local) = self.alias_at(name)
                    {
                        configs.locals.push(local);
                    }
                }
                "[" | "," => {
                    if let Some(name) = self.injected(index)
                        && let Some(local) = self.alias_at(name)
                    {
                        configs.locals.push(local);
                    }
                }
                _ => {}
            }
        }
        configs
    }

    /// What the class is called here; none where the file has it from elsewhere, or makes one itself.
    fn class_of_configs(&self) -> Option<&'t str> {
        let tokens = &self.tokens;
        for index in 0..tokens.len() {
            let is_import = tokens.before(index, 1) == "from" && tokens.string(index).is_some();
            let close = index.checked_sub(2).filter(|close| is_import && tokens.text(*close) == "}");
            if let Some(close) = close
                && let Some((_, local, _)) =
                    self.imported(tokens.pair(close), close).into_iter().find(|(name, ..)| *name == SERVICE)
            {
                return (tokens.string(index) == Some(MODULE)).then_some(local);
            }
            if tokens.are(index, &["class", SERVICE]) {
                return None;
            }
        }
        Some(SERVICE)
    }

    /// A name with this type: a variable, a parameter, a field.
    fn add_typed(&self, configs: &mut Configs<'t>, name: usize) {
        let tokens = &self.tokens;
        let declared = self.alias_at(name);
        let is_parameter = declared.is_some();
        let is_marked = MODIFIERS.contains(&tokens.before(name, 1));
        configs.locals.extend(declared);
        // A field, or a parameter of a constructor that is one too.
        if is_parameter && !is_marked {
            return;
        }
        if let Some(open) = self.brace_around(name).filter(|open| self.class_of(*open).is_some()) {
            let scope = open..tokens.pair(open);
            configs.fields.push(Alias { name: tokens.text(name), scope, at: name });
        }
    }

    /// The first token of `app.get(ConfigService)`, whose bracket is at `open`; none where something else is called.
    fn given_by(&self, open: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let mut at = open.checked_sub(1)?;
        if tokens.text(at) == ">" {
            at = (at.saturating_sub(8)..at).rev().find(|index| tokens.text(*index) == "<")?.checked_sub(1)?;
        }
        if !GIVERS.contains(&tokens.text(at)) {
            return None;
        }
        while matches!(tokens.before(at, 1), "." | "?.") && at.checked_sub(2).is_some_and(|at| tokens.is_name(at)) {
            at -= 2;
        }
        Some(if tokens.before(at, 1) == "await" { at - 1 } else { at })
    }

    /// The parameter of `useFactory` that is given what stands at a token of the list behind `inject`.
    fn injected(&self, index: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let open = (0..index).rev().take(64).find(|at| tokens.text(*at) == "[" && tokens.pair(*at) > index)?;
        if !tokens.are(open.checked_sub(2)?, &["inject", ":"]) {
            return None;
        }
        let position = tokens.items(open).iter().position(|item| *item == index)?;
        let around = self.brace_around(open)?;
        let keys = tokens.items(around);
        let factory = keys.into_iter().find(|key| tokens.are(*key, &["useFactory", ":"]))? + 2;
        let factory = if tokens.text(factory) == "async" { factory + 1 } else { factory };
        if tokens.text(factory) == "(" {
            return tokens.items(factory).get(position).copied().filter(|at| tokens.is_name(*at));
        }
        // `useFactory: config => …`
        (position == 0 && tokens.is_name(factory) && tokens.text(factory + 1) == "=>").then_some(factory)
    }

    /// Whether what stands before the method at a token is a `ConfigService`.
    pub(super) fn is_config(&self, configs: &Configs<'t>, method: usize) -> bool {
        let tokens = &self.tokens;
        let Some(owner) = method.checked_sub(2) else { return false };
        if tokens.text(owner) == ")" {
            let open = tokens.pair(owner);
            let is_class = |at: usize| configs.class == Some(tokens.text(at)) && tokens.is_name(at);
            let is_made = tokens.before(open, 2) == "new" && open.checked_sub(1).is_some_and(is_class);
            return is_made || (is_class(open + 1) && self.given_by(open).is_some());
        }
        if !matches!(tokens.before(owner, 1), "." | "?.") {
            return self.is_one_of(&configs.locals, owner) || self.is_config_by_name(owner, configs);
        }
        let is_own = tokens.before(owner, 2) == "this";
        let is_field =
            configs.fields.iter().any(|field| field.name == tokens.text(owner) && field.scope.contains(&owner));
        (is_own && is_field) || self.is_called_config(owner)
    }

    /// Whether a name says that it is one, and nothing in the file says otherwise: another file made it.
    fn is_config_by_name(&self, owner: usize, configs: &Configs<'t>) -> bool {
        let tokens = &self.tokens;
        let is_other = |at: usize| {
            let at = if tokens.text(at + 1) == "?" { at + 1 } else { at };
            let class = match tokens.text(at + 1) {
                ":" => at + 2,
                "=" if tokens.text(at + 2) == "new" => at + 3,
                _ => return false,
            };
            configs.class != Some(tokens.text(class)) && !tokens.text(class).contains("Config")
        };
        self.is_called_config(owner) && !self.declared_at(owner).is_some_and(is_other)
    }

    fn is_called_config(&self, owner: usize) -> bool {
        self.tokens.text(owner).to_ascii_lowercase().contains("config")
    }
}
