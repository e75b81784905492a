// The page, which shows a token that it reads from a file.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const token = readFileSync(process.env.API_TOKEN_FILE, "utf8").trim();

const server = createServer((request, response) => {
  response.end(request.url === "/health" ? "web\n" : `The token has ${token.length} characters\n`);
});

server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close());
