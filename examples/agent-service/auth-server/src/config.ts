/** What an operator sets, checked at the start. */
export type Config = ReturnType<typeof loadConfig>;

export function loadConfig(env = process.env) {
  const problems: string[] = [];
  const required = (name: string) => {
    if (!env[name]) problems.push(`${name} is missing`);
    return env[name] ?? "";
  };
  const lifetime = env.JWT_EXPIRES_IN || "7d";
  if (!/^\d+[smhdw]$/.test(lifetime)) problems.push("JWT_EXPIRES_IN must be a number and one of s, m, h, d, w");
  const config = {
    port: Number(env.PORT || "3002"),
    databaseUrl: required("DATABASE_URL"),
    pepper: required("BETTER_AUTH_SECRET"),
    url: required("BETTER_AUTH_URL"),
    frontendUrl: required("FRONTEND_URL"),
    origins: (env.CORS_ORIGINS || "").split(",").map((origin) => origin.trim()).filter(Boolean),
    jwtSecret: new TextEncoder().encode(required("JWT_SECRET")),
    lifetime,
    mailKey: required("RESEND_API_KEY"),
    mailFrom: env.EMAIL_FROM || "noreply@example.com",
  };
  if (problems.length === 0) return config;
  console.error(`auth-server: configuration: ${problems.join("; ")}`);
  process.exit(1);
}
