const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const VERSION = 1;

const read = (path) => (fs.existsSync(path) ? fs.readFileSync(path, "utf8") : null);

const answer = () => ({
  service: "app",
  version: VERSION,
  password: read(process.env.PASSWORD_FILE),
  plain: process.env.PASSWORD ?? null,
  told: read("src/told.json"),
  shared: read("shared/greeting.txt"),
  worker: read("/state/worker"),
  migrations: read("/state/migrations"),
});

const web = http.createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/health" ? { ok: true } : answer()));
});
web.listen(Number(process.env.PORT), "0.0.0.0");
net.createServer((socket) => socket.pipe(socket)).listen(3001, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
