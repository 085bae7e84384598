import { hash } from 'node:crypto'

/**
 * Secrets that travel in text: in what other systems report, in what people paste, in errors. They are taken out of log lines, and out of
 * whatever comes in before it is on record, because from there it goes to Slack: by their shape, and those that this process has itself.
 * Texts may be large and made to hurt: whatever looks ahead has a bound.
 */
const SHAPES: readonly RegExp[] = [
  // Slack: tokens, and addresses that anybody may post to.
  /xox[a-z]-[\w-]+/gi,
  /xapp-[\w-]+/gi,
  /(?<=hooks\.slack\.com\/)[^\s"'<>\\|]+/g,
  // Addresses of our own calendars: whoever has one may read.
  /(?<=\/calendar\/)[\w-]{20,100}(?=\.ics)/g,
  // Addresses of heartbeats: whoever has one may say that all is well.
  /(?<=\/ping\/)[\w-]{20,100}/g,
  // Addresses at which pages are answered: whoever has one may answer for somebody.
  /(?<=\/callback\/[a-z]{2,10}\/)[\w-]{20,100}/g,
  // Parameters of an address.
  /(?<=[?&;](?:access_token|api_?key|auth|key|passw(?:or)?d|secret|sig|signature|token)=)[^&\s"'#<>\\|]+/gi,
  // What follows a telling name, if it looks like a secret: long, and with a digit in it.
  /(?<=(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key)\\?["']?\s{0,3}[=:]\s{0,3}\\?["']?)(?=[^\s"'\\]{0,100}\d)[^\s"'&,;<>\\]{8,}/gi,
  /(?<=\b(?:bearer|basic)\s)(?=[^\s"'\\]{0,100}\d)[\w.~+/-]{8,}=*/gi,
  // Tokens that say what they are: JSON Web Tokens, GitHub's, AWS's, private keys.
  /\beyJ[\w-]{8,300}\.[\w-]{8,}\.[\w-]{8,}/g,
  /\bgh[pousr]_\w{20,}/g,
  /\bA[KS]IA[0-9A-Z]{16}\b/g,
  /(?<=-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[^-]+/g,
]

/** Who logs in, in an address. In JSON a quote ends it unless it is written \", and so does a line break, which is written \n. */
const LOGIN = /(?<=:\/\/)[^\s/?#<>]+(?=@)/g
const LOGIN_IN_JSON = /(?<=:\/\/)(?:\\[^nrt]|[^\s/?#"\\<>])+(?=@)/g

/** Most texts hold none, and are only looked at once. */
const HINT =
  /@|\/calendar\/|\/ping\/|\/callback\/|xox|xapp|slack\.com|auth|key|pass|pwd|secret|sig|token|bearer|basic|eyJ|gh[pousr]_|A[KS]IA/i

/** Shorter values cannot be told from words. */
const SHORTEST = 6

const known = new Set<string>()

/** Values that are secret, whatever they look like: the process says so once, for all that it puts on record. */
export function keepSecret(values: readonly string[]): void {
  for (const value of values) if (value.length >= SHORTEST) known.add(value)
}

/** Likewise of what a configuration holds: what stands in addresses of it, too. */
export const keepSecretsOf = (values: readonly string[]): void =>
  keepSecret(values.flatMap((value) => [value, ...passwordsOf(value)]))

/** The password in an address, unless it is a word: what is said everywhere cannot be taken out. */
export function passwordsOf(address: string): string[] {
  const password = URL.canParse(address) ? new URL(address).password : ''
  return [password, decode(password)].filter((each) => each.length >= 8 && /\d/.test(each))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @param json whether the text is written as JSON */
export function withoutSecrets(text: string, { json = false } = {}): string {
  let clean = text
  for (const value of known) {
    // There a value with quotes, backslashes or line breaks is written otherwise.
    const written = json ? JSON.stringify(value).slice(1, -1) : value
    if (clean.includes(written)) clean = clean.replaceAll(written, '[secret]')
  }
  if (!HINT.test(clean)) return clean
  clean = clean.replace(json ? LOGIN_IN_JSON : LOGIN, '[secret]')
  for (const shape of SHAPES) clean = clean.replace(shape, '[secret]')
  return clean
}

/** So much of a digest that two names are told apart by it, and nobody is sure of a secret that they have guessed. */
const APART = 6

/** What names something, without the secrets in it. Names that differ in those alone stay different: one must not be taken for the other. */
export function nameWithoutSecrets(name: string): string {
  const clean = withoutSecrets(name)
  return clean === name ? name : `${clean} #${hash('sha256', name).slice(0, APART)}`
}
