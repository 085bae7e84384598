import type { Deps } from './deps.ts'
import type { Signal } from './domain/event.ts'
import { SOURCE_WORDS, SOURCES, type Source } from './domain/intake.ts'
import type { Refused, Share } from './intake/take.ts'
import { submit } from './store/inbox.ts'
import { firingUnder } from './store/looks.ts'

/** What is refused is said again, with how many there are by now, this often. */
const SAY_AGAIN_MS = 10_000

/** Nothing was refused for so long: it is over. */
const CALM_MS = 5 * 60_000

/** Whether any of it is over is looked at this often. */
const LOOK_MS = 30_000

const MINUTE_MS = 60_000

/** The alert that says so; what follows is the source. */
const MARK = 'over quota/'

interface Bucket {
  service: string
  source: Source
  /** How many may come now. */
  left: number
  /** As of, machine time. */
  at: number
  /** Since it was last calm. */
  refused: number
  /** Of those the ones that nobody has heard of. */
  unsaid: number
  saidAt: number | null
}

/**
 * How many alerts of a service are taken by one way: so many a minute, saved up for one minute, in each process. Whoever sends more is told to
 * send again, touches nobody else's, and is an alert of the service, which says how many were refused: they may have been the first of
 * something.
 */
export function createQuota(
  deps: Pick<Deps, 'store' | 'clock' | 'machine' | 'rules' | 'log'> & {
    changed(): void
    refused(source: Source, alerts: number): void
  },
) {
  const { store, clock, machine, rules, log } = deps
  const buckets = new Map<string, Bucket>()
  let lookedAt = Number.NEGATIVE_INFINITY
  /** Of what was said before a start, or by another process, the store knows. */
  let mayFire = true

  function bucketOf(source: Source, service: string, most: number): Bucket {
    const id = `${source}/${service}`
    const now = machine.elapsed()
    const known = buckets.get(id) ?? { service, source, left: most, at: now, refused: 0, unsaid: 0, saidAt: null }
    known.left = Math.min(most, known.left + ((now - known.at) * most) / MINUTE_MS)
    known.at = now
    buckets.set(id, known)
    return known
  }

  async function say(bucket: Bucket, status: Signal['status']): Promise<void> {
    const { source, service, refused, unsaid } = bucket
    const now = clock.now()
    // Said before it is stored: while the store is away it is not tried at every look.
    bucket.saidAt = now
    const event = signalOf(bucket, status, rules().intake.quota, now)
    await submit(store.pool, [{ source: 'quota', key: `${source}/${service}@${now}/${status}`, event }], now)
    bucket.unsaid -= unsaid
    mayFire = true
    log.warn({ service, source, refused, reason: event.summary }, 'quota of alerts')
    deps.changed()
  }

  /** What is over, whichever process has said that it began. */
  async function end(now: number): Promise<void> {
    const firing = await firingUnder(store.pool, MARK)
    mayFire = firing.length > 0
    for (const { service, key, lastAt } of firing) {
      const source = SOURCES.find((each) => key === `${MARK}${each}`)
      if (!source || now - lastAt < CALM_MS) continue
      const bucket = bucketOf(source, service, rules().intake.quota)
      if (bucket.unsaid > 0) continue
      await say(bucket, 'resolved')
      bucket.refused = 0
    }
  }

  return {
    /**
     * Takes from the quotas of all these services, or of none: null, or which of them has to wait longest. More at once than a whole minute's are
     * taken where nothing came before.
     */
    admit(source: Source, shares: readonly Share[]): Refused | null {
      const most = rules().intake.quota
      const asked = shares.map(({ service, alerts }) => {
        const bucket = bucketOf(source, service, most)
        return { bucket, alerts, lacking: Math.min(alerts, most) - bucket.left }
      })
      const over = asked.filter(({ lacking }) => lacking > 0)
      const [first] = over.toSorted((a, b) => b.lacking - a.lacking)
      if (first === undefined) {
        for (const { bucket, alerts } of asked) bucket.left -= alerts
        return null
      }
      for (const { bucket, alerts } of over) {
        bucket.refused += alerts
        bucket.unsaid += alerts
        deps.refused(source, alerts)
      }
      const waitS = Math.max(1, Math.ceil((first.lacking * MINUTE_MS) / most / 1_000))
      return { waitS, service: first.bucket.service }
    },
    giveBack(source: Source, shares: readonly Share[]): void {
      const most = rules().intake.quota
      for (const { service, alerts } of shares) {
        const bucket = bucketOf(source, service, most)
        bucket.left = Math.min(most, bucket.left + alerts)
      }
    },
    /** Says what was refused since it was last said, and what is over. Rejects when the store does not take it. */
    async look(): Promise<void> {
      const now = clock.now()
      for (const bucket of buckets.values())
        if (bucket.unsaid > 0 && (bucket.saidAt === null || now - bucket.saidAt >= SAY_AGAIN_MS))
          await say(bucket, 'firing')
      if (!mayFire || now - lookedAt < LOOK_MS) return
      lookedAt = now
      await end(now)
    },
  }
}

function signalOf({ service, source, refused }: Bucket, status: Signal['status'], most: number, now: number): Signal {
  const by = SOURCE_WORDS[source]
  const count = refused.toLocaleString('en')
  const headline = status === 'firing' ? `Alerts by ${by} are refused: too many` : `Alerts by ${by} are taken again`
  const what =
    status === 'firing'
      ? `${count} alerts of ${service} by ${by} were refused and are not on record: more came than ${most.toLocaleString('en')} a minute. Their sender was told to send them again. Look there for what fires, and raise intake.quota if that many are right.`
      : `none was refused for five minutes${refused > 0 ? `, ${count} before` : ''}.`
  return {
    type: 'signal',
    service,
    key: `${MARK}${source}`,
    status,
    severity: 'error',
    headline,
    summary: status === 'firing' ? what : `${headline}: ${what}`,
    evidence: [],
    monitor: null,
    seenAt: now,
    // What is taken of the service is no line in its incident.
    apart: true,
  }
}
