import { afterEach, describe, expect, test } from 'vitest'
import type { Check } from '../../src/intake/health.ts'
import { BEARER, type Front, startFront, TOKEN } from '../support/front.ts'

let front: Front
afterEach(() => front.close())

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${front.url}${path}`, { headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

describe('who may call', () => {
  test('whoever has the token; every wrong one gets the same answer', async () => {
    front = await startFront()
    expect((await get('/metrics', BEARER)).status).toBe(200)
    expect((await get('/metrics', { authorization: `bearer  ${TOKEN} ` })).status).toBe(200)
    const wrong = [
      {},
      { authorization: '' },
      ...['Bearer', 'Bearer x', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN} y`].map((authorization) => ({
        authorization,
      })),
    ]
    const answers = await Promise.all(wrong.map((headers) => get('/metrics', headers)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer realm="watchbill"')
    expect(answers[0]?.headers.get('content-type')).toContain('application/problem+json')
  })

  test('nobody, as long as no token is set: the answer names what to set', async () => {
    front = await startFront({ apiToken: null })
    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer null' }]) {
      const { status, text } = await get('/metrics', headers)
      expect(status).toBe(503)
      expect(text).toContain('WATCHBILL_API_TOKEN is not set')
    }
  })

  test('a token in the address is none', async () => {
    front = await startFront()
    for (const query of [`token=${TOKEN}`, `access_token=${TOKEN}`, `authorization=Bearer%20${TOKEN}`])
      expect((await get(`/metrics?${query}`)).status).toBe(401)
    expect(front.lines.join('')).not.toContain(TOKEN)
  })
})

describe('errors are problems', () => {
  test('an address that is none', async () => {
    front = await startFront()
    expect((await get('/v1/nothing?token=hunter2')).body).toEqual({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: 'There is no GET /v1/nothing.',
    })
    expect(await get('/%')).toMatchObject({ status: 400, body: { status: 400, title: 'Bad Request' } })
  })

  test('a defect of ours: a reference, which the log has too, and nothing else', async () => {
    front = await startFront({
      more: [
        (server) =>
          server.get('/defect', { config: { open: 'a test' } }, async () => {
            throw new Error('the password is hunter2-hunter2')
          }),
      ],
    })
    const { status, body } = await get('/defect')
    const { detail } = body as { detail: string }
    expect(status).toBe(500)
    expect(detail).not.toContain('hunter2')
    const reference = /reference ([0-9a-f]{8})/.exec(detail)?.[1]
    expect(front.lines).toHaveLength(1)
    expect(JSON.parse(front.lines[0] ?? '')).toMatchObject({ level: 50, reference, route: '/defect' })
  })
})

describe('health', () => {
  const listed = (problems: Record<string, string | null>): Check[] =>
    Object.entries(problems).map(([name, problem]) => ({ name, problem }))

  test('livez asks nothing of anybody', async () => {
    front = await startFront({ behind: { checks: () => Promise.reject(new Error('broken')) } })
    expect(await get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  test('readyz says the first thing that is missing, or with ?verbose all of them', async () => {
    let checks = listed({ store: null, slack: null })
    front = await startFront({ behind: { checks: async () => checks } })
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect((await get('/readyz?verbose')).body).toEqual({
      status: 'ok',
      checks: [
        { name: 'store', ok: true },
        { name: 'slack', ok: true },
      ],
    })
    checks = listed({ store: null, slack: 'Slack is not connected', alarms: 'nobody hears' })
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { status: 503, detail: 'Slack is not connected' } })
    expect(await get('/readyz?verbose=1')).toMatchObject({
      status: 503,
      body: {
        status: 'not ready',
        checks: [
          { ok: true },
          { ok: false, problem: 'Slack is not connected' },
          { ok: false, problem: 'nobody hears' },
        ],
      },
    })
  })

  test('readyz of a program that starts says what it waits for', async () => {
    front = await startFront({ behind: null })
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { detail: 'starting' } })
  })
})
