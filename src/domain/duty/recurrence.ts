import { RRuleTemporal } from 'rrule-temporal'
import { DAY_MS, toWall } from './time.ts'

/**
 * The occurrences of an RRULE as wall times. The library expands them in UTC, where no hour is missing or double; what they mean in the
 * layer's zone is decided where every wall time is (`time.ts`). Left to the zone, RFC 5545 would drop a handoff that falls into the
 * spring gap, and everybody after it would move up by one.
 */
interface Expansion {
  rule: RRuleTemporal
  /** Occurrence k at index k, as far as somebody has asked. */
  walls: number[]
  /** Everything before this wall time has been expanded. */
  expandedTo: number
}

/**
 * Turn k needs all occurrences since the start, so that a rule of ten years is expanded once (10 to 20 ms), and not for each question. The
 * key is the rule itself: an edited rule is another key, and nothing here can become false.
 */
const expansions = new Map<string, Expansion>()

/** More rules than a company has; the oldest is dropped, and expanded again if it is wanted. */
const MOST_EXPANSIONS = 100

/** One question to the library: below its own limits even for an hourly rule. */
const CHUNK_MS = 90 * DAY_MS

/**
 * The library gives up after 10 000 rounds by default, an hourly rule after 14 months; a chunk never comes near this. (Its other limit,
 * maxCandidateEvaluations, stays unset: setting it turns the fast paths off, and ten years take 200 ms.)
 */
const LIMITS = { maxIterations: 1_000_000, cache: false }

/**
 * The occurrences from `startWall` to (at least) `toWall`, ascending; those beyond it may or may not be there.
 * @throws when the rule cannot be read
 */
export function occurrenceWalls(rrule: string, startWall: number, zone: string, toWall: number): readonly number[] {
  const expansion = expansionOf(floating(rrule, zone), startWall)
  while (expansion.expandedTo <= toWall) {
    const next = expansion.expandedTo + CHUNK_MS
    const found = expansion.rule.between(new Date(expansion.expandedTo), new Date(next - 1), true)
    for (const occurrence of found) expansion.walls.push(occurrence.epochMilliseconds)
    expansion.expandedTo = next
  }
  return expansion.walls
}

function expansionOf(rule: string, startWall: number): Expansion {
  const text = `DTSTART:${compact(startWall)}\nRRULE:${rule}`
  const known = expansions.get(text)
  if (known) return known
  const oldest = expansions.keys().next()
  if (expansions.size >= MOST_EXPANSIONS && !oldest.done) expansions.delete(oldest.value)
  const expansion = { rule: new RRuleTemporal({ rruleString: text, ...LIMITS }), walls: [], expandedTo: startWall }
  expansions.set(text, expansion)
  return expansion
}

/** The rule on the wall clock: an UNTIL in UTC becomes what the zone's clocks show then, written as the library wants it. */
function floating(rrule: string, zone: string): string {
  return rrule.replace(/^RRULE:/i, '').replace(/UNTIL=(\d{8}T\d{6})(Z?)/i, (_, digits: string, utc: string) => {
    const wall = Date.parse(`${digits.replace(/^(....)(..)(..)T(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6')}Z`)
    return `UNTIL=${compact(utc ? toWall(wall, zone) : wall)}`
  })
}

/** `YYYYMMDDTHHMMSSZ`. */
const compact = (wall: number): string => new Date(wall).toISOString().replace(/[-:]|\.\d+/g, '')
