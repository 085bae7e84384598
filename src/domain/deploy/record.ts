import { type Book, note, openIncidentOf } from '../book.ts'
import type { Outcome } from '../event.ts'
import type { DeployWhat } from '../fact.ts'
import type { Incident } from '../incident.ts'
import { under } from '../rules.ts'
import { holders } from '../watch/holders.ts'
import type { Basis, Deploy, DeployState } from './deploy.ts'
import type { GateFacts } from './gate.ts'

type How = Extract<Outcome, { result: 'done' }>['how']

export const answered = (how: How, deploy: number): Outcome => ({
  ...{ result: 'done', incident: null, how },
  paged: [],
  deploy,
})

export const findDeploy = (book: Book, id: number): Deploy | undefined => book.desk.deploys[id]

interface More {
  by?: string | null
  /** Who hears of it by a message of their own. */
  tell?: readonly string[]
  detail?: string
  basis?: Basis | null
  incident?: Incident | null
}

/** Puts on record what became of a deploy; where an incident of the service is open, in its timeline too. */
export function record(book: Book, what: DeployWhat, deploy: Deploy, at: number, more: More = {}): Deploy {
  const { by = null, tell = [], detail = null, basis = null } = more
  const incident = (more.incident ?? openIncidentOf(book, deploy.service))?.id ?? null
  const known = [...new Set(tell)].filter((name) => under(book.rules.people, name) !== undefined)
  note(book, { ...{ type: 'deploy', incident, at, by, what, deploy, tell: known }, ...{ detail, basis } })
  return deploy
}

/** In another state from now on. */
export const moved = (deploy: Deploy, state: DeployState, at: number, change: Partial<Deploy> = {}): Deploy => ({
  ...deploy,
  state,
  sinceAt: at,
  ...change,
})

/** Whoever asked for it, if that was a person. */
export const asked = ({ by }: Pick<Deploy, 'by'>): string[] => (by === null ? [] : [by])

/** Whoever answers for the service at this moment: the watch of the first step, and who is named there. */
export function onWatch(book: Book, service: string): string[] {
  const policy = under(book.rules.policies, under(book.rules.services, service)?.policy ?? '')
  return (policy?.steps[0]?.page ?? []).flatMap(({ kind, name }) => {
    if (kind === 'person') return [name]
    const { duty, holdover } = holders(book, name)
    return [...duty, ...holdover.map(({ person }) => person)]
  })
}

/** The last resort of the service. */
export const lastResort = (book: Book, service: string): readonly string[] =>
  under(book.rules.policies, under(book.rules.services, service)?.policy ?? '')?.fallback ?? []

/** What a decision is made on, for whoever looks into it afterwards. */
export function basisOf(facts: GateFacts): Basis {
  return {
    sight: facts.sight,
    onCall: facts.onCall && { people: [...facts.onCall.people], unreachable: [...facts.onCall.unreachable] },
    schedules: facts.schedules?.map(({ name }) => name) ?? null,
    handovers: Object.values(facts.handovers ?? {}).map(({ schedule, changeAt, state }) => ({
      schedule,
      changeAt,
      state,
    })),
    incidents: facts.incidents?.map(({ id }) => id) ?? null,
    barriers: facts.barriers?.map(({ id }) => id) ?? null,
    rollouts: facts.rollouts?.map(({ id }) => id) ?? null,
    silences: facts.silences?.map(({ id }) => id) ?? null,
    refuseWhen: [...facts.refuseWhen],
  }
}
