import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<Buffer, Buffer, number, Buffer>(scrypt);
const LENGTH = 32;

/** The pepper is not in the database, so whoever steals that cannot guess passwords. */
function peppered(password: string, pepper: string): Buffer {
  return createHmac("sha256", pepper).update(password).digest();
}

/** A password as it is kept: salt and hash. */
export async function hash(password: string, pepper: string): Promise<string> {
  const salt = randomBytes(16);
  const derived = await derive(peppered(password, pepper), salt, LENGTH);
  return `${salt.toString("hex")}:${derived.toString("hex")}`;
}

/** Whether it is the password that was kept. */
export async function matches(password: string, kept: string, pepper: string): Promise<boolean> {
  const [salt = "", expected = ""] = kept.split(":").map((part) => Buffer.from(part, "hex"));
  const derived = await derive(peppered(password, pepper), Buffer.from(salt), LENGTH);
  return derived.length === expected.length && timingSafeEqual(derived, Buffer.from(expected));
}
