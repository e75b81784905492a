//! `stackgen env`, judged by Docker Compose itself: what it makes of every way to use a variable, and when it
//! refuses; and by what is on the disk afterwards. The oracle needs Docker Compose, but no Docker engine.

#[path = "../grammars/env_files.rs"]
mod env_files;
#[allow(dead_code, reason = "the texts are enough here")]
#[path = "../grammars/judge.rs"]
mod judge;
#[allow(dead_code, reason = "the tests of the grammars use the rest")]
mod oracle;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod writing;

/// Two environments; a service that reads one variable of each sort.
const STACK: &str = r#"[stack]
name = "till"
environments = ["dev", "prod"]

[variables]
API_TOKEN   = { secret = true, help = "From the bank" }
SESSION_KEY = { secret = true, generate = true }
SALT        = { secret = true, generate = 24 }
DB_PASSWORD = { secret = true, default = "", required = ["prod"], generate = 24 }
TRACE_ID    = { required = false, generate = 8 }
ADMIN_EMAIL = { required = ["prod"], type = "email" }
WORKERS     = { default = 2 }

[services.till]
image = "till:1.4"

[services.till.env]
SESSION_KEY = "${SESSION_KEY}"
ALL         = "${API_TOKEN}${SALT}${DB_PASSWORD}${TRACE_ID}${ADMIN_EMAIL}${WORKERS}"
"#;
