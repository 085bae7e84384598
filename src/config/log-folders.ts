import type { z } from 'zod'
import { fits } from '../domain/detect/log-coverage.ts'
import type { LogMonitor, Monitor, Rules } from '../domain/rules.ts'
import { leaf, listOf, mustBe, ok, type Read, text } from './leaf.ts'
import { type Context, reference } from './names.ts'

/** Folders of logs, of which every one should be read: a source of `coverage`. */

const MOST_IGNORED = 100
const FOLDER = 'a folder of logs such as /var/log/app, or a pattern such as /var/log/app/*.log'

const folder = leaf(FOLDER, (value): Read<string> => {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 1_000) return mustBe(FOLDER)
  const isInName = !/[*?]/.test(value.slice(0, value.lastIndexOf('/') + 1))
  return isInName ? ok(value) : { wrong: 'may have * and ? in its last part alone: write an entry for each folder' }
})

export const logFolderKeys = (context: Context) => ({
  logs: folder.optional(),
  ignore: listOf(text('the name of a file, or a pattern such as debug*.log', 500), MOST_IGNORED).optional(),
  service: reference('services', context, 'belongs to').optional(),
})
type Shape = { [K in keyof ReturnType<typeof logFolderKeys>]?: z.output<ReturnType<typeof logFolderKeys>[K]> }

export function logFolderSense(shape: Shape, refinement: z.RefinementCtx): void {
  if (shape.logs !== undefined) return
  for (const key of ['ignore', 'service'] as const)
    if (shape[key] !== undefined)
      refinement.addIssue({ code: 'custom', path: [key], message: 'has no effect: it belongs to logs' })
}

export function toLogFolder(
  { logs, ignore, service }: Shape,
  pathOf: (path: string) => string,
  serviceOf: (logs: string) => string,
): Rules['coverage']['logs'] {
  if (logs === undefined) return []
  const path = pathOf(logs)
  return [{ logs: path, ignore: ignore ?? [], service: service ?? serviceOf(path) }]
}

/** Whose gaps a folder has, where nobody says: of the service that has a monitor there, else of the first. */
export function ownerOfLogs(monitors: Readonly<Record<string, Monitor>>, services: readonly string[]) {
  const read = Object.values(monitors).filter((monitor): monitor is LogMonitor => monitor.kind === 'log')
  return (logs: string): string => {
    const pattern = /[*?]/.test(logs) ? logs : `${logs}/*`
    return read.find(({ file }) => file !== null && fits(file, pattern))?.service ?? services[0] ?? ''
  }
}
