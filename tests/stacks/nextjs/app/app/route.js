// Says whether its dependencies are those of where it runs.
import { existsSync } from 'node:fs';
import ms from 'ms';

export const dynamic = 'force-dynamic';

export function GET() {
  return Response.json({
    service: 'app',
    day: ms('1 day'),
    development: existsSync('node_modules/mkdirp'),
    user: process.getuid(),
    built: process.env.NEXT_PUBLIC_BUILT_FOR,
  });
}
