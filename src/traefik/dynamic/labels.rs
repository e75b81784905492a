//! The labels of one container, read as Traefik reads them: into one tree, which it takes as a whole or not at all.
//!
//! What decides is `DecodeToNode`, `AddMetadata` and `Fill` of Traefik's library `paerser`. Names at each level are one
//! where they differ in case only; labels are taken in the order of their bytes.

use std::ops::Range;

use super::{Field, Kind, PROVIDER, ROOT, find, folds_to, value};

/// Stands in a value for what nobody can know.
pub use crate::traefik::rule::UNKNOWN;

/// Something that is wrong with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw<'l> {
    /// The label.
    pub label: &'l str,
    /// Where in its name, in bytes.
    pub range: Range<usize>,
    /// What.
    pub kind: FlawKind,
}

/// What is wrong with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// The first word is not written as `traefik`.
    Root,
    /// Nothing between two dots.
    Empty,
    /// A name begins with `[`.
    LeadingBracket,
    /// A name ends with `]`, and none is opened: Traefik panics, and reads no labels of any container any more.
    NoBracket,
    /// No option of this name.
    Unknown {
        /// What is there instead.
        known: Vec<&'static str>,
        /// Whether what comes next would be an option one level higher: the name before it has a dot.
        splits_name: bool,
    },
    /// An option that takes options stands alone.
    Alone,
    /// There are no options below this one.
    NoOptions,
    /// The value is not of the type.
    Type(Kind),
    /// A number in a list of texts, or an item of a list of options that has none: Traefik reads nothing from it.
    Lost,
    /// A dot in a free name whose value is a text: Traefik takes the name up to the dot, without the value.
    Dotted,
    /// Traefik knows the option, and takes it from other providers only.
    Unread,
    /// `tls=yes`: anything but `true` switches it off.
    Off {
        /// Whether it says so in a way that Traefik would read as no.
        on_purpose: bool,
        /// Whether options below it are lost with it.
        with_options: bool,
    },
    /// Traefik reads no labels that begin like this.
    Section,
    /// An option of a newer version.
    Newer(u32),
    /// A service without servers: without any option of `loadBalancer`.
    NoLoadBalancer,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Eq for Kind {}

impl FlawKind {
    /// Whether Traefik drops all labels of the container.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Lost | Self::Dotted | Self::Unread | Self::Off { .. } | Self::Section)
    }
}

/// An option that a label sets to something.
#[derive(Debug, Clone, Copy)]
pub struct Set<'l> {
    /// The label.
    pub label: &'l str,
    /// The option; none below a free name.
    pub field: &'static Field,
}

/// What labels come to.
#[derive(Debug, Default)]
pub struct Decoded<'l> {
    /// What is wrong.
    pub flaws: Vec<Flaw<'l>>,
    /// The options on the way to each value, from the outside to the inside.
    pub set: Vec<Set<'l>>,
    /// Whether the container says that it is not to be found.
    pub is_disabled: bool,
}

impl Decoded<'_> {
    /// Whether Traefik takes the container.
    pub fn is_taken(&self) -> bool {
        !self.flaws.iter().any(|flaw| flaw.kind.is_fatal())
    }
}

/// What begins a label that sets the configuration, in lower case.
const OF_CONFIGURATION: [&str; 4] = ["traefik.http", "traefik.tcp", "traefik.udp", "traefik.tls.stores.default"];

/// What begins a label for the provider, in lower case.
const OF_PROVIDER: [&str; 2] = ["traefik.docker.", "traefik.enable"];

/// Reads the labels of one container: names, and values in which [`UNKNOWN`] stands for what is not known. `minor` is the
/// version of Traefik 3, where that is known.
pub fn decode<'l>(labels: impl IntoIterator<Item = (&'l str, &'l str)>, minor: Option<u32>) -> Decoded<'l> {
    let mut decoded = Decoded::default();
    let mut all: Vec<(&str, &str)> = labels.into_iter().filter(|(label, _)| is_for_traefik(label)).collect();
    all.sort_unstable();
    let begins = |label: &str, starts: &[&str]| {
        let label = label.as_bytes();
        starts.iter().any(|start| label.get(..start.len()).is_some_and(|l| l.eq_ignore_ascii_case(start.as_bytes())))
    };
    let (provider, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(label, _)| begins(label, &OF_PROVIDER));
    let (configuration, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(label, _)| begins(label, &OF_CONFIGURATION));
    let mut reader = Reader { decoded: &mut decoded, minor };
    let root = reader.read(&provider, PROVIDER);
    let enable = root.children.iter().find(|node| folds_to(node.name, "enable"));
    reader.decoded.is_disabled = enable.and_then(|node| value::boolean(node.value?)) == Some(false);
    if reader.decoded.is_disabled {
        return decoded;
    }
    let root = reader.read(&configuration, ROOT);
    reader.services(&root);
    for (label, _) in others {
        decoded.flaws.push(Flaw { label, range: section(label), kind: FlawKind::Section });
    }
    decoded
}

fn is_for_traefik(label: &str) -> bool {
    label.split('.').next().is_some_and(|first| first.eq_ignore_ascii_case("traefik"))
}

/// The second word of a label, or all of it.
fn section(label: &str) -> Range<usize> {
    let Some(start) = label.find('.').map(|at| at + 1).filter(|start| *start < label.len()) else {
        return 0..label.len();
    };
    start..label[start..].find('.').map_or(label.len(), |at| start + at)
}

/// A word between dots as names: `a[0]` is two. With where each begins.
fn indexed(word: &str) -> impl Iterator<Item = (&str, usize)> {
    let at = word.find('[').filter(|at| *at > 0 && word.ends_with(']')).unwrap_or(word.len());
    let (name, index) = word.split_at(at);
    std::iter::once((name, 0)).chain((!index.is_empty()).then_some((index, at)))
}

/// A name of the tree.
struct Node<'l> {
    name: &'l str,
    value: Option<&'l str>,
    /// The label that brought it, and where it stands in that.
    label: &'l str,
    range: Range<usize>,
    /// The label that brought its value.
    owner: &'l str,
    children: Vec<Node<'l>>,
}

impl<'l> Node<'l> {
    fn new(name: &'l str, label: &'l str, range: Range<usize>) -> Self {
        Self { name, value: None, label, range, owner: label, children: Vec::new() }
    }

    fn add(&mut self, mut path: std::vec::IntoIter<(&'l str, Range<usize>)>, label: &'l str, value: &'l str) {
        let Some((name, range)) = path.next() else {
            self.value = Some(value);
            self.owner = label;
            return;
        };
        let at = self.children.iter().position(|child| folds_to(child.name, name)).unwrap_or_else(|| {
            self.children.push(Node::new(name, label, range));
            self.children.len() - 1
        });
        if let Some(child) = self.children.get_mut(at) {
            child.add(path, label, value);
        }
    }

    fn has_value(&self) -> bool {
        self.value.is_some_and(|value| !value.is_empty())
    }
}

struct Reader<'r, 'l> {
    decoded: &'r mut Decoded<'l>,
    minor: Option<u32>,
}

impl<'l> Reader<'_, 'l> {
    fn read(&mut self, labels: &[(&'l str, &'l str)], fields: &'static [Field]) -> Node<'l> {
        let mut root = Node::new("traefik", "", 0..0);
        for (label, value) in labels {
            if let Some(path) = self.split(label) {
                root.add(path.into_iter(), label, value);
            }
        }
        for child in &root.children {
            self.option(fields, child, &root, false);
        }
        root
    }

    /// Services that have no servers. Traefik adds the container to each service that its labels name.
    fn services(&mut self, root: &Node<'l>) {
        for section in root.children.iter().filter(|section| !folds_to(section.name, "tls")) {
            for group in section.children.iter().filter(|group| folds_to(group.name, "services")) {
                let has_none = |service: &&Node<'l>| !service.children.iter().any(|c| folds_to(c.name, "loadBalancer"));
                for service in group.children.iter().filter(has_none) {
                    self.flaw(service, FlawKind::NoLoadBalancer);
                }
            }
        }
    }

    /// The names of a label below `traefik`; none where it has no form.
    fn split(&mut self, label: &'l str) -> Option<Vec<(&'l str, Range<usize>)>> {
        let mut path = Vec::new();
        let mut at = 0;
        let before = self.decoded.flaws.len();
        for (index, word) in label.split('.').enumerate() {
            let range = at..at + word.len();
            at += word.len() + 1;
            let kind = if index == 0 && word != "traefik" {
                FlawKind::Root
            } else if word.is_empty() {
                FlawKind::Empty
            } else if word.starts_with('[') {
                FlawKind::LeadingBracket
            } else if word.ends_with(']') && !word.contains('[') {
                FlawKind::NoBracket
            } else {
                if index > 0 {
                    let names = indexed(word);
                    path.extend(names.map(|(name, from)| (name, range.start + from..range.start + from + name.len())));
                }
                continue;
            };
            // Of an empty word the dot before it is shown.
            let range = if range.is_empty() { range.start.saturating_sub(1)..range.end } else { range };
            self.decoded.flaws.push(Flaw { label, range, kind });
        }
        (self.decoded.flaws.len() == before).then_some(path)
    }

    fn flaw(&mut self, node: &Node<'l>, kind: FlawKind) {
        self.decoded.flaws.push(Flaw { label: node.label, range: node.range.clone(), kind });
    }

    /// A name among options.
    fn option(&mut self, fields: &'static [Field], node: &Node<'l>, parent: &Node<'l>, is_off: bool) {
        let Some(field) = find(fields, node.name) else {
            let splits_name =
                !parent.label.is_empty() && node.children.iter().any(|child| find(fields, child.name).is_some());
            let known = fields.iter().filter(|field| field.is_read).map(|field| field.name).collect();
            self.flaw(node, FlawKind::Unknown { known, splits_name });
            return;
        };
        if self.minor.is_some_and(|minor| field.since > minor) {
            self.flaw(node, FlawKind::Newer(field.since));
            return;
        }
        self.decoded.set.push(Set { label: node.owner_or_label(), field });
        if !field.is_read && !is_off {
            self.flaw(node, FlawKind::Unread);
        }
        let mut is_off = is_off || !field.is_read;
        if matches!(field.kind, Kind::Table(_) | Kind::Map(_)) {
            if node.children.is_empty() && !field.bare && field.is_read {
                self.flaw(node, FlawKind::Alone);
                return;
            }
            let value = node.value.unwrap_or_default();
            let switches_off = field.bare && node.has_value() && !value.eq_ignore_ascii_case("true");
            if switches_off && !is_off && !value.contains(UNKNOWN) {
                let on_purpose = value::boolean(value) == Some(false);
                let with_options = !node.children.is_empty();
                if !on_purpose || with_options {
                    let kind = FlawKind::Off { on_purpose, with_options };
                    self.decoded.flaws.push(Flaw { label: node.owner, range: node.range.clone(), kind });
                }
            }
            is_off |= switches_off;
        }
        self.below(field.kind, node, is_off);
    }

    /// What stands below an option, or is its value.
    fn below(&mut self, kind: Kind, node: &Node<'l>, is_off: bool) {
        match kind {
            Kind::Table(fields) => self.options(fields, node, is_off),
            Kind::OneTable(fields) => {
                if node.children.is_empty() && !is_off {
                    self.flaw(node, FlawKind::Alone);
                }
                self.options(fields, node, is_off);
            }
            Kind::Tables(fields) => {
                if node.children.is_empty() && !is_off {
                    self.flaw(node, FlawKind::Lost);
                }
                for item in &node.children {
                    if item.children.is_empty() && !is_off {
                        self.flaw(item, FlawKind::Lost);
                    }
                    self.options(fields, item, is_off);
                }
            }
            Kind::Map(inner) => {
                for entry in &node.children {
                    self.entry(*inner, entry, is_off);
                }
            }
            Kind::List => {
                for item in &node.children {
                    match item.children.first() {
                        Some(child) => self.flaw(child, FlawKind::NoOptions),
                        None if !is_off => self.flaw(item, FlawKind::Lost),
                        None => {}
                    }
                }
            }
            Kind::Bool | Kind::Int | Kind::Duration | Kind::Text => match node.children.first() {
                Some(child) => self.flaw(child, FlawKind::NoOptions),
                None if !is_off => self.typed(kind, node),
                None => {}
            },
            Kind::Free => {}
        }
    }

    fn options(&mut self, fields: &'static [Field], node: &Node<'l>, is_off: bool) {
        for child in &node.children {
            self.option(fields, child, node, is_off);
        }
    }

    /// What stands below a free name, or is its value.
    fn entry(&mut self, kind: Kind, node: &Node<'l>, is_off: bool) {
        match kind {
            Kind::Table(fields) => self.options(fields, node, is_off),
            Kind::Int if !is_off => {
                // Below a number of its own nothing is looked at.
                if node.value.is_none() {
                    self.flaw(node, FlawKind::Type(kind));
                } else {
                    self.typed(kind, node);
                }
            }
            Kind::Text if !is_off => {
                if let Some(child) = node.children.first() {
                    self.flaw(child, FlawKind::Dotted);
                }
            }
            _ => {}
        }
    }

    fn typed(&mut self, kind: Kind, node: &Node<'l>) {
        let value = node.value.unwrap_or_default();
        if !value.contains(UNKNOWN) && !value::fits(kind, value) {
            self.decoded.flaws.push(Flaw { label: node.owner, range: node.range.clone(), kind: FlawKind::Type(kind) });
        }
    }
}

impl<'l> Node<'l> {
    fn owner_or_label(&self) -> &'l str {
        if self.value.is_some() { self.owner } else { self.label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(labels: &[(&str, &str)]) -> Vec<(String, FlawKind)> {
        let decoded = decode(labels.iter().copied(), None);
        decoded.flaws.into_iter().map(|flaw| (flaw.label[flaw.range].to_owned(), flaw.kind)).collect()
    }

    fn flaw(label: &str, value: &str) -> (String, FlawKind) {
        let mut flaws = flaws(&[(label, value)]);
        assert_eq!(flaws.len(), 1, "{label}={value}: {flaws:?}");
        flaws.remove(0)
    }

    #[test]
    fn a_flaw_points_at_the_name_that_is_wrong() {
        assert_eq!(flaw("traefik.http.routers.a.rul", "x").0, "rul");
        assert_eq!(flaw("traefik.http.routers.a.tls.domains[0].mian", "x").0, "mian");
        assert_eq!(flaw("traefik.http.routers.a[0].rule", "x").0, "[0]");
        assert_eq!(flaw("traefik.http.routers..rule", "x"), (".".to_owned(), FlawKind::Empty));
        assert_eq!(flaw("traefik.htpp.routers.a.rule", "x"), ("htpp".to_owned(), FlawKind::Section));
        assert_eq!(flaw("Traefik.http.routers.a.rule", "x"), ("Traefik".to_owned(), FlawKind::Root));
        assert_eq!(flaw("traefik.http.routers.a.rule]", "x").1, FlawKind::NoBracket);
        assert_eq!(flaw("traefik.enable", "yes"), ("enable".to_owned(), FlawKind::Type(Kind::Bool)));
    }

    #[test]
    fn a_dot_in_a_name_is_seen() {
        let (found, kind) = flaw("traefik.http.routers.my.app.rule", "x");
        assert!(found == "app" && matches!(kind, FlawKind::Unknown { splits_name: true, .. }), "{kind:?}");
        let (_, kind) = flaw("traefik.http.routers.app.rulle", "x");
        assert!(matches!(kind, FlawKind::Unknown { splits_name: false, .. }), "{kind:?}");
    }

    #[test]
    fn a_table_may_stand_beside_its_options_and_seldom_alone() {
        let headers = ("traefik.http.middlewares.a.headers", "true");
        assert_eq!(flaw(headers.0, headers.1).1, FlawKind::Alone);
        assert_eq!(flaws(&[headers, ("traefik.http.middlewares.a.Headers.frameDeny", "true")]), []);
        assert_eq!(flaws(&[("traefik.http.middlewares.a.compress", "true")]), []);
        assert_eq!(flaw("traefik.http.services.a.loadbalancer.server", "x").1, FlawKind::Alone);
        assert_eq!(flaw("traefik.http.services.a.middlewares", "x").1, FlawKind::NoLoadBalancer);
    }

    #[test]
    fn what_is_switched_off_is_not_read() {
        let tls = "traefik.http.routers.a.tls";
        assert_eq!(flaws(&[(tls, "false")]), []);
        assert_eq!(flaw(tls, "yes").1, FlawKind::Off { on_purpose: false, with_options: false });
        let resolver = ("traefik.http.routers.a.tls.certresolver", "le");
        let off = FlawKind::Off { on_purpose: true, with_options: true };
        assert_eq!(flaws(&[(tls, "false"), resolver]), [("tls".to_owned(), off)]);
        assert_eq!(
            flaws(&[
                ("traefik.http.middlewares.a.compress", "false"),
                ("traefik.http.middlewares.a.compress.minresponsebodybytes", "x")
            ])
            .len(),
            1
        );
        assert_eq!(flaws(&[("traefik.enable", "false"), ("traefik.http.routers.a.rul", "x")]), []);
    }

    #[test]
    fn options_of_newer_versions_are_told_where_the_version_is_known() {
        let label = ("traefik.http.services.a.loadbalancer.strategy", "p2c");
        assert_eq!(flaws(&[label]), []);
        let decoded = decode([label], Some(3));
        assert_eq!(decoded.flaws[0].kind, FlawKind::Newer(4));
    }

    proptest::proptest! {
        #[test]
        fn no_labels_make_it_panic(
            labels in proptest::collection::vec(("(?i)traefik\\.[a-z.\\[\\]ſ]{0,30}", "[a-z0-9]{0,5}"), 0..6),
        ) {
            let _ = decode(labels.iter().map(|(label, value)| (label.as_str(), value.as_str())), Some(3));
        }
    }
}
