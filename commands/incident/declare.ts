import { Severity, under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { glimpseOf, saidOf } from '../../src/slack/messages.ts'
import { declareForm } from '../../src/slack/modals.ts'
import { code, cut, list as inWords, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, act, only, type Reply, split } from '../command.ts'
import { isTooLong, tooLong, wrong } from './find.ts'

/** `declare [SEVERITY] [SERVICE] TITLE`, and `private`, which nobody hears of who is not in it. */
export async function declare(ask: Ask, rest: string, verb: 'declare' | 'private' = 'declare'): Promise<Reply> {
  const by = ask.by()
  const { services } = ask.deps.rules()
  if (rest.trim() === '' && verb === 'declare' && ask.mayShowForm) return form(ask)
  let [word, title] = split(rest)
  const severity = Severity.safeParse(word.toLowerCase())
  if (severity.success) [word, title] = split(title)
  const names = Object.keys(services)
  const named = under(services, word.toLowerCase().replace(/:$/, ''))
  const service = named ?? (names.length === 1 ? services[names[0] ?? ''] : undefined)
  title = typed(named ? title : `${word} ${title}`).trim()
  if (isTooLong(title)) throw tooLong('A title', title, 'No incident was opened')
  if (!service)
    throw new UserError(
      'which-service',
      `Which service is it about? No incident was opened. Name it before the title: ${code(`/incident ${verb} ${names[0]} ${cut(title, 100) || 'TITLE'}`)}. Services: ${inWords(names.map(code))}.`,
    )
  if (!title)
    throw wrong(
      'An incident needs a title: a few words on what is wrong. No incident was opened.',
      `${verb} [SEVERITY] [SERVICE] TITLE`,
    )
  return act(
    ask,
    {
      type: 'declare',
      by,
      title,
      severity: severity.success ? severity.data : 'critical',
      service: service.name,
      ...(verb === 'private' ? { private: true } : {}),
      ...(ask.message ? { said: await saidOf(ask.deps.slack.rest, ask.rota, ask.channel, ask.message) } : {}),
    },
    answer,
  )
}

function form(ask: Ask): Reply {
  const glimpse = ask.message ? glimpseOf(ask.rota, ask.message) : null
  const view = declareForm(ask.deps.rules(), ask.message ? ask.key : null, glimpse)
  return {
    ...only('Slack did not let the form be opened. No incident was opened; type `/incident declare SERVICE TITLE`.'),
    form: view,
  }
}
