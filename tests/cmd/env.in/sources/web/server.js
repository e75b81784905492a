import { createServer } from "node:http";

const api = process.env.API_URL ?? "http://localhost:8000";
createServer(async (_request, response) => response.end(await (await fetch(api)).text())).listen(process.env.PORT);
