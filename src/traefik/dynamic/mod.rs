//! Traefik's dynamic configuration as far as container labels can say it: which options there are, of which type, and
//! since which version.
//!
//! The options are those of Traefik 3.7 (Traefik docs, "Docker configuration discovery", and the types of its package
//! `config/dynamic`); how labels become options is its library `paerser`: `parser/labels_decode.go`, `nodes_metadata.go`
//! and `element_fill.go`.

pub mod labels;
mod middlewares;
pub(crate) mod named;
mod routing;
mod transport;
pub mod value;

/// The newest minor version of Traefik 3 whose options are known.
pub const NEWEST: u32 = 7;

/// An option.
#[derive(Debug)]
pub struct Field {
    /// Its name as the documentation spells it; it does not depend on case.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether a table may stand alone, without an option of its own: `tls=true`.
    pub bare: bool,
    /// Whether labels reach it: Traefik knows others, and takes no notice of their values.
    pub is_read: bool,
    /// The minor version of Traefik 3 that brought it.
    pub since: u32,
    /// Whether it is to be replaced.
    pub old: Option<Old>,
}

/// That an option is to be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Old {
    /// The minor version of Traefik 3 that says so.
    pub since: u32,
    /// What it still does.
    pub effect: Effect,
    /// What to write instead.
    pub instead: &'static str,
}

/// What an option does that is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// What it always did.
    Works,
    /// Nothing, and what it is for does not happen.
    Missing,
    /// Nothing, and nothing has to happen.
    Needless,
}

/// What an option takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A truth value.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A duration: seconds, or a number with a unit.
    Duration,
    /// Any text.
    Text,
    /// Texts with commas between them.
    List,
    /// Options below names that are free.
    Map(&'static Kind),
    /// Options.
    Table(&'static [Field]),
    /// A numbered list of options: `domains[0].main`.
    Tables(&'static [Field]),
    /// The same where labels know one alone, without a number.
    OneTable(&'static [Field]),
    /// Anything: the options of a plugin.
    Free,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, bare: false, is_read: true, since: 0, old: None }
}

impl Field {
    const fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    const fn ignored(mut self) -> Self {
        self.is_read = false;
        self
    }

    const fn since(mut self, minor: u32) -> Self {
        self.since = minor;
        self
    }

    const fn old(mut self, since: u32, instead: &'static str) -> Self {
        self.old = Some(Old { since, effect: Effect::Works, instead });
        self
    }

    /// To be replaced from the beginning of version 3, and without effect there.
    const fn dead(mut self, effect: Effect, instead: &'static str) -> Self {
        self.old = Some(Old { since: 0, effect, instead });
        self
    }

    /// Whether this is how somebody may spell its name.
    pub fn is_called(&self, name: &str) -> bool {
        folds_to(self.name, name)
    }
}

/// Whether two names are one for Go's `strings.EqualFold`. Beside the case of letters it knows two characters that fold
/// to ASCII: the long s, and the sign for Kelvin.
pub(crate) fn folds_to(one: &str, other: &str) -> bool {
    let fold = |text: &str| text.replace('ſ', "s").replace('\u{212a}', "k").to_lowercase();
    one.eq_ignore_ascii_case(other) || (!(one.is_ascii() && other.is_ascii()) && fold(one) == fold(other))
}

/// The option of a table that is called so.
pub fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.is_called(name))
}

/// Everything that stands below `traefik.`, but for what concerns the provider alone.
pub static ROOT: &[Field] = &[
    field("http", Kind::Table(routing::HTTP)),
    field("tcp", Kind::Table(routing::TCP)),
    field("udp", Kind::Table(routing::UDP)),
    field("tls", Kind::Table(transport::TLS)),
];

/// What the provider that reads labels is told itself.
pub static PROVIDER: &[Field] = &[
    field("enable", Kind::Bool),
    field("docker", Kind::Table(OF_PROVIDER)),
    // Only the provider for Swarm reads them.
    field("swarm", Kind::Table(OF_PROVIDER)).ignored(),
];

static OF_PROVIDER: &[Field] = &[field("network", Kind::Text), field("lbswarm", Kind::Bool)];

/// The types of HTTP middlewares.
pub fn middlewares() -> &'static [Field] {
    middlewares::MIDDLEWARE
}

/// The types of TCP middlewares.
pub fn tcp_middlewares() -> &'static [Field] {
    middlewares::TCP_MIDDLEWARE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_whatever_its_case() {
        let found = find(middlewares(), "RateLimit").map(|field| (field.name, field.since));
        assert_eq!(found, Some(("rateLimit", 0)));
        assert!(find(ROOT, "htpp").is_none() && find(tcp_middlewares(), "rateLimit").is_none());
        assert!(folds_to("ſtripPrefix", "stripprefix") && !folds_to("a", "ä"));
    }

    #[test]
    fn no_name_stands_twice_in_a_table() {
        fn check(fields: &[Field]) {
            for (index, field) in fields.iter().enumerate() {
                assert!(!fields[..index].iter().any(|other| other.is_called(field.name)), "{}", field.name);
                assert!(field.since <= NEWEST && field.old.is_none_or(|old| old.since <= NEWEST), "{}", field.name);
                let mut kind = field.kind;
                while let Kind::Map(inner) = kind {
                    kind = *inner;
                }
                if let Kind::Table(inner) | Kind::Tables(inner) | Kind::OneTable(inner) = kind {
                    check(inner);
                }
            }
        }
        check(ROOT);
        check(PROVIDER);
    }
}
