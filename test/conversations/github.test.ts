import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** GitHub's deployment protection rule and its workflows, against a stand-in for its API that checks what GitHub checks. */
let bot: Driver
afterEach(() => bot?.close())

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const SECRET = 'the secret of the webhook'

interface Github extends StandIn {
  /** Workflows of GitHub and pipelines of GitLab that were to start. */
  started: { by: string; token: string; body: object }[]
  answers: { environment_name: string; state?: string; comment: string }[]
}
let github: Github
beforeAll(async () => {
  const server = await standIn((request, response, body) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const say = (status: number, said: object = {}) => {
      response.statusCode = status
      response.end(JSON.stringify(said))
    }
    if (request.url === '/app/installations/55/access_tokens') {
      const [head, payload, signature = ''] = token.split('.')
      const isOurs = createVerify('RSA-SHA256').update(`${head}.${payload}`).verify(publicKey, signature, 'base64url')
      const { iss, iat, exp } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
      return isOurs && iss === '12345' && exp - iat <= 600 ? say(201, { token: 'ghs_1' }) : say(401)
    }
    if (request.url?.endsWith('/dispatches') || request.url?.endsWith('/pipeline')) {
      const by = request.url.endsWith('/pipeline') ? 'GitLab' : 'GitHub'
      const header = request.headers['private-token'] ?? token
      github.started.push({ by, token: String(header), body: JSON.parse(body) })
      if (JSON.stringify(body).includes('v2')) return say(401, { message: 'Bad credentials' })
      return say(by === 'GitLab' ? 201 : 204)
    }
    if (request.url !== '/repos/example/webmail/actions/runs/9/deployment_protection_rule' || token !== 'ghs_1')
      return say(404)
    github.answers.push(JSON.parse(body))
    return say(204)
  })
  github = { ...server, started: [], answers: [] }
})
afterAll(() => github.close())

const start = async (deploy = '') => {
  Object.assign(github, { started: [], answers: [] })
  bot = await startBot({
    at: Date.parse('2026-11-23T10:00:00+01:00'),
    probes: false,
    rollouts: true,
    config: (text) => `${text.replace('policy: mail, channel: C0OPS', `policy: mail, channel: C0OPS${deploy}`)}
gate:
  refuse_when: [open_incident]
  github: { app: "12345", key: ${JSON.stringify(privateKey)}, webhook_secret: "${SECRET}", api: "${github.url}", repositories: { Example/webmail: webmail } }
`,
  })
}

let deliveries = 0
async function send(event: string, payload: object, secret = SECRET): Promise<number> {
  const body = JSON.stringify(payload)
  const answer = await fetch(`${bot.url}/github`, {
    method: 'POST',
    body,
    headers: {
      ...{ 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': `d${++deliveries}` },
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  })
  await bot.rest()
  return answer.status
}
const deployment = (id: number) => ({
  deployment: { id, sha: '0123456789abcdef', ref: 'main', creator: { login: 'octo' } },
  repository: { full_name: 'example/webmail' },
})
const rule = (id: number, more: object = {}) => ({
  ...{ action: 'requested', environment: 'production', event: 'push', installation: { id: 55 } },
  deployment_callback_url: `${github.url}/repos/example/webmail/actions/runs/9/deployment_protection_rule`,
  ...deployment(id),
  ...more,
})
const status = (id: number, state: string) => ({
  deployment_status: { state, environment: 'production', description: '' },
  ...deployment(id),
})

test('what is allowed is approved at once, and its rollout followed; what is not signed is refused', async () => {
  await start()
  expect(await send('deployment_protection_rule', rule(1), 'another secret')).toBe(401)
  expect(await send('ping', {})).toBe(200)
  expect(
    await send('deployment_protection_rule', rule(1, { deployment_callback_url: 'http://127.0.0.1:1/steal' })),
  ).toBe(202)
  expect(github.answers).toEqual([])
  expect(await send('deployment_protection_rule', rule(2))).toBe(202)
  expect(github.answers).toEqual([
    { environment_name: 'production', state: 'approved', comment: 'Watchbill: deploy 2 is allowed.' },
  ])
  await send('deployment_status', status(2, 'success'))
  expect(bot.channel('ops').join()).toMatch(/\*Deploy 2: `webmail` `0123456789ab` \(production\)\*\n:eyes: \*Out\*/)
})

test('what is not waits, with the reason, and is approved when the gate opens', async () => {
  await start()
  await bot.type('mia', '/deploy freeze webmail 1m a word with the database')
  await send('deployment_protection_rule', rule(3))
  expect(github.answers).toEqual([
    { environment_name: 'production', comment: expect.stringContaining('not now (freeze)') },
  ])
  await bot.advance('80s')
  expect(github.answers).toHaveLength(2)
  expect(github.answers[1]).toMatchObject({ state: 'approved' })
})

test('a deployment that never asked is an alarm', async () => {
  await start()
  await send('deployment_status', status(4, 'in_progress'))
  expect(bot.paged()).toEqual(['dana'])
  expect(bot.dm('dana').join()).toContain('went past the gate: GitHub: octo did not ask')
  expect(bot.channel('ops').join()).toContain('*Nobody asked for it:*')
})

test('a workflow of GitHub starts it, a pipeline of GitLab halts it; what they refuse is said in their words', async () => {
  await start(`, deploy: {
    start: { github: example/webmail, workflow: deploy.yml, token: "a-token-of-github", api: "${github.url}" },
    halt: { gitlab: "${github.url}", project: ops/halts, token: "a-token-of-gitlab" } }`)
  await bot.type('sam', '/deploy webmail v1')
  await bot.type('mia', '/deploy halt 1 it looks wrong')
  expect(github.started.map(({ by, token }) => `${by} ${token}`)).toEqual([
    'GitHub a-token-of-github',
    'GitLab a-token-of-gitlab',
  ])
  expect(bot.channel('ops').join()).toContain('What rolls was told to stop, and has confirmed it.')
  await bot.type('sam', '/deploy rollback webmail v2')
  expect(bot.dm('sam').at(-1)).toContain(
    'Your rollback 2 of `webmail` `v2` (production) failed (GitHub answered 401 Unauthorized: Bad credentials. Its token has ended or may not start deploy.yml of example/webmail, or that is not there)',
  )
  expect(`${bot.channel('ops').join()} ${bot.dm('sam').join()}`).not.toContain('a-token')
})
