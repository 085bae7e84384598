import { parentPort, workerData } from 'node:worker_threads'
import { type Reading, readCalendar } from './read.ts'

/** Reads one calendar beside everything else, for `readApart`. */
parentPort?.postMessage(readCalendar(workerData as Reading))
