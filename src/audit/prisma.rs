//! What a schema of Prisma reads: `url = env("DATABASE_URL")` (Prisma docs, "Prisma schema reference", `env()`).

use super::read::{Need, Read, Scan, is_name};

/// Looks at a schema.
pub(super) fn scan(text: &str) -> Scan {
    let mut out = Scan::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or(line);
        if let Some(at) = code.find("env(\"") {
            let name = code[at + 5..].split('"').next().unwrap_or_default();
            // Migrations alone use these.
            let is_optional = ["directUrl", "shadowDatabaseUrl"].iter().any(|key| code.trim_start().starts_with(key));
            if is_name(name) {
                let span = start + at..start + at + 6 + name.len();
                out.reads.push(Read::new(name, span, if is_optional { Need::Fallback } else { Need::Bare }));
            }
        }
        start += line.len();
    }
    out
}
