// Keeps notes in Redis, spoken to in its own protocol: one command, one reply.
import { createServer } from "node:http";
import { connect } from "node:net";

const token = process.env.API_TOKEN;

function ask(...words) {
  return new Promise((resolve, reject) => {
    const redis = new URL(process.env.REDIS_URL);
    const socket = connect(Number(redis.port), redis.hostname);
    let reply = "";
    socket.setEncoding("utf8").on("error", reject).on("end", () => resolve(reply));
    socket.on("data", (part) => (reply += part));
    const command = (all) => `*${all.length}\r\n${all.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
    socket.write(command(words) + command(["QUIT"]));
  });
}

const server = createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
  if (request.url === "/health") return answer(200, { service: "api" });
  if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: "the token is wrong" });
  try {
    const reply = await ask("INCR", "visits");
    answer(200, { visits: Number(/^:(\d+)/.exec(reply)?.[1]) });
  } catch (error) {
    answer(503, { error: `Redis does not answer: ${error.message}` });
  }
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
