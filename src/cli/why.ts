import type { Recorded } from '../domain/fact.ts'
import { numberOf } from '../domain/incident.ts'
import { type IncidentRecord, incidentJson, readRecord } from '../record.ts'
import { factSentence, whyHead, whyLines } from '../slack/why.ts'
import type { Voice } from '../slack/words.ts'
import { readIncident } from '../store/incidents.ts'
import { rotaOf } from '../store/rota.ts'
import { configured, failing, withStore } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  config?: string
  json?: boolean
}

/**
 * `watchbill why INC-7`: everything that is on record of an incident, each with its reason, and what happened around it; by the store of the
 * bot, whether that runs or not.
 *
 * @returns the exit code: 0 fine, 1 there is no such incident, 2 cannot answer
 */
export async function why(
  named: string,
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const fail = failing(io.stderr)
  const number = numberOf(named)
  if (number === null) return fail([`"${printable(named)}" is no incident: they are numbered, like INC-7.`])
  const read = await configured(options.config, io.env)
  if ('problems' in read) return fail(read.problems)
  const { env, rules } = read
  try {
    const found = await withStore(env, async ({ pool }) => {
      const incident = await readIncident(pool, number)
      if (incident === null) return null
      const voice: Voice = { rules: await rotaOf(pool, rules), now: io.now }
      return { voice, record: await readRecord({ pool }, voice.rules, incident, io.now) }
    })
    if (found === null) {
      io.stderr.write(`There is no INC-${number}.\n`)
      return 1
    }
    const { voice, record } = found
    const facts = all(record)
    if (options.json) {
      const told = facts.map((fact) => ({
        ...fact,
        at: new Date(fact.at).toISOString(),
        sentence: factSentence(voice, fact),
      }))
      io.stdout.write(`${JSON.stringify({ incident: incidentJson(record.incident), facts: told })}\n`)
    } else {
      const lines = [whyHead(voice, record.incident), '', ...whyLines(voice, facts)]
      io.stdout.write(`${lines.map(printable).join('\n')}\n`)
    }
    return 0
  } catch (error) {
    return fail([sentenceOf(error, 'The record could not be read')])
  }
}

/** In the order in which they were decided. */
function all({ facts, entries }: IncidentRecord): Recorded[] {
  const ids = new Set(facts.map(({ id }) => id))
  const around = entries.map(({ fact }) => fact).filter(({ id }) => !ids.has(id))
  return [...facts, ...around].sort((a, b) => a.id - b.id)
}

/** What others wrote moves no cursor, and turns no line around. */
const printable = (text: string) => text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
