import { afterEach, describe, expect, test } from 'vitest'
import { checkTarget } from '../../src/checks/check.ts'
import { machine } from '../../src/clock.ts'
import { T0 } from '../support/builders.ts'
import { allowing, closeTargets, http, httpMonitor, LOOPBACK, tcp } from '../support/probed.ts'

afterEach(closeTargets)

describe('while this process stands still', () => {
  const check = checkTarget(machine.elapsed, { mark: () => ({ at: 0, asleep: 0 }), since: () => 300 })
  const look = (url: string) => check(httpMonitor(url, { timeoutMs: 500 }), allowing(LOOPBACK), T0)

  test('a target that answers that it is not well is not well', async () => {
    const { url } = await http((_, response) => response.writeHead(503).end())
    const sample = await look(url)
    expect(sample).toMatchObject({ ok: false, saw: '503 Service Unavailable (expected 2xx)' })
    expect(sample.stoodMs).toBeUndefined()
  })

  test('that nothing came, or that we took too long, says nothing of the target', async () => {
    const { url: silent } = await tcp(() => {})
    const { url: impatient } = await http((_, response) => response.writeHead(408).end())
    expect(await look(silent)).toMatchObject({ ok: false, stoodMs: 300 })
    expect(await look(impatient)).toMatchObject({ ok: false, stoodMs: 300 })
  })

  test('what a success took is not what the target took', async () => {
    const { url } = await http((_, response) => response.end())
    expect(await look(url)).toMatchObject({ ok: true, stoodMs: 300 })
  })
})
