//! What is asked of programs whose routers say a part of it.

use super::*;

type Files<'t> = &'t [(&'t str, &'t str)];

/// The whole path, or the part of which nothing more is known, with dots in front.
fn shown(health: &Health) -> String {
    let part = health.part.as_ref().map(|(path, _)| format!("…{path}"));
    health.found.as_ref().map(|found| found.value.clone()).or(part).unwrap_or_default()
}

fn python(files: Files<'_>, packages: &[&str]) -> String {
    let module = |path: &str| path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
    let packages = packages.iter().map(|name| (*name).to_owned()).collect();
    let app = files.iter().any(|(path, _)| *path == "main.py").then(|| Fact::seen("main:app".to_owned(), "main.py"));
    shown(&of_python(files, &module, &Program { app, packages, ..Program::default() }))
}

fn node(files: Files<'_>) -> String {
    let is_nest = files.iter().any(|(_, text)| text.contains("@Controller"));
    let packages = is_nest.then(|| "@nestjs/core".to_owned()).into_iter().collect();
    shown(&of_node(files, &Program { packages, ..Program::default() }))
}

#[test]
fn blueprints_of_flask_say_what_stands_in_front() {
    let views = |made: &str| {
        format!(
            "from flask import Blueprint\nbp = Blueprint('a', __name__{made})\n@bp.get('/healthz')\ndef h():\n    return 'ok'\n"
        )
    };
    for (made, hung, expected) in [
        ("", "app.register_blueprint(bp, url_prefix=\"/shop\")", "/shop/healthz"),
        (", url_prefix='/a'", "app.register_blueprint(bp)", "/a/healthz"),
        // The one of the registration counts.
        (", url_prefix='/a'", "app.register_blueprint(bp, url_prefix='/b')", "/b/healthz"),
        ("", "app.register_blueprint(bp)", "/healthz"),
        ("", "app.register_blueprint(bp, url_prefix=PREFIX)", "/c/healthz"),
        ("", "app.register_blueprint(bp, url_prefix=f'/{x}')", "…/healthz"),
        ("", "app.register_blueprint(bp, **options)", "…/healthz"),
        ("", "for one in all:\n    app.register_blueprint(one)", "…/healthz"),
    ] {
        let main = format!(
            "from flask import Flask\nfrom shop.views import bp\nPREFIX = '/c'\napp = Flask(__name__)\n{hung}\n"
        );
        let views = views(made);
        assert_eq!(python(&[("shop/__init__.py", &main), ("shop/views.py", &views)], &[]), expected, "{made} {hung}");
    }
    // In a function that makes the application, and in one that is handed it.
    let views = views("");
    let factory = "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    from . import views\n    \
                   app.register_blueprint(views.bp, url_prefix='/v')\n    return app\n";
    assert_eq!(python(&[("shop/__init__.py", factory), ("shop/views.py", &views)], &[]), "/v/healthz");
    let handed = "from flask import Flask\nfrom .routes import init_app\n\n\ndef create_app():\n    app = Flask(__name__)\n    \
                  init_app(app)\n    return app\n";
    let routes = "from .views import bp\n\n\ndef init_app(app):\n    app.register_blueprint(bp, url_prefix='/w')\n\n    \
                  @app.route('/ping')\n    def ping():\n        return 'ok'\n";
    let files = [("shop/__init__.py", handed), ("shop/routes.py", routes), ("shop/views.py", &views)];
    assert_eq!(python(&files, &[]), "/w/healthz");
    assert_eq!(python(&files[..2], &[]), "/ping");
}

#[test]
fn routers_of_fastapi_hang_on_one_another() {
    let health =
        "from fastapi import APIRouter\nrouter = APIRouter(prefix='/-')\n@router.get('/healthz')\ndef h():\n    pass\n";
    let index = "from fastapi import APIRouter\nfrom . import health as checks\napi_router = APIRouter()\n\
                 api_router.include_router(checks.router, prefix='/ops', tags=['ops'])\n";
    let settings = "class Settings(BaseSettings):\n    API_V1_STR: str = '/api/v1'\n";
    let main = "from fastapi import FastAPI\nfrom api.main import api_router\nfrom core import settings\napp = FastAPI()\n\
                app.include_router(\n    api_router,\n    prefix=settings.API_V1_STR,\n)\n";
    let files = [("main.py", main), ("api/main.py", index), ("api/health.py", health), ("core.py", settings)];
    assert_eq!(python(&files, &[]), "/api/v1/ops/-/healthz");
    // Nobody says where it hangs.
    assert_eq!(python(&files[2..], &[]), "…/healthz");
    // The prefix is the path, and a guard keeps others out.
    let one = |app: &str| python(&[("main.py", &format!("from fastapi import APIRouter, FastAPI\n{app}"))], &[]);
    let router = "r = APIRouter(prefix='/health')\n@r.get('')\ndef h(): pass\napp = FastAPI(root_path='/x')\n";
    assert_eq!(one(&format!("{router}app.include_router(r)\n")), "/health");
    assert_eq!(one(&format!("{router}app.include_router(r, dependencies=[Depends(who)])\n")), "");
    assert_eq!(
        one("app = FastAPI()\nv1 = FastAPI()\n@v1.get('/health')\ndef h(): pass\napp.mount('/v1', v1)\n"),
        "/v1/health"
    );
    assert_eq!(one("app = FastAPI()\n@app.get('/health')\ndef h(): pass\n"), "/health");
    assert_eq!(one("app = FastAPI()\nx = client.get('/health')\n"), "…/health");
}

#[test]
fn routes_of_starlette_stand_in_lists() {
    let one = |text: &str| python(&[("main.py", text)], &[]);
    assert_eq!(one("app = Starlette(routes=[Route('/health', h)])\n"), "/health");
    assert_eq!(one("app = Starlette(routes=[Mount('/api', routes=[Route('/health', h)])])\n"), "/api/health");
    assert_eq!(
        one("inner = [Route('/health', h)]\nroutes = [Mount('/b', routes=inner)]\napp = Starlette(routes=routes)\n"),
        "/b/health"
    );
    assert_eq!(
        one("routes = [Route('/health', h)]\n\n\ndef make():\n    return Starlette(debug=True, routes=routes)\n"),
        "/health"
    );
    assert_eq!(one("routes = [Route('/health', h)]\n"), "…/health");
    assert_eq!(one("@get('/health')\ndef h(): pass\napp = Litestar([h])\n"), "/health");
}

#[test]
fn patterns_of_django_include_one_another() {
    let root = "urlpatterns = [\n    path('shop/', include('shop.urls')),\n    path('admin/', admin.site.urls),\n]\n";
    let inner = "urlpatterns = [path('healthz/', ok)]\n";
    let settings = "ROOT_URLCONF = 'site.urls'\n";
    let files = [("site/urls.py", root), ("shop/urls.py", inner), ("site/settings.py", settings)];
    assert_eq!(python(&files, &["django"]), "/shop/healthz/");
    assert_eq!(python(&files[1..], &["django"]), "/healthz/");
    let library = [("site/urls.py", "urlpatterns = [path('health/', include('health_check.urls'))]\n"), files[2]];
    assert_eq!(python(&library, &["django"]), "/health/");
}

#[test]
fn routers_of_express_hang_where_they_are_used() {
    let router = "import { Router } from 'express';\nconst router = Router();\nrouter.get('/health', (req, res) => res.send('ok'));\nexport default router;\n";
    let with = |used: &str| {
        let main = format!(
            "import express from 'express';\nimport health from './routes/health.js';\nconst BASE = '/base';\nconst app = express();\n{used}\napp.listen(3000);\n"
        );
        node(&[("src/index.ts", &main), ("src/routes/health.ts", router)])
    };
    for (used, expected) in [
        ("app.use('/api', health);", "/api/health"),
        ("app.use(health);", "/health"),
        ("app.use('/api', cors(), health);", "/api/health"),
        ("app.use(BASE, health);", "/base/health"),
        ("const v1 = express.Router();\nv1.use('/v1', health);\napp.use('/api', v1);", "/api/v1/health"),
        ("app.use('/api', requireAuth, health);", "…/health"),
        ("app.use(`/${name}`, health);", "…/health"),
        ("app.use(process.env.BASE, health);", "…/health"),
        ("for (const one of all) app.use(one);", "…/health"),
        ("app.use('/api', health);\napp.get('/healthz', (req, res) => res.end());", "/api/health"),
        ("app.use(`/${name}`, health);\napp.get('/healthz', (req, res) => res.end());", "/healthz"),
    ] {
        assert_eq!(with(used), expected, "{used}");
    }
    let common = "const router = require('express').Router();\nrouter.get('/', (req, res) => res.end());\nmodule.exports = router;\n";
    let main = "const app = require('express')();\nconst express = require('express');\nconst api = express();\napi.use('/health', require('./health'));\napi.listen(1);\n";
    assert_eq!(node(&[("index.js", main), ("health.js", common)]), "/health");
    let handed = "module.exports = (app) => {\n  app.get('/health', (req, res) => res.end());\n};\n";
    let main = "const express = require('express');\nconst app = express();\nrequire('./health')(app);\n";
    assert_eq!(node(&[("index.js", main), ("health.js", handed)]), "/health");
    assert_eq!(node(&[("health.js", handed)]), "…/health");
    let made =
        "export function routes() {\n  const r = Router();\n  r.get('/health', (q, s) => s.end());\n  return r;\n}\n";
    let main = "import { routes } from './routes';\nconst app = express();\napp.use('/x', routes());\n";
    assert_eq!(node(&[("index.js", main), ("routes.js", made)]), "/x/health");
    let barrel = "export { default as health } from './health';\n";
    let main = "import * as routes from './routes';\nconst app = express();\napp.use('/x', routes.health);\n";
    let files = [("index.ts", main), ("routes/index.ts", barrel), ("routes/health.ts", router)];
    assert_eq!(node(&files), "/x/health");
    assert_eq!(node(&[("index.ts", "axios.get('/health')\n")]), "…/health");
    assert_eq!(node(&[("index.js", "http.createServer((req) => { if (req.url === '/health') {} });\n")]), "/health");
}

#[test]
fn plugins_of_fastify_hang_where_they_are_registered() {
    let plugin = "export default async function (fastify, opts) {\n  fastify.get('/health', async () => 'ok');\n}\n";
    for (registered, expected) in [
        ("app.register(health, { prefix: '/v1' });", "/v1/health"),
        ("app.register(health);", "/health"),
        ("app.register(health, options);", "…/health"),
        (
            "await app.register(async (api) => {\n  api.register(health, { prefix: '/b' });\n}, { prefix: '/a' });",
            "/a/b/health",
        ),
        ("app.register(autoload, { dir: 'routes' });", "…/health"),
    ] {
        let main = format!(
            "import Fastify from 'fastify';\nimport health from './health';\nconst app = Fastify({{ logger: true }});\n{registered}\napp.listen({{ port: 1 }});\n"
        );
        assert_eq!(node(&[("app.ts", &main), ("health.ts", plugin)]), expected, "{registered}");
    }
    let inline = "const app = Fastify();\napp.register(async function (app) {\n  app.get('/health', () => 'ok');\n}, { prefix: '/in' });\n";
    assert_eq!(node(&[("app.ts", inline)]), "/in/health");
}

#[test]
fn applications_of_hono_and_koa_may_have_a_base_of_their_own() {
    let sub = "import { Hono } from 'hono';\nconst app = new Hono<{ Bindings: Env }>();\napp.get('/health', (c) => c.text('ok'));\nexport default app;\n";
    let main = "import { Hono } from 'hono';\nimport health from './health';\nconst app = new Hono().basePath('/api');\napp.route('/v1', health);\nserve(app);\n";
    assert_eq!(node(&[("index.ts", main), ("health.ts", sub)]), "/api/v1/health");
    let one = |text: &str| node(&[("index.ts", text)]);
    assert_eq!(
        one("const app = new Hono();\nconst api = app.basePath('/b');\napi.get('/health', (c) => c.text('ok'));\n"),
        "/b/health"
    );
    assert_eq!(
        one("const app = new Hono().get('/', (c) => c.text('x')).get('/health', (c) => c.text('ok'));\n"),
        "/health"
    );
    let koa = "const app = new Koa();\nconst router = new Router({ prefix: '/k' });\nrouter.get('/health', (ctx) => {});\napp.use(router.routes()).use(router.allowedMethods());\n";
    assert_eq!(one(koa), "/k/health");
}

#[test]
fn controllers_of_nest_hang_on_the_prefix_of_all() {
    let controller = |decorator: &str, method: &str| {
        format!(
            "import {{ Controller, Get }} from '@nestjs/common';\n@Controller({decorator})\nexport class HealthController {{\n  @Get({method})\n  @HealthCheck()\n  check() {{}}\n}}\n"
        )
    };
    for (set, decorator, method, expected) in [
        ("", "'health'", "", "/health"),
        ("app.setGlobalPrefix('api');", "'health'", "", "/api/health"),
        ("app.setGlobalPrefix('/api/v1/');", "'health'", "'live'", "/api/v1/health/live"),
        ("app.setGlobalPrefix('api', { exclude: ['health'] });", "'health'", "", "/health"),
        ("app.setGlobalPrefix('api', { exclude: ['health/(.*)'] });", "{ path: 'health' }", "'live'", "/health/live"),
        (
            "app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] });",
            "",
            "'health'",
            "/health",
        ),
        ("app.setGlobalPrefix(config.get('PREFIX'));", "'health'", "", "…/health"),
        ("app.enableVersioning();", "'health'", "", "…/health"),
        ("app.enableVersioning();", "{ path: 'health', version: VERSION_NEUTRAL }", "", "/health"),
    ] {
        let main = format!("const app = await NestFactory.create(AppModule);\n{set}\nawait app.listen(3000);\n");
        let controller = controller(decorator, method);
        assert_eq!(
            node(&[("src/main.ts", &main), ("src/health.controller.ts", &controller)]),
            expected,
            "{set} {decorator}"
        );
    }
}
