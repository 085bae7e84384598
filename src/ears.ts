import type { Deps } from './deps.ts'
import { hasten } from './store/owed.ts'
import { hearsNow, othersHear } from './store/slots.ts'

/** A connection that is replaced is away for less. */
const DEAF_MS = 3_000

/** That we hear is left on record this often, for processes that do not. */
const SIGN_MS = 5_000

/** Whoever left a sign since hears, at most so long ago. */
const FRESH_MS = 3 * SIGN_MS

export interface Ears {
  /** Looks once; to be called every second or so. Rejects when the store does not answer: then what was known stands. */
  listen(): Promise<void>
  /** Since when nobody in the whole installation hears what people do in Slack; null: somebody does. Watch time. */
  deafSince(): number | null
}

interface Options extends Pick<Deps, 'store' | 'clock' | 'machine' | 'log'> {
  /** Connections over which Slack says what people do; null: it comes otherwise too, and that it does not cannot be noticed. */
  connected(): number | null
  /** Nobody is heard, or somebody is again. */
  changed(): void
}

/**
 * Whether Slack's people are heard. While none of our processes is connected, pages still arrive by Slack, but a button that is pressed there
 * does nothing: so what is to follow a page beside Slack goes out at once.
 */
export function createEars({ store, clock, machine, log, connected, changed }: Options): Ears {
  /** Since when this process hears nothing: machine time, and watch time. */
  let unheard: { since: number; at: number } | null = null
  let signedAt = Number.NEGATIVE_INFINITY
  let deafSince: number | null = null

  function become(since: number | null): void {
    if ((since === null) === (deafSince === null)) return
    if (since === null) log.info('what people do in Slack is heard again')
    else log.error('nobody is heard in Slack: no connection of it says anything')
    deafSince = since
    changed()
  }

  async function listen(): Promise<void> {
    const connections = connected()
    const elapsed = machine.elapsed()
    if (connections === null) return
    if (connections > 0) {
      unheard = null
      become(null)
      if (elapsed - signedAt < SIGN_MS) return
      signedAt = elapsed
      return hearsNow(store.pool, store.process, machine.now())
    }
    unheard ??= { since: elapsed, at: clock.now() }
    if (elapsed - unheard.since < DEAF_MS) return
    if (await othersHear(store.pool, store.process, machine.now() - FRESH_MS)) return become(null)
    become(unheard.at)
    // Each time: what is owed meanwhile is heard as little.
    await hasten(store.pool, 'contact/', clock.now(), { without: 'deaf' })
  }

  return { listen, deafSince: () => deafSince }
}
