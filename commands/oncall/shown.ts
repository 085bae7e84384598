/** Of a button on a message that says all that would be done: nobody needs to be shown it again. */
export const SHOWN_BEFORE = 'shown'
