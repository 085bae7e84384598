import { away, startedFirst } from './store.ts'
import { chaos } from './suite.ts'

chaos([away, startedFirst])
