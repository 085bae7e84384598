import { z } from 'zod'

/** How bad it is, gravest first. */
export const Severity = z.enum(['critical', 'error', 'warning', 'info'])
export type Severity = z.infer<typeof Severity>
