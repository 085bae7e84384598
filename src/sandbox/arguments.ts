import { isRecord } from './blocks.ts'
import { type Call, refuse, refuseWith } from './call.ts'

/** Checks the arguments of a call as `slack-methods.json` says: required ones, and their types. Unknown ones are ignored, as Slack does. */

/** Methods with a code of their own for an argument that is missing. */
const OWN_CODE: Record<string, string | undefined> = {
  'conversations.create name': 'invalid_name_required',
  'conversations.rename name': 'invalid_name_required',
  'conversations.invite users': 'no_user',
  'dnd.setSnooze num_minutes': 'missing_duration',
  'dnd.teamInfo users': 'no_users_provided',
  'reactions.add timestamp': 'no_item_specified',
  'usergroups.create name': 'missing_subteam_name',
  'usergroups.users.update users': 'no_users_provided',
}

/** Slack wants one of two, and its data calls the one required. */
const WANTED_BY_HAND: ReadonlySet<string> = new Set(['chat.appendStream markdown_text'])

/** Arguments that may be there and empty: a topic is cleared so. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['topic', 'purpose', 'users'])

export function checkArguments(call: Call): void {
  const problems: string[] = []
  for (const [name, said = 'any'] of Object.entries(call.facts.args)) {
    const required = said.startsWith('required ') && !WANTED_BY_HAND.has(`${call.method} ${name}`)
    const value = call.args[name]
    const absent = value === undefined || value === null || (value === '' && !MAY_BE_EMPTY.has(name))
    if (absent && required) {
      const code = OWN_CODE[`${call.method} ${name}`]
      if (code !== undefined) refuse(code)
      problems.push(`missing required field: ${name}`)
    }
    if (absent || value === '') continue
    const wanted = misfit(said.replace('required ', ''), value)
    if (wanted !== null) problems.push(`must be ${wanted} [json-pointer:/${name}]`)
  }
  if (problems.length > 0) refuseWith('invalid_arguments', problems)
}

/** What it should have been, or null when it fits. Values of a form are text, and JSON in them is read by who needs it. */
function misfit(type: string, value: unknown): string | null {
  switch (type) {
    case 'boolean':
      return [true, false, 'true', 'false', '1', '0', 1, 0].includes(value as never) ? null : 'a boolean'
    case 'integer':
      return /^-?\d+$/.test(String(value)) ? null : 'an integer'
    // Limits and cursors have codes of their own: `paged` looks at them.
    case 'number':
      return isRecord(value) || Array.isArray(value) ? 'a number' : null
    case 'array':
      return Array.isArray(value) || typeof value === 'string' ? null : 'an array'
    case 'object':
      return isRecord(value) || typeof value === 'string' ? null : 'an object'
    case 'channel':
    case 'user':
    case 'file':
    case 'timestamp':
    case 'enum':
      return typeof value === 'string' || typeof value === 'number' ? null : 'a string'
    default:
      return null
  }
}
