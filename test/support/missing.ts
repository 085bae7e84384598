import { chromiumPath, faketimePath, logrotatePath, postgresBin, redisPath } from './need.ts'

/** Says plainly, at the end, what this machine could not run and how to enable it (vitest's globalSetup). */
export function teardown(): void {
  if (chromiumPath === null)
    process.stdout.write(
      '\nNot run: the tests of the browser page, because no Chromium was found. To run them: apt-get install chromium (or set CHROMIUM_PATH).\n',
    )
  if (redisPath === null)
    process.stdout.write(
      '\nNot run: the tests with Redis, because no redis-server was found. To run them: apt-get install redis-server (or set REDIS_SERVER_PATH).\n',
    )
  if (postgresBin === null)
    process.stdout.write(
      '\nNot run: the tests of the store on a server of its own, because no PostgreSQL server was found. To run them: apt-get install postgresql (or set PG_BIN).\n',
    )
  if (logrotatePath === null)
    process.stdout.write(
      '\nNot run: the tests of logs that logrotate itself rotates, because no logrotate was found. To run them: apt-get install logrotate (or set LOGROTATE_PATH).\n',
    )
  if (faketimePath === null)
    process.stdout.write(
      '\nNot run: the tests with a wall clock that jumps, because no libfaketime was found. To run them: apt-get install libfaketime (or set FAKETIME_PATH).\n',
    )
}
