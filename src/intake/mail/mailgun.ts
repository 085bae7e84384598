import { createHmac } from 'node:crypto'
import { isSame } from '../../signing.ts'
import { fieldsOf, type Provider } from './mail.ts'

/**
 * Mailgun: a route with `forward()` to our address. It signs the time and a word of its own with the HTTP webhook signing key. What is sent
 * again hours later is signed as before, so that its age says nothing; the same mail twice is the same.
 */
export const mailgun: Provider = {
  async read(posted, { mailgun: key }) {
    const fields = await fieldsOf(posted)
    const { timestamp = '', token = '', signature = '' } = fields
    if (key !== null && !isSame(signature, createHmac('sha256', key).update(`${timestamp}${token}`).digest('hex')))
      return { unsigned: 'This must carry the signature of Mailgun, made with the key that is configured.' }
    if (fields.recipient === undefined && fields.sender === undefined) return null
    return {
      id: fields['Message-Id'] ?? null,
      from: fields.from ?? fields.sender ?? '',
      to: fields.recipient ?? '',
      subject: fields.subject ?? '',
      text: fields['stripped-text'] || fields['body-plain'] || '',
    }
  },
}
