import { guardObserver } from '../machine/guard-observer.ts';
import { asWfError } from '../model/errors.ts';
import { withNotifyCommand } from '../notify/with-notify-command.ts';
import { prestartHost } from '../place/prestarted-host.ts';
import { planNewRun, savePlan } from '../plan/new-plan.ts';
import { plannedInput } from '../plan/request-of-plan.ts';
import type { StoredRun } from '../ports/history.ts';
import { concludeRun } from '../recovery/conclude-run.ts';
import { planResume } from '../recovery/plan-resume.ts';
import { resumeRun } from '../recovery/resume-run.ts';
import { rollBackRun } from '../recovery/roll-back-run.ts';
import { settleChanges } from '../recovery/settle-change.ts';
import { answerRequest, deliverRequest } from '../requests/deliver-request.ts';
import { createRequestInbox } from '../requests/request-inbox.ts';
import { NO_SECRETS, redactInput, type Secrets, secretsOf } from '../secrets/secrets.ts';
import { abandonedLeases } from './abandoned-leases.ts';
import type { Engine, EngineDependencies, EngineServices, ResumeRequest, RunObserver } from './engine.ts';
import { chooseRuntime } from './start/choose-runtime.ts';
import { claimRun } from './start/claim-run.ts';
import { newRun, startRun } from './start/start-run.ts';

/** Creates an engine from its dependencies. */
export function createEngine(dependencies: EngineDependencies): Engine {
  const services = withShared(dependencies);
  const guarded = (observer: RunObserver) => guardObserver(observer, dependencies.warn ?? (() => {}));
  return {
    chooseRuntime: (workflow, input) => chooseRuntime(services, workflow, input),
    async plan(given) {
      const request = withNotifyCommand(services.notifier, given);
      const redacted = redactInput(request.input, request.workflow.secretInputs ?? [], services.random);
      return redactingErrors(redacted.secrets, () => planNewRun(services, request, redacted));
    },
    savePlan: (planned) => savePlan(services, planned),
    prestartHost(runtime, id) {
      const run = newRun(services, id);
      return prestartHost(services, run, runtime, () => claimRun(services, run.id));
    },
    async start(given, observer = {}) {
      const request = withNotifyCommand(services.notifier, given);
      const { plan, input, workflow } = request;
      const redacted =
        plan === undefined
          ? redactInput(input, workflow.secretInputs ?? [], services.random)
          : plannedInput(plan, input);
      return redactingErrors(redacted.secrets, () => startRun(services, request, redacted, guarded(observer)));
    },
    async rollBack(request, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => rollBackRun(services, request, secrets, guarded(observer)));
    },
    async resume(request, observer = {}) {
      const seen = request.seen ?? services.history.run(request.run);
      const secrets = secretsIn(seen, request);
      return redactingErrors(secrets, () => resumeRun(services, request, seen, secrets, guarded(observer)));
    },
    async settle(request, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => settleChanges(services, request, secrets, guarded(observer)));
    },
    async conclude(request, until, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => concludeRun(services, { ...request, until }, secrets, guarded(observer)));
    },
    answer: (run, request, advance) => answerRequest(services, run, request, advance),
    deliver: (request) => deliverRequest(services, request),
    watchRequests: (run, onRequest) => services.inbox.watch(run, onRequest),
    releaseLease: (lease) => services.leases.release(lease),
    async planResume(request) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => planResume(services, request, secrets));
    },
    noticesSent: (stop) => services.notifier.sent(stop),
    async planRetry(request) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => planResume(services, request, secrets, { isRetry: true }));
    },
  };
}

/** Adds the shared state of the runs to the object itself: a copy would read `history`, and so open the database. */
function withShared(dependencies: EngineDependencies): EngineServices {
  const inbox = createRequestInbox(dependencies);
  return Object.assign(dependencies, { leases: abandonedLeases(dependencies), inbox });
}

/** Returns the secrets of a run, with the values that the request has for them. */
function knownSecrets({ history }: EngineDependencies, request: Pick<ResumeRequest, 'run' | 'secrets'>): Secrets {
  return secretsIn(history.run(request.run), request);
}

function secretsIn(run: StoredRun | undefined, { secrets = {} }: Pick<ResumeRequest, 'secrets'>): Secrets {
  return run === undefined ? NO_SECRETS : secretsOf(run, secrets);
}

async function redactingErrors<Answer>(secrets: Secrets, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (thrown) {
    throw secrets.redactError(asWfError(thrown));
  }
}
