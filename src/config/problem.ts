/** One thing wrong in a configuration, where, in the operator's words. Line and column count from 1. */
export interface Problem {
  file: string
  line: number
  column: number
  message: string
}

/** Where in the configuration: keys of mappings and indices of lists, from the root. */
export type Path = readonly (string | number)[]

export interface Position {
  line: number
  column: number
}

/** `file:line:column: sentence`, as editors and terminals link it. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}
