import { z } from 'zod'
import type { SlackCall, SlackResult } from '../deps.ts'
import type { Place, Said, SaidFile } from '../domain/response.ts'
import { personOfSlack, type Rules } from '../domain/rules.ts'
import { call } from './api.ts'
import { cut, typed } from './text.ts'

/** What the bot reads of people's messages and files. */

/** A captured message keeps so many characters; the rest is a click away. */
const MOST_CHARACTERS = 8_000
const MOST_FILES = 20
/** People named in one message who are looked up; nobody mentions more in earnest. */
const MOST_LOOKUPS = 20

const File = z.object({
  id: z.string(),
  name: z.string().nullish(),
  title: z.string().nullish(),
  mimetype: z.string().nullish(),
  size: z.number().nullish(),
})

/** As Slack has it in histories, events and payloads of shortcuts. */
export const Raw = z.object({
  ts: z.string(),
  thread_ts: z.string().optional(),
  user: z.string().optional(),
  username: z.string().optional(),
  bot_profile: z.object({ name: z.string().optional() }).optional(),
  subtype: z.string().optional(),
  text: z.string().default(''),
  files: z.array(File).optional(),
  permalink: z.string().optional(),
  edited: z.object({ ts: z.string() }).optional(),
  reactions: z.array(z.object({ name: z.string(), users: z.array(z.string()) })).optional(),
  pinned_to: z.array(z.string()).optional(),
})
export type Raw = z.infer<typeof Raw>

/** A message wherever it stands, in a thread too. */
export async function messageAt(slack: SlackCall, { channel, ts }: Place): Promise<SlackResult<Raw>> {
  const answer = z.object({ message: Raw })
  const got = await call(slack, 'reactions.get', { channel, timestamp: ts, full: true }, answer)
  return got.ok ? { ok: true, value: got.value.message } : got
}

/** When it was last edited, UTC ms; when it was said, where it never was. */
export const editedAt = ({ edited, ts }: Raw): number => Math.floor(Number(edited?.ts ?? ts) * 1_000)

/** Whether any emoji that puts messages on a timeline, or a pin, is on it. */
export const isMarked = ({ reactions = [], pinned_to = [] }: Raw, emoji: readonly string[], channel: string): boolean =>
  pinned_to.includes(channel) || reactions.some(({ name, users }) => users.length > 0 && emoji.includes(name))

/** What a message says, for the record: everybody by their name, and plain text. */
export async function saidOf(slack: SlackCall, rules: Rules, channel: string, raw: Raw): Promise<Said> {
  const names = namesFor(slack, rules)
  const author = raw.user === undefined ? (raw.username ?? raw.bot_profile?.name ?? 'an app') : await names(raw.user)
  return {
    message: { channel, ts: raw.ts },
    thread: raw.thread_ts === undefined || raw.thread_ts === raw.ts ? null : raw.thread_ts,
    saidAt: Math.floor(Number(raw.ts) * 1_000),
    author: cut(author, 200),
    text: await plainly(raw.text, names),
    files: filesOf(raw),
    permalink: raw.permalink ?? (await permalink(slack, { channel, ts: raw.ts })),
  }
}

/** As much of it as is known without asking: for a form that has to be shown at once. */
export const glimpseOf = (rules: Rules, raw: Raw): Pick<Said, 'author' | 'text'> => ({
  author: (raw.user === undefined ? undefined : personOfSlack(rules, raw.user)?.name) ?? raw.username ?? 'Somebody',
  text: typed(
    cut(raw.text, MOST_CHARACTERS).replaceAll(
      /<@([A-Z0-9]+)(?:\|[^>]*)?>/g,
      (_, id: string) => `<@${id}|${personOfSlack(rules, id)?.name ?? 'somebody'}>`,
    ),
  ),
})

/** The text of a message that was edited. */
export const textOf = (slack: SlackCall, rules: Rules, raw: Raw): Promise<string> =>
  plainly(raw.text, namesFor(slack, rules))

export const filesOf = ({ files = [] }: Pick<Raw, 'files'>): SaidFile[] =>
  files.slice(0, MOST_FILES).map(({ id, name, title, mimetype, size }) => ({
    id,
    name: cut(name || title || id, 200),
    mime: cut(mimetype || 'application/octet-stream', 100),
    bytes: Math.max(0, Math.floor(size ?? 0)),
  }))

/** Ids become names as people know them, once for each. */
function namesFor(slack: SlackCall, rules: Rules): (id: string) => Promise<string> {
  const known = new Map<string, string>()
  let lookups = 0
  return async (id) => {
    const before = known.get(id) ?? personOfSlack(rules, id)?.name
    if (before !== undefined) return before
    const name = lookups++ < MOST_LOOKUPS ? await nameOf(slack, id) : null
    known.set(id, name ?? 'somebody')
    return name ?? 'somebody'
  }
}

const User = z.object({
  user: z.object({
    name: z.string().optional(),
    real_name: z.string().optional(),
    profile: z.object({ display_name: z.string().optional(), real_name: z.string().optional() }).optional(),
  }),
})

async function nameOf(slack: SlackCall, user: string): Promise<string | null> {
  const info = await call(slack, 'users.info', { user }, User)
  if (!info.ok) return null
  const { profile, real_name, name } = info.value.user
  return profile?.display_name || profile?.real_name || real_name || name || null
}

/** Plain text with names for ids. */
async function plainly(text: string, names: (id: string) => Promise<string>): Promise<string> {
  const short = cut(text, MOST_CHARACTERS)
  const ids = new Set([...short.matchAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g)].flatMap(([, id]) => id ?? []))
  const known = new Map<string, string>()
  for (const id of ids) known.set(id, await names(id))
  const named = short.replaceAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => `<@${id}|${known.get(id)}>`)
  // A channel that Slack does not name is a channel, not an id.
  return typed(named.replaceAll(/<#[A-Z0-9]+(?:\|)?>/g, 'a channel'))
}

async function permalink(slack: SlackCall, { channel, ts }: Place): Promise<string | null> {
  const answer = z.object({ permalink: z.string() })
  const got = await call(slack, 'chat.getPermalink', { channel, message_ts: ts }, answer)
  return got.ok ? got.value.permalink : null
}

/** Where a file may be fetched with our token. */
export async function fileAddress(slack: SlackCall, file: string): Promise<SlackResult<string>> {
  const Address = z.object({ url_private: z.string().optional(), url_private_download: z.string().optional() })
  const info = await call(slack, 'files.info', { file }, z.object({ file: Address }))
  if (!info.ok) return info
  const { url_private_download: download, url_private: shown } = info.value.file
  const address = download ?? shown
  return address === undefined ? { ok: false, kind: 'never', reason: 'no address' } : { ok: true, value: address }
}
