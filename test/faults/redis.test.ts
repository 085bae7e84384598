import { midEscalation, nobodyThere } from '../chaos/redis.ts'
import { short, tidy } from '../chaos/suite.ts'

tidy()
short({ timetable: 'redis', services: 2, wait: '4s' }, [midEscalation])
short({ timetable: 'nobody', services: 3, wait: '2s', probed: true }, [nobodyThere])
