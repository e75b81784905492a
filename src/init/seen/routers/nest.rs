//! `NestJS`: controllers, and what the application puts in front of all of them.

use super::{constants, end_of_item, joined, text_item, within};
use crate::audit;
use crate::audit::tokens::Tokens;

/// The paths of controllers, each with its file and whether it is whole.
pub(super) fn routes(files: &[(&str, &str)]) -> Vec<(String, String, bool)> {
    let all: Vec<Tokens<'_>> = files.iter().map(|(_, text)| audit::tokens_of_javascript(within(text))).collect();
    let constants = constants(&all);
    // None where it cannot be told.
    let mut global: Option<String> = Some(String::new());
    let mut excluded: Vec<String> = Vec::new();
    let mut is_versioned = false;
    let mut is_guarded = false;
    let mut is_set = false;
    for tokens in &all {
        for at in 0..tokens.len() {
            match tokens.text(at) {
                "setGlobalPrefix" if tokens.text(at + 1) == "(" => {
                    let close = tokens.pair(at + 1);
                    let first = at + 2;
                    let named = || constants.get(tokens.text(first)).copied().flatten();
                    let is_name = end_of_item(tokens, first, close) == first + 1;
                    let said = text_item(tokens, first, close).or_else(|| named().filter(|_| is_name));
                    global = said.filter(|_| !is_set).map(|said| joined("", &format!("/{}", said.trim_matches('/'))));
                    is_set = true;
                    let texts = (end_of_item(tokens, first, close)..close).filter_map(|at| tokens.string(at));
                    excluded.extend(texts.map(|text| text.trim_matches('/').to_owned()));
                }
                "enableVersioning" => is_versioned = true,
                "RouterModule" if tokens.text(at + 1) == "." => global = None,
                "APP_GUARD" | "useGlobalGuards" => is_guarded = true,
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    for ((path, text), tokens) in files.iter().zip(&all) {
        let mut controller: Option<(String, bool)> = None;
        for at in 0..tokens.len() {
            if tokens.before(at, 1) != "@" || tokens.text(at + 1) != "(" {
                continue;
            }
            let close = tokens.pair(at + 1);
            match tokens.text(at) {
                "Controller" => {
                    let of_object = (at + 2..close).find(|at| tokens.are(*at, &["path", ":"]));
                    let said = match of_object {
                        Some(at) => tokens.string(at + 2),
                        None if close == at + 2 || tokens.text(at + 2) == "{" => Some(""),
                        None => text_item(tokens, at + 2, close),
                    };
                    let is_neutral = (at + 2..close).any(|at| tokens.text(at) == "VERSION_NEUTRAL");
                    controller = said.map(|said| (said.trim_matches('/').to_owned(), is_neutral));
                }
                "Get" | "All" => {
                    let said = if close == at + 2 { Some("") } else { text_item(tokens, at + 2, close) };
                    let (Some(said), Some((before, is_neutral))) = (said, &controller) else { continue };
                    let inner = joined(&format!("/{before}"), &format!("/{}", said.trim_matches('/')));
                    let inner = inner.trim_end_matches('/').to_owned();
                    let is_excluded = excluded.iter().any(|other| is_excluded(other, &inner));
                    // Whoever lets everybody in says so there.
                    let is_open =
                        !is_guarded || ["Public", "SkipAuth", "AllowAnonymous"].iter().any(|w| text.contains(w));
                    let is_whole = (global.is_some() || is_excluded) && (!is_versioned || *is_neutral) && is_open;
                    let prefix = global.as_deref().filter(|_| !is_excluded).unwrap_or_default();
                    found.push((joined(prefix, &inner), (*path).to_owned(), is_whole));
                }
                _ => {}
            }
        }
    }
    found
}

/// Whether a pattern leaves a path without what stands in front of the others.
fn is_excluded(pattern: &str, path: &str) -> bool {
    let path = path.trim_matches('/');
    match pattern.find(['(', '*', ':', '{']) {
        Some(at) => path.starts_with(pattern[..at].trim_end_matches('/')),
        None => path == pattern,
    }
}
