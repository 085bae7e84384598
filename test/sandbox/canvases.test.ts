import { expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, refusal, slackWith, stateAs } from './support.ts'

const OPS = 'COPS00000'
const written = (markdown: string) => ({ type: 'markdown' as const, markdown })

async function withCanvas(slack: LocalSlack, markdown: string): Promise<string> {
  const made = await clientOf(slack).conversations.canvases.create({
    channel_id: OPS,
    document_content: written(markdown),
  })
  return String(made.canvas_id)
}

async function look(slack: LocalSlack, who: string, id: string) {
  const response = await fetch(`${slack.url}_control/canvas?as=${who}&id=${id}`)
  return (await response.json()) as { canvas: { title: string; markdown: string; sections: { type: string }[] } }
}

const edit = (slack: LocalSlack, canvas_id: string, change: object) =>
  clientOf(slack).apiCall('canvases.edit', { canvas_id, changes: [change] })

async function sectionWith(slack: LocalSlack, canvas_id: string, contains_text: string): Promise<string> {
  const { sections } = await clientOf(slack).canvases.sections.lookup({ canvas_id, criteria: { contains_text } })
  return sections?.[0]?.id ?? 'none'
}

test('a channel has one canvas, and who is in the channel reads it', async () => {
  const slack = await slackWith()
  const id = await withCanvas(slack, '# INC-7\n\nStarted 16:00.\n\n## Timeline\n\n- paged ada')
  expect(await refusal(withCanvas(slack, 'again'))).toBe('channel_canvas_already_exists')
  const { canvas } = await look(slack, 'ada', id)
  expect(canvas.markdown).toBe('# INC-7\n\nStarted 16:00.\n\n## Timeline\n\n- paged ada')
  expect(canvas.sections.map(({ type }) => type)).toEqual(['h1', 'other', 'h2', 'other'])
  expect(await look(slack, 'gus', id)).toMatchObject({ ok: false, error: 'canvas_not_found' })
  const { channels } = await stateAs(slack, 'ada')
  expect(channels.find((channel) => channel.id === OPS)?.canvas).toMatchObject({ id, title: 'ops' })
  const info = await clientOf(slack).conversations.info({ channel: OPS })
  expect(info.channel?.properties).toMatchObject({ canvas: { file_id: id, is_empty: false } })
})

test('sections are found by kind and by text, and edited in their place', async () => {
  const slack = await slackWith()
  const id = await withCanvas(slack, '# INC-7\n\n## Timeline\n\nfirst\n\n## After\n\nlast')
  const headings = await clientOf(slack).canvases.sections.lookup({
    canvas_id: id,
    criteria: { section_types: ['any_header'], contains_text: 'timeline' },
  })
  expect(headings.sections).toHaveLength(1)
  const timeline = headings.sections?.[0]?.id
  await edit(slack, id, { operation: 'insert_after', section_id: timeline, document_content: written('zeroth') })
  const first = await sectionWith(slack, id, 'first')
  await edit(slack, id, { operation: 'replace', section_id: first, document_content: written('**second**') })
  await edit(slack, id, { operation: 'insert_before', section_id: timeline, document_content: written('before') })
  await edit(slack, id, { operation: 'insert_at_start', document_content: written('start') })
  await edit(slack, id, { operation: 'insert_at_end', document_content: written('end') })
  await edit(slack, id, { operation: 'delete', section_id: await sectionWith(slack, id, 'last') })
  await edit(slack, id, { operation: 'rename', title_content: written('Post-mortem') })
  const { canvas } = await look(slack, 'ada', id)
  expect(canvas.markdown.split('\n\n')).toEqual([
    'start',
    '# INC-7',
    'before',
    '## Timeline',
    'zeroth',
    '**second**',
    '## After',
    'end',
  ])
  expect(canvas.title).toBe('Post-mortem')
  await edit(slack, id, { operation: 'replace', document_content: written('anew') })
  expect((await look(slack, 'ada', id)).canvas.markdown).toBe('anew')
  // What was replaced is gone: its section is not there any more.
  const gone = { operation: 'insert_after', section_id: timeline, document_content: written('x') }
  expect(await refusal(edit(slack, id, gone))).toBe('canvas_editing_failed')
})

test('code between fences stays one section, whatever is in it', async () => {
  const slack = await slackWith()
  const id = await withCanvas(slack, '```\n# no heading\n\nstill code\n```\n\nafter')
  expect((await look(slack, 'ada', id)).canvas.sections.map(({ type }) => type)).toEqual(['other', 'other'])
})

test('more than a mebibyte is refused', async () => {
  const slack = await slackWith()
  const id = await withCanvas(slack, 'x'.repeat(1_000_000))
  const more = { operation: 'insert_at_end', document_content: written('x'.repeat(100_000)) }
  expect(await refusal(edit(slack, id, more))).toBe('canvas_too_large')
})

test('a free plan, and canvases switched off, refuse in Slack’s words', async () => {
  const slack = await slackWith()
  await act(slack, 'settings', { plan: 'free' })
  expect(await refusal(withCanvas(slack, 'x'))).toBe('team_tier_cannot_create_channel_canvases')
  expect(await refusal(clientOf(slack).canvases.create({ title: 'x' }))).toBe(
    'free_teams_cannot_create_standalone_canvases',
  )
  await act(slack, 'settings', { plan: 'paid', canvases: false })
  expect(await refusal(withCanvas(slack, 'x'))).toBe('canvas_disabled_user_team')
})

test('a canvas of no channel is the app’s until it is shared', async () => {
  const slack = await slackWith()
  const client = clientOf(slack)
  const { canvas_id: id = '' } = await client.canvases.create({ title: 'Mine', document_content: written('x') })
  expect(await look(slack, 'ada', id)).toMatchObject({ error: 'canvas_not_found' })
  await client.canvases.access.set({ canvas_id: id, access_level: 'read', user_ids: ['UADA00000'] })
  expect((await look(slack, 'ada', id)).canvas.title).toBe('Mine')
  await client.canvases.access.delete({ canvas_id: id, user_ids: ['UADA00000'] })
  expect(await look(slack, 'ada', id)).toMatchObject({ error: 'canvas_not_found' })
  await client.canvases.access.set({ canvas_id: id, access_level: 'read', channel_ids: [OPS] })
  expect((await look(slack, 'bart', id)).canvas.title).toBe('Mine')
  await client.canvases.delete({ canvas_id: id })
  expect(await refusal(edit(slack, id, { operation: 'delete', section_id: 'x' }))).toBe('canvas_not_found')
})
