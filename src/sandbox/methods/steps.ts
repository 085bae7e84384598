import { isRecord } from '../blocks.ts'
import { type Call, type Handler, json, need, refuse, refuseWith } from '../call.ts'
import type { StepRun } from '../wire.ts'
import { emit } from '../workspace.ts'

/** What became of a step that a workflow ran. */
export const steps: Record<string, Handler> = {
  'functions.completeSuccess'(call) {
    const run = running(call)
    const sent = json(call, 'outputs')
    const outputs = sent === undefined || sent === 'unreadable' ? null : sent.value
    if (!isRecord(outputs)) return refuseWith('invalid_arguments', ['outputs'])
    const kind = call.ws.steps.find(({ callback_id }) => callback_id === run.callback_id)
    const known = new Set(kind?.outputs.map(({ name }) => name))
    if (Object.keys(outputs).some((name) => !known.has(name))) refuse('parameter_validation_failed')
    Object.assign(run, { state: 'succeeded', outputs })
    emit(call.ws, { type: 'step', run })
    return {}
  },

  'functions.completeError'(call) {
    const run = running(call)
    Object.assign(run, { state: 'failed', error: need(call, 'error') })
    emit(call.ws, { type: 'step', run })
    return {}
  },
}

function running(call: Call): StepRun {
  const run = call.ws.stepRuns.get(need(call, 'function_execution_id')) ?? refuse('function_execution_not_found')
  return run.state === 'running' ? run : refuse('execution_not_in_running_state')
}
