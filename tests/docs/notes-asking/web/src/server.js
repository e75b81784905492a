// The page; what it shows comes from the API.
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  if (request.url === "/health") return response.end("web\n");
  try {
    const answer = await fetch(`${process.env.API_URL}/visits`);
    response.end(`Visits: ${await answer.text()}\n`);
  } catch (error) {
    response.writeHead(502).end(`the API does not answer: ${error.message}\n`);
  }
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
