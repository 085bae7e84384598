import { expect, test } from 'vitest'
import { clientOf, refusal, slackWith } from './support.ts'

test('a message that is written while people read it', async () => {
  const slack = await slackWith()
  const { chat, conversations } = clientOf(slack)
  const channel = String((await conversations.open({ users: 'UADA00000' })).channel?.id)
  const { ts = '' } = await chat.startStream({ channel } as never)
  await chat.appendStream({ channel, ts, markdown_text: 'It ' })
  expect(slack.dm('ada')).toMatchObject([{ text: 'It ', streaming: true, edited: null }])
  const task = (status: string) => ({ type: 'task_update', id: 't1', title: 'Looking', status })
  await chat.appendStream({ channel, ts, chunks: [task('in_progress')] } as never)
  await chat.appendStream({ channel, ts, markdown_text: '**burns**.' })
  await chat.appendStream({ channel, ts, chunks: [task('complete')] } as never)
  expect(slack.dm('ada')[0]?.blocks).toMatchObject([
    { type: 'markdown', text: 'It **burns**.' },
    { type: 'task_card', task_id: 't1', status: 'complete' },
  ])
  expect(await refusal(chat.update({ channel, ts, text: 'x' }))).toBe('streaming_state_conflict')
  const metadata = { event_type: 'done', event_payload: { id: 1 } }
  await chat.stopStream({ channel, ts, blocks: [{ type: 'divider' }], metadata } as never)
  expect(slack.dm('ada')).toMatchObject([{ streaming: false, metadata, edited: null }])
  expect(slack.dm('ada')[0]?.blocks).toHaveLength(3)
  expect(await refusal(chat.appendStream({ channel, ts, markdown_text: 'x' }))).toBe('message_not_in_streaming_state')
  expect(await refusal(chat.update({ channel, ts, text: 'x' }))).toBe('ok')
})
