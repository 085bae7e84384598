import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../../src/sandbox/blocks.ts'

/** Answers as Slack gives them, from the samples that Slack publishes with its SDKs: every key with a value of its type. */

const folder = fileURLToPath(new URL('../vectors/slack/responses/', import.meta.url))

type Shape = unknown

const SAMPLES: Record<string, Record<string, unknown>> = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(folder + file, 'utf8')) as Record<string, unknown>,
  ]),
)

/** One shape that has all keys of both. */
function merged(a: Shape, b: Shape): Shape {
  if (Array.isArray(a) && Array.isArray(b)) return [[...a, ...b].reduce((sum, item) => merged(sum, item), undefined)]
  if (isRecord(a) && isRecord(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return Object.fromEntries([...keys].map((key) => [key, merged(a[key], b[key])]))
  }
  return a ?? b
}

const at = (method: string, ...path: string[]): Shape =>
  path.reduce<Shape>((shape, key) => {
    const inside = Array.isArray(shape) ? shape.reduce((sum, item) => merged(sum, item), undefined) : shape
    return isRecord(inside) ? inside[key] : undefined
  }, SAMPLES[method])

const one = (shape: Shape): Shape =>
  Array.isArray(shape) ? shape.reduce((sum, item) => merged(sum, item), undefined) : shape

const union = (...shapes: Shape[]): Shape => shapes.map(one).reduce((sum, shape) => merged(sum, shape))

/** Slack's samples were taken of single calls: what one shows of a message another leaves out. Together they show what a message may have. */
const KNOWN = {
  message: union(
    at('conversations.history', 'messages'),
    at('conversations.replies', 'messages'),
    at('chat.postMessage', 'message'),
    at('chat.update', 'message'),
    at('reactions.get', 'message'),
    at('chat.scheduleMessage', 'message'),
  ),
  channel: union(
    at('conversations.info', 'channel'),
    at('conversations.create', 'channel'),
    at('conversations.join', 'channel'),
    at('conversations.list', 'channels'),
    at('users.conversations', 'channels'),
    at('conversations.open', 'channel'),
  ),
  user: union(at('users.info', 'user'), at('users.list', 'members'), at('users.lookupByEmail', 'user')),
  file: union(at('files.info', 'file'), at('files.completeUploadExternal', 'files')),
  usergroup: union(at('usergroups.list', 'usergroups'), at('usergroups.disable', 'usergroup')),
}

const NAMED: Record<string, keyof typeof KNOWN> = {
  message: 'message',
  messages: 'message',
  channel: 'channel',
  channels: 'channel',
  user: 'user',
  members: 'user',
  file: 'file',
  files: 'file',
  usergroup: 'usergroup',
  usergroups: 'usergroup',
}

/** Keys that are somebody's ids, names of emoji: any other may stand there. */
const isMap = (shape: Record<string, unknown>): boolean =>
  Object.keys(shape).length > 0 && Object.keys(shape).every((key) => /^([A-Z]\w*0{4,}\w*|\d+|[CGDUW]\w{8,})$/.test(key))

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)

/** What of an answer Slack does not know, as paths: `message.colour`; with the types where those differ. */
export function strange(answer: unknown, shape: Shape, path = '', key = ''): string[] {
  // A sample cannot show that something may be null.
  if (answer === null) return []
  const known = NAMED[key]
  const here = known && isRecord(answer) ? KNOWN[known] : shape
  if (here === undefined) return [path]
  if (typeOf(answer) !== typeOf(here)) return [`${path} is ${typeOf(answer)}, not ${typeOf(here)}`]
  if (Array.isArray(answer) && Array.isArray(here)) {
    const item = known && answer.every(isRecord) ? KNOWN[known] : one(here)
    if (item === undefined) return []
    return [...new Set(answer.flatMap((each) => strange(each, item, `${path}[]`)))]
  }
  if (!isRecord(answer) || !isRecord(here)) return []
  if (isMap(here)) {
    const [item] = Object.values(here)
    return Object.values(answer).flatMap((each) => strange(each, item, `${path}.*`))
  }
  return Object.entries(answer).flatMap(([name, value]) =>
    // Blocks, attachments and what people typed are not Slack's to shape.
    ['blocks', 'attachments', 'state', 'args', 'event_payload'].includes(name)
      ? []
      : strange(value, here[name], path === '' ? name : `${path}.${name}`, name),
  )
}

export const sampleOf = (method: string): Shape => SAMPLES[method]
export const sampled = (): string[] => Object.keys(SAMPLES)
