import { cutOff, drained, frozen, oneKilled, two, upgraded } from '../chaos/processes.ts'
import { short, tidy } from '../chaos/suite.ts'

tidy()
short({ bots: 2, services: 6, wait: '4s', wired: ['store'] }, [two, oneKilled, frozen, cutOff, drained])
short({ bots: 2, services: 3, wait: '4s', probed: true }, [upgraded])
