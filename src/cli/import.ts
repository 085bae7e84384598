import { readFile, writeFile } from 'node:fs/promises'
import { DateTime } from 'luxon'
import { parse } from 'yaml'
import { z } from 'zod'
import { formatProblem, parseConfig } from '../config.ts'
import { messageOf } from '../errors.ts'
import { type Compared, compare } from '../moving/compare.ts'
import type { Draft, Lost } from '../moving/draft.ts'
import { readOnCall } from '../moving/oncall.ts'
import { readOpsgenie } from '../moving/opsgenie.ts'
import { readPagerDuty } from '../moving/pagerduty.ts'
import { type People, write } from '../moving/write.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  people?: string
  out?: string
  json?: boolean
}

const FROM = {
  pagerduty: { name: 'PagerDuty', read: readPagerDuty },
  opsgenie: { name: 'Opsgenie', read: readOpsgenie },
  oncall: { name: 'Grafana OnCall', read: readOnCall },
} satisfies Record<string, { name: string; read: (files: readonly unknown[], now: number) => Draft }>

/** Whoever reads more of them has found what is wrong. */
const DIFFERENCES_SHOWN = 20

const Slack = z.string().regex(/^[UW][A-Z0-9]{2,30}$/, 'is not the id of a Slack user, such as U02ABCDEF')
const PeopleFile = z.record(z.string(), Slack)

/**
 * `watchbill import`: a configuration of the exports of another pager, and a report of what could not be carried over.
 *
 * @returns the exit code: 0 all of it is there, 1 somebody has to look at something, 2 cannot read it
 */
export async function importFrom(
  kind: string,
  paths: readonly string[],
  options: Options,
  io: { stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const fail = (sentence: string) => {
    io.stderr.write(`${sentence}\n`)
    return 2
  }
  if (!Object.hasOwn(FROM, kind))
    return fail(`"${kind}" is nothing that can be imported from: give one of ${Object.keys(FROM).join(', ')}.`)
  const { name, read } = FROM[kind as keyof typeof FROM]
  const files: unknown[] = []
  for (const path of paths) {
    try {
      files.push(JSON.parse(await readFile(path, 'utf8')))
    } catch (error) {
      return fail(`${path} cannot be read as JSON: ${messageOf(error)}. Give what the API of ${name} has answered.`)
    }
  }
  let known: People = {}
  if (options.people !== undefined) {
    try {
      known = PeopleFile.parse(parse(await readFile(options.people, 'utf8')))
    } catch (error) {
      const why =
        error instanceof z.ZodError
          ? `${error.issues[0]?.path.join('.')} ${error.issues[0]?.message}`
          : messageOf(error)
      return fail(`${options.people}: ${why}. It has a line for each person: \`dana@example.com: U02ABCDEF\`.`)
    }
  }
  const draft = read(files, io.now)
  if (draft.people.length + draft.schedules.length + draft.policies.length === 0)
    return fail(`There is no user, schedule or policy of ${name} in ${paths.join(', ')}.`)
  const written = write(draft, name, known)
  const config = parseConfig(written.yaml, options.out ?? 'the configuration', {})
  const problems = 'problems' in config ? config.problems.map(formatProblem) : []
  const compared = 'rules' in config ? compare(draft, written, config.rules) : []
  try {
    if (options.out !== undefined) await writeFile(options.out, written.yaml, { flag: 'wx' })
  } catch (error) {
    return fail(
      `${options.out} cannot be written: ${messageOf(error)}. Nothing that is there is replaced: give another name.`,
    )
  }
  if (options.json) {
    const report = { yaml: written.yaml, lost: written.lost, compared, problems }
    io.stdout.write(`${JSON.stringify(report)}\n`)
  } else {
    if (options.out === undefined) io.stdout.write(written.yaml)
    const lines = reportLines(name, draft, { lost: written.lost, compared, problems })
    io.stderr.write(`${lines.map(printable).join('\n')}\n`)
  }
  const isWhole =
    written.lost.length === 0 && problems.length === 0 && compared.every((each) => each.differences.length === 0)
  return isWhole ? 0 : 1
}

/** What the other pager's users wrote moves no cursor. */
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, ' ')

interface Report {
  lost: readonly Lost[]
  compared: readonly Compared[]
  problems: readonly string[]
}

function reportLines(name: string, draft: Draft, { lost, compared, problems }: Report): string[] {
  const { people, schedules, policies, services } = draft
  const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`
  return [
    `From ${name}: ${count(people.length, 'person', 'people')}, ${count(schedules.length, 'schedule')}, ${count(policies.length, 'policy', 'policies')}, ${count(services.length, 'service')}.`,
    '',
    ...compared.flatMap((each) => comparedLines(name, each)),
    ...(compared.length === 0
      ? [
          `Whom ${name} has on duty is in no file, and nothing was compared: look at \`watchbill oncall --planned\` beside it.`,
        ]
      : []),
    ...problems.map((problem) => `MUST BE MENDED ${problem}`),
    '',
    lost.length === 0 ? 'Everything else was carried over.' : `${count(lost.length, 'thing')} to look at:`,
    ...lost.flatMap(({ what, why, instead }) => [`- ${what}: ${why}.`, `  Instead: ${instead}.`]),
    '',
    'Then: npm run check-config, and `shadow: { channel: C… }` for as long as both pagers are compared.',
  ]
}

function comparedLines(name: string, { schedule, zone, looked, fromAt, toAt, differences }: Compared): string[] {
  const time = (at: number) => DateTime.fromMillis(at, { zone }).toFormat('ccc yyyy-LL-dd HH:mm ZZ')
  const span = `${time(fromAt)} to ${time(toAt)}`
  if (differences.length === 0)
    return [`${schedule}: the same people as ${name} at all of ${looked} instants, ${span}.`]
  const who = (people: readonly string[]) => (people.length > 0 ? people.join(' and ') : 'nobody')
  const more = differences.length - DIFFERENCES_SHOWN
  return [
    `${schedule}: DIFFERS from ${name} ${differences.length === 1 ? 'once' : `${differences.length} times`} within ${span}:`,
    ...differences
      .slice(0, DIFFERENCES_SHOWN)
      .map(
        ({ startAt, endAt, theirs, ours }) =>
          `  ${time(startAt)} to ${time(endAt)}: ${name} has ${who(theirs)}, the import ${who(ours)}`,
      ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}
