import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import express from "express";
import { loadConfig } from "./config.js";
import { findConversation, listConversations } from "./conversations.js";
import { closeServer, handleError, HttpError, notFound, SERVICE, signedJson } from "./http.js";
import { connectRedis, redisState } from "./redis.js";
import { startRun, stopRuns } from "./runs.js";

const config = loadConfig();
const redis = connectRedis(config.redisUrl);
const app = express().disable("x-powered-by");

app.get("/health", async (_req, res) => {
  res.json({ service: SERVICE, status: "ok", redis: await redisState(redis), uptime: Math.round(process.uptime()) });
});

app.post("/cursor/execute", ...signedJson(config.webhookSecret), async (req, res) => {
  const { prompt, conversationId: id = randomUUID() } = req.body;
  const isText = typeof prompt === "string" && prompt.trim() !== "" && !prompt.includes("\0"); // spawn refuses a NUL
  if (!isText) throw new HttpError(400, "prompt must be a text");
  if (typeof id !== "string" || !/^[\w-]{1,100}$/.test(id)) {
    throw new HttpError(400, "conversationId must be 1 to 100 letters, digits, _ or -");
  }
  await startRun(config, redis, id, prompt);
  res.status(202).json({ id, state: "running", service: SERVICE });
});

// The proxy makes these of /conversations/api/… and /agent-conversations/api/…
app.get(["/api/conversations", "/api/agent/conversations"], async (_req, res) => {
  res.json({ service: SERVICE, conversations: await listConversations(redis) });
});

app.get(["/api/conversations/:id", "/api/agent/conversations/:id"], async (req, res) => {
  const conversation = await findConversation(redis, String(req.params.id));
  if (!conversation) throw new HttpError(404, `no conversation ${req.params.id}`);
  res.json({ service: SERVICE, conversation });
});

app.use(notFound, handleError);

const server = app.listen(config.port, "0.0.0.0", (error) => {
  if (error) throw error;
  console.log(`${SERVICE}: port ${config.port}, ${config.nodeEnv}, ${config.targetAppType} in ${config.targetAppPath}`);
});

async function stop(signal: string): Promise<void> {
  console.log(`${SERVICE}: ${signal}, stopping`);
  await Promise.all([closeServer(server), stopRuns()]);
  await Promise.race([redis.quit(), delay(500)]).catch(() => undefined);
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
