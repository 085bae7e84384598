import { randomBytes } from 'node:crypto'
import { under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { code, cut, list as inWords, plain, typed, when } from '../../src/slack/text.ts'
import { person } from '../../src/slack/words.ts'
import { type Feed, liveFeeds, makeFeed, revokeFeeds } from '../../src/store/feeds.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'

/** The address is all that it takes to read: nobody guesses 192 bits. */
const TOKEN_BYTES = 24

/** More than somebody has devices; whoever wants another revokes one that they have forgotten. */
const MOST_FEEDS = 20

/** Lines of a list: Slack shows no longer text in one place. */
const MOST_LISTED = 40

export const calendarUsage = [
  ['calendar [SCHEDULE|mine]', 'an address to subscribe to in your calendar: a schedule, or your own watches'],
  ['calendar list [all]', 'the addresses that you made; all of them takes the role `admin`'],
  ['calendar revoke N|all', "one of them works no more, or all of yours; somebody else's takes the role `admin`"],
] as const

/** `/oncall calendar …` */
export async function calendar(ask: Ask, rest: string): Promise<Reply> {
  const [verb, more] = split(rest.toLowerCase())
  if (verb === 'list') return list(ask, more)
  if (verb === 'revoke') return revoke(ask, more)
  if (more !== '') throw misused(`${code(cut(typed(rest), 100))} is more than I understand.`)
  return make(ask, verb)
}

async function make(ask: Ask, what: string): Promise<Reply> {
  const by = ask.by()
  const { schedules } = ask.deps.rules()
  const mine = what === '' || what === 'mine'
  const schedule = mine ? undefined : under(schedules, what)
  if (!mine && !schedule)
    throw new UserError(
      'unknown-schedule',
      `There is no schedule ${code(cut(typed(what), 100))}. Schedules: ${inWords(Object.keys(schedules).map(code))}; \`/oncall calendar mine\` is for your own watches.`,
    )
  const { publicUrl } = ask.deps
  if (publicUrl === null)
    throw new UserError(
      'no-public-url',
      'No calendar was made: Watchbill does not know the address under which people reach it. Whoever runs it sets `PUBLIC_URL` (like `https://watch.example.com`) and restarts it; then ask again.',
    )
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const feed = await makeFeed(ask.deps.store.pool, {
    token,
    schedule: schedule?.name ?? null,
    person: schedule ? null : by,
    madeBy: by,
    madeAt: ask.now,
    most: MOST_FEEDS,
  })
  if (feed === null)
    throw new UserError(
      'too-many-calendars',
      `You have ${MOST_FEEDS} calendars already, which is as many as one can have. \`/oncall calendar list\` shows them; \`/oncall calendar revoke N\` ends one.`,
    )
  const address = `${publicUrl}/calendar/${token}.ics`
  return only(
    [
      `:calendar: *Calendar ${feed.id}*, ${about(feed)}. Subscribe to it in your calendar:`,
      code(address),
      `or, where a click should subscribe: ${code(address.replace(/^https?:/, 'webcal:'))}`,
      `Whoever has the address can read it, and it is shown only now: keep it to yourself. \`/oncall calendar revoke ${feed.id}\` ends it.`,
    ].join('\n'),
  )
}

async function list(ask: Ask, which: string): Promise<Reply> {
  if (which !== '' && which !== 'all') throw misused(`${code(cut(typed(which), 100))} is not \`all\`.`)
  const all = which === 'all'
  const by = ask.by(all ? 'admin' : undefined)
  const found = await liveFeeds(ask.deps.store.pool, all ? null : by)
  if (found.length === 0)
    return only(`${all ? 'Nobody has a' : 'You have no'} calendar. \`/oncall calendar mine\` makes one.`)
  const { zone } = ask.deps.rules()
  const lines = found.slice(0, MOST_LISTED).map((feed) => {
    const maker = all ? ` by ${person(voice(ask), feed.madeBy)}` : ''
    return `• *${feed.id}*: ${about(feed)}, made${maker} on ${when(feed.madeAt, zone, '{date_short_pretty} {time}')}`
  })
  const more = found.length - lines.length
  return only([...lines, ...(more > 0 ? [`_and ${more} more_`] : [])].join('\n'))
}

async function revoke(ask: Ask, which: string): Promise<Reply> {
  const by = ask.by()
  const { pool } = ask.deps.store
  if (which === 'all') {
    const mine = await liveFeeds(pool, by)
    const ids = mine.map(({ id }) => id)
    await revokeFeeds(pool, ids, by, ask.now)
    return only(
      ids.length === 0
        ? 'You have no calendar that could be revoked.'
        : `:wastebasket: Revoked: ${ids.length === 1 ? 'calendar' : 'calendars'} ${inWords(ids.map(String))}. Those addresses work no more.`,
    )
  }
  if (!/^\d{1,9}$/.test(which)) throw misused('Which one? Name its number, or `all` of yours.')
  const feed = (await liveFeeds(pool)).find(({ id }) => id === Number(which))
  if (!feed)
    throw new UserError(
      'unknown-calendar',
      `There is no calendar ${which}, or it was revoked before. \`/oncall calendar list\` shows yours.`,
    )
  if (feed.madeBy !== by) ask.by('admin')
  await revokeFeeds(pool, [feed.id], by, ask.now)
  return only(`:wastebasket: Revoked: calendar ${feed.id}, ${about(feed)}. Its address works no more.`)
}

const about = ({ schedule, person: whose }: Feed): string =>
  schedule === null ? `the watches of ${plain(whose ?? '')}` : `the watch of ${code(schedule)}`

const misused = (wrong: string) =>
  new UserError(
    'bad-arguments',
    `${wrong}\nWhat works: ${calendarUsage.map(([form]) => code(`/oncall ${form}`)).join(', ')}.`,
  )
