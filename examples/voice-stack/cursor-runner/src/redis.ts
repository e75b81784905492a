import { Redis } from "ioredis";
import { HttpError } from "./http.js";

export function connectRedis(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false, // fail at once while Redis is down instead of holding requests
    maxRetriesPerRequest: 1,
    commandTimeout: 1000,
    retryStrategy: (attempt) => Math.min(attempt * 200, 2000),
  });
  let lastError = "";
  redis.on("error", (error: Error) => {
    if (error.message !== lastError) console.error(`redis: ${error.message}`); // once, not at every attempt
    lastError = error.message;
  });
  redis.on("ready", () => (lastError = ""));
  return redis;
}

export function redisState(redis: Redis): Promise<"connected" | "disconnected"> {
  return redis.ping().then(() => "connected", () => "disconnected");
}

export function orUnavailable<T>(command: Promise<T>): Promise<T> {
  return command.catch((cause) => Promise.reject(new HttpError(503, "redis is not available", { cause })));
}
