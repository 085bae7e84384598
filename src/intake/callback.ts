import { notReady, notStored, problem } from './problem.ts'
import type { Routes } from './server.ts'

/** Forms of carriers, and nothing else. */
const BODY_BYTES = 64 * 1024

/** An answer as it came. */
export interface Given {
  channel: string
  token: string
  /** What was asked for, with what follows the question mark: carriers sign it. */
  path: string
  /** Of a form; each name once. */
  params: Readonly<Record<string, string | undefined>>
  /** X-Twilio-Signature; empty when there is none. */
  signature: string
}

/** What somebody is asked who opens the address in a browser; no label: there is nothing to press. */
export interface Offered {
  title: string
  text: string
  label: string | null
}

export interface Answered {
  status: 200 | 401 | 410
  /** For people; or for the machine that asked, in its own language. */
  text?: string
  xml?: string
}

/** What the routes need of the program; null while it starts. */
export interface Behind {
  callback: {
    offer(channel: string, token: string): Promise<Offered | null>
    answer(given: Given): Promise<Answered | null>
  }
}

type Address = { Params: { channel: string; token: string } }

/**
 * `/callback/:channel/:token`: where people answer who were paged beside Slack, and their carriers say what became of it. A POST acts. A GET
 * shows a page with a button, and never acts: whatever scans mail follows links.
 */
export function callbackRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'string' }, async (_: unknown, body: string) => body)
      const config = { open: 'whoever has the address was given it; Twilio signs what it sends' }
      const url = '/callback/:channel/:token'
      scope.addHook('onRequest', async (_, reply) => {
        reply.headers(HEADERS)
      })
      scope.get<Address>(url, { config }, async (request, reply) => {
        const program = behind()
        if (program === null) return notReady(reply, whyNot())
        const { channel, token } = request.params
        const offered = await program.callback.offer(channel, token).catch(() => undefined)
        if (offered === undefined) return notStored(reply)
        if (offered === null) return problem(reply, 404, 'Not found', UNKNOWN)
        return reply.type('text/html; charset=utf-8').send(pageOf(offered))
      })
      scope.post<Address>(url, { bodyLimit: BODY_BYTES, config }, async (request, reply) => {
        const program = behind()
        if (program === null) return notReady(reply, whyNot())
        const { channel, token } = request.params
        const signature = request.headers['x-twilio-signature']?.toString() ?? ''
        const given = { channel, token, path: request.url, params: paramsOf(request.body), signature }
        const answered = await program.callback.answer(given).catch(() => undefined)
        if (answered === undefined) return notStored(reply)
        if (answered === null) return problem(reply, 404, 'Not found', UNKNOWN)
        const { status, xml, text = '' } = answered
        if (status === 401) return problem(reply, 401, 'Not authorised', text)
        reply.code(status)
        if (xml !== undefined) return reply.type('text/xml; charset=utf-8').send(xml)
        const isBrowser = request.headers.accept?.includes('text/html') === true
        return isBrowser
          ? reply.type('text/html; charset=utf-8').send(pageOf({ title: text, text: '', label: null }))
          : reply.type('text/plain; charset=utf-8').send(`${text}\n`)
      })
    })
  }
}

const UNKNOWN = 'Nobody is asked anything here (any more). Answer in Slack: /incident list shows what is open.'

/** The address is a key: it goes into no history but the reader's own, and nothing of the page is of another place. */
const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}

function paramsOf(body: unknown): Record<string, string> {
  return typeof body === 'string' && body !== '' ? Object.fromEntries(new URLSearchParams(body)) : {}
}

function pageOf({ title, text, label }: Offered): string {
  const button = label === null ? '' : `<form method="post"><button>${html(label)}</button></form>`
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(title)}</title><style>body{font:1.2rem sans-serif;margin:2rem auto;max-width:36rem;padding:0 1rem}button{font:inherit;padding:1rem 2rem}</style><h1>${html(title)}</h1><p>${html(text)}</p>${button}</html>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const html = (text: string) => text.replaceAll(/[&<>"']/g, (mark) => ENTITIES[mark] ?? '')
