import { under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { roleLines } from '../../src/slack/response.ts'
import { code, cut, knownNames, typed } from '../../src/slack/text.ts'
import { answer, inc } from '../../src/slack/words.ts'
import { type Ask, act, only, type Reply, split, voice } from '../command.ts'
import { personNamed } from '../oncall/names.ts'
import { apart, find, wrong } from './find.ts'

const FORM = 'role [INC-n] @person commander'

/** Who does what: `role @person ROLE`, `role me ROLE`, `role nobody ROLE`. */
export async function role(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { rules } = voice(ask)
  const { id, text } = apart(rest.trim())
  const [who, name] = split(text)
  if (who === '' || name === '')
    throw wrong(
      'Who gets which role? Nothing was changed.',
      FORM,
      'role [INC-n] me scribe',
      'role [INC-n] nobody scribe',
    )
  const wanted = name.toLowerCase()
  if (under(rules.incidents.roles, wanted) === undefined)
    throw new UserError(
      'unknown-role',
      `There is no role ${code(cut(typed(name), 100))}, and nothing was changed. Roles: ${knownNames(Object.keys(rules.incidents.roles))}; \`incidents.roles\` in the configuration has them.`,
    )
  const person = whoever(ask, who, by)
  const found = await find(ask, id)
  return act(ask, { type: 'give-role', by, incident: found.id, role: wanted, person }, answer)
}

function whoever(ask: Ask, word: string, me: string): string | null {
  const name = word.toLowerCase()
  if (name === 'nobody' || name === 'none') return null
  return name === 'me' ? me : personNamed(ask.deps.rules(), word)
}

export async function roles(ask: Ask, rest: string): Promise<Reply> {
  const found = await find(ask, rest.trim())
  return only([`*Roles of ${inc(found.id)}*`, ...roleLines(voice(ask), found)].join('\n'))
}
