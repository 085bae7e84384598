import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createQuota } from '../src/quota.ts'
import { rules, T0 } from './support/builders.ts'
import { BEARER, type Front, startFront } from './support/front.ts'
import { type Database, emptyStore } from './support/stores.ts'

const known = rules({ services: { webmail: {}, imap: {} } })
const active = { ...known, intake: { ...known.intake, quota: 10 } }

let database: Database
let front: Front
let away = false
const refused: [string, number][] = []
beforeEach(async () => {
  away = false
  refused.length = 0
  database = await emptyStore()
  const quota = createQuota({
    store: await database.open(),
    clock: { now: () => T0, sleepUntil: async () => {} },
    // Nothing is saved up while a test runs.
    machine: { now: () => 0, elapsed: () => 0 },
    rules: () => active,
    log: pino({ level: 'silent' }),
    changed: () => {},
    refused: (source, alerts) => refused.push([source, alerts]),
  })
  front = await startFront({
    behind: {
      rules: () => active,
      admit: quota.admit,
      giveBack: quota.giveBack,
      take: async (arrivals) => {
        if (away) throw new Error('the store is away')
        return arrivals.map((_, n) => n)
      },
    },
  })
})
afterEach(async () => {
  await front.close()
  await database.drop()
})

let n = 0
async function send(alerts: Record<string, number>): Promise<number> {
  const alert = (service: string) => ({
    ...{ key: `k${n++}`, service, status: 'firing', severity: 'error', summary: 'It fails.' },
  })
  const body = Object.entries(alerts).flatMap(([service, count]) => Array.from({ length: count }, () => alert(service)))
  const { status } = await fetch(`${front.url}/v1/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...BEARER },
    body: JSON.stringify(body),
  })
  return status
}

test('a request that is refused for one service takes nothing of the quota of another', async () => {
  expect(await send({ imap: 10 })).toBe(202)
  for (let again = 0; again < 3; again++) expect(await send({ webmail: 5, imap: 1 })).toBe(429)
  expect(await send({ webmail: 10 })).toBe(202)
  expect(await send({ webmail: 1 })).toBe(429)
  expect(refused).toEqual([
    ['alerts', 1],
    ['alerts', 1],
    ['alerts', 1],
    ['alerts', 1],
  ])
})

test('what the store did not take is given back: sent again, it is within the quota', async () => {
  away = true
  for (let again = 0; again < 3; again++) expect(await send({ webmail: 10, imap: 4 })).toBe(503)
  away = false
  expect(await send({ webmail: 10, imap: 4 })).toBe(202)
  expect(await send({ webmail: 1 })).toBe(429)
  expect(await send({ imap: 6 })).toBe(202)
})

test('of more at once than a minute’s, what the store did not take is given back too', async () => {
  away = true
  expect(await send({ webmail: 25 })).toBe(503)
  away = false
  expect(await send({ webmail: 25 })).toBe(202)
  expect(await send({ webmail: 1 })).toBe(429)
})
