/// <reference lib="dom" />
import type { StepKind, StepRun } from '../wire.ts'
import { openDialog } from './dialog.ts'
import { type Child, h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'
import { drawText } from './rich.ts'
import type { Scene } from './scene.ts'
import { isDirect, nameOf } from './state.ts'

/** The steps that the app offers to workflows: a window that runs one, as Workflow Builder would, and shows what came of it. */

type Input = StepKind['inputs'][number]

/** How often the window looks at what became of its runs, milliseconds: the state is replaced, so nothing tells it. */
const LOOK_MS = 250

export function openSteps(scene: Scene): void {
  const { steps } = scene.state
  const first = steps[0]
  if (!first) return
  let chosen = first
  const form = h('div', { class: 'step-form' })
  const runs = h('div', { class: 'step-runs', role: 'log', 'aria-label': 'Runs' })
  const wrong = h('p', { class: 'warning', role: 'alert', hidden: true })
  const run = h('button', { type: 'submit', class: 'button primary' }, 'Run step')
  const show = () => form.replaceChildren(...formOf(scene, chosen))
  const picker = h(
    'select',
    { class: 'field', id: 'step' },
    ...steps.map(({ callback_id, title }) => h('option', { value: callback_id }, title)),
  )
  on(picker, 'change', () => {
    chosen = steps.find(({ callback_id }) => callback_id === picker.value) ?? first
    show()
  })
  show()
  const label = h('div', { class: 'block input' }, h('label', { for: 'step' }, 'Step'), picker)
  const foot = [run]
  const dialog = openDialog(
    { title: ['Workflow steps'], body: [label, form, wrong, runs], foot, style: 'steps' },
    () => {
      run.setAttribute('aria-busy', 'true')
      void scene.acts.runStep(chosen.callback_id, inputsIn(form, chosen)).then((sentence) => {
        run.removeAttribute('aria-busy')
        wrong.hidden = sentence === null
        wrong.textContent = sentence
      })
    },
  )
  let drawn = ''
  const look = () => {
    const mine = scene.state.step_runs.slice(-SHOWN_RUNS).reverse()
    if (drawn === JSON.stringify(mine)) return
    drawn = JSON.stringify(mine)
    runs.replaceChildren(...mine.map((each) => drawRun(scene, each)))
  }
  look()
  const timer = setInterval(look, LOOK_MS)
  on(dialog, 'close', () => clearInterval(timer))
}

/** Newest runs that the window lists. */
const SHOWN_RUNS = 20

function formOf(scene: Scene, step: StepKind): HTMLElement[] {
  const described = step.description === '' ? [] : [h('p', { class: 'hint' }, step.description)]
  const fields = step.inputs.map((input) =>
    h(
      'div',
      { class: 'block input' },
      h(
        'label',
        { for: `step-${input.name}` },
        input.title,
        input.required ? null : h('span', { class: 'optional' }, ' (optional)'),
      ),
      fieldFor(scene, input),
    ),
  )
  return [...described, ...fields]
}

function fieldFor(scene: Scene, input: Input): HTMLElement {
  const id = `step-${input.name}`
  const { state } = scene
  const choose = (options: { value: string; text: string }[]) =>
    h(
      'select',
      { class: 'field', id },
      h('option', { value: '' }, 'Choose…'),
      ...options.map(({ value, text }) => h('option', { value }, text)),
    )
  if (input.type.endsWith('user_id'))
    return choose(
      state.users
        .filter((user) => !user.is_bot && !user.deleted)
        .map((user) => ({ value: user.id, text: user.real_name })),
    )
  if (input.type.endsWith('channel_id'))
    return choose(
      state.channels
        .filter((channel) => !isDirect(channel))
        .map((channel) => ({ value: channel.id, text: `#${channel.name}` })),
    )
  if (input.type === 'boolean') return h('input', { type: 'checkbox', id })
  const type = input.type === 'number' || input.type === 'integer' ? 'number' : 'text'
  return h('input', { class: 'field', type, id, autocomplete: 'off' })
}

/** What the form holds, empty fields left out. */
function inputsIn(form: HTMLElement, step: StepKind): Record<string, unknown> {
  const held = step.inputs.flatMap(({ name }): [string, unknown][] => {
    const field = form.querySelector<HTMLInputElement | HTMLSelectElement>(`#${CSS.escape(`step-${name}`)}`)
    if (field instanceof HTMLInputElement && field.type === 'checkbox') return [[name, field.checked]]
    if (!field || field.value === '') return []
    return [[name, field.type === 'number' ? Number(field.value) : field.value]]
  })
  return Object.fromEntries(held)
}

const SIGNS = { running: ICONS.clock, succeeded: ICONS.check, failed: ICONS.warning } as const

function drawRun(scene: Scene, run: StepRun): HTMLElement {
  const { state } = scene
  const kind = state.steps.find(({ callback_id }) => callback_id === run.callback_id)
  const outputs = Object.entries(run.outputs).map(([name, value]) => {
    const title = kind?.outputs.find((output) => output.name === name)?.title ?? name
    return h('p', {}, h('strong', {}, `${title}: `), ...drawValue(scene, value))
  })
  return h(
    'div',
    { class: `step-run ${run.state}` },
    icon(SIGNS[run.state], run.state),
    h(
      'div',
      { class: 'text' },
      h('p', { class: 'task-title' }, `${kind?.title ?? run.callback_id} · ${nameOf(state, run.user)}`),
      ...outputs,
      run.error === null ? null : h('p', { class: 'field-error' }, run.error),
      run.state === 'running' ? h('p', { class: 'hint' }, 'Running…') : null,
    ),
  )
}

function drawValue(scene: Scene, value: unknown): Child[] {
  if (typeof value === 'string' && /^[UW][A-Z0-9]{5,}$/.test(value)) return [nameOf(scene.state, value)]
  return typeof value === 'string' ? [drawText(scene, value)] : [JSON.stringify(value)]
}
