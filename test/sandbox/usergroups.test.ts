import { expect, test } from 'vitest'
import { act, clientOf, eventsIn, listen, refusal, slackWith, stateAs, until } from './support.ts'

const ADA = 'UADA00000'
const BART = 'UBART0000'
const ONCALL = 'SONCALL00'

test('the life of @oncall', async () => {
  const slack = await slackWith()
  const { usergroups } = clientOf(slack)
  const made = await usergroups.create({ name: 'Night watch', handle: 'night', description: 'Those who wake' })
  const usergroup = String(made.usergroup?.id)
  expect(made.usergroup).toMatchObject({ handle: 'night', users: [], date_delete: 0, created_by: 'UWATCHBILL' })
  await usergroups.users.update({ usergroup, users: `${ADA},${BART},${ADA}` })
  expect((await usergroups.users.list({ usergroup })).users).toEqual([ADA, BART])
  await usergroups.update({ usergroup, name: 'Night', handle: 'nights' })
  expect((await usergroups.disable({ usergroup })).usergroup?.date_delete).toBeGreaterThan(0)
  expect(await refusal(usergroups.users.list({ usergroup }))).toBe('no_such_subteam')
  expect((await usergroups.users.list({ usergroup, include_disabled: true })).users).toHaveLength(2)
  expect((await usergroups.list()).usergroups).toHaveLength(1)
  expect((await usergroups.list({ include_disabled: true, include_count: true })).usergroups).toMatchObject([
    { handle: 'oncall', user_count: 1 },
    { handle: 'nights', user_count: 2 },
  ])
  await usergroups.enable({ usergroup })
  const state = await stateAs(slack, 'ada')
  expect(state.usergroups).toContainEqual({
    id: usergroup,
    handle: 'nights',
    name: 'Night',
    description: 'Those who wake',
    users: [ADA, BART],
    disabled: false,
  })
})

test('it is replaced whole, and never by nobody', async () => {
  const slack = await slackWith()
  const { usergroups } = clientOf(slack)
  expect(await refusal(usergroups.users.update({ usergroup: ONCALL, users: '' }))).toBe('no_users_provided')
  expect(await refusal(usergroups.users.update({ usergroup: ONCALL, users: `${BART},UGUS00000` }))).toBe(
    'invalid_users',
  )
  expect((await usergroups.users.list({ usergroup: ONCALL })).users).toEqual([ADA])
  await usergroups.users.update({ usergroup: ONCALL, users: BART })
  expect((await usergroups.users.list({ usergroup: ONCALL })).users).toEqual([BART])
})

test('where not everybody may manage groups the app may not; on a free plan nobody has any', async () => {
  const slack = await slackWith({ preferences: { everyoneManagesGroups: false } })
  const { usergroups } = clientOf(slack)
  const update = () => refusal(usergroups.users.update({ usergroup: ONCALL, users: BART }))
  expect(await update()).toBe('permission_denied')
  expect(await refusal(usergroups.disable({ usergroup: ONCALL }))).toBe('permission_denied')
  expect((await usergroups.list()).usergroups).toHaveLength(1)
  await act(slack, 'settings', { everyone_manages_groups: true })
  expect(await update()).toBe('ok')
  await act(slack, 'settings', { plan: 'free' })
  expect(await update()).toBe('plan_upgrade_required')
  expect(await refusal(usergroups.update({ usergroup: ONCALL, name: 'x' }))).toBe('paid_teams_only')
})

test('the app hears who came and who went, whoever did it', async () => {
  const slack = await slackWith({ events: ['subteam_updated', 'subteam_members_changed', 'subteam_created'] })
  const received = await listen(slack)
  await act(slack, 'usergroup', { user: 'ada', usergroup: 'oncall', users: ['bart'] })
  await until(() => eventsIn(received).length === 2)
  const byType = (type: string) => eventsIn(received).find((event) => event.type === type)
  expect(byType('subteam_members_changed')).toMatchObject({ added_users: [BART], removed_users: [ADA] })
  expect(byType('subteam_updated')).toMatchObject({ subteam: { id: ONCALL, users: [BART], updated_by: ADA } })
  await act(slack, 'deactivate', { user: 'bart' })
  await until(() => eventsIn(received).length === 4)
  expect((await clientOf(slack).usergroups.users.list({ usergroup: ONCALL })).users).toEqual([])
})
