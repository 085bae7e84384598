import type { Fact } from '../domain/fact.ts'
import type { Incident, Page } from '../domain/incident.ts'
import { isOpen } from '../domain/incident.ts'
import type { Message } from './api.ts'
import { actions, button, context, header, section, spoken } from './blocks.ts'
import { code, duration, list, plain, when } from './text.ts'
import { inc, lateBy, people, person, type Voice } from './words.ts'

/** What people see of drills: every message says that it is one. Pure. */
type Rendered = Pick<Message, 'text' | 'blocks'>

/** How long each stage took, from the injected fault on; null: it did not come to that. */
export interface Stages {
  decidedMs: number
  sent: { person: string; afterMs: number | null }[]
  acked: { person: string; afterMs: number } | null
}

const about = ({ drill }: Incident) => code(drill?.monitor ?? drill?.service ?? '')

/** What was made up, as far as it is known. */
const made = (saw: string | null) => (saw === null ? '' : `: ${plain(saw)}`)

/** The page of a drill: as a real one, but that nothing is wrong, and nothing but an acknowledgement is asked for. */
export function drillMessage(voice: Voice, incident: Incident, page: Page, sentAt: number): Rendered {
  const asked = incident.drill?.by == null ? 'Watchbill' : person(voice, incident.drill.by)
  const open = isOpen(incident)
  const until = incident.deadlineAt === null ? '' : ` by ${when(incident.deadlineAt, voice.rules.zone)}`
  const stands = open
    ? `*Nothing is wrong.* A fault of ${about(incident)} was made up${made(incident.drill?.saw ?? null)}. It travelled the way of a real one to you. Acknowledge it${until}, as you would at 4 a.m.`
    : incident.ackedBy === null
      ? ':x: The drill is over, and nobody acknowledged it.'
      : `:white_check_mark: The drill is over: ${person(voice, incident.ackedBy)} acknowledged it.`
  const why =
    page.why.kind === 'duty'
      ? `you are on duty for ${code(page.why.schedule)}`
      : 'you asked for it, or the policy names you'
  return {
    text: spoken(`DRILL ${inc(incident.id)}: nothing is wrong.${open ? ' Acknowledge it.' : ' It is over.'}`),
    blocks: [
      header(`:test_tube: DRILL · ${inc(incident.id)} · ${incident.drill?.monitor ?? incident.drill?.service ?? ''}`),
      section(stands),
      ...(open
        ? [section(`*Why you:* this drill was asked for by ${asked}, and ${why}.${lateBy(voice, page, sentAt)}`)]
        : []),
      ...actions(
        open ? [button('Acknowledge', 'incident_ack', String(incident.id), 'primary')] : [],
        `incident_${incident.id}`,
      ),
      context('drill · counts as no incident, and opens and closes nothing'),
    ],
  }
}

/** What whoever takes the pages of drills sees: one at a time, the latest. */
export function drillProof(voice: Voice, { at, monitor, service, people: wanted, saw }: Drilled): Rendered {
  const whom =
    wanted.length > 0 ? `a real one would have paged ${people(voice, wanted)}` : '*a real one would have paged nobody*'
  return {
    text: spoken('DRILL: nothing is wrong.'),
    blocks: [
      section(
        `:test_tube: *DRILL · nothing is wrong.* A fault of ${code(monitor ?? service)} was made up at ${when(at, voice.rules.zone, '{time_secs}')}${made(saw)}. It came this far; ${whom}.`,
      ),
      context('each takes the place of the one before · while none comes, nobody outside hears that all is well'),
    ],
  }
}

type Drilled = Extract<Fact, { type: 'drilled' }>

/** How it went, in the thread of its page. */
export function drillReport(voice: Voice, incident: Incident, stages: Stages): string {
  const sent = stages.sent.map(({ person: who, afterMs }) =>
    afterMs === null
      ? `*not* in Slack for ${person(voice, who)}`
      : `in Slack for ${person(voice, who)} after ${took(afterMs)}`,
  )
  const failed = stages.sent.length === 0 || stages.sent.some(({ afterMs }) => afterMs === null)
  const acked =
    stages.acked === null
      ? '*nobody acknowledged it*'
      : `acknowledged by ${person(voice, stages.acked.person)} after ${took(stages.acked.afterMs)}`
  const isWell = !failed && stages.acked !== null
  const nobody = stages.sent.length === 0 ? ['*nobody could be paged*'] : sent
  const next =
    isWell || stages.acked !== null
      ? ''
      : `\nHad it been real, the policy of ${code(incident.drill?.service ?? '')} would have gone on to its next step.`
  return `:test_tube: *Drill of ${about(incident)} ${isWell ? 'passed' : 'failed'}:* decided ${took(stages.decidedMs)} after the fault, ${list([...nobody, acked])}.${next}`
}

const took = (ms: number) => (ms < 1_000 ? `${Math.max(0, Math.round(ms))} ms` : duration(ms))

/** The answer to whoever asked for it. */
export function drillBegun(voice: Voice, monitor: string, incident: number, paged: readonly string[]): string {
  const who = paged.length > 0 ? `It pages ${people(voice, paged)}` : 'Nobody can be paged for it'
  return `:test_tube: *Drill* of ${code(monitor)}: a fault was injected, as ${inc(incident)}. ${who}; how long each part of the way took is said in the thread of that page.`
}
