// Says what is in its database, and whether its dependencies are those of where it runs.
'use strict';

const { createServer } = require('node:http');
const ms = require('ms');
const postgres = require('postgres');

const sql = postgres(process.env.DATABASE_URL);

/** What each path answers. */
const answers = {
  '/': () => ({ service: 'app', day: ms('1 day'), development: has('mkdirp'), user: process.getuid() }),
  '/health': () => ({}),
  '/databases': async () => (await sql`SELECT datname AS name FROM pg_database ORDER BY 1`).map(({ name }) => name),
  '/visit': async () => {
    await sql`INSERT INTO visits (who) VALUES ('somebody')`;
    return (await sql`SELECT who FROM visits ORDER BY id`).map(({ who }) => who);
  },
  '/about': async () => (await sql`SELECT current_user AS owner, current_database() AS name`)[0],
};

const server = createServer(async (request, response) => {
  try {
    const body = JSON.stringify(await answers[request.url]());
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(process.env.PORT);
process.on('SIGTERM', () => {
  server.close();
  sql.end();
});

/** Whether a package is installed. */
function has(name) {
  try {
    return Boolean(require.resolve(name));
  } catch {
    return false;
  }
}
