// Says whether its dependencies are those of where it runs, who it is told has asked, and takes WebSockets.
'use strict';

const { createServer } = require('node:http');
const ms = require('ms');

const server = createServer((request, response) => {
  const { url, headers } = request;
  const told = { host: headers['x-forwarded-host'], protocol: headers['x-forwarded-proto'], for: headers['x-forwarded-for'] };
  const answer = { service: 'app', day: ms('1 day'), development: has('mkdirp'), user: process.getuid(), url, told };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
server.on('upgrade', (request, socket) => {
  socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`);
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
