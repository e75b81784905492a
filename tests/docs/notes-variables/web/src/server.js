// The page; what it shows comes from the API.
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  if (request.url === "/health") return response.end("web\n");
  try {
    const headers = { Authorization: `Bearer ${process.env.API_TOKEN}` };
    const answer = await fetch(`${process.env.API_URL}/visits`, { headers });
    response.end(`${process.env.GREETING}: ${await answer.text()}\n`);
  } catch (error) {
    response.writeHead(502).end(`the API does not answer: ${error.message}\n`);
  }
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
