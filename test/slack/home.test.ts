import { describe, expect, test } from 'vitest'
import { segments } from '../../src/domain/duty/schedule.ts'
import type { Handover } from '../../src/domain/handover.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { judgeView } from '../../src/sandbox/blocks.ts'
import { type Home, homeBlocks, homeFooter } from '../../src/slack/home.ts'
import { ack, firing, HOUR, MINUTE, rota, rules, T0, watch } from '../support/builders.ts'

const WEEK = 7 * 24 * HOUR

function homeOf(by: Rules, change: Partial<Home> = {}): Home {
  const stood = Object.values(by.schedules).map((schedule) => {
    const toAt = T0 + 4 * WEEK
    return { schedule, segments: segments(schedule, T0, toAt), toAt, watch: null }
  })
  const person = by.people['dana'] ?? null
  const nothing = { guest: false, unreachable: null, handovers: [], open: [], problems: [] }
  return { user: 'U0DANA', person, stood, ...nothing, ...change }
}

const shown = (by: Rules, change?: Partial<Home>) =>
  JSON.stringify(homeBlocks({ rules: by, now: T0 }, homeOf(by, change)))

describe('what somebody sees at their Home', () => {
  const by = rules()
  const story = watch(by)
  story.at(0, firing())

  test('stays within the limits of Slack, whatever there is', () => {
    const names = Array.from({ length: 120 }, (_, n) => `schedule-with-a-name-as-long-as-is-taken-${n}`.slice(-40))
    const many = rules({ schedules: names.map((name) => rota(name, ['dana', 'sam', 'nora', 'erik', 'mia'], 1)) })
    const title = '<!channel> & *everything* is down '.repeat(100)
    const incident = { ...story.incident(), title, service: 'x'.repeat(200) }
    const handovers = names.map((schedule): Handover => {
      const bounds = { changeAt: T0, opensAt: T0 - 15 * MINUTE, overdueAt: T0 + 10 * MINUTE, limitAt: T0 + 30 * MINUTE }
      const people = { outgoing: ['nora'], incoming: ['dana', 'sam'], staying: ['mia'], by: null, settledAt: null }
      return { schedule, sinceAt: T0 - WEEK, ...bounds, ...people, state: 'due', opened: true, pages: [] }
    })
    const problems = names.map((schedule) => ({
      kind: 'gap' as const,
      schedule,
      people: [],
      startAt: T0 + HOUR,
      endAt: T0 + 2 * HOUR,
    }))
    const open = Array.from({ length: 200 }, (_, id) => ({ ...incident, id: id + 1 }))
    const home = homeOf(many, { handovers, open, problems, unreachable: 'user_disabled' })
    const voice = { rules: many, now: T0 }
    const blocks = [...homeBlocks(voice, home), homeFooter(voice)]
    const judged = judgeView({ type: 'home', blocks }, 'home')
    expect('problems' in judged ? judged.problems : []).toEqual([])
    expect(blocks.length).toBeLessThan(60)
    expect(JSON.stringify(blocks)).toContain('and 192 more: `/incident list`')
    expect(JSON.stringify(blocks)).toContain('and 95 more schedules: `/oncall`')
    expect(JSON.stringify(blocks)).not.toContain('<!channel>')
  })

  test('are the buttons of what they may do now', () => {
    const open = [story.incident()]
    expect(shown(by, { open })).toMatch(/incident_ack.*incident_resolve/)
    story.at(MINUTE, ack('sam'))
    expect(shown(by, { open: [story.incident()] })).not.toContain('incident_ack')
    const inherited = { schedule: 'primary', changeAt: T0, untilAt: T0 + 30 * MINUTE }
    const offered = { ...story.incident(), inherited }
    expect(shown(by, { open: [offered] })).toContain(`"incident_accept","value":"1/primary@${T0}"`)
    expect(shown(by, { open: [{ ...offered, ackedBy: 'dana' }] })).not.toContain('incident_accept')
    expect(shown(by, { open, guest: true })).not.toContain('action_id')
    expect(shown(by, { open, guest: true })).toContain('Guests of the workspace may read')
  })

  test('is said when pages do not reach them, and how to be added when they are not known', () => {
    expect(shown(by, { unreachable: 'user_not_in_team' })).toContain(
      '*You cannot be paged:* there is no such Slack account in this workspace',
    )
    const stranger = shown(by, { person: null, user: 'U0NEW', open: [story.incident()] })
    expect(stranger).toContain('slack: U0NEW')
    expect(stranger).toContain('*primary*: <@U0DANA>')
    expect(stranger).not.toMatch(/INC-|action_id|Your shifts/)
  })
})
