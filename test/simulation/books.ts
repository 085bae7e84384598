import type { Lab } from './store.ts'

/** The store as it stands at the end, read by no code of the product. */
export interface Books {
  inbox: Row<
    'id' | 'received_at',
    'source' | 'key' | 'lane',
    { done_at: number | null; body: Doc; outcome: Doc | null }
  >[]
  incidents: Row<'id', 'state', { doc: Incident }>[]
  deploys: Row<'id', 'state' | 'service', { doc: Deploy }>[]
  locks: Row<'id', never, { doc: { deploy: number | null } }>[]
  facts: Row<'id' | 'at', 'kind' | 'digest' | 'hash', { incident: number | null; body: Doc }>[]
  owed: Row<'wanted' | 'shown', 'key' | 'kind' | 'state', { result: Doc | null }>[]
  chainHead: string
}

type Row<N extends string, T extends string, More> = Record<N, number> & Record<T, string> & More
export type Doc = Readonly<Record<string, unknown>>

interface Incident {
  openedAt: number
  ackedBy: string | null
  ackedAt: number | null
  resolvedBy: string | null
  resolvedAt: number | null
  service: string | null
  channel: { id: string; name: string } | null
}

interface Deploy {
  kind: string
  version: string
  by: string
  stop: { hook: string } | null
}

export async function readBooks(lab: Lab): Promise<Books> {
  const table = async <T>(name: string, order: string): Promise<T[]> =>
    (await lab.query<{ doc: T }>(`select to_jsonb(t) as doc from ${name} t order by ${order}`)).map(({ doc }) => doc)
  const [desk] = await table<{ chain_head: string }>('desk', '1')
  return {
    inbox: await table('inbox', 'id'),
    incidents: await table('incidents', 'id'),
    deploys: await table('deploys', 'id'),
    locks: await table('locks', 'id'),
    facts: await table('facts', 'id'),
    owed: await table('owed', 'seq'),
    chainHead: desk?.chain_head ?? '',
  }
}
