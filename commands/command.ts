import type { Deps, Desk } from '../src/deps.ts'
import type { Event, Outcome } from '../src/domain/event.ts'
import type { RosterEdit } from '../src/domain/handover.ts'
import type { Rules } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import type { Raw } from '../src/slack/messages.ts'
import type { Voice } from '../src/slack/words.ts'
import { incidentOfChannel, readIncident } from '../src/store/incidents.ts'

/** What commands work with. */
export interface CommandDeps extends Deps {
  desk: Desk
  /** How the whole installation does, for `/watchbill status`. */
  status(): Promise<Status>
  /** Reads the configuration again and makes it the active one; else its problems, a sentence each. */
  reload(): Promise<string[]>
  /** The bot's own Slack id; null while Slack has not told us. */
  me(): string | null
}

export interface Status {
  /** What wakes the timetable, and since when it does not; null: the clock alone. */
  queue: { name: string; downSince: number | null } | null
  /** Open connections of Socket Mode. */
  slackConnections: number
  /** Slack sends requests, without a connection of ours. */
  slackOverHttp: boolean
  /** Why Slack takes none of our calls, null when it does. */
  slackTrouble: string | null
  storeAnswers: boolean
  /** What is the matter with the store's disk, and what to do; null when nothing is. */
  diskTrouble: string | null
  /** Slack user groups that Slack does not let us keep, and why; null: all of them. */
  groupTrouble: { handle: string | null; reason: string }[]
  /** When the latest nightly backup of this process was taken; null: none was yet. */
  backupAt: number | null
  /** Entries of the timetable that are behind, with when each last ran; and those whose every run has failed since. */
  late: { name: string; lastAt: number | null; failingSinceAt: number | null }[]
}

/** Somebody asks for something: a slash command, or a button that stands for one. */
export interface Ask {
  deps: CommandDeps
  /** The configuration, with the rosters as they are stood: everything that was changed by hand is in them. */
  rota: Rules
  /** The rosters as they are planned: without what was changed by hand. */
  plan: Rules
  /** What was changed by hand and holds, or waits for an answer: `plan` with these is `rota`. */
  edits: readonly RosterEdit[]
  /** What follows the command's name. */
  text: string
  /** Slack id of the channel in which it was asked. */
  channel: string
  /** The asker, as a person of the configuration (who holds the role); a refusal for everybody else. Called by whatever acts, at the act. */
  by(role?: string): string
  /** Slack id of the asker, to whom nothing is entrusted by it. */
  user: string
  /** What would be done was shown to the asker, who said *Do it*: its digest. Null: nothing was, yet. */
  confirmed: string | null
  /** The message that they point at in the channel, where they do. */
  message?: Raw
  /** A form can be shown to them at this moment. */
  mayShowForm: boolean
  /** Names this ask: whatever it does is done once under it. */
  key: string
  now: number
}

/** As `confirmed`: the button is on a message that says all that would be done, and nobody needs to be shown it again. */
export const SHOWN_BEFORE = 'shown'

export interface Reply {
  /** mrkdwn. */
  text: string
  /** Shown to the whole channel: acts are, what is only read is not. */
  public: boolean
  /** Something was done, and whatever shows it is brought up to date by itself. */
  acted: boolean
  /** Blocks beneath the text: a table, buttons. */
  more?: unknown[]
  /** Asked for in a form; the text is said where none can be shown. */
  form?: object
}

export interface Command {
  name: `/${string}`
  summary: string
  /** Each form with what it does; help is made of these. */
  usage: readonly (readonly [form: string, does: string])[]
  run(ask: Ask): Promise<Reply>
}

export const only = (text: string): Reply => ({ text, public: false, acted: false })

export const voice = ({ rota, now }: Ask): Voice => ({ rules: rota, now })

/** Has the desk decide, and answers with what came of it. */
export async function act(
  ask: Ask,
  event: Event,
  answer: (voice: Voice, event: Event, outcome: Outcome) => string,
): Promise<Reply> {
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const acted = outcome.result === 'done'
  // In the incident's own channel the timeline says it to everybody.
  const { pool } = ask.deps.store
  const here = acted ? await incidentOfChannel(pool, ask.channel) : null
  const told = acted && here !== null && here.id === outcome.incident
  const about = acted && !told && outcome.incident !== null ? await readIncident(pool, outcome.incident) : null
  // Of what is private, others do not even read the answers.
  return { text: answer(voice(ask), event, outcome), public: acted && !told && about?.private !== true, acted }
}

/** Help, rendered from the registry. */
export function help(command: Command): Reply {
  const forms = command.usage.map(([form, does]) => `• \`${`${command.name} ${form}`.trim()}\`  ${does}`)
  return only(`*${command.name}*: ${command.summary}\n${forms.join('\n')}`)
}

/** A refusal of what was typed: what is wrong, and what to type instead. */
export function misused(command: Command, wrong: string): never {
  const forms = command.usage.map(([form]) => `\`${`${command.name} ${form}`.trim()}\``)
  throw new UserError('bad-arguments', `${wrong}\nWhat works: ${forms.join(', ')}.`)
}

/** The first word and the rest, both trimmed. */
export function split(text: string): [first: string, rest: string] {
  const [, first = '', rest = ''] = /^\s*(\S*)\s*([\s\S]*?)\s*$/.exec(text) ?? []
  return [first, rest]
}
