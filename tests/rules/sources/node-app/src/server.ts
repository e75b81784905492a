import { createServer } from "node:http";

createServer((_request, response) => response.end("ok\n")).listen(Number(process.env.PORT ?? 3000));
