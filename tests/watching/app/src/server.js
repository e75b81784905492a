// Says how often it was asked, in Prometheus' words.
'use strict';

const http = require('node:http');

let visits = 0;

const server = http.createServer((request, response) => {
  if (request.url === '/internal/metrics') {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(`# TYPE visits_total counter\nvisits_total ${visits}\n`);
    return;
  }
  visits += request.url === '/health' ? 0 : 1;
  response.end('ok\n');
});

server.listen(process.env.PORT, '0.0.0.0');
process.on('SIGTERM', () => server.close(() => process.exit(0)) && server.closeAllConnections());
