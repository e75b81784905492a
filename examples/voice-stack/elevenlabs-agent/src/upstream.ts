import type { Config } from "./config.js";
import { HttpError, sign } from "./http.js";

const SIGNED_URL = "https://api.elevenlabs.io/v1/convai/conversation/get-signed-url";

export function getSignedUrl(config: Config): Promise<unknown> {
  const url = `${SIGNED_URL}?agent_id=${encodeURIComponent(config.agentId)}`;
  return ask("ElevenLabs", url, { headers: { "xi-api-key": config.apiKey } });
}

export function handToRunner(config: Config, prompt: string, conversationId?: string): Promise<unknown> {
  const body = JSON.stringify({ prompt, conversationId });
  const headers = { "content-type": "application/json", "x-webhook-signature": sign(body, config.webhookSecret) };
  return ask("cursor-runner", `${config.runnerUrl}/cursor/execute`, { method: "POST", headers, body });
}

async function ask(who: string, url: string, init: RequestInit): Promise<unknown> {
  let status: number;
  let answer: unknown;
  try {
    // A redirect would carry the key to another host.
    const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(10_000) });
    status = response.status;
    answer = await response.json().catch(() => null);
  } catch (error) {
    throw new HttpError(502, `${who} does not answer`, { cause: rootCause(error as Error) });
  }
  if (answer === null) throw new HttpError(502, `${who} answered ${status} without JSON`);
  if (status < 200 || status > 299) throw new HttpError(502, `${who} answered ${status}${reason(answer)}`);
  return answer;
}

function reason(answer: unknown): string {
  const { error } = Object(answer);
  return typeof error === "string" ? `: ${error}` : "";
}

// fetch says only "fetch failed"; what happened is one level down.
function rootCause(error: Error): unknown {
  return error.cause ?? error;
}
