import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { isRecord } from './blocks.ts'
import type { Ack, Line, Timing } from './delivery.ts'
import { type Faults, strikeSocket } from './faults.ts'
import type { Workspace } from './model.ts'
import { emit } from './workspace.ts'

/** Slack's limit of open connections of one app. */
const MOST_CONNECTIONS = 10
/** How long a ticket of apps.connections.open may wait to be used. */
const TICKET_MS = 30_000
/** How long Slack leaves a socket open after it asked the client to go. */
const DISCONNECT_GRACE_MS = 10_000
/** How long an acknowledgement is still known by its envelope, so that one that comes too late can be told from nonsense. */
const REMEMBER_MS = 60_000

export type DisconnectReason = 'warning' | 'refresh_requested' | 'too_many_websockets' | 'link_disabled'

interface Connection {
  socket: WebSocket
  /** It was asked to go: nothing new is sent on it, acks still count. */
  leaving: boolean
  /** Nothing is heard or said on it any more, though it is open: what is sent on it is lost. */
  mute: boolean
}

export interface SocketMode extends Line {
  /** A ticket for one connection, as the query of the address that apps.connections.open answers. */
  openTicket(): string
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Asks every client to go, cuts every socket without a word, or leaves it open and deaf. */
  disconnect(reason: DisconnectReason | 'cut' | 'mute'): void
  close(): void
}

export function socketMode(ws: Workspace, faults: Faults, timing: Timing): SocketMode {
  const server = new WebSocketServer({ noServer: true })
  const tickets = new Map<string, number>()
  const connections: Connection[] = []
  const waiting = new Map<string, { heard: (ack: Ack) => void; until: number }>()

  const counted = () => {
    ws.connections = connections.filter((connection) => !connection.leaving).length
    emit(ws, { type: 'connections' })
  }

  function welcome(socket: WebSocket): void {
    const connection: Connection = { socket, leaving: false, mute: false }
    connections.push(connection)
    socket.on('close', () => {
      connections.splice(connections.indexOf(connection), 1)
      counted()
    })
    socket.on('error', () => socket.terminate())
    socket.on('message', (data) => acknowledged(String(data)))
    if (connections.filter((other) => !other.leaving).length > MOST_CONNECTIONS) {
      dismiss(connection, 'too_many_websockets')
      return
    }
    send(socket, {
      type: 'hello',
      num_connections: connections.length,
      debug_info: { host: 'applink-local', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: ws.app.id },
    })
    counted()
  }

  function acknowledged(frame: string): void {
    const { id, payload } = ackIn(frame)
    const known = id === undefined ? undefined : waiting.get(id)
    if (id === undefined || !known) return
    waiting.delete(id)
    known.heard({ ok: true, body: payload })
  }

  function dismiss(connection: Connection, reason: DisconnectReason): void {
    connection.leaving = true
    send(connection.socket, { type: 'disconnect', reason, debug_info: { host: 'applink-local' } })
    setTimeout(() => connection.socket.close(), DISCONNECT_GRACE_MS).unref()
  }

  /** Any open connection may get an envelope; no order is promised. */
  function pick(): Connection | undefined {
    const open = connections.filter(({ socket, leaving }) => !leaving && socket.readyState === socket.OPEN)
    return open[Math.floor(ws.random() * open.length)]
  }

  function forgetOld(): void {
    for (const [id, { until }] of waiting) {
      if (until > Date.now()) break
      waiting.delete(id)
    }
  }

  const pings = setInterval(() => {
    for (const { socket, mute } of connections) if (!mute && socket.readyState === socket.OPEN) socket.ping()
  }, timing.pingMs)
  pings.unref()

  return {
    openTicket() {
      const ticket = randomUUID()
      tickets.set(ticket, Date.now() + TICKET_MS)
      return `ticket=${ticket}&app_id=${ws.app.id}`
    },

    upgrade(request, socket, head) {
      const ticket = new URL(request.url ?? '/', 'http://local').searchParams.get('ticket') ?? ''
      const until = tickets.get(ticket)
      tickets.delete(ticket)
      if (strikeSocket(faults, 'refuse_connections')) return turnAway(socket, '503 Service Unavailable')
      if (until === undefined || until < Date.now()) return turnAway(socket, '408 Request Timeout')
      server.handleUpgrade(request, socket, head, welcome)
    },

    via: 'socket',
    timedOut: 'timeout',

    send({ kind, payload, retry }, copies, heard) {
      const connection = pick()
      if (!connection) return null
      forgetOld()
      const envelope_id = randomUUID()
      waiting.set(envelope_id, { heard, until: Date.now() + REMEMBER_MS })
      const frame = {
        envelope_id,
        payload,
        type: kind,
        accepts_response_payload: kind !== 'events_api',
        ...(kind === 'events_api' ? { retry_attempt: retry.attempt, retry_reason: retry.reason } : {}),
      }
      for (let copy = 1; copy <= copies; copy += 1) {
        const { socket, mute } = copy === 1 ? connection : (pick() ?? connection)
        if (!mute) send(socket, frame)
      }
      return { envelopeId: envelope_id }
    },

    disconnect(reason) {
      for (const connection of [...connections]) {
        if (reason === 'mute') {
          connection.mute = true
          connection.socket.pause()
        } else if (reason !== 'cut') dismiss(connection, reason)
        else {
          connection.leaving = true
          connection.socket.terminate()
        }
      }
      counted()
    },

    close() {
      clearInterval(pings)
      for (const { heard } of [...waiting.values()]) heard(HUNG_UP)
      for (const { socket } of [...connections]) socket.terminate()
      server.close()
    },
  }
}

/** The workspace closes while somebody waits. */
const HUNG_UP: Ack = { ok: false, failed: 'operation_timeout', reason: 'timeout', again: false }

function send(socket: WebSocket, frame: object): void {
  // A socket that closes at this moment loses the frame, as it would at Slack: nobody acknowledges it.
  socket.send(JSON.stringify(frame), () => {})
}

function turnAway(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function ackIn(frame: string): { id?: string; payload: Record<string, unknown> } {
  try {
    const value: unknown = JSON.parse(frame)
    if (!isRecord(value) || typeof value.envelope_id !== 'string') return { payload: {} }
    return { id: value.envelope_id, payload: isRecord(value.payload) ? value.payload : {} }
  } catch {
    return { payload: {} }
  }
}
