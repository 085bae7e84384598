import type { NamesRead, ReadNames } from '../deps.ts'
import { namesOf } from '../domain/detect/coverage.ts'
import { parseZone } from '../domain/detect/zone-file.ts'
import { transferZone } from './axfr.ts'
import { searchLog } from './certificate-log.ts'
import { inWords } from './look.ts'
import { readZoneFile } from './zone-file.ts'

/** The logs of certificate transparency think for half a minute about a large company. */
const LONGEST_MS = 60_000

/**
 * Asks the sources of the ledger for their names.
 *
 * @param now the machine's time: a signed transfer is judged by the server's clock, whatever watch time it is
 */
export function readNames(now: () => number, longestMs = LONGEST_MS): ReadNames {
  return async (source, { allowPrivate, validators, at }): Promise<NamesRead> => {
    const signal = AbortSignal.timeout(longestMs)
    const whole = (names: ReturnType<typeof namesOf>, problems: string[] = []): NamesRead => ({
      ...{ outcome: 'read', names, problems, validators: null },
    })
    try {
      switch (source.kind) {
        case 'zone-file': {
          const read = await readZoneFile(source.path)
          if (!read.ok) return { outcome: 'failed', why: read.why }
          const { records, problems } = parseZone(read.text)
          return whole(namesOf(records), problems)
        }
        case 'axfr':
          return whole(namesOf(await transferZone(source, { allowPrivate, signal, now })))
        case 'ct':
          return await searchLog(source, { allowPrivate, signal, validators, at })
        default:
          return source satisfies never
      }
    } catch (error) {
      return { outcome: 'failed', why: signal.aborted ? `did not end within ${longestMs / 1_000} s` : inWords(error) }
    }
  }
}
