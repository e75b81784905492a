// The page.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  response.end(request.url === "/health" ? "web\n" : "Visits\n");
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
