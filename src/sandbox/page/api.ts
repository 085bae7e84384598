/// <reference lib="dom" />
import type { FaultInput } from '../faults.ts'
import type * as wire from '../wire.ts'

/** The requests this page makes, each with what it sends and what it gets. */
interface Calls {
  command: [wire.CommandRequest, wire.Reaction]
  message: [wire.MessageRequest, wire.MessageReply]
  edit: [wire.EditRequest, wire.Done]
  delete: [wire.MessageAt, wire.Done]
  interact: [wire.InteractRequest, wire.Reaction]
  shortcut: [wire.ShortcutRequest, wire.Reaction]
  'message-action': [wire.MessageActionRequest, wire.Reaction]
  submit: [wire.SubmitRequest, wire.SubmitReply]
  suggest: [wire.SuggestRequest, wire.SuggestReply]
  dismiss: [wire.DismissRequest, wire.Done]
  'run-step': [wire.StepRequest, wire.StepReply]
  'open-home': [wire.HomeRequest, wire.Done]
  'open-dm': [wire.OpenRequest, wire.OpenReply]
  join: [wire.ChannelRequest, wire.Done]
  leave: [wire.ChannelRequest, wire.Done]
  read: [wire.ChannelRequest, wire.Done]
  pin: [wire.MessageAt, wire.Done]
  react: [wire.ReactRequest, wire.Done]
  upload: [wire.UploadRequest, wire.UploadReply]
  dnd: [wire.DndRequest, wire.Done]
  presence: [wire.PresenceRequest, wire.Done]
  settings: [Partial<wire.Settings>, wire.SettingsReply]
  'inject-fault': [FaultInput, wire.FaultReply]
  'reset-faults': [Record<string, never>, wire.Done]
}

const UNREACHABLE: wire.Refusal = {
  ok: false,
  error: 'unreachable',
  message: 'The workspace does not answer. It may have been stopped; try again in a moment.',
}

/** Posts to the control interface. A refusal and a server that is gone are both values: the caller shows their sentence. */
export async function post<K extends keyof Calls>(name: K, body: Calls[K][0]): Promise<Calls[K][1] | wire.Refusal> {
  return reach<Calls[K][1]>(name, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function reach<Reply>(path: string, request: RequestInit = {}): Promise<Reply | wire.Refusal> {
  try {
    const answer = await fetch(`/_control/${path}`, request)
    const reply: Reply | wire.Refusal = await answer.json()
    return reply
  } catch {
    return UNREACHABLE
  }
}

/** Everything that `as` sees; the first person when it is null. */
export function readState(as: string | null): Promise<wire.State | wire.Refusal> {
  return reach(`state${as === null ? '' : `?as=${encodeURIComponent(as)}`}`)
}

export function readCanvas(as: string, id: string): Promise<wire.CanvasReply | wire.Refusal> {
  return reach(`canvas?${new URLSearchParams({ as, id })}`)
}

export function readFaults(): Promise<wire.FaultsReply | wire.Refusal> {
  return reach('faults')
}

/** Where a file's bytes are, as this person may read them. */
export function fileAddress(as: string, id: string): string {
  return `/_control/file?${new URLSearchParams({ as, id })}`
}

export function isRefusal(reply: object): reply is wire.Refusal {
  return 'ok' in reply && reply.ok === false
}

/** What is wrong with what came of a command, a click or a shortcut, as a sentence; null when nothing is. */
export function wrongWith(reply: wire.Reaction | wire.Refusal): string | null {
  if (isRefusal(reply)) return reply.message
  return reply.failed === null ? null : (reply.warning ?? reply.failed)
}
