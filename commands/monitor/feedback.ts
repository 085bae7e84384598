import { Verdict } from '../../src/domain/detect/rate-feedback.ts'
import type { Event } from '../../src/domain/event.ts'
import { mayKnow, numberOf } from '../../src/domain/incident.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { ratesOf } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { feedbackAnswer } from '../../src/slack/rates.ts'
import { code, cut, list as inWords, typed } from '../../src/slack/text.ts'
import { answer, inc } from '../../src/slack/words.ts'
import { readAlert, readWords } from '../../src/store/feedback.ts'
import { readIncident } from '../../src/store/incidents.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'

/** `/monitor feedback MONITOR false|real [INC-n]`: what an alarm of a rate was worth; it rings later, or sooner, by it. */
export async function feedback(ask: Ask, monitor: Monitor, rest: string): Promise<Reply> {
  const by = ask.by()
  const { deps } = ask
  const { name } = monitor
  if (monitor.kind !== 'rate') {
    const rates = ratesOf(deps.rules()).map((each) => code(each.name))
    throw new UserError(
      'no-rate',
      `${code(name)} does not learn from what is said of its alarms: only monitors of rates do. ${rates.length > 0 ? `Those are ${inWords(rates.slice(0, 20))}.` : 'The configuration has none.'} Nothing was done.`,
    )
  }
  const [word, where] = split(rest)
  const verdict = Verdict.safeParse(word.toLowerCase()).data
  const number = numberOf(where)
  if (verdict === undefined || (where !== '' && number === null))
    throw new UserError(
      'bad-arguments',
      `Was it a false alarm, or real? ${code(`/monitor feedback ${name} false`)} or ${code(`/monitor feedback ${name} real`)}, with the incident behind it if you do not mean the last alarm: ${code(`/monitor feedback ${name} false INC-7`)}. ${code(cut(typed(rest.trim()), 50))} is neither, and nothing was done.`,
    )
  const alarm = number === null ? await lastAlarm(ask, by, monitor) : await alarmIn(ask, by, name, number)
  const { isPrivate, ...which } = alarm
  const event: Event = { type: 'feedback', by, monitor: name, ...which, verdict }
  const outcome = await deps.desk.submit({ source: 'act', key: ask.key, event })
  if (outcome.result === 'refused') return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  const words = (await readWords(deps.store.pool, ask.now)).get(name) ?? []
  const said = { by, monitor, verdict, incident: which.incident }
  return { text: feedbackAnswer(voice(ask), said, words), public: !isPrivate, acted: true }
}

interface Which {
  incident: number | null
  alarmAt: number
  /** Only those who are in its incident may know of it. */
  isPrivate: boolean
}

async function lastAlarm({ deps }: Ask, by: string, { service, name }: Monitor): Promise<Which> {
  const { pool } = deps.store
  const found = await readAlert(pool, service, name)
  const incident = found?.incident ? await readIncident(pool, found.incident) : null
  if (found === null || (incident && !mayKnow(incident, by)))
    throw new UserError(
      'never-rang',
      `${code(name)} has not rung, so there is no alarm to say anything of. ${code(`/monitor show ${name}`)} shows how it stands.`,
    )
  return { incident: found.incident, alarmAt: found.firstAt, isPrivate: incident?.private ?? false }
}

async function alarmIn({ deps }: Ask, by: string, name: string, id: number): Promise<Which> {
  const read = await readIncident(deps.store.pool, id)
  const found = read && mayKnow(read, by) ? read : null
  const alarm = found?.alerts.find(({ key, monitor }) => key === name && monitor === name)
  if (!found || !alarm)
    throw new UserError(
      'never-rang',
      `${found === null ? `There is no ${inc(id)}.` : `${code(name)} has not rung in ${inc(id)}.`} Without a number the last alarm is meant: ${code(`/monitor feedback ${name} false`)}. Nothing was done.`,
    )
  return { incident: id, alarmAt: alarm.firstAt, isPrivate: found.private }
}
