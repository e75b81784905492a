//! Changes of entries, before and after, byte for byte.

use super::*;
use crate::manifest;
use crate::source::{KeyPath, Source};

/// The text after `change` of the entry at `path`, as `dev` sees it; none where it cannot be made.
fn changed(text: &str, path: &str, change: &Change) -> Option<String> {
    let source = Source::new("services.toml", "", text.to_owned());
    let (document, problems) = manifest::parse(&source);
    assert!(problems.is_empty(), "{text}");
    let steps = path.split('.').map(|step| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Index));
    let path = KeyPath::from_steps(&steps.collect::<Vec<_>>());
    let mut replacements = source.edits(&document, &Editor::new(text), &path, Some("dev"), change, false)?;
    replacements.sort_by_key(|replacement| replacement.span.start);
    let mut changed = text.to_owned();
    for Replacement { span, text } in replacements.into_iter().rev() {
        changed.replace_range(span, &text);
    }
    let parsed = toml::de::DeTable::parse(&changed);
    assert!(parsed.is_ok(), "{changed}");
    Some(changed)
}

fn set(text: &str, path: &str, value: impl Into<Value>) -> String {
    changed(text, path, &Change::Set(value.into())).unwrap()
}

fn insert(text: &str, path: &str, value: impl Into<Value>) -> String {
    changed(text, path, &Change::Insert(value.into())).unwrap()
}

fn remove(text: &str, path: &str) -> String {
    changed(text, path, &Change::Remove).unwrap()
}

fn rename(text: &str, path: &str, name: &str) -> String {
    changed(text, path, &Change::Rename(name.to_owned())).unwrap()
}

fn replace(text: &str, path: &str, part: &str, with: &str) -> String {
    let table: toml::Table = toml::from_str(text).unwrap();
    let value = path.split('.').skip(1).fold(&table[path.split('.').next().unwrap()], |value, key| &value[key]);
    let at = value.as_str().unwrap().find(part).unwrap();
    changed(text, path, &Change::Replace(at..at + part.len(), with.to_owned())).unwrap()
}

#[test]
fn a_value_keeps_its_line_and_its_kind_of_quotes() {
    assert_eq!(set("a  =  'x'   # why\r\nb = 1\r\n", "a", "y"), "a  =  'y'   # why\r\nb = 1\r\n");
    assert_eq!(set("a = 'x'", "a", "it's"), "a = \"it's\"");
    assert_eq!(set("a = \"x\"", "a", "say \"y\""), "a = 'say \"y\"'");
    assert_eq!(set("a = \"\"\"\nx\n\"\"\" # c", "a", "1\n2"), "a = \"1\\n2\" # c");
    assert_eq!(set("\u{feff}a = 5\n", "a", 6), "\u{feff}a = 6\n");
    assert_eq!(set("s = { a = [ 1,2 ], b.c = 3 }", "s.b.c", true), "s = { a = [ 1,2 ], b.c = true }");
    assert_eq!(set("s = { a = [ 1,2 ] }", "s.a.1", 7), "s = { a = [ 1,7 ] }");
    assert_eq!(set("[[x]]\na = 1\n[[x]]\na = 1\n", "x.1.a", 2), "[[x]]\na = 1\n[[x]]\na = 2\n");
    assert_eq!(changed("[s.a]\nx = 1\n", "s.a", &Change::Set(1.into())), None, "a header has no value");
}

#[test]
fn what_an_overlay_says_is_changed_there_and_what_it_takes_over_where_it_stands() {
    let text = "[services.web]\na = 1\n[environments.dev.services.web]\na = 2\n[defaults]\nb = 3\n";
    assert_eq!(set(text, "services.web.a", 9), text.replace("a = 2", "a = 9"));
    assert_eq!(set(text, "services.web.b", 9), text.replace("b = 3", "b = 9"));
    assert_eq!(changed(text, "services.web.c", &Change::Remove), None);
}

#[test]
fn a_part_of_a_string_keeps_the_rest_of_it() {
    assert_eq!(replace("a = \"x\\u0020${A} \\n\"", "a", "${A}", "$${A}"), "a = \"x\\u0020$${A} \\n\"");
    assert_eq!(replace("a = 'x y'", "a", "y", "z"), "a = 'x z'");
    assert_eq!(replace("a = 'x y'", "a", "y", "it's"), "a = \"x it's\"");
    assert_eq!(replace("a = \"x y\"", "a", "y", "\"\t"), "a = \"x \\\"\\t\"");
    assert_eq!(replace("a = \"\"\"\r\nx\r\ny\"\"\"\r\n", "a", "y", "z"), "a = \"\"\"\r\nx\r\nz\"\"\"\r\n");
}

#[test]
fn a_key_is_renamed_wherever_it_is_spelled() {
    let text = "[services.\"My App\"]\nenv.A = 1\n[services . \"My App\" . routes.x]\n[environments.dev.services]\n'My App'.b = 2\n";
    assert_eq!(
        rename(text, "services.My App", "my-app"),
        "[services.my-app]\nenv.A = 1\n[services . my-app . routes.x]\n[environments.dev.services]\nmy-app.b = 2\n"
    );
    assert_eq!(rename("s = { a = 1, 'b' = 2 }", "s.b", "c d"), "s = { a = 1, \"c d\" = 2 }");
    assert_eq!(changed("a = 1\nb = 2\n", "a", &Change::Rename("b".to_owned())), None);
    let text = "[s.a]\n[environments.prod.s.b]\n[environments.prod.s.a]\n";
    assert_eq!(changed(text, "s.a", &Change::Rename("b".to_owned())), None, "taken in an overlay");
}

#[test]
fn an_entry_goes_with_its_line_and_leaves_comments() {
    assert_eq!(remove("a = 1\n  b = \"\"\"\nx\"\"\"\nc = 3\n", "b"), "a = 1\nc = 3\n");
    assert_eq!(remove("a = 1\r\n\tb = 2 # why\r\n", "b"), "a = 1\r\n\t# why\r\n");
    assert_eq!(remove("a = 1\nb = 2", "b"), "a = 1\n");
    assert_eq!(remove("\u{feff}a = 1\nb = 2", "a"), "\u{feff}b = 2");
    assert_eq!(remove("[s]\nl.a = 1\n# c\nl.b = 2\nm = 3\n", "s.l"), "[s]\n# c\nm = 3\n");
    assert_eq!(remove("[s.l]\na = 1 # c\n[s.l.x]\nb = 2\n[s.m]\n", "s.l"), "# c\n[s.m]\n");
}

#[test]
fn an_item_goes_with_its_comma() {
    assert_eq!(remove("s = { a = 1, b = 2, c = 3 }", "s.a"), "s = { b = 2, c = 3 }");
    assert_eq!(remove("s = { a = 1, b = 2, c = 3 }", "s.b"), "s = { a = 1, c = 3 }");
    assert_eq!(remove("s = { a = 1, b = 2, c = 3 }", "s.c"), "s = { a = 1, b = 2 }");
    assert_eq!(remove("s = { a = 1 }", "s.a"), "s = {}");
    assert_eq!(remove("s = [ 1 , 2, ]", "s.1"), "s = [ 1 , ]");
    assert_eq!(remove("s = [\n  1, # one\n  2, # two\n]\n", "s.0"), "s = [\n  # one\n  2, # two\n]\n");
    assert_eq!(remove("s = [\n  1,\n  2\n]\n", "s.1"), "s = [\n  1,\n]\n");
    assert_eq!(remove("s = {\n  a = 1, # one\n  b = 2 # two\n}\n", "s.b"), "s = {\n  a = 1 # one\n  # two\n}\n");
    assert_eq!(remove("s = {\n  a = 1\n  , b = 2\n}\n", "s.a"), "s = {\n   b = 2\n}\n");
}

#[test]
fn an_entry_is_added_beside_its_siblings() {
    assert_eq!(
        insert("[s.a]\n  x = 1 # c\n\n[s.b]\ny = 1\n", "s.a.z", "q"),
        "[s.a]\n  x = 1 # c\n  z = \"q\"\n\n[s.b]\ny = 1\n"
    );
    assert_eq!(insert("[s.a]\r\n\r\n[s.b]\r\n", "s.a.z", 1), "[s.a]\r\nz = 1\r\n\r\n[s.b]\r\n");
    assert_eq!(insert("[s]\na.x = 1", "s.a.z", 2), "[s]\na.x = 1\na.z = 2");
    assert_eq!(insert("[s]\na.x = 1\nb = 1\n", "s.a.y.z", 2), "[s]\na.x = 1\na.y.z = 2\nb = 1\n");
    assert_eq!(insert("s = { a = 1 }", "s.b", 2), "s = { a = 1, b = 2 }");
    assert_eq!(insert("s = {}", "s.b.c", 2), "s = { b.c = 2 }");
    assert_eq!(
        insert("s = {\n  a = 1, # a\n  b = 2, # b\n}\n", "s.c", 3),
        "s = {\n  a = 1, # a\n  c = 3,\n  b = 2, # b\n}\n"
    );
    assert_eq!(changed("[s]\na = 1\n", "s.a", &Change::Insert(2.into())), None);
}

#[test]
fn a_table_that_is_not_there_gets_a_header() {
    let variable = toml::Table::from_iter([("secret".to_owned(), Value::Boolean(true))]);
    assert_eq!(insert("a = 1\n", "variables.X", variable.clone()), "a = 1\n\n[variables]\nX = { secret = true }\n");
    assert_eq!(insert("a = 1", "variables.X", variable), "a = 1\n\n[variables]\nX = { secret = true }");
    assert_eq!(insert("[s.a.env]\nx = 1\n\n[t]\n", "s.a.b", 2), "[s.a.env]\nx = 1\n\n[s.a]\nb = 2\n\n[t]\n");
    let text = "[environments.prod.services.a]\nx = 1\n";
    assert_eq!(
        insert(text, "environments.prod.services.b.y", 2),
        format!("{text}\n[environments.prod.services.b]\ny = 2\n")
    );
}

#[test]
fn what_is_added_goes_to_the_base_unless_its_table_is_in_the_overlay_alone() {
    let text =
        "[services.web]\na = 1\n[environments.dev.services.web]\nb = 2\nenv = { A = 1 }\n[defaults.env]\nA = 1\n";
    assert_eq!(insert(text, "services.web.c", 3), text.replace("a = 1\n", "a = 1\nc = 3\n"));
    assert_eq!(insert(text, "services.web.env.B", 3), text.replace("{ A = 1 }", "{ A = 1, B = 3 }"));
}

#[test]
fn what_is_wrong_in_one_environment_changes_there_alone() {
    let text = "[services.web]\na = 1\nb = 1\n[environments.dev.services.web]\na = 2\nc = 3\n";
    let put = |path, value: Value| changed(text, path, &Change::Override(value)).unwrap();
    assert_eq!(put("services.web.a", 9.into()), text.replace("a = 2", "a = 9"));
    assert_eq!(put("services.web.b", 9.into()), text.replace("c = 3\n", "c = 3\nb = 9\n"));
    let taken = |path| changed(text, path, &Change::TakeAway).unwrap();
    assert_eq!(taken("services.web.a"), text.replace("a = 2", "a = false"));
    assert_eq!(taken("services.web.b"), text.replace("c = 3\n", "c = 3\nb = false\n"));
    assert_eq!(taken("services.web.c"), text.replace("c = 3\n", ""));
}

#[test]
fn whatever_refers_to_an_entry_gets_its_new_name() {
    let text = "[services.api]\ndepends-on = [\"My_App\", \"other\"]\nenv.A = \"${services.My_App.url}/My_App ${services.My_App2.url}\"\n\
                [services.x.depends-on]\nMy_App = 'healthy'\n[environments.dev.services.api]\nextends = 'My_App'\nhelp = 'My_App'\n";
    let references = References { prefix: "services.", keys: ["depends-on", "extends"].map(str::to_owned).to_vec() };
    let mut changes = Editor::new(text).refer(&references, "My_App", "my-app").unwrap();
    changes.sort_by_key(|change| change.span.start);
    let mut changed = text.to_owned();
    for Replacement { span, text } in changes.into_iter().rev() {
        changed.replace_range(span, &text);
    }
    assert_eq!(
        changed,
        "[services.api]\ndepends-on = [\"my-app\", \"other\"]\nenv.A = \"${services.my-app.url}/My_App ${services.My_App2.url}\"\n\
         [services.x.depends-on]\nmy-app = 'healthy'\n[environments.dev.services.api]\nextends = 'my-app'\nhelp = 'My_App'\n"
    );
}
