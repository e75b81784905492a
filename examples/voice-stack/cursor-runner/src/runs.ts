import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { runCli } from "./cli.js";
import type { Config } from "./config.js";
import { type Conversation, saveConversation } from "./conversations.js";
import { HttpError } from "./http.js";

const active = new Map<string, Promise<void>>();
const shutdown = new AbortController();

/** Resolves as soon as the run is recorded; the run itself goes on. */
export async function startRun(config: Config, redis: Redis, id: string, prompt: string): Promise<void> {
  if (shutdown.signal.aborted) throw new HttpError(503, "the service is shutting down");
  if (active.has(id)) throw new HttpError(409, `conversation ${id} is still running`);
  if (active.size >= config.maxConcurrent) throw new HttpError(429, `already ${active.size} runs, the most allowed`);
  const begun = { startedAt: new Date().toISOString(), finishedAt: null, exitCode: null, reason: null, output: "" };
  const conversation: Conversation = { id, prompt, state: "running", ...begun };
  const recorded = saveConversation(redis, conversation);
  const job = recorded.then(() => run(config, redis, conversation)).finally(() => active.delete(id));
  active.set(id, job.catch(() => undefined)); // it fails only as `recorded` does, which the caller sees
  await recorded;
}

export async function stopRuns(): Promise<void> {
  shutdown.abort();
  await Promise.all(active.values());
}

async function run(config: Config, redis: Redis, conversation: Conversation): Promise<void> {
  const outcome = await runCli(config, conversation.prompt, shutdown.signal);
  const state = outcome.exitCode === 0 && !outcome.reason ? "succeeded" : "failed";
  console.log(`run ${conversation.id}: ${state}${outcome.reason ? `: ${outcome.reason}` : ""}`);
  await saveResult(redis, { ...conversation, ...outcome, state, finishedAt: new Date().toISOString() });
}

// A run may take half an hour: its result is not lost to a restart of Redis at its end.
async function saveResult(redis: Redis, result: Conversation): Promise<void> {
  try {
    await saveConversation(redis, result);
  } catch (error) {
    console.error(`run ${result.id}: result not stored: ${(error as Error).message}`);
    if (shutdown.signal.aborted) return;
    await delay(2000, undefined, { signal: shutdown.signal }).catch(() => undefined);
    await saveResult(redis, result);
  }
}
