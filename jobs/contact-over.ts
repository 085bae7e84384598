import { BY_DEFAULT } from '../src/domain/contact.ts'
import { contactRowsOf } from '../src/domain/owed.ts'
import { under } from '../src/domain/rules.ts'
import type { Handler } from '../src/outbox.ts'
import { overNotice } from '../src/slack/contact-words.ts'
import { sentAs } from '../src/store/owed.ts'
import { incidentOf, type JobDeps, settled, voice } from './tell.ts'

/** So often, and whoever carries it is left alone: nobody is woken by what is not put right. */
const MOST_TRIES = 8

/** What went out for a page beside Slack is put right where it lies: somebody has it, or it is over. */
export function contactOver(deps: JobDeps): Handler {
  return async ({ key, about, tries }) => {
    if (about.kind !== 'contact-over') throw new Error(`${key} is not about the end of a page`)
    const incident = await incidentOf(deps, about.incident)
    const page = incident.pages.find((each) => each.key === about.page)
    if (!page) throw new Error(`${key} is about no page of its incident`)
    const rules = deps.rules()
    for (const [rule, way] of (under(rules.people, page.person)?.contact ?? []).entries()) {
      if (way.via !== about.via) continue
      for (const sent of await sentAs(deps.store.pool, contactRowsOf(about.page, rule))) {
        const id = typeof sent === 'string' ? sent : null
        const notice = overNotice(await voice(deps), incident, { id: `${key}/${rule}`, sent: id })
        const told = await deps.carry(way, notice, rules.notify ?? BY_DEFAULT, rules.allowPrivate)
        if (told.ok) continue
        if (tries >= MOST_TRIES) return { outcome: 'never', reason: told.reason }
        return settled(told, null)
      }
    }
    return { outcome: 'done' }
  }
}
