import { leaf, mustBe, ok, type Read } from './leaf.ts'
import { didYouMean } from './suggest.ts'
import type { Network } from './targets.ts'

/** What a shape has to know about the rest of the file: which names exist, and what may be reached. */
export interface Context {
  /** Every name that is written, also of things that have problems themselves: one problem is said once. */
  names: Record<Section, Names>
  network: Network
  /** Where relative paths begin: the folder of the configuration file. */
  folder: string
  /** How many near names are still looked for: each search reads every name there is, and a generated file may have thousands wrong. */
  hints: { left: number }
}

export const SECTIONS = ['people', 'roles', 'schedules', 'policies', 'services', 'monitors', 'locations'] as const
export type Section = (typeof SECTIONS)[number]

/** `known` is false when the section itself cannot be read: then nothing is said about names that would be in it. */
export interface Names {
  all: ReadonlySet<string>
  known: boolean
}

const has = (names: Names, name: string) => !names.known || names.all.has(name)

function hint(word: string, candidates: () => Iterable<string>, context: Context): string {
  return context.hints.left-- > 0 ? didYouMean(word, candidates()) : ''
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** Why a name cannot be used, or null. */
export function wrongName(name: string): string | null {
  if (NAME.test(name)) return null
  return 'is not a name that can be used: lower-case letters, digits and -, 40 at most, beginning with a letter or digit'
}

/** The name of something in another section. `verb` is how the sentence speaks of it, as in `pages`. */
export function reference(section: Section, context: Context, verb = 'names') {
  const one = SINGULAR[section]
  return leaf(`the name of a ${one}`, (value): Read<string> => {
    if (typeof value !== 'string') return mustBe(`the name of a ${one}`)
    return has(context.names[section], value) ? ok(value) : unknown(value, section, context, verb)
  })
}

export const SINGULAR: Record<Section, string> = {
  people: 'person',
  roles: 'role',
  schedules: 'schedule',
  policies: 'policy',
  services: 'service',
  monitors: 'monitor',
  locations: 'location',
}

function unknown(name: string, section: Section, context: Context, verb: string): Read<never> {
  const near = hint(name, () => context.names[section].all, context)
  return { wrong: `${verb} {name}, which is not in ${section}${near}`, whole: true }
}

export type Member =
  | { kind: 'person'; name: string }
  | { kind: 'schedule'; name: string }
  | { kind: 'slack'; name: string }

/**
 * A person, `schedule/NAME` or, where `groups`, `slack/HANDLE`.
 *
 * @param verb `pages` or `names`
 */
export function member(context: Context, verb: string, groups: boolean) {
  const what = groups ? 'a person, schedule/NAME or slack/HANDLE (a Slack user group)' : 'a person or schedule/NAME'
  return leaf(what, (value): Read<Member> => {
    if (typeof value !== 'string') return mustBe(what)
    const { people, schedules } = context.names
    const rosters = () => [...schedules.all].map((name) => `schedule/${name}`)
    if (value.startsWith('schedule/')) {
      const name = value.slice('schedule/'.length)
      if (has(schedules, name)) return ok({ kind: 'schedule', name })
      const near = hint(value, rosters, context)
      return { wrong: `${verb} {name}, which does not exist${near}`, whole: true }
    }
    if (value.startsWith('slack/') && groups) {
      const name = value.slice('slack/'.length)
      return HANDLE.test(name)
        ? ok({ kind: 'slack', name })
        : { wrong: `${verb} {name}, which is ${NO_HANDLE}`, whole: true }
    }
    if (people.all.has(value)) return ok({ kind: 'person', name: value })
    if (schedules.all.has(value)) {
      return { wrong: `${verb} {name}, which is not in people; did you mean schedule/${value}?`, whole: true }
    }
    if (value.includes('/')) return { wrong: `${verb} {name}, but it must be ${what}`, whole: true }
    if (!people.known) return ok({ kind: 'person', name: value })
    const near = hint(value, () => [...people.all, ...rosters()], context)
    return { wrong: `${verb} {name}, which is not in people${near}`, whole: true }
  })
}

/** A person, and nothing but a person. */
export function lastResort(context: Context) {
  return leaf('a person', (value): Read<string> => {
    if (typeof value !== 'string') return mustBe('a person')
    if (has(context.names.people, value) && !value.includes('/')) return ok(value)
    if (value.startsWith('schedule/') || value.startsWith('slack/') || context.names.schedules.all.has(value)) {
      return {
        wrong: 'falls back to {name}, but a fallback is people only: a roster can be empty when it is needed',
        whole: true,
      }
    }
    return unknown(value, 'people', context, 'falls back to')
  })
}

const HANDLE = /^[a-z0-9][a-z0-9._-]{0,79}$/
const NO_HANDLE = 'not the handle of a Slack user group (lower-case, without @)'

export const slackHandle = leaf(
  'the handle of a Slack user group',
  (value): Read<string> =>
    typeof value === 'string' && HANDLE.test(value) ? ok(value) : { wrong: `is {it}, ${NO_HANDLE}` },
)

export const slackUser = leaf('the id of a Slack user such as U02ABCDEF', (value): Read<string> => {
  if (typeof value === 'string' && /^[UW][A-Z0-9]{2,30}$/.test(value)) return ok(value)
  return mustBe('the id of a Slack user (in their profile under "Copy member ID", such as U02ABCDEF)')
})

export const slackChannel = leaf('the id of a Slack channel such as C02ABCDEF', (value): Read<string> => {
  if (typeof value === 'string' && /^[CG][A-Z0-9]{2,30}$/.test(value)) return ok(value)
  return mustBe('the id of a Slack channel (at the end of its details, such as C02ABCDEF)')
})
