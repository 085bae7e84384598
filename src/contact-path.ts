import type { Path } from './auditor.ts'
import type { Deps } from './deps.ts'
import { BY_DEFAULT, type Contact } from './domain/contact.ts'
import { under } from './domain/rules.ts'
import { alarmNotice } from './slack/contact-words.ts'

/** Beside Slack: each person by the first of their ways that takes it, all of it from memory. */
export function contactPath({ carry, rules, clock, log }: Pick<Deps, 'carry' | 'rules' | 'clock' | 'log'>): Path {
  async function reach(person: string, ways: readonly Contact[], text: string): Promise<boolean> {
    const { notify = BY_DEFAULT, allowPrivate } = rules()
    const notice = alarmNotice({ rules: rules(), now: clock.now() }, text)
    for (const way of ways) {
      const carried = await carry(way, notice, notify, allowPrivate)
      if (carried.ok) return true
      log.warn({ person, via: way.via, reason: carried.reason }, 'an alarm is not taken')
    }
    return false
  }

  return {
    name: 'beside Slack',
    async say(text, { people }) {
      const reached = await Promise.all(
        people.map((person) => reach(person, under(rules().people, person)?.contact ?? [], text)),
      )
      return reached.filter(Boolean).length
    },
  }
}
