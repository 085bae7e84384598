import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a test may need of the machine; a test whose need is null is skipped, with its reason in its name. */

const firstOf = (...paths: (string | undefined)[]): string | null =>
  paths.find((path): path is string => path !== undefined && path !== '' && existsSync(path)) ?? null

/** A Chromium or Chrome that Playwright can drive: `CHROMIUM_PATH`, else where Debian and Google put it. */
export const chromiumPath = firstOf(process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome')

/** The server of Redis: `REDIS_SERVER_PATH`, else the first in `PATH`. */
export const redisPath = firstOf(
  process.env.REDIS_SERVER_PATH,
  ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'redis-server')),
)

/** The program that rotates logs: `LOGROTATE_PATH`, else where Debian puts it. */
export const logrotatePath = firstOf(process.env.LOGROTATE_PATH, '/usr/sbin/logrotate')

/** The programs of a PostgreSQL server: `PG_BIN`, else the newest of those that Debian installs. */
export const postgresBin = firstOf(
  process.env.PG_BIN,
  ...versions('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`),
)

/** A library that tells a process another time than it is: `FAKETIME_PATH`, else where Debian puts it. */
export const faketimePath = firstOf(
  process.env.FAKETIME_PATH,
  ...['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`),
)

/** Folders that are named by a version, the newest first; a client alone has no server in its folder. */
function versions(folder: string): string[] {
  if (!existsSync(folder)) return []
  const found = readdirSync(folder).filter((version) => existsSync(`${folder}/${version}/bin/postgres`))
  return found.toSorted((a, b) => Number(b) - Number(a))
}
