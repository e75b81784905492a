// Counts visits, as long as it runs.
import { createServer } from "node:http";

let visits = 0;

const server = createServer((request, response) => {
  const body = request.url === "/health" ? { service: "api" } : { visits: ++visits };
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
