import { fullUp, midEscalation } from './redis.ts'
import { chaos } from './suite.ts'

chaos([fullUp, midEscalation])
