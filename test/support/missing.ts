import { chromiumPath } from './need.ts'

/** Says plainly, at the end, what this machine could not run and how to enable it (vitest's globalSetup). */
export function teardown(): void {
  if (chromiumPath === null)
    process.stdout.write(
      '\nNot run: the tests of the browser page, because no Chromium was found. To run them: apt-get install chromium (or set CHROMIUM_PATH).\n',
    )
}
