import type { Verdict } from '../src/domain/detect/rate-feedback.ts'
import type { Handover } from '../src/domain/handover.ts'
import {
  bearers,
  bundleKey,
  coveredKey,
  deployRowsOf,
  handoverRows,
  offerKey,
  promptRows,
  silenceRowsOf,
  watchPageRows,
  wouldRows,
} from '../src/domain/owed.ts'
import { schedulesOf } from '../src/domain/rules.ts'
import { notOurDeploy } from '../src/slack/deploy-words.ts'
import { nothingChanged, notOurOffer } from '../src/slack/roster-words.ts'
import { notOurAlarm, notOurRequest, notOurs } from '../src/slack/words.ts'
import { readFact, readIncident } from '../src/store/incidents.ts'
import { pagesNaming, type Rows } from '../src/store/owed.ts'
import { isOvertaken, readHandover } from '../src/store/rota.ts'
import type { Store } from '../src/store/store.ts'
import type { Command } from './command.ts'
import { tellButton } from './deploy/acts.ts'
import { deploy } from './deploy.ts'
import { missButton } from './incident/reading.ts'
import { incident } from './incident.ts'
import { gapButton } from './monitor/gaps.ts'
import { monitor } from './monitor.ts'
import { type Confirmed, confirmed } from './oncall/propose.ts'
import { oncall } from './oncall.ts'
import { page } from './page.ts'
import { postmortem } from './postmortem.ts'
import { silence } from './silence.ts'
import { watchbill } from './watchbill.ts'

/** Every slash command: one file each, one line here. */
export const commands: readonly Command[] = [oncall, page, incident, postmortem, silence, monitor, watchbill, deploy]

/** What each button types for the person who presses it, and where it counts. */
export const buttons: Readonly<Record<string, OnMessage | OnAnswer>> = {
  incident_ack: ofIncident('ack'),
  incident_ack_all: ofBundle('ack'),
  incident_escalate: ofIncident('escalate'),
  incident_resolve: ofIncident('resolve'),
  incident_accept: ofHandover(incident, 'accept', ({ incident: id }) => id, whereOffered),
  incident_keep: ofHandover(incident, 'keep', ({ incident: id }) => id && `${id} 1h`, whereKept),
  incident_hand_over: ofHandover(incident, 'handover', ({ incident: id }) => id, whereKept),
  incident_take: ofIncident('accept'),
  incident_leave: ofHandover(incident, 'resolve', ({ incident: id }) => id, whereKept),
  watch_confirm: ofHandover(
    oncall,
    'relieve',
    ({ incident: id, schedule }) => (id ? undefined : schedule),
    whereConfirmed,
  ),
  rate_false: ofFeedback('false'),
  rate_real: ofFeedback('real'),
  disable_approve: ofRequest(),
  drop_approve: ofDrop(),
  edit_agree: ofOffer('agree'),
  edit_decline: ofOffer('decline'),
  roster_do: { on: 'answer', command: oncall, read: confirmed },
  gap_watch: { on: 'answer', command: monitor, read: gapButton('adopt') },
  gap_watch_anyway: { on: 'answer', command: monitor, read: gapButton('anyway') },
  gap_own: { on: 'answer', command: monitor, read: gapButton('own') },
  gap_leave: { on: 'answer', command: monitor, read: gapButton('leave') },
  miss_task: { on: 'answer', command: incident, read: missButton },
  deploy_tell: { on: 'answer', command: deploy, read: tellButton },
  deploy_approve: ofDeploy('approve'),
  deploy_halt: ofDeploy('halt'),
  deploy_rollback: ofDeploy('rollback'),
  deploy_resume: ofDeploy('resume'),
  deploy_finish: ofDeploy('finish'),
  deploy_hold: ofDeploy('hold'),
  deploy_started: ofDeploy('started'),
  deploy_failed: ofDeploy('failed'),
  roster_leave: { on: 'answer', command: oncall, read: () => ({ leave: nothingChanged }) },
}

/** On a message that we keep: what its value names must be what the message is about. */
interface OnMessage {
  on: 'message'
  command: Command
  verb: string
  /** What follows the verb. */
  typed(value: string): string
  /** The rows whose messages bear it; null when the value names nothing that is there. */
  rows(pool: Store['pool'], value: string): Promise<Rows | null>
  notOurs: string
}

/** On an answer that only the asker sees, and of which Slack keeps nothing: its value says everything, and is believed nothing. */
export interface OnAnswer {
  on: 'answer'
  command: Command
  /** What it types, or what to say instead. */
  read(value: string, user: string, now: number): Confirmed
}

function ofIncident(verb: string): OnMessage {
  return {
    on: 'message',
    command: incident,
    verb,
    notOurs: notOurs('/incident', verb),
    typed: (value) => value,
    async rows(pool, value) {
      // After the incident may come where escalation stood.
      const id = Number(/^(\d{1,9})(?:@\S+)?$/.exec(value)?.[1] ?? Number.NaN)
      const found = id > 0 ? await readIncident(pool, id) : null
      return found && { keys: bearers(found), under: [wouldRows(found.id)] }
    },
  }
}

/** On a message that names several incidents: `815/7 8 9`, the fact that put them together and those that are meant. */
function ofBundle(verb: string): OnMessage {
  const read = (value: string) => {
    const [, fact, ids = ''] = /^(\d{1,15})\/(\d{1,9}(?: \d{1,9})*)$/.exec(value) ?? []
    return { fact: Number(fact ?? Number.NaN), ids: ids.split(' ').map(Number) }
  }
  return {
    on: 'message',
    command: incident,
    verb,
    notOurs: notOurs('/incident', verb),
    typed: (value) => read(value).ids.join(' '),
    async rows(pool, value) {
      const { fact: id, ids } = read(value)
      const fact = id > 0 ? await readFact(pool, id) : null
      if (fact?.type !== 'bundled') return null
      const named = new Set(fact.pages.map((page) => page.incident))
      return ids.every((each) => named.has(each)) ? { keys: [bundleKey(id)], under: [] } : null
    },
  }
}

type Named = Record<'incident' | 'schedule' | 'changeAt', string | undefined>
type Where = (pool: Store['pool'], handover: Handover, incident: number) => Promise<Rows | null>

/** On a message about a change of the watch: `mail-primary@1795000000000`, with an incident before it where it is about one. */
function ofHandover(
  command: Command,
  verb: string,
  typed: (named: Named) => string | undefined,
  where: Where,
): OnMessage {
  const read = (value: string): Named => {
    const [, id, schedule, changeAt] = /^(?:(\d{1,9})\/)?([a-z0-9-]{1,40})@(\d{1,15})$/.exec(value) ?? []
    return { incident: id, schedule, changeAt }
  }
  return {
    on: 'message',
    command,
    verb,
    notOurs: notOurs(command.name, verb),
    typed: (value) => typed(read(value)) ?? '',
    async rows(pool, value) {
      const { incident: id, schedule, changeAt } = read(value)
      if (schedule === undefined || typed(read(value)) === undefined) return null
      const handover = await readHandover(pool, schedule, Number(changeAt))
      return handover && where(pool, handover, Number(id))
    },
  }
}

/** Pages of the change that name the incident as one to take. */
async function whereOffered(pool: Store['pool'], { schedule, changeAt }: Handover, id: number): Promise<Rows> {
  return { keys: await pagesNaming(pool, watchPageRows(schedule, changeAt), id), under: [] }
}

/** What goes with the watch is on the messages to those who leave it. */
async function whereKept(pool: Store['pool'], { schedule, changeAt }: Handover, id: number): Promise<Rows | null> {
  const found = await readIncident(pool, id)
  return found && schedulesOf(found.policy).includes(schedule)
    ? { keys: [], under: [promptRows(schedule, changeAt)] }
    : null
}

/** Whoever presses what was shown for an earlier change has not seen what goes with the one that is at hand. */
async function whereConfirmed(pool: Store['pool'], handover: Handover): Promise<Rows | null> {
  if (await isOvertaken(pool, handover)) return null
  return { keys: [], under: handoverRows(handover.schedule, handover.changeAt) }
}

/** On the message that asks for a second person: `3/815`, the request and the fact that says so. */
function ofRequest(): OnMessage {
  const read = (value: string) => /^(\d{1,9})\/(\d{1,15})$/.exec(value)
  return {
    on: 'message',
    command: monitor,
    verb: 'approve',
    notOurs: notOurRequest,
    typed: (value) => read(value)?.[1] ?? '',
    async rows(pool, value) {
      const [, id, fact] = read(value) ?? []
      const asked = fact === undefined ? null : await readFact(pool, Number(fact))
      if (asked?.type !== 'silence' || asked.what !== 'asked' || asked.silence.id !== Number(id)) return null
      return { keys: [], under: [silenceRowsOf(asked.id)] }
    },
  }
}

/** On the message that asks for a second person: `815/shop.example.com`, the fact that says so and the name. */
function ofDrop(): OnMessage {
  const read = (value: string) => /^(\d{1,15})\/([a-z0-9_.-]{1,253})$/.exec(value)
  return {
    on: 'message',
    command: monitor,
    verb: 'approve',
    notOurs: notOurRequest,
    typed: (value) => read(value)?.[2] ?? '',
    async rows(pool, value) {
      const [, id, name] = read(value) ?? []
      const fact = id === undefined ? null : await readFact(pool, Number(id))
      if (fact?.type !== 'covered' || fact.what !== 'drop-asked' || fact.mark.name !== name) return null
      return { keys: [coveredKey(fact.id)], under: [] }
    },
  }
}

/** On what shows an incident: `7/requests`, the incident and the monitor whose alarm was false or real. */
function ofFeedback(verdict: Verdict): OnMessage {
  const read = (value: string) => /^(\d{1,9})\/([a-z0-9-]{1,100})$/.exec(value)
  return {
    on: 'message',
    command: monitor,
    verb: 'feedback',
    notOurs: notOurAlarm,
    typed: (value) => `${read(value)?.[2] ?? ''} ${verdict} ${read(value)?.[1] ?? ''}`,
    async rows(pool, value) {
      const id = Number(read(value)?.[1] ?? Number.NaN)
      const found = id > 0 ? await readIncident(pool, id) : null
      return found && { keys: bearers(found), under: [wouldRows(found.id)] }
    },
  }
}

/** On the messages about a deploy: its number. */
function ofDeploy(verb: string): OnMessage {
  return {
    on: 'message',
    command: deploy,
    verb,
    notOurs: notOurDeploy,
    typed: (value) => value,
    rows: async (_, value) => (/^\d{1,9}$/.test(value) ? deployRowsOf(Number(value)) : null),
  }
}

function ofOffer(verb: string): OnMessage {
  return {
    on: 'message',
    command: oncall,
    verb,
    notOurs: notOurOffer,
    typed: (value) => value,
    rows: async (_, value) => (/^\d{1,9}$/.test(value) ? { keys: [offerKey(Number(value))], under: [] } : null),
  }
}
