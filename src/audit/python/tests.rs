//! Every spelling of a read in Python.

use super::super::read::Need::{self, Bare, Demanded, Fallback};
use super::*;

fn reads(text: &str) -> Vec<(String, Need)> {
    let scan = scan(text);
    let classes: Vec<&Class> = scan.classes.iter().collect();
    let mut all = scan.reads.clone();
    for (position, family) in resolve(&classes) {
        all.extend(fields(classes[position], &family));
    }
    all.iter().map(|read| (read.names.join("|"), read.need)).collect()
}

fn check(text: &str, expected: &[(&str, Need)]) {
    let expected: Vec<(String, Need)> = expected.iter().map(|(name, need)| ((*name).to_owned(), *need)).collect();
    assert_eq!(reads(text), expected, "{text}");
}

#[test]
fn an_item_is_a_read() {
    check("import os\nurl = os.environ[\"A_NAME\"]\n", &[("A_NAME", Bare)]);
    check("import os as o\nrun(o.environ['A_NAME'])\n", &[("A_NAME", Bare)]);
    check("from os import environ\nrun(environ['A_NAME'])\n", &[("A_NAME", Bare)]);
    check("from os import environ as e\nrun(e['A_NAME'])\n", &[("A_NAME", Bare)]);
    check("import sys, os\nrun(f\"http://{os.environ['A_NAME']}/\")\n", &[("A_NAME", Bare)]);
    check("import os\nrun(os.environ.pop('A_NAME'))\n", &[("A_NAME", Demanded)]);
    check("import os\nrun(os.environ.get('A_NAME'))\n", &[("A_NAME", Bare)]);
    check("import os\nrun(os.getenv('A_NAME'))\n", &[("A_NAME", Bare)]);
    check("import os\nrun(os.getenv(key='A_NAME'))\n", &[("A_NAME", Bare)]);
    check("from os import getenv as g\nrun(g('A_NAME'))\n", &[("A_NAME", Bare)]);
    check("import os\nrun(\n    os.environ[\n        'A_NAME'\n    ],\n)\n", &[("A_NAME", Bare)]);
    check("import os\nclass C:\n    url = os.environ['A_NAME']\n", &[("A_NAME", Bare)]);
    check("import os\nenv = os.environ\nrun(env['A_NAME'])\n", &[("A_NAME", Bare)]);
    check("import os\ndef load(env=os.environ):\n    return env['A_NAME']\n", &[("A_NAME", Bare)]);
    check("import os\ndef load(env: Mapping[str, str] = os.environ):\n    return env['A_NAME']\n", &[("A_NAME", Bare)]);
}

#[test]
fn what_is_taken_instead_is_seen() {
    for text in [
        "a = os.environ.get('A_NAME', 'x')",
        "a = os.getenv('A_NAME', 'x')",
        "a = os.getenv('A_NAME', default='x')",
        "a = os.getenv('A_NAME') or 'x'",
        "a = os.environ.get('A_NAME') == 'true'",
        "a = bool(os.getenv('A_NAME'))",
        "a = strtobool(os.getenv('A_NAME'))",
        "a = int(os.getenv('A_NAME') or 3)",
        "a = 1 if os.getenv('A_NAME') else 2",
        "if os.getenv('A_NAME'):\n    go()",
        "if 'A_NAME' in os.environ:\n    go()",
        "a = os.environ.setdefault('A_NAME', 'x')",
        "a = os.getenv('A_NAME')\nif a:\n    go()",
        "a = os.getenv('A_NAME')\nrun(a or 'x')",
        "try:\n    a = os.environ['A_NAME']\nexcept KeyError:\n    a = 'x'",
        "if (a := os.getenv('A_NAME')) is not None:\n    go()",
    ] {
        check(&format!("import os\n{text}\n"), &[("A_NAME", Fallback)]);
    }
}

#[test]
fn what_ends_the_program_is_seen() {
    for text in [
        "if not os.getenv('A_NAME'):\n    raise RuntimeError('A_NAME')",
        "if 'A_NAME' not in os.environ:\n    sys.exit('A_NAME')",
        "a = os.getenv('A_NAME')\nif not a:\n    raise ValueError",
        "a = os.environ.get('A_NAME')\nif a is None:\n    sys.exit(1)",
        "try:\n    a = os.environ['A_NAME']\nexcept KeyError as error:\n    raise SystemExit('A_NAME') from error",
        "assert os.getenv('A_NAME')",
        "for name in ('A_NAME',):\n    if not os.environ.get(name):\n        raise RuntimeError(name)",
        "missing = [n for n in ('A_NAME',) if not os.environ.get(n)]\nif missing:\n    raise RuntimeError(missing)",
        "def need(name):\n    value = os.getenv(name)\n    if not value:\n        raise RuntimeError(name)\n    return value\na = need('A_NAME')",
    ] {
        check(&format!("import os\n{text}\n"), &[("A_NAME", Demanded)]);
    }
}

#[test]
fn libraries_are_given_names() {
    check(
        "from decouple import config\na = config('A_NAME')\nb = config('B_NAME', default=3, cast=int)\n",
        &[("A_NAME", Demanded), ("B_NAME", Fallback)],
    );
    check(
        "import environ\nenv = environ.Env(DEBUG=(bool, False))\na = env('A_NAME')\nb = env.bool('DEBUG')\nc = env.db()\nd = env.str('D_NAME', default='x')\n",
        &[("A_NAME", Demanded), ("DEBUG", Fallback), ("DATABASE_URL", Demanded), ("D_NAME", Fallback)],
    );
    check(
        "from environs import Env\nenv = Env()\na = env.int('A_NAME')\nb = env.str('B_NAME', 'x')\n",
        &[("A_NAME", Demanded), ("B_NAME", Fallback)],
    );
    check(
        "from starlette.config import Config\nconfig = Config('.env')\na = config('A_NAME', cast=Secret)\n",
        &[("A_NAME", Demanded)],
    );
    check("import click\n# environ\n@click.option('--x', envvar='A_NAME')\ndef f(): ...\n", &[("A_NAME", Fallback)]);
}

#[test]
fn fields_of_settings_are_variables() {
    let head =
        "from pydantic import Field, AliasChoices\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n";
    check(
        &format!(
            "{head}class S(BaseSettings):\n    \"\"\"Words.\"\"\"\n    a_name: str\n    b_name: int = 3\n    c_name: str | None = None\n    d_name: str = Field(min_length=8)\n    e_name: str = Field(default='x')\n    f_name: str = Field(..., min_length=1)\n    g_name: str | None\n    _hidden: str = ''\n    H: ClassVar[str] = ''\n\n    def m(self) -> str:\n        i_name: str\n"
        ),
        &[
            ("A_NAME", Demanded),
            ("B_NAME", Fallback),
            ("C_NAME", Fallback),
            ("D_NAME", Demanded),
            ("E_NAME", Fallback),
            ("F_NAME", Demanded),
            ("G_NAME", Demanded),
        ],
    );
    check(
        &format!(
            "{head}class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_', env_nested_delimiter='__')\n    a_name: str\n    b_name: str = Field(alias='OTHER')\n    c_name: str = Field(validation_alias=AliasChoices('ONE', 'TWO'))\n    d_name: Annotated[str, Field(min_length=1)]\n"
        ),
        &[("APP_A_NAME", Demanded), ("OTHER", Demanded), ("ONE|TWO", Demanded), ("APP_D_NAME", Demanded)],
    );
    check(
        "from pydantic import BaseSettings, Field\nclass S(BaseSettings):\n    a_name: str\n    b_name: Optional[str]\n    c_name: str = Field(..., env='OTHER')\n    class Config:\n        env_prefix = 'app_'\n",
        &[("APP_A_NAME", Demanded), ("APP_B_NAME", Fallback), ("OTHER", Demanded)],
    );
    check(
        &format!(
            "{head}class Base(BaseSettings):\n    model_config = {{'env_prefix': 'X_'}}\n    a: str\nclass S(Base):\n    b: str\nclass Other(BaseModel):\n    c: str\n"
        ),
        &[("X_A", Demanded), ("X_B", Demanded)],
    );
}

#[test]
fn a_nested_field_is_set_by_its_parts() {
    let text = "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    model_config = {'env_nested_delimiter': '__'}\n    db: Db\n";
    let scan = scan(text);
    let classes: Vec<&Class> = scan.classes.iter().collect();
    let reads: Vec<Read> = resolve(&classes).iter().flat_map(|(at, family)| fields(classes[*at], family)).collect();
    assert!(reads[0].is_met_by("DB__HOST") && reads[0].is_met_by("db") && !reads[0].is_met_by("DBHOST"));
}

#[test]
fn an_import_alone_says_nothing() {
    for text in
        ["from os import environ\n", "from os import path, environ as e\n", "from os import (\n    environ,\n)\n"]
    {
        assert!(scan(text).unknown.is_empty(), "{text}");
    }
    assert_eq!(scan("from os import environ\nrun(environ)\n").unknown.len(), 1);
}

#[test]
fn nothing_that_is_named_is_something_else() {
    check("import os\nrun(os.getenv('A_NAME', None))\n", &[("A_NAME", Fallback)]);
    check("import os\nrun(os.environ.get('A_NAME', default=None))\n", &[("A_NAME", Fallback)]);
    check("import os\na = os.getenv('A_NAME', None)\nif not a:\n    raise E\n", &[("A_NAME", Demanded)]);
}

#[test]
fn settings_for_tests_alone_read_nothing() {
    let class = "from pydantic_settings import BaseSettings\nclass TestSettings(BaseSettings):\n    a_name: str\n";
    check(class, &[]);
    check(&format!("{class}settings = TestSettings()\n"), &[("A_NAME", Demanded)]);
}

#[test]
fn a_function_is_called_where_it_is_known() {
    let get = "import os\ndef get(name, default=None):\n    return os.environ[name]\n";
    check(&format!("{get}cache.get('USER_KEY')\nrun(get('A_NAME', 1))\n"), &[("A_NAME", Fallback)]);
    check(&format!("{get}run(os.environ.get('A_NAME'))\n"), &[("A_NAME", Bare)]);
    let nested = "import os\ndef f():\n    def env(x):\n        return os.environ[x]\n    return env('A_NAME')\n";
    check(&format!("{nested}env('OTHER')\n"), &[("A_NAME", Bare)]);
    let class = "import os\nclass C:\n    def need(self, name):\n        return os.environ[name]\n    def two(self):\n        return self.need('A_NAME')\n";
    check(
        &format!("{class}c = C()\nc.need('B_NAME')\nC().need('C_NAME')\nD().need('OTHER')\nneed('OTHER')\n"),
        &[("A_NAME", Bare), ("B_NAME", Bare), ("C_NAME", Bare)],
    );
}

#[test]
fn what_nobody_can_see_is_unknown() {
    for text in [
        "run(os.environ[f'APP_{name}'])",
        "run(os.getenv(prefix + name))",
        "subprocess.run(['x'], env={**os.environ})",
        "subprocess.run(['x'], env=os.environ)",
        "for key, value in os.environ.items():\n    go()",
        "run(dict(os.environ))",
    ] {
        assert_eq!(scan(&format!("import os\n{text}\n")).unknown.len(), 1, "{text}");
    }
}

#[test]
fn what_is_no_code_is_no_read() {
    check("import os\n# os.environ['A_NAME']\n'''os.environ['B_NAME']'''\n", &[]);
    check("import os\nos.environ['A_NAME'] = 'x'\ndel os.environ['B_NAME']\n", &[]);
    check("config.environ['A_NAME']\n", &[]);
    check("import os\na = \"don't\"\nrun(os.getenv('A_NAME'))\n", &[("A_NAME", Bare)]);
}

#[test]
fn one_of_several_names_will_do() {
    let found =
        scan("import os\nrun(os.getenv('A_NAME') or os.getenv('B_NAME'), os.getenv('C_NAME', os.getenv('D_NAME')))\n");
    let behind: Vec<&[String]> = found.reads.iter().map(|read| read.behind.as_slice()).collect();
    assert_eq!(behind[1], ["A_NAME"]);
    assert_eq!(behind[3], ["C_NAME"]);
}
