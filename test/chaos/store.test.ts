import { away, killedEmbedded, killedServer, orphaned, startedFirst } from './store.ts'
import { chaos } from './suite.ts'

chaos([killedServer, killedEmbedded, away, startedFirst, orphaned])
