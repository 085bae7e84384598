import { describe, expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, eventsIn, listen, refusal, slackWith, until } from './support.ts'

const OPS = 'COPS00000'
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

async function uploaded(slack: LocalSlack, channel_id = OPS): Promise<string> {
  const answer = await clientOf(slack).filesUploadV2({
    channel_id,
    filename: 'post-mortem.md',
    title: 'Post-mortem',
    content: '# INC-7\nIt burnt.',
    initial_comment: 'Here it is',
  })
  const [done] = answer.files as { files: { id: string }[] }[]
  return done?.files[0]?.id ?? ''
}

const addressOf = async (slack: LocalSlack, file: string) =>
  String((await clientOf(slack).files.info({ file })).file?.url_private)

describe('what the app uploads', () => {
  test('is a message with the file in it, and its bytes', async () => {
    const slack = await slackWith()
    const file = await uploaded(slack)
    expect(slack.channel('ops', 'ada').messages).toMatchObject([
      {
        text: 'Here it is',
        subtype: 'file_share',
        bot: true,
        files: [
          {
            id: file,
            name: 'post-mortem.md',
            title: 'Post-mortem',
            mimetype: 'text/markdown',
            preview: '# INC-7\nIt burnt.',
          },
        ],
      },
    ])
    const page = await fetch(`${slack.url}_control/file?as=ada&id=${file}`)
    expect(page.headers.get('content-disposition')).toContain('attachment')
    expect(await page.text()).toBe('# INC-7\nIt burnt.')
    const { files } = await clientOf(slack).files.list({ channel: OPS })
    expect(files).toMatchObject([{ id: file, size: 17, channels: [OPS] }])
    expect(slack.journal().map(({ method }) => method)).toContain('upload')
  })

  test('is downloaded with the bot’s token, and with no other', async () => {
    const slack = await slackWith()
    const address = await addressOf(slack, await uploaded(slack))
    const good = await fetch(address, bearer(slack.botToken))
    expect([good.status, await good.text()]).toEqual([200, '# INC-7\nIt burnt.'])
    for (const token of ['xoxb-wrong', slack.appToken]) {
      const sent = await fetch(address, { ...bearer(token), redirect: 'manual' })
      expect([sent.status, sent.headers.get('location')]).toEqual([302, expect.stringContaining('/signin')])
    }
    // Whoever follows gets a page that says 200 and is no file: what many apps take for one.
    const followed = await fetch(address)
    expect([followed.status, followed.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    slack.workspace.scopes.delete('files:read')
    expect((await fetch(address, { ...bearer(slack.botToken), redirect: 'manual' })).status).toBe(302)
  })

  test('that is not as long as announced, or never came, is refused', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const promised = await client.files.getUploadURLExternal({ filename: 'x.txt', length: 5 })
    const files = [{ id: String(promised.file_id), title: 'x' }] as const
    expect(await refusal(client.files.completeUploadExternal({ files: [...files] }))).toBe('file_update_failed')
    const sent = await fetch(String(promised.upload_url), { method: 'POST', body: 'too long' })
    expect([sent.status, await sent.text()]).toEqual([400, '8 bytes came, 5 were announced'])
    expect((await fetch(`${slack.url}upload/v1/guess`, { method: 'POST', body: 'x' })).status).toBe(404)
    expect((await fetch(String(promised.upload_url), { method: 'POST', body: 'right' })).status).toBe(200)
    await client.files.completeUploadExternal({ files: [...files] })
    expect(await refusal(client.files.completeUploadExternal({ files: [...files] }))).toBe('file_not_found')
  })

  test('comes as a form too', async () => {
    const slack = await slackWith()
    const promised = await clientOf(slack).files.getUploadURLExternal({ filename: 'x.txt', length: 4 })
    const form = new FormData()
    form.append('filename', new Blob(['four']), 'x.txt')
    const sent = await fetch(String(promised.upload_url), { method: 'POST', body: form })
    expect([sent.status, await sent.text()]).toEqual([200, 'OK - 4'])
  })

  test('and deletes leaves a tombstone', async () => {
    const slack = await slackWith()
    const file = await uploaded(slack)
    await clientOf(slack).files.delete({ file })
    expect(await refusal(clientOf(slack).files.info({ file }))).toBe('file_deleted')
    const { messages } = await clientOf(slack).conversations.history({ channel: OPS })
    expect(messages?.[0]?.files).toEqual([{ id: file, mode: 'tombstone' }])
    expect(slack.channel('ops').messages[0]?.files).toEqual([])
  })
})

describe('what a person uploads', () => {
  test('is told to the app where it is', async () => {
    const slack = await slackWith({ events: ['file_shared', 'file_deleted', 'message.channels'] })
    const received = await listen(slack)
    const upload = {
      user: 'ada',
      name: 'graph.png',
      content: Buffer.from([1, 2, 3]).toString('base64'),
      encoding: 'base64',
    }
    const { body } = await act(slack, 'upload', { ...upload, channel: 'ops', text: 'look @bart' })
    expect(body).toMatchObject({
      ok: true,
      file: { size: 3, mimetype: 'image/png' },
      message: { text: 'look <@UBART0000>' },
    })
    await act(slack, 'upload', { ...upload, channel: 'random' })
    await until(() => eventsIn(received).length === 2)
    const events = eventsIn(received)
    expect(events.find(({ type }) => type === 'file_shared')).toMatchObject({
      file_id: body.file.id,
      user_id: 'UADA00000',
      channel_id: OPS,
    })
    expect(events.find(({ type }) => type === 'message')).toMatchObject({
      subtype: 'file_share',
      files: [{ id: body.file.id }],
    })
    const address = await addressOf(slack, body.file.id)
    expect([...new Uint8Array(await (await fetch(address, bearer(slack.botToken))).arrayBuffer())]).toEqual([1, 2, 3])
    expect(await refusal(clientOf(slack).files.delete({ file: body.file.id }))).toBe('cant_delete_file')
  })

  test('in a channel without the bot is not the bot’s to see', async () => {
    const slack = await slackWith()
    const { body } = await act(slack, 'upload', { user: 'ada', channel: 'hidden', name: 'x.txt', content: 'x' })
    expect(await refusal(clientOf(slack).files.info({ file: body.file.id }))).toBe('file_not_found')
    const other = await fetch(`${slack.url}_control/file?as=bart&id=${body.file.id}`)
    expect(other.status).toBe(400)
  })
})
