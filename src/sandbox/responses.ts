import { randomBytes } from 'node:crypto'
import { edit, post, remove } from './acts.ts'
import { isRecord } from './blocks.ts'
import { Refused } from './call.ts'
import { judged, judgedAttachment } from './content.ts'
import type { Room, Stored, Workspace } from './model.ts'

/** Slack takes this many answers to one `response_url`. */
const MOST_USES = 5

interface Slot {
  room: Room
  user: string
  /** The message whose button was pressed, or null for a command. */
  original: string | null
  uses: number
  until: number
}

/** The `response_url`s that were handed out. */
export type Responses = Map<string, Slot>

/** A fresh address's last part, for a command or a click of `user` in `room`. What expired long ago is forgotten. */
export function grant(
  ws: Workspace,
  responses: Responses,
  lifeMs: number,
  of: { room: Room; user: string; original: string | null },
): string {
  for (const [old, { until }] of responses) {
    if (until > ws.clock.now() - lifeMs) break
    responses.delete(old)
  }
  const token = randomBytes(18).toString('base64url')
  responses.set(token, { ...of, uses: 0, until: ws.clock.now() + lifeMs })
  return token
}

export interface Responded {
  status: number
  body: string
  outcome: string
  ts: string | null
}

const failed = (status: number, outcome: string, body = outcome): Responded => ({ status, body, outcome, ts: null })

/** Takes an answer sent to a `response_url`. */
export function respond(ws: Workspace, responses: Responses, token: string, body: unknown): Responded {
  const slot = responses.get(token)
  if (!slot) return failed(404, 'no_such_url', '{"ok":false,"error":"invalid_url"}')
  if (slot.until <= ws.clock.now()) return failed(404, 'expired_url', '{"ok":false,"error":"expired_url"}')
  if (slot.uses >= MOST_USES) return failed(404, 'used_url', '{"ok":false,"error":"used_url"}')
  if (!isRecord(body)) return failed(400, 'invalid_payload')
  const original = slot.original === null ? undefined : slot.room.messages.get(slot.original)
  try {
    const message = say(ws, slot, original, body)
    slot.uses += 1
    return { status: 200, body: 'ok', outcome: 'ok', ts: message?.ts ?? original?.ts ?? null }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return failed(400, error.code)
  }
}

function say(ws: Workspace, slot: Slot, original: Stored | undefined, body: Record<string, unknown>): Stored | null {
  if (body.delete_original === true || body.delete_original === 'true') {
    if (original) remove(ws, original)
    return null
  }
  const said = answerIn(body)
  if (!said) throw new Refused('no_text')
  if (body.replace_original === true || body.replace_original === 'true') {
    if (original) {
      edit(ws, original, original.user, said)
      return original
    }
  }
  return post(ws, slot.room, ws.app.botUser, {
    ...said,
    threadTs: typeof body.thread_ts === 'string' ? body.thread_ts : null,
    onlyFor: body.response_type === 'in_channel' ? null : slot.user,
  })
}

/** Text and blocks of an answer to a command or a `response_url`; null when it says nothing. Throws `Refused` on bad blocks. */
export function answerIn(body: Record<string, unknown>): Pick<Stored, 'text' | 'blocks' | 'attachments'> | null {
  const text = typeof body.text === 'string' ? body.text : ''
  const sent = typeof body.blocks === 'string' ? safely(body.blocks) : body.blocks
  if (sent !== undefined && !Array.isArray(sent)) throw new Refused('invalid_blocks_format')
  const blocks = sent ? judged(sent) : []
  const attachments = (Array.isArray(body.attachments) ? body.attachments : [])
    .filter(isRecord)
    .map((attachment) => judgedAttachment(attachment))
  return text === '' && blocks.length === 0 && attachments.length === 0 ? null : { text, blocks, attachments }
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
