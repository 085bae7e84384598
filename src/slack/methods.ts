/**
 * Every method of Slack's Web API that the bot calls, with the scopes of its token that it takes for what it is used for: Slack names them
 * by kind of channel, and asks for no more than one of each. The app's manifest asks for these and for nothing else; a method that is not
 * here cannot be called.
 */
export const METHODS = {
  'auth.test': [],
  'bookmarks.add': ['bookmarks:write'],
  'bookmarks.list': ['bookmarks:read'],
  'canvases.edit': ['canvases:write'],
  'chat.delete': ['chat:write'],
  'chat.getPermalink': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'conversations.archive': ['channels:manage', 'groups:write'],
  'conversations.canvases.create': ['canvases:write'],
  // Channels of incidents, private where those are. Their topic, their purpose and their members come with the right to make them.
  'conversations.create': ['channels:manage', 'groups:write'],
  // A message whose reply was lost is looked for: in a DM, a public channel, or a private one that the bot was invited to.
  'conversations.history': ['channels:history', 'groups:history', 'im:history'],
  // The canvas that a channel has.
  'conversations.info': ['channels:read', 'groups:read'],
  'conversations.invite': ['channels:manage', 'groups:write'],
  // Channels of services are joined when something is said there for the first time.
  'conversations.join': ['channels:join'],
  'conversations.list': ['channels:read', 'groups:read'],
  'conversations.open': ['im:write'],
  // Threads of pages: they are in DMs.
  'conversations.replies': ['im:history'],
  'conversations.setPurpose': ['channels:manage', 'groups:write'],
  'conversations.setTopic': ['channels:manage', 'groups:write'],
  // Whom Slack will not disturb during their shift.
  'dnd.teamInfo': ['dnd:read'],
  // An incident that is reopened goes on in its channel, where Slack lets an app have it back.
  'conversations.unarchive': ['channels:manage', 'groups:write'],
  // The picture of an incident, charts where Slack takes none in a message, and the draft where there is no canvas.
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  // Files of captured messages: as the app may see them, where it is.
  'files.info': ['files:read'],
  'pins.add': ['pins:write'],
  // A message that somebody marks, wherever it stands.
  'reactions.get': ['reactions:read'],
  // The user groups of schedules, where the configuration names any.
  'usergroups.create': ['usergroups:write'],
  'usergroups.disable': ['usergroups:write'],
  'usergroups.enable': ['usergroups:write'],
  'usergroups.list': ['usergroups:read'],
  'usergroups.users.update': ['usergroups:write'],
  'users.info': ['users:read'],
  'views.open': [],
  // Takes no scope: an app's Home is its own.
  'views.publish': [],
} as const satisfies Record<string, readonly string[]>

export type Method = keyof typeof METHODS

/** Events of the Events API that the app listens to, with the scopes that each takes. All else comes by command and by button. */
export const EVENTS = {
  app_home_opened: [],
  // Spoken to, also in threads, where no command can be typed.
  app_mention: ['app_mentions:read'],
  // What people say in channels is read only where somebody marked it; that it was edited or deleted is followed.
  'message.channels': ['channels:history'],
  'message.groups': ['groups:history'],
  pin_added: ['pins:read'],
  pin_removed: ['pins:read'],
  reaction_added: ['reactions:read'],
  reaction_removed: ['reactions:read'],
} as const satisfies Record<string, readonly string[]>
