import { createHmac, timingSafeEqual } from "node:crypto";
import type { Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";

export const SERVICE = "elevenlabs-agent";

export class HttpError extends Error {
  constructor(readonly status: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export function sign(body: Buffer | string, secret: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** The signature covers the bytes as sent, so the body is parsed only after the check. */
export function signedJson(secret: string): RequestHandler[] {
  const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });
  return [raw, (req, _res, next) => {
    const body: Buffer = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const signature = Buffer.from(req.get("x-webhook-signature") ?? "", "hex");
    const expected = Buffer.from(sign(body, secret), "hex");
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new HttpError(401, "x-webhook-signature is missing or wrong");
    }
    try {
      req.body = Object(JSON.parse(body.toString("utf8"))); // an object even for null: the routes look up its fields
    } catch {
      throw new HttpError(400, "the body is not JSON");
    }
    next();
  }];
}

export const notFound: RequestHandler = (req, res) => {
  res.status(404).json({ service: SERVICE, error: "not found", path: req.path });
};

export const handleError: ErrorRequestHandler = (error, _req, res, _next) => {
  const status: number = error.status ?? 500;
  if (status >= 500) console.error(`${SERVICE}: ${error.message}${error.cause ? `: ${error.cause.message}` : ""}`);
  res.status(status).json({ service: SERVICE, error: status === 500 ? "internal error" : error.message });
};

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // A kept-alive connection turns idle only after its last answer: look until all are gone.
  setInterval(() => server.closeIdleConnections(), 50).unref();
  await Promise.race([closed, delay(2000)]);
  server.closeAllConnections();
}
