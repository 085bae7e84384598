import { type Result, result } from './result.ts'
import { personOf, startRig } from './rig.ts'

const COMMANDS = 200

/** Slash commands over Socket Mode, one after the other: from the envelope to its acknowledgement. */
export async function command(): Promise<Result[]> {
  const rig = await startRig({ services: 8, monitors: 8, everyS: 30 })
  try {
    await rig.bot.ready(30_000)
    const tookMs: number[] = []
    for (let n = 0; n < COMMANDS; n++) {
      const from = performance.now()
      const { failed } = await rig.slack.command(personOf(n % 8), 'ops', n % 2 === 0 ? '/oncall' : '/incident list')
      tookMs.push(performance.now() - from)
      if (failed !== null) throw new Error(`command ${n + 1} failed: ${failed}`)
    }
    return [result('command', 'slash command → ack', 'ms', tookMs, { goal: { of: 'p99', value: 500 } })]
  } finally {
    await rig.close()
  }
}
