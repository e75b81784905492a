const fs = require("node:fs");
fs.writeFileSync("/state/setup", "done");
