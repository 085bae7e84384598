import { problem, unavailable } from './problem.ts'
import type { Routes } from './server.ts'

/** Payloads of Slack have a few kilobytes, with long texts some hundred. */
const BODY_BYTES = 1024 * 1024

interface Request {
  header(name: string): string | undefined
  body: Buffer
}

interface Answer {
  status: 200 | 400 | 401 | 503
  body?: Record<string, unknown>
}

/** `POST /slack/events`: commands, clicks, forms and events of Slack in HTTP mode, handed on as they came. */
export function slackRoutes(hear: (request: Request) => Promise<Answer>): Routes {
  return (server) => {
    server.register(async (scope) => {
      // The signature is over the bytes: nothing is parsed before it is checked.
      scope.removeAllContentTypeParsers()
      const types = ['application/json', 'application/x-www-form-urlencoded']
      scope.addContentTypeParser(types, { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
      const config = { open: 'Slack signs what it sends' }
      scope.post('/slack/events', { bodyLimit: BODY_BYTES, config }, async (request, reply) => {
        const header = (name: string) => request.headers[name]?.toString()
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const answer = await hear({ header, body })
        switch (answer.status) {
          case 200:
            return reply.send(answer.body ?? '')
          case 400:
            return problem(reply, 400, 'Unreadable', 'The request is none that Slack sends.')
          case 401:
            return problem(reply, 401, 'Not from Slack', 'The request has no valid, fresh signature of Slack.')
          case 503:
            return unavailable(reply, 'The payload could not be put on record: send it again.')
          default:
            return answer.status satisfies never
        }
      })
    })
  }
}
