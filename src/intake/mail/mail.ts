import type { Rules } from '../../domain/rules.ts'

/** A mail as its provider has taken it apart. */
export interface Mail {
  /** By which the same mail is known when it is sent again; null: it has none. */
  id: string | null
  from: string
  to: string
  subject: string
  text: string
}

/** What a provider sent. */
export interface Posted {
  body: Buffer
  contentType: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A service that takes mail in and posts it here: one file each, one line in `../inbound.ts`. */
export interface Provider {
  /** The mail; what is wrong with the signature; null: this is no mail as this provider posts it. Rejects where that cannot be read at all. */
  read(posted: Posted, mail: Rules['intake']['mail']): Promise<Mail | { unsigned: string } | null>
}

/** The fields of a form, of either kind. What is attached is left out. */
export async function fieldsOf({ body, contentType }: Posted): Promise<Record<string, string | undefined>> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  return Object.fromEntries([...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))
}

/** The value of a header in the head of a mail; it may go on in lines that begin with a blank (RFC 5322 §2.2.3). */
export const headerIn = (head: string, name: string): string | null =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head.replaceAll(/\r?\n(?=[ \t])/g, ''))?.[1]?.trim() || null
