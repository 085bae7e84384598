import type { Recorded } from '../domain/fact.ts'
import type { Situation } from '../domain/handover.ts'
import type { Incident } from '../domain/incident.ts'
import { code, cut, duration, plain, when } from './text.ts'
import { inc, person, unreachable, type Voice } from './words.ts'

/** What is said of an incident's channel itself: what it has, what it lacks, and what there was before. Pure. */

type Short = Recorded & { type: 'shortfall' }

/** Where it goes on when it is reopened, and its channel was in the archive; null: that it has a channel is no news. */
export function channelNews({ back, instead }: Recorded & { type: 'channel' }): string | null {
  if (back) return ':open_file_folder: *The channel is back* from the archive'
  return instead === undefined
    ? null
    : `:open_file_folder: *It goes on here:* <#${instead.id}|${instead.name}> is in the archive, with all that was said there, and Slack lets no app take it out again`
}

/** A part of the channel that could not be made, why, and what there is instead. */
export function shortfall(voice: Voice, fact: Short): string {
  return `:construction: *Could not be done:* ${whatFellShort(voice, fact)} (${code(fact.reason)}: ${reasonOf(fact)}). ${INSTEAD[fact.step]}`
}

function whatFellShort(voice: Voice, { step, about }: Short): string {
  switch (step) {
    case 'channel':
      return 'the channel of this incident'
    case 'purpose':
    case 'topic':
      return `the ${step} of the channel`
    case 'pin':
      return 'pinning the summary'
    case 'bookmark':
      return 'the bookmarks of the channel'
    case 'invite':
      return `bringing ${about === null ? 'somebody' : person(voice, about)} into the channel`
    case 'canvas':
      return 'the canvas of the channel'
    case 'file':
      return 'putting files into the channel'
    case 'archive':
      return 'archiving the channel'
    default:
      return step satisfies never
  }
}

const INSTEAD: Record<Short['step'], string> = {
  channel: 'The incident goes on: pages, escalation and the record need no channel; `/incident timeline` reads it.',
  purpose: 'Nothing depends on it.',
  topic: 'The pinned summary says the same.',
  pin: 'It is the first message of the channel.',
  bookmark: 'They are in the configuration of the service.',
  invite: 'Somebody who knows them should tell them.',
  canvas: 'The timeline is in the channel all the same, and the draft of the post-mortem comes as a file.',
  file: 'The picture and the draft are served over HTTP: `/incident postmortem` says where.',
  archive: 'It can be archived by hand.',
}

/** Slack's error names about channels, in words. */
function reasonOf({ step, reason }: Short): string {
  switch (reason) {
    case 'missing_scope':
      return 'the Slack app lacks a scope; `watchbill manifest` prints what it takes'
    case 'is_archived':
      return 'somebody has archived it'
    case 'name_taken':
      return 'the name is taken, and so are the next four'
    case 'channel_not_found':
      return 'it is not there any more'
    case 'canvas_disabled_user_team':
      return 'this workspace has no canvases'
    case 'team_tier_cannot_create_channel_canvases':
      return "the workspace's plan has no canvases in channels"
    case 'restricted_action':
    case 'permission_denied':
      return "the workspace's settings forbid it"
    case 'too_many_bookmarks':
      return 'there are too many already'
    case 'storage_limit_reached':
      return "the workspace's storage is full"
    default:
      return step === 'invite' ? unreachable(reason) : 'Slack does not do it'
  }
}

/** Incidents like this one, the latest first. */
export function seenBefore(voice: Voice, before: readonly Incident[], notes: Situation['notes']): string {
  const lines = before.map((each) => {
    const { id, title, openedAt, resolvedAt, resolvedBy, channel } = each
    const how = resolvedBy === null ? 'by itself' : `by ${person(voice, resolvedBy)}`
    const note = notes[id]
    const last = note === undefined ? '' : `\n>${plain(cut(note.text.replaceAll(/\s+/g, ' '), 300))}`
    const where = channel === null ? '' : ` · <#${channel.id}|${channel.name}>`
    return `• *${inc(id)}* ${plain(cut(title, 150))}, ${when(openedAt, voice.rules.zone, '{date_short_pretty} {time}')}: resolved ${how}, took ${duration((resolvedAt ?? openedAt) - openedAt)}${where}${last}`
  })
  return [':card_index_dividers: *Seen before:*', ...lines].join('\n')
}
