import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const script = fileURLToPath(new URL('./everywhere.ts', import.meta.url))

async function found(TZ: string, now: string): Promise<string> {
  const env = { ...process.env, TZ, NODE_OPTIONS: '' }
  return (await run(process.execPath, [script, now], { env, maxBuffer: 64 * 1024 * 1024 })).stdout
}

/** That they are right is checked where they are played; here, that neither the zone of the process nor its season has a say. */
test('vectors and scenarios come out the same in every zone and season of the process', async () => {
  const seasons = ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z']
  const answers = new Map<string, string>()
  for (const TZ of ['UTC', 'America/New_York', 'Asia/Tokyo'])
    for (const now of seasons) answers.set(`${TZ} in ${now}`, await found(TZ, now))
  const [first = '', ...others] = answers.values()
  expect(JSON.parse(first).segments).toHaveLength(29)
  expect(JSON.parse(first).played).toHaveLength(13)
  for (const other of others) expect(other).toBe(first)
})
