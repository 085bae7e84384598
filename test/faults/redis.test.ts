import { midEscalation, nobodyThere } from '../chaos/redis.ts'
import { short } from '../chaos/suite.ts'

short([nobodyThere, midEscalation])
