import { killedEmbedded, killedServer, orphaned } from './store.ts'
import { chaos } from './suite.ts'

chaos([killedServer, killedEmbedded, orphaned])
