/** Longer names are not compared: the table grows with the square of their length, and nobody mistypes a paragraph. */
const LONGEST_NAME = 60

/**
 * The candidate that somebody who typed `word` most likely meant, or null when none is near: at most a third of the letters (three at
 * most) wrong, missing, too many, or swapped with their neighbour.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LONGEST_NAME) return null
  const asked = word.toLowerCase()
  const limit = Math.min(3, Math.max(1, Math.floor(asked.length / 3)))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    if (candidate.length > LONGEST_NAME || Math.abs(candidate.length - asked.length) >= bestDistance) continue
    const apart = distance(asked, candidate.toLowerCase())
    if (apart < bestDistance) {
      best = candidate
      bestDistance = apart
    }
  }
  return best
}

/** `; did you mean X?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates)
  return near === null ? '' : `; did you mean ${near}?`
}

/** Optimal string alignment: how many letters must be changed, added, removed or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
