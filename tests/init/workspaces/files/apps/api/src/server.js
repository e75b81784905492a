import Fastify from "fastify";
import pg from "pg";

const database = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const app = Fastify({ logger: { level: process.env.LOG_LEVEL ?? "info" } });

app.get("/healthz", async () => ({ ok: true }));
app.get("/breads", async () => (await database.query("SELECT name FROM breads")).rows);
app.listen({ host: "0.0.0.0", port: Number(process.env.PORT || 4000) });
