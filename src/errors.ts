/**
 * The two kinds of error (house style 22): a UserError is a sentence for a person, shown as written; everything else is a defect or an
 * outage, logged once with a short reference that the user also sees.
 */
export class UserError extends Error {
  readonly code: string

  /**
   * @param code a stable reason in kebab-case, e.g. `unknown-incident`
   * @param sentence what is wrong, why, and what to do or type next
   */
  constructor(code: string, sentence: string) {
    super(sentence)
    this.name = 'UserError'
    this.code = code
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
