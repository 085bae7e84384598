import type { Deps, Desk } from './deps.ts'
import type { Place } from './domain/response.ts'
import { placeKey } from './domain/response.ts'
import { post, whisper } from './slack/api.ts'
import type { Answer, Asked, Shortcut, Submission } from './slack/app.ts'
import { type Heard, heard, isNoise } from './slack/heard.ts'
import { filesOf, Raw, textOf } from './slack/messages.ts'
import { ADD_TO_TIMELINE, filled } from './slack/modals.ts'
import { formNotYours } from './slack/words.ts'
import { incidentOfChannel, incidentsWith } from './store/incidents.ts'
import { keepPointed, readPointed } from './store/pointed.ts'

/** What an answer came to: a form was opened, and nothing is left to say. */
export type Said = Answer & { acted: boolean; shown: boolean }

interface Ears {
  deps: Deps & { desk: Desk }
  /** Does what a slash command does, and says what is to be answered. */
  run(name: string, asked: Asked): Promise<Said>
  /** The slash commands there are. */
  commands: readonly string[]
  me(): string | null
}

export interface Hearing {
  /** Whether an event is any news to us. */
  heeds(event: unknown): boolean
  /** What is wrong with a form, by its fields. */
  wrongIn(view: unknown): Record<string, string> | null
  onEvent(event: unknown, team: string, key: string): Promise<void>
  onShortcut(shortcut: Shortcut): Promise<void>
  onSubmission(submission: Submission): Promise<void>
}

/** What people do beside slash commands comes to the same: a mention, a shortcut, a form and a reaction type a command for them. */
export function createHearing({ deps, run, commands, me }: Ears): Hearing {
  const { desk, log, slack, store } = deps
  const ears = () => ({ me: me(), captureWith: deps.rules().incidents.captureWith })

  async function tell(asked: Pick<Asked, 'channel' | 'user'>, answer: Answer, thread: string | null = null) {
    const first = await whisper(slack.rest, asked.channel, asked.user, answer, thread)
    // The app may not be in the channel where a message was pointed at.
    const said = first.ok || asked.channel === '' ? first : await whisper(slack.rest, '', asked.user, answer)
    if (!said.ok) log.warn({ reason: said.reason }, 'an answer could not be given')
  }

  async function mentioned({ user, channel, text, thread }: Heard & { kind: 'mention' }, team: string, key: string) {
    const [, first = '', rest = ''] = /^\/?(\S*)\s*([\s\S]*)$/.exec(text) ?? []
    const named = commands.find((name) => name === `/${first.toLowerCase()}`)
    const [name, line] = named ? [named, rest] : ['/incident', first === '' ? 'help' : text.replace(/^\//, '')]
    const asked = { user, team, channel, text: line, on: null, key }
    const answer = await run(name, asked)
    if (!answer.public) return tell(asked, answer, thread)
    const posted = await post(slack.rest, channel, answer, thread ?? undefined)
    if (!posted.ok) await tell(asked, answer, thread)
  }

  async function marked({ kind, user, message }: Heard & { kind: 'marked' | 'unmarked' }, team: string, key: string) {
    const { channel } = message
    const incident = await incidentOfChannel(store.pool, channel)
    if (!incident || (kind === 'unmarked' && !incident.captured.includes(placeKey(message)))) return
    const text = `${kind === 'marked' ? 'mark' : 'unmark'} ${placeKey(message)}`
    const asked = { user, team, channel, text, on: null, key }
    await tell(asked, await run('/incident', asked))
  }

  /** What becomes of a message that is on a timeline is followed, whoever does it: the record says what was said, and that it was changed. */
  async function followed(what: Heard & { kind: 'edited' | 'deleted' }, key: string) {
    const { message } = what
    for (const incident of await incidentsWith(store.pool, message)) {
      const change =
        what.kind === 'deleted'
          ? { what: 'deleted' as const, deletedAt: what.deletedAt }
          : {
              what: 'edited' as const,
              text: await textOf(slack.rest, deps.rules(), what.raw),
              files: filesOf(what.raw),
              editedAt: what.editedAt,
            }
      await desk.submit({
        source: 'said',
        key: `${key}/${incident}`,
        event: { type: 'capture-changed', incident, message, change },
      })
    }
  }

  /** The message that a form was opened on: as Slack sent it then, to the same person. */
  async function pointedAt(from: string, user: string): Promise<{ place: Place; raw: Raw } | null> {
    const pointed = await readPointed(store.pool, from, user)
    const raw = Raw.safeParse(pointed?.message)
    return pointed && raw.success ? { place: { channel: pointed.channel, ts: raw.data.ts }, raw: raw.data } : null
  }

  return {
    heeds: (event) => !isNoise(event, ears()),
    wrongIn(view) {
      const form = filled(view, deps.rules())
      return form !== null && 'errors' in form ? form.errors : null
    },
    async onEvent(event, from, key) {
      const what = heard(event, ears())
      switch (what?.kind) {
        case undefined:
          return
        case 'mention':
          return mentioned(what, what.team ?? from, key)
        case 'marked':
        case 'unmarked':
          return marked(what, from, key)
        case 'edited':
        case 'deleted':
          return followed(what, key)
        default:
          return what satisfies never
      }
    },
    async onShortcut({ callback, user, team, channel, trigger, message, key }) {
      const verb = callback === ADD_TO_TIMELINE && message ? `capture ${channel}/${message.ts}` : 'declare'
      const asked = { user, team, channel, text: verb, on: null, key, trigger, ...(message ? { message } : {}) }
      if (message) await keepPointed(store.pool, key, { user, channel, message }, deps.clock.now())
      const answer = await run('/incident', asked)
      if (!answer.shown) await tell(asked, answer)
    },
    async onSubmission({ user, team, view, key }) {
      const form = filled(view, deps.rules())
      if (form === null || 'errors' in form) return
      const asked = { user, team, channel: '', text: form.text, on: null, key }
      const pointed = form.from === null ? null : await pointedAt(form.from, user)
      if (form.from !== null && pointed === null) return tell(asked, { text: formNotYours, blocks: [], public: false })
      if (pointed === null) return tell(asked, await run('/incident', asked))
      const { place, raw } = pointed
      const text = form.callback === ADD_TO_TIMELINE ? `capture ${placeKey(place)} ${form.text}` : form.text
      const about = { ...asked, channel: place.channel, text, message: raw }
      return tell(form.callback === ADD_TO_TIMELINE ? about : asked, await run('/incident', about))
    },
  }
}
