import type { Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import type { Order } from './hook.ts'

/** A pipeline of a project, with what is to happen as variables. Answered 201. */
export function startPipeline(
  { url, project, ref }: Extract<Hook, { kind: 'gitlab' }>,
  token: string,
  { action, deploy, service, environment, version }: Order,
): Request {
  const said = { ACTION: action, DEPLOY: String(deploy), SERVICE: service, ENVIRONMENT: environment, VERSION: version }
  return {
    url: `${url.replace(/\/$/, '')}/api/v4/projects/${encodeURIComponent(project)}/pipeline`,
    headers: { 'content-type': 'application/json', 'private-token': token },
    body: JSON.stringify({
      ref,
      variables: Object.entries(said).map(([key, value]) => ({ key: `WATCHBILL_${key}`, value })),
    }),
  }
}
