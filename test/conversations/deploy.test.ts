import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { gate as gateCommand } from '../../src/cli/gate.ts'
import { verifyChain } from '../../src/store/chain.ts'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** The gate, from a question in Slack or of a CI to the end of a rollout, against a hook that really listens. */
let bot: Driver
afterEach(() => bot?.close())

interface Hook extends StandIn {
  calls: { path: string; headers: IncomingHttpHeaders; body: string }[]
  /** What it answers; 0: it breaks the connection off. */
  status: number
  pool: { up: number; total: number } | null
}

let hook: Hook
beforeAll(async () => {
  const server = await standIn((request, response, body) => {
    if (request.url === '/pool') {
      response.statusCode = hook.pool === null ? 503 : 200
      return response.end(JSON.stringify(hook.pool ?? {}))
    }
    hook.calls.push({ path: request.url ?? '', headers: request.headers, body })
    if (hook.status === 0) return request.socket.destroy()
    response.statusCode = hook.status
    response.end('{}')
  })
  hook = { ...server, calls: [], status: 202, pool: { up: 8, total: 8 } }
})
afterAll(() => hook.close())

const SECRET = 'a secret of the hooks'
const INTAKE = '0123456789abcdef0123456789abcdef'
/** 2026-11-23 is a Monday; dana has had the watch since 08:00. */
const MORNING = Date.parse('2026-11-23T10:00:00+01:00')

const start = async (options: Parameters<typeof startBot>[0] = {}, more = '') => {
  Object.assign(hook, { calls: [], status: 202, pool: { up: 8, total: 8 } })
  bot = await startBot({
    at: MORNING,
    probes: true,
    ...options,
    config: (text) =>
      `${text
        .replace(
          'webmail: { policy: mail, channel: C0OPS }',
          `webmail:
    policy: mail
    channel: C0OPS
    intake: "${INTAKE}"
    pool: "${hook.url}/pool"
    deploy:
      estimate: 20m
      bake: 30s
      environments: [production, staging]
      start: { webhook: "${hook.url}/deploy", secret: "${SECRET}" }
      halt: { webhook: "${hook.url}/halt", secret: "${SECRET}" }
      halt_when: { pool_below: 75%, probes_failing: 1 }`,
        )
        .replace('schedules:\n', 'roles: { approver: [mia, sam] }\nschedules:\n')}
gate:
  blackouts: [{ name: Friday evening, from: "Fri 16:00", to: "Mon 07:00" }]
  override: { by: approver, reason: required }
${more}`,
  })
  // Every monitor has looked once.
  if (options.probes !== false) await bot.advance('31s')
}
const ops = () => bot.channel('ops').join('\n---\n')
const api = async (path: string, body?: object) => {
  const answer = await fetch(`${bot.url}${path}`, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${API_TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
  })
  await bot.rest()
  return {
    status: answer.status,
    body: (await answer.json()) as Record<string, unknown> & { reasons: { reason: string }[] },
  }
}

test('allowed: the hook is called once, signed; CI reports, it is watched, and it is done', async () => {
  await start()
  const said = await bot.type('dana', '/deploy webmail v42')
  expect(said).toContain('*Starting*')
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy'])
  const [{ headers, body } = { headers: {} as IncomingHttpHeaders, body: '' }] = hook.calls
  const { data, type } = JSON.parse(body)
  expect({ type, data }).toMatchObject({
    type: 'deploy.start',
    data: { deploy: 1, service: 'webmail', environment: 'production', version: 'v42', by: 'dana', kind: 'deploy' },
  })
  const signature = createHmac('sha256', SECRET)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64')
  expect(headers['webhook-signature']).toBe(`v1,${signature}`)
  expect(ops()).toMatch(/\*Deploy 1: `webmail` `v42` \(production\)\*\n:rocket: \*Rolling out\*/)
  expect((await api('/v1/deploys/1/events', { type: 'step', message: '3 of 8 servers' })).body).toMatchObject({
    state: 'rolling',
    proceed: true,
  })
  expect(ops()).toContain('CI: _3 of 8 servers_')
  // What rolls, nothing else starts beside.
  expect(await bot.type('sam', '/deploy webmail v43')).toContain('*Another rollout:* deploy 1 (`v42`) is not over')
  expect(await bot.type('sam', '/deploy webmail v42')).toContain('under way already, as deploy 1')
  expect((await api('/v1/deploys/1/events', { type: 'finish' })).body).toMatchObject({ state: 'baking' })
  await bot.advance('31s')
  expect(ops()).toContain(':white_check_mark: *Done*')
  expect(hook.calls).toHaveLength(1)
  expect(await bot.type('sam', '/deploy log 1')).toContain(
    '*Allowed:* deploy 1 of `webmail` `v42` (production) by <@U0DANA>',
  )
})

test('refused before a shift change, with the reason and the next free instant; told when it opens', async () => {
  await start({ at: Date.parse('2026-11-23T07:35:00+01:00') })
  const said = await bot.type('nora', '/deploy webmail v42')
  expect(said).toContain(':no_entry: *Not now:* `webmail` `v42` (production) was not deployed.')
  expect(said).toMatch(/\*Shift change:\* the watch of `primary` changes at <!date\^\d+\^\{time\}\|08:00 CET>/)
  expect(said).toMatch(/\*Next free:\* <!date\^\d+\^\{time\}\|08:15 CET>/)
  expect(said).toContain('[Tell me when it opens]')
  expect(hook.calls).toEqual([])
  expect(await api('/v1/gate?service=webmail')).toMatchObject({
    status: 409,
    body: { decision: 'deny', reasons: [{ reason: 'shift-change' }], next_open_at: '2026-11-23T07:15:00.000Z' },
  })
  expect(await api('/v1/gate?service=webmail&at=2026-11-23T09:00:00Z')).toMatchObject({
    status: 200,
    body: { decision: 'allow' },
  })
  const written: string[] = []
  const out = { write: (text: string) => written.push(text) }
  const env = { WATCHBILL_API_TOKEN: API_TOKEN }
  const ask = (more: object) =>
    gateCommand({ service: 'webmail', url: bot.url, ...more }, { env, stdout: out, stderr: out, now: Date.now })
  expect(await ask({})).toBe(1)
  expect(written.join('')).toContain('the watch of primary changes at 08:00 CET')
  expect(await ask({ at: '2026-11-23T09:00:00Z' })).toBe(0)
  expect(await ask({ url: 'http://127.0.0.1:9' })).toBe(2)
  expect(await ask({ token: 'wrong' })).toBe(2)
})

test('whoever wants to know hears when it opens', async () => {
  await start({ rollouts: true })
  await bot.type('mia', '/deploy freeze webmail 1m a word with the database')
  await bot.type('dana', '/deploy webmail v42')
  expect(await bot.type('dana', '/deploy tell 1')).toContain('You will have a message')
  await bot.advance('50s')
  expect(bot.dm('dana').join()).not.toContain('The gate is open')
  await bot.advance('30s')
  expect(bot.dm('dana').join()).toContain('*The gate is open* for `webmail` `v42`')
  expect(hook.calls).toEqual([])
})

test('overridden by two, never by one; and by one alone, loudly', async () => {
  await start({ at: Date.parse('2026-11-23T09:00:00+01:00'), probes: false }, '  refuse_when: [open_incident]')
  await bot.type('mia', '/deploy freeze all 4h the auditors are here')
  expect(ops()).toContain(':snowflake: *Freeze 1* of every service')
  expect(await bot.type('dana', '/deploy webmail v42')).toContain('*Freeze 1* by <@U0MIA>')
  expect(await bot.type('dana', '/deploy override 1')).toContain('Why? It goes on record')
  await bot.type('dana', '/deploy override 1 the auditors asked for it')
  expect(ops()).toContain('<@U0DANA> *asks for an override:* _the auditors asked for it_')
  expect(await bot.type('dana', '/deploy approve 1')).toContain('takes the role `approver`')
  expect(await bot.type('mia', '/deploy approve 1')).toContain('*Starting*')
  expect(hook.calls).toHaveLength(1)
  expect(ops()).toContain('override by <@U0DANA> with <@U0MIA>: _the auditors asked for it_')
  await api('/v1/deploys/1/events', { type: 'failure', message: 'no disk left' })
  expect(bot.dm('dana').join()).toContain('Your deploy 1 of `webmail` `v42` (production) failed (no disk left)')
  // Approval after expiry.
  await bot.type('sam', '/deploy webmail v43')
  await bot.type('sam', '/deploy override 2 please')
  expect(await bot.type('sam', '/deploy approve 2')).toContain('takes a second person')
  await bot.advance('16m')
  expect(await bot.type('mia', '/deploy approve 2')).toContain('Deploy 2 is lapsed')
  await bot.type('sam', '/deploy break-glass 2 customers wait')
  expect(hook.calls).toHaveLength(2)
  expect(bot.dm('dana').join()).toContain(
    '*<@U0SAM> has broken the glass* and deploys `webmail` `v43` (production) alone',
  )
  expect(ops()).toContain('*broken glass* by <@U0SAM> alone: _customers wait_')
})

test('a rollout that takes servers away is halted while most of the pool serves, locks the service and pages', async () => {
  await start({ rollouts: true })
  await bot.type('erik', '/deploy webmail v42')
  hook.pool = { up: 7, total: 8 }
  await bot.advance('2s')
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy'])
  hook.pool = { up: 6, total: 8 }
  await bot.advance('2s')
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy', '/halt'])
  expect(bot.paged()).toEqual(['dana'])
  expect(bot.dm('dana').join()).toContain('6 of 8 servers serve, and one less is below 75%')
  expect(bot.dm('erik').join()).toContain('*Halted*')
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Halted*: deploy 1 of `webmail` `v42`'))
  expect(ops()).toContain('What rolls was told to stop, and has confirmed it.')
  expect((await api('/v1/deploys/1/events', { type: 'step' })).body).toMatchObject({ state: 'halted', proceed: false })
  expect(await bot.type('erik', '/deploy webmail v43')).toContain('*Lock 1*')
  // Back: never blocked, though an incident is open and the service is locked.
  expect(await bot.type('erik', '/deploy rollback webmail')).toContain('does not know which version')
  await bot.type('erik', '/deploy rollback webmail v41')
  expect(JSON.parse(hook.calls.at(-1)?.body ?? '{}')).toMatchObject({
    type: 'deploy.start',
    data: { kind: 'rollback', version: 'v41' },
  })
  // It begins where servers are missing still: that is no reason to halt it.
  await bot.advance('2s')
  expect(ops()).not.toContain('*Rollback 3: `webmail` `v41` (production)*\n:octagonal_sign:')
  hook.pool = { up: 8, total: 8 }
  await api('/v1/deploys/3/events', { type: 'finish' })
  await bot.advance('31s')
  expect(bot.timeline()).toContainEqual(expect.stringContaining('the rollback to v41 is out'))
  expect(await bot.type('erik', '/incident list')).toContain('No open incident')
  expect(await bot.type('dana', '/deploy unlock 1')).toContain('The lock 1 is over')
  expect(await bot.type('erik', '/deploy check webmail')).toContain('may be deployed to production now')
})

test('of four servers one at a time is restarted; one that stays away halts it, also where another process looks', async () => {
  await start({ rollouts: true })
  hook.pool = { up: 4, total: 4 }
  await bot.type('erik', '/deploy webmail v42')
  for (let server = 1; server <= 2; server++) {
    hook.pool = { up: 3, total: 4 }
    await bot.advance('3s')
    hook.pool = { up: 4, total: 4 }
    await bot.advance('2s')
  }
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy'])
  hook.pool = { up: 3, total: 4 }
  await bot.advance('31s')
  await bot.restart()
  await bot.advance('28s')
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy'])
  await bot.advance('2s')
  expect(hook.calls.map(({ path }) => path)).toEqual(['/deploy', '/halt'])
  expect(bot.dm('dana').join()).toContain('3 of 4 servers serve, one is away for 60 s, and one less is below 75%')
})

test('a hook that refuses, that gives no sense, and a process that dies: no second start, and a person is told', async () => {
  await start({ rollouts: false })
  hook.status = 422
  await bot.type('erik', '/deploy webmail v1')
  expect(bot.dm('erik').join()).toContain('failed (it answered 422 Unprocessable Entity)')
  hook.status = 0
  await bot.type('erik', '/deploy webmail v2')
  expect(hook.calls.map(({ body }) => JSON.parse(body).data.version)).toEqual(['v1', 'v2'])
  expect(bot.dm('erik').join()).toContain('gave no answer that says whether it has started')
  expect(bot.dm('dana').join()).toContain('gave no answer that says whether it has started')
  // Nothing starts beside what may have started.
  expect(await bot.type('sam', '/deploy webmail v3')).toContain('*Another rollout:* deploy 2')
  await bot.restart()
  expect(hook.calls).toHaveLength(2)
  expect(await bot.type('erik', '/deploy failed 2')).toContain('*Failed*')
  // Two at the very same moment: one begins.
  hook.status = 202
  await Promise.all(['U0ERIK', 'U0SAM'].map((who, n) => bot.slack.command(who, 'ops', `/deploy webmail v${4 + n}`)))
  await bot.rest()
  expect(hook.calls).toHaveLength(3)
  // A halt that fails is told of, and tried on.
  hook.status = 503
  const { deploy } = JSON.parse(hook.calls.at(-1)?.body ?? '{}').data
  await bot.type('mia', `/deploy halt ${deploy} it looks wrong`)
  await bot.advance('10s')
  expect(bot.dm('dana').join()).toContain('does not answer to its halt hook')
  hook.status = 200
  await bot.advance('20s')
  expect(ops()).toContain('What rolls was told to stop, and has confirmed it.')
  expect(hook.calls.filter(({ path }) => path === '/deploy')).toHaveLength(3)
  // Every decision is on record, and the record is whole; what is changed in it is found.
  expect(await verifyChain(bot.store.pool)).toMatchObject({ broken: [] })
  await bot.store.pool.query(`alter table facts disable trigger all`)
  await bot.store.pool.query(
    `update facts set body = jsonb_set(body, '{by}', '"mia"') where id = (select min(id) from facts where kind = 'deploy')`,
  )
  expect((await verifyChain(bot.store.pool)).broken).toEqual([
    { fact: expect.any(Number), why: 'it is not what was recorded' },
  ])
  // The handover names what goes with the watch.
  expect(await bot.type('nora', '/oncall handover primary')).toContain('*Deploys (')
})

test('CI reports a rollout of its own, which is held back at a change of the watch', async () => {
  await start(
    { at: Date.parse('2026-11-23T18:30:00+01:00'), probes: false },
    '  refuse_when: [open_incident, nobody_on_call]',
  )
  const ask = { service: 'webmail', version: 'v9', by: 'pipeline 12', id: 'run-12' }
  const begun = await api('/v1/deploys', ask)
  expect(begun).toMatchObject({
    status: 201,
    body: { deploy: 1, decision: 'allow', state: 'rolling', proceed: true },
  })
  expect((await api('/v1/deploys', ask)).body).toEqual(begun.body)
  expect(await api('/v1/deploys', { ...ask, version: 'v10', id: 'run-13' })).toMatchObject({
    status: 409,
    body: { decision: 'deny', proceed: false },
  })
  expect(await api('/v1/deploys', { service: 'nothing', version: 'v1' })).toMatchObject({ status: 404 })
  expect(await api('/v1/deploys', { service: 'webmail' })).toMatchObject({ status: 400 })
  await api('/v1/deploys/1/events', { type: 'step', message: '1 of 8', id: 's1' })
  expect(hook.calls).toEqual([])
  // It takes longer than it said: at half past seven its people are asked, and five minutes later it is held.
  await bot.advance('61m')
  expect(bot.dm('dana').join()).toContain('*A blackout has begun while it rolls.*')
  await bot.advance('5m')
  expect((await api('/v1/deploys/1')).body).toMatchObject({ state: 'held', proceed: false })
  expect(ops()).toContain(':double_vertical_bar: *Held*')
  expect(await bot.type('nora', '/deploy resume 1')).toContain('*Rolling out*')
  // CI that asks while the store is away is to ask again, and not to go on.
  bot.trouble.storeDown = true
  for (const path of ['/v1/deploys/1', '/v1/gate?service=webmail']) {
    const { status, headers } = await fetch(`${bot.url}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } })
    expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  }
  bot.trouble.storeDown = false
})

test('a change event: a deploy that is on record is that one, one that is not is an alarm, any other change is noted', async () => {
  await start({ probes: false }, '  refuse_when: []')
  const change = async (payload: object, key = INTAKE) => {
    const body = JSON.stringify({ routing_key: key, payload })
    const answer = await fetch(`${bot.url}/v2/change/enqueue`, { method: 'POST', body })
    await bot.rest()
    return { status: answer.status, body: await answer.text() }
  }
  const built = (more: object = {}, at = 'T09:00:00.000+0000') => ({
    ...{ summary: 'Build 7 is out', source: 'ci-9', timestamp: `2026-11-23${at}` },
    custom_details: { environment: 'production', version: 'v7', ...more },
  })
  expect((await change(built(), 'wrong')).status).toBe(400)
  expect(await change({ source: 'ci-9' })).toMatchObject({
    status: 400,
    body: expect.stringContaining('payload.summary'),
  })
  // Of an environment that nobody guards: on record, and nobody is disturbed.
  expect(await change(built({ environment: 'Dev' }))).toEqual({
    status: 202,
    body: '{"status":"success","message":"Change event processed"}',
  })
  expect([bot.dm('dana'), bot.paged()]).toEqual([[], []])
  // CI asked for this one, and reports it while it rolls and just after.
  await api('/v1/deploys', { service: 'webmail', version: 'v7' })
  await change(built())
  await api('/v1/deploys/2/events', { type: 'finish' })
  await bot.advance('60s')
  await change(built({}, 'T09:01:00.000+0000'))
  expect(bot.paged()).toEqual([])
  // Nobody says where, and nothing is deployed any more: whoever is on duty is told, and not paged.
  await bot.advance('16m')
  await change({ summary: 'Merged: raise the limits of attachments' })
  expect(bot.dm('dana').join()).toContain(
    '*Something changed at `webmail`*, reported by a change event: _Merged: raise the limits of attachments_',
  )
  expect(bot.paged()).toEqual([])
  // And this one nobody asked for. Sent again, it is the same.
  const past = built({ version: 'v8', user: 'octo' }, 'T09:02:00.000+0000')
  await change(past)
  await change(past)
  await change({ ...past, summary: 'Build 8 is well' })
  expect(bot.paged()).toEqual(['dana'])
  expect(bot.dm('dana').join()).toContain(
    'deploy 4 of webmail (v8) to production went past the gate: ci-9, octo did not ask',
  )
  expect(ops()).toContain('*Deploy 4: `webmail` `v8` (production)*\n:rotating_light: *Nobody asked for it:*')
  // Another one, while the incident is open: whoever is on duty hears of it all the same.
  await change(built({ version: 'v9' }))
  expect(bot.dm('dana').at(-1)).toContain('*Nobody asked for it:* `webmail` `v9` (production) was deployed by ci-9')
  const log = await bot.type('sam', '/deploy log webmail')
  expect(log.split('\n').map((each) => /(change|deploy) `webmail`.*$/.exec(each)?.[0])).toEqual([
    undefined,
    'deploy `webmail` `v9` (production) · *unasked*',
    'deploy `webmail` `v8` (production) · *unasked*',
    'change `webmail` `Merged: raise the limits of attachments` (production) · *noted*',
    'deploy `webmail` `v7` (production) · *done*',
    'change `webmail` `v7` (dev) · *noted*',
  ])
  const { body } = await api('/v1/incidents/1/postmortem?format=json')
  expect(JSON.stringify(body['changes'])).toContain('change webmail v7 (dev)')
})
