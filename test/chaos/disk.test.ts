import { diskFull } from './store.ts'
import { chaos } from './suite.ts'

chaos([diskFull])
