import { z } from 'zod'
import type { Incident } from '../domain/incident.ts'
import type { Said } from '../domain/response.ts'
import { type Rules, Severity, under } from '../domain/rules.ts'
import { parsedJson } from '../json.ts'
import { context } from './blocks.ts'
import { cut, escapeText } from './text.ts'
import { inc } from './words.ts'

/** Forms: what they ask, and what was filled in. Pure. */

export const DECLARE = 'incident_declare'
const DECLARE_FROM = 'incident_declare_from'
export const ADD_TO_TIMELINE = 'timeline_add'

/** As people find them in Slack's menus; the name has 24 characters at most. */
export const SHORTCUTS = [
  {
    name: 'Declare an incident',
    type: 'global',
    callback_id: DECLARE,
    description: 'Opens an incident and pages whoever answers for the service',
  },
  {
    name: 'Declare an incident',
    type: 'message',
    callback_id: DECLARE_FROM,
    description: 'Opens an incident of which this message is the first word',
  },
  {
    name: 'Add to the timeline',
    type: 'message',
    callback_id: ADD_TO_TIMELINE,
    description: 'Puts this message on the timeline of an incident, at its own time',
  },
] as const

const TITLE_CHARACTERS = 150
/** Slack shows no more choices in one menu. */
const MOST_CHOICES = 100

const plainText = (text: string) => ({ type: 'plain_text' as const, text, emoji: true })
const option = (text: string, value: string, description?: string) => ({
  text: plainText(cut(text, 75)),
  value,
  ...(description ? { description: plainText(cut(description, 75)) } : {}),
})

const GRAVITY: Record<Severity, string> = {
  critical: 'People are hurt by it now',
  error: 'It is broken, and has to be mended soon',
  warning: 'It will break, or is slower than it should be',
  info: 'Worth a record',
}

/** What the form keeps for itself: where it was opened, and by which payload. Slack gives it back, and it is believed nothing. */
const Meta = z.strictObject({ from: z.string().nullable() })

const metaOf = (text: string): z.infer<typeof Meta> => Meta.safeParse(parsedJson(text)).data ?? { from: null }

const quoted = ({ author, text }: Pick<Said, 'author' | 'text'>) =>
  `*${escapeText(author)}*: ${escapeText(cut(text, 300))}`

/** @param from the payload that has the message which says so first */
export function declareForm(
  { services }: Rules,
  from: string | null,
  said: Pick<Said, 'author' | 'text'> | null,
): object {
  const names = Object.keys(services)
  const [first] = names
  const choices = names.slice(0, MOST_CHOICES).map((name) => option(name, name))
  const options = Severity.options.map((each) => option(each, each, GRAVITY[each]))
  const title = said === null ? '' : cut(said.text.split('\n', 1)[0] ?? '', TITLE_CHARACTERS)
  return {
    type: 'modal',
    callback_id: DECLARE,
    private_metadata: JSON.stringify({ from }),
    title: plainText('Declare an incident'),
    submit: plainText('Declare and page'),
    close: plainText('Cancel'),
    blocks: [
      ...(said === null ? [] : [context(`First on the timeline: ${quoted(said)}`)]),
      {
        type: 'input',
        block_id: 'title',
        label: plainText('What is wrong?'),
        hint: plainText('A few words: they are what somebody reads who was asleep a minute ago.'),
        element: {
          type: 'plain_text_input',
          action_id: 'value',
          max_length: TITLE_CHARACTERS,
          ...(title === '' ? {} : { initial_value: title }),
        },
      },
      {
        type: 'input',
        block_id: 'service',
        label: plainText('Which service?'),
        hint: plainText('Whoever answers for it is paged.'),
        element: {
          type: 'static_select',
          action_id: 'value',
          options: choices,
          ...(names.length === 1 && first ? { initial_option: option(first, first) } : {}),
        },
      },
      {
        type: 'input',
        block_id: 'severity',
        label: plainText('How grave?'),
        element: { type: 'static_select', action_id: 'value', options, initial_option: options[0] },
      },
      {
        type: 'input',
        block_id: 'private',
        optional: true,
        label: plainText('Who may know?'),
        element: {
          type: 'checkboxes',
          action_id: 'value',
          options: [
            option('Private', 'private', 'A private channel; nobody hears of it who is not paged or has no role in it'),
          ],
        },
      },
    ],
  }
}

/** Which incident a message is added to. */
export function timelineForm(open: readonly Incident[], from: string, said: Pick<Said, 'author' | 'text'>): object {
  const options = open.slice(0, MOST_CHOICES).map(({ id, title }) => option(`${inc(id)} ${title}`, String(id)))
  return {
    type: 'modal',
    callback_id: ADD_TO_TIMELINE,
    private_metadata: JSON.stringify({ from }),
    title: plainText('Add to the timeline'),
    submit: plainText('Add'),
    close: plainText('Cancel'),
    blocks: [
      context(quoted(said)),
      {
        type: 'input',
        block_id: 'incident',
        label: plainText('Which incident?'),
        element: {
          type: 'static_select',
          action_id: 'value',
          options,
          ...(options.length === 1 ? { initial_option: options[0] } : {}),
        },
      },
    ],
  }
}

const selected = z.object({ value: z.object({ selected_option: z.object({ value: z.string() }).nullish() }) })
const View = z.object({
  callback_id: z.string(),
  private_metadata: z.string().default(''),
  state: z.object({
    values: z.object({
      title: z.object({ value: z.object({ value: z.string().nullish() }) }).optional(),
      service: selected.optional(),
      severity: selected.optional(),
      incident: selected.optional(),
      private: z
        .object({ value: z.object({ selected_options: z.array(z.object({ value: z.string() })).nullish() }) })
        .optional(),
    }),
  }),
})

/** A form as it was sent: what its sender would have typed instead; or what is wrong, by the field at which it is shown. */
export type Filled = { text: string; from: string | null; callback: string } | { errors: Record<string, string> }

export function filled(view: unknown, { services }: Rules): Filled | null {
  const parsed = View.safeParse(view)
  if (!parsed.success) return null
  const { callback_id: callback, private_metadata, state } = parsed.data
  const { values } = state
  const { from } = metaOf(private_metadata)
  const chosen = (field: z.infer<typeof selected> | undefined) => field?.value.selected_option?.value ?? ''
  if (callback === ADD_TO_TIMELINE) {
    const id = chosen(values.incident)
    return /^\d{1,9}$/.test(id) && from !== null
      ? { text: `INC-${id}`, from, callback }
      : { errors: { incident: 'Choose the incident to whose timeline it belongs.' } }
  }
  if (callback !== DECLARE) return null
  const title = (values.title?.value.value ?? '').replaceAll(/\s+/g, ' ').trim()
  const [service, severity] = [chosen(values.service), chosen(values.severity)]
  const errors = {
    ...(title === '' ? { title: 'An incident needs a title: a few words on what is wrong.' } : {}),
    ...(under(services, service)
      ? {}
      : { service: 'That service is not in the configuration any more. Choose the one whose people have to come.' }),
    ...(Severity.safeParse(severity).success ? {} : { severity: 'Choose how grave it is.' }),
  }
  if (Object.keys(errors).length > 0) return { errors }
  const hidden = (values.private?.value.selected_options ?? []).some(({ value }) => value === 'private')
  return { text: `${hidden ? 'private' : 'declare'} ${severity} ${service} ${escapeText(title)}`, from, callback }
}
