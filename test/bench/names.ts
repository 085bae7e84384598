import { parentPort } from 'node:worker_threads'
import { a, nameServer } from '../support/name-server.ts'

/** The name server of a measurement, in a thread of its own: handshakes of the targets must not hold up its answers. */
const { address } = await nameServer((type) => (type === 'A' ? { answers: [a('127.0.0.1')] } : {}))
parentPort?.postMessage(address)
