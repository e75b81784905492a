import type { Redis } from "ioredis";
import type { Outcome } from "./cli.js";
import { orUnavailable } from "./redis.js";

const INDEX = "cursor-runner:conversations";
const KEEP_SECONDS = 7 * 24 * 3600;
const key = (id: string) => `cursor-runner:conversation:${id}`;

export interface Conversation extends Outcome {
  id: string;
  prompt: string;
  state: "running" | "succeeded" | "failed";
  startedAt: string;
  finishedAt: string | null;
}

export async function saveConversation(redis: Redis, conversation: Conversation): Promise<void> {
  await orUnavailable(redis.set(key(conversation.id), JSON.stringify(conversation), "EX", KEEP_SECONDS));
  await orUnavailable(redis.zadd(INDEX, Date.parse(conversation.startedAt), conversation.id));
  await orUnavailable(redis.zremrangebyscore(INDEX, 0, Date.now() - KEEP_SECONDS * 1000));
}

export async function findConversation(redis: Redis, id: string): Promise<Conversation | null> {
  return JSON.parse((await orUnavailable(redis.get(key(id)))) ?? "null");
}

/** The newest ones, without their output. */
export async function listConversations(redis: Redis): Promise<Partial<Conversation>[]> {
  const ids = await orUnavailable(redis.zrevrange(INDEX, 0, 49));
  const texts = ids.length > 0 ? await orUnavailable(redis.mget(ids.map(key))) : [];
  return texts.filter((text) => text !== null).map((text) => ({ ...JSON.parse(text), output: undefined }));
}
