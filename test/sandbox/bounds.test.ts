import { expect, test } from 'vitest'
import { post } from '../../src/sandbox/acts.ts'
import { newJournal, noteCall, noteDelivery } from '../../src/sandbox/journal.ts'
import { slackWith } from './support.ts'

test('the journal keeps the newest, however long it runs', () => {
  const journal = newJournal()
  const envelope = { kind: 'interactive' as const, payload: {}, retry: { attempt: 0, reason: '' } }
  for (let count = 0; count < 120_000; count += 1) noteCall(journal, 0, 'api.test', {})
  for (let count = 0; count < 30_000; count += 1) noteDelivery(journal, 0, envelope)
  expect(journal.calls.length).toBeLessThanOrEqual(100_000)
  expect(journal.deliveries.length).toBeLessThanOrEqual(20_000)
  expect(journal.calls.at(-1)?.n).toBe(120_000)
  expect(journal.deliveries.at(-1)?.n).toBe(150_000)
})

test('a channel keeps its newest messages', async () => {
  const slack = await slackWith()
  const { room } = slack.channel('ops')
  for (let count = 1; count <= 20_001; count += 1) post(slack.workspace, room, 'UADA00000', { text: `${count}` })
  expect(room.messages.size).toBe(18_001)
  expect([...room.messages.values()].at(-1)?.text).toBe('20001')
})
