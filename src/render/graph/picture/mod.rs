//! Environments as pictures: an SVG of one of them, and a page with all of them.
//!
//! `drawing` decides what is told, `placement` which cell of a grid each card gets, `routing` where the lines between them
//! run, `layout` turns that into coordinates; templates spell it. The text of services.toml is escaped by them, every
//! place of it: no template here switches that off but for a drawing within the page.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::super::RenderError;
use crate::diagnostics::Resolved;
use crate::plan::Plan;

mod card;
mod differences;
mod drawing;
mod layout;
mod legend;
mod marks;
mod page;
mod placement;
mod routing;
mod scene;
mod text;

use layout::Grid;
use scene::Scene;

const TEMPLATES: [(&str, &str); 2] = [
    ("picture.svg.j2", include_str!("../../../../templates/graph/picture.svg.j2")),
    ("page.html.j2", include_str!("../../../../templates/graph/page.html.j2")),
];
const COLORS: &str = include_str!("../../../../templates/graph/colors.css");
const DARK: &str = include_str!("../../../../templates/graph/dark.css");
const PICTURE: &str = include_str!("../../../../templates/graph/picture.css");
const PAGE: &str = include_str!("../../../../templates/graph/page.css");
const SCRIPT: &str = include_str!("../../../../templates/graph/page.js");

/// What is drawn of some environments of a stack.
#[derive(Debug)]
pub struct Picture {
    scene: Scene,
}

impl Picture {
    /// A picture of these plans, of which the first is shown first, with what differs between them. Each finding is marked
    /// where it belongs.
    pub fn of(plans: &[&Plan], findings: &[Resolved]) -> Self {
        Self { scene: Scene::of(plans, findings) }
    }

    /// The first environment as an SVG: one file, which asks for no other.
    ///
    /// # Errors
    /// Where a built-in template is broken.
    pub fn svg(&self) -> Result<String, RenderError> {
        let grid = Grid::of(&self.scene);
        let Some(view) = self.scene.views.first() else { return Ok(String::new()) };
        let style = format!(
            "{}@media (prefers-color-scheme: dark) {{\n{}}}\n{PICTURE}",
            colors(".stackgen-graph", COLORS),
            colors(".stackgen-graph", DARK)
        );
        let summary = page::summary(&self.scene, view);
        svg(&environment()?, &grid, 0, Some((&style, &summary)))
    }

    /// All environments as a page: one file, which asks for no other.
    ///
    /// # Errors
    /// Where a built-in template is broken.
    pub fn html(&self) -> Result<String, RenderError> {
        let environment = environment()?;
        let grid = Grid::of(&self.scene);
        let mut pictures = Vec::with_capacity(self.scene.views.len());
        for number in 0..self.scene.views.len() {
            pictures.push(Value::from_safe_string(svg(&environment, &grid, number, None)?));
        }
        let style = format!(
            "{}@media (prefers-color-scheme: dark) {{\n{}}}\n{}{}@media print {{\n{}}}\n{PICTURE}{PAGE}",
            colors(":root", COLORS),
            colors(":root", DARK),
            colors(":root:has(#theme-dark:checked)", DARK),
            colors(":root:has(#theme-light:checked)", COLORS),
            colors(":root, :root:has(#theme-dark:checked)", COLORS)
        );
        let context = context! {
            style => Value::from_safe_string(style),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            pictures,
            page => Value::from(Serde(page::Page::of(&self.scene))),
        };
        rendered(&environment, "page.html.j2", context)
    }
}

/// Colors for what a selector finds.
fn colors(selector: &str, colors: &str) -> String {
    format!("{selector} {{\n{colors}}}\n")
}

fn svg(
    environment: &Environment<'_>,
    grid: &Grid<'_>,
    number: usize,
    alone: Option<(&str, &page::Summary)>,
) -> Result<String, RenderError> {
    let drawn = Value::from(Serde(grid.drawn(number, alone.is_some())));
    let style = alone.map(|(style, _)| Value::from_safe_string(style.to_owned()));
    let summary = alone.map(|(_, summary)| Value::from(Serde(summary)));
    rendered(environment, "picture.svg.j2", context! { drawn, style, summary, view => number })
}

/// Strict, and everything that is put in is escaped for HTML and XML.
fn environment() -> Result<Environment<'static>, RenderError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => out.write_str(&escaped(text)).map_err(minijinja::Error::from),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment.add_filter("px", |number: f64| {
        let short = layout::short(number);
        if short.fract() == 0.0 { format!("{short:.0}") } else { short.to_string() }
    });
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).map_err(|error| broken(&error, name))?;
    }
    Ok(environment)
}

/// Text for HTML and XML, also within quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn rendered(environment: &Environment<'_>, name: &str, context: Value) -> Result<String, RenderError> {
    let template = environment.get_template(name).map_err(|error| broken(&error, name))?;
    template.render(context).map_err(|error| broken(&error, name))
}

fn broken(error: &minijinja::Error, name: &str) -> RenderError {
    let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
    RenderError::Template { place: format!("templates/graph/{name}{line}"), message: error.to_string() }
}
