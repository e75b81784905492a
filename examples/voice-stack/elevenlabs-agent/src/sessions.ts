import type { Redis } from "ioredis";
import { orUnavailable } from "./redis.js";

const KEEP_SECONDS = 7 * 24 * 3600;
const key = (id: string) => `elevenlabs-agent:session:${id}`;

export async function saveToSession(redis: Redis, id: string, part: "handOver" | "result", value: object) {
  const text = JSON.stringify({ ...value, at: new Date().toISOString() });
  await orUnavailable(redis.hset(key(id), part, text));
  await orUnavailable(redis.expire(key(id), KEEP_SECONDS));
}

export async function findSession(redis: Redis, id: string): Promise<object | null> {
  const { handOver, result } = await orUnavailable(redis.hgetall(key(id)));
  if (!handOver && !result) return null;
  return { id, handOver: JSON.parse(handOver ?? "null"), result: JSON.parse(result ?? "null") };
}
