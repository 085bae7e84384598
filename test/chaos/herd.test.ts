import { herd } from './herd.ts'
import { chaos } from './suite.ts'

chaos([herd])
