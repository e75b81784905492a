import type { Config } from "./config.js";

/** Welcomes a user. Nobody waits for it, and a mail that does not go out is no reason to refuse anybody. */
export async function welcome(email: string, config: Config): Promise<void> {
  try {
    const response = await fetch("https://api.resend.com/emails", {
      method: "POST",
      headers: { authorization: `Bearer ${config.mailKey}`, "content-type": "application/json" },
      body: JSON.stringify({
        from: config.mailFrom,
        to: email,
        subject: "Welcome",
        text: `Sign in at ${config.frontendUrl}`,
      }),
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) console.error(`auth-server: no mail was sent: ${response.status}`);
  } catch (error) {
    console.error(`auth-server: no mail was sent: ${error instanceof Error ? error.message : error}`);
  }
}
