import { z } from 'zod'
import { answerAddress } from '../src/answer-address.ts'
import type { Carried, Notice } from '../src/deps.ts'
import { BY_DEFAULT, type Reached, type Via } from '../src/domain/contact.ts'
import type { Incident, Page } from '../src/domain/incident.ts'
import { contactRows, contactRowsOf } from '../src/domain/owed.ts'
import { under } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { backoff, type Claimed, type Handler, type Sent } from '../src/outbox.ts'
import { pageNotice } from '../src/slack/contact-words.ts'
import { hasten, hastenNext, sentAs } from '../src/store/owed.ts'
import { incidentOf, type JobDeps, voice } from './tell.ts'

/**
 * What Slack does not take within this is as good as not said: people are reached otherwise. Looked at when an attempt has failed, by when the
 * next could be over.
 */
export const PATIENCE_MS = 5_000

/** Of attempts that may have arrived: a phone that rang so often has rung. */
const MOST_UNKNOWN = 3

/** A phone that rings, or is in somebody's hand, is left alone for so long: of many incidents each gets its turn. */
const CALLS_APART_MS = 60_000

/** What is kept of attempts that failed. */
const Tried = z.object({
  /** Why it goes out before its time. */
  without: z.enum(['down', 'refused', 'deaf']).optional(),
  since: z.number().optional(),
  unknown: z.number().default(0),
  told: z.boolean().default(false),
  /** The next way was not made to wait for this one: once, or one that is sick would ring every phone. */
  hastened: z.boolean().default(false),
})
type Tried = z.infer<typeof Tried>

/** A page that nobody has answered, by something else than Slack. */
export function contact(deps: JobDeps): Handler {
  /** When each person was called last, for whatever. */
  const called = new Map<string, number>()

  return async (claim) => {
    if (claim.about.kind !== 'contact') throw new Error(`${claim.key} is no contact`)
    const { page: key, rule, via } = claim.about
    const incident = await incidentOf(deps, claim.about.incident)
    if (incident.shadow) return { outcome: 'never', reason: 'nobody is paged: shadow' }
    const page = incident.pages.find((each) => each.key === key)
    if (!page) throw new Error(`${claim.key} is about no page of its incident`)
    if (incident.state === 'acked' || incident.state === 'resolved')
      return { outcome: 'never', reason: `not needed any more: ${incident.state}` }
    // Not needed twice: the row of a graver severity has gone out since.
    const isFirst = claim.about.heldUntil !== undefined && claim.tries === 1
    if (isFirst && (await sentAs(deps.store.pool, contactRowsOf(key, rule))).length > 0)
      return { outcome: 'never', reason: 'it went out before the end of the quiet hours' }
    const rules = deps.rules()
    const to = under(rules.people, page.person)?.contact?.[rule]
    if (to?.via !== via) return { outcome: 'never', reason: 'not in the configuration any more' }
    if (via === 'call') {
      const inMs = (called.get(page.person) ?? Number.NEGATIVE_INFINITY) + CALLS_APART_MS - deps.clock.now()
      if (inMs > 0) return { outcome: 'again', reason: 'their phone has just rung', afterMs: inMs }
      called.set(page.person, deps.clock.now())
    }
    const tried = Tried.parse(claim.result ?? {})
    const notice = await noticeOf(deps, claim, { incident, page, via, tried })
    const startedAt = deps.clock.now()
    const carried = deps.carry(to, notice, rules.notify ?? BY_DEFAULT, rules.allowPrivate)
    const next = hastener(deps, key, tried.hastened)
    const sent = await handedOn(deps, key, startedAt, carried, next)
    const told = (what: Reached, detail: string | null) => record(deps, claim, { incident, page, via, what, detail })
    if (sent.ok) {
      await told('taken', null)
      return { outcome: 'done', result: { id: sent.value } }
    }
    if (via === 'call') called.delete(page.person)
    const unknown = tried.unknown + (sent.kind === 'unknown' ? 1 : 0)
    if (sent.kind === 'never' || unknown >= MOST_UNKNOWN) {
      await told('failed', sent.reason)
      await next.hasten()
      return { outcome: 'never', reason: sent.reason }
    }
    const now = deps.clock.now()
    const since = tried.since ?? startedAt
    const afterMs = (sent.kind === 'again' ? sent.afterMs : null) ?? backoff(claim.tries)
    const isSick = now + afterMs - since >= PATIENCE_MS
    if (isSick && !tried.told) {
      await told('failing', sent.reason)
      await next.hasten()
    }
    return {
      outcome: 'again',
      reason: sent.reason,
      afterMs,
      result: { ...tried, since, unknown, told: tried.told || isSick, hastened: next.hastened() },
    }
  }
}

/** Hastens the way that follows, once for each that is sick. */
function hastener({ clock, store }: JobDeps, page: string, before: boolean) {
  let hastened = before
  return {
    hastened: () => hastened,
    async hasten(): Promise<void> {
      if (hastened) return
      await hastenNext(store.pool, contactRows(page), clock.now())
      hastened = true
    },
  }
}

/** Whoever carries it may take its time, or never answer: the next way does not wait for that. */
async function handedOn(
  { clock, log }: JobDeps,
  page: string,
  startedAt: number,
  carried: Promise<Carried>,
  next: ReturnType<typeof hastener>,
) {
  const answered = new AbortController()
  clock
    .sleepUntil(startedAt + PATIENCE_MS, answered.signal)
    .then(next.hasten)
    .catch((error: unknown) => {
      if (!answered.signal.aborted) log.warn({ page, reason: messageOf(error) }, 'the next way could not be hastened')
    })
  return carried.finally(() => answered.abort(new Error('it has answered')))
}

interface What {
  incident: Incident
  page: Page
  via: Via
}

async function noticeOf(
  deps: JobDeps,
  claim: Claimed,
  { incident, page, via, tried }: What & { tried: Tried },
): Promise<Notice> {
  // As a page does, it waits for no roster: that is only about who would be paged next.
  const said = await voice(deps).catch(() => ({ rules: deps.rules(), now: deps.clock.now() }))
  const url = await answerAddress(deps, {
    ...{ kind: 'page', incident: incident.id, page: page.key, person: page.person, via },
  })
  const answer = url === null ? null : { url, label: 'Acknowledge' }
  return pageNotice(said, incident, page, { id: claim.key, answer, without: tried.without ?? null })
}

/** On record before the row is closed: a crash in between repeats the attempt, and the same event collapses. */
async function record(
  { desk }: JobDeps,
  { key, tries }: Claimed,
  { incident, page, via, what, detail }: What & { what: Reached; detail: string | null },
): Promise<void> {
  await desk.submit({
    source: 'contact',
    key: `${key}/${tries}/${what}`,
    event: {
      ...{ type: 'contacted', incident: incident.id, page: page.key, person: page.person },
      ...{ via, what, detail },
    },
  })
}

/**
 * A message that pages somebody did not come through: for good, or not soon enough. What was to follow if it was not answered goes out at
 * once, whoever it pages, and it goes on being tried.
 *
 * @param pages what the message pages for
 * @param decidedAt since when it is owed
 */
export async function notTaken(
  { store, clock, log }: JobDeps,
  pages: readonly string[],
  decidedAt: number,
  { tries }: Pick<Claimed, 'tries'>,
  sent: Sent,
): Promise<void> {
  const now = clock.now()
  const isSlow =
    (sent.outcome === 'again' || sent.outcome === 'unknown') &&
    now + (sent.afterMs ?? backoff(tries)) - decidedAt >= PATIENCE_MS
  // What is not needed any more has no rows that could go out.
  if (!isSlow && sent.outcome !== 'never') return
  const without = isSlow ? 'down' : 'refused'
  for (const page of pages)
    await hasten(store.pool, contactRows(page), now, { without }).catch((error: unknown) =>
      log.warn({ page, reason: messageOf(error) }, 'what is to go out beside Slack could not be hastened; tried again'),
    )
}
