import type { Pool } from 'pg'
import { z } from 'zod'
import { HEEDED_MS, Verdict, type Word } from '../domain/detect/rate-feedback.ts'
import { Alert } from '../domain/incident.ts'

/** What was said of the alarms of rates: read from the record itself. */
const Row = z.strictObject({ monitor: z.string(), alarm: z.string(), verdict: Verdict, at: z.number() })

/** What was said lately of the alarms of each monitor, in the order in which it was. */
export async function readWords(pool: Pool, now: number): Promise<Map<string, Word[]>> {
  const { rows } = await pool.query(
    `select body ->> 'monitor' as monitor, coalesce('i' || incident, 'a' || (body ->> 'alarmAt')) as alarm,
       body ->> 'verdict' as verdict, at
     from facts where kind = 'feedback' and at > $1 and body ? 'verdict' order by id`,
    [now - HEEDED_MS],
  )
  return Map.groupBy(
    rows.map((row) => Row.parse(row)),
    ({ monitor }) => monitor,
  )
}

/** What rings under a key of a service, or rang last; null: nothing ever did. */
export async function readAlert(pool: Pool, service: string, key: string): Promise<Alert | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from alerts where service = $1 and key = $2', [
    service,
    key,
  ])
  return rows[0] ? Alert.parse(rows[0].doc) : null
}
