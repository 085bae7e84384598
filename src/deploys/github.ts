import type { Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import type { Order } from './hook.ts'

/** What every call of GitHub's API says of itself. */
export const githubHeaders = (token: string): Record<string, string> => ({
  accept: 'application/vnd.github+json',
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  'x-github-api-version': '2022-11-28',
})

/** `workflow_dispatch`: the workflow must have these inputs. Answered 204. */
export function dispatchWorkflow(
  { api, repository, workflow, ref }: Extract<Hook, { kind: 'github' }>,
  token: string,
  { action, deploy, service, environment, version }: Order,
): Request {
  const base = api.replace(/\/$/, '')
  return {
    url: `${base}/repos/${repository}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`,
    headers: githubHeaders(token),
    body: JSON.stringify({ ref, inputs: { action, deploy: String(deploy), service, environment, version } }),
  }
}
