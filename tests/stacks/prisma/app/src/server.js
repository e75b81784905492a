// Says whether its dependencies are those of where it runs, and what Prisma has made of the schema.
'use strict';

const { createServer } = require('node:http');
const { Prisma } = require('@prisma/client');
const ms = require('ms');

const server = createServer((_request, response) => {
  const answer = {
    service: 'app',
    day: ms('1 day'),
    development: has('mkdirp'),
    user: process.getuid(),
    models: Object.keys(Prisma.ModelName),
  };
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
