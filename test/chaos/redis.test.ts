import { emptied, killedMidLoad, nobodyThere } from './redis.ts'
import { chaos } from './suite.ts'

chaos([killedMidLoad, emptied, nobodyThere])
