import { away, killedServer } from '../chaos/store.ts'
import { short, tidy } from '../chaos/suite.ts'

tidy()
short({ services: 4, wait: '4s', wired: ['store'] }, [killedServer, away])
