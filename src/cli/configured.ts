import { readFileSync } from 'node:fs'
import { formatProblem, loadConfig } from '../config.ts'
import type { Rules } from '../domain/rules.ts'
import { type Env, readEnv } from '../env.ts'
import { UserError } from '../errors.ts'
import { type AtHand, atHand } from '../store/store.ts'
import { reachStore, untilStopped } from './reach-store.ts'

type Variables = Record<string, string | undefined>

/** Says each sentence on a line of its own, and is the exit code of what cannot be done. */
export const failing =
  (stderr: { write(text: string): unknown }) =>
  (sentences: readonly string[]): number => {
    for (const sentence of sentences) stderr.write(`${sentence}\n`)
    return 2
  }

/** What the environment says, secrets from their files; or its problems, a sentence each. */
export const envOf = (variables: Variables): { env: Env } | { problems: string[] } =>
  readEnv(variables, (path) => readFileSync(path, 'utf8'))

/** Environment and configuration, for a subcommand that needs both. */
export async function configured(
  file: string | undefined,
  variables: Variables,
): Promise<{ env: Env; rules: Rules } | { problems: string[] }> {
  const read = envOf(variables)
  if ('problems' in read) return read
  const config = await loadConfig(file ?? read.env.config, variables)
  return 'problems' in config
    ? { problems: config.problems.map(formatProblem) }
    : { env: read.env, rules: config.rules }
}

type Place = Parameters<typeof atHand>[0]

const reached = <T>(env: Env, use: (place: Place, stop: AbortSignal) => Promise<T>): Promise<T> =>
  untilStopped((signal) => reachStore(env, { alone: false, create: false, signal }, (place) => use(place, signal)))

/** Does something with the store of the bot, which must be there, whether the bot runs or not. */
export const withStore = <T>(env: Env, use: (store: AtHand, stop: AbortSignal) => Promise<T>): Promise<T> =>
  reached(env, (place, stop) => atHand(place, (store) => use(store, stop)))

/**
 * Asks the store that the environment names; null where there is none yet.
 *
 * @throws UserError what is wrong with the environment, or why the store cannot be asked
 */
export async function ifStored<T>(variables: Variables, use: (place: Place) => Promise<T>): Promise<T | null> {
  const read = envOf(variables)
  if ('problems' in read) throw new UserError('bad-environment', read.problems.join(' '))
  try {
    return await reached(read.env, use)
  } catch (error) {
    if (error instanceof UserError && error.code === 'no-store') return null
    throw error
  }
}
