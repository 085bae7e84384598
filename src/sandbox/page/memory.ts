/// <reference lib="dom" />

/** What the browser keeps for this page from one visit to the next. Where it may not keep anything, nothing is remembered. */
export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`workspace.${name}`)
  } catch {
    return null
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`workspace.${name}`, value)
  } catch {
    // A browser that keeps nothing is no reason to stop.
  }
}
