import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callingOut, callOut } from '../../src/checks/call.ts'
import { callHook, type Order } from '../../src/deploys/hook.ts'
import type { Hook } from '../../src/domain/deploy/rules.ts'
import { T0 } from '../support/builders.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** What starts and halts rollouts, against stand-ins for GitHub and GitLab that check what those check. */
const LOOPBACK = ['127.0.0.0/8']
const ORDER: Order = {
  ...{ id: 'deploy-start/7/12', action: 'start', deploy: 7, service: 'webmail', environment: 'production' },
  ...{ version: 'v42', kind: 'deploy', by: 'dana', reason: null },
}

interface There extends StandIn {
  asked: { method: string; path: string; headers: IncomingHttpHeaders; body: unknown }[]
  /** What it answers; null: it breaks the connection off once the request has come. */
  answer: { status: number; body?: string; location?: string } | null
  afterMs: number
}
let there: There
beforeAll(async () => {
  const server = await standIn((request, response, body) => {
    const { method = '', url: path = '', headers } = request
    there.asked.push({ method, path, headers, body: JSON.parse(body) })
    const { answer, afterMs } = there
    if (answer === null) return request.socket.destroy()
    const { status, body: said = '', location } = answer
    setTimeout(() => response.writeHead(status, location === undefined ? {} : { location }).end(said), afterMs)
  })
  there = { ...server, asked: [], answer: { status: 204 }, afterMs: 0 }
})
beforeEach(() => Object.assign(there, { asked: [], answer: { status: 204 }, afterMs: 0 }))
afterAll(() => there.close())

const github = (): Hook => ({
  ...{ kind: 'github', api: `${there.url}/`, repository: 'example/webmail', workflow: 'deploy.yml', ref: 'main' },
  secret: 'webmail/start',
})
const gitlab = (): Hook => ({
  ...{ kind: 'gitlab', url: `${there.url}/`, project: 'example/web/mail', ref: 'main', secret: 'webmail/start' },
})
const webhook = (): Hook => ({ kind: 'webhook', url: `${there.url}/deploy`, secret: 'webmail/start' })
const call = (hook: Hook, order: Partial<Order> = {}, out = callOut) =>
  callHook(out, hook, 'a-token', { ...ORDER, ...order }, LOOPBACK, T0)

test('GitHub: a workflow is dispatched with what is to happen, by the token', async () => {
  expect(await call(github())).toEqual({ outcome: 'done', detail: '204 No Content' })
  expect(there.asked).toEqual([
    {
      method: 'POST',
      path: '/repos/example/webmail/actions/workflows/deploy.yml/dispatches',
      headers: expect.objectContaining({
        authorization: 'Bearer a-token',
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      }),
      body: {
        ref: 'main',
        inputs: { action: 'start', deploy: '7', service: 'webmail', environment: 'production', version: 'v42' },
      },
    },
  ])
  await call(github(), { action: 'halt' })
  expect(there.asked[1]?.body).toMatchObject({ inputs: { action: 'halt' } })
})

test('GitLab: a pipeline is started with what is to happen as variables, by the token', async () => {
  there.answer = { status: 201, body: '{"id": 61, "status": "created"}' }
  expect(await call(gitlab(), { action: 'rollback', version: 'v41' })).toEqual({
    ...{ outcome: 'done', detail: '201 Created' },
  })
  const [asked] = there.asked
  expect(asked).toMatchObject({
    method: 'POST',
    path: '/api/v4/projects/example%2Fweb%2Fmail/pipeline',
    headers: { 'private-token': 'a-token' },
  })
  const { ref, variables = [] } = (asked?.body ?? {}) as { ref?: string; variables?: { key: string; value: string }[] }
  expect(ref).toBe('main')
  expect(Object.fromEntries(variables.map(({ key, value }) => [key, value]))).toEqual({
    ...{ WATCHBILL_ACTION: 'rollback', WATCHBILL_DEPLOY: '7', WATCHBILL_SERVICE: 'webmail' },
    ...{ WATCHBILL_ENVIRONMENT: 'production', WATCHBILL_VERSION: 'v41' },
  })
})

const NOT_MAY = 'Its token has ended or may not start'
const cases: [of: () => Hook, status: number, body: string, outcome: string, detail: string][] = [
  [
    ...([github, 401, '{"message": "Bad credentials"}', 'failed'] as const),
    `GitHub answered 401 Unauthorized: Bad credentials. ${NOT_MAY} deploy.yml of example/webmail, or that is not there`,
  ],
  [
    ...([github, 422, `{"message": "Workflow does not have 'workflow_dispatch' trigger"}`, 'failed'] as const),
    "GitHub answered 422 Unprocessable Entity: Workflow does not have 'workflow_dispatch' trigger",
  ],
  [github, 502, '<html>', 'unknown', 'GitHub answered 502 Bad Gateway'],
  [
    ...([gitlab, 404, '{"message": "404 Not Found"}', 'failed'] as const),
    `GitLab answered 404 Not Found. ${NOT_MAY} pipelines of example/web/mail, or that is not there`,
  ],
  [
    ...([gitlab, 400, '{"message": {"base": ["Reference not found"], "ref": ["is too long"]}}', 'failed'] as const),
    'GitLab answered 400 Bad Request: Reference not found, ref is too long',
  ],
  [gitlab, 403, '{"error": "insufficient_scope"}', 'failed', 'GitLab answered 403 Forbidden: insufficient_scope'],
  [gitlab, 500, '{"message": "500 Internal Server Error"}', 'unknown', 'GitLab answered 500 Internal Server Error'],
  [webhook, 408, '', 'unknown', 'it answered 408 Request Timeout'],
  [webhook, 500, '', 'unknown', 'it answered 500 Internal Server Error'],
  [webhook, 409, 'no', 'failed', 'it answered 409 Conflict'],
]
test.for(cases)('%o answered %i %s: %s', async ([hook, status, body, outcome, detail]) => {
  there.answer = { status, body }
  const done = await call(hook())
  expect(done).toEqual({ outcome, detail: expect.stringContaining(detail) })
  expect(done.detail).not.toContain('a-token')
})

test('where a hook leads on to nobody follows with the token', async () => {
  there.answer = { status: 302, location: `${there.url}/elsewhere` }
  expect(await call(github())).toEqual({ outcome: 'failed', detail: 'GitHub answered 302 Found' })
  expect(there.asked).toHaveLength(1)
})

test('it certainly did not begin when nobody was reached; nobody knows once the order was out', async () => {
  expect(await call({ ...webhook(), kind: 'webhook', url: 'http://127.0.0.1:9/' })).toMatchObject({ outcome: 'failed' })
  there.answer = null
  expect(await call(webhook())).toMatchObject({ outcome: 'unknown' })
  // It answers, and too late: what it then says is heard by nobody.
  Object.assign(there, { answer: { status: 202 }, afterMs: 1_000 })
  expect(await call(webhook(), {}, callingOut(200))).toEqual({ outcome: 'unknown', detail: 'no answer within 0.2 s' })
  expect(there.asked).toHaveLength(2)
})
