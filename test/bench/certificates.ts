import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Chain {
  /** Files: the server's key, and its certificate with the one between. */
  key: string
  cert: string
}

const KEYS = {
  p384: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  rsa: ['-newkey', 'rsa:2048'],
}

/** A chain of three for `*.bench.test`, by an authority of its own for each kind of key; `authorities` is a file with both. */
export function makeChains(folder: string): Record<keyof typeof KEYS, Chain> & { authorities: string } {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const chain = (name: keyof typeof KEYS): Chain => {
    const issue = (which: string, by: string, subject: string, extension: string) => {
      const ask = ['req', ...KEYS[name], '-nodes', '-keyout', `${which}.key`, '-out', `${which}.csr`]
      openssl(...ask, '-subj', subject, '-addext', extension)
      const sign = ['x509', '-req', '-in', `${which}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial']
      openssl(...sign, '-copy_extensions', 'copy', '-out', `${which}.pem`, '-days', '30')
    }
    const root = ['req', '-x509', ...KEYS[name], '-nodes', '-keyout', `${name}-root.key`, '-out', `${name}-root.pem`]
    openssl(...root, '-subj', `/CN=Root ${name}`, '-days', '60')
    issue(`${name}-between`, `${name}-root`, `/CN=Between ${name}`, 'basicConstraints=critical,CA:TRUE')
    issue(name, `${name}-between`, '/CN=bench', 'subjectAltName=DNS:*.bench.test')
    const cert = join(folder, `${name}-chain.pem`)
    writeFileSync(
      cert,
      [name, `${name}-between`].map((each) => readFileSync(join(folder, `${each}.pem`), 'utf8')).join(''),
    )
    return { key: join(folder, `${name}.key`), cert }
  }
  const made = { p384: chain('p384'), rsa: chain('rsa') }
  const authorities = join(folder, 'authorities.pem')
  const roots = Object.keys(KEYS).map((name) => readFileSync(join(folder, `${name}-root.pem`), 'utf8'))
  writeFileSync(authorities, roots.join(''))
  return { ...made, authorities }
}
