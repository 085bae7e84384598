import { z } from 'zod'

/** What people do about an incident beside having it: who does what, what is told, and what was said. */

/** Slack's place of a message; `thread` is the first message of the thread that it is in. */
export const Place = z.strictObject({ channel: z.string(), ts: z.string() })
export type Place = z.infer<typeof Place>

/** Names a message in the record. */
export const placeKey = ({ channel, ts }: Place) => `${channel}/${ts}`

/** A file that hangs on a message, as Slack describes it; `bytes` as Slack says. */
export const SaidFile = z.strictObject({ id: z.string(), name: z.string(), mime: z.string(), bytes: z.int() })
export type SaidFile = z.infer<typeof SaidFile>

/** What somebody said in Slack: plain text with names in the place of ids; never mrkdwn. */
export const Said = z.strictObject({
  message: Place,
  thread: z.string().nullable(),
  /** When it was said, UTC ms. */
  saidAt: z.number(),
  /** The author's name, as people know it: never an id. */
  author: z.string(),
  text: z.string(),
  files: z.array(SaidFile),
  permalink: z.string().nullable(),
})
export type Said = z.infer<typeof Said>

/** More messages of one incident are nobody's timeline; the incident is loaded by every decision while it is open. */
export const MOST_CAPTURES = 500
export const MOST_TASKS = 100
export const MOST_LINKS = 50

export const Task = z.strictObject({
  /** Counted from 1 in each incident. */
  id: z.int(),
  text: z.string(),
  by: z.string(),
  at: z.number(),
  owner: z.string().nullable(),
  dueAt: z.number().nullable(),
  doneAt: z.number().nullable(),
  doneBy: z.string().nullable(),
  /** When somebody was last reminded that it is due. */
  remindedAt: z.number().nullable().default(null),
})
export type Task = z.infer<typeof Task>

/** When somebody is to be reminded of a task: as it is due, and each day from then on until it is done; null: never. */
export function reminderAt({ dueAt, doneAt, remindedAt }: Task): number | null {
  if (dueAt === null || doneAt !== null) return null
  return remindedAt === null || remindedAt < dueAt ? dueAt : remindedAt + DAY_MS
}

const DAY_MS = 24 * 3_600_000

/** Of all tasks the first. */
export const tasksDueAt = (tasks: readonly Task[]): number | null =>
  tasks.reduce<number | null>((first, task) => {
    const at = reminderAt(task)
    return at === null || (first !== null && first <= at) ? first : at
  }, null)

/** What was said last to everybody who waits. */
export const Update = z.strictObject({ at: z.number(), by: z.string(), text: z.string() })
export type Update = z.infer<typeof Update>

/** What became of a captured message. */
export const CaptureChange = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('edited'), text: z.string(), files: z.array(SaidFile), editedAt: z.number() }),
  z.strictObject({ what: z.literal('deleted'), deletedAt: z.number() }),
  /** The one who captured it, or another, took it back. */
  z.strictObject({ what: z.literal('uncaptured'), by: z.string() }),
  /** A file of it lies in our own store (by its digest, in hex); or why not. */
  z.strictObject({ what: z.literal('filed'), file: z.string(), digest: z.string() }),
  z.strictObject({ what: z.literal('not-filed'), file: z.string(), why: z.string() }),
])
export type CaptureChange = z.infer<typeof CaptureChange>

/** The usual roles, and what each holder is told; the configuration may say otherwise, and have more. */
export const USUAL_ROLES: Readonly<Record<string, string>> = {
  commander:
    'You decide who does what, and keep the picture. Do not debug yourself: ask for what you need, say what comes next, and give an update before the next one is due.',
  communications:
    'You tell everybody else: `/incident update TEXT` in plain words, what is affected, what is done, when the next word comes. Keep questions away from those who work.',
  scribe:
    'You keep the record complete: pin what matters, and add what was said elsewhere with `/incident note at 07:40 TEXT`. Write down decisions with their reasons.',
}
