//! Every link of every Markdown page of the repository leads to a file and a heading that are there.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::markdown::slug;
use super::support::repository;

/// What a clone does not have, and what is no page of ours.
const ELSEWHERE: [&str; 4] = [".git", "target", "node_modules", "dist"];

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            if let Err(reason) = follow(&pages, path, link) {
                broken.push(format!("{}: {link}: {reason}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(pages.values().map(|page| page.links.len()).sum::<usize>() > 100, "hardly any link was found");
}

#[test]
fn no_text_is_taken_for_html() {
    for (path, page) in pages() {
        assert!(page.html.is_empty(), "{}: escape the `<` of {:?}", path.display(), page.html);
    }
}

#[test]
fn every_page_can_be_found_from_the_readme() {
    let pages = pages();
    let mut reached = HashSet::new();
    let mut open = vec![PathBuf::from("README.md")];
    while let Some(path) = open.pop() {
        let Some(page) = pages.get(&path) else { continue };
        if reached.insert(path.clone()) {
            open.extend(page.links.iter().filter(|link| !is_outside(link)).map(|link| target(&path, link).0));
        }
    }
    // A stack's own page, or a form for an issue, is read where it stands.
    let is_ours = |path: &Path| path.starts_with("docs") || path.components().count() == 1;
    let lost: Vec<&PathBuf> = pages.keys().filter(|path| is_ours(path) && !reached.contains(*path)).collect();
    assert!(lost.is_empty(), "no link leads from README.md to {lost:?}");
}

/// What matters here of a page.
#[derive(Debug, Default)]
struct Page {
    links: Vec<String>,
    anchors: HashSet<String>,
    html: Vec<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let name = slug(&heading.take().unwrap_or_default());
                    // The second heading of a name gets a number.
                    let seen = times.entry(name.clone()).or_default();
                    page.anchors.insert(if *seen == 0 { name } else { format!("{name}-{seen}") });
                    *seen += 1;
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                // A line break in a cell of a table has no other form.
                Event::Html(html) | Event::InlineHtml(html) if !html.starts_with("<!--") && &*html != "<br>" => {
                    page.html.push(html.into_string());
                }
                _ => {}
            }
        }
        page
    }
}

/// Every page of the repository, by its path from the root.
fn pages() -> BTreeMap<PathBuf, Page> {
    let mut pages = BTreeMap::new();
    collect(repository(), &mut pages).expect("a readable repository");
    pages
}

fn collect(folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !ELSEWHERE.contains(&name.as_str()) {
            collect(&path, pages)?;
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
            let from_root = path.strip_prefix(repository()).expect("a path below the root").to_owned();
            pages.insert(from_root, Page::read(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn is_outside(link: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

/// The file that a link on `page` names, from the root, and the heading in it.
fn target<'l>(page: &Path, link: &'l str) -> (PathBuf, &'l str) {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    if file.is_empty() {
        return (page.to_owned(), anchor);
    }
    let mut path = PathBuf::new();
    for part in page.parent().unwrap_or(Path::new("")).join(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    (path, anchor)
}

fn follow(pages: &BTreeMap<PathBuf, Page>, page: &Path, link: &str) -> Result<(), String> {
    if is_outside(link) {
        return Ok(());
    }
    let (path, anchor) = target(page, link);
    if !repository().join(&path).exists() {
        return Err(format!("there is no {}", path.display()));
    }
    match pages.get(&path) {
        Some(page) if !anchor.is_empty() && !page.anchors.contains(anchor) => {
            Err(format!("{} has no heading `{anchor}`", path.display()))
        }
        None if !anchor.is_empty() => Err(format!("{} is no page with headings", path.display())),
        _ => Ok(()),
    }
}
