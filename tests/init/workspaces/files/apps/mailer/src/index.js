import Fastify from "fastify";

if (!process.env.SMTP_PASSWORD) throw new Error("SMTP_PASSWORD is not set");
const api = process.env.API_URL;
const app = Fastify();

app.get("/health", async () => ({ api }));
app.listen({ host: "0.0.0.0", port: Number(process.env.PORT || 4001) });
