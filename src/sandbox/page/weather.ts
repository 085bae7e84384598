import type { FaultInput } from '../faults.ts'
import type { FaultsReply } from '../wire.ts'

/** What can be made to go wrong from the page, and how what is set is called. Pure. */

export type Armed = FaultsReply['faults'][number]

export interface Weather {
  key: string
  title: string
  /** What the bot sees of it. */
  words: string
  fault: FaultInput
  /** It happens once, now; it is not set. */
  now?: true
}

/** How often a fault strikes that is set from the page: without a number until it is cleared. */
export const HOW_OFTEN: { title: string; count: number | null }[] = [
  { title: 'Until cleared', count: null },
  { title: 'Once', count: 1 },
  { title: '3 times', count: 3 },
]

export const WEATHERS: { title: string; weathers: Weather[] }[] = [
  {
    title: 'The bot calls Slack',
    weathers: [
      { key: 'down', title: 'Slack is down', words: 'Every call gets a 503', fault: { kind: 'http', status: 503 } },
      { key: 'slow', title: 'Slack is slow', words: 'Every answer takes 4 s', fault: { kind: 'slow', ms: 4000 } },
      {
        key: 'limited',
        title: 'Rate limited',
        words: 'Messages get a 429, try again in 5 s',
        fault: { kind: 'ratelimited', method: 'chat.*', retry_after: 5 },
      },
      {
        key: 'lost',
        title: 'Replies are lost',
        words: 'It is done, but the bot never hears of it',
        fault: { kind: 'lost_reply' },
      },
      {
        key: 'stale',
        title: 'Reads are stale',
        words: 'The history lacks the last 30 s',
        fault: { kind: 'stale', ms: 30_000 },
      },
      { key: 'hang', title: 'Slack hangs', words: 'Calls are taken and never answered', fault: { kind: 'hang' } },
    ],
  },
  {
    title: 'Slack tells the bot',
    weathers: [
      {
        key: 'cut',
        title: 'Cut the sockets',
        words: 'Now, without a word; the bot may come back',
        fault: { kind: 'disconnect', reason: 'cut' },
        now: true,
      },
      {
        key: 'refused',
        title: 'No way in',
        words: 'New connections are refused',
        fault: { kind: 'refuse_connections' },
      },
      { key: 'twice', title: 'Delivered twice', words: 'Clicks and events come twice', fault: { kind: 'duplicate' } },
      {
        key: 'unheard',
        title: 'Deliveries are lost',
        words: 'Sent, but the bot never sees them',
        fault: { kind: 'drop_envelopes' },
      },
      {
        key: 'late',
        title: 'Deliveries are late',
        words: 'Each comes 2 s late',
        fault: { kind: 'late_envelopes', ms: 2000 },
      },
      {
        key: 'unacked',
        title: 'Acknowledgements are lost',
        words: 'The bot answers in time, Slack does not hear it',
        fault: { kind: 'drop_acks' },
      },
    ],
  },
]

const KNOWN = WEATHERS.flatMap(({ weathers }) => weathers)

/** Fields that make a fault narrower than the weather of its kind. */
const NARROWER = ['method', 'channel', 'probability']

/** The weather that this fault is, or null for one that was set by hand. */
export function weatherOf(fault: FaultInput): Weather | null {
  const set = new Map<string, unknown>(Object.entries(fault))
  const same = (wanted: FaultInput) => {
    const fields = new Map<string, unknown>(Object.entries(wanted))
    return [...fields.keys(), ...NARROWER].every((name) => fields.get(name) === set.get(name))
  }
  return KNOWN.find((weather) => same(weather.fault)) ?? null
}

/** `Slack is down`, `Rate limited (2 more times)`, `error for chat.update in #ops`. */
export function namedFault({ fault, left }: Armed): string {
  const { method = '', channel = '', error = '' } = textFields(fault)
  const known = weatherOf(fault)
  const what = known?.title ?? [error || fault.kind.replaceAll('_', ' '), method && `for ${method}`].join(' ').trim()
  const where = channel === '' ? '' : ` in ${channel}`
  const often = left === null ? '' : left === 1 ? ' (once more)' : ` (${left} more times)`
  return `${what}${where}${often}`
}

/** Some of its fields, where it has them. */
function textFields(fault: object): { method?: string; channel?: string; error?: string } {
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => typeof value === 'string'))
}
