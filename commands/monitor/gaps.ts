import { defaultProbes, type Mark } from '../../src/domain/detect/adoption.ts'
import { hostOf, ledgers, serviceOfName } from '../../src/domain/detect/coverage.ts'
import { sourcesOf } from '../../src/domain/detect/name-source.ts'
import type { Cover } from '../../src/domain/event.ts'
import { type Rules, under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { logLedgers } from '../../src/log-coverage.ts'
import {
  adoptedAnswer,
  anywayButtons,
  coveredNews,
  gapBlocks,
  ledgerLines,
  leftAlone,
  notWell,
  oldButton,
  sourceLines,
} from '../../src/slack/coverage.ts'
import { logCoverageLines } from '../../src/slack/log-coverage.ts'
import { code, cut, list as inWords, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { readKnown, readSources } from '../../src/store/coverage.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { personNamed } from '../oncall/names.ts'
import type { Confirmed } from '../oncall/propose.ts'
import { reasonOf } from '../silence.ts'

/** The verbs of `/monitor` about names that nothing watches. */

export const usage = [
  [
    'coverage',
    'names of the domains of services that nothing watches, to be watched with one click, and logs that nothing reads',
  ],
  ['adopt NAME', 'looks at such a name, and has it watched from now on'],
  ['drop NAME REASON', 'a name that was adopted is to be watched no more; somebody else approves, by its name'],
  ['gap NAME owner @person', 'who sees to it; `me` for yourself'],
  ['ignore NAME REASON', 'it needs no probe, for a reason'],
  ['heed NAME', 'it is ignored no more'],
] as const

/** What a button typed. Whoever pressed it saw the list, and sees it again; `ANYWAY`: what was seen of the name was shown to them. */
const PRESSED = 'pressed'
const ANYWAY = 'anyway'

/** What a button of the list types: `<when it was shown> <name>`. All that it says is looked at as if it were typed. */
export const gapButton =
  (verb: 'adopt' | 'own' | 'anyway' | 'leave') =>
  (value: string, user: string, now: number): Confirmed => {
    const name = /^\d{1,15} ([a-z0-9_.*-]{1,253})$/.exec(value)?.[1]
    if (name === undefined) return { leave: oldButton }
    const key = `gap/${user}/${now}/${verb}/${name}`
    switch (verb) {
      case 'adopt':
        return { text: `adopt ${name}`, confirmed: PRESSED, key }
      case 'anyway':
        return { text: `adopt ${name}`, confirmed: ANYWAY, key }
      case 'own':
        return { text: `gap ${name} owner me`, confirmed: PRESSED, key }
      case 'leave':
        return { leave: leftAlone }
      default:
        return verb satisfies never
    }
  }

export async function coverage(ask: Ask): Promise<Reply> {
  const { text, more } = await listed(ask)
  return { ...only(text), more }
}

async function listed(ask: Ask, but: string | null = null): Promise<{ text: string; more: unknown[] }> {
  const { deps, now } = ask
  const rules = deps.rules()
  const { pool } = deps.store
  const [known, states] = await Promise.all([readKnown(pool), readSources(pool)])
  const found = ledgers(rules, known, now)
  const ofLogs = logCoverageLines(voice(ask), await logLedgers(deps, rules))
  if (found.length + ofLogs.length === 0)
    return {
      text: 'No service has `domains` in the configuration, so there is nothing to compare with what is watched.',
      more: [],
    }
  const gaps = found.flatMap((ledger) => ledger.gaps).filter(({ name }) => name !== but)
  const lines = [
    ...found.flatMap((ledger) => ledgerLines(voice(ask), ledger)),
    ...(found.length > 0 ? sourceLines(voice(ask), sourcesOf(rules), states) : []),
    ...ofLogs,
  ]
  return { text: lines.join('\n'), more: gapBlocks(voice(ask), gaps) }
}

/** Looks at a name once before it is watched: what does not fit would page in vain. */
export async function adopt(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { deps } = ask
  const rules = deps.rules()
  const [word, more] = split(rest)
  const name = nameIn(word)
  if (more !== '')
    throw new UserError(
      'bad-arguments',
      `${code(cut(typed(more), 100))} is too much: one name at a time. Nothing was done.`,
    )
  const service = serviceFor(rules, name)
  const watching = watchersOf(rules, name)
  if (watching.length > 0)
    throw new UserError(
      'watched',
      `${code(name)} is watched already, by ${inWords(watching.map(code))}. Nothing was done.`,
    )
  if (name.startsWith('*.'))
    throw new UserError(
      'wildcard',
      `${code(name)} is every name beneath it, and no probe can look at those. Adopt the names that matter (${code(`/monitor adopt shop${name.slice(1)}`)}), or ignore it with a reason.`,
    )
  const known = await readKnown(deps.store.pool)
  const role =
    known.names
      .filter((each) => each.name === name)
      .map((each) => each.role)
      .find((each) => each !== 'host') ?? 'host'
  const taken = (monitor: string) =>
    under(rules.monitors, monitor) !== undefined ||
    known.marks.some(({ adopted }) => adopted?.monitors.some((each) => each.name === monitor) === true)
  const probes = defaultProbes({ name, role }, service, taken)
  const looks = await Promise.all(
    probes.map(async (probe) => ({ probe, sample: await deps.check(probe, rules, ask.now) })),
  )
  if (looks.some(({ sample }) => !sample.ok) && ask.confirmed !== ANYWAY)
    return { ...only(notWell(name, looks)), more: anywayButtons(voice(ask), name) }
  return decide(ask, { type: 'cover', by, name, choice: { what: 'adopt', service, monitors: probes } }, () =>
    adoptedAnswer(name, looks),
  )
}

export async function drop(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, reason] = split(rest)
  const { name } = await adoptedAs(ask, word)
  return decide(ask, { type: 'cover', by, name, choice: { what: 'drop', reason: reasonIn(reason, `drop ${name}`) } })
}

/** `/monitor approve shop.example.com`: the second person, for a name that is to be watched no more. */
export async function approveDrop(ask: Ask, word: string): Promise<Reply> {
  const by = ask.by()
  const { name } = await adoptedAs(ask, word)
  return decide(ask, { type: 'cover', by, name, choice: { what: 'drop-approve' } })
}

export async function ignore(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, reason] = split(rest)
  const name = await gapNamed(ask, word)
  return decide(ask, {
    type: 'cover',
    by,
    name,
    choice: { what: 'ignore', reason: reasonIn(reason, `ignore ${name}`) },
  })
}

export async function heed(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  return decide(ask, { type: 'cover', by, name: nameIn(rest), choice: { what: 'heed' } })
}

/** `shop.example.com owner @dana` */
export async function gap(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  const name = await gapNamed(ask, word)
  const [verb, whom] = split(more)
  if (verb.toLowerCase() !== 'owner' || whom === '' || /\s/.test(whom.replace(/<[^>]*>/g, '')))
    throw new UserError(
      'bad-arguments',
      `Who sees to ${code(name)}? Type ${code(`/monitor gap ${name} owner @person`)}. Nothing was done.`,
    )
  const person = whom.toLowerCase() === 'me' ? by : personNamed(ask.deps.rules(), whom)
  return decide(ask, { type: 'cover', by, name, choice: { what: 'own', person } })
}

/** Has the desk decide; what becomes of a name is said in the channel of its service, and to whoever pressed a button above what is left. */
async function decide(ask: Ask, event: Cover, done?: () => string): Promise<Reply> {
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  if (outcome.result === 'refused') return only(answer(voice(ask), event, outcome))
  const mark = (await readKnown(ask.deps.store.pool)).marks.find(({ name }) => name === event.name)
  const text = done?.() ?? said(ask, event, mark)
  if (ask.confirmed === null) return { text, public: false, acted: true }
  const left = await listed(ask, event.choice.what === 'adopt' ? event.name : null)
  return { text: `${text}\n\n${left.text}`, more: left.more, public: false, acted: true }
}

function said(ask: Ask, { by, choice }: Cover, mark: Mark | undefined): string {
  if (mark === undefined) return 'Done.'
  const approved = choice.what === 'drop-approve'
  const reason = approved ? (mark.dropping?.reason ?? null) : 'reason' in choice ? choice.reason : null
  return coveredNews(voice(ask), {
    type: 'covered',
    id: 0,
    incident: null,
    at: ask.now,
    by,
    what: approved ? 'drop' : choice.what === 'drop' ? 'drop-asked' : choice.what,
    reason,
    mark,
  })
}

const reasonIn = (text: string, form: string): string =>
  reasonOf(text, `Why? It is for whoever asks later: type ${code(`/monitor ${form} REASON`)}. Nothing was done.`)

/** As names are compared. Slack makes links of them. */
const nameIn = (word: string) => {
  const name = typed(word)
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/[./]+$/, '')
  if (/^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$/.test(name) && name.length <= 253) return name
  throw new UserError(
    'no-name',
    `${word === '' ? 'Which name?' : `${code(cut(typed(word), 100))} is no domain name.`} \`/monitor coverage\` shows those that nothing watches. Nothing was done.`,
  )
}

function serviceFor(rules: Rules, name: string): string {
  const service = serviceOfName(rules, name.replace(/^\*\./, ''))
  if (service !== null) return service
  const domains = Object.values(rules.services).flatMap((each) => each.domains)
  throw new UserError(
    'no-domain',
    `${code(name)} is beneath no domain of a service${domains.length > 0 ? ` (${inWords(domains.slice(0, 10).map(code))})` : ''}, so that nobody would be paged for it. Nothing was done.`,
  )
}

const watchersOf = (rules: Rules, name: string) =>
  Object.values(rules.monitors).flatMap((monitor) => (hostOf(monitor) === name ? monitor.name : []))

async function gapNamed(ask: Ask, word: string): Promise<string> {
  const rules = ask.deps.rules()
  const name = nameIn(word)
  const found = ledgers(rules, await readKnown(ask.deps.store.pool), ask.now)
  if (found.some(({ gaps }) => gaps.some((each) => each.name === name))) return name
  const watching = watchersOf(rules, name)
  const why =
    watching.length > 0
      ? `is watched by ${inWords(watching.map(code))}`
      : found.some(({ ignored }) => ignored.some((each) => each.name === name))
        ? 'is ignored already'
        : 'is not known here'
  throw new UserError(
    'no-gap',
    `${code(name)} ${why}, so it is no gap, and nothing was done. \`/monitor coverage\` shows what is.`,
  )
}

/** What was adopted, by the name itself or by that of one of its monitors. */
async function adoptedAs(ask: Ask, word: string): Promise<Mark> {
  const wanted = typed(word).toLowerCase()
  const marks = (await readKnown(ask.deps.store.pool)).marks.filter(({ adopted }) => adopted !== null)
  const found = marks.find(
    ({ name, adopted }) =>
      name === wanted.replace(/\.$/, '') || adopted?.monitors.some((each) => each.name === wanted) === true,
  )
  if (found) return found
  if (under(ask.deps.rules().monitors, wanted))
    throw new UserError(
      'not-adopted',
      `${code(wanted)} stands in the configuration: take it out there. Nothing was done.`,
    )
  const known =
    marks.length > 0
      ? `Adopted are ${inWords(marks.slice(0, 20).map(({ name }) => code(name)))}.`
      : 'Nothing was adopted so far.'
  throw new UserError(
    'not-adopted',
    `${word === '' ? 'Which name?' : `${code(cut(typed(word), 100))} was not adopted.`} ${known} Nothing was done.`,
  )
}
