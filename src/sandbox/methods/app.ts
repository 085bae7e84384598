import { isRecord, judgeBlocks, judgeView } from '../blocks.ts'
import { type Call, type Handler, json, paged, refuse, refuseAs, text } from '../call.ts'
import { judgeManifest } from '../manifest.ts'
import { botProfile } from '../slack-shapes.ts'
import { emit } from '../workspace.ts'

/** Who the app is and where; what it may ask Slack to look over. */
export const app: Record<string, Handler> = {
  'api.test'(call) {
    const error = text(call, 'error')
    if (error !== undefined) refuse(error, { args: call.args })
    return { args: call.args }
  },

  'auth.test'(call) {
    const { ws } = call
    const isBot = call.me === ws.app.botUser
    return {
      url: `${ws.base}/`,
      team: ws.team.name,
      user: ws.users.get(call.me)?.name ?? ws.app.name,
      team_id: ws.team.id,
      user_id: call.me,
      ...(isBot ? { bot_id: ws.app.botId } : {}),
      is_enterprise_install: false,
    }
  },

  'auth.revoke'(call) {
    const revoked = !(call.args.test === true || call.args.test === 'true' || call.args.test === '1')
    if (!revoked) return { revoked }
    if (call.me === call.ws.app.botUser) call.ws.botRevoked = 'token_revoked'
    else for (const [token, user] of call.ws.userTokens) if (user === call.me) call.ws.userTokens.delete(token)
    emit(call.ws, { type: 'revoked' })
    return { revoked }
  },

  'auth.teams.list'(call) {
    const { id, name } = call.ws.team
    const { page, next_cursor } = paged(call, [{ id, name }])
    return { teams: page, response_metadata: { next_cursor } }
  },

  'apps.connections.open'(call) {
    return { url: call.openTicket() }
  },

  'apps.manifest.validate'(call) {
    const sent = json(call, 'manifest')
    if (sent === undefined || sent === 'unreadable') {
      return refuse('invalid_manifest', { errors: [{ message: 'The manifest is not valid JSON', pointer: '/' }] })
    }
    const errors = judgeManifest(sent.value)
    if (errors.length > 0) refuse('invalid_manifest', { errors })
    return {}
  },

  'blocks.validate'(call) {
    const problems = judgedParts(call)
    if (problems.length === 0) return {}
    const part = ['blocks', 'message', 'view'].find((name) => call.args[name] !== undefined) ?? 'blocks'
    return refuse(`invalid_${part}`, {
      errors: problems.map((problem) => {
        const [, message = problem, pointer = ''] = /^(.*) \[json-pointer:(.*)\]$/.exec(problem) ?? []
        return { message, pointer }
      }),
      response_metadata: { messages: problems.map((problem) => `[ERROR] ${problem}`) },
    })
  },

  'team.info'(call) {
    const { ws } = call
    const asked = text(call, 'team') ?? ws.team.id
    const team = asked === ws.team.id ? ws.team : (ws.others.get(asked) ?? refuse('team_not_found'))
    const { id, name, domain } = team
    const url = `${ws.base}/`
    return { team: { id, name, domain, url, email_domain: '', icon: { image_default: true }, avatar_base_url: '' } }
  },

  'bots.info'(call) {
    const { app_id, id, user_id, name, icons, deleted, updated } = botProfile(call.ws)
    const asked = text(call, 'bot')
    if (asked !== undefined && asked !== id) refuse('bot_not_found')
    return { bot: { id, deleted, name, updated, app_id, user_id, icons } }
  },

  'emoji.list'(call) {
    return { emoji: Object.fromEntries(call.ws.emoji), cache_ts: (call.ws.clock.now() / 1000).toFixed(6) }
  },
}

/** What is wrong with the blocks, the message or the view that blocks.validate was given. */
function judgedParts(call: Call): string[] {
  const read = (name: string) => {
    const sent = json(call, name)
    return sent === 'unreadable' ? refuse(`invalid_${name}`) : sent?.value
  }
  const [blocks, message, view] = [read('blocks'), read('message'), read('view')]
  const given = [blocks, message, view].filter((part) => part !== undefined)
  if (given.length !== 1) return refuseAs(call, [], 'give one of blocks, message, view')
  if (view !== undefined) {
    const type = isRecord(view) && view.type === 'home' ? 'home' : 'modal'
    const judged = judgeView(view, type)
    return 'problems' in judged ? judged.problems : []
  }
  const list = blocks ?? (isRecord(message) ? message.blocks : undefined)
  if (!Array.isArray(list)) return ['must provide an array [json-pointer:/blocks]']
  return judgeBlocks(list, 'message').problems
}
