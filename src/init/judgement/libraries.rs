//! Which libraries read variables by themselves, so that no source of the program names them.

/// What the names of such variables begin with, and what the names of the packages begin with that read them. From the
/// pages of those libraries about their environment variables.
const LIBRARIES: [(&[&str], &[&str]); 31] = [
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
    (&["HF_", "HUGGINGFACE"], &["huggingface-hub", "transformers", "datasets", "sentence-transformers"]),
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
];

/// The package among these that reads a variable of this name by itself.
pub(in crate::init) fn read_by<'p>(name: &str, packages: impl Iterator<Item = &'p String>) -> Option<&'p str> {
    // `PGHOST`, but no `PG_POOL_SIZE`: what a program made up has words.
    let fits = |start: &str| match start {
        "PG" => name.strip_prefix("PG").is_some_and(|rest| rest.len() > 2 && !rest.contains('_')),
        start => name.starts_with(start),
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
        assert_eq!(by("ADMIN_EMAIL", &["boto3"]), None);
    }
}
