import type { Deps } from './deps.ts'
import { type Incident, mayKnow } from './domain/incident.ts'
import type { Behind, Document } from './intake/incidents.ts'
import {
  incidentJson,
  picture,
  postmortem,
  postmortemJson,
  readRecord,
  timelineDocument,
  timelineJson,
  wholeJson,
} from './record.ts'
import type { Voice } from './slack/words.ts'
import { factsOf, readIncident } from './store/incidents.ts'
import { listIncidents } from './store/record.ts'
import { rotaOf } from './store/rota.ts'

/** The record as programs read it, over HTTP. */
export function library(
  deps: Pick<Deps, 'store' | 'clock' | 'rules'>,
  complain: (what: string, error: unknown) => void,
): Behind['record'] {
  const { store, clock } = deps

  async function about<T>(id: number, read: (incident: Incident, voice: Voice) => Promise<T>): Promise<T | null> {
    try {
      const incident = await readIncident(store.pool, id)
      // Whoever has the token of the program is nobody in particular.
      if (incident === null || incident.drill !== null || !mayKnow(incident, null)) return null
      const now = clock.now()
      return await read(incident, { rules: await rotaOf(store.pool, deps.rules(), now), now })
    } catch (error) {
      complain('an incident could not be read', error)
      throw error
    }
  }
  const recordOf = (incident: Incident, { rules, now }: Voice) => readRecord(store, rules, incident, now)

  return {
    async list(asked) {
      // One more shows that there are more.
      const found = await listIncidents(store.pool, { ...asked, limit: asked.limit + 1 })
      const page = found.slice(0, asked.limit)
      return { incidents: page.map(incidentJson), next: found.length > page.length ? (page.at(-1)?.id ?? null) : null }
    },
    incident: (id) =>
      about(id, async (incident) => wholeJson({ incident, facts: await factsOf(store.pool, incident.id) })),
    timeline: (id, format) =>
      about(id, async (incident, voice): Promise<Document> => {
        const record = await recordOf(incident, voice)
        if (format === 'svg') return { type: 'image/svg+xml; charset=utf-8', body: picture(voice, record) }
        if (format === 'markdown') return { type: MARKDOWN, body: timelineDocument(voice, record) }
        return { type: JSON_TYPE, body: timelineJson(voice, record) }
      }),
    postmortem: (id, format) =>
      about(id, async (incident, voice): Promise<Document> => {
        const record = await recordOf(incident, voice)
        if (format === 'markdown') return { type: MARKDOWN, body: await postmortem(store, voice, record) }
        return { type: JSON_TYPE, body: await postmortemJson(store, voice, record) }
      }),
  }
}

const MARKDOWN = 'text/markdown; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'
