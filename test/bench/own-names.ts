import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Loaded before a process that is measured: it asks the name server of the measurement (`BENCH_DNS`) instead of the machine's. */
const server = process.env['BENCH_DNS'] ?? ''
if (server !== '') {
  const { Resolver } = dns
  dns.Resolver = class extends Resolver {
    constructor(...options: ConstructorParameters<typeof Resolver>) {
      super(...options)
      this.setServers([server])
    }
  }
  syncBuiltinESMExports()
}
