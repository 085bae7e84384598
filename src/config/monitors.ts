import type { Context } from './names.ts'
import { type Reader, recordOf } from './reader.ts'
import { nearest } from './suggest.ts'
import { commonMonitorKeys, MONITOR_KINDS, type MonitorShape, monitorShapes } from './watch.ts'

/** Every monitor of the file whose shape is right, by its name. */
export function readMonitors(
  root: Record<string, unknown>,
  context: Context,
  reader: Reader,
): Map<string, MonitorShape> {
  const shapes = monitorShapes(context)
  const found = new Map<string, MonitorShape>()
  for (const [name, value] of reader.entries(root, 'monitors')) {
    const path = ['monitors', name]
    const keys = recordOf(value)
    const kinds = MONITOR_KINDS.filter((kind) => keys !== null && Object.hasOwn(keys, kind))
    const kind = kinds.at(0)
    const second = kinds.at(1)
    if (keys === null) reader.read(shapes.probe, value, path)
    else if (kind === undefined || second !== undefined) {
      const has = second === undefined ? meantKind(keys, context) : `, not ${kinds.join(' and ')}`
      reader.report(
        [...path, ...(second === undefined ? [] : [second])],
        `needs exactly one of ${MONITOR_KINDS.join(', ')}${has}`,
        true,
      )
      for (const [key, shape] of Object.entries(commonMonitorKeys(context))) {
        if (Object.hasOwn(keys, key) || key === 'service') reader.read<unknown>(shape, keys[key], [...path, key])
      }
    } else {
      const shape = reader.read<MonitorShape['shape']>(shapes[kind], value, path)
      if (shape) found.set(name, { kind, shape } as MonitorShape)
    }
  }
  return found
}

/** A misspelt kind is a monitor without one. */
function meantKind(keys: Record<string, unknown>, context: Context): string {
  const common = commonMonitorKeys(context)
  for (const key of Object.keys(keys)) {
    const near = Object.hasOwn(common, key) ? null : nearest(key, MONITOR_KINDS)
    if (near !== null) return `; did you mean ${near} instead of ${key}?`
  }
  return ''
}
