import type { KnownBlock } from '@slack/types'
import { describe, expect, test } from 'vitest'
import { clientOf, connect, type Received, slackWith } from '../sandbox/support.ts'
import { chromiumPath } from '../support/need.ts'
import { eyes, last, SHOWN, type } from './browser.ts'

const PAGE_BLOCKS: KnownBlock[] = [
  { type: 'header', text: { type: 'plain_text', text: ':rotating_light: INC-7 webmail is failing' } },
  { type: 'section', text: { type: 'mrkdwn', text: '*3 of 3 probes failed*' } },
  {
    type: 'actions',
    block_id: 'acts',
    elements: [
      {
        type: 'button',
        action_id: 'incident_ack',
        text: { type: 'plain_text', text: 'Acknowledge' },
        style: 'primary',
      },
      {
        type: 'button',
        action_id: 'incident_resolve',
        text: { type: 'plain_text', text: 'Resolve' },
        style: 'danger',
        confirm: {
          title: { type: 'plain_text', text: 'Resolve INC-7?' },
          text: { type: 'mrkdwn', text: 'It still *fails*.' },
          confirm: { type: 'plain_text', text: 'Yes, resolve' },
          deny: { type: 'plain_text', text: 'Keep open' },
        },
      },
    ],
  },
]

describe.skipIf(chromiumPath === null)('the page of the local workspace (needs Chromium)', () => {
  const look = eyes()
  const workspace = () => slackWith({ team: 'Example Mail', timing: { ackMs: 1500, triggerMs: 3000, retryMs: [0] } })
  test('a message that is typed stands in the channel, for the other person too', async () => {
    const slack = await workspace()
    const ada = await look(slack, 'ada', 'ops')
    const bart = await look(slack, 'bart', 'ops')
    await type(ada, 'the pool is *down*, @bart')
    await last(bart).getByText('the pool is down').waitFor(SHOWN)
    expect(await last(bart).locator('strong').innerText()).toBe('down')
    expect(await last(bart).locator('.mention.me').innerText()).toMatch(/^@bart/i)
    expect(await last(ada).locator('.author').innerText()).toMatch(/^ada/i)
    expect(await ada.locator('#composer').inputValue()).toBe('')
  })

  test('what looks like HTML stays text, in messages of people and of the bot', async () => {
    const slack = await workspace()
    const page = await look(slack, 'ada', 'ops')
    const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    await type(page, evil)
    await last(page).getByText(evil).waitFor(SHOWN)
    const blocks: KnownBlock[] = [
      { type: 'header', text: { type: 'plain_text', text: evil } },
      { type: 'section', text: { type: 'mrkdwn', text: evil } },
      { type: 'markdown', text: evil },
      { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: evil }] }] },
    ]
    await clientOf(slack).chat.postMessage({ channel: slack.channel('ops').room.id, text: evil, blocks })
    await last(page).locator('.block.header').waitFor(SHOWN)
    expect(await last(page).getByText(evil).count()).toBe(4)
    expect(await page.locator('.message img, .message script').count()).toBe(0)
  })

  test('a command runs, and its answer is visible to its person only', async () => {
    const slack = await workspace()
    await connect(slack, async ({ type, ack, body }: Received) => {
      await ack(type === 'slash_commands' ? { text: `On duty: <@${body.user_id}>` } : undefined)
    })
    const page = await look(slack, 'ada', 'ops')
    const other = await look(slack, 'bart', 'ops')
    await page.locator('#composer').pressSequentially('/on')
    await page.getByRole('option', { name: '/oncall' }).waitFor(SHOWN)
    await page.locator('#composer').press('Tab')
    expect(await page.locator('#composer').inputValue()).toBe('/oncall ')
    await page.locator('#composer').press('Enter')
    await last(page).getByText('On duty: @').waitFor(SHOWN)
    expect(await last(page).getByText('Only visible to you').count()).toBe(1)
    expect(await other.getByText('On duty').count()).toBe(0)
    await page.locator('#composer').press('ArrowUp')
    expect(await page.locator('#composer').inputValue()).toBe('/oncall')
  })

  test('a command without anybody to run it says so', async () => {
    const slack = await workspace()
    const page = await look(slack, 'ada', 'ops')
    await page.locator('.banner').getByText('is not connected').waitFor(SHOWN)
    await type(page, '/oncall')
    await last(page).getByText('/oncall').waitFor(SHOWN)
    expect(await last(page).getByText('Only visible to you').count()).toBe(1)
  })

  test('a button is pressed, waits, and its message changes; one that fails says why', async () => {
    const slack = await workspace()
    const client = clientOf(slack)
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await connect(slack, async ({ type, ack, body }: Received) => {
      if (type !== 'interactive' || body.actions[0].action_id !== 'incident_ack') return
      await held
      await ack()
      await client.chat.update({
        channel: body.channel.id,
        ts: body.message.ts,
        text: 'Acknowledged by ada',
        blocks: [],
      })
    })
    const { channel } = await client.conversations.open({ users: slack.workspace.users.get('UADA00000')?.id ?? '' })
    await client.chat.postMessage({ channel: channel?.id ?? '', text: 'INC-7', blocks: PAGE_BLOCKS })
    const page = await look(slack, 'ada')
    await page.getByRole('heading', { name: 'INC-7 webmail is failing' }).waitFor(SHOWN)

    await page.getByRole('button', { name: 'Resolve' }).click()
    await page.getByRole('dialog').getByText('It still fails.').waitFor(SHOWN)
    await page.getByRole('button', { name: 'Keep open' }).click()
    expect(await page.locator('[aria-busy=true]').count()).toBe(0)

    await page.getByRole('button', { name: 'Resolve' }).click()
    await page.getByRole('button', { name: 'Yes, resolve' }).click()
    await last(page).locator('.warning').waitFor(SHOWN)
    expect(await last(page).locator('.warning').innerText()).not.toBe('')

    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await page.locator('[data-action=incident_ack][aria-busy=true]').waitFor(SHOWN)
    release()
    await last(page).getByText('Acknowledged by ada').waitFor(SHOWN)
    expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0)
  })

  test('unread marks come with messages and go with reading', async () => {
    const slack = await workspace()
    const page = await look(slack, 'ada', 'general')
    const ops = page.locator(`[data-channel="${slack.channel('ops').room.id}"]`)
    slack.say('bart', 'ops', 'one')
    slack.say('bart', 'ops', 'two')
    await ops.locator('.badge').getByText('2').waitFor(SHOWN)
    expect(await ops.getAttribute('class')).toContain('unread')
    await expect.poll(() => page.title(), SHOWN).toMatch(/^\(2\) /)
    await ops.click()
    await page.locator('.is-new, .new-line').waitFor(SHOWN)
    await ops.locator('.badge').waitFor({ ...SHOWN, state: 'detached' })
    await expect.poll(() => page.title(), SHOWN).toBe('#ops · Example Mail')
    expect(page.url()).toContain('as=UADA')
  })

  test('the list stays where the person reads, and a pill counts what came', async () => {
    const slack = await workspace()
    for (let n = 1; n <= 60; n += 1) slack.say('bart', 'ops', `line ${n}`)
    const page = await look(slack, 'ada', 'ops')
    await page.getByText('line 60', { exact: true }).waitFor(SHOWN)
    await page.locator('#list').hover()
    await page.mouse.wheel(0, -600)
    await expect.poll(() => page.getByText('line 60', { exact: true }).isVisible(), SHOWN).toBe(true)
    await page.waitForTimeout(200)
    slack.say('bart', 'ops', 'line 61')
    await page.getByRole('button', { name: '1 new message' }).click(SHOWN)
    await expect.poll(() => page.locator('#pill').isHidden(), SHOWN).toBe(true)
  })

  test('a thread unfolds, and is answered in', async () => {
    const slack = await workspace()
    for (let n = 1; n <= 30; n += 1) slack.say('bart', 'ops', `line ${n}`)
    const root = slack.say('bart', 'ops', 'what changed?')
    slack.say('bart', 'ops', `v42 did, ${'and how '.repeat(200)}`, root.ts)
    const page = await look(slack, 'ada', 'ops')
    expect(await page.getByText('v42 did').count()).toBe(0)
    const before = await page.getByText('what changed?').boundingBox()
    await page.getByRole('button', { name: '1 reply' }).click()
    await page.getByText('v42 did').waitFor(SHOWN)
    expect(Math.abs(((await page.getByText('what changed?').boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2)
    await page.getByRole('textbox', { name: 'Reply in thread' }).fill('rolled back')
    await page.getByRole('textbox', { name: 'Reply in thread' }).press('Enter')
    await page.locator('.message.reply').getByText('rolled back').waitFor(SHOWN)
    await page.getByRole('button', { name: '2 replies' }).waitFor(SHOWN)
  })

  test('another person is played, who sees their own channels', async () => {
    const slack = await workspace()
    const page = await look(slack, 'ada', 'secret')
    expect(await page.getByRole('button', { name: 'private channel secret' }).count()).toBe(1)
    await page.locator('#switcher').click()
    await page.getByRole('menuitemradio', { name: 'bart' }).click()
    await expect.poll(() => page.url(), SHOWN).toContain('as=UBART')
    await page.getByRole('button', { name: 'private channel secret' }).waitFor({ ...SHOWN, state: 'detached' })
    expect(await page.getByRole('button', { name: /channel old/ }).count()).toBe(0)
    await page.goBack()
    await page.getByRole('button', { name: 'private channel secret' }).waitFor(SHOWN)
  })

  test('a mention of a channel leads to it, and pins are listed', async () => {
    const slack = await workspace()
    const ops = slack.channel('ops').room.id
    slack.say('bart', 'general', 'look at #ops')
    const { ts } = slack.say('bart', 'ops', 'the summary')
    await clientOf(slack).pins.add({ channel: ops, timestamp: ts })
    const page = await look(slack, 'ada', 'general')
    await page.locator('button.mention').click()
    await page.getByRole('button', { name: '1 pinned' }).click()
    await page.getByRole('dialog', { name: 'Pinned messages' }).getByText('the summary').waitFor(SHOWN)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  test('a modal is filled in, refused field by field, and taken', async () => {
    const slack = await workspace()
    const client = clientOf(slack)
    await connect(slack, async ({ type, ack, body }: Received) => {
      if (type === 'slash_commands') {
        await ack()
        const input: KnownBlock = {
          type: 'input',
          block_id: 'version',
          label: { type: 'plain_text', text: 'Version' },
          element: { type: 'plain_text_input', action_id: 'value' },
        }
        const title = { type: 'plain_text', text: 'Deploy' } as const
        await client.views.open({
          trigger_id: body.trigger_id,
          view: { type: 'modal', title, submit: title, blocks: [input] },
        })
      } else {
        const good = body.view.state.values.version.value.value === 'v43'
        await ack(good ? undefined : { response_action: 'errors', errors: { version: 'There is no such build.' } })
      }
    })
    const page = await look(slack, 'ada', 'ops')
    await type(page, '/page now')
    const dialog = page.getByRole('dialog', { name: 'Deploy' })
    await dialog.getByLabel('Version').fill('v42')
    await dialog.getByRole('button', { name: 'Deploy' }).click()
    await dialog.getByText('There is no such build.').waitFor(SHOWN)
    await dialog.getByLabel('Version').fill('v43')
    await dialog.getByRole('button', { name: 'Deploy' }).click()
    await dialog.waitFor({ ...SHOWN, state: 'detached' })
  })

  test('at 360 pixels nothing is wider than the window, and the channels are a drawer', async () => {
    const slack = await workspace()
    slack.say('bart', 'ops', `\`\`\`${'wide '.repeat(80)}\`\`\` https://example-mail.test/${'long'.repeat(60)}`)
    const page = await look(slack, 'ada', 'ops', { width: 360 })
    await last(page).locator('pre').waitFor(SHOWN)
    expect(await page.locator('html').evaluate((html) => html.scrollWidth)).toBe(360)
    expect(await page.locator('#sidebar').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Channels' }).click()
    await page.getByRole('button', { name: 'channel general' }).click()
    await expect.poll(() => page.locator('#sidebar').isVisible(), SHOWN).toBe(false)
    expect(await page.locator('.title-name').innerText()).toBe('general')
  })
})
