/// <reference lib="dom" />
import type { Call, Delivery, Traffic } from '../wire.ts'
import { clockMillis } from './dates.ts'
import { type Child, h, icon, on, type Row } from './dom.ts'
import { ICONS } from './icons.ts'
import { drawJson } from './json.ts'
import type { Scene } from './scene.ts'
import { findMessage, labelOf } from './state.ts'
import { isWaiting, kindOf, messagesOf, numberOf, summaryOf, tookMs, troubleOf, whatOf } from './traffic.ts'

/** One line of the traffic, folded or with all that is known of it. */
export function trafficRow(scene: Scene, line: Traffic, unfolded: boolean, toggle: () => void): Row {
  const { outcome } = line.type === 'call' ? line.call : line.delivery
  const summary = summaryOf(scene.state, line)
  const shown = unfolded ? [line, messagesOf(line).map((ts) => findMessage(scene.state, ts) !== null)] : []
  return {
    key: String(numberOf(line)),
    signature: JSON.stringify([scene.state.me.tz, outcome, tookMs(line), summary, shown]),
    make: () => drawRow(scene, line, summary, unfolded, toggle),
  }
}

function drawRow(scene: Scene, line: Traffic, summary: string, unfolded: boolean, toggle: () => void): HTMLElement {
  const trouble = troubleOf(line)
  const classes = ['wire', kindOf(line), trouble === null ? '' : 'trouble', unfolded ? 'unfolded' : '']
  const n = numberOf(line)
  const { at } = line.type === 'call' ? line.call : line.delivery
  const head = h(
    'button',
    {
      type: 'button',
      class: 'wire-line',
      'aria-expanded': unfolded ? 'true' : 'false',
      'data-focus': `wire ${n}`,
    },
    way(scene, line),
    h('span', { class: 'what' }, whatOf(line)),
    h('span', { class: 'about' }, summary),
    marks(line),
    outcomeOf(line, trouble),
    h('span', { class: 'took' }, took(line)),
    h('time', { datetime: new Date(at).toISOString() }, clockMillis(at, scene.state.me.tz)),
  )
  return h(
    'div',
    { class: classes.filter(Boolean).join(' '), 'data-ts': String(n) },
    on(head, 'click', toggle),
    unfolded ? details(scene, line) : null,
  )
}

function way({ state }: Scene, line: Traffic): HTMLElement {
  const bot = state.bot.real_name || state.bot.name
  const words = line.type === 'call' ? `${bot} asks Slack` : `Slack tells ${bot}`
  return h(
    'span',
    { class: 'way', title: words },
    icon(line.type === 'call' ? ICONS.outgoing : ICONS.incoming, `${words}: `),
  )
}

/** What is unusual about a delivery: by HTTP, tried again, tampered with. */
function marks(line: Traffic): HTMLElement {
  const tags =
    line.type === 'call'
      ? []
      : [
          line.delivery.via === 'http' ? 'HTTP' : '',
          line.delivery.retry_num > 0 ? `retry ${line.delivery.retry_num}` : '',
          line.delivery.fault?.replaceAll('_', ' ') ?? '',
        ]
  return h('span', { class: 'marks' }, ...tags.filter(Boolean).map((tag) => h('span', { class: 'tag' }, tag)))
}

function outcomeOf(line: Traffic, trouble: string | null): HTMLElement {
  if (isWaiting(line)) return h('span', { class: 'outcome waits' }, 'waiting')
  return trouble === null
    ? h('span', { class: 'outcome good' }, icon(ICONS.check, 'ok'))
    : h('span', { class: 'outcome bad' }, trouble)
}

function took(line: Traffic): string {
  const ms = tookMs(line)
  if (ms === null) return isWaiting(line) ? '…' : '—'
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

function details(scene: Scene, line: Traffic): HTMLElement {
  const body = line.type === 'call' ? ofCall(line.call) : ofDelivery(line.delivery)
  return h('div', { class: 'wire-details' }, facts(line), ...shownMessages(scene, line), ...body)
}

function facts(line: Traffic): HTMLElement {
  const rows = line.type === 'call' ? callFacts(line.call) : deliveryFacts(line.delivery)
  return h('dl', {}, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))
}

function callFacts(call: Call): [string, string][] {
  const effect = call.done ? 'It was done' : 'Nothing was done'
  const lost = call.done && call.outcome !== 'ok' ? ', but the bot was not told so' : ''
  return [
    ['Answer', call.outcome],
    ...(call.note === null ? [] : [['Note', call.note] satisfies [string, string]]),
    ['Effect', `${effect}${lost}`],
    ['Answered', call.answered_at === null ? 'never' : `after ${call.answered_at - call.arrived_at} ms`],
  ]
}

function deliveryFacts(delivery: Delivery): [string, string][] {
  const { via, retry_num, retry_reason, ack_ms, outcome, fault, envelope_id } = delivery
  return [
    ['Outcome', outcome],
    ['Sent', via === null ? 'not at all: the bot is not there' : via === 'http' ? 'by HTTP, signed' : 'on a socket'],
    ['Try', retry_num === 0 ? 'the first' : `retry ${retry_num}${retry_reason === '' ? '' : `, ${retry_reason}`}`],
    ['Acknowledged', ack_ms === null ? 'no' : `after ${Math.round(ack_ms)} ms`],
    ...(fault === null ? [] : [['On purpose', fault.replaceAll('_', ' ')] satisfies [string, string]]),
    ...(envelope_id === null ? [] : [['Envelope', envelope_id] satisfies [string, string]]),
  ]
}

function ofCall(call: Call): Child[] {
  return [drawJson('Arguments', call.args)]
}

function ofDelivery(delivery: Delivery): Child[] {
  const hasAck = delivery.ack !== null && Object.keys(delivery.ack).length > 0
  return [
    hasAck ? drawJson('Answer that came with the acknowledgement', delivery.ack) : null,
    drawJson('Payload', delivery.payload),
  ]
}

/** A way to each message that the line is about, as far as this person sees it. */
function shownMessages(scene: Scene, line: Traffic): HTMLElement[] {
  const { state, acts } = scene
  return messagesOf(line).flatMap((ts) => {
    const message = findMessage(state, ts)
    const channel = state.channels.find(({ id }) => id === message?.channel)
    if (!message || !channel) return []
    const button = h(
      'button',
      { type: 'button', class: 'button small', 'data-focus': `show ${ts}`, 'data-leave': true },
      `Show message in ${labelOf(state, channel)}`,
    )
    return [on(button, 'click', () => acts.go(message.channel, message.ts))]
  })
}
