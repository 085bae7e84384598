/** What an input of a view holds, as the workspace keeps it in Slack's `view.state.values`. Pure. */
export interface Choice {
  value: string
  text: string
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function optionOf(value: unknown): Choice[] {
  if (!isRecord(value)) return []
  const label = isRecord(value['text']) ? value['text']['text'] : value['text']
  return [{ value: String(value['value'] ?? ''), text: typeof label === 'string' ? label : '' }]
}

function plain(value: unknown): Choice[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each) =>
    (typeof each === 'string' && each !== '') || typeof each === 'number' ? [{ value: String(each), text: '' }] : [],
  )
}

const PLAIN_FIELDS = [
  'value',
  'selected_date',
  'selected_time',
  'selected_date_time',
  'selected_user',
  'selected_users',
  'selected_channel',
  'selected_channels',
  'selected_conversation',
  'selected_conversations',
]

/** The choices in one entry of `state.values`, each with its text where Slack gives one; null when the input is empty. */
export function heldIn(entry: Record<string, unknown> | undefined): Choice[] | null {
  const choices = entry ? choicesIn(entry) : []
  return choices.length > 0 ? choices : null
}

function choicesIn(entry: Record<string, unknown>): Choice[] {
  if ('selected_option' in entry) return optionOf(entry['selected_option'])
  const options = entry['selected_options']
  if (Array.isArray(options)) return options.flatMap(optionOf)
  const files = entry['files']
  if (Array.isArray(files)) return files.filter(isRecord).map(fileOf)
  const field = PLAIN_FIELDS.find((name) => name in entry)
  return field === undefined ? [] : plain(entry[field])
}

function fileOf(file: Record<string, unknown>): Choice {
  return { value: String(file['id'] ?? ''), text: String(file['name'] ?? file['title'] ?? '') }
}
