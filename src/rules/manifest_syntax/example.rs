//! What to write where a value is of the wrong type: for keys whose value other tools, or an obvious guess, spell
//! differently.

use crate::source::KeyPath;

/// What the value looks like that stands at a path, where it is known what is easily written instead.
pub(super) fn of(path: &KeyPath) -> Option<String> {
    let keys: Vec<&str> = (0..path.steps().len()).map_while(|index| path.key_at(index)).collect();
    let keys = match keys.as_slice() {
        ["environments", _, rest @ ..] => rest,
        all => all,
    };
    let fixed = match keys {
        ["services", _, "ports"] => {
            "`ports` names what it listens on besides: `ports.admin = 9001`; `publish = 3000` opens a port on the host"
        }
        ["services", _, "entrypoints"] => "name each: `entrypoints.web = { port = 80 }`",
        ["services", _, "routes"] => "name each: `routes.main = { path = \"/\" }`",
        ["services", _, "volumes"] => "write each as `name:/path`: `volumes = [\"uploads:/data\"]`",
        ["services", _, "env" | "build-env"] | ["defaults", "env"] => "write each as a key: `env.LOG_LEVEL = \"info\"`",
        ["services", _, "labels"] => "write each as a key: `labels = { \"com.example.team\" = \"web\" }`",
        ["services", _, "restart"] | ["defaults", "restart"] => {
            "write `restart = \"unless-stopped\"`, `\"always\"`, `\"on-failure\"` or `\"no\"`"
        }
        ["services", _, "reload"] | ["defaults", "reload"] => "write `reload = \"watch\"` or `reload = \"mount\"`",
        ["services", _, "logging"] | ["defaults", "logging"] => {
            "write `logging = { max-size = \"10m\", max-file = 3 }`"
        }
        ["services", _, key @ ("limits" | "reservations")] | ["defaults", key @ ("limits" | "reservations")] => {
            return Some(format!("write `{key} = {{ memory = \"512m\", cpus = 1.5 }}`"));
        }
        ["services", _, "health"] => {
            "write `health = \"/health\"`, or a command; without it the kind's own probe holds"
        }
        ["services", _, "entrypoints", name] => return Some(format!("write `{name} = {{ port = 80 }}`")),
        ["services", _, "routes", name] => return Some(format!("write `{name} = {{ path = \"/\" }}`")),
        ["variables", name] => {
            return Some(format!("write `{name} = {{ default = \"…\" }}`, or `{{ secret = true }}`"));
        }
        ["volumes", name] => {
            return Some(format!(
                "write `{name} = {{ name = \"…\" }}` for its name on the engine; where it is mounted stands in a service's `volumes`"
            ));
        }
        _ => return None,
    };
    Some(fixed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &[&str]) -> String {
        let path = path.iter().fold(KeyPath::default(), |path, key| path.key(key));
        of(&path).unwrap_or_default()
    }

    #[test]
    fn what_is_guessed_easily_has_an_example() {
        assert!(said(&["services", "api", "ports"]).contains("`publish = 3000`"));
        assert_eq!(said(&["services", "api", "routes", "main"]), "write `main = { path = \"/\" }`");
        assert_eq!(said(&["variables", "FOO"]), "write `FOO = { default = \"…\" }`, or `{ secret = true }`");
        for key in ["services.api.reload", "defaults.reload", "environments.dev.defaults.reload"] {
            assert!(said(&key.split('.').collect::<Vec<_>>()).contains("\"watch\""), "{key}");
        }
    }

    #[test]
    fn a_name_is_not_taken_for_a_key() {
        for path in [["services", "api", "env", "reload"], ["services", "api", "labels", "volumes"]] {
            assert_eq!(said(&path), "");
        }
        assert_eq!(said(&["services", "ports"]), "");
    }
}
