// What the build was told, without what it must not keep.
const fs = require("node:fs");
const told = { level: process.env.LEVEL, token: (process.env.TOKEN ?? "").length };
fs.writeFileSync("src/told.json", JSON.stringify(told));
