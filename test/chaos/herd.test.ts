import { herd } from './herd.ts'
import { two } from './processes.ts'
import { chaos } from './suite.ts'

chaos([two, herd])
