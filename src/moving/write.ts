import { Document, isCollection, visit } from 'yaml'
import type { Draft, Lost, To, Turns } from './draft.ts'

/** Whose Slack id is which: by mail address, name or id of the other pager. */
export type People = Readonly<Record<string, string>>

export interface Written {
  yaml: string
  lost: Lost[]
  /** By the ids of the other pager. */
  names: { people: ReadonlyMap<string, string>; schedules: ReadonlyMap<string, string> }
}

const SLACK_ID = /^[UW][A-Z0-9]{2,30}$/

/** Limits of the configuration. */
const MOST_LAYERS = 30
const MOST_ROUNDS = 10
const NAME_LENGTH = 40

/** A configuration, whole so that it can be checked, of a draft. */
export function write(draft: Draft, from: string, known: People): Written {
  const lost: Lost[] = [...draft.lost]
  const people = createNames()
  const schedules = createNames()
  const policies = createNames()
  for (const { id, name, email } of draft.people) people.add(id, email?.split('@')[0] ?? name)
  for (const { id, name, layers } of draft.schedules) if (layers.length > 0) schedules.add(id, name)
  // Opsgenie names some by their address.
  const byMail = new Map(draft.people.flatMap(({ id, email }) => (email === null ? [] : [[email, id] as const])))
  const used = new Set<string>()
  function nameOf(id: string): string {
    const name = people.of(byMail.get(id) ?? id) ?? stranger(id)
    used.add(name)
    return name
  }
  function stranger(id: string): string {
    lost.push({
      what: `user ${id}`,
      why: 'they are in no file',
      instead: 'export the users as well, or replace the placeholder',
    })
    return people.add(id, id)
  }
  const rotas = draft.schedules.map(({ id, name, zone, layers }) => {
    if (layers.length === 0)
      lost.push({ what: `schedule ${name}`, why: 'nothing of it could be carried over', instead: 'write it by hand' })
    if (layers.length > MOST_LAYERS)
      lost.push({
        what: `${layers.length - MOST_LAYERS} layers of ${name}`,
        why: `a schedule has at most ${MOST_LAYERS}`,
        instead: 'set those overrides by `/oncall override`',
      })
    const called = createNames(short)
    return [
      schedules.of(id),
      { zone, layers: layers.slice(0, MOST_LAYERS).map((layer) => layerOf(layer, called, nameOf)) },
    ] as const
  })
  const plans = draft.policies.flatMap(({ id, name, steps, rounds }) => {
    const target = ({ kind, id: to }: To): string[] => {
      if (kind === 'person') return [nameOf(to)]
      const schedule = schedules.of(to)
      if (schedule !== undefined) return [`schedule/${schedule}`]
      lost.push({
        what: `a schedule in ${name}`,
        why: `${to} is in no file, or nothing of it could be carried over`,
        instead: 'export that schedule as well',
      })
      return []
    }
    const paged = steps
      .map(({ page, waitMin }) => ({ page: [...new Set(page.flatMap(target))], wait: `${Math.max(1, waitMin)}m` }))
      .filter(({ page }) => page.length > 0)
    const last = paged.at(-1)
    if (!last) {
      lost.push({ what: `policy ${name}`, why: 'it pages nobody', instead: 'write it by hand' })
      return []
    }
    const fallback = fallbackOf(last.page, (schedule) => peopleOf(rotas, schedule))
    lost.push({
      what: `whom ${name} falls back to`,
      why: 'a policy ends in people here, never in a schedule that may be empty; the other has nothing like it',
      instead: `choose who is paged when nobody answered: it says ${fallback.join(', ')} now, from its last step`,
    })
    if (rounds > MOST_ROUNDS)
      lost.push({
        what: `${rounds} rounds of ${name}`,
        why: `there are ${MOST_ROUNDS} at most`,
        instead: 'nothing: then the fallback is paged',
      })
    return [[policies.add(id, name), { steps: paged, rounds: Math.min(rounds, MOST_ROUNDS), fallback }] as const]
  })
  const services = createNames()
  const served = draft.services.flatMap(({ name, policy: by }) => {
    const policy = policies.of(by)
    if (policy !== undefined) return [[services.add(`${services.all.size}`, name), { policy }] as const]
    lost.push({ what: `service ${name}`, why: 'its policy was not carried over', instead: 'write the service by hand' })
    return []
  })
  if (served.length > 0)
    lost.push({
      what: `keys and channels of ${served.length} ${served.length === 1 ? 'service' : 'services'}`,
      why: 'an export does not hold the keys of its senders, and knows other channels',
      instead:
        'give each service its `channel:` (it hears everything there) and a token (`intake:`), and its senders another URL',
    })
  const unused = people.all.size - used.size
  if (unused > 0)
    lost.push({
      what: `${unused} ${unused === 1 ? 'person' : 'people'} of no schedule and no policy`,
      why: 'nobody pages them',
      instead: 'write them under `people:` if they are to act in Slack: who is not there may only read',
    })
  const listed = [...people.all].flatMap(([id, name], index) => {
    if (!used.has(name)) return []
    const person = draft.people.find((each) => each.id === id)
    const slack =
      (person?.slack && SLACK_ID.test(person.slack) ? person.slack : undefined) ??
      slackOf(known, [id, name, person?.email, person?.name])
    const who = person ? `${person.name}${person.email ? `, ${person.email}` : ''}` : id
    if (slack) return `  ${name}: { slack: ${slack} } # ${oneLine(who)}`
    lost.push({
      what: `the Slack id of ${oneLine(who)}`,
      why: 'it cannot be looked up without Slack',
      instead: `in their profile, "Copy member ID"; write it under people.${name}, or give all of them by --people`,
    })
    return `  ${name}: { slack: UREPLACE${index + 1} } # REPLACE: the Slack id of ${oneLine(who)}`
  })
  const zone = draft.schedules[0]?.zone ?? 'UTC'
  const yaml = `# From ${from}. What could not be carried over is in the report of the import: go through it before anybody is paged by this.
company: Imported
zone: ${zone}

people:
${listed.join('\n')}

${section(
  'schedules',
  rotas.filter(([name]) => name !== undefined),
)}${section('policies', plans)}${section('services', served)}`
  return { yaml: `${yaml.trimEnd()}\n`, lost: distinct(lost), names: { people: people.all, schedules: schedules.all } }
}

/** What is longer than this stands on lines of its own. */
const LINE = 110

function section(name: string, entries: readonly (readonly [string | undefined, unknown])[]): string {
  const named = entries.filter(([key]) => key !== undefined)
  if (named.length === 0) return ''
  const document = new Document({ [name]: Object.fromEntries(named) }, { aliasDuplicateObjects: false })
  visit(document, {
    Collection(_, node, path) {
      // The section and what is in it have a line for each key.
      if (path.filter(isCollection).length < 2 || JSON.stringify(node).length > LINE) return
      node.flow = true
      return visit.SKIP
    },
  })
  return `${document.toString({ lineWidth: 0 })}\n`
}

type Layers = readonly (readonly [string | undefined, { layers: readonly { people: (string | string[])[] }[] }])[]

const peopleOf = (rotas: Layers, schedule: string) =>
  rotas.find(([name]) => name === schedule)?.[1].layers.flatMap(({ people }) => people.flat()) ?? []

/** People of the last step; where it names schedules, the first who is in one. */
function fallbackOf(last: readonly string[], inSchedule: (name: string) => readonly string[]): string[] {
  const people = last.filter((name) => !name.startsWith('schedule/'))
  if (people.length > 0) return people
  return last.flatMap((name) => inSchedule(name.slice('schedule/'.length))).slice(0, 1)
}

function layerOf({ name, people, every, start, hours, ...more }: Turns, called: Names, nameOf: (id: string) => string) {
  const { zone, priority, from, until } = more
  const groups = people.map((group) => {
    const [only, ...others] = [...new Set(group.map(nameOf))]
    return others.length === 0 ? (only ?? '') : [only ?? '', ...others]
  })
  return {
    ...{ name: called.add(`${called.all.size}`, name), ...(zone && { zone }), priority, people: groups },
    rotation: { every: every.startsWith('1 ') ? every : `${every}s`, start },
    ...(hours.length > 0 && { hours }),
    ...(from && { from }),
    ...(until && { until }),
  }
}

const oneLine = (text: string) => text.replaceAll(/[\s\p{C}]+/gu, ' ').slice(0, 120)

const distinct = (lost: readonly Lost[]): Lost[] => [
  ...new Map(lost.map((each) => [`${each.what}\n${each.why}`, each])).values(),
]

/** Names of ours by the ids of the other: each once, whatever theirs were. */
interface Names {
  all: ReadonlyMap<string, string>
  of(id: string): string | undefined
  /** Gives it a name made of what it is called. */
  add(id: string, called: string): string
}

function createNames(wanted: (called: string) => string = slug): Names {
  const all = new Map<string, string>()
  const taken = new Set<string>()
  return {
    all,
    of: (id) => all.get(id),
    add(id, called) {
      const base = wanted(called)
      let name = base
      for (let n = 2; taken.has(name); n++) name = `${base.slice(0, NAME_LENGTH - String(n).length - 1)}-${n}`
      taken.add(name)
      all.set(id, name)
      return name
    },
  }
}

/** As the configuration takes it. */
function slug(text: string): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const name = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'unnamed' : name
}

/** Layers may be called anything that is short. */
const short = (text: string) => oneLine(text).slice(0, NAME_LENGTH) || 'layer'

/** The Slack id of somebody, whatever they are called by and however it is written. */
function slackOf(known: People, keys: readonly (string | null | undefined)[]): string | undefined {
  const wanted = keys.flatMap((key) => (key ? [key.toLowerCase()] : []))
  return Object.entries(known).find(([key]) => wanted.includes(key.toLowerCase()))?.[1]
}
