import type { Deps, Desk } from './deps.ts'
import { BY_DEFAULT, type Reached } from './domain/contact.ts'
import { type Incident, isOpen, place } from './domain/incident.ts'
import { contactRows } from './domain/owed.ts'
import { under } from './domain/rules.ts'
import type { Answered, Given, Offered } from './intake/callback.ts'
import { isSigned, noAnswer, speech, spokenAnswer, writtenAnswer } from './notify/twilio.ts'
import {
  answeredWords,
  confirmed,
  hasIt,
  howToAnswer,
  keysOfPage,
  keysOfTest,
  nothingToAnswer,
  offeredPage,
  offeredTest,
  pageNotice,
} from './slack/contact-words.ts'
import type { Voice } from './slack/words.ts'
import { type Callback, callbacksTo, digestOf, readCallback } from './store/callbacks.ts'
import { confirmTest } from './store/contact-tests.ts'
import { readIncident } from './store/incidents.ts'
import { hastenNext } from './store/owed.ts'
import { standings } from './store/people.ts'
import { HELD_MS, rotaOf } from './store/rota.ts'

export interface Callbacks {
  /** What somebody is asked who opens the address; null: it is nobody's. */
  offer(channel: string, token: string): Promise<Offered | null>
  /** Takes an answer; null: it is nobody's. Rejects when the store does not take it. */
  answer(given: Given): Promise<Answered | null>
}

type Page = Callback & { kind: 'page' }

/** The number that people write back to is one for all of them: an SMS says from whom it is, and Twilio that it says the truth. */
const INBOUND = 'inbound'

/**
 * Answers of people who were reached beside Slack, and what their carriers say of delivery. The address names the person; whoever has it
 * may answer for them, and what comes through Twilio is signed besides. What is answered is the event that the button in Slack is.
 */
export function createCallbacks(
  deps: Pick<Deps, 'store' | 'rules' | 'clock' | 'publicUrl'> & { desk: Desk },
): Callbacks {
  const { store, rules, clock, publicUrl, desk } = deps
  const { pool } = store
  const notify = () => rules().notify ?? BY_DEFAULT

  async function voice(): Promise<Voice> {
    const now = clock.now()
    return { rules: await rotaOf(pool, rules(), now - HELD_MS), now }
  }

  /** Of somebody who is in the configuration and may act. */
  async function known(channel: string, token: string): Promise<Callback | null> {
    const about = await readCallback(pool, token)
    if (about === null || about.via !== channel || !under(rules().people, about.person)) return null
    const { gone, guests } = await standings(pool)
    return gone.has(about.person) || guests.has(about.person) ? null : about
  }

  async function act(type: 'ack' | 'escalate', { incident: id, person, via }: Page, by: string): Promise<Acted> {
    const incident = await found(id)
    // Pressed twice it is one; given back and paged anew since, it is another.
    const key = `${by}/${type}/${place(incident)}`
    const event = {
      type,
      by: person,
      incident: id,
      via,
      ...(type === 'escalate' && { seen: place(incident) }),
    } as const
    const outcome = await desk.submit({ source: 'callback', key, event })
    const over = outcome.result === 'refused' && outcome.refusal.code === 'already-resolved'
    return { status: over ? 410 : 200, text: answeredWords(await voice(), id, person, outcome) }
  }

  async function found(id: number): Promise<Incident> {
    const incident = await readIncident(pool, id)
    if (!incident) throw new Error(`incident ${id} has a callback but is not on record`)
    return incident
  }

  /** What the carrier says of it, once for each thing it says. Who cannot be reached so is tried by the next way at once. */
  async function note(about: Page, by: string, what: Reached, detail: string | null): Promise<void> {
    const { incident, page, person, via } = about
    await desk.submit({
      source: 'callback',
      key: `${by}/${what}`,
      event: { type: 'contacted', incident, page, person, via, what, detail },
    })
    if (what === 'failed' || what === 'unanswered') await hastenNext(pool, contactRows(page), clock.now())
  }

  async function onCall(about: Page, { token, path, params }: Given): Promise<Answered> {
    const by = digestOf(token)
    const { Digits: key, CallStatus: status = '' } = params
    if (key === '1' || key === '2') {
      const { text } = await act(key === '1' ? 'ack' : 'escalate', about, by)
      return { status: 200, xml: spokenAnswer(text) }
    }
    if (CALL_OVER.has(status)) {
      const over = CALL_OVER.get(status) ?? null
      if (over !== null) await note(about, by, over, status)
      return { status: 200, xml: noAnswer }
    }
    const incident = await found(about.incident)
    if (key === undefined) await note(about, by, 'answered', null)
    const said = await voice()
    const page = incident.pages.find((each) => each.key === about.page)
    if (!page || !isOpen(incident) || incident.state === 'acked')
      return { status: 200, xml: spokenAnswer(hasIt(said, incident)) }
    const { spoken } = pageNotice(said, incident, page, { id: '', answer: null, without: null })
    return { status: 200, xml: speech(spoken, { url: `${publicUrl}${path}`, keys: keysOfPage }) }
  }

  async function onSms(about: Page, { token, params }: Given): Promise<Answered> {
    const { MessageStatus: status = '', ErrorCode: code } = params
    const what = SMS_STATUS.get(status)
    if (what !== undefined) await note(about, digestOf(token), what, code === undefined ? null : `error ${code}`)
    return { status: 200, xml: noAnswer }
  }

  /** Somebody writes back. */
  async function onReply({ MessageSid: sid = '', From: from, Body: body = '' }: Given['params']): Promise<Answered> {
    const people = Object.values(rules().people).filter(({ contact = [] }) =>
      contact.some(({ via, to }) => via === 'sms' && to === from),
    )
    // A stranger learns nothing, not even that somebody is there.
    if (people.length === 0 || from === undefined) return { status: 200, xml: noAnswer }
    const names = people.map(({ name }) => name)
    const [, word = '', id] =
      /^\s*(1|2|ack|acknowledge|esc|escalate)\b[\s,:]*(?:(?:INC-|#)?(\d{1,9})\b)?/i.exec(body) ?? []
    const pages = await callbacksTo(pool, names, 'sms')
    if (word === '') return { status: 200, xml: writtenAnswer(howToAnswer) }
    const type = /^(1|a)/i.test(word) ? 'ack' : 'escalate'
    const about = id === undefined ? await meant(type, pages) : pages.find(({ incident }) => incident === Number(id))
    if (about) {
      const { text } = await act(type, about, `sms ${sid}`)
      return { status: 200, xml: writtenAnswer(text) }
    }
    // They mean a page, and not a test: what they wrote was not understood.
    if (id !== undefined) return { status: 200, xml: writtenAnswer(howToAnswer) }
    const tried = await Promise.all(
      names.map((person) => confirmTest(pool, { person, via: 'sms', to: from }, clock.now())),
    )
    return { status: 200, xml: writtenAnswer(tried.includes(true) ? confirmed : nothingToAnswer) }
  }

  /** Of the pages of open incidents, the latest first, the one that an answer without a number is about. */
  async function meant(type: 'ack' | 'escalate', pages: readonly Page[]): Promise<Page | undefined> {
    if (type === 'escalate') return pages[0]
    // The latest may have been answered, and an older one ring still.
    for (const page of pages) if ((await found(page.incident)).state !== 'acked') return page
    return pages[0]
  }

  async function onTest(about: Callback & { kind: 'test' }, { channel, path, params }: Given): Promise<Answered> {
    const { CallStatus: status = '' } = params
    const isAnswer = channel === 'call' ? params.Digits !== undefined : channel !== 'sms'
    if (isAnswer) await confirmTest(pool, about, clock.now())
    if (channel === 'sms') return { status: 200, xml: noAnswer }
    if (channel !== 'call') return { status: 200, text: confirmed }
    if (isAnswer) return { status: 200, xml: spokenAnswer(confirmed) }
    if (CALL_OVER.has(status)) return { status: 200, xml: noAnswer }
    return { status: 200, xml: speech(offeredTest.title, { url: `${publicUrl}${path}`, keys: keysOfTest }) }
  }

  return {
    async offer(channel, token) {
      if (channel === 'sms' || channel === 'call') return null
      const about = await known(channel, token)
      if (about === null) return null
      if (about.kind === 'test') return offeredTest
      const incident = await readIncident(pool, about.incident)
      return incident === null ? null : offeredPage(await voice(), incident)
    },
    async answer(given) {
      const { channel, token, path, params, signature } = given
      const signs = channel === 'sms' || channel === 'call'
      if (signs && (publicUrl === null || !isSigned(notify(), `${publicUrl}${path}`, params, signature)))
        return { status: 401, text: 'This takes the signature of Twilio.' }
      if (channel === 'sms' && token === INBOUND) return onReply(params)
      const about = await known(channel, token)
      if (about === null) return null
      if (about.kind === 'test') return onTest(about, given)
      if (channel === 'call') return onCall(about, given)
      if (channel === 'sms') return onSms(about, given)
      return act('ack', about, digestOf(token))
    },
  }
}

type Acted = Answered & { text: string }

/** How a call ends; null: it had been answered, which is known. */
const CALL_OVER = new Map<string, Reached | null>([
  ['completed', null],
  ['busy', 'unanswered'],
  ['no-answer', 'unanswered'],
  ['canceled', 'unanswered'],
  ['failed', 'failed'],
])

const SMS_STATUS = new Map<string, Reached>([
  ['delivered', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
])
