/// <reference lib="dom" />
import type {
  AsRequest,
  ChannelRequest,
  CommandRequest,
  Done,
  InteractRequest,
  MessageReply,
  MessageRequest,
  OpenReply,
  Reaction,
  ReactRequest,
  Refusal,
  State,
  SubmitReply,
  SubmitRequest,
  SuggestReply,
  SuggestRequest,
} from '../wire.ts'

/** The requests this page makes, each with what it sends and what it gets. */
interface Calls {
  command: [CommandRequest, Reaction]
  message: [MessageRequest, MessageReply]
  interact: [InteractRequest, Reaction]
  submit: [SubmitRequest, SubmitReply]
  suggest: [SuggestRequest, SuggestReply]
  home: [AsRequest, Done]
  dismiss: [AsRequest, Done]
  'open-dm': [AsRequest, OpenReply]
  join: [ChannelRequest, Done]
  read: [ChannelRequest, Done]
  react: [ReactRequest, Done]
}

const UNREACHABLE: Refusal = {
  ok: false,
  error: 'unreachable',
  message: 'The workspace does not answer. It may have been stopped; try again in a moment.',
}

/** Posts to the control interface. A refusal and a server that is gone are both values: the caller shows their sentence. */
export async function post<K extends keyof Calls>(name: K, body: Calls[K][0]): Promise<Calls[K][1] | Refusal> {
  try {
    const answer = await fetch(`/_control/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const reply: Calls[K][1] | Refusal = await answer.json()
    return reply
  } catch {
    return UNREACHABLE
  }
}

/** Everything that `as` sees; the first person when it is null. */
export async function readState(as: string | null): Promise<State | Refusal> {
  try {
    const answer = await fetch(`/_control/state${as === null ? '' : `?as=${encodeURIComponent(as)}`}`)
    const reply: State | Refusal = await answer.json()
    return reply
  } catch {
    return UNREACHABLE
  }
}

export function isRefusal(reply: object): reply is Refusal {
  return 'ok' in reply && reply.ok === false
}
