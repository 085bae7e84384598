import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { machine } from '../clock.ts'

/** Where the machine keeps names that no name server knows. */
const FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/** It seldom changes, and is asked by each probe. */
const KEPT_MS = 10_000

export interface Address {
  address: string
  family: number
}

type Hosts = ReadonlyMap<string, readonly Address[]>

let known: { hosts: Promise<Hosts>; readAt: number } | null = null

/** The addresses that the hosts file of this machine has for a name, in its order; none where it has none, or cannot be read. */
export async function listedAddresses(host: string): Promise<readonly Address[]> {
  const now = machine.elapsed()
  if (known === null || now - known.readAt > KEPT_MS)
    known = { hosts: readFile(FILE, 'utf8').then(parseHosts, () => new Map()), readAt: now }
  return (await known.hosts).get(named(host)) ?? []
}

const named = (host: string) => host.toLowerCase().replace(/\.$/, '')

/** As `hosts(5)` says: an address and its names on each line, a comment after `#`. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, Address[]>()
  for (const line of text.split(/\r?\n/)) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names.map(named)) {
      const before = hosts.get(name) ?? []
      if (!before.some((each) => each.address === address)) hosts.set(name, [...before, { address, family }])
    }
  }
  return hosts
}
