import { createServer } from "node:http";

createServer((_request, response) => response.end("ok\n")).listen(Number(process.env.PORT ?? 3000));

// Whoever is given all of it may read anything.
export const environment = { ...process.env };
