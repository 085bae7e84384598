import { describe, expect, test } from 'vitest'
import { type FaultInput, faultSchema } from '../../src/sandbox/faults.ts'
import { type Armed, namedFault, WEATHERS, weatherOf } from '../../src/sandbox/page/weather.ts'

const weathers = WEATHERS.flatMap((group) => group.weathers)
const armed = (fault: FaultInput, left: number | null = null): Armed => {
  const parsed = faultSchema.parse(fault)
  if (parsed.kind === 'disconnect') throw new Error('a cut is never set')
  return { id: 1, fault: parsed, left }
}

describe('the weather', () => {
  test.each(weathers.map((weather) => [weather.title, weather] as const))(
    '%s is a fault that the workspace takes, and is known again as it gives it back',
    (_, weather) => {
      expect(weatherOf(faultSchema.parse(weather.fault))).toBe(weather)
    },
  )

  test('has a key of its own for each', () => {
    expect(new Set(weathers.map(({ key }) => key)).size).toBe(weathers.length)
  })

  test('is known also when it strikes a few times only', () => {
    expect(weatherOf({ kind: 'http', status: 503, count: 3 })?.key).toBe('down')
  })

  test.each<[string, FaultInput]>([
    ['of one method', { kind: 'http', status: 503, method: 'chat.update' }],
    ['in one channel', { kind: 'lost_reply', channel: 'ops' }],
    ['that strikes by chance', { kind: 'hang', probability: 0.5 }],
    ['of another measure', { kind: 'slow', ms: 10 }],
    ['of a kind that the menu lacks', { kind: 'error', error: 'fatal_error' }],
  ])('is not what is narrower or other: a fault %s', (_, fault) => {
    expect(weatherOf(fault)).toBeNull()
  })
})

test.each<[string, Armed]>([
  ['Slack is down', armed({ kind: 'http', status: 503 })],
  ['Replies are lost (3 more times)', armed({ kind: 'lost_reply' }, 3)],
  ['Delivered twice (once more)', armed({ kind: 'duplicate' }, 1)],
  ['http for chat.update in ops', armed({ kind: 'http', method: 'chat.update', channel: 'ops' })],
  ['fatal_error for views.*', armed({ kind: 'error', error: 'fatal_error', method: 'views.*' })],
])('what is set is called “%s”', (name, each) => {
  expect(namedFault(each)).toBe(name)
})
