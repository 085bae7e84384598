import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWorld, type World, type WorldOptions } from '../support/chaos.ts'
import { type Allowed, judge, type Mark, mark, readRecord } from './checker.ts'

/** Plays a fault of reliability.md in rounds: the nemesis does its work in a world, the checker looks at what came of it. */

/** What a test of one fault is. */
export interface Fault {
  /** `F03`; other than those of reliability.md have none. */
  id: string | null
  /** What holds, as a sentence: the rest of the test's name. */
  holds: string
  /** What this machine lacks for it; null: nothing. */
  missing?: string | null
  world: WorldOptions | ((dice: Dice) => WorldOptions)
  /** Does the work of one round, and throws when something that it waits for does not come in time. */
  round(scene: Scene): Promise<Came>
  /** Instead of as many rounds as of the others. */
  rounds?: number
  /** One world for all rounds, or one each. */
  fresh?: boolean
}

export interface Scene {
  world: World
  dice: Dice
  /** Counted from 1. */
  round: number
  /** As short as it may be, and still that fault: in `npm test`. */
  short: boolean
  since: Mark
  /** A limit, as long as this machine may take for it. */
  most(ms: number): number
  /** For the log of a round that fails. */
  note(what: string): void
}

/** What a round says of itself. */
export interface Came extends Allowed {
  /** From the end of the fault until all was done that it had held up; null: it held up nothing. */
  recoveryMs: number | null
  /** What a process has to say loudly about it. */
  loud?: RegExp
}

/** A row of the table. */
export interface Row {
  fault: string
  rounds: number
  pages: number
  lost: number
  doubled: number
  /** One for each round that has one. */
  recoveryMs: number[]
  failed: string | null
}

/** Choices that follow from a seed alone. */
export interface Dice {
  int(from: number, to: number): number
  pick<const T>(things: readonly [T, ...T[]]): T
  chance(probability: number): boolean
  shuffled<T>(things: readonly T[]): T[]
}

function diceOf(seed: number): Dice {
  const random = mulberry32(seed)
  const int = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  return {
    int,
    pick: (things) => things[int(0, things.length - 1)] ?? things[0],
    chance: (probability) => random() < probability,
    shuffled(things) {
      const left = [...things]
      return things.flatMap(() => left.splice(int(0, left.length - 1), 1))
    },
  }
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of a run: CHAOS_SEED, or the one given. */
export const seedOf = (otherwise: number) => Number(process.env.CHAOS_SEED || otherwise)
/** On a machine that does other work as well, limits are so many times as long: CHAOS_SLACK. */
const slackOf = (short: boolean) => Number(process.env.CHAOS_SLACK || (short ? 3 : 1))
const roundsOf = (otherwise: number) => Number(process.env.CHAOS_ROUNDS || otherwise)

export const nameOf = ({ id, holds }: Pick<Fault, 'id' | 'holds'>) => (id === null ? holds : `${id} ${holds}`)

interface Run {
  seed: number
  rounds: number
  short: boolean
  /** Where it is played, and what goes on afterwards; a world of the fault's own when omitted. */
  world?: World
  /** Hears of the row, also when a round fails. */
  report?(row: Row): void
}

/** A round's own dice: it is played again without those before it. */
const seedIn = (seed: number, round: number) => seed * 1_000_003 + round

export async function play(fault: Fault, { seed, rounds, short, world: given, report }: Run): Promise<void> {
  const only = Number(process.env.CHAOS_ROUND || 0)
  const numbers = only > 0 ? [only] : Array.from({ length: roundsOf(rounds) }, (_, index) => index + 1)
  const row: Row = { fault: nameOf(fault), rounds: 0, pages: 0, lost: 0, doubled: 0, recoveryMs: [], failed: null }
  let world = given ?? null
  try {
    for (const round of numbers) {
      const dice = diceOf(seedIn(seed, round))
      world ??= await startWorld(typeof fault.world === 'function' ? fault.world(dice) : fault.world)
      await playRound(fault, { world, dice, round, short, seed, row })
      if (!fault.fresh || given) continue
      await finish(world)
      world = null
    }
    if (world && !given) await finish(world)
  } catch (error) {
    row.failed = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw error
  } finally {
    if (!given) await world?.close()
    report?.(row)
  }
}

/** Everything ends as an operator ends it, and in order. */
export async function finish(world: World): Promise<void> {
  try {
    await world.end()
  } finally {
    await world.close()
  }
}

async function playRound(
  fault: Fault,
  { world, dice, round, short, seed, row }: Omit<Scene, 'since' | 'note' | 'most'> & { seed: number; row: Row },
): Promise<void> {
  const notes: string[] = []
  const note = (what: string) => notes.push(`${new Date().toISOString()} ${what}`)
  try {
    const since = world.options.cold ? { call: 0, fact: 0, attempt: 0 } : await mark(world)
    const slack = slackOf(short)
    const most = (ms: number) => ms * slack
    const came = await fault.round({ world, dice, round, short, since, note, most })
    note('the round is over; all is well again')
    world.slack.resetFaults()
    await world.heal()
    await world.rest()
    const verdict = judge(world.slack.journal(), world.history, await readRecord(world, since), since, {
      ...came,
      slack,
    })
    row.rounds++
    row.pages += verdict.pages
    row.lost += verdict.lost.length
    row.doubled += verdict.doubled.length
    if (came.recoveryMs !== null) row.recoveryMs.push(came.recoveryMs)
    const wrong = [...verdict.lost.map((what) => `lost: ${what}`), ...verdict.wrong, ...fallen(world, came)]
    if (wrong.length > 0) throw new Error(wrong.slice(0, 20).join('\n'))
  } catch (error) {
    const file = join(tmpdir(), `watchbill-chaos-${fault.id ?? 'other'}-${seed}-${round}.log`)
    const server = await readFile(join(world.dataDir, 'postgres.log'), 'utf8').catch(() => '')
    await writeFile(file, logOf(world, notes, server))
    const reason = error instanceof Error ? error.message : String(error)
    const only = fault.id ?? fault.holds
    throw new Error(
      `${reason}\nplay it again: CHAOS_SEED=${seed} CHAOS_ROUND=${round} npm run chaos -- -t '${only}'\nwhat was done, said and logged: ${file}`,
      { cause: error },
    )
  }
}

/** Processes that ended by themselves, or say that something is wrong with themselves. */
function fallen(world: World, { loud }: Came): string[] {
  return [
    ...world.bots.filter((bot) => !bot.running()).map((bot) => `process ${bot.pid} has ended by itself`),
    ...world.spawned.flatMap((bot) =>
      bot
        .lines()
        // An alarm is how people are told of what goes wrong elsewhere.
        .filter(({ level, alarm, msg }) => Number(level) >= FATAL && alarm === undefined && !loud?.test(String(msg)))
        .map((line) => `process ${bot.pid} says: ${JSON.stringify(line).slice(0, 500)}`),
    ),
  ]
}

/** As pino counts. */
const FATAL = 60

function logOf(world: World, notes: readonly string[], server: string): string {
  return [
    '# what the nemesis did',
    ...notes,
    '# what the clients sent',
    ...world.history.map((attempt) => JSON.stringify(attempt)),
    '# what Slack saw',
    ...world.slack
      .journal()
      .map(({ args, ...call }) => JSON.stringify({ ...call, args: { ...args, blocks: undefined } })),
    '# the embedded server',
    server,
    ...world.spawned.flatMap((bot) => [`# process ${bot.pid}`, bot.stdout(), bot.stderr()]),
    '',
  ].join('\n')
}
