import { dutyAt } from '../duty/schedule.ts'
import type { Incident } from '../incident.ts'
import { type Rules, under } from '../rules.ts'

/** What escalation will do next if nobody answers: when, and whom it would page as the rota stands now. */
export interface Outlook {
  at: number
  people: string[]
  /** Schedules of that step that are empty at that instant. */
  empty: string[]
  last: boolean
}

export function outlook(incident: Incident, rules: Rules): Outlook | null {
  const { policy, deadlineAt: at } = incident
  if (incident.state !== 'paging' || at === null) return null
  const nextRound = incident.step + 1 >= policy.steps.length
  if (nextRound && incident.round >= policy.rounds) return { at, people: policy.fallback, empty: [], last: true }
  const step = policy.steps[nextRound ? 0 : incident.step + 1]
  const people = new Set<string>()
  const empty: string[] = []
  for (const target of step?.page ?? []) {
    const on = target.kind === 'person' ? [target.name] : onDuty(rules, target.name, at)
    if (on.length === 0) empty.push(target.name)
    for (const person of on) people.add(person)
  }
  return { at, people: [...people], empty, last: false }
}

function onDuty(rules: Rules, name: string, at: number): string[] {
  const schedule = under(rules.schedules, name)
  return schedule ? dutyAt(schedule, at) : []
}
