import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** Freeze periods of GitLab, kept equal to the coming blackouts, against a stand-in for its API that checks what GitLab checks. */
let bot: Driver

interface Period {
  id: number
  freeze_start: string
  freeze_end: string
  cron_timezone: string
}
interface Gitlab extends StandIn {
  periods: Period[]
  /** What it answers instead; 0: it does what is asked, and breaks the connection off. */
  status: number | null
  asked: string[]
}
let gitlab: Gitlab
const TOKEN = 'glpat-of-the-test'
/** Somebody else's. */
const THEIRS = { id: 1, freeze_start: '0 23 * * 5', freeze_end: '0 7 * * 1', cron_timezone: 'UTC' }
const CRON = /^\d{1,2} \d{1,2} \d{1,2} \d{1,2} \*$/

beforeAll(async () => {
  let ids = 1
  const server = await standIn((request, response, body) => {
    const { method = '', url = '', headers } = request
    const { pathname, searchParams } = new URL(url, 'http://gitlab.test')
    gitlab.asked.push(method)
    const say = (status: number, said?: object) => {
      if (gitlab.status === 0) return request.socket.destroy()
      return response.writeHead(status).end(said && JSON.stringify(said))
    }
    if (gitlab.status) return say(gitlab.status, { message: `${gitlab.status} Forbidden` })
    if (headers['private-token'] !== TOKEN) return say(401, { message: '401 Unauthorized' })
    const [, id] = /^\/api\/v4\/projects\/example%2Fwebmail\/freeze_periods(?:\/(\d+))?$/.exec(pathname) ?? []
    if (!pathname.startsWith('/api/v4/projects/example%2Fwebmail/freeze_periods')) return say(404)
    if (method === 'GET') {
      const [page, per] = [Number(searchParams.get('page')), Number(searchParams.get('per_page'))]
      return say(200, gitlab.periods.slice((page - 1) * per, page * per))
    }
    if (method === 'DELETE') {
      const found = gitlab.periods.some((each) => each.id === Number(id))
      gitlab.periods = gitlab.periods.filter((each) => each.id !== Number(id))
      return say(found ? 204 : 404)
    }
    const { freeze_start, freeze_end, cron_timezone } = JSON.parse(body) as Omit<Period, 'id'>
    if (!CRON.test(freeze_start) || !CRON.test(freeze_end) || cron_timezone !== 'UTC')
      return say(400, { message: { freeze_start: ['is not a valid cron'] } })
    const made = { id: ++ids, freeze_start, freeze_end, cron_timezone }
    gitlab.periods.push(made)
    return say(201, made)
  })
  gitlab = { ...server, periods: [{ ...THEIRS }], status: null, asked: [] }
  bot = await startBot({
    // 2026-11-23 is a Monday; the watch changes at 08:00 and 20:00, which is 07:00 and 19:00 UTC.
    at: Date.parse('2026-11-23T10:00:00+01:00'),
    probes: false,
    freezes: true,
    config: (text) => `${text}
gate:
  gitlab_freezes: [{ service: webmail, gitlab: "${gitlab.url}/", project: example/webmail, token: "${TOKEN}" }]
`,
  })
})
afterAll(async () => {
  await bot?.close()
  await gitlab.close()
})

const ours = () =>
  gitlab.periods
    .filter(({ id }) => id !== THEIRS.id)
    .map(({ freeze_start, freeze_end }) => `${freeze_start} to ${freeze_end}`)
const told = () => bot.dm('dana').filter((text) => text.includes('GitLab'))

test('the changes of the coming week are freeze periods, made once, and nobody else’s is touched', async () => {
  await bot.advance('60s')
  expect(ours()).toHaveLength(15)
  expect(ours().slice(0, 3)).toEqual([
    '30 18 23 11 * to 15 19 23 11 *',
    '30 6 24 11 * to 15 7 24 11 *',
    '30 18 24 11 * to 15 19 24 11 *',
  ])
  const asked = gitlab.asked.length
  await bot.advance('3m')
  expect(gitlab.asked.length - asked).toBeLessThanOrEqual(1)
  expect(gitlab.periods).toContainEqual(THEIRS)
})

test('a swap that does away with a change does away with its freeze; a freeze by a person is one, until it is over', async () => {
  await bot.type('nora', '/oncall cover @dana tomorrow 08:00-20:00')
  const asked = bot.slack.channel('ops', 'U0NORA').messages.at(-1)
  await bot.slack.press('U0NORA', asked?.channel ?? '', asked?.ts ?? '', 'roster_do')
  await bot.rest()
  await bot.advance('60s')
  expect(ours()).toHaveLength(13)
  expect(ours().join()).not.toMatch(/ 24 11 /)
  await bot.type('mia', '/deploy freeze webmail 2h the auditors are here')
  await bot.advance('60s')
  expect(ours()).toHaveLength(14)
  expect(ours().at(-1)).toMatch(/^\d+ 9 23 11 \* to \d+ 11 23 11 \*$/)
  await bot.type('mia', '/deploy thaw 1')
  await bot.advance('60s')
  expect(ours()).toHaveLength(13)
  expect(gitlab.periods).toContainEqual(THEIRS)
})

test('what GitLab refuses is said to whoever is on duty, once; when it takes it again, it has all of it', async () => {
  gitlab.status = 403
  await bot.type('mia', '/deploy freeze webmail 2h a second time')
  await bot.advance('3m')
  expect(told()).toHaveLength(1)
  expect(told()[0]).toContain('*GitLab does not have the blackouts of `webmail`:*')
  expect(told()[0]).toContain(
    "/example/webmail` answered 403 Forbidden. The token has to be a maintainer's of that project, with the scope api.",
  )
  expect(told()[0]).not.toContain(TOKEN)
  // Also by a process that knows nothing of the one before.
  await bot.restart()
  await bot.advance('2m')
  expect(told()).toHaveLength(1)
  gitlab.status = null
  await bot.advance('60s')
  expect(ours()).toHaveLength(14)
  // Refused anew is news.
  await bot.type('mia', '/deploy thaw 2')
  gitlab.status = 401
  await bot.advance('60s')
  expect(told()).toHaveLength(2)
  gitlab.status = null
  await bot.advance('60s')
  expect(ours()).toHaveLength(13)
})

test('an answer that is lost makes no second one, and one that somebody deleted is made again', async () => {
  gitlab.status = 0
  await bot.type('mia', '/deploy freeze webmail 2h a third time')
  await bot.advance('60s')
  expect(ours()).toHaveLength(14)
  gitlab.status = null
  await bot.restart()
  await bot.advance('60s')
  expect(ours()).toHaveLength(14)
  await bot.type('mia', '/deploy thaw 3')
  await bot.advance('60s')
  expect(ours()).toHaveLength(13)
  gitlab.periods = gitlab.periods.filter(({ id }) => id === THEIRS.id)
  await bot.advance('16m')
  expect(ours()).toHaveLength(13)
  expect(told()).toHaveLength(2)
})
