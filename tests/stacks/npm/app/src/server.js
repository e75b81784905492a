// Says whether its dependencies are those of where it runs.
'use strict';

const { createServer } = require('node:http');
const ms = require('ms');
const unit = require('../shared/unit.json');

const server = createServer((_request, response) => {
  const answer = { service: 'app', day: ms(unit), development: has('mkdirp'), user: process.getuid() };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
server.listen(process.env.PORT);
process.on('SIGTERM', () => server.close());

/** Whether a package is installed. */
function has(name) {
  try {
    return Boolean(require.resolve(name));
  } catch {
    return false;
  }
}
