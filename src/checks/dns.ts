import { Resolver } from 'node:dns/promises'
import type { DnsProbe } from '../domain/rules.ts'
import type { Look } from './look.ts'

/** What the name servers say of a name. */
export const dnsProbe: Look<DnsProbe> = async ({ host, type, minAnswers, timeoutMs }, { signal }) => {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const found = await resolver.resolve(host, type)
    const answers = Array.isArray(found) ? found.length : 1
    const saw = `${answers} ${type} record${answers === 1 ? '' : 's'}`
    return answers < minAnswers ? { ok: false, saw: `${saw}, less than ${minAnswers}` } : { ok: true, saw }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
