import { existsSync } from 'node:fs'

/** What a test may need of the machine; a test whose need is null is skipped, with its reason in its name. */

/** A Chromium or Chrome that Playwright can drive: `CHROMIUM_PATH`, else where Debian and Google put it. */
export const chromiumPath: string | null =
  [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path): path is string => path !== undefined && path !== '' && existsSync(path),
  ) ?? null
