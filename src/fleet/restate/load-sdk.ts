import { WfError } from '../../engine/model/errors.ts';
import { hasPackage } from '../../trust/optional-package.ts';

const SDK = '@restatedev/restate-sdk';
const SDK_VERSION = '1.17';

export type RestateSdk = typeof import('@restatedev/restate-sdk');

/** Loads the SDK of Restate: an optional peer. @throws WfError E_TOOL_MISSING with the command that installs it; E_UNTRUSTED */
export async function loadSdk(): Promise<RestateSdk> {
  if (!hasPackage(SDK)) {
    throw new WfError('E_TOOL_MISSING', `${SDK} is not installed beside wf-engine`, {
      hint: `Install it with \`npm install ${SDK}@${SDK_VERSION}\`.`,
    });
  }
  addWithResolvers();
  return import('@restatedev/restate-sdk');
}

/** The SDK calls Promise.withResolvers, which Node 20 lacks: without it, every invocation stays open for ever. */
function addWithResolvers(): void {
  if ('withResolvers' in Promise) return;
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: <Value>() => {
      let resolve: (value: Value | PromiseLike<Value>) => void = () => {};
      let reject: (reason?: unknown) => void = () => {};
      const promise = new Promise<Value>((resolved, rejected) => {
        resolve = resolved;
        reject = rejected;
      });
      return { promise, resolve, reject };
    },
  });
}
