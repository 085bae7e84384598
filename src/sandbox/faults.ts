import * as z from 'zod'

/**
 * What can be made to go wrong, in the workspace's own terms. `method` is an exact name, a prefix (`chat.*`), `response_url`, or all
 * methods when omitted; `channel` an id or a name; `count` how often (for ever when omitted); `probability` 0 to 1.
 */
const where = {
  method: z.string().optional(),
  channel: z.string().optional(),
  count: z.int().min(1).optional(),
  probability: z.number().min(0).max(1).optional(),
}
const howOften = { count: where.count, probability: where.probability }

export const faultSchema = z.discriminatedUnion('kind', [
  /** 429 with Retry-After, seconds. Nothing is done. */
  z.strictObject({ kind: z.literal('ratelimited'), ...where, retry_after: z.int().min(0).default(1) }),
  /** A 5xx page. Nothing is done. */
  z.strictObject({ kind: z.literal('http'), ...where, status: z.int().min(400).max(599).default(503) }),
  /** The call is taken and never answered. Nothing is done. */
  z.strictObject({ kind: z.literal('hang'), ...where }),
  /** The thing is done, then the connection is cut without an answer. */
  z.strictObject({ kind: z.literal('lost_reply'), ...where }),
  /** The answer comes, `ms` late; the thing is done at the end of the wait. */
  z.strictObject({ kind: z.literal('slow'), ...where, ms: z.int().min(0).max(600_000) }),
  /** Reads (conversations.history, conversations.replies) lack the messages of the last `ms`: Slack's replicas lag. */
  z.strictObject({ kind: z.literal('stale'), ...where, ms: z.int().min(1) }),
  /** `{ok: false, error}`. Nothing is done. */
  z.strictObject({ kind: z.literal('error'), ...where, error: z.string().min(1) }),
  /**
   * Now: every Socket Mode connection is closed, after a `disconnect` frame with this reason, or without a word (`cut`); or it stays open,
   * and nothing is heard or said on it any more, pings and closing included (`mute`).
   */
  z.strictObject({
    kind: z.literal('disconnect'),
    reason: z
      .enum(['warning', 'refresh_requested', 'too_many_websockets', 'link_disabled', 'cut', 'mute'])
      .default('cut'),
  }),
  /** New Socket Mode connections are refused (apps.connections.open still answers). */
  z.strictObject({ kind: z.literal('refuse_connections'), ...howOften }),
  /** Envelopes, or signed requests, are delivered twice, or more often. */
  z.strictObject({ kind: z.literal('duplicate'), ...howOften, times: z.int().min(2).max(10).default(2) }),
  /** Acks are lost on their way. */
  z.strictObject({ kind: z.literal('drop_acks'), ...howOften }),
  /** Acks are `ms` late: after three seconds Slack has given up. */
  z.strictObject({ kind: z.literal('slow_acks'), ...howOften, ms: z.int().min(1).max(600_000) }),
  /** Envelopes, or signed requests, are lost on their way: sent by Slack, never seen by the bot. */
  z.strictObject({ kind: z.literal('drop_envelopes'), ...howOften }),
  /** They are sent `ms` late. With a probability some overtake others. */
  z.strictObject({ kind: z.literal('late_envelopes'), ...howOften, ms: z.int().min(1).max(600_000) }),
])

export type Fault = z.infer<typeof faultSchema>
export type FaultInput = z.input<typeof faultSchema>
export type CallFault = Extract<Fault, { method?: string | undefined }>
export type SocketFault = Exclude<Fault, CallFault | { kind: 'disconnect' }>

interface Armed {
  id: number
  fault: CallFault | SocketFault
  left: number
}

/** The faults that are set, and the dice. */
export interface Faults {
  armed: Armed[]
  lastId: number
  random: () => number
}

export const noFaults = (random: () => number): Faults => ({ armed: [], lastId: 0, random })

export function arm(faults: Faults, fault: CallFault | SocketFault): number {
  faults.lastId += 1
  faults.armed.push({ id: faults.lastId, fault, left: fault.count ?? Number.POSITIVE_INFINITY })
  return faults.lastId
}

export function disarm(faults: Faults): void {
  faults.armed = []
}

const isCallFault = (fault: CallFault | SocketFault): fault is CallFault =>
  ['ratelimited', 'http', 'hang', 'lost_reply', 'slow', 'stale', 'error'].includes(fault.kind)

/** The fault that strikes this call, if one does; it is used up by that. `channels` are the id and the name of the call's channel. */
export function strike(faults: Faults, method: string, channels: readonly string[]): CallFault | null {
  for (const armed of faults.armed) {
    const { fault } = armed
    if (!isCallFault(fault) || !matches(fault.method, method)) continue
    if (fault.channel !== undefined && !channels.includes(fault.channel.replace(/^#/, ''))) continue
    if (useUp(faults, armed)) return fault
  }
  return null
}

type Of<K extends SocketFault['kind']> = Extract<SocketFault, { kind: K }>

/** The fault of this kind that strikes a delivery now, if one does; it is used up by that. */
export function strikeSocket<K extends SocketFault['kind']>(faults: Faults, kind: K): Of<K> | null {
  const struck = faults.armed.find((armed) => armed.fault.kind === kind && useUp(faults, armed))
  return (struck?.fault as Of<K> | undefined) ?? null
}

function useUp(faults: Faults, armed: Armed): boolean {
  if (faults.random() >= (armed.fault.probability ?? 1)) return false
  armed.left -= 1
  if (armed.left <= 0) faults.armed = faults.armed.filter((other) => other !== armed)
  return true
}

function matches(pattern: string | undefined, method: string): boolean {
  if (pattern === undefined || pattern === '*') return true
  return pattern.endsWith('*') ? method.startsWith(pattern.slice(0, -1)) : pattern === method
}
