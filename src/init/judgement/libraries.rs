//! Which libraries read variables by themselves, so that no source of the program names them.

use crate::audit::known::OF_SERVERS;

/// What the names of such variables begin with, where that ends with `_`, else such a name; and what the names of the packages
/// begin with that read them. From the pages of those libraries about their environment variables.
const LIBRARIES: [(&[&str], &[&str]); 37] = [
    (&["AWS_"], &["aws-sdk", "@aws-sdk/", "boto3", "aioboto3", "aiobotocore", "s3fs", "django-storages", "sst"]),
    (
        &["GOOGLE_", "GCLOUD_", "GCP_PROJECT", "FIREBASE_CONFIG"],
        &["@google-cloud/", "google-cloud-", "google-auth", "googleapis", "firebase-admin", "gcsfs"],
    ),
    (&["AZURE_"], &["@azure/", "azure-"]),
    (&["SENTRY_"], &["@sentry/", "sentry-sdk"]),
    (&["OTEL_"], &["@opentelemetry/", "opentelemetry-"]),
    (&["DD_"], &["dd-trace", "ddtrace"]),
    (&["NEW_RELIC_"], &["newrelic"]),
    (&["ELASTIC_APM_"], &["elastic-apm"]),
    (&["PG"], &["pg", "postgres", "psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000", "pg-promise"]),
    (&["OPENAI_"], &["openai", "@ai-sdk/openai", "langchain-openai", "@langchain/openai"]),
    (
        &["ANTHROPIC_"],
        &["anthropic", "@anthropic-ai/", "@ai-sdk/anthropic", "langchain-anthropic", "@langchain/anthropic"],
    ),
    (&["GEMINI_API_KEY"], &["google-genai", "@google/genai"]),
    (&["GROQ_"], &["groq", "groq-sdk"]),
    (&["MISTRAL_"], &["@ai-sdk/mistral", "langchain-mistralai"]),
    (
        &["HF_", "HUGGINGFACE_", "HUGGING_FACE_"],
        &["huggingface-hub", "transformers", "datasets", "sentence-transformers"],
    ),
    (&["LANGCHAIN_", "LANGSMITH_"], &["langchain", "@langchain/", "langsmith", "langgraph"]),
    (&["LANGFUSE_"], &["langfuse"]),
    (&["REPLICATE_API_TOKEN"], &["replicate"]),
    (&["TWILIO_"], &["twilio"]),
    (&["RESEND_API_KEY"], &["resend"]),
    (&["CLOUDINARY_URL"], &["cloudinary", "django-cloudinary-storage"]),
    (&["NEXTAUTH_", "AUTH_"], &["next-auth", "@auth/"]),
    (&["BETTER_AUTH_"], &["better-auth"]),
    (&["CLERK_"], &["@clerk/"]),
    (&["UPSTASH_"], &["@upstash/", "upstash-"]),
    (&["GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"], &["gunicorn"]),
    (&["UVICORN_", "FORWARDED_ALLOW_IPS"], &["uvicorn"]),
    (&["CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND"], &["celery"]),
    (&["FLASK_APP"], &["flask"]),
    (&["DJANGO_SETTINGS_MODULE"], &["django"]),
    (&["DATABASE_URL"], &["dj-database-url", "django-environ", "environs"]),
    (&["DATABASE_URL"], &["prisma", "@prisma/client"]),
    (&OF_SERVERS, &[ADAPTER_NODE]),
    (&["NUXT_", "NITRO_"], &["nuxt"]),
    (&["NITRO_"], &["nitropack", "nitro"]),
    (&["MIKRO_ORM_"], &["@mikro-orm/"]),
    (&["DEBUG"], &["debug"]),
];

/// What serves the pages of `SvelteKit`.
const ADAPTER_NODE: &str = "@sveltejs/adapter-node";

/// Variables in which a library wants to know under which address browsers see the program (the pages of `adapter-node`,
/// Auth.js and Better Auth).
const OWN_ADDRESSES: [(&str, &[&str]); 4] = [
    ("ORIGIN", &[ADAPTER_NODE]),
    ("NEXTAUTH_URL", &["next-auth"]),
    ("AUTH_URL", &["next-auth", "@auth/"]),
    ("BETTER_AUTH_URL", &["better-auth"]),
];

/// Whether a library reads the program's own address as browsers see it under this name.
pub(in crate::init) fn is_own_address(name: &str, library: &str) -> bool {
    OWN_ADDRESSES.iter().any(|(known, packages)| {
        *known == name
            && packages
                .iter()
                .any(|package| library == *package || package.ends_with('/') && library.starts_with(package))
    })
}

/// The variable without which a library takes no form from a page that is asked for without TLS: its own address.
pub(in crate::init) fn demanded_address<'p>(
    packages: impl Iterator<Item = &'p String>,
) -> Option<(&'static str, &'p str)> {
    packages.map(String::as_str).find(|package| *package == ADAPTER_NODE).map(|package| ("ORIGIN", package))
}

/// The package among these that reads a variable of this name by itself.
pub(in crate::init) fn read_by<'p>(name: &str, packages: impl Iterator<Item = &'p String>) -> Option<&'p str> {
    // `PGHOST`, but no `PG_POOL_SIZE`: what a program made up has words.
    let fits = |start: &str| match start {
        "PG" => name.strip_prefix("PG").is_some_and(|rest| rest.len() > 2 && !rest.contains('_')),
        start if start.ends_with('_') => name.starts_with(start),
        whole => name == whole,
    };
    let known: Vec<&str> = LIBRARIES
        .iter()
        .filter(|(names, _)| names.iter().any(|start| fits(start)))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    packages.map(String::as_str).find(|package| {
        let package = package.split('[').next().unwrap_or_default();
        known.iter().any(|start| match start.strip_suffix(['/', '-']) {
            Some(_) => package.starts_with(start),
            None => package == *start,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_reads_what_its_pages_say() {
        let by = |name: &str, packages: &[&str]| {
            let packages: Vec<String> = packages.iter().map(|name| (*name).to_owned()).collect();
            read_by(name, packages.iter()).map(str::to_owned)
        };
        let is = |package: &str| Some(package.to_owned());
        assert_eq!(by("AWS_REGION", &["express", "@aws-sdk/client-s3"]), is("@aws-sdk/client-s3"));
        assert_eq!(by("AWS_SECRET_ACCESS_KEY", &["boto3"]), is("boto3"));
        assert_eq!(by("SENTRY_DSN", &["sentry-sdk[flask]"]), is("sentry-sdk[flask]"));
        assert_eq!(by("PGHOST", &["pg"]), is("pg"));
        assert_eq!(by("PG_POOL_SIZE", &["pg"]), None);
        assert_eq!(by("PGHOST", &["pg-boss"]), None);
        assert_eq!(by("DATABASE_URL", &["django", "dj-database-url"]), is("dj-database-url"));
        assert_eq!(by("CELERY_BROKER_URL", &["celery[redis]"]), is("celery[redis]"));
        assert_eq!(by("AWS_REGION", &["express"]), None);
        assert_eq!(by("BODY_SIZE_LIMIT", &["@sveltejs/adapter-node"]), is("@sveltejs/adapter-node"));
        assert_eq!(by("ORIGINAL_NAME", &["@sveltejs/adapter-node"]), None);
        assert_eq!(by("NUXT_SESSION_PASSWORD", &["nuxt"]), is("nuxt"));
        assert_eq!(by("DATABASE_URL", &["@prisma/client"]), is("@prisma/client"));
        assert_eq!(by("ADMIN_EMAIL", &["boto3"]), None);
    }
}
