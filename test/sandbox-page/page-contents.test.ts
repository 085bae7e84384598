import type { KnownBlock } from '@slack/types'
import { describe, expect, test } from 'vitest'
import { act, clientOf, slackWith } from '../sandbox/support.ts'
import { chromiumPath } from '../support/need.ts'
import { eyes, fromMenu, last, SHOWN, type } from './browser.ts'

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe.skipIf(chromiumPath === null)('what is in a channel, on the page (needs Chromium)', () => {
  const look = eyes()

  test('files are sent, seen, enlarged and fetched; they are listed in a tab of their own', async () => {
    const slack = await slackWith()
    const page = await look(slack, 'ada', 'ops')
    await page.locator('#composer').fill('the log')
    const lines = Array.from({ length: 9 }, (_, n) => `line ${n}`).join('\n')
    await page.locator('input.pick').setInputFiles([
      { name: 'mail.log', mimeType: 'text/plain', buffer: Buffer.from(lines) },
      { name: 'rate.png', mimeType: 'image/png', buffer: PIXEL },
      { name: 'dump.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([1, 2, 3]) },
    ])
    await page.locator('.file', { hasText: 'dump.bin' }).waitFor(SHOWN)
    const log = page.locator('.message', { hasText: 'the log' })
    expect(await log.locator('pre').innerText()).toBe(lines.split('\n').slice(0, 6).join('\n'))
    await log.getByRole('button', { name: 'Show more' }).click()
    expect(await log.locator('pre').innerText()).toBe(lines)
    expect(await page.locator('#composer').inputValue()).toBe('')

    const picture = page.getByRole('img', { name: 'rate.png' })
    await expect.poll(() => picture.evaluate((node: HTMLImageElement) => node.naturalWidth), SHOWN).toBe(1)
    await page.getByRole('button', { name: 'Enlarge rate.png' }).click()
    await page.getByRole('dialog', { name: 'rate.png' }).waitFor(SHOWN)
    await page.keyboard.press('Escape')

    const link = page.getByRole('link', { name: 'Download mail.log' })
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    expect(download.suggestedFilename()).toBe('mail.log')

    await page.getByRole('tab', { name: 'Files' }).click()
    const listed = page.locator('.sheet .file-name strong')
    expect(await listed.allInnerTexts()).toEqual(['dump.bin', 'rate.png', 'mail.log'])
    await page.getByRole('button', { name: 'Show message' }).last().click()
    await log.waitFor(SHOWN)
  })

  test('a canvas stands in a tab and follows its changes; bookmarks, pins and what is scheduled are at hand', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const channel = slack.channel('ops').room.id
    const markdown = '# Timeline\n\n- [x] roll back\n- [ ] write to customers\n\n![](@UBART0000) has it'
    const made = await client.conversations.canvases.create({
      channel_id: channel,
      document_content: { type: 'markdown', markdown },
    })
    await client.bookmarks.add({
      channel_id: channel,
      title: 'Runbook',
      type: 'link',
      link: 'https://example.test/run',
    })
    const post_at = Math.floor(Date.now() / 1000) + 3600
    await client.chat.scheduleMessage({ channel, text: 'Shift change', post_at })
    const metadata = { event_type: 'x', event_payload: {} }
    await client.chat.scheduleMessage({ channel, text: 'Lost', post_at: post_at + 60, metadata } as never)
    slack.say('bart', 'ops', 'the summary')
    const page = await look(slack, 'ada', 'ops')

    await page.getByRole('tab', { name: 'Canvas' }).click()
    const canvas = page.locator('.canvas')
    await canvas.getByRole('heading', { name: 'Timeline' }).waitFor(SHOWN)
    expect(await canvas.locator('li.task').allInnerTexts()).toEqual([
      expect.stringContaining('roll back'),
      expect.stringContaining('write to customers'),
    ])
    expect(await canvas.locator('li.done').innerText()).toContain('roll back')
    await canvas.getByRole('button', { name: '@Bart' }).waitFor(SHOWN)
    const document_content = { type: 'markdown', markdown: 'It is over.' } as const
    const changes = [{ operation: 'insert_at_end', document_content }] as const
    await client.canvases.edit({ canvas_id: made.canvas_id ?? '', changes: [...changes] as never })
    await canvas.getByText('It is over.').waitFor(SHOWN)

    expect(await page.getByRole('link', { name: 'Runbook' }).getAttribute('href')).toBe('https://example.test/run')
    await page.getByRole('button', { name: '2 scheduled' }).click()
    const scheduled = page.getByRole('dialog', { name: 'Scheduled by the app' })
    await scheduled.getByText('Shift change').waitFor(SHOWN)
    expect(await scheduled.getByText('Slack never posts such a message').count()).toBe(1)
    await page.keyboard.press('Escape')

    await page.getByRole('tab', { name: 'Messages' }).click()
    await fromMenu(page, 'the summary', 'Pin to this conversation')
    await page.locator('.message', { hasText: 'the summary' }).getByText('Pinned').waitFor(SHOWN)
    await page.getByRole('button', { name: '1 pinned' }).click()
    await page.getByRole('dialog', { name: 'Pinned messages' }).getByText('the summary').waitFor(SHOWN)
  })

  test('a message is changed, reacted to, answered, and deleted; a thread outlives its first message', async () => {
    const slack = await slackWith()
    const page = await look(slack, 'ada', 'ops')
    await type(page, 'the pol is down, @bart')
    await fromMenu(page, 'the pol is down', 'Edit message')
    const field = page.getByRole('textbox', { name: 'Edit message' })
    expect(await field.inputValue()).toBe('the pol is down, @bart')
    await field.fill('the pool is down, @bart')
    await field.press('Enter')
    await last(page).getByText('(edited)').waitFor(SHOWN)
    expect(await last(page).getByText('the pool is down').count()).toBe(1)

    await last(page).hover()
    await last(page).getByRole('button', { name: 'Add a reaction' }).first().click()
    await page.getByRole('textbox', { name: 'Search reactions' }).fill('fire')
    await page.getByRole('textbox', { name: 'Search reactions' }).press('Enter')
    await last(page)
      .getByRole('button', { name: /^fire.*, 1, from Ada/ })
      .waitFor(SHOWN)

    const root = slack.channel('ops').messages.at(-1)
    slack.say('bart', 'ops', 'I look', root?.ts)
    await page.getByRole('button', { name: '1 reply' }).waitFor(SHOWN)
    await fromMenu(page, 'the pool is down', 'Delete message')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('This message was deleted.').waitFor(SHOWN)
    await page.getByRole('button', { name: '1 reply' }).click()
    await page.getByText('I look').waitFor(SHOWN)
  })

  test('what links became, what hangs below a message, and a message that is still being written', async () => {
    const slack = await slackWith({ unfurlDomains: ['example.test'] })
    const client = clientOf(slack)
    const channel = slack.channel('ops').room.id
    const { ts } = slack.say('bart', 'ops', 'see https://example.test/42')
    await client.chat.unfurl({
      channel,
      ts,
      unfurls: { 'https://example.test/42': { title: 'Rollout 42', color: '#2eb886', text: 'step *2* of 4' } },
    })
    const blocks: KnownBlock[] = [{ type: 'section', text: { type: 'mrkdwn', text: 'in *blocks*' } }]
    const attachments = [
      { color: 'danger', pretext: 'From the old monitor', fields: [{ title: 'Load', value: '42', short: true }] },
      { blocks },
    ]
    await client.chat.postMessage({ channel, text: 'old', attachments })
    const page = await look(slack, 'ada', 'ops')
    const unfurled = page.locator('.message', { hasText: 'see https' }).locator('.attachment')
    await unfurled.getByText('Rollout 42').waitFor(SHOWN)
    expect(await unfurled.evaluate((node) => getComputedStyle(node).borderLeftColor)).toBe('rgb(46, 184, 134)')
    expect(await unfurled.locator('strong').innerText()).toBe('2')
    const old = page.locator('.message', { hasText: 'From the old monitor' })
    expect(await old.locator('.fields').innerText()).toMatch(/Load\s+42/)
    expect(await old.locator('.kit strong').innerText()).toBe('blocks')

    const root = slack.say('bart', 'ops', 'why?')
    const stream = await client.chat.startStream({
      channel,
      thread_ts: root.ts,
      markdown_text: 'Because of ',
      recipient_user_id: 'UADA00000',
      recipient_team_id: slack.workspace.team.id,
    })
    await page.getByRole('button', { name: '1 reply' }).click(SHOWN)
    const answer = page.locator('.message.reply')
    await answer.getByText('Still writing…').waitFor(SHOWN)
    await client.chat.appendStream({ channel, ts: stream.ts ?? '', markdown_text: 'the **typo**.' })
    await answer.getByText('Because of the typo.').waitFor(SHOWN)
    await client.chat.stopStream({ channel, ts: stream.ts ?? '' })
    await answer.getByText('Still writing…').waitFor({ ...SHOWN, state: 'detached' })
  })

  test('people have cards, groups their members; guests and strangers are told apart, and played', async () => {
    const slack = await slackWith({
      users: [
        'ada',
        'bart',
        { name: 'gus', isRestricted: true },
        { name: 'pia', team: 'Hosting AG' },
        { name: 'lea', deleted: true },
      ],
      channels: [
        { name: 'general', bot: true },
        { name: 'ops', bot: true },
        { name: 'shared', members: ['ada', 'gus', 'pia'] },
      ],
    })
    slack.say('bart', 'ops', 'ask @oncall or @ada')
    const page = await look(slack, 'ada', 'ops')
    await page.getByRole('button', { name: '@oncall' }).click()
    const group = page.getByRole('dialog', { name: '@oncall' })
    await group.getByText('1 member').waitFor(SHOWN)
    await group.getByRole('button', { name: /Ada/ }).click()
    await page.getByRole('dialog', { name: 'Ada' }).getByText('local time').waitFor(SHOWN)
    await page.keyboard.press('Escape')

    await page.locator('#switcher').click()
    const entry = (name: string) => page.getByRole('menu').locator('.menu-item', { hasText: name })
    expect(await entry('Gus').getByText('Guest').count()).toBe(1)
    expect(await entry('Pia').getByText('External').count()).toBe(1)
    expect(await entry('Lea').getByText('Deactivated').count()).toBe(1)
    expect(await page.getByRole('menuitemradio', { name: 'Lea' }).count()).toBe(0)
    await page.getByRole('menuitemradio', { name: 'Gus' }).click()
    await page.locator('[data-channel]', { hasText: 'shared' }).waitFor(SHOWN)
    await expect.poll(() => page.locator('[data-channel]', { hasText: 'ops' }).count(), SHOWN).toBe(0)
    await page.locator('#switcher').click()
    await page.getByRole('menuitemradio', { name: 'Pia' }).click()
    await page.locator('#switcher', { hasText: 'Pia' }).waitFor(SHOWN)
    await type(page, 'hello from outside')
    await last(page).getByText('hello from outside').waitFor(SHOWN)
    expect(await last(page).getByText('External').count()).toBe(1)
  })

  test('who pauses notifications has a moon, and what came meanwhile says that it came silently', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const page = await look(slack, 'ada')
    await page.locator('#switcher').click()
    await page.getByRole('menuitem', { name: 'Pause for 30 min' }).click()
    await page
      .locator('#switcher')
      .getByRole('img', { name: /notifications paused until/ })
      .waitFor(SHOWN)
    const { channel } = await client.conversations.open({ users: 'UADA00000' })
    await client.chat.postMessage({ channel: channel?.id ?? '', text: 'INC-7' })
    await page
      .locator('#sidebar')
      .getByRole('button', { name: /Watchbill/ })
      .first()
      .click()
    await page.locator('.message', { hasText: 'INC-7' }).getByText('Came silently').waitFor(SHOWN)
    await page.locator('#switcher').click()
    await page.getByRole('menuitem', { name: 'Resume notifications' }).click()
    await page.locator('#switcher').click()
    await page.getByRole('menuitem', { name: 'Set yourself away' }).click()
    await page.locator('#switcher').getByRole('img', { name: 'Away' }).waitFor(SHOWN)
    await client.chat.postMessage({ channel: channel?.id ?? '', text: 'INC-8' })
    await page.locator('.message', { hasText: 'INC-8' }).waitFor(SHOWN)
    expect(await page.locator('.message', { hasText: 'INC-8' }).getByText('Came silently').count()).toBe(0)
    await act(slack, 'settings', { token: 'token_revoked' })
    await page.locator('.banner').getByText('token was taken away').waitFor(SHOWN)
  })
})
