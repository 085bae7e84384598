import { fieldsOf, headerIn, type Provider } from './mail.ts'

/** SendGrid's Inbound Parse. It signs nothing by itself: the token in the address is what lets it in. */
export const sendgrid: Provider = {
  async read(posted) {
    const fields = await fieldsOf(posted)
    if (fields.from === undefined && fields.envelope === undefined) return null
    return {
      id: headerIn(fields.headers ?? '', 'Message-ID'),
      from: fields.from ?? '',
      to: fields.to ?? '',
      subject: fields.subject ?? '',
      text: fields.text ?? '',
    }
  },
}
