const express = require("express");

const app = express();
app.get("/", async (request, response) => response.json(await (await fetch(process.env.API_URL)).json()));
app.use((request, response) => response.set("x-session", process.env.SESSION_SECRET).end());
app.listen(3000);
