import type { NotifierPort } from '../ports/notifier.ts';
import type { StartRequest } from '../run/engine.ts';

type Starting = Pick<StartRequest, 'workflow' | 'options' | 'plan'>;

/**
 * Returns a request whose options have the command to notify, with the path of its program: that of the options, otherwise that of the
 * workflow. A plan keeps its own.
 * @throws WfError E_TOOL_MISSING, E_UNTRUSTED
 */
export function withNotifyCommand<Request extends Starting>(notifier: NotifierPort, request: Request): Request {
  const { workflow, options, plan } = request;
  const { notify = plan === undefined ? workflow.notify?.argv : undefined } = options;
  if (notify === null || notify === undefined) return request;
  return { ...request, options: { ...options, notify: notifier.locate(notify) } };
}
