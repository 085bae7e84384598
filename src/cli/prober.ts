import { readFileSync } from 'node:fs'
import { NOT_LISTED } from '../checks/address.ts'
import { checkTarget } from '../checks/check.ts'
import { inThreads } from '../checks/threads.ts'
import { machine, standstills } from '../clock.ts'
import { cidr } from '../config/targets.ts'
import { secretIn } from '../env.ts'
import { UserError } from '../errors.ts'
import { createLog } from '../log.ts'
import { VERSION } from '../main.ts'
import { runProber } from '../prober/prober.ts'
import { serverAt } from '../prober/server.ts'
import { keepSecret } from '../secrets.ts'
import { failing } from './configured.ts'

interface Options {
  location: string
  url: string
  token?: string
  allowPrivate?: string[]
}

interface Io {
  env: Record<string, string | undefined>
  stderr: { write(text: string): unknown }
}

const TOKEN = 'WATCHBILL_PROBER_TOKEN'
const LOCATION = /^[a-z0-9][a-z0-9-]{0,39}$/

/** A prober that is stopped has so long to deliver what it saw last. */
const LAST_MS = 5_000

/**
 * `watchbill prober`: looks at what its Watchbill gives it, from where it runs, until SIGTERM or SIGINT.
 *
 * @returns the exit code: 0 when it was stopped, 2 when it cannot run, after a sentence on stderr for each reason
 */
export async function prober(options: Options, { env, stderr }: Io): Promise<number> {
  const fail = failing(stderr)
  const { location, url, allowPrivate = [] } = options
  const token = tokenOf(options.token, env)
  const problems = [
    ...(LOCATION.test(location)
      ? []
      : [`--location ${location} is not the name of a location, as locations of the configuration has it.`]),
    ...wrongUrl(url),
    ...('problem' in token ? [token.problem] : []),
    ...allowPrivate.flatMap((range) => {
      const read = cidr.safeParse(range)
      return read.success ? [] : `--allow-private ${range} must be an address range such as 10.0.0.0/8.`
    }),
  ]
  if (problems.length > 0 || 'problem' in token) return fail(problems)
  keepSecret([token.read()])
  const log = createLog(env.LOG_LEVEL ?? 'info')
  const stopped = new AbortController()
  const stop = () => {
    stopped.abort(new Error('stopped'))
    setTimeout(() => process.exit(0), LAST_MS).unref()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const stood = standstills()
  const looks = inThreads({ here: checkTarget(machine.elapsed, stood), elapsed: machine.elapsed })
  try {
    await runProber({
      location,
      server: serverAt({ url, location, token: token.read }),
      // By the rules of this machine alone: what its server may reach is another matter.
      async look(probe, at) {
        const sample = await looks.check(probe, { allowPrivate }, at)
        return {
          ...sample,
          saw: sample.saw.replace(NOT_LISTED, 'the prober was not started with --allow-private for it'),
        }
      },
      elapsed: machine.elapsed,
      version: VERSION,
      log,
      signal: stopped.signal,
    })
    return 0
  } catch (error) {
    if (error instanceof UserError) return fail([error.message])
    throw error
  } finally {
    stood.close()
    await looks.close()
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
}

/** The token, read anew whenever it is used where it is in a file: a new one needs no restart. */
function tokenOf(given: string | undefined, env: Io['env']): { read(): string } | { problem: string } {
  const value = given ?? env[TOKEN]?.trim()
  if (value) return { read: () => value }
  const file = env[`${TOKEN}_FILE`]?.trim()
  if (!file)
    return {
      problem: `${TOKEN} is not set: set it to the token that locations of the configuration has, or ${TOKEN}_FILE to a file with it.`,
    }
  let latest = secretIn(file, TOKEN, (path) => readFileSync(path, 'utf8'))
  if ('problem' in latest) return { problem: latest.problem }
  let known = latest.value
  return {
    read() {
      latest = secretIn(file, TOKEN, (path) => readFileSync(path, 'utf8'))
      if ('value' in latest) known = latest.value
      keepSecret([known])
      return known
    },
  }
}

/** What goes there and comes back is secret: nobody in between may read along. */
function wrongUrl(url: string): string[] {
  const read = URL.parse(url)
  if (read === null || !/^https?:$/.test(read.protocol)) return [`--url ${url} must be an https URL.`]
  if (read.username !== '' || read.password !== '') return ['--url must not hold a user name or password.']
  if (read.protocol === 'https:' || /^(127\.|localhost$|\[::1\]$)/.test(read.hostname)) return []
  return [
    '--url is not https: the token, and what probes send along, would be there for everybody to read. Put a proxy with TLS in front of Watchbill and give its https URL.',
  ]
}
