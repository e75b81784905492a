const express = require("express");
const Redis = require("ioredis");

const redis = new Redis(process.env.REDIS_URL);
const limit = Number(process.env.PAGE_SIZE || 20);
const app = express();

app.get("/health", (request, response) => response.json({ ok: true }));
app.get("/", async (request, response) => response.json(await redis.lrange("entries", 0, limit)));
app.post("/", (request, response) => response.status(request.get("x-key") === process.env.ADMIN_KEY ? 201 : 403).end());
app.listen(process.env.PORT || 3500, () => console.log(process.env.GREETING));
