import { check, NO_LEEWAY, outline, portrait } from './checker.ts'
import { type Played, play } from './play.ts'
import { SCENARIOS, type Scenario, SECOND } from './scenarios.ts'
import type { Lab } from './store.ts'
import { generator, type Strike } from './world.ts'

/** A process dies or freezes at a call. */
export interface Case {
  scenario: Scenario
  k: number
  /**
   * `lost`: the call has happened, and its answer is lost with whoever waited for it. `undone`: it never happened. `frozen`: beside another
   * process, this one freezes just before the call, wakes 90 s later, and goes on as if nothing had been; `stunned`: just after it.
   */
  variant: Variant
}

type Variant = 'lost' | 'undone' | 'frozen' | 'stunned'

/** How long a process is frozen: long enough for the other to take everything over (F17). */
const FROZEN_MS = 90 * SECOND

const STRIKES: Record<Variant, Strike> = {
  lost: { kind: 'crash', effect: true },
  undone: { kind: 'crash', effect: false },
  frozen: { kind: 'freeze', effect: false, ms: FROZEN_MS },
  stunned: { kind: 'freeze', effect: true, ms: FROZEN_MS },
}

const botsOf = (variant: Variant) => (STRIKES[variant].kind === 'freeze' ? 2 : 1)

/** How long it takes until somebody starts it again: mostly at once, as a supervisor does. */
const SOON = [0, SECOND, SECOND, SECOND, SECOND]
const PAUSES = [...SOON, 3 * SECOND, 20 * SECOND, 70 * SECOND]

/** Shorter pauses leave no trace in what anybody reads. */
const TRACELESS_MS = 1_000

function pauseOf({ scenario, k, variant }: Case): number {
  const pauses = scenario.delicate ? SOON : PAUSES
  return pauses[Math.floor(generator(`${scenario.id} ${k} ${variant}`)() * pauses.length)] ?? SECOND
}

/** Where a duplicate, or a loss, is made: in the moment in which something has just been sent. */
const TENDER = /^(chat.postMessage page|conversations.create)/
/** Where a rollout is half begun, or half halted: on both sides of the call of its hook. */
const TENDER_HOOK = /^hook (start|halt) 1$/
export function isTender({ trace }: Played, { k, variant, scenario }: Case): boolean {
  const what = trace.find((call) => call.k === k && call.of === 'bot-1')?.what ?? ''
  return scenario.rollouts ? TENDER_HOOK.test(what) : variant === 'lost' && TENDER.test(what)
}

/** How a scenario goes when nothing happens to anybody, and every case of it. */
export interface Enumerated {
  reference: Played
  cases: Case[]
  violations: string[]
}

/** One case for each state of the world in which the process can die: from those that are left out the same follows, to the letter. */
export async function crashes(lab: Lab, scenario: Scenario): Promise<Enumerated> {
  const reference = await play(lab, { scenario, seed: scenario.id, watched: true })
  const seen = new Set<string>()
  const cases = reference.states.flatMap(({ k, when, state }): Case[] => {
    if (seen.has(state)) return []
    seen.add(state)
    return [{ scenario, k, variant: when === 'before' ? 'undone' : 'lost' }]
  })
  return { reference, cases, violations: judge(reference) }
}

/** Likewise without a look at the whole state: one for each side of every call. What is watched each half second is in no state twice. */
export async function deaths(lab: Lab, scenario: Scenario): Promise<Enumerated> {
  const reference = await play(lab, { scenario, seed: scenario.id })
  const cases = reference.trace.flatMap(({ k }) =>
    (['undone', 'lost'] as const).map((variant) => ({ scenario, k, variant })),
  )
  return { reference, cases, violations: judge(reference) }
}

/** Every call at which one of two processes can freeze. */
export async function freezes(lab: Lab, scenario: Scenario): Promise<Enumerated> {
  const reference = await play(lab, { scenario, seed: scenario.id, bots: 2 })
  const calls = reference.trace.filter(({ of }) => of === 'bot-1')
  const cases = calls.flatMap(({ k }) => (['frozen', 'stunned'] as const).map((variant) => ({ scenario, k, variant })))
  return { reference, cases, violations: judge(reference) }
}

/** Frozen inside the very call that sends it: nobody can tell whether it was sent. */
const frozenIn = (played: Played, key: string) =>
  played.trace.some(({ struck, what }) => struck === 'freeze before it' && what === `chat.postMessage ${key}`)

/** What was promised and not kept. */
function judge(played: Played): string[] {
  const { scenario } = played.plan
  const struck = played.trace.some((each) => each.struck !== null)
  const leeway = {
    ...NO_LEEWAY,
    doubles: (key: string) => (frozenIn(played, key) || (struck && scenario.doubles?.test(key)) ? 1 : 0),
  }
  const paged = played.books.facts.flatMap(({ kind, body }) => {
    if (kind !== 'paged') return []
    const { key, person } = body['page'] as { key: string; person: string }
    return played.said.some((call) => call.key === key && call.done) ? [person] : []
  })
  const asPlanned = sorted(paged) === sorted(scenario.paged)
  const wrong = asPlanned ? [] : [`I1: paged were ${paged.join(', ')}, not ${scenario.paged.join(', ')}`]
  return [...check(played, leeway), ...wrong]
}

/** However long a process was away, the same people are paged; two at the same instant in any order. */
const sorted = (names: readonly string[]) => names.toSorted((a, b) => a.localeCompare(b)).join()

/** Plays a case, and says what is wrong with it. */
export async function playCase(
  lab: Lab,
  reference: Played,
  one: Case,
): Promise<{ played: Played; violations: string[] }> {
  const { scenario, k, variant } = one
  const pauseMs = pauseOf(one)
  const played = await play(lab, {
    scenario,
    seed: scenario.id,
    bots: botsOf(variant),
    strike: (of, call) => (of.name === 'bot-1' && call === k ? STRIKES[variant] : null),
    pauseMs: () => pauseMs,
  })
  const violations = judge(played)
  if (!played.trace.some(({ struck }) => struck !== null)) violations.push(`the simulation: call ${k} was never made`)
  const traceless = STRIKES[variant].kind === 'freeze' || pauseMs <= TRACELESS_MS
  const twice = (key: string) => scenario.doubles?.test(key) === true || frozenIn(played, key)
  const like = (each: Played) => {
    if (traceless && !scenario.rollouts) return portrait(each, twice)
    const { pages, incidents } = outline(each.books)
    // Whether a rollout began is not known to whoever comes after a process that died at it: people say, and until then it is not over.
    return scenario.rollouts ? { pages } : { pages, incidents }
  }
  return { played, violations: [...violations, ...differences(like(reference), like(played))] }
}

/** Where two pictures differ. */
function differences(wanted: unknown, found: unknown, at = ''): string[] {
  if (JSON.stringify(wanted) === JSON.stringify(found)) return []
  const nested = [wanted, found].every((each) => each !== null && typeof each === 'object')
  if (!nested) return [`not as without it: ${at} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`]
  const [a, b] = [wanted, found] as [Record<string, unknown>, Record<string, unknown>]
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].flatMap((key) => differences(a[key], b[key], `${at}/${key}`))
}

/** What names a case in the line that plays it again. */
export const nameOf = ({ scenario, k, variant }: Case) => `${scenario.id},k=${k},${variant}`

export function caseOf(name: string): Case | null {
  const [, id, k, variant] = /^([a-z-]+),k=(\d+),(lost|undone|frozen|stunned)$/.exec(name) ?? []
  const scenario = SCENARIOS.find((each) => each.id === id)
  return scenario && variant ? { scenario, k: Number(k), variant: variant as Variant } : null
}

/** The run against which a case is held. */
export const referenceOf = (lab: Lab, { scenario, variant }: Case): Promise<Played> =>
  play(lab, { scenario, seed: scenario.id, bots: botsOf(variant) })
