import { answerAddress } from './answer-address.ts'
import type { Deps } from './deps.ts'
import { BY_DEFAULT, type Contact } from './domain/contact.ts'
import type { Person } from './domain/rules.ts'
import { testNotice } from './slack/contact-words.ts'
import { type ContactTest, recordTest, targetOf } from './store/contact-tests.ts'

type Tried = Pick<ContactTest, 'via' | 'failed'>

/** Tries out each way of a person, all at once, and keeps what came of it. `by`: who asked; null: it is time again. */
export async function tryContacts(
  deps: Pick<Deps, 'carry' | 'rules' | 'clock' | 'store' | 'publicUrl'>,
  { name: person, contact = [] }: Person,
  by: string | null,
): Promise<Tried[]> {
  const { carry, rules, clock, store } = deps
  const { notify = BY_DEFAULT, allowPrivate } = rules()

  async function tryOut(way: Contact): Promise<Tried> {
    const { via } = way
    const at = clock.now()
    const target = targetOf(way)
    const url = await answerAddress(deps, { kind: 'test', person, via, target })
    const answer = url === null ? null : { url, label: 'It came' }
    const notice = testNotice({ rules: rules(), now: at }, `test/${person}/${target}/${at}`, by, answer)
    const carried = await carry(way, notice, notify, allowPrivate)
    const failed = carried.ok ? null : carried.reason
    await recordTest(store.pool, { person, via, target, at, failed })
    return { via, failed }
  }

  return Promise.all(contact.map(tryOut))
}
