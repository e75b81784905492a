//! The proxy that is offered in front of several programs: which paths it would hand to whom.

use crate::described::written;

const LOCK: &str = "{\"lockfileVersion\": 3, \"packages\": {}}";
const PAGE: &str = r#"{"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "^6.0.0"}}"#;
const API: &str = r#"{"name": "backend", "main": "index.js", "scripts": {"start": "node index.js"}, "dependencies": {"express": "5"}}"#;

/// A page that Vite builds, with this in its configuration, and a program that answers this.
fn page_and_program(config: &str, path: &str) -> (String, String) {
    let server = format!("const app = require('express')();\napp.get('{path}', f);\napp.listen(4000);\n");
    written(&[
        ("web/package.json", PAGE),
        ("web/package-lock.json", LOCK),
        ("web/vite.config.ts", config),
        ("web/index.html", "<p>"),
        ("backend/package.json", API),
        ("backend/package-lock.json", LOCK),
        ("backend/index.js", &server),
    ])
}

fn offered<'t>(text: &'t str, name: &str) -> &'t str {
    let start = format!("# routes.{name} = ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name}:\n{text}"));
    line.split(" #").next().unwrap_or_default().trim_end()
}

#[test]
fn what_a_development_server_hands_on_is_a_route_of_the_proxy() {
    for (config, route) in [
        ("'/api': 'http://localhost:4000',", "{ path = \"/api\" }"),
        ("\"/v2/\": { target: 'http://127.0.0.1:4000', changeOrigin: true }", "{ path = \"/v2\" }"),
        (
            "'/shop': { target: `http://localhost:4000`, rewrite: (path) => path.replace(/^\\/shop/, '') },",
            "{ path = \"/shop\", strip-prefix = true }",
        ),
        // Nobody it knows, and no plain path.
        ("'/api': 'http://localhost:4999'", "{ path = \"/backend\", strip-prefix = true }"),
        ("'^/a.*': 'http://localhost:4000'", "{ path = \"/backend\", strip-prefix = true }"),
    ] {
        let config = format!("export default {{ server: {{ port: 5173, proxy: {{ {config} }} }} }}\n");
        let (text, said) = page_and_program(&config, "/health");
        assert_eq!(offered(&text, "backend"), route, "{config}");
        assert_eq!(offered(&text, "web"), "{ path = \"/\" }", "{config}");
        assert!(said.contains("once it is built: by web/vite.config.ts"), "{config}\n{said}");
    }
    let (text, said) = page_and_program("export default { server: { proxy: targets } }\n", "/health");
    assert_eq!(offered(&text, "backend"), "{ path = \"/backend\", strip-prefix = true }");
    assert!(said.contains("what `proxy` in web/vite.config.ts hands on to others"), "{said}");
    let (_, said) = page_and_program("export default { server: { port: 5173 } }\n", "/health");
    assert!(!said.contains("vite.config"), "{said}");
}

#[test]
fn a_program_whose_own_paths_begin_with_something_is_asked_for_that() {
    let (text, _) = page_and_program("export default {}\n", "/api/health");
    assert_eq!(offered(&text, "backend"), "{ path = \"/api\" }");
}
