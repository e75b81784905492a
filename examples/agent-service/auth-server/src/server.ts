import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { PrismaPg } from "@prisma/adapter-pg";
import { SignJWT } from "jose";
import { loadConfig } from "./config.js";
import { PrismaClient } from "./generated/prisma/client.js";
import { welcome } from "./mail.js";
import { hash, matches } from "./passwords.js";

const SERVICE = "auth-server";
const LIMIT = 10_000;
const config = loadConfig();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: config.databaseUrl }) });

type Answer = { status: number; body: object };
const refuse = (status: number, error: string): Answer => ({ status, body: { service: SERVICE, error } });

async function tokenFor(email: string): Promise<string> {
  const token = new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject(email).setIssuer(config.url);
  return token.setIssuedAt().setExpirationTime(config.lifetime).sign(config.jwtSecret);
}

async function credentials(request: IncomingMessage): Promise<{ email: string; password: string } | undefined> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LIMIT) return undefined;
  }
  try {
    const { email, password } = Object(JSON.parse(text));
    const good = typeof email === "string" && /^\S+@\S+$/.test(email) && typeof password === "string";
    return good && password.length >= 8 ? { email: email.toLowerCase(), password } : undefined;
  } catch {
    return undefined;
  }
}

async function signUp(request: IncomingMessage): Promise<Answer> {
  const given = await credentials(request);
  if (!given) return refuse(400, "an e-mail address and a password of 8 characters are needed");
  if (await prisma.user.findUnique({ where: { email: given.email } })) return refuse(409, "there is such a user");
  await prisma.user.create({ data: { email: given.email, password: await hash(given.password, config.pepper) } });
  void welcome(given.email, config);
  return { status: 201, body: { token: await tokenFor(given.email) } };
}

async function signIn(request: IncomingMessage): Promise<Answer> {
  const given = await credentials(request);
  const user = given && (await prisma.user.findUnique({ where: { email: given.email } }));
  if (!user || !(await matches(given.password, user.password, config.pepper))) return refuse(401, "no such user");
  return { status: 200, body: { token: await tokenFor(user.email) } };
}

async function answer(request: IncomingMessage): Promise<Answer> {
  switch (`${request.method} ${request.url}`) {
    case "GET /health":
      return { status: 200, body: { service: SERVICE } };
    case "POST /api/auth/sign-up":
      return signUp(request);
    case "POST /api/auth/sign-in":
      return signIn(request);
    default:
      return refuse(404, "not found");
  }
}

function allow(request: IncomingMessage, response: ServerResponse): void {
  const origin = request.headers.origin ?? "";
  if (!config.origins.includes(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-headers", "content-type");
  response.setHeader("vary", "origin");
}

const server = createServer(async (request, response) => {
  allow(request, response);
  if (request.method === "OPTIONS") {
    response.writeHead(204).end();
    return;
  }
  let said: Answer;
  try {
    said = await answer(request);
  } catch (error) {
    console.error(`auth-server: ${error instanceof Error ? error.message : error}`);
    said = refuse(500, "internal error");
  }
  response.writeHead(said.status, { "content-type": "application/json" }).end(JSON.stringify(said.body));
});

server.listen(config.port, "0.0.0.0", () => console.log(`auth-server: listening on ${config.port}`));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close(() => void prisma.$disconnect().then(() => process.exit(0)));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  });
}
