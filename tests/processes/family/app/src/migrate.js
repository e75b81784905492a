// Runs before the server alone: the other processes must not do it again.
const fs = require("node:fs");
fs.appendFileSync("/state/migrations", "once\n");
