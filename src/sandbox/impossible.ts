/** A person cannot do that: the page shows the sentence, a test fails with it. */
export class Impossible extends Error {
  readonly code: string
  constructor(code: string, sentence: string) {
    super(sentence)
    this.code = code
  }
}
