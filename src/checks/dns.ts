import type { AnyRecord } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import type { DnsProbe, Rcode } from '../domain/rules.ts'
import { refused } from './address.ts'
import { type Look, type Seen, shown } from './look.ts'

/** Answers shown; a name can have hundreds. */
const MOST_SHOWN = 5

/** Node hides the code of an answer behind an error. An answer without records of the type asked for is NOERROR all the same. */
const RCODE: Record<string, Rcode> = {
  ENODATA: 'NOERROR',
  ENOTFOUND: 'NXDOMAIN',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  EFORMERR: 'FORMERR',
  ENOTIMP: 'NOTIMP',
}

/** What the name servers say of a name. */
export const dnsProbe: Look<DnsProbe> = async (probe, { allowPrivate, signal, enter }) => {
  const { host, type, resolver: server, timeoutMs } = probe
  const why = server === null ? null : refused(addressOf(server), allowPrivate)
  if (why !== null) return { ok: false, saw: why }
  enter('query')
  // One try, as long as the deadline allows: c-ares would otherwise give up before it, and say so in other words.
  const resolver = new Resolver({ timeout: timeoutMs + 1_000, tries: 1 })
  if (server !== null) resolver.setServers([server])
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const found = await resolver.resolve(host, type)
    return { ...judged(probe, 'NOERROR', written(type, found)), told: true }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const rcode = Object.hasOwn(RCODE, code) ? RCODE[code] : undefined
    if (rcode === undefined) throw error
    return { ...judged(probe, rcode, []), told: true }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function judged({ type, rcode, minAnswers, answers }: DnsProbe, came: Rcode, found: string[]): Seen {
  if (came !== rcode) {
    const listed = found.length > 0 ? ` with ${list(type, found)}` : ''
    return { ok: false, saw: `${came}${listed} (expected ${rcode})` }
  }
  if (came !== 'NOERROR') return { ok: true, saw: `${came}, as expected` }
  const saw = list(type, found)
  if (found.length < minAnswers) return { ok: false, saw: `${saw}, less than ${minAnswers}` }
  const missing = answers.filter((wanted) => !found.some((each) => same(type, each, wanted)))
  return missing.length > 0 ? { ok: false, saw: `${saw}, but not ${missing.join(', ')}` } : { ok: true, saw }
}

function list(type: DnsProbe['type'], found: string[]): string {
  const count = `${found.length} ${type} record${found.length === 1 ? '' : 's'}`
  if (found.length === 0) return count
  const first = found.slice(0, MOST_SHOWN).map((each) => shown(each))
  const more = found.length > MOST_SHOWN ? ` and ${found.length - MOST_SHOWN} more` : ''
  return `${count}: ${first.join(', ')}${more}`
}

/** Records as zone files write them: `10 mx1.example.com`. */
function written(type: DnsProbe['type'], found: unknown): string[] {
  const records = (Array.isArray(found) ? found : [found]) as (string | string[] | AnyRecord)[]
  return records.map((record) => {
    if (typeof record === 'string') return record
    if (Array.isArray(record)) return record.join('')
    // biome-ignore lint/suspicious/noExplicitAny: each type of record has its own fields, which Node leaves untagged
    const of = record as any
    switch (type) {
      case 'MX':
        return `${of.priority} ${of.exchange}`
      case 'SRV':
        return `${of.priority} ${of.weight} ${of.port} ${of.name}`
      case 'SOA':
        return `${of.nsname} ${of.hostmaster} ${of.serial}`
      case 'CAA': {
        const tag = Object.keys(of).find((key) => key !== 'critical' && key !== 'type') ?? ''
        return `${of.critical} ${tag} ${of[tag]}`
      }
      default:
        return JSON.stringify(record)
    }
  })
}

/** Whether an answer is what is expected. Texts as they are; names in any case, with or without their last dot; an MX without its priority. */
function same(type: DnsProbe['type'], answer: string, wanted: string): boolean {
  if (type === 'TXT') return answer === wanted
  if (type === 'A' || type === 'AAAA')
    return (
      ipaddr.isValid(wanted) && ipaddr.parse(answer).toNormalizedString() === ipaddr.parse(wanted).toNormalizedString()
    )
  const plain = (text: string) => text.trim().toLowerCase().replaceAll(/\s+/g, ' ').replace(/\.$/, '')
  return plain(answer) === plain(wanted) || (type === 'MX' && plain(answer.replace(/^\d+ /, '')) === plain(wanted))
}

/** `192.0.2.53:53`, `[2001:db8::53]:53` */
const addressOf = (server: string) => server.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '')
