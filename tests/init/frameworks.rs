//! Frameworks whose build writes a server for Node.js: each becomes a service that runs it, whatever their development servers
//! listen on.

use crate::described::Described;

const NPM: (&str, &str) = ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");

/// A program with these scripts and packages, and further files.
fn framework(scripts: &str, packages: &str, more: &[(&str, &str)]) -> Described {
    let package = format!(
        r#"{{"name": "notes", "scripts": {{"dev": "vite dev --port 5174", "build": "vite build", {scripts}}},
            "dependencies": {{"left-pad": "1", {packages}}}, "devDependencies": {{"vite": "6"}}}}"#
    );
    let mut files = vec![
        ("package.json", package.as_str()),
        NPM,
        ("vite.config.js", "export default { server: { port: 5174 }, preview: { port: 5175 } };\n"),
    ];
    files.extend(more);
    Described::of(&files)
}

const SVELTE: &str = r#""@sveltejs/kit": "2", "@sveltejs/adapter-node": "5""#;

#[test]
fn what_the_build_of_a_framework_writes_is_what_runs() {
    for (packages, command, output, port) in [
        (SVELTE, "node build", "build", 3000),
        (r#""astro": "5", "@astrojs/node": "9""#, "node dist/server/entry.mjs", "dist", 4321),
        (r#""nuxt": "3""#, "node .output/server/index.mjs", ".output", 3000),
        (
            r#""@react-router/serve": "7", "@react-router/dev": "7""#,
            "react-router-serve ./build/server/index.js",
            "build",
            3000,
        ),
        (r#""@remix-run/serve": "2""#, "remix-serve ./build/server/index.js", "build", 3000),
    ] {
        // Also where the script shows what was built to whoever wrote it.
        for scripts in [r#""test": "vitest""#, r#""start": "vite preview""#] {
            let described = framework(scripts, packages, &[]);
            described
                .says("kind = \"node\"")
                .says(&format!("command = \"{command}\""))
                .says(&format!("build-output = \"{output}\""))
                .says(&format!("port = {port} "))
                .hides("5174");
            let dockerfile = described.file("Dockerfile");
            assert!(dockerfile.contains(&format!("COPY --from=build /app/{output} ./{output}")), "{dockerfile}");
        }
    }
}

#[test]
fn a_start_script_that_runs_what_was_built_is_kept() {
    framework(r#""start": "PORT=4000 node -r ./tracing.js build""#, SVELTE, &[])
        .says("command = \"node -r ./tracing.js build\"")
        .says("build-output = \"build\"")
        .says("port = 4000");
    framework(
        r#""start": "node out""#,
        SVELTE,
        &[("svelte.config.js", "export default { kit: { adapter: adapter({ out: 'out' }) } };\n")],
    )
    .says("build-output = \"out\"")
    .says("# from svelte.config.js")
    .hides("5174");
    // A server of its own lies beside what was built.
    framework(
        r#""start": "node server.js""#,
        SVELTE,
        &[("server.js", "import { handler } from './build/handler.js';\nexpress().use(handler).listen(4100);\n")],
    )
    .says("port = 4100")
    .hides("build-output")
    .hides("5174");
}

#[test]
fn what_listens_to_itself_alone_is_told_to_listen_to_all() {
    framework(r#""test": "vitest""#, r#""astro": "5", "@astrojs/node": "9""#, &[]).says("HOST = \"0.0.0.0\"");
}

#[test]
fn pages_that_are_built_for_one_host_are_no_service() {
    framework(r#""test": "vitest""#, r#""@sveltejs/kit": "2", "@sveltejs/adapter-vercel": "5""#, &[])
        .tells("`@sveltejs/adapter-vercel` builds nothing that a container can run: install `@sveltejs/adapter-node`")
        .hides("\n[services.web]");
}

#[test]
fn a_server_that_looks_at_its_own_address_knows_it() {
    let env = "ORIGIN=http://localhost:5174\nBODY_SIZE_LIMIT=2M\nHOST=127.0.0.1\n";
    let described = framework(r#""start": "node build""#, SVELTE, &[(".env.example", env)]);
    described
        .says("ORIGIN")
        .says("\"${services.app.public-url}\"")
        .says("`@sveltejs/adapter-node` reads it")
        .says("BODY_SIZE_LIMIT = { default = \"2M\" }")
        .hides("who reads `ORIGIN`")
        .hides("5174");
    assert!(described.rendered().contains("ORIGIN"), "{}", described.rendered());
    // Forms are refused without it, whoever says so.
    framework(r#""start": "node build""#, SVELTE, &[]).says("\"${services.app.public-url}\"");
    let auth = [(".env.example", "NEXTAUTH_URL=http://localhost:5174\n")];
    framework(
        r#""start": "node build""#,
        r#""@sveltejs/kit": "2", "@sveltejs/adapter-node": "5", "next-auth": "4""#,
        &auth,
    )
    .says("NEXTAUTH_URL")
    .says("`next-auth` reads it")
    .hides("5174");
}

#[test]
fn a_build_that_stops_without_a_variable_is_told() {
    let throws =
        "import { env } from '$env/dynamic/private';\nif (!env.DATABASE_URL) throw new Error('DATABASE_URL');\n";
    let told = "whether its build has `DATABASE_URL`: src/lib/server/db.ts throws without it as soon as it is loaded";
    let of =
        |packages: &str, text: &str| framework(r#""start": "node build""#, packages, &[("src/lib/server/db.ts", text)]);
    of(SVELTE, throws).tells(told).tells("`DATABASE_URL = \"postgresql://localhost/none\"`");
    of(SVELTE, "export function db() { if (!process.env.DATABASE_URL) throw new Error('x'); }\n")
        .hides("whether its build");
    // Nothing of it is loaded while it is built.
    of(r#""express": "5""#, throws).hides("whether its build");
}
