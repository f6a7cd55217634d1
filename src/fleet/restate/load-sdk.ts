import { WfError } from '../../engine/model/errors.ts';
import { findInPackage } from '../../trust/optional-package.ts';

const SDK = '@restatedev/restate-sdk';
/** For the package.json of a project, or a command. */
export const SDK_PACKAGE = `${SDK}@1.17`;

export type RestateSdk = typeof import('@restatedev/restate-sdk');

/** Returns the path of the SDK of Restate, an optional peer; undefined if it is not installed. @throws WfError E_UNTRUSTED */
export const findSdk = (): string | undefined => findInPackage(SDK);

/** Loads the SDK of Restate. @throws WfError E_TOOL_MISSING with the command that installs it; E_UNTRUSTED */
export async function loadSdk(): Promise<RestateSdk> {
  if (findSdk() === undefined) {
    throw new WfError('E_TOOL_MISSING', `${SDK} is not installed beside wf-engine`, {
      hint: `Install it with \`npm install ${SDK_PACKAGE}\`.`,
    });
  }
  addWithResolvers();
  return import('@restatedev/restate-sdk');
}

/** The SDK calls Promise.withResolvers, which Node 20 lacks: without it, no invocation ever ends. */
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
