/// <reference lib="dom" />
import { isRefusal, post } from './api.ts'
import { toast } from './dialog.ts'

/** As much as the workspace takes at once, with what base64 adds to it. Bytes. */
const MOST_BYTES = 15_000_000

/** Sends a file of this computer to a channel; its id, or null after the person was told what is wrong. */
export async function uploaded(user: string, file: File, channel: string, text: string): Promise<string | null> {
  if (file.size > MOST_BYTES) {
    toast(`${file.name} is too large: this workspace takes files up to 15 MB.`)
    return null
  }
  const content = await base64(file)
  const said = text === '' ? {} : { text }
  const reply = await post('upload', { user, channel, name: file.name, content, encoding: 'base64', ...said })
  if (!isRefusal(reply)) return reply.file.id
  toast(reply.message)
  return null
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''))
    reader.onerror = () => reject(reader.error ?? new Error('the file cannot be read'))
    reader.readAsDataURL(file)
  })
}

/** `1.4 MB`, as people read sizes. */
export function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), 3)
  const value = bytes / 1000 ** step
  return `${step === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}
