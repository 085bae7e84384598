/// <reference lib="dom" />
import { h } from './dom.ts'
import { menu } from './float.ts'
import { ICONS } from './icons.ts'
import type { Scene } from './scene.ts'
import { openSteps } from './steps.ts'

/** What the plus beside the message field offers: the app's shortcuts, its workflow steps, files. */
export function plusMenu(scene: Scene | null, pickFile: () => void): HTMLElement {
  if (!scene) return h('div', { class: 'menu' })
  const { state, acts } = scene
  const app = state.bot.real_name || state.bot.name
  const shortcuts = state.shortcuts.filter(({ type }) => type === 'global')
  return menu('Shortcuts and files', [
    {
      title: `${app}: shortcuts`,
      items: shortcuts.map(({ callback_id, name, description }) => ({
        label: name,
        icon: ICONS.bolt,
        detail: description,
        run: () => acts.runShortcut(callback_id),
      })),
    },
    {
      items: [
        { label: 'Upload a file', icon: ICONS.upload, detail: 'Up to 15 MB', run: pickFile },
        ...(state.steps.length === 0
          ? []
          : [
              {
                label: 'Workflow steps',
                icon: ICONS.play,
                detail: `Run a step that ${app} offers to workflows`,
                run: () => openSteps(scene),
              },
            ]),
      ],
    },
  ])
}
