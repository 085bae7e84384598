import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join, normalize, sep } from 'node:path'

/** HTTP, as far as it has nothing to do with Slack: bodies in, JSON, files and streams out. */

export const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

export function sendText(response: ServerResponse, status: number, text: string, headers: object = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}

/** Where a request goes; `//` in front is part of a path, and names no other host. */
export function addressOf({ url = '/' }: Pick<IncomingMessage, 'url'>, base: string): URL {
  return URL.parse(url.startsWith('/') ? `${base}${url}` : url) ?? new URL(base)
}

/** Slack refuses larger bodies too. */
const MOST_BODY_BYTES = 4_000_000

export const BAD_BODY = Symbol('bad body')

export async function readBytes(request: IncomingMessage, most = MOST_BODY_BYTES): Promise<Buffer | typeof BAD_BODY> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > most) return BAD_BODY
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function readBody(request: IncomingMessage): Promise<string | typeof BAD_BODY> {
  const bytes = await readBytes(request)
  return bytes === BAD_BODY ? BAD_BODY : bytes.toString()
}

/** The control interface takes whole files, as base64. */
const MOST_CONTROL_BYTES = 24_000_000

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBytes(request, MOST_CONTROL_BYTES)
  // A form of another site can send text/plain without asking; JSON it cannot.
  if (body === BAD_BODY || !isJson(request)) return BAD_BODY
  try {
    return JSON.parse(body.toString())
  } catch {
    return BAD_BODY
  }
}

const isJson = ({ headers }: IncomingMessage): boolean => /^application\/json\b/i.test(headers['content-type'] ?? '')

/** A call's arguments: the query, and a form or JSON. Slack's error code when the body is neither. */
export async function readArguments(request: IncomingMessage, url: URL): Promise<Record<string, unknown> | string> {
  const query = Object.fromEntries(url.searchParams)
  const body = await readBody(request)
  if (body === BAD_BODY) return 'request_timeout'
  if (body === '') return query
  if (!isJson(request)) {
    const form = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')
    return form ? { ...query, ...Object.fromEntries(new URLSearchParams(body)) } : 'invalid_form_data'
  }
  try {
    const value: unknown = JSON.parse(body)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { ...query, ...value } : 'json_not_object'
  } catch {
    return 'invalid_json'
  }
}

const HEARTBEAT_MS = 15_000

/** Begins server-sent events; `started` is given the way to send one and answers with how to stop. */
export function stream(
  response: ServerResponse,
  started: (send: (id: number, data: object) => void) => () => void,
): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
  response.write('retry: 1000\n')
  const stop = started((id, data) => response.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`))
  const heartbeat = setInterval(() => response.write(': \n\n'), HEARTBEAT_MS)
  heartbeat.unref()
  response.on('close', () => {
    clearInterval(heartbeat)
    stop()
  })
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** By file: the source and what was made of it. A page has dozens of files, and taking away their types costs a quarter of a second. */
const stripped = new Map<string, { source: string; script: string }>()

function withoutTypes(file: string, source: string): string {
  const known = stripped.get(file)
  if (known?.source === source) return known.script
  const script = stripTypeScriptTypes(source)
  stripped.set(file, { source, script })
  return script
}

/** Serves a file of the page's folder; TypeScript without its types. False when there is no such file. */
export async function servePage(folder: string, path: string, response: ServerResponse): Promise<boolean> {
  const file = normalize(join(folder, path))
  const type = TYPES[extname(file)]
  if (!file.startsWith(folder + sep) || type === undefined) return false
  let content: Buffer | string
  try {
    content = await readFile(file)
  } catch {
    return false
  }
  if (extname(file) === '.ts') content = withoutTypes(file, content.toString())
  const headers = { ...HEADERS, 'content-type': type, 'content-security-policy': "frame-ancestors 'none'" }
  response.writeHead(200, headers)
  response.end(content)
  return true
}
