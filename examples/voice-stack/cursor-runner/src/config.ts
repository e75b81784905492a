export type Config = ReturnType<typeof loadConfig>;

export function loadConfig(env = process.env) {
  const problems: string[] = [];
  const required = (name: string) => {
    if (!env[name]) problems.push(`${name} is missing`);
    return env[name] ?? "";
  };
  const integer = (name: string, fallback: number, max: number) => {
    const text = env[name] || String(fallback);
    const good = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= max;
    if (!good) problems.push(`${name} must be a whole number from 1 to ${max}, not ${JSON.stringify(text)}`);
    return Number(text);
  };
  const redisUrl = required("REDIS_URL"); // may hold a password: not repeated in the message
  const isRedis = /^rediss?:\/\/./.test(redisUrl) && URL.canParse(redisUrl);
  if (redisUrl && !isRedis) problems.push("REDIS_URL must be a redis:// URL");
  const config = {
    nodeEnv: env.NODE_ENV || "production",
    port: integer("PORT", 3001, 65_535),
    redisUrl,
    webhookSecret: required("WEBHOOK_SECRET"),
    cliPath: env.CURSOR_CLI_PATH || "cursor",
    cliTimeout: integer("CURSOR_CLI_TIMEOUT", 1_800_000, 2_147_483_647), // a longer timer would fire at once
    maxConcurrent: integer("CURSOR_CLI_MAX_CONCURRENT", 5, 1000),
    targetAppPath: required("TARGET_APP_PATH"),
    targetAppType: env.TARGET_APP_TYPE || "rails",
    cliEnv: {
      ...env,
      CURSOR_API_KEY: required("CURSOR_API_KEY"),
      OPENAI_API_KEY: env.OPENAI_API_KEY || undefined,
      GITHUB_TOKEN: env.GITHUB_TOKEN || undefined,
      GIT_AUTHOR_NAME: env.GIT_USER_NAME || undefined, GIT_COMMITTER_NAME: env.GIT_USER_NAME || undefined,
      GIT_AUTHOR_EMAIL: env.GIT_USER_EMAIL || undefined, GIT_COMMITTER_EMAIL: env.GIT_USER_EMAIL || undefined,
      // The CLI needs none of these, and a server it starts must not take this one's port.
      WEBHOOK_SECRET: undefined, REDIS_URL: undefined, PORT: undefined,
    },
  };
  if (problems.length === 0) return config;
  console.error(`cursor-runner: configuration: ${problems.join("; ")}`);
  process.exit(1);
}
