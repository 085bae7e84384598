import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { logs } from '../../jobs/log.ts'
import type { JobDeps } from '../../jobs/tell.ts'
import { logFiles } from '../../src/checks/log-file.ts'
import type { LogMonitor } from '../../src/domain/rules.ts'
import { readLogs } from '../../src/store/logs.ts'
import { rules, T0 } from '../support/builders.ts'
import { emptyStore } from '../support/stores.ts'

/** Two processes look at one file at the same moments, and each is cut off now and then after it looked and before it could store it. */
test('however many processes look, and whichever of them dies, every line is counted once', async () => {
  const database = await emptyStore()
  const folder = mkdtempSync(join(tmpdir(), 'watchbill-log-'))
  try {
    const file = join(folder, 'app.log')
    writeFileSync(file, '')
    const monitor: LogMonitor = {
      ...{ name: 'app', service: 'webmail', severity: 'critical', kind: 'log', file, asks: null, expectEmpty: true },
      ...{ match: [], ignore: [], newShapes: null, canary: null, quietMs: 60_000 },
    }
    let now = T0
    let underWay = 0
    const process = async () => {
      const store = await database.open()
      let looks = 0
      for (const pool of [store.pool, store.samplePool]) {
        const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
        pool.query = (async (...args: unknown[]) => {
          underWay++
          try {
            if (String(args[0]).includes('insert into logs') && looks++ % 3 === 2) throw new Error('it dies here')
            return await query(...args)
          } finally {
            setImmediate(() => underWay--)
          }
        }) as never
      }
      const files = logFiles()
      const deps = {
        ...{ store, log: pino({ level: 'silent' }), clock: { now: () => now }, desk: { wake: () => {} } },
        rules: () => ({ ...rules(), monitors: { app: monitor } }),
        logFiles: {
          read: async (...what: Parameters<typeof files.read>) => {
            underWay++
            return files.read(...what).finally(() => setImmediate(() => underWay--))
          },
        },
      }
      return logs(deps as unknown as JobDeps)
    }
    const ticks = [await process(), await process()]
    const tick = async () => {
      now += 1_000
      await Promise.all(ticks.map((each) => each()))
      do await new Promise((resolve) => setTimeout(resolve, 5))
      while (underWay > 0)
    }
    let lines = 0
    for (let n = 0; n < 60; n++) {
      for (let more = n % 4; more > 0; more--) appendFileSync(file, `line ${lines++}\n`)
      if (n % 10 === 9) {
        renameSync(file, `${file}.${n}`)
        writeFileSync(file, '')
      }
      await tick()
    }
    for (let n = 0; n < 4; n++) await tick()
    const known = (await readLogs((await database.open()).pool, ['app'])).get('app')
    expect(known?.state.lines).toMatchObject({ status: 'down', count: lines })
    expect(await database.query(`select key from inbox where source = 'monitor'`)).toHaveLength(1)
  } finally {
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
})
