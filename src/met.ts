import type { Meet } from './checks/look.ts'
import type { Deps } from './deps.ts'
import { serviceOfName } from './domain/detect/coverage.ts'
import type { Seen } from './domain/detect/name-source.ts'
import { DAY_MS } from './domain/duty/time.ts'
import { messageOf } from './errors.ts'
import { saveNames } from './store/coverage.ts'

/** What was handed on is handed on again after this, so that the ledger knows that it is met still. */
const AGAIN_MS = DAY_MS

/** What is known to have been handed on; more than a large company has of certificates. */
const MOST_KNOWN = 20_000

/** Names of one certificate that are looked at. */
const MOST_NAMES = 1_000

/**
 * Hands names that probes meet by the way to the ledger: of every certificate once a day at most, and nothing of other people's domains. A
 * probe waits for none of it.
 */
export function createMet({ store, clock, log, rules }: Pick<Deps, 'store' | 'clock' | 'log' | 'rules'>): Meet {
  const handedOn = new Map<string, number>()

  function handOn(source: Seen, key: string, names: () => string[]): void {
    const now = clock.now()
    const at = handedOn.get(key)
    if (at !== undefined && at <= now && now - at < AGAIN_MS) return
    handedOn.delete(key)
    handedOn.set(key, now)
    if (handedOn.size > MOST_KNOWN) handedOn.delete(handedOn.keys().next().value ?? '')
    const ours = names()
      .slice(0, MOST_NAMES)
      .map((name) => name.toLowerCase().replace(/\.$/, ''))
      .filter((name) => HOST.test(name) && serviceOfName(rules(), name.replace(/^\*\./, '')) !== null)
    if (ours.length === 0) return
    const found = [...new Set(ours)].map((name) => ({ name, role: 'host' as const }))
    saveNames(store.pool, source, found, now, null).catch((error: unknown) => {
      // Met again, it is handed on again.
      handedOn.delete(key)
      log.warn({ source, reason: messageOf(error) }, 'names that a probe met could not be kept')
    })
  }

  return (met) => {
    const { seen } = rules().coverage
    switch (met.kind) {
      case 'certificate': {
        const { certificate } = met
        if (seen.includes('certificates'))
          handOn('certificates', certificate.fingerprint256, () => namesOn(certificate.subjectAltName))
        return
      }
      case 'redirect':
        if (seen.includes('redirects')) handOn('redirects', met.host, () => [met.host])
        return
      default:
        return met satisfies never
    }
  }
}

const HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/

/** `DNS:example.com, DNS:*.example.com, IP Address:192.0.2.1` */
const namesOn = (alternatives: string | undefined): string[] =>
  (alternatives ?? '').split(', ').flatMap((each) => (each.startsWith('DNS:') ? each.slice('DNS:'.length) : []))
