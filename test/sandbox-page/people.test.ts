import { describe, expect, test } from 'vitest'
import { badgesOf, presenceOf, presenceWords } from '../../src/sandbox/page/people.ts'
import { sizeOf } from '../../src/sandbox/page/upload.ts'
import type { Person } from '../../src/sandbox/wire.ts'
import { bot, erik, state } from './builders.ts'

const NOON = Date.parse('2018-03-15T12:00:00Z')
const now = state({ now: NOON })

describe('beside a name stands', () => {
  test.each<[string, Partial<Person>, string[]]>([
    ['nothing for a member', {}, []],
    ['that it is an app', { is_bot: true }, ['APP']],
    ['that somebody is a guest', { is_restricted: true }, ['Guest']],
    [
      'that they are one of a single channel',
      { is_restricted: true, is_ultra_restricted: true },
      ['Single-channel guest'],
    ],
    ['that they are of another company', { is_external: true }, ['External']],
    ['that they have left', { deleted: true, is_restricted: true }, ['Guest', 'Deactivated']],
  ])('%s', (_, part, wanted) => {
    expect(badgesOf({ ...erik, ...part })).toEqual(wanted)
  })
})

describe('somebody is', () => {
  const quiet = { dnd_until: NOON + 3_600_000 }

  test.each<[string, Person, string, string]>([
    ['there', erik, 'active', 'Active'],
    ['away', { ...erik, presence: 'away' }, 'away', 'Away'],
    ['not to be disturbed', { ...erik, ...quiet }, 'quiet', 'Active, notifications paused until 13:00'],
    ['there again when that is over', { ...erik, dnd_until: NOON - 1 }, 'active', 'Active'],
    ['gone', { ...erik, ...quiet, deleted: true }, 'away', 'Has left'],
    ['connected, as a bot', bot, 'active', 'Connected'],
  ])('%s', (_, person, sign, words) => {
    expect([presenceOf(now, person), presenceWords(now, person)]).toEqual([sign, words])
  })

  test('not there, as a bot without a connection', () => {
    const lonely = state({ connections: 0 })
    expect([presenceOf(lonely, bot), presenceWords(lonely, bot)]).toEqual(['away', 'Not connected'])
  })
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1300, '1.3 kB'],
  [25_400, '25 kB'],
  [1_400_000, '1.4 MB'],
])('%i bytes are read as %s', (bytes, words) => {
  expect(sizeOf(bytes)).toBe(words)
})
