//! Every spelling of a read in JavaScript and TypeScript.

use super::super::read::Need::{self, Bare, Demanded, Fallback};
use super::*;

/// The names that a text reads, with what happens without each.
fn reads(text: &str) -> Vec<(String, Need)> {
    scan(text).reads.iter().map(|read| (read.name().to_owned(), read.need)).collect()
}

fn check(text: &str, expected: &[(&str, Need)]) {
    let expected: Vec<(String, Need)> = expected.iter().map(|(name, need)| ((*name).to_owned(), *need)).collect();
    assert_eq!(reads(text), expected, "{text}");
}

#[test]
fn a_member_is_a_read() {
    check("const a = process.env.A_NAME;", &[("A_NAME", Bare)]);
    check("run(process.env['A_NAME'])", &[("A_NAME", Bare)]);
    check("run(process.env[\"A_NAME\"])", &[("A_NAME", Bare)]);
    check("run(process.env[`A_NAME`])", &[("A_NAME", Bare)]);
    check("run(process['env'].A_NAME)", &[("A_NAME", Bare)]);
    check("run(process.env!.A_NAME!)", &[("A_NAME", Bare)]);
    check("run(globalThis.process.env.A_NAME as string)", &[("A_NAME", Bare)]);
    check("run((process.env as any).A_NAME)", &[("A_NAME", Bare)]);
    check("run((process.env as Record<string, string>)['A_NAME'])", &[("A_NAME", Bare)]);
    check("run(process?.env?.A_NAME)", &[("A_NAME", Bare)]);
    check("const u = `http://${process.env.A_HOST}:${process.env.A_PORT}/`;", &[("A_HOST", Bare), ("A_PORT", Bare)]);
    check("fetch(import.meta.env.VITE_API)", &[("VITE_API", Bare)]);
    check("run(Deno.env.get('A_NAME'))", &[("A_NAME", Bare)]);
    check("run(Bun.env.A_NAME)", &[("A_NAME", Bare)]);
    check("return <a href={process.env.A_NAME}>don't</a>", &[("A_NAME", Bare)]);
}

#[test]
fn what_is_taken_instead_is_seen() {
    for text in [
        "const a = process.env.A_NAME ?? 'x';",
        "const a = process.env.A_NAME || 'x';",
        "const a = (process.env.A_NAME as string) || 'x';",
        "const a = process.env.A_NAME! || 'x';",
        "const a = process.env.A_NAME ? 1 : 2;",
        "const a = process.env.A_NAME?.split(',');",
        "const a = process.env.A_NAME === 'true';",
        "const a = 'true' === process.env.A_NAME;",
        "const a = Number(process.env.A_NAME) || 3000;",
        "const a = parseInt(process.env.A_NAME, 10) || 3000;",
        "const a = !!process.env.A_NAME;",
        "const a = Boolean(process.env.A_NAME);",
        "if (process.env.A_NAME) { go(); }",
        "if ('A_NAME' in process.env) { go(); }",
        "process.env.A_NAME ??= 'x';",
        "const { A_NAME = 'x' } = process.env;",
        "const { A_NAME: name = 'x' } = process.env;",
        "const a = process.env.A_NAME; run(a ?? 'x');",
        "const a = process.env.A_NAME; if (a) run(a);",
        "const { A_NAME } = process.env; run(A_NAME || 'x');",
        "switch (process.env.A_NAME) { default: go(); }",
        "const a = ['x', 'y'].includes(process.env.A_NAME);",
        "const a = toBool(process.env.A_NAME);",
        "const a = /^x/.test(process.env.A_NAME);",
    ] {
        check(text, &[("A_NAME", Fallback)]);
    }
}

#[test]
fn what_ends_the_program_is_seen() {
    for text in [
        "if (!process.env.A_NAME) { throw new Error('A_NAME'); }",
        "if (!process.env.A_NAME) throw new Error('x');",
        "if (!process.env.A_NAME) { console.error('x'); process.exit(1); }",
        "const a = process.env.A_NAME ?? fail('A_NAME');",
        "const a = process.env.A_NAME || (() => { throw new Error('x'); })();",
        "const a = process.env.A_NAME; if (!a) throw new Error('x');",
        "const a = process.env.A_NAME; if (a === undefined) { throw new Error('x'); }",
        "const { A_NAME } = process.env; if (!A_NAME) { throw new Error('x'); }",
        "assert(process.env.A_NAME);",
        "const url = requireEnv(process.env.A_NAME);",
    ] {
        check(text, &[("A_NAME", Demanded)]);
    }
}

#[test]
fn the_environment_has_other_names() {
    check("const env = process.env; run(env.A_NAME, env['B_NAME']);", &[("A_NAME", Bare), ("B_NAME", Bare)]);
    check("function load(env = process.env) { return env.A_NAME; }", &[("A_NAME", Bare)]);
    check("const load = (env: NodeJS.ProcessEnv = process.env) => env.A_NAME;", &[("A_NAME", Bare)]);
    check("import { env } from 'node:process'; run(env.A_NAME);", &[("A_NAME", Bare)]);
    check("import process, { env as e } from 'process'; run(e.A_NAME);", &[("A_NAME", Bare)]);
    check("const { env } = process; run(env.A_NAME);", &[("A_NAME", Bare)]);
    check("const { env } = require('process'); run(env.A_NAME);", &[("A_NAME", Bare)]);
    check("import { env } from '$env/dynamic/private'; run(env.A_NAME);", &[("A_NAME", Bare)]);
    check("import { A_NAME } from '$env/static/private'; run(A_NAME);", &[("A_NAME", Bare)]);
    check("const { A_NAME, B_NAME: b, ...rest } = process.env;", &[("A_NAME", Bare), ("B_NAME", Bare)]);
    check("const { A_NAME }: Env = process.env;", &[("A_NAME", Bare)]);
    // Another object of the same name.
    check("import { env } from './env'; run(env.A_NAME);", &[]);
}

#[test]
fn a_function_of_the_file_reads_what_it_is_given() {
    check(
        "const required = (name: string) => { if (!env[name]) throw new Error(name); return env[name]; };
         const env = process.env; run(required('A_NAME'));",
        &[("A_NAME", Demanded)],
    );
    check(
        "function read(name, fallback) { return process.env[name] ?? fallback; } run(read('A_NAME', 3), read('B_NAME'));",
        &[("A_NAME", Fallback), ("B_NAME", Bare)],
    );
    check("const need = name => process.env[name] || ''; run(need('A_NAME'));", &[("A_NAME", Fallback)]);
    check(
        "class Config { get(key: string): string { const v = process.env[key]; if (!v) throw Error(key); return v; } }
         const c = new Config(); run(c.get('A_NAME'));",
        &[("A_NAME", Demanded)],
    );
}

#[test]
fn a_function_is_called_where_it_is_known() {
    let class = "class Env { static get(k) { const v = process.env[k]; if (!v) throw Error(k); return v; } two() { this.get('A_NAME'); } }";
    check(
        &format!("{class} m.get('NOTENV'); axios.get('X'); get('Y'); Env.get('B_NAME'); new Env().get('C_NAME');"),
        &[("A_NAME", Demanded), ("B_NAME", Demanded), ("C_NAME", Demanded)],
    );
    check("const get = (k) => process.env[k]; m.get('NOTENV'); run(get('A_NAME'));", &[("A_NAME", Bare)]);
    check("function f() { const get = (k) => process.env[k]; run(get('A_NAME')); } get('X');", &[("A_NAME", Bare)]);
    check(
        "const env = { get(k) { return process.env[k]; } }; m.get('X'); run(env.get('A_NAME'));",
        &[("A_NAME", Bare)],
    );
}

#[test]
fn a_name_means_the_environment_where_nothing_else_has_it() {
    let reads = [("A_NAME", Bare)];
    check("const e = process.env; run(e.A_NAME); try { x(); } catch (e) { log(e.message, e.code); }", &reads);
    check("const env = process.env; router.get('/', (req, env) => env.OTHER); run(env.A_NAME);", &reads);
    check(
        "const env = process.env; list.map(env => env.OTHER); list.map(({ env }) => env.OTHER); run(env.A_NAME);",
        &reads,
    );
    check(
        "class C { constructor(private env = process.env) { run(env.A_NAME); } } function f() { const env = { FOO: 1 }; return env.FOO; }",
        &reads,
    );
    check("function f(env: Env = process.env): string { return run(env.A_NAME); } env.OTHER;", &reads);
    check("let env; function f() { env = process.env; } run(env.A_NAME);", &reads);
    check("const env = process.env; function f() { { run(env.A_NAME); } }", &reads);
    check("for (const env of list) { env.OTHER; } const env = process.env; run(env.A_NAME);", &reads);
}

#[test]
fn what_is_guarded_is_not_needed() {
    for text in [
        "if (!isProd) process.env.A_NAME;",
        "if (!isProd) { const { A_NAME } = process.env; run(A_NAME); }",
        "if (a) { b(); } else { run(process.env.A_NAME); }",
        "const a = ready && { b: process.env.A_NAME };",
        "if (ready) f(process.env.A_NAME);",
        "try { run(process.env.A_NAME); } catch (e) { log(e); }",
        "try { run(process.env.A_NAME); } catch { }",
        "const a = ready ? process.env.A_NAME : 3;",
        "switch (kind) { case 's3': run(process.env.A_NAME); }",
        "run(isTrue(process.env.A_NAME));",
        "run(/^a/.test(process.env.A_NAME));",
    ] {
        check(text, &[("A_NAME", Fallback)]);
    }
    for text in [
        "if (a) { b(); } run(process.env.A_NAME);",
        "const b = a && c; run(process.env.A_NAME);",
        "run(a ? 1 : 2, process.env.A_NAME);",
        "try { run(process.env.A_NAME); } catch (e) { process.exit(1); }",
        "if (require.main === module) { run(process.env.A_NAME); }",
        "function f(a?: string) { return run(process.env.A_NAME); }",
    ] {
        check(text, &[("A_NAME", Bare)]);
    }
}

#[test]
fn a_list_of_names_is_read_one_by_one() {
    check(
        "for (const name of ['A_NAME', 'B_NAME']) { if (!process.env[name]) { throw new Error(name); } }",
        &[("A_NAME", Demanded), ("B_NAME", Demanded)],
    );
    check(
        "const NEEDED = ['A_NAME', 'B_NAME'] as const; NEEDED.forEach((key) => { if (!process.env[key]) throw Error(key); });",
        &[("A_NAME", Demanded), ("B_NAME", Demanded)],
    );
    check("const missing = ['A_NAME'].filter((n) => !process.env[n]);", &[("A_NAME", Fallback)]);
    check(
        "const missing = ['A_NAME'].filter((n) => !process.env[n]); if (missing.length > 0) { throw new Error('x'); }",
        &[("A_NAME", Demanded)],
    );
}

#[test]
fn a_schema_says_what_is_needed() {
    check(
        "const env = z.object({ A_NAME: z.string().url(), B_NAME: z.coerce.number().default(3), C_NAME: z.string().optional() }).parse(process.env);",
        &[("A_NAME", Demanded), ("B_NAME", Fallback), ("C_NAME", Fallback)],
    );
    check(
        "export const env = createEnv({ server: { A_NAME: z.string() }, client: {}, runtimeEnv: { A_NAME: process.env.A_NAME } });",
        &[("A_NAME", Demanded)],
    );
    check(
        "export const env = createEnv({ server: { A_NAME: z.string().optional() }, runtimeEnv: process.env });",
        &[("A_NAME", Fallback)],
    );
    check(
        "const env = cleanEnv(process.env, { A_NAME: str(), B_NAME: port({ default: 3 }) });",
        &[("A_NAME", Demanded), ("B_NAME", Fallback)],
    );
    check(
        "ConfigModule.forRoot({ validationSchema: Joi.object({ A_NAME: Joi.string().required(), B_NAME: Joi.string() }) })",
        &[("A_NAME", Demanded), ("B_NAME", Fallback)],
    );
    check("z.object({ DB: z.string() }).parse({ DB: process.env.A_NAME });", &[("A_NAME", Bare)]);
    check(
        "createEnv({ server: { DB: z.string(), C: z.string() }, runtimeEnv: { DB: process.env.A_NAME, C: x } });",
        &[("A_NAME", Bare)],
    );
    check("const given = { DB: process.env.A_NAME }; z.object({ DB: z.string() }).parse(given);", &[("A_NAME", Bare)]);
    // What is not needed.
    for kind in [
        "z.string().or(z.undefined())",
        "z.union([z.string(), z.undefined()])",
        "z.any()",
        "z.unknown()",
        "z.preprocess((v) => v ?? 3, z.number())",
    ] {
        check(&format!("z.object({{ A_NAME: {kind} }}).parse(process.env)"), &[("A_NAME", Fallback)]);
    }
    check("z.object({ A_NAME: z.string() }).partial().parse(process.env)", &[("A_NAME", Fallback)]);
    check("const s = z.object({ A_NAME: z.string() }); s.partial().parse(process.env)", &[("A_NAME", Fallback)]);
    check(
        "z.object({ A_NAME: z.string(), B_NAME: z.string() }).omit({ A_NAME: true }).parse(process.env)",
        &[("A_NAME", Fallback), ("B_NAME", Demanded)],
    );
    assert!(scan("z.object({ A_NAME: z.string() }).parse(process.env)").unknown.is_empty());
}

#[test]
fn libraries_are_given_names() {
    check(
        "import * as env from 'env-var'; run(env.get('A_NAME').required().asString(), env.get('B_NAME').default('x').asString());",
        &[("A_NAME", Demanded), ("B_NAME", Fallback)],
    );
    check(
        "constructor(private config: ConfigService) { config.get<string>('A_NAME'); config.getOrThrow('B_NAME'); }",
        &[("A_NAME", Bare), ("B_NAME", Demanded)],
    );
    check("import convict from 'convict'; convict({ port: { default: 1, env: 'A_NAME' } });", &[("A_NAME", Fallback)]);
}

#[test]
fn a_config_service_is_known_by_its_type_and_not_by_its_name() {
    let import = "import { ConfigService } from '@nestjs/config';";
    for text in [
        "export const a = (c: ConfigService) => c.getOrThrow<string>('A_NAME');",
        "class A { constructor(private readonly env: ConfigService<Vars, true>) {} b() { return this.env.getOrThrow('A_NAME'); } }",
        "class A { constructor(@Inject() private readonly x: ConfigService) { x.getOrThrow('A_NAME'); } }",
        "class A { private x?: ConfigService; b() { return this.x.getOrThrow('A_NAME'); } }",
        "f({ inject: [ConfigService], useFactory: (c: ConfigService) => ({ url: c.getOrThrow('A_NAME') }) });",
        "f({ useFactory: async (o, c) => ({ url: c.getOrThrow('A_NAME') }), inject: [Other, ConfigService] });",
        "f({ inject: [ConfigService], useFactory: c => c.getOrThrow('A_NAME') });",
        "async function main() { const c = app.get(ConfigService); run(c.getOrThrow('A_NAME')); }",
        "async function main() { const c = await app.resolve<ConfigService>(ConfigService); run(c.getOrThrow('A_NAME')); }",
        "run(app.get(ConfigService).getOrThrow<string>('A_NAME'));",
        "run(new ConfigService().getOrThrow('A_NAME'));",
        "let c: ConfigService; beforeAll(() => { run(c.getOrThrow('A_NAME')); });",
        // Another file made it.
        "class A extends Base { b() { return this.config.getOrThrow('A_NAME'); } }",
    ] {
        check(&format!("{import} {text}"), &[("A_NAME", Demanded)]);
    }
    check(
        "import { ConfigService as Settings } from '@nestjs/config'; const a = (s: Settings) => s.getOrThrow('A_NAME');",
        &[("A_NAME", Demanded)],
    );
    check(
        &format!("{import} const a = (c: ConfigService) => f(c.get('A_NAME', {{ infer: true }}), c.get('B_NAME', 3));"),
        &[("A_NAME", Bare), ("B_NAME", Fallback)],
    );
    // Something else of the same name, of another class, or asked for something else.
    for text in [
        "const a = (c: ConfigService) => 1; const b = (c: Map) => c.get('OTHER');",
        "const a = (c: ConfigService) => list.map((c) => c.get('OTHER'));",
        "class A { constructor(private c: ConfigService) {} } class B { b() { return this.c.get('OTHER'); } }",
        "class A { constructor(c: ConfigService) {} b() { return this.c.get('OTHER'); } }",
        "const config = new Map(); config.get('OTHER');",
        "function f(configs: Map<string, string>) { return configs.get('OTHER'); }",
        "const cache = app.get(Cache); cache.get('OTHER');",
        "f({ inject: [Cache, ConfigService], useFactory: (c, d) => c.get('OTHER') });",
        "f({ provide: ConfigService, useValue: c }); c.get('OTHER');",
        "const a = (c: ConfigService) => c.get('database.host');",
    ] {
        check(&format!("{import} {text}"), &[]);
    }
    check("import { ConfigService } from './config'; const a = (c: ConfigService) => c.get('OTHER');", &[]);
    check(
        "class ConfigService { get(key) { return rows[key]; } } const a = (c: ConfigService) => c.get('OTHER');",
        &[],
    );
}

#[test]
fn a_file_that_cannot_be_loaded_without_a_variable_is_known() {
    for text in [
        "if (!process.env.A_NAME) throw new Error('A_NAME');",
        "import { env } from '$env/dynamic/private'; if (!env.A_NAME) throw new Error('A_NAME'); export const a = 1;",
        "const f = () => 1\nif (!process.env.A_NAME) { throw new Error('x'); }",
        "const f = () => { go(); }; const a = process.env.A_NAME; if (!a) throw new Error('x');",
        "export const env = createEnv({ server: { A_NAME: z.string() }, runtimeEnv: process.env });",
        "const need = (name) => { if (!process.env[name]) throw new Error(name); return process.env[name]; }; \
         export const a = { url: need('A_NAME') };",
    ] {
        assert_eq!(scan(text).at_load.len(), 1, "{text}");
    }
    for text in [
        "export function f() { if (!process.env.A_NAME) throw new Error('A_NAME'); }",
        "export const f = () => { if (!process.env.A_NAME) { throw new Error('x'); } };",
        "export const f = () => process.env.A_NAME ?? fail('A_NAME');",
        "class A { b(): string { if (!process.env.A_NAME) throw new Error('x'); return ''; } }",
        "export const load = async ({ url }) => { if (!process.env.A_NAME) throw new Error('x'); };",
        "export default { async fetch() { if (!process.env.A_NAME) throw new Error('x'); } };",
        "run(process.env.A_NAME);",
    ] {
        assert_eq!(scan(text).at_load.len(), 0, "{text}");
    }
}

#[test]
fn what_nobody_can_see_is_unknown() {
    for text in [
        "run(process.env[`APP_${name}`]);",
        "run(process.env[prefix + name]);",
        "for (const key in process.env) run(key);",
        "spawn('x', { env: { ...process.env } });",
        "run(Object.entries(process.env));",
        "const { A_NAME, ...rest } = process.env;",
    ] {
        assert_eq!(scan(text).unknown.len(), 1, "{text}");
    }
}

#[test]
fn what_is_no_code_is_no_read() {
    check("// process.env.A_NAME\n/* process.env.B_NAME */", &[]);
    check("const a = 'process.env.A_NAME'; const b = /process.env.B_NAME/;", &[]);
    check("process.env.A_NAME = 'x'; delete process.env.B_NAME;", &[]);
    check("const a = 4 / 2; run(process.env.A_NAME); // 'it' / 2", &[("A_NAME", Bare)]);
    check("const open = `{`; run(process.env.A_NAME); const close = `}`;", &[("A_NAME", Bare)]);
    check("import.meta.env.MODE; import.meta.env.DEV;", &[]);
}

#[test]
fn one_of_several_names_will_do() {
    let found = scan("run(process.env.A_NAME ?? process.env.B_NAME);");
    assert_eq!(found.reads[1].behind, ["A_NAME"]);
    assert_eq!((found.reads[0].need, found.reads[1].need), (Fallback, Bare));
}
