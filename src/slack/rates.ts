import type { KnownBlock } from '@slack/types'
import { type Heeded, heed, type Verdict, type Word } from '../domain/detect/rate-feedback.ts'
import { once } from '../domain/detect/rate-score.ts'
import { type Incident, ratesIn } from '../domain/incident.ts'
import type { RateMonitor } from '../domain/rules.ts'
import { actions, button, context } from './blocks.ts'
import { code, list } from './text.ts'
import { inc, people, VERDICTS, type Voice } from './words.ts'

/** What is said of rates and their alarms. Pure. */

/** Of more series in one incident each is told by a command. */
const MOST_ASKED = 2

/** Who said what of the rates of an incident, and the buttons by which one says so. */
export function feedbackBlocks(voice: Voice, incident: Incident): KnownBlock[] {
  const rates = ratesIn(incident, voice.rules)
  if (rates.length === 0) return []
  const asked = rates.slice(0, MOST_ASKED)
  const said = rates.flatMap((monitor) => saidOf(voice, incident, monitor) ?? [])
  const offer = (monitor: string, text: string, action: string) =>
    button(asked.length > 1 ? `${text}: ${monitor}`.slice(0, 75) : text, action, `${incident.id}/${monitor}`)
  return [
    ...(said.length > 0 ? [context(said.join('\n'))] : []),
    ...asked.flatMap((monitor) =>
      actions(
        [offer(monitor, 'False alarm', 'rate_false'), offer(monitor, 'Real', 'rate_real')],
        `feedback_${incident.id}_${monitor}`,
      ),
    ),
  ]
}

function saidOf(voice: Voice, { verdicts }: Incident, monitor: string): string | null {
  const those = verdicts.filter((each) => each.monitor === monitor)
  const last = those.at(-1)
  if (!last) return null
  const who = (verdict: Verdict) => those.filter((each) => each.verdict === verdict).map(({ by }) => by)
  const words = (['false', 'real'] as const).flatMap((verdict) => {
    const by = who(verdict)
    return by.length > 0 ? [`${people(voice, by)} ${by.length > 1 ? 'say' : 'says'} it was ${VERDICTS[verdict]}`] : []
  })
  const counts = words.length > 1 ? `; the last word counts: ${VERDICTS[last.verdict]}` : ''
  const mark = last.verdict === 'false' ? ':no_bell:' : ':bell:'
  return `${mark} ${code(monitor)}: ${words.join(', ')}${counts}. ${code(`/monitor show ${monitor}`)} shows what follows.`
}

/** What became of a budget by what people said; null: nobody has said anything lately. */
export function heededLine(monitor: RateMonitor, words: readonly Word[], now: number): string | null {
  const heeded = heed(monitor.falseAlarms, words, now)
  const { falseAlarms, realAlarms } = heeded
  if (falseAlarms + realAlarms === 0) return null
  return `Told in the last 90 days: ${told(heeded)}. It ${howItRings(monitor, heeded)}.`
}

const told = ({ falseAlarms, realAlarms }: Heeded) =>
  list([
    ...(falseAlarms > 0 ? [`${falseAlarms} false alarm${falseAlarms === 1 ? '' : 's'}`] : []),
    ...(realAlarms > 0 ? [`${realAlarms} real one${realAlarms === 1 ? '' : 's'}`] : []),
  ])

function howItRings({ falseAlarms: configured, name }: RateMonitor, { budget, bounded }: Heeded): string {
  const often = (each: number) => once(1 / each)
  if (budget === configured) return `rings as the configuration says: at what comes by chance ${often(configured)}`
  const further = !bounded
    ? ''
    : budget < configured
      ? `, and no later than that: if it still rings for nothing, look at it with ${code('watchbill backtest')}, or give ${code(name)} another query`
      : ', and no sooner than that'
  return `rings at what comes by chance ${often(budget)} instead of ${often(configured)}${further}`
}

/** The answer to whoever said it by a command. */
export function feedbackAnswer(
  voice: Voice,
  said: { by: string; monitor: RateMonitor; verdict: Verdict; incident: number | null },
  words: readonly Word[],
): string {
  const { by, monitor, verdict, incident } = said
  const which = incident === null ? 'the last alarm of' : `in *${inc(incident)}*,`
  const line = heededLine(monitor, words, voice.now)
  return `${verdict === 'false' ? ':no_bell:' : ':bell:'} ${people(voice, [by])}: ${which} ${code(monitor.name)} was ${VERDICTS[verdict]}.${line === null ? '' : ` ${line}`}`
}
