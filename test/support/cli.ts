import type pg from 'pg'

/** As DATABASE_URL has it; the embedded server is reached through a socket. */
export const urlOf = ({ user, password, host, port, database }: pg.ClientConfig) =>
  `postgres://${user}:${encodeURIComponent(String(password))}@x:${port}/${database}?host=${encodeURIComponent(String(host))}`

/** What a subcommand writes. */
export function written() {
  const said = { stdout: '', stderr: '' }
  const into = (stream: keyof typeof said) => ({ write: (text: string) => (said[stream] += text) })
  return { said, stdout: into('stdout'), stderr: into('stderr') }
}
