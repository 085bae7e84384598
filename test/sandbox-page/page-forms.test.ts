import type { KnownBlock, ModalView } from '@slack/types'
import { describe, expect, test } from 'vitest'
import type { LocalSlack, SlackOptions } from '../../src/sandbox/server.ts'
import type { Shortcut, StepKind } from '../../src/sandbox/wire.ts'
import { clientOf, connect, type Received, slackWith } from '../sandbox/support.ts'
import { chromiumPath } from '../support/need.ts'
import { eyes, fromMenu, last, SHOWN, type } from './browser.ts'

const plain = (text: string) => ({ type: 'plain_text', text }) as const
const option = (text: string) => ({ text: plain(text), value: text.toLowerCase() })

/** An input whose block is called as its label begins. */
function input(label: string, element: object, optional = false): KnownBlock {
  const block_id = label.toLowerCase()
  return {
    type: 'input',
    block_id,
    optional,
    label: plain(label),
    element: { action_id: 'value', ...element },
  } as KnownBlock
}

const push: KnownBlock = {
  type: 'actions',
  block_id: 'deeper',
  elements: [{ type: 'button', action_id: 'push', text: plain('Look deeper') }],
}

const form = (title: string, blocks: KnownBlock[]): ModalView => ({
  type: 'modal',
  title: plain(title),
  submit: plain('Send'),
  blocks,
})

const EVERYTHING = form('Declare', [
  input('Title', { type: 'plain_text_input', min_length: 3 }),
  input('Severity', { type: 'static_select', options: ['Critical', 'Error'].map(option) }),
  input('Service', { type: 'external_select', min_query_length: 2 }),
  input('People', { type: 'multi_users_select' }),
  input('Where', { type: 'conversations_select', default_to_current_conversation: true }),
  input('Day', { type: 'datepicker' }),
  input('Hour', { type: 'timepicker', initial_time: '07:52' }),
  input('Until', { type: 'datetimepicker' }),
  input('Tell', { type: 'checkboxes', options: ['Customers', 'Management'].map(option) }),
  input('Loud', { type: 'radio_buttons', options: ['Page', 'Write'].map(option) }),
  input('Count', { type: 'number_input', is_decimal_allowed: false }),
  input('Mail', { type: 'email_text_input' }),
  input('Link', { type: 'url_text_input' }),
  input('Evidence', { type: 'file_input', filetypes: ['txt'] }),
  input('Left out', { type: 'plain_text_input' }, true),
])

const NOTE = form('Note', [
  input('Text', { type: 'plain_text_input' }),
  input('Service', { type: 'external_select', min_query_length: 0 }, true),
  push,
])

const SHORTCUTS: Shortcut[] = [
  { type: 'global', callback_id: 'declare', name: 'Declare an incident', description: 'Opens a form' },
  { type: 'global', callback_id: 'silent', name: 'Say nothing', description: '' },
  { type: 'message', callback_id: 'note', name: 'Add to the timeline', description: '' },
]

const STEPS: StepKind[] = [
  {
    callback_id: 'who',
    title: 'Get who is on call',
    description: '',
    inputs: [{ name: 'schedule', title: 'Schedule', type: 'string', required: true }],
    outputs: [{ name: 'person', title: 'Person', type: 'slack#/types/user_id' }],
  },
]

describe.skipIf(chromiumPath === null)('forms on the page of the local workspace (needs Chromium)', () => {
  const look = eyes()
  const workspace = (more: Partial<SlackOptions> = {}) =>
    slackWith({ timing: { ackMs: 1500, triggerMs: 10_000, retryMs: [0] }, shortcuts: SHORTCUTS, ...more })

  /** The app: answers with `answer`, and opens or pushes a form where something asks for it. Keeps what it was sent. */
  async function app(slack: LocalSlack, answer: (body: Received['body']) => object | undefined | 'nothing') {
    const client = clientOf(slack)
    const bodies: Received['body'][] = []
    await connect(slack, async ({ ack, body }) => {
      bodies.push(body)
      const said = answer(body)
      if (said === 'nothing') return
      await ack(said)
      const { trigger_id } = body
      if (body.callback_id === 'declare') await client.views.open({ trigger_id, view: EVERYTHING })
      if (body.callback_id === 'note') await client.views.open({ trigger_id, view: NOTE })
      if (body.actions?.[0]?.action_id === 'push')
        await client.views.push({
          trigger_id,
          view: form('Deeper', [input('Depth', { type: 'plain_text_input' }), push]),
        })
    })
    return bodies
  }

  test('a shortcut opens a form with every kind of field; it is filled in, refused, corrected, and taken', async () => {
    const slack = await workspace()
    let refused = false
    const bodies = await app(slack, (body) => {
      if (body.type === 'block_suggestion')
        return { option_groups: [{ label: plain('Mail'), options: [option(`${body.value}mail`)] }] }
      if (body.type !== 'view_submission' || refused) return undefined
      refused = true
      return { response_action: 'errors', errors: { severity: 'Nobody is on duty for that.' } }
    })
    const page = await look(slack, 'ada', 'ops')
    await page.getByRole('button', { name: 'Shortcuts and files' }).click()
    await page.getByRole('menuitem', { name: 'Declare an incident' }).click()
    const dialog = page.getByRole('dialog', { name: 'Declare' })
    const field = (name: string) => dialog.getByLabel(name, { exact: true })
    const choose = (name: string) => page.getByRole('option', { name }).click(SHOWN)

    await field('Title').fill('webmail')
    await field('Severity').fill('crit')
    expect(await page.getByRole('option').allInnerTexts()).toEqual(['Critical'])
    await field('Severity').press('Enter')
    await field('Service').fill('w')
    await page.getByText('Type at least 2 characters').waitFor(SHOWN)
    await field('Service').fill('web')
    await page.getByText('Mail', { exact: true }).and(page.locator('.select-list *')).waitFor(SHOWN)
    await choose('webmail')
    await field('People').click()
    await choose('Ada')
    await field('People').click()
    await choose('Bart')
    await dialog.getByRole('button', { name: 'Remove Ada' }).click()
    await field('Day').fill('2018-03-15')
    await field('Until').fill('2018-03-15T08:00')
    await dialog.getByLabel('Customers').check()
    await dialog.getByLabel('Page').check()
    await field('Evidence').setInputFiles({
      name: 'mail.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('550 rejected'),
    })
    await dialog.getByRole('listitem').getByText('mail.txt').waitFor(SHOWN)
    await field('Count').fill('many')
    await field('Mail').fill('ops@example.test')
    await field('Link').fill('https://example.test/')

    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.getByText('Please enter a number.').waitFor(SHOWN)
    expect(await field('Count').getAttribute('aria-invalid')).toBe('true')
    await field('Count').fill('12')
    expect(await dialog.getByText('Please enter a number.').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.getByText('Nobody is on duty for that.').waitFor(SHOWN)
    expect(await field('Service').inputValue()).toBe('webmail')
    await field('Severity').fill('err')
    await choose('Error')
    expect(await dialog.getByText('Nobody is on duty for that.').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.waitFor({ ...SHOWN, state: 'detached' })

    const { values } = bodies.filter((body) => body.type === 'view_submission').at(-1).view.state
    expect(values).toMatchObject({
      title: { value: { value: 'webmail' } },
      severity: { value: { selected_option: { value: 'error' } } },
      service: { value: { selected_option: { value: 'webmail' } } },
      people: { value: { selected_users: ['UBART0000'] } },
      where: { value: { selected_conversation: slack.channel('ops').room.id } },
      day: { value: { selected_date: '2018-03-15' } },
      hour: { value: { selected_time: '07:52' } },
      until: { value: { selected_date_time: Date.parse('2018-03-15T08:00+01:00') / 1000 } },
      tell: { value: { selected_options: [{ value: 'customers' }] } },
      loud: { value: { selected_option: { value: 'page' } } },
      count: { value: { value: '12' } },
      'left out': { value: { value: null } },
    })
    const [file] = slack.workspace.files.keys()
    expect(JSON.stringify(values.evidence)).toContain(file)
  })

  test('forms lie on each other; what was typed below is there again, and the cross closes them all', async () => {
    const slack = await workspace()
    await app(slack, () => undefined)
    slack.say('bart', 'ops', 'what changed?')
    const page = await look(slack, 'ada', 'ops')
    await fromMenu(page, 'what changed?', 'Add to the timeline')
    const note = page.getByRole('dialog', { name: 'Note' })
    await note.getByLabel('Text').fill('v42 did')
    await note.getByRole('button', { name: 'Look deeper' }).click()
    const deeper = page.getByRole('dialog', { name: 'Deeper' })
    await deeper.getByText('2 of 3').waitFor(SHOWN)
    await deeper.getByRole('button', { name: 'Back' }).first().click()
    await note.waitFor(SHOWN)
    expect(await note.getByLabel('Text').inputValue()).toBe('v42 did')
    await note.getByRole('button', { name: 'Look deeper' }).click()
    await deeper.getByText('2 of 3').waitFor(SHOWN)
    await deeper.getByRole('button', { name: 'Look deeper' }).click()
    await deeper.getByText('3 of 3').waitFor(SHOWN)
    await deeper.getByRole('button', { name: 'Close all' }).click()
    await expect.poll(() => page.getByRole('dialog').count(), SHOWN).toBe(0)
  })

  test('what the app never answers is said where the person looks', async () => {
    const slack = await workspace({ timing: { ackMs: 300, triggerMs: 10_000, retryMs: [0] } })
    await app(slack, (body) => (body.callback_id === 'note' ? undefined : 'nothing'))
    const buttons: KnownBlock = {
      type: 'actions',
      elements: [
        { type: 'button', action_id: 'escalate', text: plain('Escalate') },
        { type: 'button', action_id: 'other', text: plain('Other') },
      ],
    }
    await clientOf(slack).chat.postMessage({ channel: slack.channel('ops').room.id, text: 'INC-7', blocks: [buttons] })
    slack.say('bart', 'ops', 'what changed?')
    const page = await look(slack, 'ada', 'ops')

    await page.getByRole('button', { name: 'Escalate' }).click()
    await page
      .locator('.failed-element', { hasText: 'Escalate' })
      .getByRole('img', { name: /did not respond/ })
      .waitFor(SHOWN)
    expect(await page.locator('.failed-element', { hasText: 'Other' }).count()).toBe(0)

    await page.getByRole('button', { name: 'Shortcuts and files' }).click()
    await page.getByRole('menuitem', { name: 'Say nothing' }).click()
    await page.locator('.toast').getByText('did not respond').waitFor(SHOWN)
    await page.locator('.toast').getByRole('button', { name: 'Dismiss' }).click()
    expect(await page.locator('.toast').count()).toBe(0)

    await type(page, '/oncall')
    await last(page).getByText('operation_timeout').waitFor(SHOWN)

    await fromMenu(page, 'what changed?', 'Add to the timeline')
    const note = page.getByRole('dialog', { name: 'Note' })
    await note.getByLabel('Service').click()
    await page.getByText('Failed to load options').waitFor(SHOWN)
    await note.getByLabel('Text').fill('v42 did')
    await note.getByRole('button', { name: 'Send' }).click()
    await note.locator('.warning').getByText('did not respond').waitFor(SHOWN)
    expect(await note.getByLabel('Text').inputValue()).toBe('v42 did')
  })

  test('the App Home is opened, its table turned and ordered, and a choice in it reaches the app', async () => {
    const slack = await workspace({ events: ['app_home_opened'] })
    const client = clientOf(slack)
    const raw = (text: string) => ({ type: 'raw_text', text }) as const
    const hours = (value: number) => ({ type: 'raw_number', value, text: String(value) }) as const
    const rows = [3, 12, 7].map((count) => [raw(`shift of ${count}`), hours(count)])
    const blocks: KnownBlock[] = [
      { type: 'data_table', caption: 'Your shifts', page_size: 2, rows: [[raw('Shift'), raw('Hours')], ...rows] },
      {
        type: 'actions',
        elements: [
          {
            type: 'static_select',
            action_id: 'schedule',
            placeholder: plain('Schedule'),
            options: ['Mail', 'Web'].map(option),
          },
          { type: 'overflow', action_id: 'more', options: ['Silence', 'Runbook'].map(option) },
        ],
      },
    ]
    const chosen: string[] = []
    await connect(slack, async ({ type, ack, body }: Received) => {
      await ack()
      if (type === 'events_api' && body.event.tab === 'home')
        await client.views.publish({ user_id: body.event.user, view: { type: 'home', blocks } })
      if (body.actions) chosen.push(body.actions[0].selected_option.value)
    })
    const page = await look(slack, 'ada', 'ops')
    await page.getByRole('button', { name: /Watchbill APP/ }).click()
    await page.getByRole('tab', { name: 'Home' }).click()
    await page.getByRole('table', { name: 'Your shifts' }).waitFor(SHOWN)
    const first = page.locator('tbody th')
    expect(await first.allInnerTexts()).toEqual(['shift of 3', 'shift of 12'])
    await page.getByRole('button', { name: 'Next' }).click()
    expect(await first.allInnerTexts()).toEqual(['shift of 7'])
    await page.getByRole('button', { name: 'Hours' }).click()
    await page.getByRole('button', { name: 'Hours' }).click()
    expect(await first.allInnerTexts()).toEqual(['shift of 12', 'shift of 7'])
    await page.getByRole('combobox', { name: 'Schedule' }).click()
    await page.getByRole('option', { name: 'Web' }).click()
    await expect.poll(() => chosen, SHOWN).toEqual(['web'])
    await page.getByRole('button', { name: 'More options' }).click()
    await page.getByRole('menuitem', { name: 'Runbook' }).click()
    await expect.poll(() => chosen, SHOWN).toEqual(['web', 'runbook'])
  })

  test('a step that the app offers to workflows is run, and what came of it is shown', async () => {
    const slack = await workspace({ steps: STEPS, events: ['function_executed'] })
    const client = clientOf(slack)
    await connect(slack, async ({ type, ack, body }: Received) => {
      await ack()
      if (type !== 'events_api' || body.event.type !== 'function_executed') return
      const { function_execution_id } = body.event
      await client.functions.completeSuccess({ function_execution_id, outputs: { person: 'UBART0000' } })
    })
    const page = await look(slack, 'ada', 'ops')
    await page.getByRole('button', { name: 'Shortcuts and files' }).click()
    await page.getByRole('menuitem', { name: 'Workflow steps' }).click()
    const dialog = page.getByRole('dialog', { name: 'Workflow steps' })
    await dialog.getByRole('button', { name: 'Run step' }).click()
    await dialog.getByText('The step needs Schedule.').waitFor(SHOWN)
    await dialog.getByLabel('Schedule').fill('mail')
    await dialog.getByRole('button', { name: 'Run step' }).click()
    await dialog.getByText('Person: Bart').waitFor(SHOWN)
  })
})
