import { type Handler, refuse, text } from '../call.ts'
import { botProfile } from '../slack-shapes.ts'

/** Who the bot is and where. */
export const app: Record<string, Handler> = {
  'api.test'(call) {
    const error = text(call, 'error')
    if (error !== undefined) refuse(error, { args: call.args })
    return { args: call.args }
  },

  'auth.test'(call) {
    const { ws } = call
    return {
      url: `${call.base}/`,
      team: ws.team.name,
      user: ws.app.name,
      team_id: ws.team.id,
      user_id: ws.app.botUser,
      bot_id: ws.app.botId,
      is_enterprise_install: false,
    }
  },

  'apps.connections.open'(call) {
    return { url: call.openTicket() }
  },

  'team.info'(call) {
    const { id, name, domain } = call.ws.team
    const url = `${call.base}/`
    return { team: { id, name, domain, url, email_domain: '', icon: { image_default: true }, avatar_base_url: '' } }
  },

  'bots.info'(call) {
    const { app_id, id, user_id, name, icons, deleted, updated } = botProfile(call.ws)
    const asked = text(call, 'bot')
    if (asked !== undefined && asked !== id) refuse('bot_not_found')
    return { bot: { id, deleted, name, updated, app_id, user_id, icons } }
  },
}
