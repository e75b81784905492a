export type Config = ReturnType<typeof loadConfig>;

export function loadConfig(env = process.env) {
  const problems: string[] = [];
  const required = (name: string) => {
    if (!env[name]) problems.push(`${name} is missing`);
    return env[name] ?? "";
  };
  const url = (name: string, scheme: string) => {
    const text = required(name); // may hold a password: not repeated in the message
    const good = (text.startsWith(`${scheme}://`) || text.startsWith(`${scheme}s://`)) && URL.canParse(text);
    if (text && !good) problems.push(`${name} must be a ${scheme}:// URL`);
    return text;
  };
  const port = env.PORT || "3004";
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    problems.push(`PORT must be a whole number from 1 to 65535, not ${JSON.stringify(port)}`);
  }
  const enabled = (env.ELEVENLABS_AGENT_ENABLED || "false").toLowerCase();
  if (!["true", "false", "1", "0"].includes(enabled)) {
    problems.push(`ELEVENLABS_AGENT_ENABLED must be true or false, not ${JSON.stringify(enabled)}`);
  }
  const config = {
    port: Number(port),
    redisUrl: url("REDIS_URL", "redis"),
    runnerUrl: url("CURSOR_RUNNER_URL", "http").replace(/\/+$/, ""),
    webhookSecret: required("WEBHOOK_SECRET"),
    agentEnabled: enabled === "true" || enabled === "1",
    agentId: env.ELEVENLABS_AGENT_ID || "",
    apiKey: required("ELEVENLABS_API_KEY"),
  };
  if (problems.length === 0) return config;
  console.error(`elevenlabs-agent: configuration: ${problems.join("; ")}`);
  process.exit(1);
}
