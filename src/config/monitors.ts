import type { Context } from './names.ts'
import { type Reader, recordOf } from './reader.ts'
import { nearest } from './suggest.ts'
import { commonMonitorKeys, MONITOR_KINDS, type MonitorKind, monitorShapes, type ProbeShape } from './watch.ts'

/** A monitor of a kind that is not built yet: what can be said about all of them. */
export interface OtherMonitor {
  kind: MonitorKind
  depends_on?: string[] | undefined
}

export function readMonitors(root: Record<string, unknown>, context: Context, reader: Reader) {
  const shapes = monitorShapes(context)
  const probes = new Map<string, ProbeShape>()
  const others = new Map<string, OtherMonitor>()
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
    } else if (kind === 'probe') {
      const probe = reader.read(shapes.probe, value, path)
      if (probe) probes.set(name, probe)
    } else {
      const other = reader.read<{ depends_on?: string[] | undefined }>(shapes[kind], value, path)
      if (other) others.set(name, { kind, depends_on: other.depends_on })
    }
  }
  return { probes, others }
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
