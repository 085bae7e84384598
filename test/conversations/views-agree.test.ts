import { DateTime } from 'luxon'
import ical from 'node-ical'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { segments } from '../../src/domain/duty/schedule.ts'
import type { Piece } from '../../src/domain/handover.ts'
import { rotaFrom } from '../../src/store/rota.ts'
import { readRules } from '../../src/store/rules.ts'
import { type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

/** Monday 03:00. Every view of who is on duty gives the same answer, also after the roster was changed by hand. */
const MINUTE = 60_000
const NAMES = ['nora', 'dana', 'sam', 'mia', 'erik']
const ids = (people: readonly string[]) =>
  people.map((name) => `U0${name.toUpperCase()}`).sort((a, b) => a.localeCompare(b))

let bot: Driver
beforeAll(async () => {
  const config = (text: string) => text.replace('  primary:\n', '  primary:\n    slack_group: oncall-mail\n')
  bot = await startBot({ probes: false, config, publicUrl: 'https://watch.example.test' })
})
afterAll(() => bot.close())

const named = (text: string) => NAMES.filter((name) => text.includes(`<@U0${name.toUpperCase()}>`))

let count = 0
async function edit(pieces: Omit<Piece, 'schedule'>[]): Promise<void> {
  count += 1
  const event = {
    type: 'override' as const,
    by: 'erik',
    kind: 'override' as const,
    offeredTo: null,
    pieces: pieces.map((piece) => ({ schedule: 'primary', ...piece })),
  }
  await bot.bot.desk.submit({ source: 'test', key: `agree-${count}`, event })
  await bot.rest()
}

/** Who has the watch of `primary` now, by each of the views. */
async function views(feed: string): Promise<Record<string, string[]>> {
  const now = bot.clock.now()
  const command = await bot.type('sam', '/oncall primary')
  const asked = await bot.type('sam', `/oncall primary at ${DateTime.fromMillis(now, { zone: 'utc' }).toISO()}`)
  const group = [...bot.slack.workspace.groups.values()].find(({ handle }) => handle === 'oncall-mail')
  const home = await bot.openHome('sam')
  const calendar = Object.values(ical.sync.parseICS(await (await fetch(feed)).text()))
  const { rows } = await bot.store.pool.query<{ rules_id: number }>('select rules_id from desk')
  const rules = await readRules(bot.store.pool, rows[0]?.rules_id ?? 0)
  const schedule = (await rotaFrom(bot.store.config, rules)).schedules['primary']
  const { rows: watches } = await bot.store.pool.query<{ doc: { people: string[] } }>(
    `select doc from watches where schedule = 'primary'`,
  )
  return {
    command: ids(named(command.split('\n')[0] ?? '')),
    at: ids(named(asked.split('\n').find((line) => line.includes('*primary*')) ?? '')),
    group: group?.disabled ? [] : ids([...(group?.users ?? [])].map((id) => id.slice(2))),
    home: ids(named((home.split('\n').find((line) => line.includes('*primary*')) ?? '').split('then')[0] ?? '')),
    calendar: ids(
      calendar.flatMap((each) =>
        each?.type === 'VEVENT' && each.start.getTime() <= now && now < (each.end?.getTime() ?? 0)
          ? NAMES.filter((name) => String(each.summary).includes(name))
          : [],
      ),
    ),
    shell: ids(schedule ? (segments(schedule, now, now + 1)[0]?.people ?? []) : ['missing']),
    desk: ids(watches[0]?.doc.people ?? ['missing']),
  }
}

test('page, group, calendar, command, Home, shell and desk name the same people', async () => {
  const made = await bot.type('sam', '/oncall calendar primary')
  const [, path = ''] = /https:\/\/watch\.example\.test(\/calendar\/\S+?\.ics)/.exec(made) ?? []
  const feed = `${bot.url}${path}`
  const agree = async (expected: string[]) => {
    const found = await views(feed)
    for (const [view, people] of Object.entries(found)) expect(people, view).toEqual(ids(expected))
  }

  await agree(['nora'])
  await edit([{ mode: 'replaceAll', people: ['erik'], startAt: MONDAY_NIGHT, endAt: MONDAY_NIGHT + 60 * MINUTE }])
  await agree(['erik'])
  await edit([{ mode: 'replaceAll', people: [], startAt: MONDAY_NIGHT, endAt: MONDAY_NIGHT + 90 * MINUTE }])
  await agree([])
  await edit([{ mode: 'replaceAll', people: ['dana'], startAt: MONDAY_NIGHT, endAt: MONDAY_NIGHT + 30 * MINUTE }])
  await agree(['dana'])
  await edit([{ mode: 'add', people: ['mia'], startAt: MONDAY_NIGHT, endAt: MONDAY_NIGHT + 60 * MINUTE }])
  await agree(['dana', 'mia'])
  // And whoever they name is paged; the others are off, and not relieved yet.
  await bot.alert()
  const reasons = (await bot.facts()).flatMap((fact) =>
    fact.type === 'paged' && fact.page.why.kind === 'duty' ? [fact.page.person] : [],
  )
  expect(ids(reasons)).toEqual(ids(['dana', 'mia']))
})
