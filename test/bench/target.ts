import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { slotOf } from '../../src/timetable/entries.ts'

/**
 * What is probed in a measurement, as a process of its own, so that its processor time is nobody else's: an HTTP server, one HTTPS server for
 * each certificate that is given as `KEY,CERT`, and a name server that leads every name to them. `/MONITOR` answers at once, `/wait/20` after
 * 20 ms, `/count/SERIES` with a number in JSON. Says its ports in one line of JSON, and on a line of input (the interval of the monitors in ms, or 0 to begin anew) what came since.
 */
let requests = 0
/** For each monitor that was asked for, when. */
const arrivals: { monitor: string; at: number }[] = []

const answer: RequestListener = (request, response) => {
  requests++
  const [, first = '', second] = (request.url ?? '/').split('/')
  const monitor = first === 'count' ? second : first
  if (monitor !== undefined && first !== 'wait') arrivals.push({ monitor, at: Date.now() })
  if (first === 'wait') setTimeout(() => response.end('ok'), Number(second))
  else if (first === 'count') response.end(JSON.stringify({ count: 80 + Math.floor(40 * Math.random()) }))
  else response.end('ok')
}

const listening = async (server: Server) => {
  server.keepAliveTimeout = 1
  // Thousands of connections may come at once.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve))
  return (server.address() as AddressInfo).port
}

const secure = process.argv.slice(2).map((pair) => {
  const [key = '', cert = ''] = pair.split(',')
  return createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer)
})
const [dns] = await once(new Worker(new URL('./names.ts', import.meta.url)), 'message')
const http = await listening(createServer(answer))
const https = await Promise.all(secure.map(listening))
process.stdout.write(`${JSON.stringify({ http, https, dns })}\n`)

process.stdin.setEncoding('utf8').on('data', (text) => {
  const everyMs = Number(text)
  const late = everyMs > 0 ? arrivals.map(({ monitor, at }) => at - slotOf(monitor, everyMs, at)) : []
  process.stdout.write(`${JSON.stringify({ requests, late })}\n`)
  requests = 0
  arrivals.length = 0
})
process.stdin.on('end', () => process.exit())
