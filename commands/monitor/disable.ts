import type { Event } from '../../src/domain/event.ts'
import { UserError } from '../../src/errors.ts'
import { silenceAnswer } from '../../src/slack/silence.ts'
import { code } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { readSilence, readSilences } from '../../src/store/silences.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'
import { lengthOf, reasonOf } from '../silence.ts'

/** `/monitor disable MONITOR FOR REASON`, `approve N`, `enable MONITOR`: switching a monitor off takes a reason, an end and a second person. */
export async function disable(ask: Ask, monitor: string, rest: string): Promise<Reply> {
  const by = ask.by()
  const [span, reason] = split(rest)
  const ms = lengthOf(span)
  const example = `Type ${code(`/monitor disable ${monitor} 30m REASON`)}.`
  if (ms === null || ms <= 0)
    throw new UserError(
      'bad-arguments',
      `For how long is ${code(monitor)} not to look, and why? ${example} Nothing was disabled.`,
    )
  const why = reasonOf(
    reason,
    `Disabling takes a reason, for whoever has to approve it: ${example} Nothing was disabled.`,
  )
  return act(ask, { type: 'disable', by, monitor, reason: why, untilAt: ask.now + ms })
}

export async function approve(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  if (!/^\d{1,9}$/.test(word) || more !== '')
    throw new UserError(
      'bad-arguments',
      `Which one? ${code('/monitor approve N')}; ${code('/silence list')} has the number. Nothing was disabled.`,
    )
  return act(ask, { type: 'disable-approve', by, silence: Number(word) })
}

export async function enable(ask: Ask, monitor: string): Promise<Reply> {
  const by = ask.by()
  const all = await readSilences(ask.deps.store.pool)
  const found = all.find(
    ({ mode, state, target }) =>
      mode === 'disable' && (state === 'active' || state === 'asked') && target.name === monitor,
  )
  if (!found) throw new UserError('not-disabled', `${code(monitor)} is not disabled, so nothing was done.`)
  return act(ask, { type: 'silence-end', by, silence: found.id })
}

async function act(ask: Ask, event: Extract<Event, { by: string }>): Promise<Reply> {
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const found =
    outcome.result === 'done' && outcome.silence !== undefined
      ? await readSilence(ask.deps.store.pool, outcome.silence)
      : null
  if (outcome.result === 'refused' || found === null)
    return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  return { text: silenceAnswer(voice(ask), found, outcome.how, null), public: false, acted: true }
}
