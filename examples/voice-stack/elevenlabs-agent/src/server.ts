import { setTimeout as delay } from "node:timers/promises";
import express from "express";
import { loadConfig } from "./config.js";
import { closeServer, handleError, HttpError, notFound, SERVICE, signedJson } from "./http.js";
import { connectRedis, redisState } from "./redis.js";
import { findSession, saveToSession } from "./sessions.js";
import { getSignedUrl, handToRunner } from "./upstream.js";

const config = loadConfig();
const redis = connectRedis(config.redisUrl);
const app = express().disable("x-powered-by");
const signed = signedJson(config.webhookSecret);

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{1,100}$/.test(value);
}

app.get("/health", async (_req, res) => {
  res.json({ service: SERVICE, status: "ok", redis: await redisState(redis), uptime: Math.round(process.uptime()) });
});

app.get("/signed-url", async (_req, res) => {
  if (!config.agentEnabled) throw new HttpError(503, "the agent is disabled (ELEVENLABS_AGENT_ENABLED)");
  if (!config.agentId) throw new HttpError(503, "the agent has no id (ELEVENLABS_AGENT_ID)");
  res.set("cache-control", "no-store").json(await getSignedUrl(config));
});

app.post("/agent-tools", ...signed, async (req, res) => {
  const { tool, prompt, conversationId } = req.body;
  if (tool !== "run") throw new HttpError(400, 'tool must be "run"');
  if (typeof prompt !== "string" || !prompt.trim()) throw new HttpError(400, "prompt must be a text");
  if (conversationId !== undefined && !isId(conversationId)) throw new HttpError(400, "conversationId is malformed");
  const runner = await handToRunner(config, prompt, conversationId);
  await rememberHandOver(prompt, runner);
  res.status(202).json({ service: SERVICE, runner });
});

// The run is under way: that it cannot be remembered is no reason to say it failed.
async function rememberHandOver(prompt: string, runner: unknown): Promise<void> {
  const { id } = Object(runner);
  if (!isId(id)) return;
  await saveToSession(redis, id, "handOver", { prompt, runner }).catch((error: Error) => {
    console.error(`${SERVICE}: hand-over of ${id} not remembered: ${error.message}`);
  });
}

app.post("/callback", ...signed, async (req, res) => {
  const { conversationId, ...result } = req.body;
  if (!isId(conversationId)) throw new HttpError(400, "conversationId must be 1 to 100 letters, digits, _ or -");
  await saveToSession(redis, conversationId, "result", result);
  res.json({ service: SERVICE, conversationId, stored: true });
});

app.get("/sessions/:id", async (req, res) => {
  const session = await findSession(redis, req.params.id);
  if (!session) throw new HttpError(404, `no session ${req.params.id}`);
  res.json({ service: SERVICE, session });
});

app.use(notFound, handleError);

const server = app.listen(config.port, "0.0.0.0", (error) => {
  if (error) throw error;
  console.log(`${SERVICE}: port ${config.port}, agent ${config.agentEnabled ? "enabled" : "disabled"}`);
});

async function stop(signal: string): Promise<void> {
  console.log(`${SERVICE}: ${signal}, stopping`);
  await closeServer(server);
  await Promise.race([redis.quit(), delay(500)]).catch(() => undefined);
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
